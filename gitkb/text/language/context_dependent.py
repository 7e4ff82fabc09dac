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
def _opening(language: str, may_say_we: bool) -> re.Pattern[str] | None:
    """What a sentence of the language begins with where it leans on the one before it."""
    words = "|".join(_entries(language, "openings", may_say_we))
    if not words:
        return None
    return re.compile(words) if language in _UNSPACED else re.compile(rf"(?:{words})(?![\w-])", re.IGNORECASE)


@lru_cache(maxsize=256)
def _anywhere(language: str, may_say_we: bool) -> re.Pattern[str] | None:
    """What shows anywhere in a sentence in small letters: a pattern that ignores case takes four times as long."""
    if not may_say_we:
        return word_lists.pattern(_KIND, language, "anywhere")
    words = "|".join(_entries(language, "anywhere", may_say_we))
    return re.compile(rf"\b(?:{words})\b") if words and language not in _UNSPACED else None


def _entries(language: str, section: str, may_say_we: bool) -> tuple[str, ...]:
    voice = word_lists.words(_KIND, language, "voice") if may_say_we else frozenset()
    return tuple(entry for entry in word_lists.entries(_KIND, language, section) if entry not in voice)


_COUNTRY = re.compile(r"\bUS\b")


@lru_cache(maxsize=5_000)
def is_leaning(text: str, language: str, *, may_say_we: bool = False) -> bool:
    """Whether a sentence needs its neighbours to be understood, or speaks of the document instead of the subject. `may_say_we`:
    who speaks is known, so that "we" and "our" are clear."""
    opening, anywhere = _opening(language, may_say_we), _anywhere(language, may_say_we)
    if language in _UNSPACED:
        return bool(opening and opening.match(text)) or bool(anywhere and anywhere.search(text))
    bare = text.lstrip("\"'“‘«„(").replace("’", "'")
    bare = _COUNTRY.sub("America", bare) if "US" in bare else bare  # which small letters would make a pronoun
    return bool(opening and opening.match(bare)) or bool(anywhere and anywhere.search(bare.lower()))
