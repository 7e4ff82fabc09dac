"""What must hold after each operation of a life, and at its end."""

import atexit
import difflib
import json
import re
import shutil
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from tempfile import mkdtemp

from gitkb.formats import records
from gitkb.model.rows import State
from gitkb.pages.refresh import history_base
from gitkb.store.repository import Store
from gitkb.wiki.hand_edits import EDITED, Seal, state, unsealed
from tests.life.operations import Add, Delete, Edit, Merge, Move, Operation, Own, Remove, Strike, Undo
from tests.life.world import SIDE, Ran, Word, World

_LINK = re.compile(rb"\[([^\]\n]*)\]\([^)\n]*\)")
Documents = dict[str, tuple[str, bytes]]
"""The documents that are in, by name: the path of the source, and its bytes."""


def documents(world: World, rev: str = "main") -> Documents:
    """The documents of a revision."""
    tree = world.tree(rev)
    found: Documents = {}
    for path, content in tree.items():
        name = records.document_of(path)
        if name is not None:
            found[name] = (records.decode(content, path).source.path, tree[f"raw/{name}.md"])
    return found


@dataclass(frozen=True)
class Seen:
    """The documents of both branches before an operation."""

    main: Documents
    side: Documents | None
    base: Documents | None


def seen(world: World) -> Seen:
    if not world.has(SIDE):
        return Seen(documents(world), None, None)
    base = world.git("merge-base", "main", SIDE).strip()
    return Seen(documents(world), documents(world, SIDE), documents(world, base))


# After each operation.


def after(world: World, operation: Operation, done: Ran, before: Seen, tips: tuple[str, str]) -> None:
    """What must hold once an operation was done, or refused."""
    assert "failed where it should not have" not in done.err, "a fault of gitkb"
    assert done.code <= 4, "it was interrupted"
    refused = done.code not in (0, 3, 4)
    if refused:
        assert documents(world) == before.main, "a refused command changed documents"
    _check(world, operation, refused)
    _worktree(world)
    _words(world, done)
    if not refused:
        _expected(world, operation, done, before)
    _logged(world)


def _check(world: World, operation: Operation, refused: bool) -> None:
    base, branch = world.base(), getattr(operation, "branch", False)
    found = base.check()
    assert found.state is not State.BROKEN, f"check: {found}"
    assert refused or branch or isinstance(operation, Edit | Strike | Own) or found.state is State.WHOLE, (
        f"check after a writing command: {found}"
    )
    if branch and world.has(SIDE):
        found = base.check(SIDE)
        assert found.state is not State.BROKEN, f"check --at {SIDE}: {found}"


def _worktree(world: World) -> None:
    """The worktree is the tip, save what a person has edited and nobody committed."""
    lines = world.status()
    assert lines <= {f" M {path}" for path in world.dirty}, f"git status: {lines}, edited: {world.dirty}"
    world.dirty = {line[3:] for line in lines}


def _words(world: World, done: Ran) -> None:
    """No word of a person is lost; where its page went away, history has it and the command said so."""
    tip = world.tree()
    side = world.tree(SIDE) if world.has(SIDE) else {}
    standing = b"\n".join(content for tree in (tip, side) for path, content in tree.items() if path.startswith("wiki/")).decode()
    standing += "\n".join((world.kb / path).read_text(encoding="utf-8") for path in world.dirty)
    for word in world.words.values():
        if word.text in standing:
            word.gone = False
            pages = (path for path, page in tip.items() if path.startswith("wiki/") and word.text.encode() in page)
            word.page = next(pages, word.page)  # it moves along with its page
        elif not word.gone:
            word.gone = True
            assert world.git("log", "--oneline", f"-S{word.text}", "main", *([SIDE] if side else [])), f"{word} is lost"
            assert _told(word, done), f"{word} went away into history, and the command did not say so"


def _told(word: Word, done: Ran) -> bool:
    names = (word.page, word.page.removeprefix("wiki/"), word.page.removeprefix("wiki/").removesuffix(".md"))
    return any(name in done.said for name in names) or done.arguments[0] == "merge"


def _logged(world: World) -> None:
    base = world.base()
    for name in documents(world):
        assert any(True for _ in base.log(name)), f"gitkb log {name} shows nothing"


def _expected(world: World, operation: Operation, done: Ran, before: Seen) -> None:
    """The documents are those that the operation was to leave."""
    branch = SIDE if getattr(operation, "branch", False) else "main"
    now = documents(world, branch)
    was = before.side if branch == SIDE and before.side is not None else before.main
    match operation:
        case Add() | Move() | Delete():
            _added(world, operation, was, now)
        case Remove():
            gone = set(was) - set(now)
            assert len(gone) == 1 and now == {name: each for name, each in was.items() if name not in gone}, (was, now)
        case Undo():
            assert now == _undone(world, done, was), (
                f"documents after undo: {_short(now)}, expected {_short(_undone(world, done, was))}"
            )
        case Merge():
            if before.side is not None and before.base is not None and not {"--ours", "--theirs"} & {*done.arguments}:
                assert now == _united(before.base, was, before.side), f"united: {_short(now)}"
        case _:
            assert now == was, f"the documents changed: {_short(was)} -> {_short(now)}"
    if branch == SIDE:
        assert documents(world) == before.main, "work on a branch changed main"


def _added(world: World, operation: Add | Move | Delete, was: Documents, now: Documents) -> None:
    files = world.files()
    stored = {content for _, content in now.values()}
    missing = [path for path, content in files.items() if content not in stored]
    assert not missing, f"added, and not in: {missing}"
    for name, (source, content) in now.items():
        if source in files and content != files[source]:
            # Its file became a copy of another document's: it is skipped, and stays as it was.
            copies = [each for each, (_, other) in was.items() if other == files[source] and each != name]
            assert copies, f"{name} is not as its file"
    lost = [name for name in was if name not in now and was[name][0] in files]
    assert not lost, f"gone though the file stands: {lost}"
    prune = isinstance(operation, Delete) or operation.prune
    for name, (_, content) in was.items():
        if name not in now and not prune:
            assert content in stored, f"{name} is gone without --prune"
    if prune:
        left = [name for name, (source, _) in now.items() if source not in files]
        assert not left, f"not pruned: {left}"


def _undone(world: World, done: Ran, was: Documents) -> Documents:
    told = json.loads(done.out)
    old, new = documents(world, f"{told['undone']}^"), documents(world, told["undone"])
    only = done.arguments[1] if not done.arguments[1].startswith("-") else None
    names = {name for name in {*old, *new} if old.get(name) != new.get(name)}
    if only is not None:
        names = names if len(names) == 2 and {content for _, content in (old | new).values()} else names & {only}
    expected = dict(was)
    for name in names:
        expected.pop(name, None)
        if name in old:
            expected[name] = old[name]
    return expected


def _united(base: Documents, ours: Documents, theirs: Documents) -> Documents:
    result: Documents = {}
    for name in {*base, *ours, *theirs}:
        one = theirs.get(name) if ours.get(name) == base.get(name) else ours.get(name)
        if one is not None:
            result[name] = one
    return result


def _short(found: Documents) -> dict[str, str]:
    return {name: f"{source}: {content.decode().splitlines()[-1][:40]}" for name, (source, content) in sorted(found.items())}


# At the end.


def end(world: World, counts: Counter[str]) -> None:
    """The tree is that of a knowledge base made of the final documents and decisions alone, but for what people wrote."""
    for path in sorted(world.dirty):
        world.commit(path)
    outdated = world.base().status().outdated
    for command in (*([("recompile", "--outdated", "--jobs", "1")] if outdated else []), ("refresh",)):
        done = world.run(*command)
        assert done.code == 0, done
    found = json.loads(world.run("check", "--json").out)
    assert found["state"] == "whole", f"at the end: {found}"
    assert world.status() == set()
    world.git("fsck", "--strict", "--no-dangling")
    tree, final = world.tree(), documents(world)
    for name in list(final)[:1]:
        assert world.run("log", name).code == 0
    if len({content for _, content in final.values()}) < len(final):
        counts["copies, not compared"] += 1
        return
    counts["compared"] += 1
    decided = {path: content for path, content in tree.items() if path.startswith(".gitkb/decisions/")}
    config = tree[".gitkb/config.yaml"]
    fresh = dict(_fresh(tuple(sorted(final.values())), tuple(sorted(decided.items())), config))
    assert documents_of(tree) == documents_of(fresh), "other names"
    _compare(world, tree, fresh)


def documents_of(tree: dict[str, bytes]) -> list[str]:
    return sorted(filter(None, map(records.document_of, tree)))


@lru_cache(maxsize=1)
def _empty() -> Path:
    """A knowledge base without documents, to be copied."""
    world = World(Path(mkdtemp(prefix="gitkb-empty-")))
    assert world.run("init", bare=True).code == 0
    atexit.register(shutil.rmtree, world.top)
    return world.kb


@lru_cache(maxsize=256)
def _fresh(
    final: tuple[tuple[str, bytes], ...], decided: tuple[tuple[str, bytes], ...], config: bytes
) -> tuple[tuple[str, bytes], ...]:
    """The tree of a knowledge base into which nothing else ever came."""
    top = Path(mkdtemp(prefix="gitkb-fresh-"))
    try:
        world = World(top)
        world.docs.mkdir()
        shutil.copytree(_empty(), world.kb)
        for path, content in ((".gitkb/config.yaml", config), *decided):
            (world.kb / path).parent.mkdir(parents=True, exist_ok=True)
            (world.kb / path).write_bytes(content)
            world.git("add", path)
        world.git("commit", "-q", "--allow-empty", "-m", "decisions")
        for source, content in final:
            (top / source).parent.mkdir(parents=True, exist_ok=True)
            (top / source).write_bytes(content)
        done = world.add() if final else world.run("refresh")
        assert done.code == 0, done
        done = world.run("refresh")
        return tuple(sorted(world.tree().items()))
    finally:
        shutil.rmtree(top)


def _compare(world: World, tree: dict[str, bytes], fresh: dict[str, bytes]) -> None:
    """Byte for byte; of a page that holds a person's words, the projection below them, and line by line."""
    store = Store.open(world.kb)
    projection = history_base(store, world.tip())
    wrong = []
    for path in sorted({*tree, *fresh}):
        one, other = tree.get(path), fresh.get(path)
        if path.startswith((f"{EDITED}/", "wiki/own-")) or _same(path, one, other):
            continue
        if one is None or not path.startswith("wiki/") or state(one) is not Seal.EDITED:
            wrong.append(f"{path}: {_difference(one, other)}")
            continue
        words = [word for word in world.words.values() if word.text.encode() in one]
        if not words and not world.struck[path]:
            wrong.append(f"{path} counts as edited, and no word of a person is there: {_difference(one, other)}")
            continue
        kept = tree.get(f"{EDITED}/{path}") or projection(path)
        if other is None:
            if b"status: deprecated" not in one and "index" not in path:
                wrong.append(f"{path} has no claims, and is not deprecated: {one.decode()}")
        elif not _same(path, kept, other):
            wrong.append(f"{path} is kept with another projection: {_difference(kept, other)}")
        else:
            wrong += _lines(path, *map(partial(_plain, path), (one, other)), words, world.struck[path])
    assert not wrong, "not as made afresh:\n" + "\n".join(wrong)


def _same(path: str, one: bytes | None, other: bytes | None) -> bool:
    if one == other or one is None or other is None or state(one) is not Seal.GENERATED:
        return one == other
    return _plain(path, one) == _plain(path, other)


def _plain(path: str, page: bytes) -> bytes:
    """A page to be compared; a source without its links to others, because it counts whether their files were there when it was
    converted."""
    return _LINK.sub(rb"\1", unsealed(page.decode()).encode()) if path.startswith("wiki/sources/") else page


def _lines(path: str, one: bytes, other: bytes, words: list[Word], struck: int) -> list[str]:
    """What an edited page has too much or too little beside the person's words."""
    mine, made = (_counted(page) for page in (one, other))
    changed = sum(word.changed for word in words)
    missing = [line for line in (made - mine).elements() if not line.startswith("[^")]
    more = [line for line in (mine - made).elements() if not any(word.text in line for word in words)]
    more = [line for line in more if line != "## Notes" and not (changed and line.startswith("[^"))]
    wrong = [f"{path} lacks {missing}"] if len(missing) > changed + struck else []
    return wrong + ([f"{path} has besides {more}"] if more else [])


def _counted(page: bytes) -> Counter[str]:
    return Counter(line for line in unsealed(page.decode()).splitlines() if line.strip())


def _difference(one: bytes | None, other: bytes | None) -> str:
    if one is None or other is None:
        return "is not there" if one is None else f"is there:\n{one.decode()}"
    return "\n" + "\n".join(difflib.unified_diff(other.decode().splitlines(), one.decode().splitlines(), "afresh", "here", n=0))
