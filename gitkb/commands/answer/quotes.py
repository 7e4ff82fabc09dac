"""Answers a question without a model: chooses the sentences of the documents that answer it, by the question's words.

Invariant: every quote is a sentence (or a few consecutive ones) of a page, unchanged, with a place that exists. The same tree and
question give the same quotes; their number and length are bounded. A sentence's worth depends only on the sentence, its headings
and the weighted words of the question, each of which counts once: repeating a word gains nothing.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec import Struct

from gitkb.catalog.search.ranking import Weighed
from gitkb.catalog.search.search import Best, BestPassage, is_repeated, printable
from gitkb.commands.answer.page_reader import WIKI, Page, Pages
from gitkb.compile.extractive.claims import claim_text
from gitkb.model.documents import Place
from gitkb.text.language.context_dependent import is_leaning
from gitkb.text.language.sentences import split_sentences
from gitkb.text.language.tokens import analyse
from gitkb.text.markdown.links import resolve
from gitkb.text.markdown.prose import inline_text, passages, plain

_ABOVE = 0.5
"""What a word counts that stands only in the title or headings above a sentence."""
_STANDS_ALONE = 1.15
_LEANS = 0.85
_FRAGMENT = 0.6
_NEAR = 0.1
_SHORT, _LONG = 40, 320
_UNSPACED = ("ja", "zh", "ko", "th")


class Asked(Struct, frozen=True):
    """The words of a question: each token's number, the weight of each number, and the sum of the weights."""

    words: Weighed
    total: float

    @classmethod
    def of(cls, words: Weighed) -> "Asked":
        return cls(words, sum(words.weights) or 1.0)

    def numbers(self, text: str, language: str) -> list[int]:
        """The words of the question that a text has, in text order."""
        found = analyse(text, language)
        return [self.words.tokens[token] for token in (*found.tokens, *found.forms) if token in self.words.tokens]

    def share(self, numbers: "set[int] | frozenset[int]") -> float:
        """The weight of these words, as a share of all."""
        return sum(self.words.weights[number] for number in sorted(numbers)) / self.total


def worth(marked: str, language: str, above: frozenset[int], asked: Asked) -> float:
    """How well a sentence (with inline code marked) answers the question, about 0..1.5; 0 if it contains none of the words
    itself."""
    text = plain(marked)
    numbers = asked.numbers(text, language)
    own = set(numbers)
    if not own:
        return 0.0
    value = asked.share(own) + _ABOVE * asked.share(above - own) + _NEAR * asked.share(set(_beside(text, language, asked)))
    return value * _shape(marked, text, language)


def _beside(text: str, language: str, asked: Asked) -> Iterator[int]:
    """The words of the question that are directly beside another one."""
    known = asked.words.tokens
    tokens = [known.get(token) for token in analyse(text, language).tokens]
    for one, other in pairwise(tokens):
        if one is not None and other is not None and one != other:
            yield from (one, other)


def _shape(marked: str, text: str, language: str) -> float:
    if claim_text(marked, language):
        return _STANDS_ALONE
    short = _SHORT // 3 if language in _UNSPACED else _SHORT
    if len(text) < short or text[-1:] not in ".!?:;)»”\"'。！？」":
        return _FRAGMENT
    return _LEANS if is_leaning(text, language) or len(text) > _LONG else 1.0


MAX_QUOTES = 8
MAX_DOCUMENTS = 5
PER_DOCUMENT = 3
MAX_CHARACTERS = 500
_ENOUGH = 110
_FLOOR = 0.5
"""A quote is shown when it is at least so good as this share of the best one."""
_KEPT_BY = 0.6
_RANK = 0.4
"""How much of a quote's score depends on how well search ranks its passage."""
_DEFINES = 1.25
_TOPICS = ("wiki/concepts/", "wiki/entities/")
_CLAIM = re.compile(r"^(?:[-*] )?(?P<text>.+?) \[(?P<label>(?:[^\[\]\\]|\\.)+)\]\((?P<target>[^()\s]+)\)(?:\[\^[^\]]+\])?$")


class Quote(Struct, frozen=True):
    """Words of a document (or of a person's page, then without `document`), and their place; `title` is the document's."""

    text: str
    place: Place
    document: str
    title: str
    score: float

    @property
    def owner(self) -> str:
        """The document, or the page if there is no document."""
        return self.document or self.place.path


def quotes(pages: Pages, best: Best) -> list[Quote]:
    """The best quotes, those of one document together, the document with the best one first."""
    asked, top = Asked.of(best.words), max((passage.score for passage in best.passages), default=1.0)
    found = [
        quote
        for passage in best.passages
        for quote in _of_passage(pages, passage, asked, 1 - _RANK + _RANK * passage.score / (top or 1.0))
    ]
    found.sort(key=lambda quote: (-quote.score, quote.place.path, quote.text))
    return _grouped(_chosen(found))


def _chosen(found: Sequence[Quote]) -> list[Quote]:
    chosen: list[Quote] = []
    for quote in found:
        owners = [each.owner for each in chosen]
        if len(chosen) == MAX_QUOTES or quote.score < _FLOOR * found[0].score:
            break
        if owners.count(quote.owner) == PER_DOCUMENT or (quote.owner not in owners and len(set(owners)) == MAX_DOCUMENTS):
            continue
        if not any(is_repeated(quote.text, each.text) for each in chosen):
            chosen.append(quote)
    return chosen


def _grouped(chosen: Sequence[Quote]) -> list[Quote]:
    owners = list(dict.fromkeys(quote.owner for quote in chosen))
    return sorted(chosen, key=lambda quote: owners.index(quote.owner))


def _of_passage(pages: Pages, passage: BestPassage, asked: Asked, rank: float) -> Iterator[Quote]:
    page = pages.page(passage.page)
    if page is None or passage.page.startswith("wiki/explorations/"):
        return  # an answer that was saved is no evidence for another
    lines = page.lines[passage.line - 1 : passage.line - 1 + passage.lines]
    if passage.page.startswith((*_TOPICS, "wiki/summaries/")):
        yield from _claims(pages, page, passage, lines, asked, rank)
        return
    title = _document_title(pages, passage.document) if passage.document else page.title
    above = frozenset(asked.numbers(" ".join((page.title, *_headings(pages, passage))), passage.language))
    for paragraph in passages("\n".join(lines)):
        marked = split_sentences(paragraph.text, passage.language)
        scores = [worth(sentence, passage.language, above, asked) for sentence in marked]
        if any(scores):
            text, value = _spread([printable(plain(sentence)) for sentence in marked], scores)
            place = pages.place(passage.page, passage.line + paragraph.line - 1)
            yield Quote(text, place, passage.document, title, rank * value)


def _headings(pages: Pages, passage: BestPassage) -> list[str]:
    """The headings above a passage, outermost first."""
    path: list[tuple[int, str]] = []
    for heading in pages.outline(passage.page):
        if heading.line > passage.line:
            break
        path = [*((level, title) for level, title in path if level < heading.level), (heading.level, heading.title)]
    return [title for _, title in path]


def _document_title(pages: Pages, document: str) -> str:
    page = pages.page(f"wiki/sources/{document}.md")
    return page.title if page is not None else document


def _spread(sentences: Sequence[str], scores: Sequence[float]) -> tuple[str, float]:
    """The best sentence with those beside it that answer too, or that it needs to be understood."""
    best = max(range(len(scores)), key=lambda number: (scores[number], -number))
    first = last = best
    while last + 1 < len(sentences) and (
        scores[last + 1] >= _KEPT_BY * scores[best]
        or sentences[last].endswith(":")
        or _size(sentences[first : last + 1]) < _ENOUGH
    ):
        last += 1
        if _size(sentences[first : last + 1]) > MAX_CHARACTERS:
            last -= 1
            break
    while first > 0 and scores[first - 1] >= _KEPT_BY * scores[best] and _size(sentences[first - 1 : last + 1]) <= MAX_CHARACTERS:
        first -= 1
    return _cut(" ".join(sentences[first : last + 1])), scores[best]


def _size(sentences: Sequence[str]) -> int:
    return sum(map(len, sentences))


def _cut(text: str) -> str:
    if len(text) <= MAX_CHARACTERS:
        return text
    end = text.rfind(" ", MAX_CHARACTERS // 2, MAX_CHARACTERS)
    return f"{text[: end if end > 0 else MAX_CHARACTERS]} …"


def _claims(pages: Pages, page: Page, passage: BestPassage, lines: Sequence[str], asked: Asked, rank: float) -> Iterator[Quote]:
    """The sentences of a page that is made of claims: each line ends in the place of its document that says it."""
    above = frozenset(asked.numbers(page.title, passage.language))
    defines = page.path.startswith(_TOPICS) and asked.share(above) > 0.9
    for line in lines:
        found = _CLAIM.match(line.strip())
        target = resolve(page.path, found["target"]) if found else None
        if found is None or target is None or not target[0].startswith("wiki/sources/"):
            continue
        path, anchor = target
        marked = inline_text(found["text"])[0]
        value = rank * worth(marked, passage.language, above, asked)
        if value and pages.has(path, anchor):
            if defines and not line.startswith("- "):
                value *= _DEFINES  # the first lines of a topic's page say what it is
            document = path.removeprefix("wiki/sources/").removesuffix(".md").partition("--")[0]
            label = printable(plain(inline_text(found["label"])[0]))
            place = Place(path.removeprefix(WIKI), anchor, label)
            yield Quote(_cut(printable(plain(marked))), place, document, _document_title(pages, document), value)
