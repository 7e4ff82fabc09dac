"""The plain data that goes in and out of the store.

Paths are POSIX paths inside the repository, object ids 40-digit hex. Nothing here holds a repository handle, so these
values may outlive the `Store` they came from.
"""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct


class Stored(Struct, frozen=True):
    """Content that the repository has already: a blob by its id, and the mode of its file."""

    oid: str
    mode: int = 0o100644


Content = bytes | Path | Stored | None
"""New content of a path: bytes, a file of the run's scratch folder (moved, not copied), a blob that is there already, or
None for a deletion."""


class PlannedCommit(Struct, frozen=True):
    """One commit of a group: its whole message, trailers included, and what it changes; `parents` are commits that it joins
    to the branch besides the one before it."""

    message: str
    changes: Mapping[str, Content]
    parents: tuple[str, ...] = ()


class Edit(Struct, frozen=True):
    """A worktree file that differs from the tip. `content` None: deleted. `staged`: the index differs from the tip too;
    `tracked`: the path exists in the tip."""

    path: str
    content: bytes | None
    staged: bool
    tracked: bool


class Commit(Struct, frozen=True):
    """What a log shows of one commit; `time` is seconds since the epoch, `message` the whole message."""

    oid: str
    message: str
    author_name: str
    author_email: str
    time: int
    parents: tuple[str, ...]


class Rescued(Struct, frozen=True):
    """A person's file that stood where gitkb wrote: its content is kept under the ref `ref`."""

    path: str
    ref: str


class RunState(Struct, frozen=True):
    """An unfinished run: what it does ("add papers/"), how far it is ("26 of 40 documents"), whether its process lives."""

    id: str
    what: str
    progress: str
    commits: int
    living: bool


class Recovery(Struct, frozen=True):
    """What `Store.recover` did. `cleared` are the dead runs; `left` are full sentences about what it did not touch."""

    cleared: tuple[RunState, ...] = ()
    rescued: tuple[Rescued, ...] = ()
    left: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.cleared or self.rescued or self.left)


class WorktreeStatus(Struct, frozen=True):
    """`runs` that did not end, `edited` paths below wiki/ that differ from the tip (sorted), `operation` of git in
    progress ("merge", "" for none)."""

    runs: tuple[RunState, ...] = ()
    edited: tuple[str, ...] = ()
    operation: str = ""


class Tracking(Struct, frozen=True):
    """How a branch stands to the branch of a remote, as it was last fetched: `name` ("origin/main"), commits that only the branch
    has (`ahead`), commits that only the remote's has (`behind`)."""

    name: str
    ahead: int
    behind: int


class Version(Struct, frozen=True):
    """One state of a path: blob id and mode, `oid` None where the path does not exist."""

    oid: str | None
    mode: int = 0o100644


class PathPlan(Struct, frozen=True):
    """What a group does to one path: `old` in the tip, `new` after the group, every blob id that a person's file may
    have without being in the way (None: absent), and where the new bytes are."""

    path: str
    old: Version
    new: Version
    accepted: frozenset[str | None]
    content: Content = None
