"""Titles that only the kind of a document shows: the heading that names a meeting, the line on the first slide of a deck.

Invariant: a title that the author states or marks stays. The words stand in the document (or are the year that it gives).
"""

import re
from collections.abc import Sequence

from gitkb.compile.extractive.genres.minutes import meeting_title
from gitkb.convert.title import NAMED, good_title
from gitkb.model.documents import Conversion, TitleCandidate
from gitkb.text.headings.meetings import is_minutes
from gitkb.text.markdown.prose import inline_text, plain

_PAGE = re.compile(r'<a name="(?:page|slide)-(?P<number>\d+)"></a>')
_MOST_WORDS, _LONGEST = 40, 100
"""A slide with more words is no first one: it says something."""


def by_kind(conversion: Conversion, chosen: TitleCandidate, candidates: Sequence[TitleCandidate]) -> TitleCandidate:
    """The title that was chosen, or the one that the document's kind shows where the file's name or a part would be the title."""
    if chosen.kind in ("stated", "style"):
        return chosen
    if chosen.where == NAMED and is_minutes(conversion.headings) and (title := meeting_title(conversion)):
        return TitleCandidate("heading", title, "heading that names the meeting")
    if title := _first_slide(conversion):
        return TitleCandidate("largest", title, "line that opens the first page")
    return _completed(chosen, candidates)


def _first_slide(conversion: Conversion) -> str:
    """The first line of a page of a few words before the first heading, in a document of several pages; else ""."""
    pages = list(_PAGE.finditer(conversion.markdown[:4_000]))
    if len(pages) < 2 or not conversion.headings:
        return ""
    end = conversion.markdown.count("\n", 0, pages[1].start()) + 1
    text = conversion.markdown[pages[0].end() : pages[1].start()]
    if conversion.headings[0].line < end or len(text.split()) > _MOST_WORDS:
        return ""
    lines = (plain(inline_text(line)[0]).strip() for line in text.split("\n"))
    first = next((line for line in lines if line), "")
    return good_title(first) if len(first.split()) > 1 and len(first) <= _LONGEST and not first.endswith((".", ":", ",")) else ""


def _completed(chosen: TitleCandidate, candidates: Sequence[TitleCandidate]) -> TitleCandidate:
    """A heading that is the beginning of a longer line on the page ("Type Recursion and") is that line."""
    if chosen.kind != "heading":
        return chosen
    longer = (each for each in candidates if each.kind in ("largest", "metadata"))
    begun = chosen.text.casefold()
    return next((each for each in longer if each.text.casefold().startswith(f"{begun} ") and len(each.text) <= _LONGEST), chosen)
