"""What every document has and nobody looks up: structural headings, licence text, navigation.

Invariant: decides by the words alone, in the languages that have a list; a heading's number and punctuation do not matter.
"""

import re
from functools import cache, lru_cache

from gitkb.text import word_lists

_NUMBERING = re.compile(
    r"^(?:(?:chapter|part|section|appendix|kapitel|teil|abschnitt|anhang|chapitre|partie|annexe|capítulo|capitolo|hoofdstuk|"
    r"глава|step)\s+)?"
    r"(?:(?:[0-9]{1,3}(?:\.[0-9A-Za-z]{1,3}){0,5}[.):]?|[A-Z](?:\.[0-9]{1,3}){1,5}[.):]?|[A-Z][.):]|"
    r"[IVX]{1,5}[.):])(?:\s*[-–—:]\s*|\s+)|[-–—•*#§]+\s*)+",
    re.I,
)
_OUTER = " \t.:;,!?#*_-–—()[]{}'\"“”„«»\u3000。：、…"


@cache
def _structural() -> re.Pattern[str]:
    lists = (word_lists.entries("headings", language, "structural") for language in word_lists.languages("headings"))
    return re.compile("|".join(entry for listed in lists for entry in listed))


@cache
def _pattern(section: str, *, anywhere: bool = True, flags: int = re.IGNORECASE) -> re.Pattern[str]:
    """What finds an entry of a section: anywhere, or as whole words."""
    entries = "|".join(word_lists.entries("boilerplate", word_lists.MIXED, section))
    return re.compile(entries if anywhere else rf"\b(?:{entries})\b", flags)


def lists_references(heading: str) -> bool:
    """Whether below a heading stands a list of what was cited, whose entries say nothing of the subject."""
    return len(heading) < 60 and bool(_pattern("references").fullmatch(bare_heading(heading)))


def sums_up(heading: str) -> bool:
    """Whether below a heading the author says in short what the text is about."""
    return len(heading) < 60 and bool(_pattern("abstracts").fullmatch(bare_heading(heading)))


def is_banner(sentence: str) -> bool:
    """Whether a sentence says who may copy a text, who paid for it or where it appeared, and not what it is about."""
    # Searched in small letters: a pattern that ignores case takes four times as long.
    return bool(_pattern("banners", flags=0).search(sentence.lower()))


def keeps_house(title: str) -> bool:
    """Whether a title or file name is that of a document about a project's own affairs: its changes, its rules."""
    return bool(_pattern("housekeeping", anywhere=False).search(title))


def points_elsewhere(heading: str) -> bool:
    """Whether below a heading stands what other documents say ("See also")."""
    return bool(_pattern("pointers").fullmatch(bare_heading(heading)))


@lru_cache(maxsize=5000)
def is_structural(heading: str) -> bool:
    """Whether a heading names a part that any document may have ("3. Examples", "Siehe auch")."""
    bare = bare_heading(heading).lower().replace("’", "'")
    return not bare or len(bare) > 200 or bool(_structural().fullmatch(bare))


def bare_heading(heading: str) -> str:
    """A heading without its number and outer punctuation."""
    cut = _NUMBERING.sub("", heading[:300].strip(), count=1)
    return (cut if cut.strip(_OUTER) else heading[:300]).strip(_OUTER)


def is_licence_heading(heading: str) -> bool:
    """Whether the text below a heading is about rights, not about the subject."""
    return len(heading) < 80 and bool(_pattern("licence headings").search(heading))


def is_boilerplate(sentence: str) -> bool:
    """Whether a sentence is licence text, navigation or about the document itself."""
    # In small letters: a pattern that ignores case takes four times as long.
    return bool(_pattern("sentences", flags=0).search(sentence.lower()))
