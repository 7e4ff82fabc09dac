"""`watch`: adds what is in some folders, then what changes there, each time in a run of its own.

Invariant: between two runs nothing is held: no lock, no journal, no scratch folder. A file is added when it has not changed for a
while. Whatever ends a run, an interrupt aside, is told, and tried again at the next change or after a while; a folder that
vanished is waited for. A burst is one run.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from gitkb.errors import GitkbError, UsageError
from gitkb.intake.folder_events import LEFT_OUT, Changes
from gitkb.intake.hashing import FileMemory
from gitkb.model.listener import Progress, Scanned, WatchListener
from gitkb.model.options import AddOptions, WatchOptions
from gitkb.model.results import AddSummary, DocumentResult, GoneDocument, Older, Outcome, Private, SkipReason

FIRST_RETRY, LAST_RETRY = 5.0, 300.0
RESCAN_SECONDS = 300.0
"""Some file systems tell nothing of what other machines write."""
_LOOK_SECONDS = 2.0
_LONGEST_BURST = 5
"""So many times the settling time a burst is waited for; then what is at rest goes in."""

Add = Callable[[Sequence[Path], AddOptions, WatchListener, FileMemory], AddSummary]


def watchable(folders: Sequence[Path]) -> tuple[Path, ...]:
    """The folders, resolved; `UsageError` for what is no folder."""
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder.", "Watch the folder that the file is in.")
    return tuple(folder.resolve() for folder in folders)


class Watching(Struct):
    """`add` makes one run; `listener` hears of all of them."""

    add: Add
    folders: tuple[Path, ...]
    options: WatchOptions
    listener: WatchListener

    def __call__(self) -> None:
        """Watches until it is interrupted."""
        memory = FileMemory(self.options.settle)
        runs = _Runs(self, memory)
        with Changes(self.folders, self.listener.message, poll=self.options.poll) as changes:
            pending = set(self.folders)
            while True:
                pending = runs(pending)
                if not memory.waiting:
                    self.listener.idle(self.folders)
                pending |= self._next(changes, runs)

    def _next(self, changes: Changes, runs: "_Runs") -> set[Path]:
        """The folders to look at next, when it is time: what changed has settled, or a run is to be tried again."""
        rescan = time.monotonic() + RESCAN_SECONDS
        while True:
            if other := changes.follow():
                return set(other)
            left = min(rescan, runs.due) - time.monotonic()
            if left <= 0:
                return set(self.folders)
            changed = changes.wait(min(left, _LOOK_SECONDS))
            if changed is not None:
                return {changed} | self._settled(changes)

    def _settled(self, changes: Changes) -> set[Path]:
        """Waits until a burst has ended, and not for ever; what else changed in it."""
        found: set[Path] = set()
        until = time.monotonic() + self.options.settle * _LONGEST_BURST
        while (left := until - time.monotonic()) > 0:
            changed = changes.wait(min(self.options.settle, left))
            if changed is None:
                break
            found.add(changed)
        return found


class _Runs:
    """Makes the runs, and knows when one that failed is to be tried again, or a file that was being written may be at rest."""

    def __init__(self, watching: Watching, memory: FileMemory) -> None:
        self._watching, self._memory = watching, memory
        self._retry = FIRST_RETRY
        self._due = float("inf")
        self._seen: set[Path] = set()
        self._said: dict[str, DocumentResult] = {}
        self._staying: set[str] = set()
        self._missing: set[Path] = set()
        self._error = ""

    @property
    def due(self) -> float:
        """When to look again without a change, as `time.monotonic` counts."""
        return self._due

    def __call__(self, folders: set[Path]) -> set[Path]:
        """Adds what is new in the folders; those that must be tried again."""
        there = [folder for folder in self._watching.folders if folder in folders and self._is_there(folder)]
        self._due = float("inf")
        if not there:
            return set()
        self._memory.begin()
        try:
            self._run(there)
            self._memory.complete = True
        except (GitkbError, OSError) as error:
            self._memory.complete = False
            self._tell(error)
            self._due = time.monotonic() + self._retry
            self._retry = min(2 * self._retry, LAST_RETRY)
            return set(there)
        self._retry, self._error = FIRST_RETRY, ""
        if self._memory.waiting:
            self._due = time.monotonic() + max(0.0, self._memory.ready_at - time.time()) + 0.01
            return set(there)
        return set()

    def _run(self, there: Sequence[Path]) -> None:
        listener = self._watching.listener
        options = self._watching.options.add
        known = all(folder in self._seen for folder in there)
        options = replace(options, exclude=(*options.exclude, *LEFT_OUT), update=options.update or known, current=known)
        news = _News(listener, self._said, self._staying, self._memory, first=not known)
        summary = self._watching.add(there, options, news, self._memory)
        self._seen.update(there)
        listener.ran(summary)

    def _is_there(self, folder: Path) -> bool:
        if folder.is_dir():
            self._missing.discard(folder)
            return True
        if folder not in self._missing:
            self._missing.add(folder)
            self._watching.listener.missing_folder(folder)
        return False

    def _tell(self, error: GitkbError | OSError) -> None:
        """An error once, not each time that it is met again."""
        message = (
            error.message if isinstance(error, GitkbError) else f"The system refused: {(error.strerror or str(error)).lower()}."
        )
        if message != self._error:
            self._error = message
            self._watching.listener.failed(message, error.hint if isinstance(error, GitkbError) else "")


class _News(WatchListener):
    """Passes on what was not said before: a file that is skipped, or failed, for the same reason as last time is no news."""

    def __init__(
        self, listener: WatchListener, said: dict[str, DocumentResult], staying: set[str], memory: FileMemory, *, first: bool
    ) -> None:
        """`said`: the last result of each source. `staying`: documents that were already reported to stay."""
        self._listener, self._said, self._staying, self._memory, self._first = listener, said, staying, memory, first

    def message(self, text: str) -> None:
        self._listener.message(text)

    def scanned(self, event: Scanned) -> None:
        if self._first:
            self._listener.scanned(event)

    def gone(self, documents: Sequence[GoneDocument]) -> None:
        self._listener.gone(documents)

    def older(self, documents: Sequence[Older]) -> bool:
        return self._listener.older(documents)

    def private(self, documents: Sequence[Private]) -> bool:
        return False  # nobody need be there

    def progress(self, event: Progress) -> None:
        self._listener.progress(event)

    def unwritten(self, what: str) -> None:
        self._listener.unwritten(what)

    def timing(self, document: str, phases: Mapping[str, float]) -> None:
        self._listener.timing(document, phases)

    def staying(self, documents: Sequence[GoneDocument]) -> None:
        news = [each for each in documents if each.document not in self._staying]
        if news and not self._memory.waiting:  # a file that is not looked at yet may be one that moved
            self._staying.update(each.document for each in news)
            self._listener.staying(news)

    def document(self, result: DocumentResult) -> None:
        before = self._said.get(result.source)
        self._said[result.source] = result
        if result.outcome is Outcome.FAILED or result.skipped in (SkipReason.EMPTY, SkipReason.PRIVATE):
            self._memory.failed(result.source)
        known = before is not None and (before.outcome, before.reason) == (result.outcome, result.reason)
        unchanged = result.skipped is SkipReason.UNCHANGED
        if self._first or not (unchanged or (known and result.outcome is Outcome.SKIPPED)):
            self._listener.document(result)
