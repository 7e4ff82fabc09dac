"""Plays a life: each operation is done, and then what must hold is looked at.

Invariant: what an operation is to do to the documents is worked out from the folder and the documents before,
not from what gitkb says. Raises `AssertionError` with what was played so far.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.life import oracle
from tests.life.operations import (
    Add,
    Approve,
    Decide,
    Delete,
    Edit,
    Fix,
    Merge,
    Move,
    Operation,
    Own,
    Recompile,
    Refresh,
    Remove,
    Strike,
    Undo,
)
from tests.life.oracle import documents
from tests.life.texts import FILES
from tests.life.world import SIDE, Ran, World, has_claims

_CHOICE = re.compile(r"--ours (?P<name>'[^']*'|\S+), or --theirs ")
MAX_CHOICES = 20


class Story:
    """One life in a world; `counts` says what became of the operations."""

    def __init__(self, world: World, counts: Counter[str]) -> None:
        self._world, self._counts = world, counts
        self._told: list[str] = []

    def __call__(self, operations: Sequence[Operation]) -> None:
        try:
            for operation in operations:
                self._play(operation)
            oracle.end(self._world, self._counts)
        except AssertionError as fault:
            raise AssertionError("\n".join([*self._told, str(fault)])) from fault

    def _play(self, operation: Operation) -> None:
        world = self._world
        before, tips = oracle.seen(world), (world.tip(), world.tip(SIDE) if world.has(SIDE) else "")
        outside = world.outside()
        self._told.append(str(operation))
        done = _HOW[type(operation)](self, operation)
        name = type(operation).__name__.lower()
        if done is None:
            self._counts[f"{name} idle"] += 1
            return
        self._told.append(f"  {' '.join(done.arguments)} -> {done.code}\n    {done.said.strip()}")
        self._counts[f"{name} {'done' if done.code in (0, 3, 4) else 'refused'}"] += 1
        oracle.after(world, operation, done, before, tips)
        if not isinstance(operation, Add | Move | Delete):
            assert world.outside() == outside, "something outside the knowledge base was written"

    # The operations. None: there is nothing to do it to.

    def _branch(self, wanted: bool) -> tuple[str, ...]:
        if not wanted:
            return ()
        if not self._world.has(SIDE):
            self._world.git("branch", SIDE)
        return ("--branch", SIDE)

    def _add(self, operation: Add) -> Ran:
        for file, subject, version in operation.files:
            self._world.write(file, subject, version)
        return self._world.add(*(["--prune"] if operation.prune else []), *self._branch(operation.branch))

    def _move(self, operation: Move) -> Ran | None:
        free = [name for name in FILES if not (self._world.docs / name).exists()]
        source, target = self._file(operation.file), self._world.docs / _nth(free, operation.to)
        if source is None or not free:
            return None
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
        return self._world.add(*(["--prune"] if operation.prune else []), *self._branch(operation.branch))

    def _delete(self, operation: Delete) -> Ran | None:
        file = self._file(operation.file)
        if file is None:
            return None
        file.unlink()
        return self._world.add("--prune")

    def _file(self, number: int) -> Path | None:
        name = _nth(list(self._world.files()), number)
        return self._world.top / name if name else None

    def _remove(self, operation: Remove) -> Ran | None:
        branch = self._branch(operation.branch)
        name = _nth(sorted(documents(self._world, SIDE if branch else "main")), operation.document)
        return self._world.run("remove", name, *branch) if name else None

    def _undo(self, operation: Undo) -> Ran | None:
        if operation.document is None:
            commits = self._world.git("log", "--format=%H", "--first-parent", "main").split()
            what = [] if operation.commit is None else [_nth(commits[:-1], operation.commit)]
            return self._world.run("undo", "--json", *what)
        name = _nth(sorted(documents(self._world)), operation.document)
        return self._world.run("undo", name, "--json") if name else None

    def _approve(self, operation: Approve) -> Ran | None:
        page = _nth(_topics(self._world.tree()), operation.page)
        return self._world.run("approve", page, *(["--withdraw"] if operation.withdraw else [])) if page else None

    def _decide(self, operation: Decide) -> Ran | None:
        pages = _topics(self._world.tree())
        one = _nth(pages, operation.one)
        other = _nth([page for page in pages if page != one], operation.other)
        if not one or not other:
            return None
        return self._world.run("same" if operation.same else "apart", one, other, *self._branch(operation.branch))

    def _edit(self, operation: Edit) -> Ran | None:
        world = self._world
        branch = SIDE if self._branch(operation.branch) else "main"
        tree = {path: page for path, page in world.tree(branch).items() if path.startswith("wiki/") and path.endswith(".md")}
        pages = [path for path, page in tree.items() if operation.line is None or has_claims(page.decode())]
        page = _nth([path for path in pages if branch == SIDE or (world.kb / path).is_file()], operation.page)
        word = f"{'changed' if operation.line is not None else 'noted'}q{len(world.words)}q"
        if not page or not (world.edit_on_side if branch == SIDE else world.edit)(page, operation.line, word):
            return None
        if operation.committed and branch != SIDE:
            world.commit(page)
        return Ran(("edit", page, word), 0, "", "")

    def _strike(self, operation: Strike) -> Ran | None:
        pages = {path: self._world.kb / path for path in self._world.tree() if path.startswith("wiki/") and path.endswith(".md")}
        standing = [path for path, file in pages.items() if file.is_file() and has_claims(file.read_text(encoding="utf-8"))]
        page = _nth(standing, operation.page)
        if not page:
            return None
        self._world.strike(page, operation.line)
        if operation.committed:
            self._world.commit(page)
        return Ran(("strike", page), 0, "", "")

    def _own(self, operation: Own) -> Ran | None:
        tree = self._world.tree()
        page = _nth(_topics(tree), operation.page)
        document = _nth(sorted(documents(self._world)), operation.document)
        if not page or not document:
            return None
        path = self._world.own((page, f"wiki/summaries/{document}.md"), f"ownq{len(self._world.words)}q")
        return Ran(("own", path), 0, "", "")

    def _recompile(self, operation: Recompile) -> Ran:
        world, config = self._world, ".gitkb/config.yaml"
        if operation.language is not None:
            file = world.kb / config
            lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("language:")]
            new = "\n".join([*lines, f"language: {operation.language}", ""])
            if new != file.read_text(encoding="utf-8"):
                file.write_text(new, encoding="utf-8")
                world.commit(config)
        return world.run("recompile", "--all", "--jobs", "1")

    def _fix(self, _: Fix) -> Ran:
        return self._world.run("lint", "--fix")

    def _refresh(self, _: Refresh) -> Ran:
        return self._world.run("refresh")

    def _merge(self, operation: Merge) -> Ran | None:
        if not self._world.has(SIDE):
            return None
        chosen: list[str] = []
        for _ in range(MAX_CHOICES):
            done = self._world.run("merge", SIDE, *chosen)
            clash = _CHOICE.search(done.err) if done.code else None
            if clash is None:
                break
            chosen += ["--theirs" if operation.theirs else "--ours", clash["name"].strip("'")]
        if done.code == 0:
            self._world.git("branch", "-q", "-D", SIDE)
        return done


def _nth(things: Sequence[str], number: int) -> str:
    return things[number % len(things)] if things else ""


def _topics(tree: dict[str, bytes]) -> list[str]:
    found = (path for path in tree if path.startswith(("wiki/concepts/", "wiki/entities/")) and path.endswith(".md"))
    return [path for path in found if not path.rpartition("/")[2].startswith("index")]


_HOW: dict[type, Callable[..., Ran | None]] = {
    Add: Story._add,
    Move: Story._move,
    Delete: Story._delete,
    Remove: Story._remove,
    Undo: Story._undo,
    Approve: Story._approve,
    Decide: Story._decide,
    Edit: Story._edit,
    Strike: Story._strike,
    Own: Story._own,
    Recompile: Story._recompile,
    Fix: Story._fix,
    Refresh: Story._refresh,
    Merge: Story._merge,
}
