"""What a model's replies say of a whole document: its title, its description, its outline with key sentences.

Invariant: title and description have no quote, so they are taken from a model only if the document has their words, numbers and
names; else they are the document's own, as the extractive compiler finds them.
"""

from bisect import bisect_right
from collections.abc import Sequence

from gitkb.compile.claims import claim_text
from gitkb.compile.description import document_description
from gitkb.compile.llm.backing_words import content_stems
from gitkb.compile.llm.grounding import numbers
from gitkb.compile.llm.named import names
from gitkb.compile.llm.replied import plain_words, sentence
from gitkb.compile.llm.statements import Found, Ground
from gitkb.compile.llm.subjects import Subject
from gitkb.compile.reading import Reading
from gitkb.compile.summary import outline_headings, outline_section
from gitkb.model import Claim, Conversion, SummarySection

_LONGEST_TITLE = 150
_MOST_SENTENCES = 2
_SHARE = 0.6


def titled(conversion: Conversion, suggested: str, ground: Ground, own: str) -> str:
    """The title: the conversion's or a model's, whichever the text has, else the document's `own`."""
    if conversion.title and ground.source.has(conversion.title):
        return own
    title = plain_words(suggested, _LONGEST_TITLE)
    return title if any(map(str.isalpha, title)) and ground.source.has(title) else own


def described(conversion: Conversion, reading: Reading, suggested: str, ground: Ground, title: str, longest: int) -> str:
    """The description: a model's if the document has its numbers, names and most of its words."""
    text = sentence(suggested)
    if text and len(text) <= longest and _is_of(text, reading, ground):
        return text
    claims = [claim_text(each.text, reading.language, leads=each.leads) for each in reading.sentences]
    return document_description(conversion, reading, claims, title)


def _is_of(text: str, reading: Reading, ground: Ground) -> bool:
    source, language = ground.source, reading.language
    if not all(source.has(number) for number in numbers(text)) or not all(source.has(name) for name in names(text, language)):
        return False
    said = content_stems(text, language)
    there: set[str] = set()
    for each in reading.sentences:
        there |= said & content_stems(each.text, language)
        if len(there) >= _SHARE * len(said):
            return True
    return False


def outline_of(ground: Ground, title: str, points: Sequence[Found], subjects: Sequence[Subject]) -> tuple[SummarySection, ...]:
    """The headings with the key points that stand below them; a heading without one has a claim of a topic."""
    shown = outline_headings(ground.headings, title)
    numbers_shown = [number for number, _ in shown]
    held: dict[int, list[Found]] = {}
    others = [found for subject in subjects for found in (*subject.definitions, *subject.claims)]
    for most, candidates in ((_MOST_SENTENCES, points), (1, sorted(others, key=lambda found: found.offset))):
        for found in sorted(candidates, key=lambda found: -found.claim.score):
            at = bisect_right(numbers_shown, ground.section(ground.source.line(found.offset))) - 1
            section = held.setdefault(at, [])
            if at >= 0 and len(section) < most and all(found.claim.text != other.claim.text for other in section):
                section.append(found)
    return tuple(outline_section(heading, _in_order(held.get(at, []))) for at, (_, heading) in enumerate(shown))


def _in_order(section: list[Found]) -> tuple[Claim, ...]:
    return tuple(found.claim for found in sorted(section, key=lambda found: found.offset))
