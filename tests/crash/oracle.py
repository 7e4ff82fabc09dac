"""What must hold after a process was killed, or a system call failed, at any point of a scene.

Invariant: every rule is looked at on the real repository, with git and gitkb as programs; a broken rule is a `Fault` of one
`Kind`. Nothing here knows how gitkb works inside, but for the names of what it may leave behind.
"""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from tests.crash.scenes import WORDS, Scene, at, git
from tests.crash.strace import Ran, Runner

ORPHAN_SECONDS = 60
MINE = "mine.txt"
PAGE = "wiki/index.md"
CODES = frozenset({0, 1, 3})


class Kind(StrEnum):
    """What kind of rule was broken."""

    LOST = "lost"
    LEFT = "left over"
    BROKEN = "broken"
    OTHER = "other end"
    WORDS = "bad message"


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule."""

    kind: Kind
    said: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """An undisturbed run: its tip's files, the tree of its documents, the names of what it cached, the tip it started from."""

    files: Mapping[str, str]
    documents: str
    cached: frozenset[str]
    start: str


def wanted(runner: Runner, scene: Scene, top: Path) -> Wanted:
    """What an undisturbed run in this folder leads to."""
    start = tip(top)
    for command in (scene.command, scene.then):
        if command:
            ran = runner.run(at(top, command), top)
            assert ran.code == 0, ran
    for page in scene.edits:
        assert has_words(top, page), page
    return Wanted(files(top), documents(top), frozenset(cache(top)), start)


def tip(top: Path) -> str:
    return git(top / "kb", "rev-parse", "refs/heads/main").stdout.strip()


def files(top: Path, repository: str = "kb") -> dict[str, str]:
    """The blobs of the tip by path."""
    listed = git(top / repository, "ls-tree", "-r", "-z", "refs/heads/main").stdout
    return {line.partition("\t")[2]: line.split()[2] for line in listed.split("\0") if line}


def documents(top: Path) -> str:
    return git(top / "kb", "rev-parse", "refs/heads/main:.gitkb/documents", check=False).stdout.strip()


def cache(top: Path) -> dict[str, tuple[int, int]]:
    """(inode, time of change) of all cached conversions and digests, by name. Notes that a document failed are neither."""
    found = {}
    for file in (git_dir(top) / "gitkb" / "cache").glob("*/*"):
        if not file.stat().st_size:
            continue
        status = file.stat()
        found[f"{file.parent.name}/{file.name}"] = (status.st_ino, status.st_mtime_ns)
    return found


def git_dir(top: Path) -> Path:
    return top / "kb" / ".git" if (top / "kb" / ".git").is_dir() else top / "kb"


def has_words(top: Path, page: str) -> bool:
    """Whether a person's words in a page are in the branch, in the worktree, or kept under a ref."""
    kb = top / "kb"
    if (kb / page).is_file() and WORDS in (kb / page).read_text("utf-8"):
        return True
    if WORDS in git(kb, "show", f"refs/heads/main:{page}", check=False).stdout:
        return True
    # A rescue that was killed itself no longer knows the path.
    refs = git(kb, "for-each-ref", "--format=%(refname)", "refs/gitkb/rescue").stdout.split()
    return any(git(kb, "grep", "-q", WORDS, ref, check=False).returncode == 0 for ref in refs)


def left_over(top: Path) -> list[str]:
    """What a run may not leave behind: locks, runs, journals, scratch worktrees, temporary files."""
    folder = git_dir(top)
    found = list(folder.rglob("*.lock"))
    for pattern in ("objects/**/*.keep", "objects/**/tmp_*", "objects/**/pack_git2_*", "worktrees/*", "gitkb/runs/*"):
        found += folder.glob(pattern)
    found += [item for item in (folder / "gitkb").glob("cache/*/*") if not re.fullmatch("[0-9a-f]{62}", item.name)]
    usual = {"lock", "runs", "cache", "whole", "chats", "repack", "seal", "sealed", "hardened"}
    found += [i for i in (folder / "gitkb").iterdir() if i.name not in usual and not i.name.startswith("catalog.sqlite")]
    found += (folder / "refs" / "gitkb" / "in-progress").glob("*") if (folder / "refs" / "gitkb" / "in-progress").exists() else []
    found += [item for item in (top / "kb").iterdir() if item.name.startswith(".gitkb-")]
    return sorted({item.relative_to(top).as_posix() for item in found} - {(folder / "gitkb/lock").relative_to(top).as_posix()})


def orphans_end() -> bool:
    """Whether every process that the killed one left behind ended by itself; this process adopts them."""
    deadline = time.monotonic() + ORPHAN_SECONDS
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.005)
        except ChildProcessError:
            return True
    return False


@dataclass
class Look:
    """Looks at one folder after a run was disturbed there; `faults` collects what is wrong."""

    runner: Runner
    scene: Scene
    top: Path
    wanted: Wanted
    ran: Ran
    number: int
    faults: list[Fault] = field(default_factory=list)
    recovered: bool = False
    mine: set[str] = field(default_factory=set)

    def __call__(self) -> list[Fault]:
        """All rules, in the order of what a person would do: look, commit, recover, check, go on, check."""
        try:
            self._look()
        except subprocess.CalledProcessError as error:
            self._fault(Kind.BROKEN, f"git cannot read it: {error.stderr[-300:]}")
        except (TimeoutError, subprocess.TimeoutExpired) as error:
            self._fault(Kind.OTHER, f"a command does not end: {error}")
        return self.faults

    def _look(self) -> None:
        self._said()
        self._reported()
        self._fsck("right after")
        self._person()
        self._recover()
        if not orphans_end():
            self._fault(Kind.LEFT, "processes still run")
        self._standing("after recovery")
        before = cache(self.top)
        self._go_on()
        self._standing("at the end")
        self._end(before)

    def _fault(self, kind: Kind, said: str) -> None:
        self.faults.append(Fault(kind, said))

    def _said(self) -> None:
        """A process that was not killed says what failed and what to do, and ends with a documented code."""
        ran = self.ran
        if ran.killed:
            return
        if ran.code not in CODES:
            self._fault(Kind.WORDS, f"exit code {ran.code}: {ran.err[-300:]}")
        if re.search(r"Traceback|failed where it should not have|Errno|Exception", ran.err + ran.out):
            self._fault(Kind.WORDS, ran.err[-600:])
        if ran.code == 1 and not re.search(r"^error: .{12,}\nhint:  .{12,}", ran.err, re.MULTILINE):
            self._fault(Kind.WORDS, f"no reason or no remedy: {ran.err[-300:]}")
        if ran.code == 0:
            # What succeeds is whole without any recovery.
            self._standing("after success")
            if not self.scene.then:
                self._same_files("after success")

    def _reported(self) -> None:
        """What was reported is in the tip, and the tip is not behind where it was."""
        for event in _reports(self.ran.out):
            commit = str(event.get("commit", ""))
            if commit and not self._holds(commit):
                self._fault(Kind.LOST, f"reported commit {commit} is not in the branch: {event}")
            document = f".gitkb/documents/{event.get('document')}.json"
            if event.get("outcome") in ("added", "updated", "renamed", "recompiled") and document not in files(self.top):
                self._fault(Kind.LOST, f"{event['document']} was reported and is not in the tip")
        if not self._holds(self.wanted.start):
            self._fault(Kind.LOST, "the branch lost the commit it started from")

    def _holds(self, commit: str) -> bool:
        return git(self.top / "kb", "merge-base", "--is-ancestor", commit, "refs/heads/main", check=False).returncode == 0

    def _fsck(self, when: str) -> None:
        for repository in ("kb", "hub.git") if self.scene.hub else ("kb",):
            done = git(self.top / repository, "fsck", "--strict", "--no-dangling", check=False)
            if done.returncode or "broken" in done.stdout + done.stderr:
                self._fault(Kind.BROKEN, f"git fsck of {repository} {when}: {(done.stdout + done.stderr)[-300:]}")

    def _person(self) -> None:
        """In two of three cases a person commits at once: it fails cleanly, or holds what is theirs and nothing else."""
        kb = self.top / "kb"
        if self.scene.bare or self.number % 3 == 0:
            return
        if self.number % 3 == 1:
            (kb / MINE).write_text("mine\n", encoding="utf-8")
            self.mine = {MINE}
            git(kb, "add", MINE, check=False)
            done = git(kb, "commit", "-qm", "mine", check=False)
        else:
            page = kb / PAGE
            page.write_text(f"{page.read_text(encoding='utf-8')}\n## Notes\n\n{WORDS}\n", encoding="utf-8")
            self.mine = {PAGE}
            done = git(kb, "commit", "-qam", "mine", check=False)
        if done.returncode == 0:
            touched = set(git(kb, "diff", "--name-only", "HEAD~1", "HEAD").stdout.split("\n")) - {""}
            foreign = touched - self.mine - {*self.scene.edits, *self.scene.stood}
            if foreign:
                self._fault(Kind.LOST, f"a person's commit changed {sorted(foreign)[:5]}")

    def _recover(self) -> None:
        if self.ran.code == 0 and not self.ran.killed:
            return
        before = tip(self.top)
        ran = self.runner.run(at(self.top, ("recover", "--kb", "{top}/kb")), self.top)
        if not self._holds(before):
            self._fault(Kind.LOST, "recovery moved the branch back")
        if ran.code:
            self._fault(Kind.BROKEN, f"recover ends with {ran.code}: {ran.err[-400:]}")

    def _standing(self, when: str) -> None:
        """What holds whenever no gitkb runs."""
        left = left_over(self.top)
        if left:
            self._fault(Kind.LEFT, f"{when}: {', '.join(left[:6])}")
        if not self.scene.bare:
            status = git(self.top / "kb", "status", "--porcelain", "--untracked-files=all", check=False).stdout
            edited = self.mine | {*self.scene.edits, *self.scene.stood}
            foreign = [line for line in status.splitlines() if line[3:] not in edited]
            if foreign:
                self._fault(Kind.BROKEN, f"worktree is not the tip {when}: {foreign[:5]}")
        self._fsck(when)
        ran = self.runner.run(at(self.top, ("check", "--kb", "{top}/kb", "--json")), self.top)
        if ran.code not in (0,):
            self._fault(Kind.BROKEN, f"check {when} ends with {ran.code}: {(ran.out + ran.err)[-400:]}")

    def _go_on(self) -> None:
        """The next run ends without help."""
        if not self.scene.bare and MINE in self.mine:
            # Only the comparison at the end needs it away.
            git(self.top / "kb", "rm", "-q", "-f", "--ignore-unmatch", MINE, check=False)
            (self.top / "kb" / MINE).unlink(missing_ok=True)
            git(self.top / "kb", "commit", "-qm", "mine is gone", check=False)
        command = self.scene.then or self.scene.command
        if self.scene.once and documents(self.top) == self.wanted.documents:
            command = ("refresh", "--kb", "{top}/kb")
        ran = self.runner.run(at(self.top, command), self.top)
        if ran.code:
            self._fault(Kind.BROKEN, f"the next run ends with {ran.code}: {ran.err[-400:]}")
        if re.search("did not end", ran.err):
            self._fault(Kind.LEFT, "the next run found something to recover after `gitkb recover`")

    def _end(self, before: Mapping[str, tuple[int, int]]) -> None:
        """The end is that of an undisturbed run, a person's words are there, and no conversion was done twice."""
        self._same_files("at the end")
        for page in {*self.scene.edits, *(self.mine - {MINE})}:
            if not has_words(self.top, page):
                self._fault(Kind.LOST, f"a person's words in {page}")
        now = cache(self.top)
        again = sorted(name for name, state in before.items() if now.get(name) != state)
        again += sorted(now.keys() - self.wanted.cached)
        if again:
            self._fault(Kind.OTHER, f"conversions done again: {again[:3]}")
        reported = [event for event in _reports(self.ran.out) if event.get("outcome") in ("added", "updated")]
        if len(before) < 2 * len(reported):
            self._fault(Kind.OTHER, f"{len(reported)} documents were reported, {len(before)} results cached")

    def _same_files(self, when: str) -> None:
        mine = {page for name in self.mine for page in (name, f".gitkb/edited/{name}")}
        for repository in ("kb", "hub.git") if self.scene.command[0] == "push" else ("kb",):
            now = files(self.top, repository)
            different = {path for path in now.keys() | self.wanted.files if now.get(path) != self.wanted.files.get(path)} - mine
            if different:
                self._fault(Kind.OTHER, f"{repository} {when} differs in {sorted(different)[:5]}")


def _reports(out: str) -> Iterator[dict[str, object]]:
    """The JSON objects of standard output, be they one a line or one in all; a torn last one is none."""
    with suppress(ValueError):
        whole = json.loads(out)
        yield from [whole] if isinstance(whole, dict) else []
        return
    for line in out.splitlines():
        with suppress(ValueError):
            yield json.loads(line)


def copy(scene: Path, target: Path) -> None:
    """A scene's folder once more; files keep their times, so that git's index still knows them as far as it can."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(scene, target, symlinks=True)
