"""One `add`: scan, skip what is known, follow what moved, prepare in parallel, commit in scan order, bring the pages up to date.

Invariant: what becomes of every source is decided before anything is converted, from paths, bytes and one commit. Documents whose
file is gone are shown before they are removed, and removed after everything that came is in. A dry run does all of it but the
commits.
"""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

from gitkb.catalog.catalog import Catalog
from gitkb.catalog.records import known_at
from gitkb.compile.llm.settings import ModelSettings
from gitkb.compile.making import making
from gitkb.compile.requests import Replies
from gitkb.config import Settings
from gitkb.errors import UsageError
from gitkb.events import AddOptions, AddSummary, GoneDocument, Listener, Scanned
from gitkb.ingest import large, plan
from gitkb.ingest.branches import start_of
from gitkb.ingest.committing import ASKS_FIRST, Committing, jobs_of, undone
from gitkb.ingest.estimate import Estimate, estimate
from gitkb.ingest.foreseeing import foresee_run
from gitkb.ingest.land import Ready
from gitkb.ingest.noting import note
from gitkb.ingest.plan import Gone, Item, Plan
from gitkb.ingest.pool import Pool
from gitkb.ingest.prepare import Workshop
from gitkb.ingest.prune import Pruning
from gitkb.ingest.remembering import FileMemory
from gitkb.ingest.remove import removed_document
from gitkb.ingest.repeats import with_repeats
from gitkb.ingest.replies import ASKS, KnownReplies
from gitkb.ingest.scan import Filter, Scan, scan
from gitkb.ingest.session import Session
from gitkb.ingest.web import Network, Web, pages_of, unillustrated, web
from gitkb.model import DocumentResult, Outcome, SourceFile
from gitkb.store import Run, Store


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
        network: Network | None = None,
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

    def _hashes(self, sources: Sequence[SourceFile]) -> list[plan.Hashed]:
        def read(unknown: Sequence[SourceFile]) -> list[plan.Hashed]:
            return plan.hash_files(unknown, partial(large.refusal, self.settings), self.options.jobs)

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
            max_bytes=self.settings.convert.max_bytes,
            names={item.source.path: item.document for item in items},
            pages=self._pages(items),
            large_above=large.large_above(self.settings.raw),
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
            self.work.noted.update(large.noted_line(self.start))
        elif jobs and shop.large_above is not None:
            large.keep_in_lfs(self.store, run, self.listener)
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
