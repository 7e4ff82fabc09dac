"""Runs the real command on a folder of bad inputs, watches its processes, and judges what it says and leaves behind."""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gitkb.intake.scan import stored_path
from tests.bad.case import Case
from tests.bad.generate import NEIGHBOURS

ROOT = Path(__file__).resolve().parents[2]
WORKER = b"gitkb.intake.prepare.worker"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one case; `wrong` is "" where that is right."""

    case: Case
    outcome: str
    reason: str
    seconds: float
    wrong: str


@dataclass(slots=True)
class Watch:
    """The most memory in bytes that the command and any of its workers took, and the workers that were seen."""

    owner: int = 0
    worker: int = 0
    workers: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Report:
    """The verdicts on a batch; `left` is what was left behind or is not as it must be."""

    verdicts: tuple[Verdict, ...]
    left: tuple[str, ...]
    watch: Watch
    seconds: float

    @property
    def unexpected(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.wrong]


def run(folder: Path, base: Path, cases: Sequence[Case], limits: str, *, jobs: int = 2, temporary: Path) -> Report:
    """Adds `folder` to a new knowledge base at `base`; `limits` is the text of its settings.

    The command's temporary folder is `temporary`, so that anything left there is seen. Where the tests run as root, the command
    runs without root's right to read everything.
    """
    gitkb(base.parent, temporary, "init", base.name)
    (base / ".gitkb/config.yaml").write_text(limits, "utf-8")
    git(base, "commit", "-qam", "limits")
    watch = Watch()
    started = time.monotonic()
    command = [
        *unprivileged(),
        sys.executable,
        "-m",
        "gitkb",
        "add",
        str(folder),
        "--kb",
        str(base),
        "--json",
        "--jobs",
        str(jobs),
    ]
    process = subprocess.Popen(
        command, env=environment(temporary), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=base.parent
    )
    watcher = threading.Thread(target=_watch, args=(process, watch))
    watcher.start()
    out, err = process.communicate()
    watcher.join()
    seconds = time.monotonic() - started
    events = [json.loads(line) for line in out.decode().splitlines()]
    expected = sum("unsupported" in case.outcomes for case in cases)
    verdicts = tuple(_verdict(case, folder, base, events, err.decode("utf-8", "replace"), expected) for case in cases)
    left = [*_left(base, watch, temporary), *_ended(process.returncode, err.decode("utf-8", "replace"), events, folder)]
    return Report(verdicts, tuple(left), watch, seconds)


def _verdict(case: Case, folder: Path, base: Path, events: list[dict[str, object]], err: str, expected: int) -> Verdict:
    """What the command said of a case; of what is no document it says the number, which must be the `expected` one."""
    source = f"{folder.name}/{stored_path(case.path)}"
    event = next((event for event in events if event.get("source") == source), None)
    if event is None:
        outcome = "unsupported" if f"({expected} not supported" in err else ""
        return Verdict(case, outcome, "", 0.0, case.judge(outcome, "", ""))
    outcome, reason, document = (
        "empty" if event.get("skipped") == "empty" else str(event["outcome"]),
        str(event["reason"]),
        str(event["document"]),
    )
    text = text_of(base, document) if outcome == "added" else ""
    return Verdict(case, outcome, reason, float(str(event["seconds"])), case.judge(outcome, reason, text))


def text_of(base: Path, document: str) -> str:
    """The converted text of a document: its page, and those of its chapters."""
    page = base / f"wiki/sources/{document}.md"
    chapters = sorted(page.parent.glob(f"{glob_escape(page.stem)}--*.md"))
    return "\n".join(file.read_text("utf-8") for file in (page, *chapters))


def glob_escape(name: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)


def _ended(code: int, err: str, events: list[dict[str, object]], folder: Path) -> list[str]:
    found = []
    if code not in (0, 3):
        found.append(f"the command ended with {code}: {err[-500:]}")
    if "Traceback" in err:
        found.append(f"a traceback: {err[err.index('Traceback') :][:2_000]}")
    added = {event.get("source") for event in events if event.get("outcome") == "added"}
    found += [f"the good document {name} was not added" for name in NEIGHBOURS if f"{folder.name}/{name}" not in added]
    return found


def _left(base: Path, watch: Watch, temporary: Path) -> list[str]:
    """What a run must not leave: processes, folders, files, uncommitted changes, a broken knowledge base."""
    found = [f"worker {pid} still runs" for pid in watch.workers if _is_worker(pid)]
    local = base / ".git/gitkb"
    found += [f"{file.relative_to(base)} was left" for file in (local / "runs").glob("*/*")]
    found += [f"{file} was left" for file in temporary.iterdir()]
    with (local / "repack").open("a") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # git fsck does not bear that packs are replaced while it reads
    found += [f"git status: {line}" for line in git(base, "status", "--porcelain").splitlines()]
    found += [f"git fsck: {line}" for line in git(base, "fsck", "--strict", "--no-dangling").splitlines()]
    checked = gitkb(base, temporary, "check", check=False)
    return found if checked.returncode == 0 else [*found, f"check: {checked.stdout[-500:]}{checked.stderr[-500:]}"]


def _watch(process: "subprocess.Popen[bytes]", watch: Watch) -> None:
    while process.poll() is None:
        for pid in _descendants(process.pid):
            peak = _peak(pid)
            if pid == process.pid:
                watch.owner = max(watch.owner, peak)
            elif _is_worker(pid):
                watch.workers.add(pid)
                watch.worker = max(watch.worker, peak)
        time.sleep(0.03)


def _descendants(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):  # it may end while it is looked at
            for task in Path(f"/proc/{parent}/task").glob("*/children"):
                found += map(int, task.read_text("ascii").split())
    return found


def _peak(pid: int) -> int:
    """The most memory that a process has had, in bytes."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


def _is_worker(pid: int) -> bool:
    try:
        return WORKER in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def unprivileged() -> list[str]:
    """What a command must begin with so that a file that its owner may not read cannot be read; [] where nothing is needed."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    return (
        [setpriv, "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"] if setpriv else []
    )


def can_lock() -> bool:
    """Whether a file without any permission is out of reach for the command."""
    return os.geteuid() != 0 or bool(unprivileged())


def environment(temporary: Path) -> dict[str, str]:
    person = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.org"))
    }
    isolated = {
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(temporary),
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    return os.environ | person | isolated


def gitkb(folder: Path, temporary: Path, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "gitkb", *arguments]
    return subprocess.run(command, cwd=folder, env=environment(temporary), capture_output=True, text=True, check=check)


def git(base: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(base), *arguments], env=environment(base), capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr if done.returncode else done.stdout
