"""A group of commits, built in memory on a tip: pure planning, nothing is written but into the object buffer.

Invariant: the same tip, commits and identities give the same ids. A large group spills packs into the run's folder, so
memory stays bounded. Every path's plan says which versions of a person's file are known and so not in the way.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from gitkb.store.objects import SPILL_BYTES, ObjectBuffer, encode_commit
from gitkb.store.snapshot import ObjectReader, Snapshot
from gitkb.store.tree_builder import TreeEditor, checked_segments
from gitkb.store.values import Content, PathPlan, PlannedCommit, Stored, Version

_TRAILER = re.compile(r"[A-Za-z][A-Za-z0-9-]*: ")


class Group(Struct, frozen=True):
    """The ids of the group's commits in order, and what it does to each path (deletions first, then by path)."""

    commits: tuple[str, ...]
    plans: tuple[PathPlan, ...]


class Signers(Struct, frozen=True):
    """Author and committer of new commits, as lines of a commit; called once per commit, because time goes on. `sign` makes
    the bytes of a commit those of a signed one; None where commits are not signed. `trailer` is a line below each message."""

    author: Callable[[], str]
    committer: Callable[[], str]
    sign: Callable[[bytes], bytes] | None = None
    trailer: str = ""


def make_commit(buffer: ObjectBuffer, tree: str, parents: Sequence[str], signers: Signers, message: str) -> str:
    """Put one commit into the buffer: the only place where the store makes one for a branch or a journal."""
    commit = encode_commit(tree, parents, signers.author(), signers.committer(), _with_trailer(message, signers.trailer))
    return buffer.put("commit", commit if signers.sign is None else signers.sign(commit))


def _with_trailer(message: str, trailer: str) -> str:
    """The message with one more line among its trailers, or in a paragraph of its own where it has none."""
    if not trailer:
        return message
    text = message.rstrip("\n")
    _, above, last = text.rpartition("\n\n")
    trailers = above and all(_TRAILER.match(line) for line in last.split("\n"))
    return f"{text}{chr(10) if trailers else chr(10) * 2}{trailer}\n"


class GroupPlanner:
    """Collects what the commits of one group do."""

    def __init__(self, reader: ObjectReader, buffer: ObjectBuffer, tip: Snapshot, spill: Callable[[], None]) -> None:
        """`spill` writes the buffer's objects away as a pack when there are too many."""
        self._buffer, self._spill = buffer, spill
        self._editor = TreeEditor(reader.raw_tree, buffer, tip.oid)
        self._parent = tip.commit
        self._versions: dict[str, list[Version]] = {}
        self._contents: dict[str, Content] = {}

    def plan(self, commits: Sequence[PlannedCommit], signers: Signers) -> Group:
        """Build all commits; call once."""
        oids = []
        for planned in commits:
            self._change(planned)
            parents = [*([self._parent] if self._parent else []), *planned.parents]
            self._parent = make_commit(self._buffer, self._editor.write(), parents, signers, planned.message)
            oids.append(self._parent)
            if self._buffer.size > SPILL_BYTES:
                self._spill()
        plans = [self._path_plan(path) for path in self._versions]
        plans.sort(key=lambda plan: (plan.new.oid is not None, plan.path))
        return Group(tuple(oids), tuple(plans))

    def _change(self, planned: PlannedCommit) -> None:
        # Deletions first: a folder may take the place of a file.
        for path, content in sorted(planned.changes.items(), key=lambda change: (change[1] is not None, change[0])):
            versions = self._versions.setdefault(path, [])
            if not versions:
                versions.append(self._editor.version(path))
            mode = content.mode if isinstance(content, Stored) else versions[-1].mode
            version = Version(self._blob(content), mode)
            self._editor.put(path, version)
            versions.append(version)
            self._contents[path] = content

    def _blob(self, content: Content) -> str | None:
        if content is None or isinstance(content, Stored):
            return None if content is None else content.oid
        return self._buffer.put_file(content) if isinstance(content, Path) else self._buffer.put("blob", content)

    def _path_plan(self, path: str) -> PathPlan:
        versions = self._versions[path]
        accepted = frozenset(version.oid for version in versions)
        return PathPlan(path, versions[0], versions[-1], accepted, self._contents[path])


def forward(tip: Snapshot, target: Snapshot) -> Group:
    """The group that brings a branch forward to a commit that exists: nothing is made, paths follow."""
    plans = []
    for change in target.changes_since(tip.oid):
        checked_segments(change.path)
        old, new = (_version(view, change.path) for view in (tip, target))
        content = None if new.oid is None else Stored(new.oid, new.mode)
        plans.append(PathPlan(change.path, old, new, frozenset((old.oid, new.oid)), content))
    plans.sort(key=lambda plan: (plan.new.oid is not None, plan.path))
    return Group((target.commit,), tuple(plans))


def _version(view: Snapshot, path: str) -> Version:
    entry = view.entry(path)
    return Version(None) if entry is None or view.blob(path) is None else Version(entry[1], entry[0])
