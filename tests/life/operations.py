"""What can happen to a knowledge base in its life, as plain values that hypothesis draws and shrinks.

An operation names documents and pages by number: the number counts through whatever is there at that moment, so every list of
operations can be played, and so can every part of it.
"""

from dataclasses import dataclass, field

from hypothesis import strategies as st

from tests.life.texts import FILES, VERSIONS


@dataclass(frozen=True)
class Add:
    """Files are written, with (file, subject, version), and the folder is added."""

    files: tuple[tuple[int, int, int], ...]
    prune: bool = False
    branch: bool = False


@dataclass(frozen=True)
class Move:
    """A file is moved to another name, and the folder is added."""

    file: int
    to: int
    prune: bool = False
    branch: bool = False


@dataclass(frozen=True)
class Delete:
    """A file is deleted, and the folder is added with --prune."""

    file: int


@dataclass(frozen=True)
class Remove:
    document: int
    branch: bool = False


@dataclass(frozen=True)
class Undo:
    """The last change is taken back, or that of a document."""

    document: int | None = None


@dataclass(frozen=True)
class Approve:
    page: int
    withdraw: bool = False


@dataclass(frozen=True)
class Decide:
    one: int
    other: int
    same: bool = True
    branch: bool = False


@dataclass(frozen=True)
class Edit:
    """A person writes a note on a page, or changes a word of a claim (the line counts through the claims)."""

    page: int
    line: int | None = None
    committed: bool = False
    branch: bool = False


@dataclass(frozen=True)
class Recompile:
    """All documents are made again; with a language, after that setting was changed."""

    language: str | None = None


@dataclass(frozen=True)
class Fix:
    """gitkb lint --fix"""


@dataclass(frozen=True)
class Refresh:
    """gitkb refresh"""


@dataclass(frozen=True)
class Merge:
    """The branch on which things were done is merged; a conflict is settled for one side."""

    theirs: bool = field(default=False)


Operation = Add | Move | Delete | Remove | Undo | Approve | Decide | Edit | Recompile | Fix | Refresh | Merge

_small = st.integers(0, 19)
_file = st.integers(0, len(FILES) - 1)
_written = st.tuples(_file, _file, st.integers(0, VERSIONS - 1))
_own = st.tuples(_file, st.integers(0, VERSIONS - 1)).map(lambda drawn: (drawn[0], drawn[0], drawn[1]))
_flag = st.booleans()
_seldom = st.sampled_from([False, False, True])

operation: st.SearchStrategy[Operation] = st.one_of(
    st.builds(Add, st.lists(st.one_of(_own, _own, _written), max_size=2).map(tuple), _seldom, _seldom),
    st.builds(Move, _file, _file, _seldom, _seldom),
    st.builds(Delete, _file),
    st.builds(Remove, _small, _seldom),
    st.builds(Undo),
    st.builds(Undo, _small),
    st.builds(Approve, _small, _seldom),
    st.builds(Decide, _small, _small, _flag, _seldom),
    st.builds(Edit, _small, st.none(), _flag, _seldom),
    st.builds(Edit, _small, _small, _flag, _seldom),
    st.builds(Recompile, st.sampled_from([None, "de", "en"])),
    st.builds(Fix),
    st.builds(Refresh),
    st.builds(Merge, _flag),
)
lives = st.lists(operation, min_size=1, max_size=12)
