"""The sentences of the documents that answer a question, chosen by the words of the question: an answer without a model.

Invariant: every quote is a sentence (or a few that follow one another) of a page, with a place that exists; nothing is put into
other words. The same tree and question give the same quotes, and their number and length are bounded.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gitkb.answer.pages import WIKI, Page, Pages
from gitkb.answer.worth import Asked, worth
from gitkb.catalog.best import Best, BestPassage
from gitkb.catalog.snippets import is_repeated, printable
from gitkb.model import Place
from gitkb.text.links import resolve
from gitkb.text.prose import inline_text, passages, plain
from gitkb.text.sentences import split_sentences

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


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a document (or of a person's page, then without `document`) and where they stand; `title` is the document's."""

    text: str
    place: Place
    document: str
    title: str
    score: float

    @property
    def owner(self) -> str:
        """What stands for the document, also where there is none."""
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
    """The headings that a passage stands under, outermost first."""
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
    """The sentences of a page that was made of claims: each line ends in the place where its document says it."""
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
