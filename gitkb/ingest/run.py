"""One `add`: scan, skip what is known, prepare in parallel, commit in scan order, bring the pages up to date.

Invariant: an outcome is reported only after it is true; what was reported as added is durable. The lock is held for one
group at a time, never while documents are prepared. Whatever stops the run, the branch stands at the last group.
"""

import queue
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from gitkb.catalog.catalog import Catalog
from gitkb.catalog.records import known_at
from gitkb.compile.llm.settings import ModelSettings
from gitkb.compile.requests import Replies
from gitkb.config import Settings
from gitkb.errors import GitkbError, RefMoved, RepositoryError
from gitkb.events import AddOptions, AddSummary, Listener, Progress, Scanned
from gitkb.ingest import land, large, names, pages, plan
from gitkb.ingest.branches import start_of
from gitkb.ingest.desk import Desk
from gitkb.ingest.estimate import Estimate, estimate
from gitkb.ingest.land import Ready
from gitkb.ingest.plan import Item
from gitkb.ingest.pool import Pool
from gitkb.ingest.prepare import Job, Prepared, Workshop
from gitkb.ingest.scan import Filter, Scan, scan
from gitkb.ingest.session import Session
from gitkb.model import DocumentResult, Outcome, Usage
from gitkb.store import Snapshot, Store

GROUP_DOCUMENTS = 100
GROUP_BYTES = 32 * 1024**2
GROUP_SECONDS = 0.5
PAGES_EVERY = 500
CACHE_BYTES = 2 * 1024**3
ATTEMPTS = 50


class AddRun:
    """The state of one `add`: counts, the group being gathered, the tip at which its sources were last judged."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        settings: Settings,
        options: AddOptions,
        listener: Listener,
        session: Session | None = None,
    ) -> None:
        """`session` reaches the model where the settings ask for one."""
        self.store, self.catalog, self.settings = store, catalog, settings
        self.options, self.listener, self.session = options, listener, session
        self.start = start_of(store, options.branch, options.start)
        self.tip = self.start.commit
        self.counts = dict.fromkeys(Outcome, 0)
        self.progress = Progress()
        self.group = _Group()
        self.since_pages = 0
        # A page that changes with every few documents would be written about again each time, so a model is asked at the end.
        self.pages_every = PAGES_EVERY if session is None else sys.maxsize
        self.ungrounded = 0
        self.page_changes = pages.Tally()
        self.failed: dict[str, Item] = {}
        self.instead: dict[str, str] = {}
        self.phases: dict[str, float] = {}

    def __call__(self, paths: Sequence[Path]) -> AddSummary:
        """Adds the paths; raises `GitkbError` for what stops the whole run."""
        started = time.perf_counter()
        scans = [self._scan(path) for path in paths]
        items = self._plan(scans)
        if self.options.dry_run:
            return self._dry(items, started)
        what = f"add {' '.join(_shown(s) for s in scans)}"
        branch, on_wait = self.options.branch or None, self.listener.message
        with self.store.begin(what, branch=branch, start=self.start.commit, on_wait=on_wait) as run:
            self.run = run
            self._land_all(items)
            self._refresh()
        self._clean_up()
        return self._summary(run.branch, start_of(self.store, run.branch, "").commit, started)

    def _scan(self, path: Path) -> Scan:
        found = scan(path, self.options.into, Filter(self.options.include, self.options.exclude), self.store.worktree)
        name = f"{found.root}/" if path.is_dir() else found.files[0].path
        self.listener.scanned(Scanned(name, len(found.files), found.unsupported))
        return found

    def _plan(self, scans: Sequence[Scan]) -> list[Item]:
        """What becomes of every source, at the tip of the branch; nothing is converted yet."""
        distinct = {source.path: source for found in scans for source in found.files}
        hashes = dict(
            zip(
                distinct,
                plan.hash_files(list(distinct.values()), partial(large.refusal, self.settings), self.options.jobs),
                strict=True,
            )
        )
        with known_at(self.catalog, self.start) as known:
            for found in scans:
                if found.root and not self.options.into and not self.options.update:
                    plan.refuse_other_folder(found, hashes, known)
            return plan.plan(_without_repeats(scans), hashes, known)

    def _dry(self, items: Sequence[Item], started: float) -> AddSummary:
        for item in items:
            outcome = item.outcome or (Outcome.UPDATED if item.update else Outcome.ADDED)
            self._report(DocumentResult(item.document, item.source.path, outcome, item.reason))
        return self._summary(self.options.branch or self.store.branch(), self.start.commit, started)

    def estimate(self, paths: Sequence[Path], model: ModelSettings, replies: Replies) -> Estimate:
        """What adding the paths would ask of a model; converts them and commits nothing."""
        items = self._plan([self._scan(path) for path in paths])
        with self.store.begin("estimate", branch=self.options.branch or None, start=self.start.commit) as self.run:
            shop = self._workshop(items, model)
            with Pool(shop, self.settings.convert, self.run.worker_lock, self.options.jobs) as pool:
                return estimate(pool, _jobs(items), replies)

    def _workshop(self, items: Sequence[Item], model: ModelSettings | None) -> Workshop:
        return Workshop(
            scratch=self.run.scratch,
            cache=self.store.local / "cache",
            language=self.settings.language,
            max_bytes=self.settings.convert.max_bytes,
            names={item.source.path: item.document for item in items},
            large_above=large.large_above(self.settings.raw),
            model=model,
        )

    def _land_all(self, items: Sequence[Item]) -> None:
        jobs = _jobs(items)
        shop = self._workshop(items, self.session.settings if self.session else None)
        if jobs and shop.large_above is not None:
            large.keep_in_lfs(self.store, self.run, self.listener)
        self._advance(total=len(jobs))
        with Pool(shop, self.settings.convert, self.run.worker_lock, self.options.jobs) as pool:
            if jobs and self.session:
                self.session.client.warm()
            self.desk = Desk(pool, self.session.client, self.session.ahead) if self.session else Desk(pool)
            results = _Results(self.desk.prepare(jobs))
            for item in items:
                entry = self._entry(item, items, results)  # may end the group that waits
                self.group.add(entry)
                if self.group.is_full(self.pages_every - self.since_pages):
                    self._land_group()
            self._land_group()

    def _entry(self, item: Item, items: Sequence[Item], results: "_Results") -> Item | Ready:
        """What a source becomes, as far as is known before the commit: prepared, or decided."""
        if item.twin in self.instead:
            item = replace(item, reason=f"same bytes as {self.instead[item.twin]}", twin="")
        failed = self.failed.get(item.twin) if item.twin else None
        if failed is not None:
            with known_at(self.catalog, self.start) as known:
                item = plan.without_twin(item, failed, items, known)
            if item.outcome is None:
                self._advance(total=self.progress.total + 1, prepared=self.progress.prepared + 1)
                return self._instead(failed, self._prepare_again(Ready(item, Prepared(item.document))))
        elif item.outcome is None:
            return self._remembered(Ready(item, self._next(results)))
        return item

    def _instead(self, failed: Item, ready: Ready) -> Ready:
        """A document that stands for a failed one of the same bytes; it stands for all others of them, too."""
        if not ready.prepared.error:
            del self.failed[failed.source.path]
            self.instead[failed.source.path] = ready.item.document
        return ready

    def _remembered(self, ready: Ready) -> Ready:
        if ready.prepared.error:
            self.failed[ready.item.source.path] = ready.item
        return ready

    def _next(self, results: "_Results") -> Prepared:
        """The next prepared document; while it is awaited, what waits already is committed after half a second."""
        result = results.get(GROUP_SECONDS if self.group.ready else None)
        if result is None:
            self._land_group()
            result = results.get(None)
        assert result is not None
        self._advance(prepared=self.progress.prepared + 1)
        return result

    def _land_group(self) -> None:
        """Commits what is ready and reports everything that waits, in order."""
        group, self.group = self.group, _Group()
        results = self._publish(group.ready)
        for entry in group.entries:
            item = entry.item if isinstance(entry, Ready) else entry
            self._report(results.get(item.source.path) or _undone(entry))
        if self.since_pages >= self.pages_every:
            self._refresh()

    def _publish(self, group: Sequence[Ready]) -> dict[str, DocumentResult]:
        """One transaction for a group, planned again when the branch moved; renamed documents follow in a group of their own."""
        if not group:
            return {}
        for _ in range(ATTEMPTS):
            try:
                results, again = self._transact(group)
            except RefMoved:
                continue
            renamed = [self._prepare_again(ready) for ready in again]
            results.update({r.item.source.path: _undone(r) for r in renamed if r.prepared.error})
            return results | self._publish([ready for ready in renamed if not ready.prepared.error])
        raise RepositoryError(
            "The branch kept moving under every attempt to commit.", "Wait for the other writers, then add again."
        )

    def _transact(self, group: Sequence[Ready]) -> tuple[dict[str, DocumentResult], list[Ready]]:
        asked = time.perf_counter()
        for ready in group:
            if ready.prepared.large:
                file = self.run.scratch / ready.prepared.large
                self.run.keep_original(file, ready.item.sha256, ready.prepared.original)
        with self.run.locked(self.listener.message) as transaction:
            locked = time.perf_counter()
            results, landing, again = self._judge(transaction.tip, group)
            base = pages.history_base(self.store, transaction.tip.commit)
            commits, own = land.plan_commits(transaction, landing, self.run.scratch, base)
            planned = time.perf_counter()
            progress = f"{self.progress.committed + len(landing)} of {self.progress.total} documents"
            oids = transaction.publish(commits, progress) if commits else []
        published = time.perf_counter()
        if oids:
            self.tip = oids[-1]
        seconds = {"lock_wait": locked - asked, "commit": planned - locked, "publish": published - planned}
        shares = {phase: value / len(group) for phase, value in seconds.items()}
        for ready, index in zip(landing, own, strict=True):
            phases = {"hash": ready.item.hashing, **(ready.prepared.phases or {}), **shares}
            results[ready.item.source.path] = _landed(ready, oids[index], sum(phases.values()), phases)
        self.since_pages += len(landing)
        self.ungrounded += sum(ready.prepared.ungrounded for ready in landing)
        return results, again

    def _judge(self, tip: Snapshot, group: Sequence[Ready]) -> tuple[dict[str, DocumentResult], list[Ready], list[Ready]]:
        """Splits a group into (already decided, to land, to prepare again under another name)."""
        if tip.commit == self.tip:
            return {}, list(group), []
        results: dict[str, DocumentResult] = {}
        landing, again = [], []
        with known_at(self.catalog, tip) as known:
            for ready in group:
                verdict = land.judge(ready, known)
                if verdict.outcome:
                    item = replace(ready.item, outcome=verdict.outcome, reason=verdict.reason)
                    results[item.source.path] = _undone(item)
                elif verdict.rename:
                    again.append(replace(ready, item=replace(ready.item, document=self._other_name(ready.item, known))))
                else:
                    landing.append(ready)
        self.tip = tip.commit
        return results, landing, again

    def _other_name(self, item: Item, known: plan.Known) -> str:
        before = known.source(item.source.path)
        if before is not None:
            return before[0]
        return next(name for name in names.candidates(item.source.path) if not known.taken(name))

    def _prepare_again(self, ready: Ready) -> Ready:
        item = ready.item
        return Ready(item, self.desk.run(Job(item.source, item.document, item.sha256)))

    def _refresh(self) -> None:
        self.since_pages = 0
        started = time.perf_counter()
        author = self.session.author if self.session else None
        changes = pages.refresh(self.store, self.run, self.catalog, self.settings, self.listener, author)
        self.page_changes.add(changes)
        self.phases["pages"] = self.phases.get("pages", 0.0) + time.perf_counter() - started

    def _report(self, result: DocumentResult) -> None:
        self.counts[result.outcome] += 1
        committed = self.progress.committed + (result.outcome in (Outcome.ADDED, Outcome.UPDATED))
        self._advance(committed=committed, failed=self.counts[Outcome.FAILED])
        self.listener.document(result)
        if self.options.timings and result.phases:
            self.listener.timing(result.document, result.phases)

    def _advance(self, **changes: int) -> None:
        self.progress = replace(self.progress, **changes)
        self.listener.progress(self.progress)

    def _clean_up(self) -> None:
        from gitkb.ingest.cache import Cache

        Cache(self.store.local / "cache").trim(CACHE_BYTES)
        self.store.maintain()

    def _summary(self, branch: str, commit: str, started: float) -> AddSummary:
        if self.options.timings:
            self.listener.timing("", self.phases)
        counts = self.counts
        return AddSummary(
            added=counts[Outcome.ADDED],
            updated=counts[Outcome.UPDATED],
            skipped=counts[Outcome.SKIPPED],
            failed=counts[Outcome.FAILED],
            branch=branch,
            commit=commit,
            pages=self.page_changes.result(),
            seconds=time.perf_counter() - started,
            usage=self.session.client.usage if self.session else Usage(),
            ungrounded=self.ungrounded,
        )


class _Group:
    """What waits for the next commit, in scan order: documents that are ready, and outcomes reported between them."""

    def __init__(self) -> None:
        self.entries: list[Item | Ready] = []
        self.ready: list[Ready] = []
        self._size = 0
        self._started = 0.0

    def add(self, entry: Item | Ready) -> None:
        self.entries.append(entry)
        if isinstance(entry, Ready) and not entry.prepared.error:
            if not self.ready:
                self._started = time.perf_counter()
            self.ready.append(entry)
            self._size += entry.prepared.size

    def is_full(self, room: int) -> bool:
        """Whether it is time to commit; with nothing ready, outcomes need not wait. `room` is what is left before a pages commit,
        which must fall after the same document whatever the timing."""
        if not self.ready:
            return True
        age = time.perf_counter() - self._started
        return len(self.ready) >= min(GROUP_DOCUMENTS, room) or self._size >= GROUP_BYTES or age >= GROUP_SECONDS


class _Results:
    """Prepared documents in order, with a limit on waiting: a thread pulls them, so that a slow one does not hold up a commit."""

    def __init__(self, prepared: Iterator[Prepared]) -> None:
        self._queue: queue.SimpleQueue[Prepared | BaseException] = queue.SimpleQueue()
        threading.Thread(target=self._pull, args=(prepared,), daemon=True).start()

    def get(self, timeout: float | None) -> Prepared | None:
        try:
            result = self._queue.get(timeout=timeout)
        except queue.Empty:
            return None
        if isinstance(result, GitkbError):
            raise result
        if isinstance(result, BaseException):
            raise GitkbError(f"Preparing documents failed: {result}.", "Run it again with -v.") from result
        return result

    def _pull(self, prepared: Iterator[Prepared]) -> None:
        """The boundary of the thread: whatever ends it is raised where the results are read."""
        try:
            for result in prepared:
                self._queue.put(result)
        except BaseException as error:
            self._queue.put(error)


def _jobs(items: Sequence[Item]) -> list[Job]:
    return [Job(item.source, item.document, item.sha256) for item in items if item.outcome is None]


def _undone(entry: Item | Ready) -> DocumentResult:
    """The result of a source that was not committed: decided before, or failed while it was prepared."""
    item = entry.item if isinstance(entry, Ready) else entry
    if isinstance(entry, Ready):
        reason = " ".join(part for part in (entry.prepared.error, entry.prepared.hint) if part)
        seconds = sum((entry.prepared.phases or {}).values())
        return DocumentResult(item.document, item.source.path, Outcome.FAILED, reason, seconds=seconds)
    return DocumentResult(item.document, item.source.path, item.outcome or Outcome.FAILED, item.reason)


def _landed(ready: Ready, commit: str, seconds: float, phases: dict[str, float]) -> DocumentResult:
    outcome = Outcome.UPDATED if ready.item.update else Outcome.ADDED
    item = ready.item
    return DocumentResult(item.document, item.source.path, outcome, "", commit, seconds, ready.prepared.title, phases)


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
