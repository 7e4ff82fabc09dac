"""Commits documents as they become ready, in order and in groups, and brings the pages up to date.

Invariant: only paths whose content would differ from the tip's are noted. What no shared page is made of (originals, pictures, a
document's own pages) is noted by its blob's id in place of its bytes, and its file is deleted, so that a dry run of much takes
little memory and disk.

Invariant: entries keep the order in which they were given, whatever became ready first.

Invariant: an outcome is reported only after it is true; what was reported as committed is durable. The lock is held for one group
at a time, never while documents are prepared. Whatever stops the run, the branch stands at the last group.
"""

import queue
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from gitkb.branch.tips import refuse_newer_settings, until_published
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.record_tables import known_at
from gitkb.commands.add import document_commits
from gitkb.commands.add.document_commits import Ready
from gitkb.commands.add.plan import Item, Known
from gitkb.errors import GitkbError
from gitkb.formats.settings import Settings
from gitkb.intake import document_names
from gitkb.intake.prepare.document import Job, Prepared, Workshop
from gitkb.intake.prepare.model_rounds import Asked, Fetch, ModelRounds
from gitkb.intake.prepare.pool import Pool
from gitkb.intake.web.session import Web
from gitkb.model.documents import Tree
from gitkb.model.listener import Listener, Progress
from gitkb.model.results import DocumentResult, Outcome
from gitkb.model.usage import Usage
from gitkb.pages import refresh
from gitkb.pages.model_session import Session
from gitkb.store.objects import file_blob_id, object_id
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.store.transaction.publish import Transaction
from gitkb.store.transaction.run import Run
from gitkb.store.values import Content, PlannedCommit, Stored


def note(noted: dict[str, bytes | None], tip: Tree, changes: Mapping[str, Content]) -> None:
    """Adds to `noted` what a planned commit changes; deletes the files of the scratch folder that it names."""
    for path, content in changes.items():
        assert not isinstance(content, Stored)
        oid = _blob_id(content)
        if oid == tip.blob(path):
            noted.pop(path, None)
        elif isinstance(content, Path) and not path.startswith(".gitkb/"):
            noted[path] = (oid or "").encode()
        else:
            noted[path] = content.read_bytes() if isinstance(content, Path) else content
        if isinstance(content, Path):
            content.unlink()


def _blob_id(content: bytes | Path | None) -> str | None:
    if content is None:
        return None
    return file_blob_id(content) if isinstance(content, Path) else object_id("blob", content)


GROUP_DOCUMENTS = 100
GROUP_BYTES = 32 * 1024**2
GROUP_SECONDS = 0.5


class Group:
    """What waits for the next commit, in scan order: documents that are ready, and outcomes reported between them."""

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
        """The next one, None where it is not ready after `timeout` seconds."""
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


PAGES_EVERY = 500
CACHE_BYTES = 2 * 1024**3
ASKS_FIRST = "asks the model; what changes is known then"
"""What a dry run says of a document for which a model would have to be asked."""


class Committing:
    """The state of one run: counts, the group being gathered, the tip at which its sources were last judged. `run` is set when
    the transaction's run has begun."""

    run: Run

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        settings: Settings,
        listener: Listener,
        session: Session | None,
        *,
        timings: bool,
        dry: bool = False,
    ) -> None:
        """`session` reaches the model where the settings ask for one. A `dry` run commits nothing, and has in `noted` what it
        would have changed, by path. `moves` is for the old names of documents that are renamed, with the new ones."""
        self.store, self.catalog, self.settings, self._dry = store, catalog, settings, dry
        self.noted: dict[str, bytes | None] = {}
        self.moves: dict[str, str] = {}
        self.listener, self.session, self._timings = listener, session, timings
        self.tip = ""
        self.counts = dict.fromkeys(Outcome, 0)
        self.progress = Progress()
        self.page_changes = refresh.Tally()
        self.ungrounded = 0
        self._group = Group()
        self._since_pages = 0
        # A page that changes with every few documents would be written about again each time, so a model is asked at the end.
        self._pages_every = PAGES_EVERY if session is None else sys.maxsize
        self._phases: dict[str, float] = {}

    @property
    def usage(self) -> Usage:
        """What a model was asked so far."""
        return self.session.client.usage if self.session else Usage()

    @contextmanager
    def preparing(
        self,
        jobs: Sequence[Job],
        shop: Workshop,
        workers: int,
        fetch: Fetch | None = None,
        known: Asked | None = None,
        web: Web | None = None,
    ) -> Iterator[None]:
        """Prepares the jobs in parallel while the body commits what is ready; what still waits at its end is committed. `fetch`
        brings originals that are no files; `known` answers in a model's stead where there is no session; `web` is where pictures
        of fetched pages come from."""
        self.advance(total=len(jobs))
        with Pool(shop, self.settings.convert, self.run.worker_lock, workers) as pool, closing(web or Web()):
            if jobs and self.session:
                self.session.client.warm()
            client, ahead = (self.session.client, self.session.ahead) if self.session else (known, 0)
            self._rounds = ModelRounds(pool, client, ahead, fetch, web.illustrate if web else None)
            self._results = Results(self._rounds.prepare(jobs))
            yield
            self._land_group()

    def add(self, entry: Item | Ready) -> None:
        """The next outcome, or document to commit, in order."""
        self._group.add(entry)
        if self._group.is_full(self._pages_every - self._since_pages):
            self._land_group()

    def next(self) -> Prepared:
        """The next prepared document; while it is awaited, what waits already is committed after half a second."""
        result = self._results.get(GROUP_SECONDS if self._group.ready else None)
        if result is None:
            self._land_group()
            result = self._results.get(None)
        assert result is not None
        for said in result.notes:
            self.listener.message(f"  note    {result.document}: {said}")
        self.advance(prepared=self.progress.prepared + 1)
        return result

    def prepare_again(self, item: Item) -> Ready:
        """A document prepared at once: it got another name, or stands for one that failed."""
        return Ready(item, self._rounds.run(Job(item.source, item.document, item.sha256)))

    def _land_group(self) -> None:
        """Commits what is ready and reports everything that waits, in order."""
        group, self._group = self._group, Group()
        results = self._publish(group.ready)
        for entry in group.entries:
            item = entry.item if isinstance(entry, Ready) else entry
            self.report(results.get(_key(item)) or undone(entry))
        if self._since_pages >= self._pages_every:
            self.refresh()

    def _publish(self, group: Sequence[Ready]) -> dict[str, DocumentResult]:
        """One transaction for a group, planned again when the branch moved; what got another name follows in a group of its
        own."""
        if not group:
            return {}
        results, again = until_published(lambda: self._transact(group))
        named = [self.prepare_again(ready.item) for ready in again]
        results.update({_key(r.item): undone(r) for r in named if r.prepared.error})
        return results | self._publish([ready for ready in named if not ready.prepared.error])

    def _transact(self, group: Sequence[Ready]) -> tuple[dict[str, DocumentResult], list[Ready]]:
        asked = time.perf_counter()
        for ready in group:
            if ready.prepared.large and not self._dry:
                file = self.run.scratch / ready.prepared.large
                self.run.keep_original(file, ready.item.sha256, ready.prepared.original)
        with self.run.locked(self.listener.message) as transaction:
            locked = time.perf_counter()
            results, landing, again = self._judge(transaction.tip, group)
            base = refresh.history_base(self.store, transaction.tip.commit)
            commits, landed = document_commits.plan_commits(transaction, landing, self.run.scratch, base, self.moves)
            planned = time.perf_counter()
            progress = f"{self.progress.committed + len(landing)} of {self.progress.total} documents"
            oids = self._publish_or_note(transaction, commits, progress)
        published = time.perf_counter()
        if oids:
            self.tip = oids[-1]
        seconds = {"lock_wait": locked - asked, "commit": planned - locked, "publish": published - planned}
        shares = {phase: value / len(group) for phase, value in seconds.items()}
        for ready, each in zip(landing, landed, strict=True):
            phases = {"hash": ready.item.hashing, **(ready.prepared.phases or {}), **shares}
            commit = oids[each.index] if each.index is not None and oids else ""
            results[_key(ready.item)] = _landed(ready, each.outcome, commit, phases)
        self._since_pages += sum(each.index is not None for each in landed)
        self.ungrounded += sum(ready.prepared.ungrounded for ready in landing)
        return results, again

    def _publish_or_note(self, transaction: Transaction, commits: Sequence[PlannedCommit], progress: str) -> list[str]:
        """The ids of the commits; in a dry run none are made, and what they would change is noted."""
        if not self._dry:
            return transaction.publish(commits, progress) if commits else []
        for commit in commits:
            note(self.noted, transaction.tip, commit.changes)
        return []

    def _judge(self, tip: Snapshot, group: Sequence[Ready]) -> tuple[dict[str, DocumentResult], list[Ready], list[Ready]]:
        """Splits a group into (already decided, to land, to prepare again under another name)."""
        if tip.commit == self.tip:
            return {}, list(group), []
        refuse_newer_settings(tip)
        results: dict[str, DocumentResult] = {}
        landing, again = [], []
        with known_at(self.catalog, tip) as known:
            for ready in group:
                verdict = document_commits.judge(ready, known)
                if verdict.outcome:
                    item = replace(ready.item, outcome=verdict.outcome, reason=verdict.reason)
                    results[_key(item)] = undone(item)
                elif verdict.other_name:
                    again.append(replace(ready, item=self._named_otherwise(ready.item, known)))
                else:
                    landing.append(ready)
        self.tip = tip.commit
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
        started = time.perf_counter()
        author = self.session.author if self.session else None
        changes = refresh.refresh(self.store, self.run, self.catalog, self.settings, self.listener, author)
        self.page_changes.add(changes)
        self._phases["pages"] = self._phases.get("pages", 0.0) + time.perf_counter() - started

    def report(self, result: DocumentResult) -> None:
        """Tells the outcome of one document and counts it."""
        self.counts[result.outcome] += 1
        done = sum(count for outcome, count in self.counts.items() if outcome.is_commit or outcome is Outcome.UNCHANGED)
        self.advance(committed=done, failed=self.counts[Outcome.FAILED])
        self.listener.document(result)
        if self._timings and result.phases:
            self.listener.timing(result.document, result.phases)

    def advance(self, **changes: int) -> None:
        """Changes the numbers of the progress."""
        self.progress = replace(self.progress, **changes)
        self.listener.progress(self.progress)

    def clean_up(self) -> None:
        """What is due after a run: the cache within its limit, few packs; the seconds of the whole are told."""
        from gitkb.intake.prepare.cache import Cache

        Cache(self.store.local / "cache").trim(CACHE_BYTES)
        self.store.maintain()

    def tell_phases(self) -> None:
        """The seconds of the run's own phases, where they are wanted."""
        if self._timings:
            self.listener.timing("", self._phases)


def jobs_of(items: Sequence[Item]) -> list[Job]:
    """The jobs of those items that are to be prepared."""
    return [Job(item.source, item.document, item.sha256) for item in items if item.outcome is None]


def _key(item: Item) -> str:
    """What tells the documents of a run apart: their sources, or where there are none their names."""
    return item.document if item.again else item.source.path


def undone(entry: Item | Ready) -> DocumentResult:
    """The result of a source that was not committed: decided before, or failed while it was prepared."""
    item = entry.item if isinstance(entry, Ready) else entry
    if isinstance(entry, Ready):
        reason = " ".join(part for part in (entry.prepared.error, entry.prepared.hint) if part)
        seconds = sum((entry.prepared.phases or {}).values())
        return DocumentResult(item.document, item.source.path, Outcome.FAILED, reason, seconds=seconds, url=_url(item))
    before = item.before if item.outcome is Outcome.RENAMED else ""
    outcome = item.outcome or Outcome.FAILED
    return DocumentResult(item.document, item.source.path, outcome, item.reason, before=before, url=_url(item))


def _landed(ready: Ready, outcome: Outcome, commit: str, phases: dict[str, float]) -> DocumentResult:
    item, before = ready.item, ready.item.before if outcome is Outcome.RENAMED else ""
    seconds = sum(phases.values())
    title, url = ready.prepared.title, _url(item)
    return DocumentResult(item.document, item.source.path, outcome, "", commit, seconds, title, phases, before, url)


def _url(item: Item) -> str:
    return item.source.page.url if item.source.page else ""
