"""What can happen to a knowledge base in its life, as plain values that are drawn and made smaller.

An operation names documents and pages by number: the number counts through whatever is there at that moment, so every list of
operations can be played, and so can every part of it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from random import Random

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
    """The last change is taken back, or that of a document, or any commit."""

    document: int | None = None
    commit: int | None = None


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
class Strike:
    """A person deletes a claim of a page."""

    page: int
    line: int
    committed: bool = False


@dataclass(frozen=True)
class Own:
    """A person commits a page of their own, with links to another page and to a document."""

    page: int
    document: int


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


Operation = Add | Move | Delete | Remove | Undo | Approve | Decide | Edit | Strike | Own | Recompile | Fix | Refresh | Merge

MANY = 1_000
LENGTHS = (6, 14)


def life(draw: Random) -> list[Operation]:
    """A life of some operations."""
    makers, weights = zip(*_MAKERS, strict=True)
    return [make(draw) for make in draw.choices(makers, weights, k=draw.randint(*LENGTHS))]


def simpler(operation: Operation) -> Iterator[Operation]:
    """The same operation with one thing less: what shrinking tries."""
    for each in fields(operation):
        value = getattr(operation, each.name)
        if value is True:
            yield replace(operation, **{each.name: False})
        elif isinstance(value, tuple) and len(value) > 1:
            yield from (replace(operation, **{each.name: value[:i] + value[i + 1 :]}) for i in range(len(value)))


def _seldom(draw: Random) -> bool:
    return draw.random() < 0.3


def _often(draw: Random) -> bool:
    return draw.random() < 0.5


def _any(draw: Random) -> int:
    return draw.randrange(MANY)


def _add(draw: Random) -> Add:
    files = []
    for _ in range(draw.randint(1, 3)):
        file = draw.randrange(len(FILES))
        subject = draw.randrange(len(FILES)) if draw.random() < 0.15 else file
        files.append((file, subject, draw.randrange(VERSIONS)))
    return Add(tuple(files), _seldom(draw), _seldom(draw))


_MAKERS: tuple[tuple[Callable[[Random], Operation], int], ...] = (
    (_add, 7),
    (lambda draw: Move(_any(draw), _any(draw), _seldom(draw), _seldom(draw)), 3),
    (lambda draw: Delete(_any(draw)), 2),
    (lambda draw: Remove(_any(draw), _seldom(draw)), 3),
    (lambda draw: Undo(), 4),
    (lambda draw: Undo(_any(draw)), 3),
    (lambda draw: Undo(None, _any(draw)), 2),
    (lambda draw: Approve(_any(draw), _seldom(draw)), 3),
    (lambda draw: Decide(_any(draw), _any(draw), _often(draw), _seldom(draw)), 4),
    (lambda draw: Edit(_any(draw), None, _often(draw), _seldom(draw)), 4),
    (lambda draw: Edit(_any(draw), _any(draw), _often(draw), _seldom(draw)), 4),
    (lambda draw: Strike(_any(draw), _any(draw), _often(draw)), 2),
    (lambda draw: Own(_any(draw), _any(draw)), 1),
    (lambda draw: Recompile(draw.choice([None, "de", "en"])), 1),
    (lambda draw: Fix(), 1),
    (lambda draw: Refresh(), 1),
    (lambda draw: Merge(_often(draw)), 3),
)
