"""A team at work, drawn by a seed: clones, branches, pushes through the server's hook, buttons of a hosting service, edits by
plain git.

After each step all gates are asked about what the main branch has become, and must agree that it is sound. At the end the
knowledge base must be the one that a single person would have made of the same documents, removals and words.
"""

import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

from gitkb import KnowledgeBase
from gitkb.model.findings import RefUpdate
from gitkb.model.rows import State
from tests.support.clones import add, git, gitkb, text_of, tree
from tests.support.small_documents import write

TEAM = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn")
BUTTONS = ("merge", "squash", "rebase")
TOPICS = ("Raft", "Paxos", "Zab", "Gossip", "Quorum", "Lease", "Epoch", "Snapshot", "Heartbeat", "Replica", "Witness", "Shard")


class Story:
    """One story in a folder: `hub.git`, a clone for each person, and `service`, where the hosting service works."""

    def __init__(self, top: Path, seed: int, *, documents: int, branches: int, address: str = "", internal: bool = True) -> None:
        """Each person has so many `branches` with one change each; the team begins with so many `documents`. Every other clone is
        made from `address`, where the folder is served. If `internal`, buttons move the branch on the server itself, as most
        services do; else they push through its hook."""
        self.top, self.random = top, random.Random(seed)
        self.texts = {f"{TOPICS[n % 12].lower()}-{n}.md": _text(n, 1) for n in range(documents)}
        self.notes: dict[str, str] = {}
        self.removed: list[str] = []
        self.free = sorted(self.texts)
        self.branches, self.pushed, self.steps, self.internal = branches, 0, 0, internal
        self.hub, self.service = top / "hub.git", top / "service"
        self._found(address)

    def _found(self, address: str) -> None:
        first = self.top / "first"
        gitkb("init", first)
        add(first, write(self.top / "start" / "docs", self.texts))
        git(self.top, "clone", "-q", "--bare", "first", "hub.git")
        git(self.hub, "config", "http.receivepack", "true")
        gitkb("hooks", "install", "--server", "--kb", self.hub)
        for number, name in enumerate((*TEAM, "service")):
            source = f"{address}/hub.git" if address and number % 2 else str(self.hub)
            git(self.top, "clone", "-q", source, name)

    def play(self) -> None:
        """Everybody's changes, in a drawn order, each through a branch, a push and a button; and the end."""
        work = [self._change(person, number) for person in TEAM for number in range(self.branches)]
        while work:
            each = self.random.choice(work)
            try:
                next(each)
            except StopIteration:
                work.remove(each)
            if self.random.random() < 0.05:
                self._refresh()
        self._refresh()
        assert tree(self.service) == tree(self._alone()), "the team's knowledge base is not that of one person"

    # What one person does on one branch, step by step.

    def _change(self, person: str, number: int) -> Iterator[None]:
        kb, branch = self.top / person, f"{person.lower()}-{number}"
        git(kb, "fetch", "-q", "origin")
        git(kb, "branch", "-q", "--no-track", branch, "origin/main")
        yield
        kinds = (self._new, self._words, self._update, self._rename, self._drop, self._page)
        # With one branch each everybody does something else, so that a short story has all.
        kind = TEAM.index(person) if self.branches == 1 else self.random.randrange(len(kinds))
        kinds[kind](person, branch)
        yield
        self._push(person, branch)
        yield
        self._press(person, branch)

    def _push(self, person: str, branch: str) -> None:
        """The branch goes to the server, through its hook; in a story that is to be short, every other one is judged right
        here."""
        kb, self.pushed = self.top / person, self.pushed + 1
        if not (self.internal and TEAM.index(person) % 2):
            git(kb, "push", "-q", "origin", branch, who=person)
            return
        git(self.hub, "fetch", "-q", str(kb), f"{branch}:{branch}")
        update = RefUpdate(f"refs/heads/{branch}", "", git(kb, "rev-parse", branch))
        assert KnowledgeBase.receiving(self.hub, None).hooks.judge_push([update]) == []

    def _docs(self, person: str, branch: str, files: dict[str, str]) -> Path:
        return write(self.top / "in" / f"{person}-{branch}" / "docs", files)

    def _new(self, person: str, branch: str) -> None:
        self.steps += 1
        name, text = f"{branch}.md", _text(100 + self.steps, 1)
        self.texts[name] = text
        add(self.top / person, self._docs(person, branch, {name: text}), "--branch", branch)

    def _update(self, person: str, branch: str) -> None:
        if (name := self._take()) is None:
            return self._new(person, branch)
        self.steps += 1
        self.texts[name] = _text(200 + self.steps, 2)
        add(self.top / person, self._docs(person, branch, {name: self.texts[name]}), "--branch", branch)
        return None

    def _rename(self, person: str, branch: str) -> None:
        if (name := self._take()) is None:
            return self._new(person, branch)
        moved = f"moved/{branch}.md"
        self.texts[moved] = self.texts.pop(name)
        folder = self._docs(person, branch, {moved: self.texts[moved]})
        add(self.top / person, folder, "--branch", branch)
        return None

    def _drop(self, person: str, branch: str) -> None:
        if (name := self._take()) is None:
            return self._new(person, branch)
        self.removed.append(name)
        gitkb("remove", f"docs/{name.removesuffix('.md')}", "--branch", branch, "--kb", self.top / person)
        return None

    def _take(self) -> str | None:
        """A document that nobody else changes in this story."""
        return self.free.pop(self.random.randrange(len(self.free))) if self.free else None

    def _page(self, person: str, branch: str) -> None:
        """A page of their own, by plain git."""
        path = f"wiki/notes/{branch}.md"
        self.notes[path] = f"# {branch}\n\nWhat {person} saw.\n"
        self._by_hand(person, branch, path, self.notes[path])

    def _words(self, person: str, branch: str) -> None:
        """Words at the end of a document's summary, by plain git."""
        if (name := self._take()) is None:
            return self._page(person, branch)
        path = f"wiki/summaries/docs/{name}"
        before = git(self.top / person, "show", f"{branch}:{path}")
        self.notes[path] = f"\n\n## Notes\n\n{person} asked about it.\n"
        self._by_hand(person, branch, path, before + self.notes[path])
        return None

    def _by_hand(self, person: str, branch: str, path: str, text: str) -> None:
        kb = self.top / person
        git(kb, "switch", "-q", branch)
        write(kb, {path: text})
        git(kb, "add", path)
        git(kb, "commit", "-q", "-m", f"{branch} by hand", who=person)
        git(kb, "switch", "-q", "main")

    # What the hosting service does.

    def _press(self, person: str, branch: str) -> None:
        """A button on a request; where git alone cannot merge, the person merges main with gitkb first, as a site asks for."""
        button = self.random.choice(BUTTONS)
        if self._pressed(button, branch):
            return
        kb = self.top / person
        git(kb, "fetch", "-q", "origin")
        gitkb("merge", "origin/main", "--branch", branch, "--kb", kb)
        git(kb, "push", "-q", "origin", branch, who=person)
        assert self._pressed("merge", branch), f"{branch} cannot be merged although {person} united it with main"

    def _pressed(self, button: str, branch: str) -> bool:
        there = self.service
        git(there, "fetch", "-q", "origin")
        git(there, "reset", "-q", "--hard", "origin/main")
        old = git(there, "rev-parse", "HEAD")
        if button == "rebase":
            done = _tried(there, "rebase", "-q", "origin/main", f"origin/{branch}")
            rebased = git(there, "rev-parse", "HEAD") if done else ""
            _tried(there, "rebase", "--abort")
            git(there, "switch", "-q", "main")
            done = done and _tried(there, "merge", "-q", "--ff-only", rebased)
        elif button == "squash":
            done = _tried(there, "merge", "-q", "--squash", f"origin/{branch}")
            done = done and _tried(there, "commit", "-q", "--allow-empty", "-m", f"{branch} (#1)")
        else:
            done = _tried(there, "merge", "-q", "--no-ff", f"origin/{branch}", "-m", f"Merge {branch}")
        if not done:
            _tried(there, "merge", "--abort")
            git(there, "reset", "-q", "--hard", old)
            return False
        self._land(old)
        return True

    def _refresh(self) -> None:
        """The pages, brought up to date by CI."""
        git(self.service, "fetch", "-q", "origin")
        git(self.service, "reset", "-q", "--hard", "origin/main")
        old = git(self.service, "rev-parse", "HEAD")
        gitkb("refresh", "--kb", self.service)
        self._land(old)

    def _land(self, old: str) -> None:
        """Pushes main through the hook of the server, after all gates have agreed that nothing is wrong with it."""
        new = git(self.service, "rev-parse", "HEAD")
        if new == old:
            return
        base = KnowledgeBase.open(self.service)
        assert base.check().state is not State.BROKEN, base.check().problems
        assert base.check(changed=old).problems == ()
        assert base.hooks.check_push("origin", [(new, old)]) == []
        if self.internal:
            git(self.hub, "fetch", "-q", str(self.service), "+main:main")
        else:
            git(self.service, "push", "-q", "origin", "main")
        assert KnowledgeBase.receiving(self.hub, None).hooks.judge_push([RefUpdate("refs/heads/main", old, new)]) == []
        self.pushed += 1

    # What one person alone would have.

    def _alone(self) -> Path:
        kb = self.top / "alone"
        gitkb("init", kb)
        everything = write(self.top / "alone-in" / "docs", self.texts)
        add(kb, everything)
        if self.removed:
            gitkb("remove", *(f"docs/{name.removesuffix('.md')}" for name in self.removed), "--kb", kb)
        for path, words in self.notes.items():
            before = (kb / path).read_text(encoding="utf-8").rstrip("\n") if path.startswith("wiki/summaries/") else ""
            write(kb, {path: before + words})
        git(kb, "add", "-A")
        git(kb, "commit", "-q", "--allow-empty", "-m", "words")
        gitkb("refresh", "--kb", kb)
        return kb


def _text(number: int, version: int) -> str:
    """A document of its own that speaks of what others speak of, too."""
    return f"{text_of(TOPICS[number % 12], version=version)}\nItem {number} of this log is kept for {number + 2} days.\n"


def _tried(folder: Path, *arguments: str) -> bool:
    """Whether git could do it."""
    names = {f"GIT_{role}_{what}": "service" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, env=os.environ | names, check=False)
    return done.returncode == 0
