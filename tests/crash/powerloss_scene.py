"""The story that is recorded for the power-loss test: a knowledge base from its first command on, and a person beside it.

Invariant: what gitkb does is recorded as it is. Of what the person does only the objects that git writes may be lost: git does
not fsync loose objects, and gitkb builds upon them. Their index, refs and files count as durable: their loss is not gitkb's.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.crash.powerloss_disk import Disk, Effect
from tests.crash.powerloss_trace import changes, record

ROOT = Path(__file__).resolve().parent.parent.parent
CATALOG = "kb/.git/gitkb/catalog.sqlite"
"""Derived; SQLite writes it through shared memory. It is left out, and the oracle puts rubbish in its place."""
PERSON = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ada"), ("EMAIL", "a@example.org"))
}


@dataclass(frozen=True, slots=True)
class Report:
    """A commit that a command had reported when the trace's line `line` was over."""

    line: int
    branch: str
    commit: str


@dataclass
class Recording:
    """All steps on one disk. `git_refs` are the nodes of ref files that the person's git wrote."""

    top: Path
    docs: Path
    disk: Disk
    reports: list[Report]
    points: list[int]
    git_nodes: frozenset[int]
    steps: list[tuple[int, str]] = field(default_factory=list)

    def step(self, point: int) -> str:
        """The command that ran at a point."""
        return next(name for end, name in self.steps if point < end)


def _text(name: str, more: str = "") -> str:
    return (
        f"# About {name}\n\nA write-ahead log is a file that holds every change of {name} before the page does.\n\n"
        f"## Recovery of {name}\n\nThe recovery process of {name} reads the write-ahead log from its last checkpoint on. {more}\n"
    )


def _documents(docs: Path) -> None:
    docs.mkdir()
    for name in ("alpha", "beta", "gamma", "delta", "epsilon", "zeta"):
        (docs / f"{name}.md").write_text(_text(name), encoding="utf-8")


class _Recorder:
    def __init__(self, work: Path, broken: str) -> None:
        self.work, self.broken = work, broken
        self.top, self.docs = work / "recorded", work / "docs"
        self.kb = self.top / "kb"
        self.lines = 0
        self.changes: list = []  # type: ignore[type-arg]
        self.reports: list[Report] = []
        self.steps: list[tuple[int, str]] = []
        self.by_git: list[tuple[int, int]] = []

    def gitkb(self, branch: str, *arguments: str | Path) -> None:
        command = [sys.executable, "-m", "tests.crash.powerloss_broken", self.broken, *map(str, arguments)]
        said = self._record(command, ROOT, " ".join(map(str, arguments[:2])))
        text, whole = "", 0
        for line, data in said:
            text += data
            while (end := text.find("\n", whole)) >= 0:
                self._report(line, branch, text[whole:end])
                whole = end + 1
        if not text.lstrip().startswith('{"event"'):
            self._report(said[-1][0] if said else 0, branch, text)

    def _report(self, line: int, branch: str, text: str) -> None:
        try:
            event = json.loads(text)
        except ValueError:
            return
        commits = [event.get("commit")] if isinstance(event, dict) else []
        self.reports += [Report(line, branch, commit) for commit in commits if commit]

    def person(self, *command: str) -> None:
        start = self.lines
        self._record(list(command), self.kb, " ".join(command[:2]))
        self.by_git.append((start, self.lines))

    def git(self, *arguments: str) -> None:
        self.person("git", "-c", "gc.auto=0", *arguments)

    def _record(self, command: Sequence[str], cwd: Path, name: str) -> list[tuple[int, str]]:
        trace = self.work / "trace"
        done = record(command, trace, cwd=cwd, env=os.environ | PERSON | {"PYTHONPATH": str(ROOT)})
        if done.returncode:
            raise AssertionError(f"{command}: {done.stdout!r} {done.stderr!r}")
        found = [replace(c, began=c.began + self.lines, ended=c.ended + self.lines) for c in changes(trace, self.top, cwd)]
        said = [(change.ended, change.data.decode()) for change in found if change.kind == "said"]
        wanted = [change for change in found if change.kind != "said" and not change.path.startswith(CATALOG)]
        self.changes += wanted
        with trace.open("rb") as lines:
            self.lines += sum(1 for _ in lines) + 1
        self.steps.append((self.lines, name))
        trace.unlink()
        return said


def tell(work: Path, broken: str = "", *, short: bool = False) -> Recording:
    """Records the story below an empty folder; `short` is its first half."""
    story = _Recorder(work, broken)
    story.top.mkdir()
    _documents(story.docs)
    kb, docs = story.kb, story.docs
    story.gitkb("main", "init", kb, "--json")
    # The same bytes as a document: a blob that is there already, loose and never made durable.
    (kb / "draft.md").write_bytes((docs / "beta.md").read_bytes())
    story.git("add", "draft.md")
    story.gitkb("main", "add", docs, "--json", "--jobs", "1", "--kb", kb)
    story.git("commit", "-q", "-m", "a draft of mine")
    story.person("sh", "-c", "echo 'Words of mine.' >> wiki/summaries/docs/alpha.md")
    for name in ("alpha", "gamma"):
        (docs / f"{name}.md").write_text(_text(name, f"Now {name} is faster."), encoding="utf-8")
    (docs / "eta.md").write_text(_text("eta"), encoding="utf-8")
    story.gitkb("main", "add", docs, "--json", "--jobs", "1", "--kb", kb)
    if not short:
        _second_half(story)
    return _recording(story)


def _second_half(story: _Recorder) -> None:
    kb, docs = story.kb, story.docs
    story.gitkb("main", "remove", "docs/delta", "--json", "--kb", kb)
    # Their own commits take a document away, so the pages are pending; git leaves the commit's objects to the system.
    story.git("rm", "-q", "-r", ".gitkb/documents/docs/zeta.json", "raw/docs/zeta.md", "wiki/sources/docs/zeta.md")
    story.git("rm", "-q", "wiki/summaries/docs/zeta.md")
    story.git("commit", "-q", "-m", "zeta is gone")
    story.gitkb("main", "refresh", "--json", "--kb", kb)
    more = story.work / "more"
    more.mkdir()
    (more / "theta.md").write_text(_text("theta"), encoding="utf-8")
    story.gitkb("ingest/q3", "add", more, "--branch", "ingest/q3", "--json", "--jobs", "1", "--kb", kb)
    story.git("commit", "-q", "--allow-empty", "-m", "nothing new")
    story.gitkb("main", "merge", "ingest/q3", "--json", "--kb", kb)
    story.gitkb("main", "undo", "--json", "--kb", kb)
    for name in ("delta", "zeta"):
        (docs / f"{name}.md").unlink()


def _recording(story: _Recorder) -> Recording:
    disk = Disk(story.changes)
    nodes = set()
    for index, effect in enumerate(disk.effects):
        if any(start <= effect.ended < end for start, end in story.by_git):
            nodes.update(step[2] for step in effect.steps if step[2] is not None)
            if ".git/objects/" not in effect.title:
                disk.effects[index] = _at_once(effect)
    points = sorted({effect.ended for effect in disk.effects} | {report.line for report in story.reports})
    return Recording(story.top, story.docs, disk, story.reports, points, frozenset(nodes), story.steps)


def _at_once(effect: Effect) -> Effect:
    return replace(effect, durable=min(effect.durable, effect.ended))


def discard(recording: Recording) -> None:
    """Removes the knowledge base that was recorded: from here on only the model counts."""
    subprocess.run(["rm", "-rf", str(recording.top)], check=True)
