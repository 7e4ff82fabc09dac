"""What an agent wants to write: every write goes to a branch that a person reviews.

Invariant: the branch is never the one that is checked out, the one that carries the pages, or main. Nothing but documents and
pages is written: no settings, decisions or approvals. Files are read only below the folders that the user granted. Every commit
names the agent. An agent can undo only what a client of its name wrote: since the server was started, or on its branches.
"""

from __future__ import annotations

import re
import tempfile
from contextlib import suppress
from datetime import date
from functools import partial
from itertools import takewhile
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NotRequired

from msgspec import Struct
from typing_extensions import TypedDict

from gitkb.agents.tool_answers import MOST_DIFF
from gitkb.errors import NotFound, UsageError
from gitkb.model.answers import Answer
from gitkb.model.listener import Listener
from gitkb.model.options import AddOptions, ChangeOptions
from gitkb.model.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gitkb import KnowledgeBase
    from gitkb.model.results import DocumentResult

FOLDER = "agents"
"""Where texts become documents, and where branches are, unless somebody says otherwise."""
MAX_TEXT = 2 * 1024**2
_MAIN = ("main", "master")
_MOST_BRANCHES = 1_000
_MOST_UNDONE = 50
_MOST_NAME = 80


class WriteAnswer(TypedDict):
    """What was written, and where; `start` is the branch at which this one began, `at` reads it, `undo` takes it back."""

    branch: str
    start: NotRequired[str]
    at: str
    id: str
    diff: str
    undo: str
    cut: NotRequired[int]


class Agent(Struct, frozen=True):
    """Who writes, as the client calls itself."""

    name: str
    version: str = ""

    def __str__(self) -> str:
        return f"{self.name}/{self.version}" if self.version else self.name


class Written(Struct, frozen=True):
    """One write: by whom, where, and the commit that undoing takes back."""

    agent: str
    branch: str
    commit: str


class _Heard(Listener):
    """Remembers what became of the one document of a run."""

    result: DocumentResult | None = None

    def document(self, result: DocumentResult) -> None:
        self.result = result


class Writer:
    """Writes for agents, one write at a time. `open_for` opens the knowledge base for an agent by its name; `branch` is where
    writes go, "" for one of its own for each agent; files may come from below `roots`. `UsageError` for a branch that may not be
    written, and for a root that is no folder."""

    def __init__(self, open_for: Callable[[str], KnowledgeBase], branch: str = "", roots: Sequence[Path] = ()) -> None:
        self._open, self._named = open_for, branch
        self._roots = tuple(root.resolve() for root in roots)
        for root in self._roots:
            if not root.is_dir():
                raise UsageError(f"{root} is no folder.", "Name a folder from which agents may add files.")
        self._lock = Lock()
        self._branches: dict[str, str] = {}
        self._written: list[Written] = []
        self._starts: dict[str, str] = {}
        if branch:
            _refuse_protected(open_for(""), branch)

    def add_text(self, agent: Agent, title: str, text: str) -> WriteAnswer:
        """Makes a text a document of this title, or the new version of the one that has it."""
        if not title.strip() or not text.strip():
            raise UsageError("A text needs a title and words.", "Give both, or a file.")
        if len(text.encode("utf-8", "replace")) > MAX_TEXT:
            raise UsageError(f"A text may have {MAX_TEXT // 1024**2} MiB.", "Split it, or add it as a file.")
        name = re.sub(r"[^\w.()+ -]+", "-", " ".join(title.split()))[:_MOST_NAME].strip("-. ") or "text"
        body = text if text.lstrip().startswith(("# ", "---\n")) else f"# {' '.join(title.split())}\n\n{text}"
        with tempfile.TemporaryDirectory(prefix="gitkb-") as folder:
            file = Path(folder) / f"{name}.md"
            file.write_text(body if body.endswith("\n") else f"{body}\n", encoding="utf-8", errors="replace", newline="\n")
            return self._add(agent, file, FOLDER)

    def add_file(self, agent: Agent, file: str) -> WriteAnswer:
        """Adds a file below one of the roots, as adding the root would."""
        found, root = self._granted(file)
        into = "/".join([root.name, *found.parent.relative_to(root).parts])
        return self._add(agent, found, into)

    def edit_page(self, agent: Agent, page: str, new: str, old: str) -> WriteAnswer:
        """Replaces a passage of a page, or makes a page."""

        def write(base: KnowledgeBase, branch: str) -> tuple[str, str]:
            done = base.edit_page(page, new, old, branch=branch)
            return done.page, _last(base, branch)

        return self._write(agent, write)

    def save_answer(self, agent: Agent, question: str, answer: str) -> WriteAnswer:
        """Makes an answer a page of wiki/explorations; its links are relative to wiki/."""
        if not question.strip() or not answer.strip():
            raise UsageError("An answer to save needs its question and its text.")

        def write(base: KnowledgeBase, branch: str) -> tuple[str, str]:
            done = base.save_answer(Answer(question, answer, _tip(base, branch), model=str(agent)), branch=branch)
            if not done.new:
                raise UsageError(f"{done.path} says this already.")
            return done.path, _last(base, branch)

        return self._write(agent, write)

    def undo(self, agent: Agent, commit: str) -> WriteAnswer:
        """Takes back one of the agent's writes, by default its last."""
        with self._lock:
            base = self._open(str(agent))
            own = [each for each in self._written if each.agent == agent.name] or self._earlier(base, agent)
            fitting = [each for each in own if each.commit.startswith(commit)] if commit else own[-1:]
            fitting = fitting or [each for each in self._earlier(base, agent) if commit and each.commit.startswith(commit)]
            if len(fitting) != 1:
                made = ", ".join(each.commit[:12] for each in own)
                raise NotFound("That is nothing that you wrote here.", f"You wrote: {made}" if made else "")
            written = fitting[0]
            before = _tip(base, written.branch)
            done = base.undo(written.commit, ChangeOptions(branch=written.branch))
            self._written = [each for each in self._written if each != written]
            what = ", ".join(done.documents or done.restored or done.deleted)
            return _answer(base, written.branch, before, what, f"{written.commit[:12]} is taken back")

    def _add(self, agent: Agent, file: Path, into: str) -> WriteAnswer:
        def write(base: KnowledgeBase, branch: str) -> tuple[str, str]:
            heard = _Heard()
            base.add([file], AddOptions(into=into, branch=branch, jobs=1), heard)
            result = heard.result
            if result is None or result.outcome not in (Outcome.ADDED, Outcome.UPDATED, Outcome.RENAMED):
                reason = result.reason if result is not None else "nothing was read"
                raise UsageError(f"{file.name} was not added: {reason}")
            return result.document, result.commit

        return self._write(agent, write)

    def _write(self, agent: Agent, write: Callable[[KnowledgeBase, str], tuple[str, str]]) -> WriteAnswer:
        """The answer to one write: `write` gives what was written, and the commit that undoing takes back."""
        with self._lock:
            base = self._open(str(agent))
            branch = self._branch(base, agent)
            if not _exists(base, branch):
                self._starts[branch] = base.branch
            before = _tip(base, branch)
            what, commit = write(base, branch)
            self._written.append(Written(agent.name, branch, commit))
            short = commit[:12]
            undo = f"the tool undo with commit {short}, or: gitkb undo {short} --branch {branch}"
            answer = _answer(base, branch, before, what, undo)
            if start := self._starts.get(branch):
                answer["start"] = start
            return answer

    def _branch(self, base: KnowledgeBase, agent: Agent) -> str:
        """The branch of an agent, chosen at its first write: the first of the day that nobody has."""
        name = self._named or self._branches.get(agent.name, "")
        if name and (self._named or name != base.branch):
            _refuse_protected(base, name)
            return name
        for name in _names_of_today(agent):
            if not _exists(base, name):
                self._branches[agent.name] = name
                return name
        raise UsageError("There are too many branches of today.", "Merge or delete some: git branch -D NAME")

    def _earlier(self, base: KnowledgeBase, agent: Agent) -> list[Written]:
        """What clients of this name wrote before the server was started, on the branch that is named or on those of today, the
        oldest first; what was taken back is left out."""
        names = [self._named] if self._named else [*takewhile(partial(_exists, base), _names_of_today(agent))]
        found: list[Written] = []
        for name in names:
            entries = list(base.log(None, _MOST_UNDONE, f"refs/heads/{name}")) if _exists(base, name) else []
            standing: dict[str, list[str]] = {}
            for each in reversed(entries):
                taken_back = standing.get(each.subject.removeprefix("undo "), [])
                if each.subject.startswith("undo ") and taken_back:
                    taken_back.pop()
                elif each.agent.partition("/")[0] == agent.name and each.operation != "pages":
                    standing.setdefault(each.subject, []).append(each.commit)
            kept = {commit for commits in standing.values() for commit in commits}
            found += [Written(agent.name, name, each.commit) for each in reversed(entries) if each.commit in kept]
        return found

    def _granted(self, file: str) -> tuple[Path, Path]:
        """The file that an agent means, and the root that it is below; links count as what they lead to."""
        if not self._roots:
            raise UsageError("No folder is granted to add files from.", "Give the text itself, or ask for: gitkb mcp --root DIR")
        for root in self._roots:
            with suppress(OSError, ValueError, RuntimeError):
                found = (root / file).resolve(strict=True)
                below = found.relative_to(root).parts
                if found.is_file() and not any(part.startswith(".") for part in below):
                    return found, root
        granted = ", ".join(map(str, self._roots))
        raise NotFound(f"{file!r} is no file below the folders that are granted.", f"Granted: {granted}")


def _names_of_today(agent: Agent) -> Iterator[str]:
    """The names that branches of an agent have today, in order."""
    client = re.sub(r"[^a-z0-9]+", "-", agent.name.casefold()).strip("-")[:40] or "agent"
    for number in range(1, _MOST_BRANCHES):
        yield f"{FOLDER}/{client}/{date.today().isoformat()}-{number}"


def _answer(base: KnowledgeBase, branch: str, before: str, what: str, undo: str) -> WriteAnswer:
    after = _tip(base, branch)
    text = base.diff_as_text(base.diff(before[:12], after[:12]))
    answer = WriteAnswer(branch=branch, at=after, id=what, diff=text[:MOST_DIFF], undo=undo)
    if len(text) > MOST_DIFF:
        answer["cut"] = len(text) - MOST_DIFF
    return answer


def _refuse_protected(base: KnowledgeBase, branch: str) -> None:
    pages = next((row.value for row in base.settings() if row.name == "pages.branch"), "")
    if branch in (base.branch, pages, *_MAIN):
        raise UsageError(
            f"Agents do not write to {branch}: it is the branch that people read.", "Name another: --branch agents/NAME"
        )


def _exists(base: KnowledgeBase, branch: str) -> bool:
    with suppress(NotFound):
        return bool(base.commit(f"refs/heads/{branch}"))
    return False


def _tip(base: KnowledgeBase, branch: str) -> str:
    """The commit of a branch, or of what is checked out where there is no such branch yet."""
    return base.commit(f"refs/heads/{branch}" if _exists(base, branch) else None)


def _last(base: KnowledgeBase, branch: str) -> str:
    """The last commit of a branch that is more than pages brought up to date."""
    entries = base.log(None, 5, f"refs/heads/{branch}")
    return next((entry.commit for entry in entries if entry.operation != "pages"), "")
