"""Runs one `add`: scans, hashes, plans, prepares, commits, prunes, and returns the summary.

Invariant: the plan for every source is made before anything is converted, from paths, bytes and one commit. Under the lock each
document is looked at again; one that another process has renamed, updated or removed meanwhile stays as it is. A group is
published whole or not at all. Documents whose file is gone are named before they are removed, and removed after everything new is
in. A dry run does all of this except the commits.

Whether an original goes to Git LFS depends on the tracked settings and its size alone. The line in `.gitattributes` comes with
the first documents after the setting was made, so two branches add the same line; other lines of that file stay as they are.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from gitkb.branch.change_notes import ChangeNotes
from gitkb.branch.older_versions import Coming, older
from gitkb.branch.stored_documents import record_of
from gitkb.catalog.record_tables import known_at
from gitkb.commands.add import plan
from gitkb.commands.add.commit_loop import (
    ASKS_FIRST,
    CommitLoop,
    Landing,
    Preparation,
    commit_loop,
    is_empty,
    jobs_of,
    refresh_pages,
    trim_cache,
    undone,
)
from gitkb.commands.add.document_commits import Ready
from gitkb.commands.add.outcomes import Outcomes
from gitkb.commands.add.plan import Gone, Item, Plan, pages_of, unillustrated, with_repeats
from gitkb.commands.change import GROUP_DOCUMENTS, Change, ChangeContext
from gitkb.commands.curate.remove import remove_group, removed_document
from gitkb.commands.init import BEGIN, END
from gitkb.commands.inspect.evidence import has_original
from gitkb.compile.fingerprint import making
from gitkb.errors import UsageError
from gitkb.intake import hashing
from gitkb.intake.hashing import FileMemory
from gitkb.intake.prepare.cache import Cache
from gitkb.intake.prepare.document import Workshop
from gitkb.intake.prepare.estimate import estimate
from gitkb.intake.prepare.pool import Pool
from gitkb.intake.scan import Filter, Scan, scan
from gitkb.intake.web.session import Web, web
from gitkb.llm.reply_cache import KnownReplies
from gitkb.model.documents import LARGE, SourceFile
from gitkb.model.listener import Listener, Scanned
from gitkb.model.options import AddOptions
from gitkb.model.path_changes import PathChanges
from gitkb.model.results import AddSummary, DocumentResult, GoneDocument, Older, Outcome, Private, RemovedDocument, SkipReason
from gitkb.model.usage import Estimate
from gitkb.model.web_access import WebAccess
from gitkb.pages.model_session import ModelUse
from gitkb.pages.preview import foresee_run
from gitkb.store.snapshot import Snapshot
from gitkb.store.transaction.publish import Transaction
from gitkb.store.values import PlannedCommit

_FAILED = "failed"
"""What the cache notes of a source with its bytes that became no document."""
ATTRIBUTES = ".gitattributes"
LINE = f"raw/**/*{LARGE}.* filter=lfs diff=lfs merge=lfs -text"
_MESSAGE = "attributes: keep large originals in Git LFS\n\nGitkb-Operation: attributes\n"


def keep_in_lfs(context: ChangeContext, change: Change) -> None:
    """Make this repository and the run's branch ready for originals in Git LFS: programs, filter, hook, attributes."""
    context.store.require_lfs(context.listener.message)

    def noted(transaction: Transaction) -> None:
        if changes := noted_line(transaction.tip):
            transaction.publish([PlannedCommit(_MESSAGE, changes.written)])

    change.transact(noted)


def noted_line(tip: Snapshot) -> PathChanges:
    """The content of `.gitattributes` that `keep_in_lfs` would write at a tip."""
    before = tip.read(ATTRIBUTES) or b""
    return PathChanges({} if LINE.encode() in before.splitlines() else {ATTRIBUTES: with_line(before)})


def with_line(attributes: bytes) -> bytes:
    """The file with the line at the end of gitkb's block, or in a block of its own."""
    line, begin, end = (f"{text}\n".encode() for text in (LINE, f"# {BEGIN}", f"# {END}"))
    head, found, tail = attributes.rpartition(end)
    if found:
        return head + line + end + tail
    gap = b"" if not attributes or attributes.endswith(b"\n") else b"\n"
    return attributes + gap + begin + line + end


def prune(change: Change, gone: Sequence[Gone], listener: Listener) -> Iterator[DocumentResult]:
    """Removes the documents whose files are gone; yields the result of each, in order, after its commit is published."""
    for start in range(0, len(gone), GROUP_DOCUMENTS):
        group = gone[start : start + GROUP_DOCUMENTS]
        removed = change.transact(partial(_remove_unchanged, gone=group, listener=listener))
        for each in group:
            done = removed.get(each.document)
            if done:
                yield DocumentResult(each.document, each.source, Outcome.REMOVED, "", done.commit, title=done.title)
            else:
                why = SkipReason.CHANGED_MEANWHILE
                yield DocumentResult(each.document, each.source, Outcome.SKIPPED, "renamed or removed meanwhile", skipped=why)


def _remove_unchanged(transaction: Transaction, gone: Sequence[Gone], listener: Listener) -> dict[str, RemovedDocument]:
    """Removes those that still are what was planned: another process may have renamed or removed one."""
    found = {each.document: record_of(transaction.tip, each.document) for each in gone}
    same = [each.document for each in gone if (record := found[each.document]) and record.source.path == each.source]
    return {each.document: each for each in remove_group(transaction, same, listener)}


class AddRun(Struct, frozen=True):
    """One `add`. `model` is how a model takes part, `access` the way to the web, and `memory` what earlier runs of this process
    remember of files: then a run in which there is nothing to do leaves no trace. `finish` is called when all documents are in
    and the pages are not yet made; not in a dry run."""

    context: ChangeContext
    options: AddOptions
    model: ModelUse
    access: WebAccess
    memory: FileMemory | None = None
    finish: Callable[[Change], None] | None = None

    def __call__(self, paths: Sequence[Path]) -> AddSummary:
        """Adds the paths; raises `GitkbError` for what stops the whole run."""
        started = time.perf_counter()
        outcomes = Outcomes(self.context.listener, timings=self.options.timings)
        scans = [self._scan(path) for path in paths]
        with self._fetched() as found:
            summary = self._add([*scans, *found.scans], found, outcomes)
        outcomes.tell_phases()
        return replace(summary, seconds=time.perf_counter() - started)

    def _fetched(self) -> AbstractContextManager[Web]:
        context = self.context
        return web(context.store, context.catalog, context.settings, self.options, context.tip(), self.access, context.listener)

    def _add(self, scans: Sequence[Scan], fetched: Web, outcomes: Outcomes) -> AddSummary:
        start = self.context.tip()
        found = self._plan(start, scans, fetched)
        found, left_out = self._without_older(start, found, scans)
        gone = found.gone if self.options.prune else ()
        if found.gone:
            tell = self.context.listener.gone if self.options.prune else self.context.listener.staying
            tell([GoneDocument(each.document, each.source) for each in found.gone])
        nothing = self.memory is not None and self.memory.complete and not gone and all(item.outcome for item in found.items)
        if nothing:
            for item in found.items:
                outcomes.report(undone(item))
            return replace(outcomes.summary(AddSummary, self.context.name, start.commit), older=left_out)
        what = f"{'dry run of ' if self.options.dry_run else ''}add {' '.join(_shown(s) for s in scans)}"
        with self.context.change(what, dry_run=self.options.dry_run, searchable=True) as change:
            sources = _Sources(self, start, change, outcomes, found.items, fetched)
            ungrounded = sources.land()
            if self.options.dry_run:
                return replace(self._foreseen(sources, gone, ungrounded), older=left_out)
            for result in prune(change, gone, self.context.listener):
                outcomes.report(result)
            if self.finish is not None:
                self.finish(change)
            refresh_pages(change, outcomes)
        trim_cache(self.context.store)
        summary = outcomes.summary(AddSummary, change.run.branch, change.commit)
        private = sources.left_out
        return replace(summary, pages=change.pages, usage=change.usage, ungrounded=ungrounded, older=left_out, private=private)

    def _without_older(self, start: Snapshot, found: Plan, scans: Sequence[Scan]) -> tuple[Plan, int]:
        """The plan without sources that would turn documents back, unless they are wanted, and how many were left out. A folder
        that is older says nothing about what has gone, so nothing is pruned then. Where all that is older are documents that
        people removed, they stay out of a folder as what git ignores does: nobody asked for them by name."""
        if self.options.older:
            return found, 0
        coming = [
            Coming(item.document, item.source.path, item.sha256, item.before)
            for item in found.items
            if item.outcome is None and item.source.page is None
        ]
        known = {each.source: each for each in older(self.context.store, start, coming)}
        named = {source.path for each in scans if not each.is_folder for source in each.files}
        removed = {path: each for path, each in known.items() if each.decided and path not in named}
        if self.options.current or removed == known:
            return _left_out(found, removed, SkipReason.REMOVED), 0
        if not self.context.listener.older(list(known.values())):
            return found, 0
        if self.options.prune and found.gone:
            self.context.listener.message("Nothing was pruned, because what is added is older than the knowledge base.")
        return replace(_left_out(found, known, SkipReason.OLDER), gone=()), len(known)

    def _scan(self, path: Path) -> Scan:
        wanted = Filter(self.options.include, self.options.exclude, self.context.settings.convert.ocr != "off")
        found = scan(path, self.options.into, wanted, self.context.store.worktree)
        if self.options.prune and not found.is_folder:
            raise UsageError(f"{path} is a single file, and --prune is about folders.", "Name the folder, or leave --prune out.")
        name = f"{found.root}/" if path.is_dir() else found.files[0].path
        self.context.listener.scanned(Scanned(name, len(found.files), found.unsupported))
        return found if self.memory is None else self.memory.at_rest(found)

    def _plan(self, start: Snapshot, scans: Sequence[Scan], fetched: Web) -> Plan:
        """The plan for every source, at the tip of the branch. Nothing is converted yet."""
        distinct = {s.path: s for found in scans for s in found.files if s.path not in fetched.hashes}
        hashes = fetched.hashes | dict(zip(distinct, self._hashes(list(distinct.values())), strict=True))
        with known_at(self.context.catalog, start) as known:
            for found in scans:
                if self.options.prune and found.is_folder and not (self.memory and self.memory.left_out):
                    plan.refuse_empty(found, known)
                if found.root and not self.options.into and not self.options.update:
                    plan.refuse_other_folder(found, hashes, known, self._has_failed)
            planned = plan.plan(_without_repeats(scans), hashes, known)
        items = [self._restoring(start, item, hashes[item.source.path].blob) for item in planned.items]
        return replace(planned, items=with_repeats(items, fetched.repeats))

    def _restoring(self, start: Snapshot, item: Item, blob: str) -> Item:
        """A job in place of a source that is unchanged, if its original in the knowledge base is damaged or gone."""
        if item.skipped is not SkipReason.UNCHANGED or has_original(start, item.document, item.source.path, item.sha256, blob):
            return item
        self.context.listener.message(f"The original of {item.document} is not what it was; it is restored.")
        return plan.restoring(item)

    @property
    def cache(self) -> Cache:
        """What this clone remembers of earlier runs."""
        return Cache(self.context.store.local / "cache")

    def _has_failed(self, source: SourceFile, sha256: str) -> bool:
        return self.cache.has_noted(_FAILED, source.path, sha256)

    def _hashes(self, sources: Sequence[SourceFile]) -> list[hashing.Hashed]:
        def read(unknown: Sequence[SourceFile]) -> list[hashing.Hashed]:
            return hashing.hash_files(unknown, partial(hashing.refusal, self.context.settings), self.options.jobs)

        return read(sources) if self.memory is None else self.memory.hashes(sources, read)

    def _foreseen(self, sources: "_Sources", gone: Sequence[Gone], ungrounded: int) -> AddSummary:
        """The end of a dry run, whose documents are noted."""
        context, start = self.context, sources.start
        for each in gone:
            sources.noted.note(start, dict.fromkeys(removed_document(start, each.document).files))
            sources.outcomes.report(DocumentResult(each.document, each.source, Outcome.REMOVED))
        if self.model.settings is not None:
            context.listener.message("No model was asked, so what it would write on shared pages is not foreseen.")
        branch = sources.change.run.branch
        pages, foreseen = foresee_run(context.store, context.catalog, context.settings, branch, start, sources.noted.result())
        summary = sources.outcomes.summary(AddSummary, branch, start.commit)
        return replace(summary, pages=pages, foreseen=foreseen, ungrounded=ungrounded)

    def estimate(self, paths: Sequence[Path]) -> Estimate:
        """The requests that adding the paths would make to a model, without making them. Converts the documents and commits
        nothing."""
        scans, start = [self._scan(path) for path in paths], self.context.tip()
        with self._fetched() as fetched:
            items = unillustrated(self._plan(start, [*scans, *fetched.scans], fetched).items)
        assert self.model.known is not None
        with self.context.change("estimate", dry_run=True) as change:
            shop = self.workshop(start, change.run.scratch, items)
            with Pool(shop, self.context.settings.convert, change.run.worker_lock, self.options.jobs) as pool:
                return estimate(pool, jobs_of(items), self.model.known)

    def workshop(self, start: Snapshot, scratch: Path, items: Sequence[Item]) -> Workshop:
        """The settings and folders with which the documents of this run are prepared."""
        settings = self.context.settings
        return Workshop(
            scratch=scratch,
            cache=self.cache.folder,
            language=settings.language,
            conversion=settings.conversion,
            names={item.source.path: item.document for item in items},
            pages=self._pages(start, items),
            large_above=hashing.large_above(settings.raw),
            model=self.model.settings,
            settings=making(settings).settings,
        )

    def _pages(self, start: Snapshot, items: Sequence[Item]) -> dict[str, str]:
        """The documents by address that a fetched page of this run may link: those fetched with it, and those that are there."""
        fetched = pages_of(items)
        if not fetched:
            return {}
        with known_at(self.context.catalog, start) as known:
            return known.pages() | fetched


class _Sources:
    """The sources of one run as they come in. `noted`: changes that a dry run would make. `failed`: sources that could not be
    prepared. `instead`: documents that take the place of a failed one with the same bytes."""

    def __init__(
        self, add: AddRun, start: Snapshot, change: Change, outcomes: Outcomes, items: Sequence[Item], fetched: Web
    ) -> None:
        self.start, self.change, self.outcomes = start, change, outcomes
        self.noted = ChangeNotes()
        self.left_out = 0
        """How many were left out because they are likely private."""
        self._add, self._items, self._fetched = add, items, fetched
        self._failed: dict[str, Item] = {}
        self._instead: dict[str, str] = {}
        self._private: list[Ready] = []

    def land(self) -> int:
        """Commits all that are to be added, and reports all; how many claims of a model were dropped."""
        add, context, dry_run = self._add, self._add.context, self._add.options.dry_run
        jobs = jobs_of(self._items)
        shop = add.workshop(self.start, self.change.run.scratch, self._items)
        known = KnownReplies(add.model.known) if add.model.known is not None else None
        if jobs and shop.large_above is not None and dry_run:
            self.noted.note(self.start, noted_line(self.start).written)
        elif jobs and shop.large_above is not None:
            keep_in_lfs(context, self.change)
        moves = {item.before: item.document for item in self._items if item.before}
        landing = Landing(self.start.commit, moves, self.noted if dry_run else None)
        work = Preparation(jobs, shop, add.options.jobs, known=known, web=self._fetched, cluster=add.options.cluster)
        work = replace(work, agreed=add.options.private)
        with commit_loop(context, self.change, self.outcomes, work, landing) as loop:
            for item in self._items:
                entry = self._entry(loop, item)
                if isinstance(entry, Ready) and entry.prepared.private and entry.prepared.error:
                    self._private.append(entry)
                else:
                    loop.add(entry)
            loop.commit_rest()
            for entry in self._asked_for(loop):
                loop.add(entry)
        return loop.ungrounded

    def _asked_for(self, loop: CommitLoop) -> Iterator[Item | Ready]:
        """The documents that are likely private: prepared if a person lets them go to the model, else left out."""
        shown = [Private(each.item.document, each.item.source.path, each.prepared.private) for each in self._private]
        agreed = bool(shown) and self._add.context.listener.private(shown)
        for each in self._private:
            if agreed:
                yield self._remembered(loop.prepare_again(each.item, agreed=True))
            else:
                self.left_out += 1
                yield replace(each.item, outcome=Outcome.SKIPPED, reason=each.prepared.error, skipped=SkipReason.PRIVATE)

    def _entry(self, loop: CommitLoop, item: Item) -> Item | Ready:
        """A source with what is known of it before the commit: its prepared document, or the outcome that was decided."""
        if item.twin in self._instead:
            item = plan.same_bytes(item, self._instead[item.twin])
        failed = self._failed.get(item.twin) if item.twin else None
        if failed is not None:
            with known_at(self._add.context.catalog, self.start) as known:
                item = plan.without_twin(item, failed, self._items, known)
            if item.outcome is None:
                progress = self.outcomes.progress
                self.outcomes.advance(total=progress.total + 1, prepared=progress.prepared + 1)
                return self._stands_in(failed, loop.prepare_again(item))
        elif item.outcome is None:
            return self._remembered(Ready(item, loop.next()))
        return item

    def _stands_in(self, failed: Item, ready: Ready) -> Ready:
        """A document that takes the place of a failed one with the same bytes; it does so for all others with these bytes,
        too."""
        if not ready.prepared.error:
            del self._failed[failed.source.path]
            self._instead[failed.source.path] = ready.item.document
        return ready

    def _remembered(self, ready: Ready) -> Item | Ready:
        if self._add.options.dry_run and ready.prepared.asks:
            item = ready.item
            outcome = Outcome.RENAMED if item.before else Outcome.UPDATED if item.update else Outcome.ADDED
            return replace(item, outcome=outcome, reason=ASKS_FIRST)
        if ready.prepared.error and ready.prepared.private:
            return ready  # it is not given up
        if ready.prepared.error:
            why = SkipReason.EMPTY if is_empty(ready) else None
            self._failed[ready.item.source.path] = replace(ready.item, skipped=why)
            if not self._add.options.dry_run:
                self._add.cache.note(_FAILED, ready.item.source.path, ready.item.sha256)
        return ready


def _left_out(found: Plan, known: Mapping[str, Older], why: SkipReason) -> Plan:
    """The plan in which these sources, by path, are skipped."""
    return replace(
        found,
        items=[
            replace(item, outcome=Outcome.SKIPPED, reason=known[item.source.path].said, skipped=why)
            if item.outcome is None and item.source.path in known
            else item
            for item in found.items
        ],
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
    """The paths that a run adds, as it names them in its description, without a path of this machine."""
    return f"{found.root}/" if found.root and len(found.files) != 1 else (found.files[0].path if found.files else found.root)
