"""Answers one question at one commit: in a model's words if there is a model, otherwise with the best passages.

Invariant: everything is read from the snapshot that was taken when the question began. No lock is held while a model thinks.
"""

import re
import sqlite3
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from gitkb.catalog.catalog import Catalog
from gitkb.catalog.record_tables import told_apart
from gitkb.catalog.search.passage_index import EVIDENCE, PASSAGES, TEXTS
from gitkb.catalog.search.search import Best, best_passages, search
from gitkb.commands.answer.agent import Agent, AnswerModel, readable
from gitkb.commands.answer.borne_out import held
from gitkb.commands.answer.citations import Citations, data, piece, target_of
from gitkb.commands.answer.page_reader import WIKI, Pages
from gitkb.commands.answer.quotes import Quote, quotes
from gitkb.commands.answer.tools import Reader
from gitkb.compile.grounding.facts import content_words
from gitkb.errors import UsageError
from gitkb.formats.records import RECORDS
from gitkb.model.answers import Answer, AnswerListener, Said
from gitkb.model.documents import Place
from gitkb.model.rows import SearchHit
from gitkb.store.snapshot import Snapshot
from gitkb.text.language.detect import detect_language
from gitkb.text.language.questions import read_question
from gitkb.text.markdown.links import escape

LABEL = "*These are passages that a search found, not an answer that a model wrote.*"
MAX_QUESTION = 20_000
_OPERATORS = re.compile(r"[\"“”„«»*]|(?<!\S)-+")
"""What search would take for more than words."""
_PAGES, _OF_PAGE, _MOST_READ = 20, 10, 50
"""How many pages, passages of each, and passages in all are read for the quotes of an answer without a model."""
_PASSAGE_LINES = 40
_SAYS_LITTLE = 3
_PASSAGES_SHARE = 0.25
_MOST_PASSAGES = 16_000


class Answering(Struct, frozen=True):
    """Answers questions at a snapshot; `keep`: the catalog may stay there; `own` are the knowledge base's own instructions."""

    catalog: Catalog
    tip: Snapshot
    keep: bool
    own: str = ""

    def __call__(
        self, question: str, model: AnswerModel | None, listener: AnswerListener, history: Sequence[Said] = ()
    ) -> Answer:
        """The answer; `listener` hears it as it comes. Its text is empty if nothing was found and no model was asked."""
        if not question.strip():
            raise UsageError("The question is empty.", 'Ask something: gitkb query "What is a checkpoint?"')
        if len(question) > MAX_QUESTION:
            raise UsageError(f"The question is longer than {MAX_QUESTION:,} characters.")
        pages = Pages(self.tip)
        with self.catalog.held(self.tip, PASSAGES, keep=self.keep) as db:
            if model is None:
                return self._passages(question, pages, db, listener)
            best = best_passages(db, _plain(searched(question, history)))
            if next(self.tip.files(f"{RECORDS}/"), None) is None:
                return Answer(question, "", self.tip.commit)  # there is nothing that a model could answer from
            return self._written(question, pages, best, db, model, listener, history)

    def _passages(self, question: str, pages: Pages, db: sqlite3.Connection, listener: AnswerListener) -> Answer:
        typed = _plain(question)
        asked = read_question(typed)
        best = best_passages(
            db, asked.words, related=asked.synonyms, scope=TEXTS, pages=_PAGES, of_page=_OF_PAGE, most=_MOST_READ
        )
        found = quotes(pages, best, asked, typed)
        more = told_apart(self.catalog, self.tip, (quote.document for quote in found), keep=self.keep)
        found = [replace(quote, title=quote.title + more.get(quote.document, "")) for quote in found]
        citations = Citations(pages)
        text = "\n\n".join([LABEL, *_quoted(found, citations)]) if found else ""
        listener.text(text)
        return Answer(question, text, self.tip.commit, citations=tuple(citations.found.values()))

    def _written(
        self,
        question: str,
        pages: Pages,
        best: Best,
        db: sqlite3.Connection,
        model: AnswerModel,
        listener: AnswerListener,
        history: Sequence[Said],
    ) -> Answer:
        citations, most = Citations(pages), readable(model.context_tokens)
        before = model.client.usage

        def find(query: str, scope: str, limit: int) -> list[SearchHit]:
            hits = search(db, self.tip, query, scope=EVIDENCE if scope == "all" else scope, limit=limit)
            more = told_apart(self.catalog, self.tip, (hit.document for hit in hits), keep=self.keep)
            return [replace(hit, title=hit.title + more.get(hit.document, "")) for hit in hits]

        passages = _given(pages, best, min(_MOST_PASSAGES, int(most * _PASSAGES_SHARE)))
        citations.read(passages)
        reader = Reader(pages, find, citations, most - len(passages), listener.step)
        agent = Agent(model, reader, citations, listener, self.own, passages)
        cut = agent(question, history)
        text = agent.speech.text.strip()
        quoted, unsupported = held(text, citations)
        return Answer(
            question,
            text,
            self.tip.commit,
            model.name,
            tuple(citations.found.values()),
            tuple(citations.removed),
            model.client.usage.since(before),
            bool(cut),
            cut,
            unsupported,
            quoted,
        )


def searched(question: str, history: Sequence[Said]) -> str:
    """What is searched for a question. One that says too little by itself ("And who checks it?") follows up on the one before."""
    said = content_words(question, detect_language(question) or "en")
    return f"{history[-1].question} {question}" if history and len(said) < _SAYS_LITTLE else question


def _plain(question: str) -> str:
    """The question without what search would take for an operator."""
    return _OPERATORS.sub(" ", question).strip() or question


def _quoted(found: Sequence[Quote], citations: Citations) -> Iterator[str]:
    """Quotes in Markdown, those of one document below its name."""
    shown = ""
    for quote in found:
        path = f"{WIKI}{quote.place.path}"
        if quote.owner != shown:
            shown = quote.owner
            page = f"{WIKI}summaries/{quote.document}.md" if quote.document else path
            page = page if citations.pages.exists(page) else path
            yield f"**{citations.link(escape(quote.title), page.removeprefix(WIKI))}**"
        text = "\n".join(f"> {_escaped(line)}" for line in quote.text.split("\n"))
        yield f"{text} {_place(quote.place, citations)}".rstrip()


def _escaped(line: str) -> str:
    """A line of a quote, which may be an item of a list."""
    return f"- {escape(line[2:])}" if line.startswith("- ") else escape(line)


def _place(place: Place, citations: Citations) -> str:
    target = target_of(citations.cite(f"{WIKI}{place.path}", place.anchor, place.label or "text"))
    return f"[{escape(place.label) or 'text'}]({target})"


def _given(pages: Pages, best: Best, most: int) -> str:
    """The best passages as a model is given them, the best page's first, within `most` characters."""
    parts: list[str] = []
    for passage in sorted(best.passages, key=lambda one: -one.score):
        page = pages.page(passage.page)
        if page is None or most < 200:
            continue
        last = passage.line + min(passage.lines, _PASSAGE_LINES) - 1
        text, end = piece(pages, page, passage.line, last, most - 150)
        place = pages.place(passage.page, passage.line)
        anchor = f", in #{place.anchor}" if place.anchor else ""
        name = f"{page.path.removeprefix(WIKI)}, lines {passage.line} to {end}{anchor}: {page.title}"
        parts.append(data(name, text))
        most -= len(parts[-1])
    return "\n\n".join(parts)
