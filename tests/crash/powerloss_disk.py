"""A disk that loses its power: what may be left of a sequence of changes, of which only some were made durable.

The model is the strict one of POSIX: the bytes of a file are durable once the file was fsynced, a name (made, renamed, linked,
removed) once the folder that holds it was, so a rename between two folders needs an fsync of both. Everything else may be lost or
kept, in any combination, but a rename happens in both of its folders or in none as long as no fsync forces it; bytes may also be
there in part, or be zeros. An fsync covers what had ended when it began. Real file systems keep more.
"""

import hashlib
import os
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.crash.powerloss_trace import Change

NEVER = 1 << 60
_NAMES = frozenset({"create", "mkdir", "link", "rename", "exchange", "unlink"})


@dataclass
class Node:
    """A file or folder that exists as long as something names it."""

    number: int
    folder: bool
    names: "dict[str, Node]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Effect:
    """One change of a folder's names or of a file's bytes. `durable` is the trace line at which an fsync that covers it ended;
    `steps` are (folder, name, node or None, the node that must stand there if it is removed); effects of one system call have
    the same `call`."""

    began: int
    ended: int
    durable: int
    steps: tuple[tuple[int, str, int | None, int | None], ...] = ()
    node: int = -1
    offset: int = 0
    data: bytes | None = None
    title: str = ""
    call: int = -1


State = dict[str, tuple[int, bytes | None]]
"""path -> (node number, bytes; None for a folder)"""


class Disk:
    """All effects of a recording, in order, each with the moment from which it is durable."""

    def __init__(self, recorded: Sequence[Change]) -> None:
        self.root = Node(0, True)
        self._nodes = [self.root]
        self._sizes: dict[int, int] = {}
        self._pending: dict[int, list[int]] = {}
        self.effects: list[Effect] = []
        self._built: dict[tuple[int, ...], bytes] = {}
        for change in recorded:
            self._replay(change)

    def _replay(self, change: Change) -> None:
        if change.kind in ("fsync", "syncfs"):
            self._sync(change)
        elif change.kind in _NAMES:
            self._name(change)
        elif change.kind in ("write", "truncate"):
            self._bytes(change)
        else:
            raise AssertionError(f"{change.kind} of {change.path} is not understood")

    def _find(self, path: str) -> Node | None:
        node: Node | None = self.root
        for part in path.split("/") if path else ():
            node = node.names.get(part) if node is not None else None
        return node

    def _place(self, path: str) -> tuple[Node, str]:
        folder, _, name = path.rpartition("/")
        found = self._find(folder)
        assert found is not None and found.folder, path
        return found, name

    def _new(self, folder: bool) -> Node:
        self._nodes.append(Node(len(self._nodes), folder))
        return self._nodes[-1]

    def _name(self, change: Change) -> None:
        folder, name = self._place(change.other or change.path)
        before, kind = folder.names.get(name), change.kind
        if kind in ("create", "mkdir"):
            if before is not None:
                return
            node = self._new(kind == "mkdir")
            self._record(change, [(folder, name, node, None)])
        elif kind == "unlink":
            assert before is not None, change
            self._record(change, [(folder, name, None, before)])
        else:
            source, old = self._place(change.path)
            node = source.names[old]
            steps = [(folder, name, node, None)]
            if kind == "rename" and node is not before:
                steps.append((source, old, None, node))
            if kind == "exchange":
                assert before is not None
                steps.append((source, old, before, None))
            self._record(change, steps)

    def _record(self, change: Change, steps: Sequence[tuple[Node, str, Node | None, Node | None]]) -> None:
        for folder, name, node, gone in steps:
            if node is not None:
                folder.names[name] = node
            elif folder.names.get(name) is gone:
                folder.names.pop(name, None)
        title = f"{change.kind} {change.path}{f' -> {change.other}' if change.other else ''}"
        call = len(self.effects)
        for number in sorted({folder.number for folder, _, _, _ in steps}):
            own = [step for step in steps if step[0].number == number]
            plain = tuple((f.number, name, n.number if n else None, g.number if g else None) for f, name, n, g in own)
            self._add(Effect(change.began, change.ended, NEVER, plain, title=title, call=call), number)

    def _bytes(self, change: Change) -> None:
        node = self._find(change.path)
        assert node is not None and not node.folder, change
        size = self._sizes.get(node.number, 0)
        if change.kind == "truncate":
            if size == change.offset:
                return
            self._sizes[node.number] = change.offset
            data = None
        else:
            data = change.data
        offset = size if change.offset < 0 else change.offset
        if data is not None:
            self._sizes[node.number] = max(size, offset + len(data))
        title = f"{change.kind} {change.path}"
        self._add(Effect(change.began, change.ended, NEVER, (), node.number, offset, data, title), node.number)

    def _add(self, effect: Effect, covers: int) -> None:
        self._pending.setdefault(covers, []).append(len(self.effects))
        self.effects.append(effect)

    def _sync(self, change: Change) -> None:
        if change.kind == "syncfs":
            covered = list(self._pending)
        else:
            node = self._find(change.path)
            covered = [node.number] if node is not None else []
        for number in covered:
            rest = []
            for index in self._pending.get(number, ()):
                effect = self.effects[index]
                if effect.ended < change.began:
                    self.effects[index] = replace(effect, durable=change.ended)
                else:
                    rest.append(index)
            self._pending[number] = rest

    def loose(self, point: int) -> list[int]:
        """The effects that had happened when the line `point` of the trace was over and were not durable yet."""
        there = ((index, effect) for index, effect in enumerate(self.effects) if effect.ended <= point < effect.durable)
        return sorted({effect.call if effect.call >= 0 else index for index, effect in there})

    def state(self, point: int, kept: "Callable[[int, Effect], bool | int]") -> State:
        """The file system after a loss of power at `point`: all that is durable, and of the rest what `kept` says of it: True,
        False, or for bytes how many of them are there, negative for that many zeros."""
        folders: dict[int, dict[str, int]] = {0: {}}
        parts: dict[int, list[tuple[int, int]]] = {}
        answers: dict[int, bool | int] = {}
        for index, effect in enumerate(self.effects):
            if effect.ended > point:
                break
            answer: bool | int = True
            if effect.durable > point:
                call = effect.call if effect.call >= 0 else index
                if call not in answers:
                    answers[call] = kept(call, effect)
                answer = answers[call]
            if answer is False:
                continue
            if effect.node >= 0:
                parts.setdefault(effect.node, []).append((index, NEVER if answer is True else int(answer)))
                continue
            for folder, name, node, gone in effect.steps:
                names = folders.setdefault(folder, {})
                if node is not None:
                    names[name] = node
                elif names.get(name) == gone:
                    names.pop(name, None)
        found: State = {}
        self._walk(0, "", folders, parts, found)
        return found

    def _walk(
        self, number: int, prefix: str, folders: dict[int, dict[str, int]], parts: dict[int, list[tuple[int, int]]], found: State
    ) -> None:
        for name, child in folders.get(number, {}).items():
            path = f"{prefix}{name}"
            if self._nodes[child].folder:
                found[path] = (child, None)
                self._walk(child, f"{path}/", folders, parts, found)
            else:
                found[path] = (child, self._content(parts.get(child, ())))

    def _content(self, parts: Iterable[tuple[int, int]]) -> bytes:
        key = tuple(number for part in parts for number in part)
        if key not in self._built:
            content = bytearray()
            for index, limit in parts:
                effect = self.effects[index]
                if effect.data is None:
                    del content[effect.offset :]
                    content.extend(bytes(effect.offset - len(content)))
                    continue
                data = effect.data[:limit] if limit >= 0 else bytes(min(-limit, len(effect.data)))
                content.extend(bytes(max(0, effect.offset - len(content))))
                content[effect.offset : effect.offset + len(data)] = data
            self._built[key] = bytes(content)
        return self._built[key]


Keep = Callable[[int, Effect], bool | int]


def losses(seed: int, point: int, draws: int) -> Iterator[tuple[str, Keep]]:
    """The ways in which power may be lost at a point, by name: nothing is kept that no fsync covers; all is kept, with and
    without bytes; `draws` random mixtures, the first ones of almost all and of almost nothing."""
    yield "nothing", lambda index, effect: False
    yield "all", lambda index, effect: True
    yield "names", lambda index, effect: effect.node < 0
    yield "bytes", lambda index, effect: effect.node >= 0
    yield "zeros", lambda index, effect: -NEVER if effect.data else True
    for number in range(draws):
        dice = random.Random(f"{seed} {point} {number}")
        share = (0.9, 0.1, 0.5, 0.98, 0.02)[number % 5]
        yield f"random {number}", _mixed(dice, share)


def _mixed(dice: random.Random, share: float) -> Keep:
    def keep(index: int, effect: Effect) -> bool | int:
        if dice.random() < share:
            return True
        if effect.data and dice.random() < 0.3:
            part = dice.randrange(len(effect.data))
            return part if dice.random() < 0.5 else -part
        return False

    return keep


def one_by_one(loose: Sequence[int]) -> Iterator[tuple[str, Keep]]:
    """All is lost but one effect, and all is kept but one, for each."""
    for chosen in loose:
        yield f"only {chosen}", lambda index, effect, chosen=chosen: index == chosen
        yield f"all but {chosen}", lambda index, effect, chosen=chosen: index != chosen


def fingerprint(state: State, wanted: Callable[[str], bool]) -> str:
    """A hash of the part of a state that is wanted, names of the same file included."""
    digest, groups = hashlib.sha256(), {}  # type: ignore[var-annotated]
    for path in sorted(filter(wanted, state)):
        number, content = state[path]
        group = groups.setdefault(number, len(groups)) if content is not None else -1
        body = b"" if content is None else hashlib.sha256(content).digest()
        digest.update(b"%s\0%d\0%s" % (os.fsencode(path), group, body))
    return digest.hexdigest()


def write(state: State, top: Path, old: bytes, new: bytes) -> None:
    """Makes a state real below an empty folder; `old` in the files, the path at which they were recorded, becomes `new`."""
    made: dict[int, Path] = {}
    for path in sorted(state):
        number, content = state[path]
        file = top / path
        if content is None:
            file.mkdir()
        elif number in made:
            os.link(made[number], file)
        else:
            file.write_bytes(content.replace(old, new))
            made[number] = file
