"""Documents that a merge has to make anew, because what they shall be stands on neither side: new bytes under a new name, or
the two texts of one original merged line by line.

Invariant: pure; who makes them is somebody else's matter, and works without the lock. A document that cannot be made is a
conflict, as it was.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

Which = Literal["ours", "theirs"]
Files = Mapping[str, bytes]


class Wish(Struct, frozen=True):
    """A document to make: its name, the path and bytes of its original, and the documents of the two sides (by side and name
    there) whose pictures and links are its own."""

    document: str
    source: str
    content: bytes
    like: tuple[tuple[Which, str], ...]


Made = Mapping[Wish, Files | None]
"""The files of each document that was asked for, None where it could not be made."""


class NotMadeYet(Exception):
    """A merge needs documents that have not been made; nothing was changed."""

    def __init__(self, wishes: Sequence[Wish]) -> None:
        super().__init__(f"{len(wishes)} documents must be made first")
        self.wishes = tuple(wishes)


Remake = Callable[[Sequence[Wish], Mapping[Which, str]], Made]
"""Makes documents; gets the commits of the two sides."""
