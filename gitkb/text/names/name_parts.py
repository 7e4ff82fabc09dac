"""Tells whether what a person typed is a part of a name: whole words of it, as "log" is of "daily-log" and not of "catalog".

Invariant: pure. In scripts without blanks between words every sign begins one.
"""

import re
from collections.abc import Iterable, Sequence

from gitkb.errors import PartOfName

MAX_CANDIDATES = 10
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)


def has_words(name: str, part: str) -> bool:
    """Whether a part of a name begins and ends where words do; case does not count."""
    name, part = name.casefold(), part.casefold()
    at = name.find(part) if part else -1
    while at >= 0:
        if _is_border(name, at) and _is_border(name, at + len(part)):
            return True
        at = name.find(part, at + 1)
    return False


def _is_border(name: str, at: int) -> bool:
    if at in (0, len(name)):
        return True
    before, after = name[at - 1], name[at]
    return not (before.isalnum() and after.isalnum()) or bool(_UNSPACED.match(before) or _UNSPACED.match(after))


def part_of_name(name: str, found: Sequence[str]) -> PartOfName:
    """The error that a command which changes something raises for a part of a name, even if only one name has it."""
    if len(found) == 1:
        return PartOfName(name, found, f"{name!r} is no name, but a part of {found[0]}.", "Give the whole name, or --yes.")
    return PartOfName(name, found, f"{name!r} may be: {listed(found)}.", "Give the whole name.")


def listed(candidates: Iterable[str]) -> str:
    """Some names in a sentence, and how many more there are."""
    found = list(candidates)
    more = [f"and {len(found) - MAX_CANDIDATES} more"] if len(found) > MAX_CANDIDATES else []
    return ", ".join([*found[:MAX_CANDIDATES], *more])
