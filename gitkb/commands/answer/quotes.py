"""Answers a question without a model: chooses the passages of the documents that answer it, by the question's words and kind.

Invariant: every quote is a run of sentences, list items and rows of a page, unchanged but for the heads that a row's cells get,
with a place that exists. The same tree and question give the same quotes; their number and length are bounded. A passage's worth
depends on its own words, its headings, its page and the weighted words of the question, each of which counts once: repeating a
word gains nothing.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec import Struct, field

from gitkb.catalog.search.ranking import Weighed
from gitkb.catalog.search.search import Best, BestPassage, is_repeated, printable
from gitkb.commands.answer.page_reader import Pages
from gitkb.model.documents import Place
from gitkb.text.language.context_dependent import is_leaning
from gitkb.text.language.questions import Question, explained, has_answer, says_number_of
from gitkb.text.language.sentences import split_sentences
from gitkb.text.language.tokens import Analysis, analyse, normalise, stems, words
from gitkb.text.markdown.prose import Passage, material, plain

MAX_QUOTES = 6
MAX_CHARACTERS = 600
_LONGEST_LEAD = 160
_FLOOR = 0.5
"""A quote is shown when it is at least so good as this share of the best one."""
_ANOTHER = 0.9
"""What remains of a quote's score for each quote of its document that stands before it: other documents come first."""

_ABOVE_HEADING = 0.55
"""What a word counts that stands only in the headings above a passage, or in what leads on to it."""
_ABOVE_TITLE = 0.9
_NEAR = 0.5
_NEAREST = 6
_ONE_SENTENCE = 0.65
"""How much of a passage's worth is that of its best sentence alone."""
_KIND = 0.8
_MEANING = 0.6
_TITLE_ASKED = 0.5
"""What it counts if the question holds a title, or the last heading, whole."""
_HEADING_ASKED = 0.5
_SEARCH = 0.6
_PAGE = 0.4
_LANGUAGE = 1.1
_CUT_OFF = 0.1
"""What a quote loses that ends where the answer begins: with the line that leads on to a list."""
_FEW_PARTS, _SPOKEN = 8, 0.5
"""Below which share of words a text of at least so many parts is no prose."""
_PUNCTUATION = ".,;:!?()[]{}'\"“”‘’«»"
_NOT_LETTERS = re.compile(r"[-'’/_]")
_REFERENCES = re.compile(r"^\[\d{1,3}\] [A-Z]|\bpp\. \d|\bvol\. \d|\barXiv preprint|\bProc\. ")
_NOTED = re.compile(r"(?:(?<=[.!?]\[\d\])|(?<=[.!?]\[\d\d\])|(?<=[.!?]\[\d\d\d\])) +(?=[^\W\d_a-z])")
"""Where a sentence ends behind the mark of a note: "... a fan.[2] He joined ..."."""
_RUNS = 2
"""How many quotes a passage may give."""
_AGAIN = 0.6
"""Which share of what the first has of the question another quote of a passage needs."""
_ALL = 0.99
_OPENS = 0.4
"""What it counts that a quote begins where its section begins, if the heading has all words of the question."""
_GARBLED = 0.7
"""What remains of the worth of a text that is no prose."""
_TOGETHER = 0.6
"""How much of the worth of a quote's words depends on how many of the question's words it has."""
_COUNTED = 0.3
"""How much more a number counts that is one of the things that the question counts."""


class Quote(Struct, frozen=True):
    """Words of a document (or of a person's page, then without `document`), one line a block, and their place; `title` is the
    document's."""

    text: str
    place: Place
    document: str
    title: str

    @property
    def owner(self) -> str:
        """The document, or the page if there is no document."""
        return self.document or self.place.path


class _Found(Struct, frozen=True):
    """A quote before its place is looked up: the line where it begins in a page, and how good it is."""

    text: str
    page: str
    line: int
    document: str
    score: float

    @property
    def owner(self) -> str:
        return self.document or self.page


class Asked(Struct, frozen=True):
    """A question: what it asks for, the weights of its words, their sum, and all words that were typed, function words too;
    `shares` are those that are known already."""

    question: Question
    words: Weighed
    total: float
    typed: tuple[str, ...]
    shares: dict[frozenset[int], float] = field(default_factory=dict)

    def numbers(self, text: str, language: str) -> frozenset[int]:
        """The words of the question that a text has."""
        return self.among(analyse(text, language))

    def among(self, found: Analysis) -> frozenset[int]:
        """The words of the question that an analysed text has."""
        return frozenset(self.words.tokens[token] for token in (*found.tokens, *found.forms) if token in self.words.tokens)

    def share(self, numbers: frozenset[int]) -> float:
        """The weight of these words, as a share of all that were asked for."""
        found = self.shares.get(numbers)
        if found is None:
            found = self.words.total({number: self.words.weights[number] for number in numbers}) / self.total
            self.shares[numbers] = found
        return found

    def together(self, numbers: frozenset[int]) -> float:
        """The share of these words, which counts for more the more of them there are."""
        share = self.share(numbers)
        return share * (1 - _TOGETHER + _TOGETHER * share)

    def holds(self, name: str, language: str) -> float:
        """Which share of a name's words the question has, those that search leaves out included."""
        known = stems(language)
        typed = {known[word] for word in self.typed}
        tokens = analyse(name, language).tokens
        return sum(token in typed for token in tokens) / len(tokens) if tokens else 0.0


class _Above(Struct, frozen=True):
    """What stands above a passage: the words of the question in the headings and in the title, whether these are all of them, and
    what it counts that the question holds those names whole."""

    heading: frozenset[int]
    title: frozenset[int]
    named: float
    has_all: bool

    @classmethod
    def of(cls, passage: BestPassage, asked: Asked) -> "_Above":
        heading = asked.numbers(passage.heading, passage.language)
        title = asked.numbers(passage.title, passage.language)
        last = passage.heading.rpartition(" > ")[2]
        named = _TITLE_ASKED * asked.holds(passage.title, passage.language) * asked.share(title)
        named += _HEADING_ASKED * asked.holds(last, passage.language) * asked.share(heading) if last else 0.0
        return cls(heading, title, named, asked.share(heading | title) >= _ALL)

    def share(self, own: frozenset[int], lead: frozenset[int], asked: Asked) -> float:
        """What the words above add to a text that has `own` itself."""
        heading = (self.heading | lead) - own
        return _ABOVE_HEADING * asked.share(heading) + _ABOVE_TITLE * asked.share(self.title - own - heading)


class _Sentence(Struct, frozen=True):
    """A sentence or cell of a `block`; `opens` it; what it is worth alone, and what its kind adds."""

    text: str
    block: Passage
    opens: bool
    own: frozenset[int]
    lead: frozenset[int]
    worth: float
    kind: float
    meaning: float


def quotes(pages: Pages, best: Best, question: Question, typed: str) -> list[Quote]:
    """The best quotes, best first; of what is about as good, those of a document that is not yet quoted."""
    asked = Asked(question, best.words, best.total or 1.0, tuple(word.text for word in words(normalise(typed))))
    top = max((passage.score for passage in best.passages), default=0.0) or 1.0
    top_page = max((passage.page_score for passage in best.passages), default=0.0) or 1.0
    found: list[_Found] = []
    for passage in best.passages:
        rank = _SEARCH * passage.score / top + _PAGE * passage.page_score / top_page
        found += _of_passage(pages, passage, asked, rank)
    return [_placed(pages, one) for one in _chosen(found)]


def _placed(pages: Pages, found: _Found) -> Quote:
    page = pages.page(next(pages.named(found.document, ("sources",))) if found.document else found.page)
    title = page.title if page is not None else found.document
    return Quote(found.text, pages.place(found.page, found.line), found.document, title)


def _chosen(found: list[_Found]) -> list[_Found]:
    chosen: list[_Found] = []
    left = sorted(found, key=lambda quote: (-quote.score, quote.page, quote.line, quote.text))
    floor = _FLOOR * left[0].score if left else 0.0
    quoted: dict[str, int] = {}
    while left and len(chosen) < MAX_QUOTES:
        best = max(left, key=lambda quote: quote.score * _ANOTHER ** quoted.get(quote.owner, 0))
        left.remove(best)
        if best.score >= floor and not any(is_repeated(best.text, each.text) for each in chosen):
            chosen.append(best)
            quoted[best.owner] = quoted.get(best.owner, 0) + 1
    return chosen


def _of_passage(pages: Pages, passage: BestPassage, asked: Asked, rank: float) -> Iterator[_Found]:
    """The best runs of sentences in a passage, at most `_RUNS`, none of which has a sentence of another."""
    page = pages.page(passage.page)
    if page is None:
        return
    above = _Above.of(passage, asked)
    lines = page.lines[passage.line - 1 : passage.line - 1 + passage.lines]
    sentences = list(_sentences("\n".join(lines), passage.language, above, asked))
    parts = [(0, len(sentences))]
    most = 0.0
    for _ in range(_RUNS):
        runs = [
            (one, begin)
            for begin, end in parts
            if (one := _best_run(sentences[begin:end], above, asked, opens=begin == 0)) is not None
        ]
        if not runs:
            return
        (value, first, last), begin = max(runs, key=lambda run: (run[0][0], -run[1]))
        first, last = _answering(sentences, first + begin, last + begin, asked)
        share = asked.share(frozenset[int]().union(*(one.own for one in sentences[first : last + 1])))
        if share < _AGAIN * most:
            return
        most = max(most, share)
        first = _whole(sentences, first, last, passage.language)
        run = sentences[first : last + 1]
        value *= _GARBLED if _is_garbled(run) else 1.0
        score = (value + rank + above.named) * (_LANGUAGE if passage.language == asked.question.language else 1.0)
        line = passage.line + sentences[first].block.line - 1
        yield _Found(_shown(run), passage.page, line, passage.document, score)
        rest = (piece for begin, end in parts for piece in ((begin, min(end, first)), (max(begin, last + 1), end)))
        parts = [(begin, end) for begin, end in rest if begin < end]


def _sentences(markdown: str, language: str, above: _Above, asked: Asked) -> Iterator[_Sentence]:
    question = asked.question
    for block in material(markdown):
        lead = asked.numbers(block.lead, language) if block.lead else frozenset()
        pieces = (one for part in _NOTED.split(block.text) for one in split_sentences(part, language))
        for number, marked in enumerate(pieces):
            text = printable(plain(marked))
            found = analyse(text, language)
            own = asked.among(found)
            worth = asked.share(own) + above.share(own, lead, asked) if own or above.has_all else 0.0
            kind = worth if worth and has_answer(question.kind, text, language) else 0.0
            if kind and question.counted and says_number_of(question.counted, text, language):
                kind *= 1 + _COUNTED
            meaning = 0.0
            if own and question.kind == "meaning":
                meaning = asked.share(asked.numbers(explained(text, language, opens=number == 0), language))
            near = _NEAR * _nearness(found.tokens, asked) if len(own) > 1 else 0.0
            yield _Sentence(text, block, number == 0, own, lead, worth + near, kind, meaning)


def _nearness(tokens: Sequence[str], asked: Asked) -> float:
    """How near each other the words of the question are in a sentence, 0..1."""
    known, weights = asked.words.tokens, asked.words.weights
    places = [(place, known[token]) for place, token in enumerate(tokens) if token in known]
    best: dict[tuple[int, int], float] = {}
    for (place, one), (next_place, other) in pairwise(places):
        if one != other and next_place - place <= _NEAREST:
            pair = (min(one, other), max(one, other))
            best[pair] = max(best.get(pair, 0.0), min(weights[one], weights[other]) / (next_place - place))
    return min(1.0, sum(best[pair] for pair in sorted(best)) / asked.total)


def _best_run(sentences: Sequence[_Sentence], above: _Above, asked: Asked, *, opens: bool) -> tuple[float, int, int] | None:
    """The worth of the best run of sentences that fits into a quote, its first and its last."""
    best: tuple[float, int, int] | None = None
    for first in range(len(sentences)):
        last, size = first, len(sentences[first].text)
        while last + 1 < len(sentences) and size + 1 + len(sentences[last + 1].text) <= MAX_CHARACTERS:
            last += 1
            size += 1 + len(sentences[last].text)
        value = _run_worth(sentences[first : last + 1], above, asked)
        if sentences[last].own and _leads_on(sentences[last : last + 2]):
            value -= _CUT_OFF
        if opens and not first:
            value += _OPENS * asked.share(above.heading)
        if best is None or value > best[0] + 1e-9:
            best = value, first, last
    return best


def _leads_on(pair: Sequence[_Sentence]) -> bool:
    """Whether the first of two sentences is what leads on to the second: an item above, a line that ends in a colon."""
    return (
        len(pair) == 2 and bool(pair[1].block.lead) and plain(pair[1].block.lead).rstrip(": ").endswith(pair[0].text.rstrip(": "))
    )


def _run_worth(run: Sequence[_Sentence], above: _Above, asked: Asked) -> float:
    own = frozenset[int]().union(*(one.own for one in run))
    lead = frozenset[int]().union(*(one.lead for one in run))
    value = (1 - _ONE_SENTENCE) * (asked.together(own) + above.share(own, lead, asked))
    value += _ONE_SENTENCE * max(one.worth for one in run)
    value += _KIND * max(one.kind for one in run) + _MEANING * max(one.meaning for one in run)
    return value if own or above.has_all else value / 2


def _answering(sentences: Sequence[_Sentence], first: int, last: int, asked: Asked) -> tuple[int, int]:
    """The run without the list or table beside its best sentence, or the text beside its list, if this sentence has all the words
    and what the question asks for."""
    best = max(range(first, last + 1), key=lambda number: (sentences[number].worth + sentences[number].kind, -number))
    one = sentences[best]
    needs_kind = asked.question.kind not in ("", "meaning", "way")
    if asked.share(one.own) < _ALL or (needs_kind and not one.kind) or one.text.endswith(":"):
        return first, last
    while sentences[last].block.kind != one.block.kind:
        last -= 1
    while sentences[first].block.kind != one.block.kind:
        first += 1
    return first, last


def _is_garbled(run: Sequence[_Sentence]) -> bool:
    """Whether a run is no prose: figures and single signs of a drawing, or entries of a list of references. Tables may be."""
    texts = [one.text for one in run if one.block.kind != "row"]
    parts = [part.strip(_PUNCTUATION) for text in texts for part in text.split()]
    if len(parts) < _FEW_PARTS:
        return False
    spoken = sum(len(part) > 1 and _NOT_LETTERS.sub("", part).isalpha() for part in parts)
    return spoken < _SPOKEN * len(parts) or any(_REFERENCES.search(text) for text in texts)


def _whole(sentences: Sequence[_Sentence], first: int, last: int, language: str) -> int:
    """Where the run begins if what leans on the sentence before it is given that sentence."""
    size = sum(len(one.text) + 1 for one in sentences[first : last + 1])
    while first > 0 and not sentences[first].opens and is_leaning(sentences[first].text, language):
        size += len(sentences[first - 1].text) + 1
        if size > MAX_CHARACTERS:
            break
        first -= 1
    return first


def _shown(run: Sequence[_Sentence]) -> str:
    """The run, one line a block, below what leads on to it."""
    lines: list[str] = []
    size = sum(len(one.text) + 1 for one in run)
    lead = printable(plain(run[0].block.lead))
    if run[0].opens and 0 < len(lead) <= min(_LONGEST_LEAD, MAX_CHARACTERS - size):
        lines.append(lead)
    for number, one in enumerate(run):
        if number and (one.block is run[number - 1].block or _runs_on(run[number - 1], one)):
            lines[-1] += f" {one.text}"
        else:
            lines.append(f"- {one.text}" if one.block.kind in ("item", "row") else one.text)
    return _cut("\n".join(lines))


def _runs_on(before: _Sentence, after: _Sentence) -> bool:
    """Whether a paragraph goes on with the sentence that the one before it began: there was a border of a column or page."""
    paragraphs = before.block.kind == after.block.kind == "paragraph"
    return paragraphs and after.text[:1].islower() and not before.text.endswith((".", ":", "!", "?"))


def _cut(text: str) -> str:
    if len(text) <= MAX_CHARACTERS + 20:
        return text
    end = text.rfind(" ", MAX_CHARACTERS // 2, MAX_CHARACTERS)
    return f"{text[: end if end > 0 else MAX_CHARACTERS]} …"
