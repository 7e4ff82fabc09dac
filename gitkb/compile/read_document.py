"""A converted document read for digesting: its sentences, each with its section, page and kind.

Invariant: sentences are in text order; text about rights is left out; however long the document, at most about `_BUDGET`
characters are kept, the first of every section before the later ones of any.
"""

import re
from dataclasses import dataclass, replace

from gitkb.model.documents import Conversion, Heading, Place
from gitkb.text.language.boilerplate import is_boilerplate, is_licence_heading
from gitkb.text.language.detect import detect_language
from gitkb.text.language.sentences import split_sentences
from gitkb.text.markdown.prose import Passage, passages, plain

_BUDGET = 300_000
_PAGE_LABELS = {"page": "p. {}", "slide": "slide {}", "sheet": "sheet {}"}
_LANGUAGE_CODE = re.compile(r"[a-z]{2}(?=$|[-_])")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence with inline code marked. `section` indexes the headings (-1 above the first); `rank` counts from 0 in its
    section."""

    text: str
    section: int
    page: str
    is_item: bool
    leads: bool
    rank: int
    emphasised: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A document as its sentences; `headings` are those of the conversion."""

    language: str
    headings: tuple[Heading, ...]
    sentences: tuple[Sentence, ...]

    def place(self, sentence: Sentence) -> Place:
        """Where a sentence stands: its page where the document has page anchors, else its heading."""
        if sentence.page:
            return page_place(sentence.page)
        if sentence.section < 0:
            return Place(path="", anchor="", label="")
        return heading_place(self.headings[sentence.section])


def page_place(anchor: str) -> Place:
    """The place of a page, slide or sheet anchor ("page-97")."""
    kind, _, number = anchor.partition("-")
    return Place(path="", anchor=anchor, label=_PAGE_LABELS.get(kind, "{}").format(number))


def heading_place(heading: Heading) -> Place:
    """The place of a heading."""
    return Place(path="", anchor=heading.anchor, label=heading.title)


def read_document(conversion: Conversion, language: str = "") -> Reading:
    """The sentences of a conversion; `language` (ISO 639-1) wins over what the conversion and the text say."""
    found = list(passages(conversion.markdown))
    code = _language(language) or _language(conversion.language) or detect_language(" ".join(_samples(found)))
    placed = _in_sections(found, conversion.headings)
    return Reading(code, conversion.headings, tuple(_sentences(_within_budget(placed), code)))


def _language(name: str) -> str:
    match = _LANGUAGE_CODE.match(name.strip().lower())
    return match.group() if match else ""


def _samples(found: list[Passage]) -> list[str]:
    step = max(1, len(found) // 200)
    return [plain(passage.text)[:400] for passage in found[::step]]


def _in_sections(found: list[Passage], headings: tuple[Heading, ...]) -> list[tuple[int, Passage]]:
    placed: list[tuple[int, Passage]] = []
    section = -1
    licence_level = 0
    for passage in found:
        while section + 1 < len(headings) and headings[section + 1].line <= passage.line:
            section += 1
            level = headings[section].level
            if not licence_level or level <= licence_level:
                licence_level = level if is_licence_heading(headings[section].title) else 0
        if not licence_level:
            placed.append((section, passage))
    return placed


def _within_budget(placed: list[tuple[int, Passage]]) -> list[tuple[int, Passage]]:
    if sum(len(passage.text) for _, passage in placed) <= _BUDGET:
        return placed
    sections = len({section for section, _ in placed})
    share = max(400, _BUDGET // sections)
    used: dict[int, int] = {}
    kept = []
    total = 0
    for section, passage in placed:
        left = min(share - used.get(section, 0), _BUDGET - total)
        if left > 0:
            kept.append((section, replace(passage, text=passage.text[:left])))
            used[section] = used.get(section, 0) + len(passage.text)
            total += min(left, len(passage.text))
    return kept


def _sentences(placed: list[tuple[int, Passage]], language: str) -> list[Sentence]:
    result: list[Sentence] = []
    ranks: dict[int, int] = {}
    for section, passage in placed:
        for position, text in enumerate(split_sentences(passage.text, language)):
            if is_boilerplate(text):
                continue
            rank = ranks.get(section, 0)
            ranks[section] = rank + 1
            result.append(Sentence(text, section, passage.page, passage.kind == "item", position == 0, rank, passage.emphasised))
    return result
