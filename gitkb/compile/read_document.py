"""Reads a converted document for the compilers: its sentences, list items, rows and key-value lines, each with section and page.

Invariant: sentences are in text order. Text about rights and lists of references are left out. However long the document is, at
most about `_BUDGET` characters are kept: first the beginnings of all sections, then more of each. Items of a word or two, and
items that are links alone, are joined to one sentence, because none of them says anything by itself.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from gitkb.model.documents import Claim, Conversion, Heading, Place
from gitkb.text.headings.labels import label_before
from gitkb.text.headings.meetings import is_minutes, speaker_of
from gitkb.text.language.boilerplate import is_boilerplate, is_licence_heading, lists_references
from gitkb.text.language.detect import detect_language
from gitkb.text.language.sentences import split_sentences
from gitkb.text.markdown.described import own_words, read_pages
from gitkb.text.markdown.prose import Passage, material, plain

_BUDGET = 300_000
_PAGE_LABELS = {"page": "p. {}", "slide": "slide {}", "sheet": "sheet {}"}
_LANGUAGE_CODE = re.compile(r"[a-z]{2}(?=$|[-_])")


class Sentence(Struct, frozen=True):
    """One sentence with inline code marked. `section` indexes the headings (-1 above the first); `rank` counts from 0 in its
    section.

    `kind` says what it is part of: a paragraph ("text"), an "item", a "row", a "pair" (key: value), or a "list" of short
    items. `lead` is the item or line above that introduces it, or the question that it answers; `quote` its words as they are
    written, if `text` has other words between them. `speaker` is who says it in a meeting,
    `label` what stood before it ("HINT", "what:")."""

    text: str
    section: int
    page: str
    is_item: bool
    leads: bool
    rank: int
    emphasised: tuple[str, ...] = ()
    kind: str = "text"
    lead: str = ""
    quote: str = ""
    speaker: str = ""
    label: str = ""

    def spoken(self, text: str) -> str:
        """A text of the sentence with who says it before it."""
        return text if not self.speaker or text.startswith(f"{self.speaker}: ") else f"{self.speaker}: {text}"


class Reading(Struct, frozen=True):
    """A document as its sentences; `headings` are those of the conversion. `is_deck`: its pages are slides, of a few lines each;
    `read`: the anchors of pages whose text a model read."""

    language: str
    headings: tuple[Heading, ...]
    sentences: tuple[Sentence, ...]
    is_deck: bool = False
    read: frozenset[str] = frozenset()

    def place(self, sentence: Sentence) -> Place:
        """The place of a sentence: its page if the document has page anchors, else its heading."""
        if sentence.page:
            return page_place(sentence.page, self.read)
        if sentence.section < 0:
            return Place(path="", anchor="", label="")
        return heading_place(self.headings[sentence.section])

    def claim(self, index: int, text: str, score: float, *, defines: bool = False, quote: str = "") -> Claim:
        """A claim made of a sentence, with the words as they are written if `text` has more; `quote` are those of a claim that is
        made of more than the sentence."""
        sentence = self.sentences[index]
        verbatim = quote or sentence.quote or plain(sentence.text)
        is_there = text in verbatim or text[:-1] in verbatim
        return Claim(text, self.place(sentence), score, defines=defines, quote="" if is_there else verbatim)


def page_place(anchor: str, read: Collection[str] = ()) -> Place:
    """The place of a page, slide or sheet anchor ("page-97"), which says so where it is one of those that a model `read`."""
    kind, _, number = anchor.partition("-")
    label = _PAGE_LABELS.get(kind, "{}").format(number)
    return Place(path="", anchor=anchor, label=f"{label}, read by a model" if anchor in read else label)


def heading_place(heading: Heading) -> Place:
    """The place of a heading."""
    return Place(path="", anchor=heading.anchor, label=heading.title)


def read_document(conversion: Conversion, language: str = "") -> Reading:
    """The sentences of a conversion; `language` (ISO 639-1) overrules what the conversion and the text say. What a model says
    about pictures is none of them."""
    found = list(material(own_words(conversion.markdown)))
    is_deck = _is_deck(found)
    stated = _language(language) or _language(conversion.language)
    code = stated or detect_language(" ".join(_samples(found)), is_terse=is_deck)
    placed = _in_sections(found, conversion.headings)
    sentences = tuple(_sentences(_within_budget(placed), code, conversion.headings))
    return Reading(code, conversion.headings, sentences, is_deck, read_pages(conversion.markdown))


_FEWEST_SLIDES, _FULLEST_SLIDE = 4, 700


def _is_deck(found: list[Passage]) -> bool:
    """Whether a document consists of slides: pages of a few lines each."""
    pages = {passage.page for passage in found if passage.page and not passage.page.startswith("sheet")}
    return len(pages) >= _FEWEST_SLIDES and sum(len(passage.text) for passage in found) < _FULLEST_SLIDE * len(pages)


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
            level, title = headings[section].level, headings[section].title
            if not licence_level or level <= licence_level:
                licence_level = level if is_licence_heading(title) or lists_references(title) else 0
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


_MARK = re.compile(r"(?:\(\d{1,3}[a-z]?\)|\([a-z]{1,2}\)|\(?[a-z]\)|\d{1,3}\)|[•‣▪●◦–—-](?=\s))\s*(?=\S)")
_GLYPH = re.compile("(?:^|\\s+|(?<=[.:]))[\uf020-\uf0ff◦✦▪■●❑➢](?:\\s+|(?=[A-Z]))")
"""The sign of a bullet in a line of slides, where one paragraph holds several."""
_QUESTION = re.compile(r"(?:Q(?:uestion)?|F(?:rage)?|Pregunta|Domanda|Vraag) ?[.:] ?(?=\S)|(?=\S)", re.I)
_ANSWER = re.compile(r"(?:A(?:nswer|ntwort)?|R(?:éponse|espuesta|isposta)?|Antwoord) ?: ?(?=\S)")
_NUMBER = re.compile(r"\d{1,2}\.\s+(?=[A-Z][a-z]+ \S+ )")
_LISTED_INSIDE = re.compile(r"\((?:[a-h]|\d|i{1,3}|iv|v)\)\s+(?=[A-Z])")
_COUNTS_PLAINLY = ("en", "fr", "es", "it", "pt", "nl")
"""Languages in which a figure with a full stop is the number of a paragraph, and no ordinal ("1. Januar")."""
_SHORT_LETTERS = 12
_SHORT_LEAD = 30


def _sentences(placed: list[tuple[int, Passage]], language: str, headings: Sequence[Heading]) -> list[Sentence]:
    result: list[Sentence] = []
    ranks: dict[int, int] = {}
    asked: dict[int, str] = {}
    is_meeting = is_minutes(headings)
    for section, is_list, group in _runs(placed):
        if is_list and len(group) > 1:
            ranks[section] = ranks.get(section, 0) + 1
            result.append(_list(section, group, ranks[section] - 1))
            continue
        for passage in group:
            if _is_question(passage.text):
                asked[section] = _QUESTION.sub("", plain(passage.text), count=1)
            speaker = speaker_of(plain(passage.text)) if is_meeting and passage.kind != "row" else ""
            passage = replace(passage, kind="paragraph", lead="") if speaker else passage
            label, passage = ("", passage) if speaker or passage.kind == "row" else _unlabelled(passage)
            lead = passage.lead or ("" if speaker else asked.get(section, ""))
            for position, text in enumerate(_split(passage, language)):
                if is_boilerplate(text):
                    continue
                rank = ranks.get(section, 0)
                if not rank and section >= 0 and not lead and headings[section].title.endswith(("?", "？")):
                    lead = headings[section].title
                ranks[section] = rank + 1
                kind = "text" if passage.kind == "paragraph" else passage.kind
                is_item = passage.kind == "item"
                result.append(
                    Sentence(
                        text,
                        section,
                        passage.page,
                        is_item,
                        position == 0,
                        rank,
                        passage.emphasised,
                        kind,
                        lead,
                        passage.quote,
                        speaker,
                        label,
                    )
                )
                lead = passage.lead
            if not _is_question(passage.text):
                asked.pop(section, None)
    return result


def _unlabelled(passage: Passage) -> tuple[str, Passage]:
    """The label with which a passage begins, and the passage without it."""
    label, rest = label_before(passage.text)
    if not label:
        return "", passage
    return plain(label), replace(passage, text=rest, kind="paragraph" if passage.kind == "pair" else passage.kind)


def _is_question(text: str) -> bool:
    return text.endswith(("?", "？")) and len(text) <= 200


def _split(passage: Passage, language: str) -> list[str]:
    """The sentences of a passage, without the mark of a paragraph or an answer ("(2)", "a)", "A:") at its beginning."""
    if passage.kind in ("row", "pair"):
        return [passage.text]
    text = passage.text
    found = _ANSWER.match(text) or _MARK.match(text)
    found = found or (_NUMBER.match(text) if passage.kind == "paragraph" and language in _COUNTS_PLAINLY else None)
    text = text[found.end() :] if found else text
    parts = [part for part in _GLYPH.split(text) if part] if _GLYPH.search(text) else [text]
    sentences = [each[_listed_mark(each) :] for part in parts for each in split_sentences(part, language)]
    if passage.kind == "item" and len(sentences) > 1 and len(sentences[0]) < _SHORT_LEAD and len(text) <= 200:
        return [text]  # "C4. A cracked seal."
    return sentences


def _listed_mark(sentence: str) -> int:
    """How long the mark is with which a sentence stands in a list that runs through a paragraph ("(d) The pump ...")."""
    found = _LISTED_INSIDE.match(sentence)
    return found.end() if found else 0


def _runs(placed: list[tuple[int, Passage]]) -> Iterator[tuple[int, bool, list[Passage]]]:
    """Groups of neighbouring passages: (section, whether all are list items that say nothing alone, the passages)."""
    for (section, weak, *_), group in groupby(placed, key=_run_of):
        yield section, weak, [passage for _, passage in group]


def _run_of(item: tuple[int, Passage]) -> tuple[int, bool, str, str]:
    section, passage = item
    weak = passage.kind in ("item", "paragraph") and _is_weak(passage)
    return (section, True, passage.lead, passage.page) if weak else (section, False, "", "")


def _is_weak(passage: Passage) -> bool:
    """Whether a passage says nothing alone: it consists of links, or is an item of a word or two."""
    if passage.is_link:
        return len(passage.text) <= 300
    if passage.kind != "item" or len(passage.text) > 40:
        return False
    return sum(map(str.isalnum, passage.text)) < _SHORT_LETTERS or passage.text.count(" ") < 2


_MOST_LISTED, _LONGEST_LIST = 12, 200


def _list(section: int, group: list[Passage], rank: int) -> Sentence:
    """Short items joined to one sentence, as many as are easy to read."""
    shown: list[Passage] = []
    for passage in group:
        if len(shown) == _MOST_LISTED or (shown and sum(len(p.text) + 2 for p in (*shown, passage)) > _LONGEST_LIST):
            break
        shown.append(passage)
    texts = [plain(passage.text).strip(" ,;.") for passage in shown]
    text = ", ".join(dict.fromkeys(filter(None, texts))) + (", …" if len(shown) < len(group) else "")
    emphasised = tuple(words for passage in shown for words in passage.emphasised)
    first = shown[0]
    quote = " ".join(plain(passage.text) for passage in shown)
    return Sentence(text, section, first.page, True, True, rank, emphasised, "list", first.lead, quote)
