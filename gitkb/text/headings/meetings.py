"""Which documents are minutes or agendas of a meeting, and which of their headings say so.

Invariant: decides by headings alone. A document is minutes only if two of its headings are such as agendas and minutes have.
"""

import re
from collections.abc import Sequence
from functools import cache

from gitkb.model.documents import Heading
from gitkb.text import word_lists
from gitkb.text.language.boilerplate import bare_heading
from gitkb.text.markdown.prose import inline_text, plain

_SPEAKER = re.compile(
    r"(?P<who>[A-Z][\w.'’-]{0,20}(?: (?:[+&] )?[A-Z][\w.'’-]{0,20}){0,2}(?: ?[(\[][\w ,]{1,12}[)\]])?) ?: (?=[^\W\d])"
)


@cache
def pattern(section: str) -> re.Pattern[str]:
    """What an entry of a section of the word lists on meetings is, for text in small letters."""
    return re.compile("|".join(f"(?:{entry})" for entry in word_lists.entries("meetings", word_lists.MIXED, section)))


def is_heading(section: str, heading: str) -> bool:
    """Whether a heading, without its number, is an entry of a section."""
    return bool(pattern(section).fullmatch(bare_heading(plain(inline_text(heading)[0])).lower()))


def is_minutes(headings: Sequence[Heading]) -> bool:
    """Whether a document with these headings is the agenda or the minutes of a meeting."""
    kinds = {kind for heading in headings[:60] for kind in ("agenda", "minutes", "people") if is_heading(kind, heading.title)}
    return len(kinds) > 1


def is_meeting_part(heading: str) -> bool:
    """Whether a heading or item is one that any minutes have."""
    return any(is_heading(kind, heading) for kind in ("house", "people", "agenda", "minutes", "parts", "titles"))


def speaker_of(text: str) -> str:
    """Who says a paragraph of minutes ("AB (chat): ..."), "" if nobody is named."""
    found = _SPEAKER.match(text)
    return found["who"] if found else ""
