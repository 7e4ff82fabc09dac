"""SIGINT, SIGTERM and SIGHUP at many moments of many commands: what was reported stays, nothing is left behind, all goes on.

    python -m tests.crash.signals [--moments N] [--seed N]

The signal is sent at a step that is drawn (see `signalled`), sometimes twice. The last line says how often it arrived in time.
"""

import argparse
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
COMMANDS = ("add", "remove", "push", "refresh")
WORDS = "the same command goes on from there"
MARK = "GITKB_TEST_MARK"


@dataclass(frozen=True, slots=True)
class Scene:
    """A knowledge base for each command to begin with, what an undisturbed run ends in, and how many steps it takes."""

    start: Path
    docs: Path
    tree: str
    steps: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code (negative: killed by that signal), its words, how many signals were sent."""

    code: int
    out: str
    err: str
    sent: int


def gitkb(*arguments: str | Path) -> str:
    """What an undisturbed command prints; it must succeed."""
    done = subprocess.run([sys.executable, "-m", "gitkb", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def git(folder: Path, *arguments: str) -> str:
    """What git prints."""
    return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True).stdout


def write_documents(docs: Path, names: Sequence[str]) -> None:
    """A folder of small documents."""
    docs.mkdir()
    for name in names:
        text = f"# On {name}\n\nA checkpoint is a point in the log of {name} from which its recovery starts its work again.\n"
        (docs / f"{name}.md").write_text(text, encoding="utf-8")


def arguments_of(command: str, kb: Path, docs: Path) -> list[str]:
    """The command line that is disturbed."""
    words = {
        "add": ["add", str(docs), "--json", "--jobs", "2"],
        "remove": ["remove", "docs/one"],
        "push": ["push"],
        "refresh": ["refresh"],
    }
    return [*words[command], "--kb", str(kb)]


def prepare(command: str, top: Path) -> Scene:
    """Makes the scene of a command below an empty folder."""
    start, docs = top / "start", top / "docs"
    write_documents(docs, ["one", "two", "three", "four", "five"])
    gitkb("init", start)
    if command != "add":
        gitkb("add", docs, "--kb", start, "--jobs", "1")
    if command == "push":
        git(top, "clone", "-q", "--bare", str(start), "hub.git")
        git(start, "remote", "add", "origin", "../hub.git")
        gitkb("remove", "docs/two", "--kb", start)
    if command == "refresh":
        person = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        git(start, "rm", "-q", "-r", ".gitkb/documents/docs/one.json", "raw/docs/one.md")
        git(start, "rm", "-q", "wiki/sources/docs/one.md", "wiki/summaries/docs/one.md")
        git(start, *person, "commit", "-q", "-m", "one is gone")
    whole = copy(Scene(start, docs, "", 0), top / "whole")
    run_signalled(arguments_of(command, whole, docs), top, signal.SIGTERM, 0)
    steps = int((top / "count").read_text(encoding="ascii").split()[0])
    return Scene(start, docs, git(whole, "rev-parse", "HEAD^{tree}"), steps)


def copy(scene: Scene, kb: Path) -> Path:
    """A fresh copy of the scene's knowledge base, with a hub of its own."""
    kb.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(scene.start, kb, symlinks=True)
    hub = scene.start.parent / "hub.git"
    if hub.exists() and not (kb.parent / "hub.git").exists():
        shutil.copytree(hub, kb.parent / "hub.git")
    return kb


def run_signalled(arguments: Sequence[str], top: Path, number: int, step: int, second: int = 0) -> Ended:
    """Runs a command that signals itself; see `signalled`."""
    count = top / "count"
    count.write_text("0 1", encoding="ascii")
    command = [sys.executable, "-m", "tests.crash.signalled", str(count), str(int(number)), str(step), str(second), *arguments]
    env = os.environ | {"PYTHONPATH": str(ROOT), MARK: str(top)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False)
    return Ended(done.returncode, done.stdout, done.stderr, int(count.read_text(encoding="ascii").split()[1]))


def descendants(top: Path, patience: float = 0) -> list[str]:
    """The command lines of living processes that a run below `top` has started; each gets `patience` seconds to end."""
    mark, found = f"{MARK}={top}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark not in (process / "environ").read_bytes().split(b"\0") or "State:\tZ" in (process / "status").read_text():
                continue
            name, watch = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(), os.pidfd_open(int(process.name))
        except OSError:
            continue
        if not select.select([watch], [], [], patience)[0]:
            found.append(name)
        os.close(watch)
    return found


def left_over(kb: Path) -> list[str]:
    """What a run may leave behind."""
    folder = kb / ".git"
    left = [file for file in folder.rglob("*.lock") if file != folder / "gitkb/lock"]
    left += [
        *folder.glob("objects/pack/*.keep"),
        *folder.rglob("tmp_*"),
        *folder.glob("gitkb/runs/*"),
        *folder.glob("worktrees/*"),
    ]
    left += folder.glob("refs/gitkb/in-progress/*")
    return [str(file.relative_to(kb)) for file in left]


def disturb(scene: Scene, command: str, top: Path, number: int, step: int, second: int = 0) -> Ended:
    """Disturbs a command and raises `AssertionError` where something is not as it must be."""
    kb = copy(scene, top / "kb")
    arguments = arguments_of(command, kb, scene.docs)
    ended = run_signalled(arguments, top, number, step, second)
    context = f"{command}, signal {number} at step {step}, second {second}: {ended}"
    # Nobody is left to kill the workers of a process that stopped at once: they notice by themselves.
    living = descendants(top, patience=60 if ended.code < 0 else 0)
    assert not living, (context, living)
    if not second:
        assert ended.code in (0, SIGNALS[signal.Signals(number)]), context
        assert left_over(kb) == [], (context, left_over(kb))
        assert git(kb, "status", "--porcelain") == "", context
        assert ended.code in (0, 129) or not ended.err or WORDS in ended.err, context
    events = [json.loads(line) for line in ended.out.splitlines() if line.startswith('{"event"')]
    reported = {event["document"] for event in events if event.get("outcome") == "added"}
    gitkb("recover", "--kb", kb)
    assert left_over(kb) == [], (context, left_over(kb))
    assert git(kb, "status", "--porcelain") == "", context
    assert reported <= {row["document"] for row in json.loads(gitkb("list", "--json", "--kb", kb))}, context
    gitkb("check", "--kb", kb)
    if command == "remove":
        # It may be gone already, and only the pages wait.
        subprocess.run([sys.executable, "-m", "gitkb", *arguments], capture_output=True, check=False)
        gitkb("refresh", "--kb", kb)
    else:
        gitkb(*arguments)
    assert git(kb, "rev-parse", "HEAD^{tree}") == scene.tree, context
    if command == "push":
        assert git(kb, "rev-parse", "HEAD") == git(top / "hub.git", "rev-parse", "main"), context
    git(kb, "fsck", "--strict")
    return ended


def main() -> int:
    """The exit code: 1 where something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moments", type=int, default=100)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--commands", nargs="*", default=COMMANDS, choices=COMMANDS)
    options = parser.parse_args()
    dice, codes, faults = random.Random(options.seed), dict[int, int](), 0
    with tempfile.TemporaryDirectory(prefix="signals-") as folder:
        scenes = {}
        for command in options.commands:
            (Path(folder) / command).mkdir()
            scenes[command] = prepare(command, Path(folder) / command)
        for moment in range(options.moments):
            command, number = dice.choice(options.commands), dice.choice(list(SIGNALS))
            step, second = dice.randint(1, scenes[command].steps), dice.choice((0, 0, 0, 1, 5, 25))
            try:
                ended = disturb(scenes[command], command, Path(folder) / f"moment-{moment}", number, step, second)
                codes[ended.code] = codes.get(ended.code, 0) + 1
            except AssertionError as fault:
                faults += 1
                print(str(fault)[:1500], flush=True)
            shutil.rmtree(Path(folder) / f"moment-{moment}")
    print(f"signals: {options.moments} moments, exit codes {dict(sorted(codes.items()))}, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
