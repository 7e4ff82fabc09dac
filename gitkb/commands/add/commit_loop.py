"""Commits documents as they become ready, in order and in groups, and brings the pages up to date.

Invariant: entries keep the order in which they were given, whatever became ready first. An outcome is reported only after it is
true; what was reported as committed is durable. The lock is held for one group at a time, never while documents are prepared.
Whatever stops the run, the branch stands at the last group.
"""

import queue
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.branch.change_notes import ChangeNotes
from gitkb.branch.tips import refuse_newer_settings
from gitkb.catalog.record_tables import known_at
from gitkb.commands.add import document_commits
from gitkb.commands.add.document_commits import Ready
from gitkb.commands.add.outcomes import Outcomes
from gitkb.commands.add.plan import Item, Known
from gitkb.commands.change import GROUP_DOCUMENTS, Change, ChangeContext
from gitkb.errors import GitkbError
from gitkb.intake import document_names
from gitkb.intake.prepare.cluster import pool_for
from gitkb.intake.prepare.document import Job, Prepared, Workshop
from gitkb.intake.prepare.model_rounds import Asked, Fetch, ModelRounds
from gitkb.intake.web.session import Web
from gitkb.model.options import ClusterOptions
from gitkb.model.results import DocumentResult, Outcome, SkipReason
from gitkb.pages import refresh
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.store.transaction.publish import Transaction
from gitkb.store.values import PlannedCommit

GROUP_BYTES = 32 * 1024**2
GROUP_SECONDS = 0.5


class Group:
    """Entries that wait for the next commit, in scan order: documents that are ready, and outcomes to report between them."""

    def __init__(self) -> None:
        self.entries: list[Item | Ready] = []
        self.ready: list[Ready] = []
        self._size = 0
        self._started = 0.0

    def add(self, entry: Item | Ready) -> None:
        """The next entry; one that failed waits only to be reported."""
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


class Results:
    """Prepared documents in order, with a limit on waiting: a thread pulls them, so that a slow one does not hold up a commit."""

    def __init__(self, prepared: Iterator[Prepared]) -> None:
        self._queue: queue.SimpleQueue[Prepared | BaseException] = queue.SimpleQueue()
        threading.Thread(target=self._pull, args=(prepared,), daemon=True).start()

    def get(self, timeout: float | None) -> Prepared | None:
        """The next result; None if it is not ready after `timeout` seconds."""
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


class Landing(Struct, frozen=True):
    """How documents land: they were judged at the commit `start`, and `moves` are the old names of all that the run renames, with
    the new ones. In a dry run nothing is committed, and `noted` gets what would have been changed, by path; else it is None."""

    start: str
    moves: Mapping[str, str] = field(default_factory=dict)
    noted: ChangeNotes | None = None


PAGES_EVERY = 500
CACHE_BYTES = 2 * 1024**3
ASKS_FIRST = "asks the model; what changes is known then"
"""What a dry run says of a document for which a model would have to be asked."""


class Preparation(Struct, frozen=True):
    """The jobs of a run and how they are prepared. `fetch` brings originals that are no files; `known` answers in a model's stead
    where there is no session; `web` is where pictures of fetched pages come from. `agreed`: what looks private may be sent."""

    jobs: Sequence[Job]
    shop: Workshop
    workers: int
    fetch: Fetch | None = None
    known: Asked | None = None
    web: Web | None = None
    cluster: ClusterOptions | None = None
    agreed: bool = False


@contextmanager
def commit_loop(
    context: ChangeContext, change: Change, outcomes: Outcomes, work: Preparation, plan: Landing
) -> "Iterator[CommitLoop]":
    """Prepares jobs in parallel while the body commits what is ready; what still waits at its end is committed."""
    outcomes.advance(total=len(work.jobs))
    session, web = context.session, work.web or Web()
    limits, lock, say = context.settings.convert, change.run.worker_lock, context.listener.message
    with pool_for(work.cluster, work.shop, limits, lock, work.workers, say) as pool, closing(web):
        if work.jobs and session:
            session.client.warm()
        client, ahead = (session.client, session.ahead) if session else (work.known, 0)
        careful = session is not None and session.careful and not work.agreed
        rounds = ModelRounds(pool, client, ahead, work.fetch, web.illustrate, careful)
        if session and session.rounds and work.jobs:
            rounds.answer_ahead(work.jobs, session.rounds)
        loop = CommitLoop(context, change, outcomes, plan, rounds, Results(rounds.prepare(work.jobs)))
        yield loop
        loop.commit_rest()


class CommitLoop:
    """Commits the documents of one run; made by `commit_loop`. `ungrounded` counts the claims of a model that were dropped."""

    def __init__(
        self, context: ChangeContext, change: Change, outcomes: Outcomes, plan: Landing, rounds: ModelRounds, results: Results
    ) -> None:
        self.ungrounded = 0
        self._context, self._change, self._outcomes, self._plan = context, change, outcomes, plan
        self._rounds, self._results = rounds, results
        self._judged_at = plan.start
        self._group = Group()
        self._since_pages = 0
        self._told_of_tokens = False
        # A page that changes with every few documents would be written about again each time, so a model is asked at the end.
        self._pages_every = PAGES_EVERY if context.session is None else sys.maxsize

    def add(self, entry: Item | Ready) -> None:
        """Takes the next outcome, or document to commit, in order."""
        self._group.add(entry)
        if self._group.is_full(self._pages_every - self._since_pages):
            self._commit_group()

    def commit_rest(self) -> None:
        """Commits and reports what still waits."""
        self._commit_group()

    def next(self) -> Prepared:
        """The next prepared document; while it is awaited, what waits already is committed after half a second."""
        result = self._results.get(GROUP_SECONDS if self._group.ready else None)
        if result is None:
            self._commit_group()
            result = self._results.get(None)
        assert result is not None
        for said in result.notes:
            self._context.listener.message(f"  note    {result.document}: {said}")
        if result.unaffordable and not self._told_of_tokens:
            self._told_of_tokens = True
            self._context.listener.message(result.unaffordable)
        self._outcomes.advance(prepared=self._outcomes.progress.prepared + 1)
        return result

    def prepare_again(self, item: Item, *, agreed: bool = False) -> Ready:
        """Prepares a document at once, because it got another name, takes the place of one that failed, or may be sent now that a
        person has `agreed`."""
        return Ready(item, self._rounds.run(Job(item.source, item.document, item.sha256), agreed=agreed))

    def _commit_group(self) -> None:
        """Commits what is ready and reports everything that waits, in order."""
        group, self._group = self._group, Group()
        results = self._publish(group.ready)
        for entry in group.entries:
            item = entry.item if isinstance(entry, Ready) else entry
            self._outcomes.report(results.get(_key(item)) or undone(entry))
        if self._since_pages >= self._pages_every:
            self.refresh()

    def _publish(self, group: Sequence[Ready]) -> dict[str, DocumentResult]:
        """One transaction for a group, planned again when the branch moved; what got another name follows in a group of its
        own."""
        if not group:
            return {}
        results, again = self._commit(group)
        named = [self.prepare_again(ready.item) for ready in again]
        results.update({_key(r.item): undone(r) for r in named if r.prepared.error})
        return results | self._publish([ready for ready in named if not ready.prepared.error])

    def _commit(self, group: Sequence[Ready]) -> tuple[dict[str, DocumentResult], list[Ready]]:
        """(the results of those that are decided or committed, those to be prepared again under another name)."""
        asked = time.perf_counter()
        for ready in group:
            if ready.prepared.large and self._plan.noted is None:
                file = self._change.run.scratch / ready.prepared.large
                self._change.run.keep_original(file, ready.item.sha256, ready.prepared.original)
        done = self._change.transact(lambda transaction: self._transact(transaction, group))
        published = time.perf_counter()
        seconds = {"lock_wait": done.locked - asked, "commit": done.planned - done.locked, "publish": published - done.planned}
        shares = {phase: value / len(group) for phase, value in seconds.items()}
        if done.oids:
            self._judged_at = done.oids[-1]
        results = dict(done.decided)
        for ready, each in zip(done.landing, done.landed, strict=True):
            phases = {"hash": ready.item.hashing, **(ready.prepared.phases or {}), **shares}
            commit = done.oids[each.index] if each.index is not None and done.oids else ""
            results[_key(ready.item)] = _landed(ready, each.outcome, commit, phases)
        self._since_pages += sum(each.index is not None for each in done.landed)
        self.ungrounded += sum(ready.prepared.ungrounded for ready in done.landing)
        return results, done.again

    def _transact(self, transaction: Transaction, group: Sequence[Ready]) -> "_Committed":
        locked = time.perf_counter()
        decided, landing, again = self._judge(transaction.tip, group)
        base = refresh.history_base(self._context.store, transaction.tip.commit)
        scratch = self._change.run.scratch
        commits, landed = document_commits.plan_commits(transaction, landing, scratch, base, self._plan.moves)
        planned, progress = time.perf_counter(), self._outcomes.progress
        said = f"{progress.committed + len(landing)} of {progress.total} documents"
        oids = self._publish_or_note(transaction, commits, said)
        return _Committed(decided, landing, landed, again, oids, locked, planned)

    def _publish_or_note(self, transaction: Transaction, commits: Sequence[PlannedCommit], progress: str) -> list[str]:
        """The ids of the commits; in a dry run none are made, and what they would change is noted."""
        if self._plan.noted is None:
            return transaction.publish(commits, progress) if commits else []
        for commit in commits:
            self._plan.noted.note(transaction.tip, commit.changes)
        return []

    def _judge(self, tip: Snapshot, group: Sequence[Ready]) -> tuple[dict[str, DocumentResult], list[Ready], list[Ready]]:
        """Splits a group into (already decided, to land, to prepare again under another name)."""
        if tip.commit == self._judged_at:
            return {}, list(group), []
        refuse_newer_settings(tip)
        results: dict[str, DocumentResult] = {}
        landing, again = [], []
        with known_at(self._context.catalog, tip) as known:
            for ready in group:
                verdict = document_commits.judge(ready, known)
                if verdict.outcome:
                    item = replace(ready.item, outcome=verdict.outcome, reason=verdict.reason, skipped=verdict.skipped)
                    results[_key(item)] = undone(item)
                elif verdict.other_name:
                    again.append(replace(ready, item=self._named_otherwise(ready.item, known)))
                else:
                    landing.append(ready)
        self._judged_at = tip.commit
        return results, landing, again

    def _named_otherwise(self, item: Item, known: Known) -> Item:
        found = known.source(item.source.path)
        if found is not None:
            return replace(item, document=found[0], before="", update=True)
        free = (name for name in document_names.candidates(item.source.path) if name == item.before or not known.taken(name))
        return replace(item, document=next(free))

    def refresh(self) -> None:
        """Makes the pages commit if pages are pending."""
        self._since_pages = 0
        refresh_pages(self._change, self._outcomes)


class _Committed(Struct, frozen=True):
    """What one transaction did with a group: results `decided` under the lock, documents `landing` and how they `landed`, those
    to be prepared `again`, the ids of the commits, and when (in seconds) the lock was had and the commits were planned."""

    decided: Mapping[str, DocumentResult]
    landing: list[Ready]
    landed: list[document_commits.Landed]
    again: list[Ready]
    oids: list[str]
    locked: float
    planned: float


def refresh_pages(change: Change, outcomes: Outcomes) -> None:
    """Makes the pages commit of a run if pages are pending; the seconds are counted."""
    started = time.perf_counter()
    change.refresh()
    outcomes.spend("pages", time.perf_counter() - started)


def trim_cache(store: Store) -> None:
    """Keeps the cache of conversions within its limit."""
    from gitkb.intake.prepare.cache import Cache

    Cache(store.local / "cache").trim(CACHE_BYTES)


def jobs_of(items: Sequence[Item]) -> list[Job]:
    """The jobs of those items that are to be prepared."""
    return [Job(item.source, item.document, item.sha256) for item in items if item.outcome is None]


def _key(item: Item) -> str:
    """The key of a document within its run: its source's path, or its own name where it has no source."""
    return item.document if item.again else item.source.path


def is_empty(ready: Ready) -> bool:
    """Whether a source has nothing in it to read, and is no document yet; for a document that is lost which had something."""
    item = ready.item
    return ready.prepared.empty and not (item.update or item.again or item.before)


def undone(entry: Item | Ready) -> DocumentResult:
    """The result of a source that was not committed: decided before, or failed while it was prepared."""
    item = entry.item if isinstance(entry, Ready) else entry
    if isinstance(entry, Ready):
        if is_empty(entry):
            return undone(replace(item, outcome=Outcome.SKIPPED, reason=entry.prepared.error, skipped=SkipReason.EMPTY))
        hint = "Its document stays as it was." if entry.prepared.empty and item.update else entry.prepared.hint
        reason = " ".join(part for part in (entry.prepared.error, hint) if part)
        seconds = sum((entry.prepared.phases or {}).values())
        return DocumentResult(item.document, item.source.path, Outcome.FAILED, reason, seconds=seconds, url=_url(item))
    before = item.before if item.outcome is Outcome.RENAMED else ""
    outcome = item.outcome or Outcome.FAILED
    why = item.skipped if outcome is Outcome.SKIPPED else None
    return DocumentResult(item.document, item.source.path, outcome, item.reason, before=before, url=_url(item), skipped=why)


def _landed(ready: Ready, outcome: Outcome, commit: str, phases: dict[str, float]) -> DocumentResult:
    item, before = ready.item, ready.item.before if outcome is Outcome.RENAMED else ""
    seconds = sum(phases.values())
    title, url = ready.prepared.title, _url(item)
    return DocumentResult(item.document, item.source.path, outcome, "", commit, seconds, title, phases, before, url)


def _url(item: Item) -> str:
    return item.source.page.url if item.source.page else ""
