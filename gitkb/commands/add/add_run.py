"""One `add`: scan, hash, plan, prepare, commit, prune, and the summary of it.

Invariant: what becomes of an original depends on the tracked settings and its size alone. The line comes with the first
documents after the setting was made, so two branches add the same one; a person's other lines stay as they are.

Invariant: under the lock each is looked at again: one that another process has renamed, updated or removed meanwhile stays as it
is. A group is published whole or not at all.

Invariant: what becomes of every source is decided before anything is converted, from paths, bytes and one commit. Documents whose
file is gone are shown before they are removed, and removed after everything that came is in. A dry run does all of it but the
commits.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from gitkb.branch.stored_documents import record_of
from gitkb.branch.tips import in_transaction, start_of, until_published
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.record_tables import known_at
from gitkb.commands.add import plan
from gitkb.commands.add.commit_loop import ASKS_FIRST, Committing, jobs_of, note, undone
from gitkb.commands.add.document_commits import Ready
from gitkb.commands.add.plan import Gone, Item, Plan, pages_of, unillustrated, with_repeats
from gitkb.commands.curate.remove import GROUP_DOCUMENTS, remove_group, removed_document
from gitkb.commands.init import BEGIN, END
from gitkb.compile.fingerprint import making
from gitkb.compile.llm.model_settings import ModelSettings
from gitkb.errors import UsageError
from gitkb.formats.settings import Settings
from gitkb.intake import hashing
from gitkb.intake.hashing import FileMemory
from gitkb.intake.prepare.document import Workshop
from gitkb.intake.prepare.estimate import estimate
from gitkb.intake.prepare.pool import Pool
from gitkb.intake.scan import Filter, Scan, scan
from gitkb.intake.web.session import Web, web
from gitkb.llm.reply_cache import ASKS, KnownReplies
from gitkb.llm.requests import Replies
from gitkb.model.documents import LARGE, SourceFile
from gitkb.model.listener import Listener, Scanned
from gitkb.model.options import AddOptions
from gitkb.model.results import AddSummary, DocumentResult, GoneDocument, Outcome
from gitkb.model.usage import Estimate
from gitkb.model.web_access import WebAccess
from gitkb.pages.model_session import Session
from gitkb.pages.preview import foresee_run
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.store.transaction.publish import Transaction
from gitkb.store.transaction.run import Run
from gitkb.store.values import PlannedCommit

ATTRIBUTES = ".gitattributes"
LINE = f"raw/**/*{LARGE}.* filter=lfs diff=lfs merge=lfs -text"
_MESSAGE = "attributes: keep large originals in Git LFS\n\nGitkb-Operation: attributes\n"


def keep_in_lfs(store: Store, run: Run, listener: Listener) -> None:
    """Make this repository and the run's branch ready for originals in Git LFS: programs, filter, hook, attributes."""
    store.require_lfs(listener.message)

    def noted(transaction: Transaction) -> None:
        if changes := noted_line(transaction.tip):
            transaction.publish([PlannedCommit(_MESSAGE, changes)])

    in_transaction(run, listener, noted)


def noted_line(tip: Snapshot) -> dict[str, bytes | None]:
    """What `keep_in_lfs` would write at a tip, by path."""
    before = tip.read(ATTRIBUTES) or b""
    return {} if LINE.encode() in before.splitlines() else {ATTRIBUTES: with_line(before)}


def with_line(attributes: bytes) -> bytes:
    """The file with the line at the end of gitkb's block, or in a block of its own."""
    line, begin, end = (f"{text}\n".encode() for text in (LINE, f"# {BEGIN}", f"# {END}"))
    head, found, tail = attributes.rpartition(end)
    if found:
        return head + line + end + tail
    gap = b"" if not attributes or attributes.endswith(b"\n") else b"\n"
    return attributes + gap + begin + line + end


@dataclass(frozen=True, slots=True)
class Pruning:
    """Removals within one run."""

    run: Run
    listener: Listener

    def __call__(self, gone: Sequence[Gone]) -> Iterator[DocumentResult]:
        """What became of each document, in order, after its commit is published."""
        for start in range(0, len(gone), GROUP_DOCUMENTS):
            yield from self._publish(gone[start : start + GROUP_DOCUMENTS])

    def _publish(self, gone: Sequence[Gone]) -> list[DocumentResult]:
        return until_published(lambda: self._transact(gone))

    def _transact(self, gone: Sequence[Gone]) -> list[DocumentResult]:
        with self.run.locked(self.listener.message) as transaction:
            found = {each.document: record_of(transaction.tip, each.document) for each in gone}
            same = [each for each in gone if (record := found[each.document]) and record.source.path == each.source]
            removed = {each.document: each for each in remove_group(transaction, [e.document for e in same], self.listener)}
        results = []
        for each in gone:
            done = removed.get(each.document)
            outcome, reason = (Outcome.REMOVED, "") if done else (Outcome.SKIPPED, "renamed or removed meanwhile")
            commit, title = (done.commit, done.title) if done else ("", "")
            results.append(DocumentResult(each.document, each.source, outcome, reason, commit, title=title))
        return results


class AddRun:
    """The state of one `add`: where it starts, and which sources failed or stand for others of equal bytes."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        settings: Settings,
        options: AddOptions,
        listener: Listener,
        session: Session | None = None,
        network: WebAccess | None = None,
        memory: FileMemory | None = None,
        model: ModelSettings | None = None,
        replies: Replies | None = None,
    ) -> None:
        """`session` reaches the model where the settings ask for one, `network` the web where the options do. `memory`
        is what earlier runs of this process remember of files: then a run in which there is nothing to do leaves no trace.
        `model` is what a dry run or an estimate would ask, and `replies` are those known."""
        self.store, self.catalog, self.settings = store, catalog, settings
        self.options, self.listener, self.session, self.network = options, listener, session, network
        self.web, self.memory = Web(), memory
        self.model = session.settings if session else model
        self.replies = replies
        self.start = start_of(store, options.branch, options.start)
        self.work = Committing(store, catalog, settings, listener, session, timings=options.timings, dry=options.dry_run)
        self.work.tip = self.start.commit
        self.failed: dict[str, Item] = {}
        self.instead: dict[str, str] = {}

    def __call__(self, paths: Sequence[Path]) -> AddSummary:
        """Adds the paths; raises `GitkbError` for what stops the whole run."""
        started = time.perf_counter()
        scans = [self._scan(path) for path in paths]
        with self._fetched() as self.web:
            return self._add([*scans, *self.web.scans], started)

    def _fetched(self) -> AbstractContextManager[Web]:
        if self.network is None:
            return nullcontext(Web())
        return web(self.store, self.catalog, self.settings, self.options, self.start, self.network, self.listener)

    def _add(self, scans: Sequence[Scan], started: float) -> AddSummary:
        found = self._plan(scans)
        gone = found.gone if self.options.prune else ()
        if found.gone:
            tell = self.listener.gone if self.options.prune else self.listener.staying
            tell([GoneDocument(each.document, each.source) for each in found.gone])
        nothing = self.memory is not None and self.memory.complete and not gone and all(item.outcome for item in found.items)
        if nothing:
            return self._nothing(found.items, started)
        what = f"{'dry run of ' if self.options.dry_run else ''}add {' '.join(_shown(s) for s in scans)}"
        branch, on_wait = self.options.branch or None, self.listener.message
        with self.store.begin(what, branch=branch, start=self.start.commit, on_wait=on_wait) as run:
            self.work.run = run
            self.work.moves.update({item.before: item.document for item in found.items if item.before})
            self._land_all(run, found.items)
            if self.options.dry_run:
                return self._foreseen(run.branch, gone, started)
            for result in Pruning(run, self.listener)(gone):
                self.work.report(result)
            self.work.refresh()
        self.work.clean_up()
        return self._summary(run.branch, start_of(self.store, run.branch, "").commit, started)

    def _scan(self, path: Path) -> Scan:
        found = scan(path, self.options.into, Filter(self.options.include, self.options.exclude), self.store.worktree)
        if self.options.prune and not found.is_folder:
            raise UsageError(f"{path} is a single file, and --prune is about folders.", "Name the folder, or leave --prune out.")
        name = f"{found.root}/" if path.is_dir() else found.files[0].path
        self.listener.scanned(Scanned(name, len(found.files), found.unsupported))
        return found if self.memory is None else self.memory.at_rest(found)

    def _plan(self, scans: Sequence[Scan]) -> Plan:
        """What becomes of every source, at the tip of the branch; nothing is converted yet."""
        distinct = {s.path: s for found in scans for s in found.files if s.path not in self.web.hashes}
        hashes = self.web.hashes | dict(zip(distinct, self._hashes(list(distinct.values())), strict=True))
        with known_at(self.catalog, self.start) as known:
            for found in scans:
                if self.options.prune and found.is_folder and not (self.memory and self.memory.left_out):
                    plan.refuse_empty(found, known)
                if found.root and not self.options.into and not self.options.update:
                    plan.refuse_other_folder(found, hashes, known)
            planned = plan.plan(_without_repeats(scans), hashes, known)
        return replace(planned, items=with_repeats(planned.items, self.web.repeats))

    def _hashes(self, sources: Sequence[SourceFile]) -> list[hashing.Hashed]:
        def read(unknown: Sequence[SourceFile]) -> list[hashing.Hashed]:
            return hashing.hash_files(unknown, partial(hashing.refusal, self.settings), self.options.jobs)

        return read(sources) if self.memory is None else self.memory.hashes(sources, read)

    def _nothing(self, items: Sequence[Item], started: float) -> AddSummary:
        for item in items:
            self.work.report(undone(item))
        return self._summary(self.options.branch or self.store.branch(), self.start.commit, started)

    def _foreseen(self, branch: str, gone: Sequence[Gone], started: float) -> AddSummary:
        """The end of a dry run, whose documents are noted."""
        for each in gone:
            note(self.work.noted, self.start, dict.fromkeys(removed_document(self.start, each.document).files))
            self.work.report(DocumentResult(each.document, each.source, Outcome.REMOVED))
        if self.model is not None:
            self.listener.message("No model was asked, so what it would write on shared pages is not foreseen.")
        pages, foreseen = foresee_run(self.store, self.catalog, self.settings, branch, self.start, self.work.noted)
        return replace(self._summary(branch, self.start.commit, started), pages=pages, foreseen=foreseen)

    def estimate(self, paths: Sequence[Path]) -> Estimate:
        """What adding the paths would ask of a model; converts them and commits nothing."""
        scans = [self._scan(path) for path in paths]
        with self._fetched() as self.web:
            return self._estimate([*scans, *self.web.scans])

    def _estimate(self, scans: Sequence[Scan]) -> Estimate:
        items = unillustrated(self._plan(scans).items)
        assert self.replies is not None
        with self.store.begin("estimate", branch=self.options.branch or None, start=self.start.commit) as run:
            shop = self._workshop(run, items)
            with Pool(shop, self.settings.convert, run.worker_lock, self.options.jobs) as pool:
                return estimate(pool, jobs_of(items), self.replies)

    def _workshop(self, run: Run, items: Sequence[Item]) -> Workshop:
        return Workshop(
            scratch=run.scratch,
            cache=self.store.local / "cache",
            language=self.settings.language,
            conversion=self.settings.conversion,
            names={item.source.path: item.document for item in items},
            pages=self._pages(items),
            large_above=hashing.large_above(self.settings.raw),
            model=self.model,
            settings=making(self.settings).settings,
        )

    def _pages(self, items: Sequence[Item]) -> dict[str, str]:
        """The documents by address that a fetched page of this run may link: those fetched with it, and those that are there."""
        fetched = pages_of(items)
        if not fetched:
            return {}
        with known_at(self.catalog, self.start) as known:
            return known.pages() | fetched

    def _land_all(self, run: Run, items: Sequence[Item]) -> None:
        jobs = jobs_of(items)
        shop = self._workshop(run, items)
        known = KnownReplies(self.replies) if self.replies is not None else None
        if jobs and shop.large_above is not None and self.options.dry_run:
            self.work.noted.update(noted_line(self.start))
        elif jobs and shop.large_above is not None:
            keep_in_lfs(self.store, run, self.listener)
        with self.work.preparing(jobs, shop, self.options.jobs, known=known, web=self.web):
            for item in items:
                self.work.add(self._entry(item, items))

    def _entry(self, item: Item, items: Sequence[Item]) -> Item | Ready:
        """What a source becomes, as far as is known before the commit: prepared, or decided."""
        if item.twin in self.instead:
            item = replace(item, reason=f"same bytes as {self.instead[item.twin]}", twin="")
        failed = self.failed.get(item.twin) if item.twin else None
        if failed is not None:
            with known_at(self.catalog, self.start) as known:
                item = plan.without_twin(item, failed, items, known)
            if item.outcome is None:
                self.work.advance(total=self.work.progress.total + 1, prepared=self.work.progress.prepared + 1)
                return self._instead(failed, self.work.prepare_again(item))
        elif item.outcome is None:
            return self._remembered(Ready(item, self.work.next()))
        return item

    def _instead(self, failed: Item, ready: Ready) -> Ready:
        """A document that stands for a failed one of the same bytes; it stands for all others of them, too."""
        if not ready.prepared.error:
            del self.failed[failed.source.path]
            self.instead[failed.source.path] = ready.item.document
        return ready

    def _remembered(self, ready: Ready) -> Item | Ready:
        if self.options.dry_run and ready.prepared.error == ASKS:
            item = ready.item
            outcome = Outcome.RENAMED if item.before else Outcome.UPDATED if item.update else Outcome.ADDED
            return replace(item, outcome=outcome, reason=ASKS_FIRST)
        if ready.prepared.error:
            self.failed[ready.item.source.path] = ready.item
        return ready

    def _summary(self, branch: str, commit: str, started: float) -> AddSummary:
        self.work.tell_phases()
        counts = self.work.counts
        return AddSummary(
            added=counts[Outcome.ADDED],
            updated=counts[Outcome.UPDATED],
            renamed=counts[Outcome.RENAMED],
            removed=counts[Outcome.REMOVED],
            skipped=counts[Outcome.SKIPPED],
            failed=counts[Outcome.FAILED],
            branch=branch,
            commit=commit,
            pages=self.work.page_changes.result(),
            seconds=time.perf_counter() - started,
            usage=self.work.usage,
            ungrounded=self.work.ungrounded,
        )


def _without_repeats(scans: Sequence[Scan]) -> list[Scan]:
    """The scans with each source path once: a file named twice on the command line is one source."""
    seen: set[str] = set()
    result = []
    for found in scans:
        files = tuple(source for source in found.files if source.path not in seen)
        seen.update(source.path for source in files)
        result.append(replace(found, files=files))
    return result


def _shown(found: Scan) -> str:
    """How a run names what it adds, without a path of this machine."""
    return f"{found.root}/" if found.root and len(found.files) != 1 else (found.files[0].path if found.files else found.root)
