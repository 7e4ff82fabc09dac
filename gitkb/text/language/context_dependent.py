"""Sentences that lean on their neighbours: pronouns and connectives at the start, "above", "as we saw", "Listing 4-2".

Invariant: decides by the words alone, in the languages that have a list; patterns are alternatives of fixed words, so their
time is linear.
"""

import re
from functools import lru_cache

from gitkb.text import word_lists

_KIND = "context_dependent"
_UNSPACED = ("ja", "zh")


@lru_cache(maxsize=256)
def _opening(language: str) -> re.Pattern[str] | None:
    """What a sentence of the language begins with where it leans on the one before it."""
    words = "|".join(word_lists.entries(_KIND, language, "openings"))
    if not words:
        return None
    return re.compile(words) if language in _UNSPACED else re.compile(rf"(?:{words})(?![\w-])", re.IGNORECASE)


@lru_cache(maxsize=256)
def _anywhere(language: str) -> re.Pattern[str] | None:
    """What shows anywhere in a sentence in small letters: a pattern that ignores case takes four times as long."""
    return word_lists.pattern(_KIND, language, "anywhere")


def is_leaning(text: str, language: str) -> bool:
    """Whether a sentence needs its neighbours to be understood, or speaks of the document instead of the subject."""
    opening, anywhere = _opening(language), _anywhere(language)
    if language in _UNSPACED:
        return bool(opening and opening.match(text)) or bool(anywhere and anywhere.search(text))
    bare = text.lstrip("\"'“‘«„(").replace("’", "'")
    return bool(opening and opening.match(bare)) or bool(anywhere and anywhere.search(bare.lower()))
