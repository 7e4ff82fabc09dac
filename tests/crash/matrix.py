"""The crash matrix: every scene, disturbed at every state-changing system call. One command, one summary line.

    python -m tests.crash.matrix [--jobs N] [--kills] [--errors] [--others] [--only SCENE]... [--near WORDS]
                                 [--sample N --seed S] [--log FILE]

Kills: SIGKILL on entering each call. Errors: each call fails with ENOSPC, EIO, EACCES or EMFILE, where it can. Others: the n-th
call of *any* process or thread of the run (workers, the git program) is its last, or fails. `--log` keeps what was done, one
JSON object a line, and a second run with it goes on from there. The exit code is 1 if any rule was broken.
"""

import argparse
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.crash import oracle, strace
from tests.crash.scenes import SCENES, Scene
from tests.crash.strace import PROCESSES, Call, Runner
from tests.support.isolation import isolate

_CREATES = frozenset("mkdir mkdirat link linkat symlink symlinkat rename renameat renameat2 ftruncate fsync fdatasync".split())
_NAMES = frozenset("unlink unlinkat rmdir chmod fchmod fchmodat utimensat".split())
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True)
class Point:
    """One trial: the scene, the call, and what happens there: "" for death, else the name of an error. With `follow` the call
    is the n-th of its name in whichever process or thread comes to it first."""

    scene: str
    call: Call
    number: int
    error: str = ""
    follow: bool = False

    @property
    def kind(self) -> str:
        return "other" if self.follow else "error" if self.error else "kill"

    @property
    def key(self) -> str:
        return f"{self.scene}/{self.kind}/{self.call.name}/{self.call.nth}/{self.error}"


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a point: how the command ended, whether the disturbance happened, which rules were broken."""

    key: str
    kind: str
    what: str
    code: int
    happened: bool
    faults: tuple[tuple[str, str], ...]


def errors_of(call: Call) -> Iterator[str]:
    """The errors that a call can give."""
    if call.name in PROCESSES:
        return
    if call.name.startswith(("open", "creat")):
        yield from ("ENOSPC", "EIO", "EACCES", "EMFILE")
    elif "write" in call.name or call.name in ("fallocate", "copy_file_range", "sendfile"):
        yield from ("ENOSPC", "EIO")
    elif call.name in _CREATES:
        yield from ("ENOSPC", "EIO", *(() if "sync" in call.name or call.name == "ftruncate" else ("EACCES",)))
    elif call.name in _NAMES:
        yield from ("EIO", "EACCES")


def thinned(calls: Sequence[Call]) -> list[Call]:
    """The calls; of a row of writes to the catalog's own files the first, the middle and the last: the catalog is a cache."""
    found: list[Call] = []
    row: list[Call] = []
    for call in [*calls, None]:
        if call is not None and call.name == "pwrite64" and "catalog.sqlite" in call.line:
            row.append(call)
            continue
        found += [row[i] for i in sorted({0, len(row) // 2, len(row) - 1})] if row else []
        row = []
        if call is not None:
            found.append(call)
    return found


@dataclass
class Matrix:
    """Makes every scene once and tries the points on copies; `folder` is for all of it."""

    folder: Path
    runner: Runner
    wanted: dict[str, oracle.Wanted] = field(default_factory=dict)
    calls: dict[str, list[Call]] = field(default_factory=dict)

    def make(self, scene: Scene) -> None:
        """The scene, an undisturbed run of it, and that run's calls."""
        base, trial = self.folder / "scenes" / scene.name / "top", self.folder / "scenes" / scene.name / "trial"
        base.mkdir(parents=True)
        scene.make(self.runner, base)
        oracle.copy(base, trial)
        self.wanted[scene.name] = oracle.wanted(self.runner, scene, trial)
        self.calls[scene.name] = self.calls_of(scene)

    def calls_of(self, scene: Scene) -> list[Call]:
        """The state-changing calls of an undisturbed run."""
        base, trial = self.folder / "scenes" / scene.name / "top", self.folder / "scenes" / scene.name / "trial"
        oracle.copy(base, trial)
        calls, ran = self.runner.calls(scene.arguments(trial), trial)
        assert ran.code == 0, ran
        return calls

    def points(self, scene: Scene, kinds: Sequence[str], everything: bool) -> list[Point]:
        """All trials of a scene."""
        calls = self.calls[scene.name] if everything else thinned(self.calls[scene.name])
        numbered = list(enumerate(calls))
        found = [Point(scene.name, call, n) for n, call in numbered if "kill" in kinds]
        found += [Point(scene.name, call, n, error) for n, call in numbered if "error" in kinds for error in errors_of(call)]
        if "other" in kinds:
            names = Counter(call.name for call in self.calls[scene.name])
            for name, count in sorted(names.items()):
                steps = sorted({1, 2, 3, 5, 8, 13, 21, 34, 55} & set(range(count + 3)))
                errors = ("", *errors_of(Call(name, 1, "")))
                found += [Point(scene.name, Call(name, n, ""), n, error, True) for n in steps for error in errors]
        return found

    def try_point(self, point: Point) -> Trial:
        """One trial, in a folder of this process."""
        scene = next(scene for scene in SCENES if scene.name == point.scene)
        own = self.folder / f"process-{os.getpid()}"
        (own / "said").mkdir(parents=True, exist_ok=True)
        runner, top = Runner(own / "said", self.runner.fresh, self.runner.prepare), own / "top"
        oracle.copy(self.folder / "scenes" / scene.name / "top", top)
        arguments = scene.arguments(top)
        if point.error:
            ran = runner.fail(arguments, top, point.call, point.error, follow=point.follow)
        else:
            ran = runner.kill(arguments, top, point.call, follow=point.follow)
        happened = ran.killed or runner.injected()
        look = oracle.Look(runner, scene, top, self.wanted[scene.name], ran, point.number)
        faults = tuple((str(fault.kind), fault.said) for fault in look())
        return Trial(point.key, point.kind, point.call.what, ran.code, happened, faults)


def keep_compiled(folder: Path) -> None:
    """Let workers find their modules compiled, also in a fresh clone; nothing of it is written where calls are counted."""
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def runner_below(folder: Path, fresh: bool = False) -> Runner:
    """A runner with everything loaded, whose output goes below a folder."""
    for name in ("said", "trial"):
        (folder / name).mkdir()
    strace.load(Runner(folder / "said"), folder / "trial")
    return Runner(folder / "said", fresh)


def adopt_orphans() -> None:
    """Let this process become the parent of what its dead children leave, so that it sees them end."""
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def summary(trials: Sequence[Trial], scenes: int, seconds: float) -> str:
    """One line of counts."""
    parts = []
    for kind, name in (("kill", "kills"), ("error", "errors"), ("other", "other processes")):
        of_kind = [trial for trial in trials if trial.kind == kind]
        if of_kind:
            faults = Counter(fault for trial in of_kind for fault, _ in trial.faults)
            said = ", ".join(f"{faults[kind]} {kind}" for kind in oracle.Kind)
            reached = sum(trial.happened for trial in of_kind)
            ends = Counter(trial.code for trial in of_kind if trial.happened)
            codes = ", ".join(f"{count:,} ended with {code}" for code, count in sorted(ends.items()))
            parts.append(f"{name}: {reached:,} points ({codes}): {said}")
    return f"{scenes} scenes in {seconds / 60:.1f} min; {'; '.join(parts)}"


def choose(points: list[Point], sample: int, seed: int) -> list[Point]:
    """All points, or a sample that spreads over them."""
    if not sample or sample >= len(points):
        return points
    chance = random.Random(seed)
    width = len(points) / sample
    return [points[int(chance.uniform(i * width, (i + 1) * width))] for i in range(sample)]


def run_all(matrix: Matrix, points: Sequence[Point], jobs: int) -> Iterator[Trial]:
    """The trials, as they end."""
    if jobs == 1:
        adopt_orphans()
        yield from map(matrix.try_point, points)
        return
    with multiprocessing.get_context("fork").Pool(jobs, adopt_orphans) as pool:
        yield from pool.imap_unordered(matrix.try_point, points)


def main(words: Sequence[str] | None = None) -> int:
    """The exit code."""
    options = _options(words)
    if reason := strace.missing():
        print(f"The crash matrix {reason}.", file=sys.stderr)
        return 2
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gitkb-crash-") as name:
        folder = Path(name)
        isolate(folder / "home")
        (folder / "home").mkdir()
        keep_compiled(folder)
        matrix = Matrix(folder, runner_below(folder, options.fresh))
        points = _points(matrix, options)
        done = _logged(options.log)
        trials = [trial for point in points if (trial := done.get(point.key)) is not None]
        for trial in run_all(matrix, [point for point in points if point.key not in done], options.jobs):
            trials.append(trial)
            _tell(trial, len(trials), len(points), options.log)
        print(summary(trials, len({point.scene for point in points}), time.monotonic() - started))
    return int(any(trial.faults for trial in trials))


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", action="append", choices=[scene.name for scene in SCENES])
    for kind in ("kill", "error", "other"):
        parser.add_argument(f"--{kind}s", dest="kinds", action="append_const", const=kind)
    parser.add_argument("--sample", type=int, default=0, help="so many points of each scene instead of all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--near", default="", metavar="WORDS", help="only calls whose line in strace's output holds these words")
    parser.add_argument("--everything", action="store_true", help="each single write of SQLite to the catalog too")
    parser.add_argument("--fresh", action="store_true", help="start Python anew for each run")
    parser.add_argument("--log", type=Path)
    return parser.parse_args(words)


def _points(matrix: Matrix, options: argparse.Namespace) -> list[Point]:
    points = []
    for scene in SCENES:
        if not options.only or scene.name in options.only:
            matrix.make(scene)
            kinds = options.kinds or ("kill", "error", "other")
            every = [matrix.points(scene, [kind], options.everything) for kind in kinds]
            near = [[point for point in points if options.near in point.call.line] for points in every]
            of_scene = [choose(some, options.sample, options.seed) for some in near]
            print(f"{scene.name}: {len(matrix.calls[scene.name])} calls, {sum(map(len, of_scene))} points", file=sys.stderr)
            points += [point for some in of_scene for point in some]
    return points


def _logged(log: Path | None) -> dict[str, Trial]:
    found: dict[str, Trial] = {}
    if log is not None and log.exists():
        for line in log.read_text(encoding="utf-8").splitlines():
            with suppress(ValueError, TypeError):
                values: dict[str, Any] = json.loads(line)
                values["faults"] = tuple((kind, said) for kind, said in values["faults"])
                found[values["key"]] = Trial(**values)
    return found


def _tell(trial: Trial, number: int, total: int, log: Path | None) -> None:
    if log is not None:
        with log.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({name: getattr(trial, name) for name in Trial.__slots__}) + "\n")
    for kind, said in trial.faults:
        print(f"FAULT {trial.key} [{trial.what}] exit {trial.code}: {kind}: {said}", file=sys.stderr)
    if number % 50 == 0:
        print(f"{number} of {total}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
