"""Loss of power at every step: records what a story of commands writes and fsyncs, and looks at all that a crash may leave.

    python -m tests.crash.powerloss [--draws N] [--full N] [--jobs N] [--break NAME | --breaks]

At every change, and at every report, file systems are made of what was durable then and of parts of what was not (see
`powerloss_disk`). In each of them the history of the branch must be readable and hold what had been reported; `--full` of them
also go through a person's commit, `gitkb recover`, `gitkb add` and `gitkb check`. The last line says how many there were.
"""

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.powerloss_broken import BREAKS
from tests.crash.powerloss_disk import Keep, State, fingerprint, losses, one_by_one
from tests.crash.powerloss_oracle import Broken, Oracle
from tests.crash.powerloss_scene import Recording, discard, tell

SEED = 4
PLACE = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@dataclass
class Tally:
    """What was looked at. `others` are states whose branch only the person's git had written."""

    points: int = 0
    made: int = 0
    states: int = 0
    full: int = 0
    others: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.points += other.points
        self.made += other.made
        self.states += other.states
        self.full += other.full
        self.others += other.others
        self.faults += other.faults


def _history(path: str) -> bool:
    return path.startswith("kb/.git/") and not path.startswith(("kb/.git/gitkb", "kb/.git/logs", "kb/.git/refs/gitkb"))


def _everything(path: str) -> bool:
    return not path.startswith(("kb/.git/gitkb/cache", "kb/.git/logs"))


@dataclass
class Search:
    """Goes through points of a recording. `full` is the share of states that go through the whole aftermath."""

    recording: Recording
    oracle: Oracle
    draws: int
    full: float
    singles: float
    until_fault: bool = False
    seen: set[tuple[str, int]] = field(default_factory=set)
    fully: set[tuple[str, int]] = field(default_factory=set)
    tally: Tally = field(default_factory=Tally)

    def __call__(self, points: Sequence[int]) -> Tally:
        for point in points:
            self.tally.points += 1
            for name, keep in self._ways(point):
                self.tally.made += 1
                self._look(point, name, self.recording.disk.state(point, keep))
                if self.until_fault and self.tally.faults:
                    return self.tally
        return self.tally

    def _ways(self, point: int) -> Iterator[tuple[str, Keep]]:
        yield from losses(SEED, point, self.draws)
        loose = self.recording.disk.loose(point)
        dice = random.Random(f"singles {point}")
        yield from one_by_one([index for index in loose if dice.random() < self.singles])

    def _look(self, point: int, name: str, state: State) -> None:
        reports = self.oracle.reported(point)
        wanted = len(reports)
        if not wanted:
            return
        if self.oracle.gits_own(state):
            self.tally.others += 1
            return
        history = (fingerprint(state, _history), wanted)
        whole = (fingerprint(state, _everything), wanted)
        dice = random.Random(f"full {whole}")
        try:
            if history not in self.seen:
                self.seen.add(history)
                self.tally.states += 1
                self.oracle.make(state)
                self.oracle.history(reports)
            if whole not in self.fully and dice.random() < self.full:
                self.fully.add(whole)
                self.tally.full += 1
                self.oracle.make(state)
                self.oracle.aftermath(state, reports, str(whole))
        except Broken as fault:
            self.tally.faults.append(f"at {point} ({self.recording.step(point)}), {name}: {fault}")


def _part(work: tuple[Recording, Path, int, int, float, float, bool, list[int]]) -> Tally:
    recording, folder, number, draws, full, singles, until_fault, points = work
    place = folder / f"{number:0{len(recording.top.name)}d}"
    return Search(recording, Oracle(recording, place), draws, full, singles, until_fault)(points)


def search(
    work: Path,
    *,
    broken: str = "",
    short: bool = False,
    draws: int = 3,
    full: float = 1.0,
    singles: float = 0.02,
    stride: int = 1,
    jobs: int = 1,
    until_fault: bool = False,
) -> Tally:
    """Records the story, broken or not, and looks at every `stride`-th point of it."""
    recording = tell(work, broken, short=short)
    discard(recording)
    wanted = {report.line for report in recording.reports}
    points = sorted(wanted | set(recording.points[:: stride or 1]))
    parts = [points[number::jobs] for number in range(jobs)]
    works = [(recording, work, number, draws, full, singles, until_fault, part) for number, part in enumerate(parts)]
    total = Tally()
    if jobs == 1:
        total.add(_part(works[0]))
    else:
        with multiprocessing.get_context("fork").Pool(jobs) as pool:
            for tally in pool.imap_unordered(_part, works):
                total.add(tally)
    return total


def main() -> int:
    """The exit code: 1 where something was lost, or a break was not noticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=3, help="random mixtures a point")
    parser.add_argument("--full", type=float, default=0.3, help="share of states that go through recovery and the next add")
    parser.add_argument("--singles", type=float, default=0.02, help="share of changes lost or kept one by one")
    parser.add_argument("--stride", type=int, default=1, help="look at every n-th point")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--break", dest="broken", default="", choices=["", *BREAKS])
    parser.add_argument("--breaks", action="store_true", help="break gitkb in each known way; all must be noticed")
    options = parser.parse_args()
    if options.breaks or options.broken:
        return _all_breaks([options.broken] if options.broken else list(BREAKS))
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="powerloss-", dir=PLACE) as folder:
        settings = {name: getattr(options, name) for name in ("draws", "full", "singles", "stride", "jobs")}
        tally = search(Path(folder), **settings)
    for fault in tally.faults[:20]:
        print(fault)
    print(
        f"power loss: {tally.points} points, {tally.made} file systems, {tally.states} different histories read,"
        f" {tally.full} recovered and continued, {tally.others} not gitkb's yet, {len(tally.faults)} faults,"
        f" {time.monotonic() - started:.0f} s"
    )
    return 1 if tally.faults else 0


def notice(folder: Path, name: str, *, short: bool = False) -> str:
    """The first fault that a break shows, "" for none: histories are read first, because that is quick."""
    recording = tell(folder, name, short=short)
    discard(recording)
    for full, singles, stride in ((0.0, 0.0, 2), (0.2, 0.01, 4)):
        points = recording.points[::stride]
        found = Search(recording, Oracle(recording, folder / "00000000"), 1, full, singles, until_fault=True)(points)
        if found.faults:
            return found.faults[0]
    return ""


def _all_breaks(names: Sequence[str]) -> int:
    missed = []
    for name in names:
        with tempfile.TemporaryDirectory(prefix="powerloss-", dir=PLACE) as folder:
            fault = notice(Path(folder), name)
        print(f"{name}: {fault[:250].strip() or 'NOT NOTICED'}", flush=True)
        missed += [] if fault else [name]
    print(f"power loss: {len(names) - len(missed)} of {len(names)} breaks noticed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
