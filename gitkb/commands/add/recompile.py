"""`recompile`: documents made again from their originals in the knowledge base.

Invariant: read from one commit, whatever happens meanwhile; what is brought is the original that the record names, or nothing.
Everything is written below the run's scratch folder, and only for documents that are about to be made.

Invariant: what comes out is what an `add` of the same original makes today; a document whose files would not differ gets no
commit. A person's edits are kept as an update keeps them. What was converted, digested or answered before comes from the cache.

Invariant: a dry run and an estimate ask no model. The caller has cleared up after dead runs.
"""

import hashlib
import html
import re
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from gitkb.branch.stored_documents import find_document, record_of
from gitkb.branch.tips import start_of
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.queries import RecordCorpus
from gitkb.catalog.record_tables import RECORDS
from gitkb.commands.add.commit_loop import ASKS_FIRST, Committing, jobs_of
from gitkb.commands.add.document_commits import Ready
from gitkb.commands.add.plan import Item
from gitkb.commands.inspect.listing import newer_documents, outdated_documents
from gitkb.compile.fingerprint import making
from gitkb.compile.llm.model_settings import ModelSettings
from gitkb.errors import ConversionError, MissingObject, UsageError
from gitkb.formats.settings import Settings
from gitkb.formats.topic_rows import DocumentFacts
from gitkb.intake.prepare.document import Job, Workshop
from gitkb.intake.prepare.estimate import estimate
from gitkb.intake.prepare.pool import Pool
from gitkb.intake.source_links import Present
from gitkb.llm.reply_cache import ASKS, KnownReplies
from gitkb.llm.requests import Replies
from gitkb.model.documents import LARGE, Record, SourceFile, WebPage
from gitkb.model.listener import Listener
from gitkb.model.options import RecompileOptions
from gitkb.model.results import Outcome, PageChanges, RecompileSummary
from gitkb.model.usage import Estimate
from gitkb.pages.model_session import Asking, Session, asks_none, for_once, model_settings, replies
from gitkb.pages.preview import foresee_run
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.store.transaction.run import Run
from gitkb.text.markdown.links import resolve

_DESTINATION = re.compile(r"\](?:\(|:)\s*(?:<([^<>\n]*)>|([^\s()<>]+))|\b(?:href|src)=\"([^\"]*)\"")
"""Of inline links, of the definitions of links by reference, and of HTML's links and pictures."""


@dataclass(frozen=True, slots=True)
class Originals:
    """The originals at a commit; used by several threads, one at a time."""

    store: Store
    tip: Snapshot
    scratch: Path
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, store: Store, tip: Snapshot, scratch: Path) -> "Originals":
        """Those at a tip, read through a handle of their own: the run's own commits meanwhile, in another thread."""
        own = Store.open(store.worktree or store.git_dir)
        return cls(own, own.snapshot(tip.commit), scratch)

    def fetch(self, job: Job) -> Job:
        """The job with what it needs; raises `ConversionError` where the original is not to be had."""
        try:
            with self.lock:
                record = record_of(self.tip, job.document)
                if record is None:
                    raise ConversionError("its record cannot be read.", "Look with: gitkb check")
                raw = next((file for file in record.files if file.startswith("raw/")), "")
                self._original(raw, job)
                pictures = tuple(self._pictures(record, job.source.file.parent))
                links = frozenset(self._links(record))
        except MissingObject as error:
            raise ConversionError(error.message, error.hint) from error
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ConversionError(f"its original could not be written: {reason}.", "Try again when that is mended.") from error
        if record.source.url:
            source = record.source
            page = WebPage(source.url, source.base or source.url, source.charset, {})
            job = replace(job, source=replace(job.source, page=page))
        return replace(job, present=Present(pictures, links, is_large(raw)))

    def _original(self, raw: str, job: Job) -> None:
        content = self.tip.read(raw) if raw else None
        if content is None:
            raise ConversionError("its original is not in the knowledge base.", "Look with: gitkb check")
        job.source.file.parent.mkdir(parents=True, exist_ok=True)
        kept = self.store.large_original(raw, content) if is_large(raw) else None
        if kept is not None:
            shutil.copyfile(kept, job.source.file)
            with job.source.file.open("rb") as file:
                sha = hashlib.file_digest(file, "sha256").hexdigest()
        else:
            job.source.file.write_bytes(content)
            sha = hashlib.sha256(content).hexdigest()
        if sha != job.sha256 and is_large(raw) and kept is None:
            hint = f"Get it with: git lfs pull --include {raw}"
            raise ConversionError("its original is in Git LFS and not in this clone.", hint)
        if sha != job.sha256:
            raise ConversionError(f"{raw} is not the original that its record names.", "Take the file from git, or add it again.")

    def _pictures(self, record: Record, folder: Path) -> Iterator[tuple[str, Path]]:
        """The pictures beside the document's text, in the order in which it shows them."""
        stem = f"wiki/sources/{record.document}--"
        named = {file for file in record.files if file.startswith(stem) and not file.endswith(".md")}
        if not named:
            return
        shown = [path for page in self._pages(record) for path in self._targets(page) if path in named]
        for path in dict.fromkeys([*shown, *sorted(named)]):
            content = self.tip.read(path)
            if content is not None:
                file = folder / PurePosixPath(path).name
                file.write_bytes(content)
                yield path.removeprefix(stem), file

    def _links(self, record: Record) -> Iterator[str]:
        own = f"wiki/sources/{record.document}"
        for page in self._pages(record):
            for path in self._targets(page):
                if path.startswith("wiki/sources/") and not path.startswith((f"{own}.", f"{own}--")):
                    yield path

    def _pages(self, record: Record) -> list[str]:
        """The pages of the document's text: the first, then its chapters in order."""
        return [file for file in record.files if file.startswith("wiki/sources/") and file.endswith(".md")]

    def _targets(self, page: str) -> Iterator[str]:
        text = (self.tip.read(page) or b"").decode("utf-8", "replace")
        for angled, bare, quoted in _DESTINATION.findall(text):
            place = resolve(page, angled or bare or html.unescape(quoted))
            if place is not None:
                yield place[0]


def is_large(raw: str) -> bool:
    """Whether the path of an original says that it is in Git LFS."""
    return LARGE in PurePosixPath(raw).suffixes


class RecompileRun:
    """One `recompile`: `settings` are those in force for it; `model` is what a dry run or an estimate would ask, and `replies`
    are those known."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        settings: Settings,
        options: RecompileOptions,
        listener: Listener,
        session: Session | None = None,
        model: ModelSettings | None = None,
        replies: Replies | None = None,
    ) -> None:
        self.store, self.catalog, self.settings, self.options = store, catalog, settings, options
        self.listener, self.session = listener, session
        self.model = session.settings if session else model
        self.replies = replies
        self.pages: dict[str, str] = {}
        self.start = start_of(store, options.branch, "")
        self.work = Committing(store, catalog, settings, listener, session, timings=options.timings, dry=options.dry_run)
        self.work.tip = self.start.commit

    def __call__(self, names: Sequence[str]) -> RecompileSummary:
        """Recompiles documents by name, path or unique part, or those that the options say; `NotFound` before anything is
        changed."""
        started = time.perf_counter()
        facts, sources = self._chosen(names)
        what = f"recompile {facts[0].document if len(facts) == 1 else f'{len(facts)} documents'}"
        with self.store.begin(what, branch=self.options.branch or None, on_wait=self.listener.message) as run:
            self.work.run = run
            self._land_all(run, facts, sources)
            if not self.options.dry_run:
                self.work.refresh()
        if self.options.dry_run:
            return self._foreseen(run.branch, started)
        self.work.clean_up()
        commit = start_of(self.store, run.branch, "").commit
        return self._summary(run.branch, commit, self.work.page_changes.result(), started)

    def estimate(self, names: Sequence[str]) -> Estimate:
        """What recompiling would ask of a model; converts and commits nothing."""
        facts, sources = self._chosen(names)
        assert self.replies is not None
        with self.store.begin("estimate", branch=self.options.branch or None) as run:
            items, shop = _items(facts, run.scratch), self._workshop(run, sources)
            originals = Originals.of(self.store, self.start, run.scratch)
            with Pool(shop, self.settings.convert, run.worker_lock, self.options.jobs) as pool:
                return estimate(pool, jobs_of(items), self.replies, originals.fetch)

    def _chosen(self, names: Sequence[str]) -> tuple[list[DocumentFacts], Mapping[str, str]]:
        """The documents, by name, and the documents of all source paths."""
        if bool(names) + self.options.every + self.options.outdated != 1:
            raise UsageError(
                "Which documents shall be recompiled: some by name, the outdated ones, or all?",
                "gitkb recompile DOCUMENT..., gitkb recompile --outdated, or gitkb recompile --all; gitkb status counts them.",
            )
        with self.catalog.at(self.start, RECORDS, keep=not self.options.branch) as db:
            corpus = RecordCorpus(db)
            known, self.pages = corpus.documents(), corpus.addresses()
            wanted = set(outdated_documents(db, self.settings)) if self.options.outdated else set()
            newer = set(newer_documents(db, self.settings))
        if names:
            wanted = {find_document(self.start, name, known) for name in names}
        sources = {facts.source: facts.document for facts in reversed(known)}
        chosen = [facts for facts in known if self.options.every or facts.document in wanted]
        unreadable = sorted(wanted - {facts.document for facts in chosen})
        if unreadable:
            raise UsageError(f"The record of {unreadable[0]} cannot be read.", "gitkb check says what is wrong with it.")
        return self._without(newer, chosen), sources

    def _without(self, newer: Collection[str], chosen: Sequence[DocumentFacts]) -> list[DocumentFacts]:
        kept = [facts for facts in chosen if facts.document not in newer]
        left = [facts.document for facts in chosen if facts.document in newer]
        if left:
            more = f" and {len(left) - 1:,} more" if len(left) > 1 else ""
            self.listener.message(f"{left[0]}{more}: made by a newer gitkb, so left as it is. To make it again, upgrade gitkb.")
        return kept

    def _land_all(self, run: Run, facts: Sequence[DocumentFacts], sources: Mapping[str, str]) -> None:
        items = _items(facts, run.scratch)
        known = KnownReplies(self.replies) if self.replies is not None else None
        originals = Originals.of(self.store, self.start, run.scratch)
        with self.work.preparing(jobs_of(items), self._workshop(run, sources), self.options.jobs, originals.fetch, known):
            for item in items:
                self.work.add(self._entry(item))
                shutil.rmtree(item.source.file.parent, ignore_errors=True)

    def _entry(self, item: Item) -> Item | Ready:
        prepared = self.work.next()
        if self.options.dry_run and prepared.error == ASKS:
            return replace(item, outcome=Outcome.RECOMPILED, reason=ASKS_FIRST)
        return Ready(item, prepared)

    def _workshop(self, run: Run, sources: Mapping[str, str]) -> Workshop:
        return Workshop(
            scratch=run.scratch,
            cache=self.store.local / "cache",
            language=self.settings.language,
            conversion=self.settings.conversion,
            names=sources,
            pages=self.pages,
            model=self.model,
            settings=making(self.settings).settings,
        )

    def _foreseen(self, branch: str, started: float) -> RecompileSummary:
        pages, foreseen = foresee_run(self.store, self.catalog, self.settings, branch, self.start, self.work.noted)
        return replace(self._summary(branch, self.start.commit, pages, started), foreseen=foreseen)

    def _summary(self, branch: str, commit: str, pages: PageChanges, started: float) -> RecompileSummary:
        self.work.tell_phases()
        counts = self.work.counts
        return RecompileSummary(
            recompiled=counts[Outcome.RECOMPILED],
            unchanged=counts[Outcome.UNCHANGED],
            skipped=counts[Outcome.SKIPPED],
            failed=counts[Outcome.FAILED],
            branch=branch,
            commit=commit,
            pages=pages,
            seconds=time.perf_counter() - started,
            usage=self.work.usage,
            ungrounded=self.work.ungrounded,
        )


def _items(facts: Sequence[DocumentFacts], scratch: Path) -> list[Item]:
    """An item for each document; its original will stand in a folder of its own."""
    folder = scratch / "originals"
    files = (folder / str(number) / "original" for number in range(len(facts)))
    return [
        Item(SourceFile(each.source, file, "", file.parent), each.document, each.sha256, again=True)
        for each, file in zip(facts, files, strict=True)
    ]


SettingsAt = Callable[[Snapshot], Settings]


def recompile(asking: Asking, settings_at: SettingsAt, names: Sequence[str], options: RecompileOptions) -> RecompileSummary:
    """Makes documents again; with `dry_run` it only says what would differ."""
    if options.dry_run:
        return _asking_nobody(asking, settings_at, options)(names)
    tip = start_of(asking.store, options.branch, "")
    settings = for_once(settings_at(tip), options)
    with asking.session(settings, tip, max_tokens=options.max_tokens, needed=True) as session:
        return RecompileRun(asking.store, asking.catalog, settings, options, asking.listener, session)(names)


def estimate_recompile(asking: Asking, settings_at: SettingsAt, names: Sequence[str], options: RecompileOptions) -> Estimate:
    """What it would ask of a model; `UsageError` where it asks none."""
    run = _asking_nobody(asking, settings_at, options)
    if run.model is None:
        raise asks_none()
    return run.estimate(names)


def _asking_nobody(asking: Asking, settings_at: SettingsAt, options: RecompileOptions) -> RecompileRun:
    """A run that asks no model, but knows what one has answered."""
    settings = for_once(settings_at(start_of(asking.store, options.branch, "")), options)
    if settings.compiler != "llm":
        return RecompileRun(asking.store, asking.catalog, settings, options, asking.listener)
    model, known = model_settings(settings, asking.user()), replies(asking.store)
    return RecompileRun(asking.store, asking.catalog, settings, options, asking.listener, model=model, replies=known)
