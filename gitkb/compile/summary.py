"""Title, summary and outline of one document: its best sentences where they stand.

Invariant: every sentence is one of the document's; the summary is in text order and covers different sections; the outline
has at most `_MOST_SECTIONS` entries, deeper levels given up first.
"""

import re
from collections import Counter
from collections.abc import Sequence

from gitkb.compile.claims import claim_score
from gitkb.compile.reading import Reading, heading_place
from gitkb.model import Claim, Conversion, Heading, SummarySection
from gitkb.text.boilerplate import is_licence_heading, is_structural
from gitkb.text.phrases import tokens
from gitkb.text.prose import inline_text, plain
from gitkb.text.stopwords import function_words

_MOST_SECTIONS, _SECTION_SENTENCES = 60, 2
Ranking = list[tuple[float, int]]
"""Scores (0..1) and indexes of a reading's sentences that are claims, the best first."""
_LONGEST_TITLE = 150
_CJK = ("ja", "zh", "ko")
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_NUMBER = re.compile(
    r"(?:(?:Chapter|Appendix|Part|Kapitel|Anhang|Chapitre|Annexe) \w{1,5}[.:] |\d{1,3}(?:\.\d{1,3})+\.? |\d{1,3}\. |"
    r"[A-Z]\.(?:\d{1,3}\.)+ )(?=\S)"
)


def document_title(conversion: Conversion, reading: Reading, name: str) -> str:
    """The title: the conversion's, a first heading, an opening line of the text, or the file's name, in that order."""
    for candidate in (conversion.title, *(heading.title for heading in conversion.headings[:3])):
        text = plain(inline_text(candidate)[0]).strip(" \t#*_")
        text = _NUMBER.sub("", text) or text
        if text and any(c.isalpha() for c in text):
            return _shorten(text)
    for sentence in reading.sentences[:3]:
        text = plain(sentence.text)
        if 3 <= len(text) <= 100 and any(c.isalpha() for c in text):
            return text.rstrip(".")
    stem = _ENDING.sub("", name.replace("\\", "/").rsplit("/", 1)[-1])
    return _shorten(stem.replace("_", " ").replace("-", " ").strip() or name)


def _shorten(text: str) -> str:
    if len(text) <= _LONGEST_TITLE:
        return text
    cut = text[:_LONGEST_TITLE].rsplit(" ", 1)[0]
    return f"{cut.rstrip(' ,;:-')}…"


def document_summary(reading: Reading, claims: list[str], ranked: Ranking) -> tuple[Claim, ...]:
    """The three to eight best sentences, in text order, at most two of one section."""
    wanted = min(8, max(3, len(ranked) // 8))
    chosen: list[tuple[float, int]] = []
    taken: Counter[int] = Counter()
    for score, index in ranked:
        section = reading.sentences[index].section
        if taken[section] < 2 and len(chosen) < wanted:
            taken[section] += 1
            chosen.append((score, index))
    return tuple(_claim(reading, claims, score, index) for score, index in sorted(chosen, key=lambda item: item[1]))


def document_outline(reading: Reading, claims: list[str], ranked: Ranking, title: str) -> tuple[SummarySection, ...]:
    """The headings of levels 1 to 3 with up to two sentences each."""
    best: dict[int, list[tuple[float, int]]] = {}
    for score, index in ranked:
        held = best.setdefault(reading.sentences[index].section, [])
        if len(held) < _SECTION_SENTENCES:
            held.append((score, index))
    return tuple(
        outline_section(
            heading, tuple(_claim(reading, claims, s, i) for s, i in sorted(best.get(number, []), key=lambda item: item[1]))
        )
        for number, heading in outline_headings(reading.headings, title)
    )


def outline_headings(headings: Sequence[Heading], title: str) -> list[tuple[int, Heading]]:
    """The headings that an outline shows, with their numbers: levels 1 to 3, the deeper ones given up where there are too
    many."""
    wanted = [
        (number, heading)
        for number, heading in enumerate(headings)
        if heading.level <= 3 and any(c.isalnum() for c in heading.title) and not is_licence_heading(heading.title)
    ]
    if wanted and wanted[0][1].title.strip() == title and sum(h.level == wanted[0][1].level for _, h in wanted) == 1:
        wanted = wanted[1:] if len(wanted) > 1 else wanted
    for level in (2, 1):
        if len(wanted) > _MOST_SECTIONS:
            shallow = [item for item in wanted if item[1].level <= level]
            wanted = shallow if len(shallow) > 3 else wanted
    return wanted[:_MOST_SECTIONS]


def outline_section(heading: Heading, sentences: tuple[Claim, ...]) -> SummarySection:
    """A heading of the outline with its sentences."""
    return SummarySection(heading.level, _shorten(plain(inline_text(heading.title)[0])), heading_place(heading), sentences)


def rank_sentences(reading: Reading, claims: list[str]) -> Ranking:
    """Claims by centrality: words that the document repeats, early in their section, not long-winded."""
    contents = [content_words(text, reading.language) if text else [] for text in claims]
    counts = Counter(word for words in contents for word in set(words))
    top = max(counts.values(), default=1)
    ranked = []
    for index, words in enumerate(contents):
        if not claims[index]:
            continue
        sentence = reading.sentences[index]
        central = sum(counts[word] for word in set(words)) / (top * max(6, len(set(words))))
        score = claim_score(claims[index], is_item=sentence.is_item, leads=sentence.leads)
        score = 0.6 * score + 0.4 * min(1.0, central * 1.5) + (0.12 if sentence.rank < 2 else 0)
        structural = sentence.section >= 0 and is_structural(reading.headings[sentence.section].title)
        ranked.append((round(min(1.0, score - (0.05 if structural else 0)), 4), index))
    return sorted(ranked, key=lambda item: (-item[0], item[1]))


def content_words(text: str, language: str) -> list[str]:
    """The words of a text that carry its subject, in small letters; pairs of characters where words have no blanks."""
    if language in _CJK:
        return [text[i : i + 2] for i in range(len(text) - 1) if text[i : i + 2].isalnum()]
    known = function_words(language)
    return [word for token in tokens(text) if (word := token.lower()) not in known and len(word) > 2]


def _claim(reading: Reading, claims: list[str], score: float, index: int) -> Claim:
    return Claim(text=claims[index], place=reading.place(reading.sentences[index]), score=score)
