"""Reads the fields of a model's reply as plain bounded text, and checks its statements against the document.

Invariant: nothing that comes out holds a line break, a control or direction character, a tag, a link's target or picture, and no
shape of a reply raises anything but `ModelFailure` (where it is no JSON object at all). A page still escapes what it shows.

Invariant: a claim's quote is a passage of the document, by its number or found by gitkb, that supports the claim; everything else
is dropped and counted. Places come from the passage's line, never from the model.
"""

import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from gitkb.compile.extractive.claims import claim_score, says_that
from gitkb.compile.grounding.facts import content_stems, content_words
from gitkb.compile.grounding.polarity import turns_round
from gitkb.compile.grounding.quote import SourceText, Span, readable
from gitkb.compile.grounding.supports import objection
from gitkb.compile.llm.numbering import LONGEST_QUOTE, passages
from gitkb.compile.llm.parts import Part
from gitkb.compile.read_document import heading_place, page_place
from gitkb.errors import ModelFailure
from gitkb.formats.compiler_names import LLM_COMPILER
from gitkb.formats.glossary import Term
from gitkb.model.documents import Claim, Conversion, Heading, Place
from gitkb.text.language.boilerplate import is_licence_heading
from gitkb.text.language.word_classes import is_verb_form
from gitkb.text.markdown.described import own_words, read_pages
from gitkb.text.markdown.links import one_line
from gitkb.text.markdown.prose import CODE_CLOSE, CODE_OPEN
from gitkb.text.names.slugs import topic_key

_LONGEST_SENTENCE, _SHORTEST_SENTENCE, _SHORTEST_UNSPACED = 400, 20, 8
_MOST = 200
"""At most so many items of a list are looked at."""
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3}|_{2,3})(?=\S)([^*]{1,300}?)(?<=\S)\1(?![\w*])")
_TICKS = re.compile(r"`+")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{1,20}://|\bwww\.|\bjavascript:|\bdata:[a-z]+/", re.I)
_ASIDE = re.compile(r"\s?(?:\((?:see )?https?://[^\s()]*\)|\[https?://[^\s\]]*\]|<https?://[^\s>]*>)")
_BULLET = re.compile(r"^(?:[-*•‣]\s+|\d{1,2}[.)]\s+)")
_ENDS = re.compile(r"[.!?。！？…｡][\"'”’»)\]」』）]*$")
_FRAGMENT = re.compile(r"(?:If|When|Although|Because|While|Unless|Wenn|Obwohl|Weil|Falls|Lorsque|Bien que|Si)\b[^,:;]*\.$")
"""A subordinate clause alone; its main clause was cut off."""
_LEADERS = re.compile(r"(?:\.\s){3}|\.{4}|(?:…\s?){2}")
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")
_WORDS = re.compile(r"[^\W\d_][\w'’-]*")
_LEAST_WORDS, _SHORT_WORDS = 3, 6
_JOINERS = "\u200c\u200d"


def reply_object(text: str) -> Mapping[str, Any]:
    """The JSON object of a reply; raises `ModelFailure` where it is none."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelFailure(f"The model's reply is no valid JSON: {error}.", "Try again, or ask another model.") from error
    if not isinstance(data, dict):
        raise ModelFailure("The model's reply is no JSON object.", "Try again, or ask another model.")
    return data


def text_of(data: Any, key: str) -> str:
    """The text under a key as the model wrote it; "" where there is none."""
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, str) else ""


def objects_of(data: Any, key: str) -> Iterator[Mapping[str, Any]]:
    """The objects of a list, at most `_MOST`."""
    value = data.get(key) if isinstance(data, dict) else None
    yield from (item for item in (value[:_MOST] if isinstance(value, list) else ()) if isinstance(item, dict))


def texts_of(data: Any, key: str) -> Iterator[str]:
    """The texts of a list, at most `_MOST`."""
    value = data.get(key) if isinstance(data, dict) else None
    yield from (item for item in (value[:_MOST] if isinstance(value, list) else ()) if isinstance(item, str))


def numbers_of(data: Any, key: str, most: int) -> list[int]:
    """The whole numbers from 1 to `most` of a list, each once."""
    value = data.get(key) if isinstance(data, dict) else None
    listed = value[:_MOST] if isinstance(value, list) else ()
    whole = (item for item in listed if isinstance(item, int) and not isinstance(item, bool))
    return list(dict.fromkeys(item for item in whole if 1 <= item <= most))


def bounded(text: str, longest: int) -> str:
    """A text in one line, cut where it is longer."""
    line = one_line(text)
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def plain_words(text: str, longest: int) -> str:
    """The text without markup in one line; "" where it is longer, or holds an address."""
    text = one_line(readable(" ".join(text[: 4 * longest].split())))
    text = "".join(c for c in text if c in _JOINERS or unicodedata.category(c) not in ("Cf", "Cc", "Cs", "Co", "Cn"))
    text = _TICKS.sub("", _EMPHASIS.sub(r"\2", _BULLET.sub("", text))).replace(CODE_OPEN, "").replace(CODE_CLOSE, "")
    text = " ".join(_ASIDE.sub("", text).split())
    return text if len(text) <= longest and not _ADDRESS.search(text) else ""


def sentence(text: str) -> str:
    """One or more sentences of plain text with a full stop at the end; "" where the text is none, or too long."""
    text = plain_words(text, _LONGEST_SENTENCE)
    unspaced = _UNSPACED.search(text)
    if len(text) < (_SHORTEST_UNSPACED if unspaced else _SHORTEST_SENTENCE):
        return ""
    if _FRAGMENT.match(text) or _LEADERS.search(text):
        return ""
    return text if _ENDS.search(text) else f"{text}{'。' if unspaced else '.'}"


def is_fragment(text: str, language: str) -> bool:
    """Whether a short text has no verb, so that it states nothing ("Backup rotation schedule.")."""
    said = [word.lower() for word in _WORDS.findall(text)]
    if language != "en" or _UNSPACED.search(text):
        return len(said) < _LEAST_WORDS and not _UNSPACED.search(text)
    if len(said) > _SHORT_WORDS or says_that(text):
        return False
    inner, last = said[1:-1], said[-1:]
    return not any(map(is_verb_form, inner)) and not any(is_verb_form(word) and word.endswith(("s", "ed")) for word in last)


def leans(text: str, language: str) -> bool:
    """Whether a text begins with a word that points to what stands before it."""
    leaning = _OPENINGS.get(language)
    return leaning is not None and leaning.match(text) is not None


def passage_text(passage: str) -> str:
    """A passage of a document in one line, without the signs of Markdown around it."""
    text = _EMPHASIS.sub(r"\2", one_line(passage)).replace(CODE_OPEN, "").replace(CODE_CLOSE, "")
    return _TICKS.sub("", text).strip(" |*_>#")


def compiler_of(model: str) -> str:
    """How digests name this compiler: with the model in one clean line."""
    return f"{LLM_COMPILER} {plain_words(model, 200) or 'unnamed model'}"


_MOST_CITED = 3
_BEFORE, _AROUND = 400, 120
_CLAUSE_ENDS = re.compile(r"[.!?;:,()。！？；：、]|\n\s*\n|\n\s{0,8}(?:[-*+]|\d{1,3}[.)])\s")
_TAKES_BACK = re.compile(r"[*_`]{0,3},?\s{1,3}(only|unless|except|nur|außer|sauf|excepto|salvo)\b", re.I)
_PAGE = re.compile(r"<a (?:name|id)=\"((?:page|slide|sheet)-[\w-]{1,40})\">\s*</a>")
_SENTENCE_ENDS = re.compile(
    r"[.!?。！？][\"'”’)\]」）]*(?:\s+|(?<=[。！？」）]))|\n\s*\n|\n\s{0,8}(?:[-*+]|\d{1,3}[.)])\s+|\n#{1,6}\s"
)
_CLOSES = re.compile(r"[*_`]{0,3}[.!?。！？]?[\"'”’»)\]」』）]?[.!?。！？]?")
_LEANS = {
    "en": r"(?:it|its|this|these|those|they|their|them|he|she|his|her|such|we|our|you|your|here|there)(?![\w'’-])|i(?=\s)|"
    r"(?:it|he|she|that|there|here|this|i|we|you)['’](?:s|re|ve|m|ll)\b|the (?:following|above|former|latter)\b|"
    r"the (?:document|text|authors?|section|chapter|book|manual) (?:is|are|describes?|explains?|says?|shows?|covers?|"
    r"discuss(?:es)?|lists?|presents?|introduces?|gives?|also)\b",
    "de": r"(?:es|dies|diese[rsmn]?|sie|er|wir|hier|dabei|damit|dadurch|dafür|davon|darin|daher)(?![\w'’-])",
    "fr": r"(?:ce|cela|ceci|cet|cette|ces|il|elle|ils|elles|nous|vous|on)(?![\w'’-])|c['’]est\b",
    "es": r"(?:este|esta|esto|estos|estas|ese|esa|eso|él|ella|ellos|ellas)(?![\w'’-])",
    "it": r"(?:questo|questa|questi|queste|esso|essa|essi|esse)(?![\w'’-])",
    "ja": r"これ|それ|この|その|あれ|ここ|そこ",
    "zh": r"这|這|它|该|該|此",
}
_OPENINGS = {language: re.compile(words, re.I) for language, words in _LEANS.items()}
_HEAD = 40
_PRONOUN = re.compile(
    r"\b(?:it|its|they|them|their|this|these|those|such|he|she|his|her|es|sie|er|dies|diese[rsmn]?|dieses|dabei|damit|dadurch|"
    r"il|elle|ils|elles|ce|cette|ces|cela|este|esta|esto|questo|questa)\b|これ|それ|この|その|这|這|它|该|該|此",
    re.I,
)


class GroundedClaim(Struct, frozen=True):
    """A claim that the document supports: with its passage, and the offset of the passage in the text."""

    claim: Claim
    offset: int
    passage: str


class Ground(Struct):
    """A document against which statements are checked; counts those that were `dropped`. `names` are the names of the glossary by
    their keys, with the others for the same thing, `read` the anchors of pages whose text a model read."""

    source: SourceText
    headings: tuple[Heading, ...]
    language: str
    pages: list[tuple[int, str]]
    dropped: int = 0
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    read: frozenset[str] = frozenset()
    _lines: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lines = [heading.line for heading in self.headings]

    def statement(self, data: Any, part: Part) -> GroundedClaim | None:
        """The claim that a statement of a reply makes, None if the part does not support it.

        A statement is an object of "text" and of "from", numbers of sentences, or "quote", their words. Without a "text" it is
        the sentence itself.
        """
        written = text_of(data, "text").strip()
        spans = self._cited(data, part)
        if not written and not spans:
            return None  # an empty definition: the document has none
        text = sentence(written or self._passage(spans[0]))
        if not text or leans(text, self.language) or is_fragment(text, self.language):
            return None  # no sentence of plain text that can stand alone
        found = next((claim for span in (spans if written else spans[:1]) if (claim := self._backed(text, span))), None)
        self.dropped += found is None
        return found

    def itself(self, data: Any, part: Part) -> tuple[str, GroundedClaim | None]:
        """The words of the sentence that a statement names, and the claim that they make as they stand, None if they make none.
        Nothing is counted."""
        before, spans = self.dropped, self._cited(data, part)
        words = self._passage(spans[0]) if spans else ""
        named = (
            {"text": words, "quote": words} if text_of(data, "quote") else {"from": numbers_of(data, "from", len(part.sentences))}
        )
        claim = self.statement(named, part)
        self.dropped = before
        return words, claim if words else None

    def _cited(self, data: Any, part: Part) -> list[Span]:
        """The spans that a statement may be made from, the likeliest first."""
        quote = text_of(data, "quote")
        if quote.strip():
            span = self.source.find(quote, part.first, part.last)
            return [span] if span is not None and span.end - span.start <= LONGEST_QUOTE else []
        return passages(part.sentences, numbers_of(data, "from", len(part.sentences))[:_MOST_CITED])

    def _backed(self, text: str, span: Span) -> GroundedClaim | None:
        against = objection(text, self._passage(span), self.language)
        points = _PRONOUN.search(self._passage(span)[:_HEAD]) is not None
        if points and against in ("", "names"):
            span = self._with_sentence_before(span)
            against = objection(text, self._passage(span), self.language)
        if against or self._means_less(text, span) or (points and not self._names_subject(text, span)):
            return None
        passage = self._passage(span)
        score = claim_score(text, is_item=False, leads=False)
        claim = Claim(text, self.place(span.line), round(score, 4), quote="" if passage == text else passage)
        return GroundedClaim(claim, span.start, passage)

    def _names_subject(self, text: str, span: Span) -> bool:
        """Whether the first words of a claim stand in its passage or in the heading above; otherwise the model guessed what
        "it" is."""
        section = self.section(span.line)
        title = self.headings[section].title if section >= 0 else ""
        subject = content_words(text, self.language)[:1]
        return not subject or subject[0] in content_stems(f"{title} {self._passage(span)}", self.language)

    def _means_less(self, text: str, span: Span) -> bool:
        """Whether the words around a quote deny or limit what it says: "Never assume that ...", "..., unless ..."."""
        before = self.source.text[max(0, span.start - _AROUND) : span.start]
        lead = _CLAUSE_ENDS.split(before)[-1]
        whole = passage_text(f"{lead}{self.source.text[span.start : span.end]}")
        if any(map(str.isalpha, lead)) and turns_round(text, whole, self.language):
            return True
        after = _TAKES_BACK.match(self.source.text, span.end)
        return after is not None and after[1].lower() not in text.lower()

    def _passage(self, span: Span) -> str:
        text = self.source.text
        stop = _CLOSES.match(text, span.end)
        return passage_text(text[span.start : stop.end() if stop else span.end])

    def _with_sentence_before(self, span: Span) -> Span:
        """A quote that says "it" together with the sentence before it in the same paragraph, which names the thing."""
        low = max(0, span.start - _BEFORE)
        before = self.source.text[low : span.start].rstrip()
        ends = [found.end() for found in _SENTENCE_ENDS.finditer(before) if found.end() < len(before)]
        gap = self.source.text[low + len(before) : span.start]
        if "\n\n" in gap or not before or (not ends and low > 0):
            return span
        start = low + (ends[-1] if ends else 0)
        return Span(start, span.end, self.source.line(start))

    def place(self, line: int) -> Place:
        """The place of a line: its page if the document has page anchors, else its heading."""
        page = bisect_right(self.pages, (line, "\U0010ffff")) - 1
        if page >= 0:
            return page_place(self.pages[page][1], self.read)
        section = self.section(line)
        return heading_place(self.headings[section]) if section >= 0 else Place("", "", "")

    def section(self, line: int) -> int:
        """The index of the heading above a line, -1 before the first."""
        return bisect_right(self._lines, line) - 1


def page_lines(markdown: str) -> list[tuple[int, str]]:
    """The lines (1-based) of a text's page anchors, with the anchors."""
    found = []
    if "<a " in markdown:
        for number, line in enumerate(markdown.split("\n"), 1):
            found += [(number, anchor) for anchor in _PAGE.findall(line)] if "<a " in line else []
    return found


def document_text(conversion: Conversion) -> str:
    """The text of a document that a model is shown; its lines are those of the Markdown. What a model said
    about pictures is not in it."""
    return _without_rights(readable(own_words(conversion.markdown)), conversion.headings)


def ground_of(conversion: Conversion, text: str, language: str, glossary: Sequence[Term] = ()) -> Ground:
    """The ground of a document; `text` is its `document_text`, `glossary` that of the knowledge base."""
    pages = page_lines(conversion.markdown)
    names = {topic_key(term.name, language): term.others for term in glossary}
    source = SourceText(text, tuple(line for line, _ in pages))
    return Ground(source, conversion.headings, language, pages, names=names, read=read_pages(conversion.markdown))


def _without_rights(text: str, headings: tuple[Heading, ...]) -> str:
    """The text in which the lines below headings about rights are empty."""
    if not any(is_licence_heading(heading.title) for heading in headings):
        return text
    lines = text.split("\n")
    until = 0
    for number, heading in enumerate(headings):
        if until and heading.level <= until:
            until = 0
        if not until and is_licence_heading(heading.title):
            until = heading.level
        if until:
            end = headings[number + 1].line - 1 if number + 1 < len(headings) else len(lines)
            lines[heading.line - 1 : end] = [""] * len(lines[heading.line - 1 : end])
    return "\n".join(lines)
