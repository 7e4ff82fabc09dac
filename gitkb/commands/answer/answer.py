"""Answers one question at one commit of each knowledge base: in a model's words if there is a model, otherwise with the best
passages.

Invariant: everything is read from the snapshots that were taken when the question began. No lock is held while a model thinks.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from gitkb.catalog.search.passage_index import EVIDENCE, TEXTS
from gitkb.catalog.search.search import Best, BestPassage, best_passages, joined
from gitkb.commands.answer.agent import Agent, AnswerModel, readable
from gitkb.commands.answer.borne_out import held
from gitkb.commands.answer.changed_claims import ABOUT, changes_for, given, told
from gitkb.commands.answer.citations import Citations, as_of, data, piece, target_of
from gitkb.commands.answer.page_reader import WIKI, Pages
from gitkb.commands.answer.quotes import Quote, quotes
from gitkb.commands.answer.tools import Reader
from gitkb.commands.diff.report import DiffReport
from gitkb.commands.inspect.searched_pages import Indexes, SearchedBase, additions, best_hits, opened_indexes, titled
from gitkb.errors import UsageError
from gitkb.formats.records import RECORDS
from gitkb.model.answers import Answer, AnswerListener, Said
from gitkb.model.answers import Asked as AskedBase
from gitkb.model.documents import Place
from gitkb.model.rows import SearchHit
from gitkb.text.language.follow_up import follow_up
from gitkb.text.language.questions import read_question
from gitkb.text.markdown.links import escape

LABEL = "*These are passages that a search found, not an answer that a model wrote.*"
MAX_QUESTION = 20_000
_OPERATORS = re.compile(r"[\"“”„«»*]|(?<!\S)-+")
"""What search would take for more than words."""
_GIVEN = (12, 3, 36)
"""How many pages, passages of each, and passages in all a model is given at first."""
_PAGES, _OF_PAGE, _MOST_READ = 20, 10, 50
"""How many pages, passages of each, and passages in all are read for the quotes of an answer without a model."""
_PASSAGE_LINES = 40
_PASSAGES_SHARE = 0.25
_MOST_PASSAGES = 16_000


class Answering(Struct, frozen=True):
    """Answers questions from one knowledge base or several; `own` are the instructions of the first one. With a `diff` the
    questions are about what it says."""

    bases: Sequence[SearchedBase]
    own: str = ""
    diff: DiffReport | None = None

    def __call__(
        self, question: str, model: AnswerModel | None, listener: AnswerListener, history: Sequence[Said] = ()
    ) -> Answer:
        """The answer; `listener` hears it as it comes, and what is searched for a question that leans on those of the `history`.
        A model that looks for more words its own searches. Its text is empty if nothing was found and no model was asked."""
        if not question.strip():
            raise UsageError("The question is empty.", 'Ask something: gitkb query "What is a checkpoint?"')
        if len(question) > MAX_QUESTION:
            raise UsageError(f"The question is longer than {MAX_QUESTION:,} characters.")
        by_name = {base.name: base for base in self.bases}
        sought = follow_up(question, [said.question for said in history])
        if sought != question:
            listener.step(f"search  {sought}")
        pages = Pages({base.name: base.tip for base in self.bases}, lambda kb: by_name[kb].days())
        with opened_indexes(self.bases, held=True) as indexes:
            if model is None and self.diff is not None:
                answer = self._changes(question, sought, pages, self.diff, listener)
            elif model is None:
                answer = self._passages(question, sought, pages, indexes, listener)
            elif not any(True for base in self.bases for _ in base.tip.files(f"{RECORDS}/")):
                answer = Answer(question, "", "")  # there is nothing that a model could answer from
            else:
                answer = self._written(question, sought, pages, indexes, model, listener, history)
        if len(self.bases) == 1:
            return replace(answer, commit=self.bases[0].tip.commit)
        return replace(answer, kbs=tuple(AskedBase(base.name, base.tip.commit) for base in self.bases))

    def _best(
        self, indexes: Indexes, words: str, related: Mapping[str, str], scope: str, pages: int, of_page: int, most: int
    ) -> Best:
        """The best passages of all, with the pages and documents as `Pages` names them."""
        found = []
        for base, db in zip(self.bases, indexes, strict=True):
            one = best_passages(db, words, related=related, scope=scope, pages=pages, of_page=of_page, most=most, among=indexes)
            found.append(replace(one, passages=tuple(_named(base.name, each) for each in one.passages)))
        return joined(found, pages, most) if len(found) > 1 else found[0]

    def _passages(self, question: str, sought: str, pages: Pages, indexes: Indexes, listener: AnswerListener) -> Answer:
        typed = _plain(sought)
        asked = read_question(typed)
        best = self._best(indexes, asked.words, asked.synonyms, TEXTS, _PAGES, _OF_PAGE, _MOST_READ)
        found = quotes(pages, best, asked, typed)
        more = {
            _of(base.name, document): addition
            for base in self.bases
            for document, addition in additions(base, [_bare(base.name, quote.document) for quote in found]).items()
        }
        found = [replace(quote, title=quote.title + more.get(quote.document, "")) for quote in found]
        citations = Citations(pages)
        text = "\n\n".join([LABEL, *_quoted(found, citations)]) if found else ""
        listener.text(text)
        return Answer(question, text, "", citations=tuple(citations.found.values()))

    def _changes(self, question: str, sought: str, pages: Pages, diff: DiffReport, listener: AnswerListener) -> Answer:
        citations = Citations(pages)
        text = told(changes_for(sought, diff), diff, citations)
        listener.text(text)
        return Answer(question, text, "", citations=tuple(citations.found.values()))

    def _material(self, sought: str, pages: Pages, indexes: Indexes, most: int) -> tuple[str, tuple[str, ...]]:
        """What a model is given with the question, and the words of changes that bear a sentence out beside its place."""
        if self.diff is None:
            best = self._best(indexes, _plain(sought), {}, EVIDENCE, *_GIVEN)
            return _given(pages, best, most), ()
        changes = changes_for(sought, self.diff)
        return given(changes, self.diff, most), tuple(f"{each.was} {each.now}".strip() for each in changes)

    def _written(
        self,
        question: str,
        sought: str,
        pages: Pages,
        indexes: Indexes,
        model: AnswerModel,
        listener: AnswerListener,
        history: Sequence[Said],
    ) -> Answer:
        citations, most = Citations(pages), readable(model.context_tokens)
        before = model.client.usage

        def find(query: str, scope: str, limit: int) -> list[SearchHit]:
            hits = best_hits(self.bases, indexes, query, EVIDENCE if scope == "all" else scope, limit)
            return [replace(hit, page=_path(hit.kb, hit.page)) for hit in titled(self.bases, hits)]

        room = min(_MOST_PASSAGES, int(most * _PASSAGES_SHARE))
        passages, also = self._material(sought, pages, indexes, room)
        citations.read(passages)
        reader = Reader(pages, find, citations, most - len(passages), listener.step)
        agent = Agent(model, reader, citations, listener, self._instructions(), passages)
        about = ABOUT.format(base=self.diff.base_name, head=self.diff.head_name) if self.diff is not None else ""
        cut = agent(f"{question}\n\n{about}".strip(), history)
        text = agent.speech.text.strip()
        quoted, unsupported = held(text, citations, also)
        return Answer(
            question,
            text,
            "",
            model.name,
            tuple(citations.found.values()),
            tuple(citations.removed),
            model.client.usage.since(before),
            bool(cut),
            cut,
            unsupported,
            quoted,
        )

    def _instructions(self) -> str:
        """What a model is told of what it answers from."""
        if len(self.bases) == 1:
            return self.own
        names = ", ".join(base.name for base in self.bases)
        return f"{self.own}\nThere are several knowledge bases: {names}. Every path begins with the name of its own.".strip()


def _of(kb: str, document: str) -> str:
    """A document as one of several knowledge bases."""
    return f"{kb}/{document}" if kb and document else document


def _bare(kb: str, document: str) -> str:
    """The name of a document in this knowledge base, "" for one of another."""
    return document if not kb else document.removeprefix(f"{kb}/") if document.startswith(f"{kb}/") else ""


def _path(kb: str, path: str) -> str:
    return f"{WIKI}{kb}/{path.removeprefix(WIKI)}" if kb else path


def _named(kb: str, passage: BestPassage) -> BestPassage:
    return replace(passage, page=_path(kb, passage.page), document=_of(kb, passage.document))


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
            page = next(citations.pages.named(quote.document, ("summaries",))) if quote.document else path
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
        name = f"{page.path.removeprefix(WIKI)}, lines {passage.line} to {end}{anchor}: {page.title}{as_of(pages, page.path)}"
        parts.append(data(name, text))
        most -= len(parts[-1])
    return "\n\n".join(parts)
