"""The note beside the pages of which projection made them: `.gitkb/pages.json`.

Invariant: the number only rises, with the first pages commit of a newer gitkb. One whose projection has a lower number makes no
pages commits from then on, so two versions never rewrite each other's pages in turn; its document commits are as good as any.
"""

import json

from gitkb.errors import FormatError, NewerFormat
from gitkb.formats import UPGRADE, canonical
from gitkb.model import Tree
from gitkb.wiki.projection import PROJECTION

MADE = ".gitkb/pages.json"


def made_by(tree: Tree) -> int:
    """The number of the projection that made a tree's pages, 0 where none is noted. `FormatError` where the note is damaged."""
    content = tree.read(MADE)
    return 0 if content is None else read_note(content)


def read_note(content: bytes) -> int:
    """The number in a note. Raises `FormatError`."""
    try:
        number = json.loads(content.decode("utf-8"))["projection"]
        if isinstance(number, int) and not isinstance(number, bool) and number > 0:
            return number
    except (ValueError, LookupError, TypeError, RecursionError):
        pass
    raise FormatError(
        f"{MADE} does not say which projection made the pages.",
        f"Take it from git; after a conflict of a merge keep the larger number: git checkout HEAD -- {MADE}",
    )


def note() -> bytes:
    """The note that this version leaves."""
    return canonical({"projection": PROJECTION})


def later(one: bytes, other: bytes) -> bytes | None:
    """The note with the larger number; None where one of them is damaged."""
    try:
        return max((read_note(one), one), (read_note(other), other))[1]
    except FormatError:
        return None


def newer(tree: Tree) -> str:
    """Why this version leaves a tree's pages as they are: a newer one made them; "" where it need not."""
    number = made_by(tree)
    if number <= PROJECTION:
        return ""
    return f"The pages were made by a newer gitkb (projection {number}; this one makes projection {PROJECTION})"


def refuse_newer(tree: Tree) -> None:
    """Raises `NewerFormat` where a newer gitkb made a tree's pages."""
    if said := newer(tree):
        raise NewerFormat(f"{said}, so this one does not make them anew.", UPGRADE)
