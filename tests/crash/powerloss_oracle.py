"""What must hold of a file system that a loss of power left, and of the knowledge base after the next commands.

Invariant: git itself, not gitkb, says what is readable. Where the surviving branch is one that the person's own git wrote last,
nothing is demanded: gitkb has not built upon it yet.
"""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.crash.powerloss_disk import State, write
from tests.crash.powerloss_scene import CATALOG, PERSON, Recording, Report

OWN = ("wiki/", "raw/", ".gitkb/")
BY_HAND = "wiki/summaries/docs/alpha.md"
REMOVED = "docs/zeta."
"""What the person removes with git in the story."""


class Broken(AssertionError):
    """Something that was promised does not hold."""


class Oracle:
    """Makes states real in a folder of its own, one after the other, and looks at them."""

    def __init__(self, recording: Recording, folder: Path) -> None:
        self.recording, self.kb = recording, folder / "kb"
        assert len(str(folder)) == len(str(recording.top)), "paths inside the files are replaced by others of the same length"
        self.top = folder

    def reported(self, point: int) -> list[Report]:
        """What had been reported before the power went."""
        return [report for report in self.recording.reports if report.line <= point]

    def gits_own(self, state: State) -> bool:
        """Whether the person's git wrote the surviving main branch."""
        ref = state.get("kb/.git/refs/heads/main")
        return ref is not None and ref[0] in self.recording.git_nodes

    def make(self, state: State) -> None:
        """Makes a state real."""
        shutil.rmtree(self.top, ignore_errors=True)
        self.top.mkdir()
        write(state, self.top, os.fsencode(self.recording.top), os.fsencode(self.top))

    def history(self, reports: Sequence[Report]) -> None:
        """Every branch with a report is there, each object of its history is whole, and each reported commit is in it."""
        for branch in sorted({report.branch for report in reports}):
            ids = self._git("rev-list", "--objects", "--no-object-names", f"refs/heads/{branch}").split()
            there = set(ids)
            missing = [report.commit for report in reports if report.branch == branch and report.commit not in there]
            if missing:
                raise Broken(f"reported commits are not in {branch}: {missing}")
            self._whole(ids)

    def _whole(self, ids: Sequence[str]) -> None:
        command = ["git", "-C", str(self.kb), "cat-file", "--batch"]
        done = subprocess.run(command, input="\n".join(ids).encode(), capture_output=True, check=False)
        out, position = done.stdout, 0
        for oid in ids:
            end = out.find(b"\n", position)
            parts = out[position:end].split() if end >= 0 else []
            if len(parts) != 3 or parts[0] != oid.encode():
                raise Broken(f"object {oid} cannot be read: {done.stderr.decode()[:300]}")
            size = int(parts[2])
            body = out[end + 1 : end + 1 + size]
            if hashlib.sha1(b"%s %d\0" % (parts[1], size) + body, usedforsecurity=False).hexdigest() != oid:
                raise Broken(f"object {oid} has other bytes than its name says")
            position = end + 1 + size + 1

    def aftermath(self, state: State, reports: Sequence[Report], seed: str) -> None:
        """A person commits at once (or not), then recovery and the next add work, and nothing is left over or lost."""
        dice = random.Random(seed)
        for lock in self._locks_of_git(state):
            # As the message of whoever meets it says.
            lock.unlink()
        if dice.random() < 0.5:
            self._commit_by_hand()
        if dice.random() < 0.5:
            (self.top / CATALOG).parent.mkdir(exist_ok=True)
            (self.top / CATALOG).write_bytes(dice.randbytes(5000))
        self._gitkb("recover", "--kb", self.kb)
        self._look()
        self.history(reports)
        self._gitkb("add", self.recording.docs, "--kb", self.kb, "--jobs", "1")
        self._look()
        self.history(reports)
        found = json.loads(self._gitkb("check", "--json", "--kb", self.kb))
        if found["state"] != "whole":
            raise Broken(f"check says {found}")

    def _locks_of_git(self, state: State) -> list[Path]:
        nodes = self.recording.git_nodes
        return [self.top / path for path, (node, _) in state.items() if path.endswith(".lock") and node in nodes]

    def _commit_by_hand(self) -> None:
        before, branch = self._git("rev-parse", "HEAD").strip(), self._git("symbolic-ref", "HEAD").strip()
        done = self._try("commit", "-q", "--allow-empty", "-m", "mine, at once")
        if done.returncode:
            return
        # What they had staged may be lost, which is between them and git: so it may not be readable, and does not stay.
        said = self._try("diff", "--name-only", before, "HEAD").stdout
        changed = [line for line in said.splitlines() if line.startswith(OWN) and REMOVED not in line]
        self._git("update-ref", branch, before)
        if changed:
            raise Broken(f"a person's commit right after the loss changed {changed}")

    def _look(self) -> None:
        lines = self._git("status", "--porcelain", "--untracked-files=all").splitlines()
        ours = [line for line in lines if line[3:].startswith(OWN) and line != f" M {BY_HAND}"]
        strange = [line for line in ours if not (line[:2] in ("D ", " D") and REMOVED in line)]
        if strange:
            raise Broken(f"worktree and index do not follow the branch: {strange}")
        if any(line.endswith(BY_HAND) for line in lines) and b"Words of mine" not in (self.kb / BY_HAND).read_bytes():
            raise Broken(f"{BY_HAND} is neither as committed nor as edited")
        git = self.kb / ".git"
        left = [file for file in git.rglob("*.lock") if file != git / "gitkb/lock"]
        left += [*git.glob("objects/pack/*.keep"), *git.glob("gitkb/runs/*"), *git.glob("worktrees/*")]
        left += [file for file in (git / "refs/gitkb").rglob("*") if file.is_file() and "rescue" not in file.parts]
        if left:
            raise Broken(f"left over: {[str(file.relative_to(self.kb)) for file in left]}")

    def _try(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = ["git", "-C", str(self.kb), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | PERSON)

    def _git(self, *arguments: str) -> str:
        done = self._try(*arguments)
        if done.returncode:
            raise Broken(f"git {' '.join(arguments)}: {done.stderr.strip()[:300]}")
        return done.stdout

    def _gitkb(self, *arguments: str | Path) -> str:
        """A command line in a fork of this process: it costs no start of an interpreter."""
        with tempfile.TemporaryFile("w+", encoding="utf-8", dir=self.top.parent) as output:
            child = os.fork()
            if child == 0:
                code = 99
                with suppress(BaseException):
                    code = _run_here(output.fileno(), [str(argument) for argument in arguments])
                os._exit(code)
            _, status = os.waitpid(child, 0)
            output.seek(0)
            said = output.read()
        if os.waitstatus_to_exitcode(status):
            raise Broken(f"gitkb {arguments[0]} ended with {os.waitstatus_to_exitcode(status)}: {said.strip()[-600:]}")
        return said


def _run_here(output: int, arguments: list[str]) -> int:
    from gitkb.__main__ import run

    os.dup2(output, 1)
    if arguments[0] != "check":
        os.dup2(output, 2)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
    code = run([*arguments, "-v"])
    sys.stdout.flush()
    sys.stderr.flush()
    return int(code)
