"""Keeps the counts, progress and seconds of one run, and reports each change to the listener."""

from typing import Any, TypeVar

from msgspec.structs import replace

from gitkb.model.listener import Listener, Progress
from gitkb.model.results import CompileSummary, DocumentResult, Outcome, PageChanges

S = TypeVar("S", bound=CompileSummary)


class Outcomes:
    """The outcomes of one run. With `timings` the listener hears of seconds by phase, too."""

    def __init__(self, listener: Listener, *, timings: bool) -> None:
        self.counts = dict.fromkeys(Outcome, 0)
        self.progress = Progress()
        self._listener, self._timings = listener, timings
        self._phases: dict[str, float] = {}

    def report(self, result: DocumentResult) -> None:
        """Tells the outcome of one document and counts it."""
        self.counts[result.outcome] += 1
        done = sum(count for outcome, count in self.counts.items() if outcome.is_commit or outcome is Outcome.UNCHANGED)
        self.advance(committed=done, failed=self.counts[Outcome.FAILED])
        self._listener.document(result)
        if self._timings and result.phases:
            self._listener.timing(result.document, result.phases)

    def summary(self, kind: type[S], branch: str, commit: str, pages: PageChanges | None = None) -> S:
        """The end of the run as a command tells it: how many sources had each of its outcomes, and where the branch stands."""
        counts: dict[str, Any] = {each.value: n for each, n in self.counts.items() if each.value in kind.__struct_fields__}
        return kind(branch=branch, commit=commit, pages=pages or PageChanges(), **counts)

    def advance(self, **changes: int) -> None:
        """Changes the numbers of the progress."""
        self.progress = replace(self.progress, **changes)
        self._listener.progress(self.progress)

    def spend(self, phase: str, seconds: float) -> None:
        """Adds seconds to a phase of the run itself."""
        self._phases[phase] = self._phases.get(phase, 0.0) + seconds

    def tell_phases(self) -> None:
        """Reports the seconds of the run's own phases if timings are wanted."""
        if self._timings:
            self._listener.timing("", self._phases)
