"""Labels that say what kind of text stands behind or below them: "What it is", "Purpose", "HINT", "Related".

Invariant: decides by the words of the label alone; number, case and punctuation do not matter.
"""

import re
from functools import cache, lru_cache

from gitkb.text import word_lists
from gitkb.text.language.boilerplate import bare_heading

MEANINGS = ("what", "idea", "purpose")
"""The kinds below which stands what a thing is, the best first."""
_KINDS = (*MEANINGS, "callouts", "caveats", "links")
_BEFORE = re.compile(
    r"(?:(?P<capitals>[A-ZÄÖÜ]{3,})(?=\s+[A-ZÄÖÜ]\w*\s)|(?P<label>[^\W\d_][\w '’]{1,24}?)\s?(?::|\s[-–—])(?=\s))\s+(?=\S)"
)


@cache
def _entries(kind: str) -> re.Pattern[str]:
    return re.compile("|".join(word_lists.entries("labels", word_lists.MIXED, kind)))


@lru_cache(maxsize=5_000)
def label_kind(text: str) -> str:
    """The kind of a heading or label in plain text ("What it is" is "what"); "" for any other words."""
    if not text or len(text) > 60:
        return ""
    bare = bare_heading(text).lower().replace("’", "'")
    return next((kind for kind in _KINDS if _entries(kind).fullmatch(bare)), "")


def label_before(text: str) -> tuple[str, str]:
    """(the label with which a text begins, the rest), the label "" if it begins with none: one in capitals needs no colon."""
    found = _BEFORE.match(text)
    label = (found["capitals"] or found["label"]) if found else ""
    kind = label_kind(label)
    if found is None or not kind or kind == "links" or (found["capitals"] and kind not in ("callouts", "caveats")):
        return "", text
    return label, text[found.end() :]
