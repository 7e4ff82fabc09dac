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
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.branch.change_notes import ChangeNotes
from gitkb.branch.stored_documents import find_document, record_of
from gitkb.commands.add.commit_loop import (
    ASKS_FIRST,
    CommitLoop,
    Landing,
    Preparation,
    commit_loop,
    jobs_of,
    refresh_pages,
    trim_cache,
)
from gitkb.commands.add.document_commits import Ready
from gitkb.commands.add.outcomes import Outcomes
from gitkb.commands.add.plan import Item
from gitkb.commands.change import Change, ChangeContext
from gitkb.commands.inspect.listing import newer_documents, outdated_documents
from gitkb.compile.fingerprint import making
from gitkb.errors import ConversionError, MissingObject, UsageError
from gitkb.formats.topic_rows import DocumentFacts
from gitkb.intake.prepare.document import Job, Workshop
from gitkb.intake.prepare.estimate import estimate
from gitkb.intake.prepare.pool import Pool
from gitkb.intake.source_links import Present
from gitkb.llm.reply_cache import KnownReplies
from gitkb.model.documents import LARGE, Record, SourceFile, WebPage
from gitkb.model.options import RecompileOptions
from gitkb.model.path_changes import PathChanges
from gitkb.model.results import Outcome, RecompileSummary
from gitkb.model.usage import Estimate
from gitkb.pages.model_session import ModelUse
from gitkb.pages.preview import foresee_run
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.text.markdown.links import resolve

_DESTINATION = re.compile(r"\](?:\(|:)\s*(?:<([^<>\n]*)>|([^\s()<>]+))|\b(?:href|src)=\"([^\"]*)\"")
"""Of inline links, of the definitions of links by reference, and of HTML's links and pictures."""


class Originals(Struct, frozen=True):
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


class RecompileRun(Struct, frozen=True):
    """One `recompile`; `model` is how a model takes part."""

    context: ChangeContext
    options: RecompileOptions
    model: ModelUse

    def __call__(self, names: Sequence[str]) -> RecompileSummary:
        """Recompiles documents by name or path, or those that the options say; `NotFound` before anything is
        changed."""
        started, dry_run = time.perf_counter(), self.options.dry_run
        outcomes = Outcomes(self.context.listener, timings=self.options.timings)
        chosen = self._chosen(names)
        facts = chosen.facts
        noted = ChangeNotes()
        what = f"recompile {facts[0].document if len(facts) == 1 else f'{len(facts)} documents'}"
        with self.context.change(what, dry_run=dry_run, searchable=True) as change:
            ungrounded = self._land_all(change, outcomes, chosen, noted)
            if not dry_run:
                refresh_pages(change, outcomes)
        if dry_run:
            summary = self._foreseen(outcomes, change.run.branch, chosen.start, noted.result())
        else:
            trim_cache(self.context.store)
            summary = outcomes.summary(RecompileSummary, change.run.branch, change.commit, change.pages)
            summary = replace(summary, usage=change.usage)
        outcomes.tell_phases()
        return replace(summary, ungrounded=ungrounded, seconds=time.perf_counter() - started)

    def estimate(self, names: Sequence[str]) -> Estimate:
        """The requests that recompiling would make to a model, without making them. Converts the documents and commits
        nothing."""
        chosen = self._chosen(names)
        assert self.model.known is not None
        with self.context.change("estimate", dry_run=True) as change:
            run = change.run
            items, shop = items_of(chosen.facts, run.scratch), self._workshop(run.scratch, chosen)
            originals = Originals.of(self.context.store, chosen.start, run.scratch)
            with Pool(shop, self.context.settings.convert, run.worker_lock, self.options.jobs) as pool:
                return estimate(pool, jobs_of(items), self.model.known, originals.fetch)

    def _chosen(self, names: Sequence[str]) -> "_Chosen":
        """The documents that are wanted, at the tip of the branch."""
        if bool(names) + self.options.every + self.options.outdated != 1:
            raise UsageError(
                "Which documents shall be recompiled: some by name, the outdated ones, or all?",
                "gitkb recompile DOCUMENT..., gitkb recompile --outdated, or gitkb recompile --all; gitkb status counts them.",
            )
        start, settings = self.context.tip(), self.context.settings
        with self.context.records(start) as corpus:
            known, addresses = corpus.documents(), corpus.addresses()
            wanted = set(outdated_documents(corpus.db, settings)) if self.options.outdated else set()
            newer = set(newer_documents(corpus.db, settings))
        if names:
            wanted = {find_document(start, name, known) for name in names}
        sources = {facts.source: facts.document for facts in reversed(known)}
        chosen = [facts for facts in known if self.options.every or facts.document in wanted]
        unreadable = sorted(wanted - {facts.document for facts in chosen})
        if unreadable:
            raise UsageError(f"The record of {unreadable[0]} cannot be read.", "gitkb check says what is wrong with it.")
        return _Chosen(start, self._without(newer, chosen), sources, addresses)

    def _without(self, newer: Collection[str], chosen: Sequence[DocumentFacts]) -> list[DocumentFacts]:
        kept = [facts for facts in chosen if facts.document not in newer]
        left = [facts.document for facts in chosen if facts.document in newer]
        if left:
            more = f" and {len(left) - 1:,} more" if len(left) > 1 else ""
            self.context.listener.message(
                f"{left[0]}{more}: made by a newer gitkb, so left as it is. To make it again, upgrade gitkb."
            )
        return kept

    def _land_all(self, change: Change, outcomes: Outcomes, chosen: "_Chosen", noted: ChangeNotes) -> int:
        """Commits what differs, and reports all; how many claims of a model were dropped. A dry run adds to `noted` instead."""
        scratch = change.run.scratch
        items = items_of(chosen.facts, scratch)
        known = KnownReplies(self.model.known) if self.model.known is not None else None
        originals = Originals.of(self.context.store, chosen.start, scratch)
        shop = self._workshop(scratch, chosen)
        work = Preparation(jobs_of(items), shop, self.options.jobs, originals.fetch, known, cluster=self.options.cluster)
        work = replace(work, agreed=self.options.private)
        landing = Landing(chosen.start.commit, noted=noted if self.options.dry_run else None)
        with commit_loop(self.context, change, outcomes, work, landing) as loop:
            for item in items:
                loop.add(self._entry(loop, item))
                shutil.rmtree(item.source.file.parent, ignore_errors=True)
        return loop.ungrounded

    def _entry(self, loop: CommitLoop, item: Item) -> Item | Ready:
        prepared = loop.next()
        if self.options.dry_run and prepared.asks:
            return replace(item, outcome=Outcome.RECOMPILED, reason=ASKS_FIRST)
        return Ready(item, prepared)

    def _workshop(self, scratch: Path, chosen: "_Chosen") -> Workshop:
        settings = self.context.settings
        return Workshop(
            scratch=scratch,
            cache=self.context.store.local / "cache",
            language=settings.language,
            conversion=settings.conversion,
            names=chosen.sources,
            pages=chosen.addresses,
            model=self.model.settings,
            settings=making(settings).settings,
        )

    def _foreseen(self, outcomes: Outcomes, branch: str, start: Snapshot, noted: PathChanges) -> RecompileSummary:
        context = self.context
        pages, foreseen = foresee_run(context.store, context.catalog, context.settings, branch, start, noted)
        return replace(outcomes.summary(RecompileSummary, branch, start.commit, pages), foreseen=foreseen)


class _Chosen(Struct, frozen=True):
    """The documents to recompile, by name, as they are at `start`; the documents of all source paths (`sources`) and of all
    addresses of the web."""

    start: Snapshot
    facts: list[DocumentFacts]
    sources: Mapping[str, str]
    addresses: dict[str, str]


def items_of(facts: Sequence[DocumentFacts], scratch: Path) -> list[Item]:
    """An item for each document that is to be made again; its original will be put into a folder of its own."""
    folder = scratch / "originals"
    files = (folder / str(number) / "original" for number in range(len(facts)))
    return [
        Item(SourceFile(each.source, file, "", file.parent), each.document, each.sha256, again=True)
        for each, file in zip(facts, files, strict=True)
    ]
