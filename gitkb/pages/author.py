"""What a model adds to the shared pages: whether names that look alike mean the same, and an overview of each page.

Invariant: nothing is asked under the lock. Every question is about a pair of names or the claims of one page, so it costs the
same in a knowledge base of any size; all of a kind are asked in parallel. Answers are plain files (decisions, overviews) from
which the pages are projected; whatever gets no answer is left out, named, and asked for again by the next writing command.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.branch.overlay import Overlay
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.queries import RecordCorpus
from gitkb.catalog.record_tables import RECORDS
from gitkb.compile.llm.model_settings import ModelSettings
from gitkb.compile.llm.page_overview import PageOverview, Sentence, page_overview
from gitkb.compile.llm.page_questions import Named, read_same, same_request
from gitkb.errors import GitkbError
from gitkb.formats import decisions, overviews
from gitkb.formats.compiler_names import LLM_COMPILER
from gitkb.formats.decisions import Decision, KeepApart, SameAs
from gitkb.formats.overviews import Overview, OverviewSentence, fingerprint
from gitkb.formats.topic_rows import Evidence, TopicPage
from gitkb.llm.requests import Reply, Request, Unanswered, usage_of
from gitkb.model.documents import Tree
from gitkb.model.path_changes import PathChanges
from gitkb.model.usage import Usage
from gitkb.pages.name_decisions import joined_groups
from gitkb.pages.scope import Marker, marked_tree, remember, scope_since
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.wiki.projection import Scope, topic_pages
from gitkb.wiki.topic_page import all_claims

LEAST_CLAIMS, MANY_CLAIMS = 2, 4
"""An overview wants several documents, or so many claims that a reader is glad of one."""
Answers = Callable[[Sequence[Request]], list[Reply | GitkbError]]
Pair = tuple[TopicPage, TopicPage]
Wanted = tuple[TopicPage, tuple[Evidence, ...]]
"""A page that wants an overview, and its claims."""
T = TypeVar("T")


class Written(Struct, frozen=True):
    """A model's answers: files to write; pages and pairs without an answer, with the reason; the cost; and the number of
    sentences that were dropped because no claim supports them."""

    changes: PathChanges = field(default_factory=PathChanges)
    failed: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    ungrounded: int = 0


class Author(Struct):
    """`ask` answers requests in order, each with a reply or the error that it met."""

    store: Store
    catalog: Catalog
    ask: Answers
    settings: ModelSettings

    def begin(self, tip: Snapshot) -> None:
        """From here on changes are kept in mind until their pages have been written about, also through a crash."""
        if not marked_tree(self.store, Marker.TOLD):
            remember(self.store, Marker.TOLD, tip)

    def write(self, tip: Snapshot) -> Written:
        """Asks for all that the pages of a tip want; takes no lock."""
        scope = scope_since(self.store, Marker.TOLD, tip)
        if scope is not None and not scope:
            return Written()
        found = _Found()
        self._decide(tip, scope, found)
        self._describe(tip, scope, found)
        return Written(found.changes, tuple(found.failed), usage_of(found.replies), found.ungrounded)

    def done(self, tip: Snapshot, written: Written, scratch: Path) -> None:
        """The answers to what this tip wanted are committed: only what changes from there on is looked at again."""
        if not written.failed:
            remember(self.store, Marker.TOLD, tip, scratch)

    def _decide(self, tip: Snapshot, scope: Scope | None, found: "_Found") -> None:
        with self.catalog.at(tip, RECORDS) as db:
            corpus = RecordCorpus(db)
            pairs = _pairs(corpus, scope)
            requests = [same_request(_named(corpus, one), _named(corpus, other), self.settings) for one, other in pairs]
        same: list[Pair] = []
        apart: list[Pair] = []
        for pair, reply in found.answered(pairs, self.ask(requests), _pair_name):
            (same if read_same(reply.text) else apart).append(pair)
        with self.catalog.at(tip, RECORDS) as db:
            group = joined_groups([(one.key, other.key) for one, other in same], RecordCorpus(db).names) if same else {}
        made = _decisions(group, same, apart, self._by)
        found.changes = PathChanges({decision.path: decisions.encode(decision) for decision in made})

    def _describe(self, tip: Snapshot, scope: Scope | None, found: "_Found") -> None:
        tree: Tree = Overlay(tip, found.changes) if found.changes else tip
        if scope is not None:
            scope = replace(scope, topics={*scope.topics, *_keys_of(found.changes)})
        with self.catalog.at(tree, RECORDS, keep=not found.changes) as db:
            wanted = waiting(RecordCorpus(db), scope)
        made: dict[str, bytes] = {}
        for (page, claims), told in self._overviews(wanted, found):
            found.ungrounded += told.dropped
            overview = Overview(page.kind, page.key, fingerprint(claims), _with_documents(told.sentences, claims), self._by)
            made[overview.path] = overviews.encode(overview)
        found.changes = PathChanges(made).over(found.changes)

    def _overviews(self, wanted: Sequence[Wanted], found: "_Found") -> Iterator[tuple[Wanted, PageOverview]]:
        """The overviews, each in as many rounds as its claims need; all pages are asked about at once."""
        known: dict[str, str] = {}
        while wanted:
            told = [(item, page_overview(item[0].kind, item[0].title, _said(item[1]), self.settings, known)) for item in wanted]
            yield from ((item, each) for item, each in told if isinstance(each, PageOverview))
            asked = [(item, each.requests) for item, each in told if isinstance(each, Unanswered)]
            requests = {request.key: request for _, each in asked for request in each}
            answers = dict(zip(requests, self.ask(list(requests.values())), strict=True))
            replies = {key: answer for key, answer in answers.items() if isinstance(answer, Reply)}
            found.replies += replies.values()
            known.update((key, reply.text) for key, reply in replies.items())
            errors = [
                (item, [error for each in own if isinstance(error := answers[each.key], GitkbError)]) for item, own in asked
            ]
            found.failed += (f"{item[0].path}: {each[0].message}" for item, each in errors if each)
            wanted = [item for item, each in errors if not each]

    @property
    def _by(self) -> str:
        return f"{LLM_COMPILER} {self.settings.model}"


class _Found(Struct):
    """The answers collected so far."""

    changes: PathChanges = field(default_factory=PathChanges)
    failed: list[str] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    ungrounded: int = 0

    def answered(
        self, asked: Sequence[T], answers: Sequence[Reply | GitkbError], name: Callable[[T], str]
    ) -> Iterable[tuple[T, Reply]]:
        """Each question with its reply; those without a reply are noted by name."""
        for item, answer in zip(asked, answers, strict=True):
            if isinstance(answer, Reply):
                self.replies.append(answer)
                yield item, answer
            else:
                self.failed.append(f"{name(item)}: {answer.message}")


def waiting(corpus: RecordCorpus, scope: Scope | None) -> list[Wanted]:
    """The pages, with their claims, that want an overview and have none that fits."""
    wanted = []
    for page in topic_pages(corpus, scope):
        claims = all_claims(corpus, page)
        if len(claims) >= MANY_CLAIMS or (len(claims) >= LEAST_CLAIMS and len({each.document for each in claims}) > 1):
            known = corpus.overview(page.kind, page.key)
            if known is None or known.claims != fingerprint(claims):
                wanted.append((page, claims))
    return wanted


def _pairs(corpus: RecordCorpus, scope: Scope | None) -> list[Pair]:
    """The pairs of pages with names that look alike, of which one can differ, each once, the better known page first."""
    found = {}
    for page in topic_pages(corpus, scope):
        for other in corpus.alike(page.key):
            first, second = sorted((page, other), key=_rank, reverse=True)
            found[first.key, second.key] = first, second
    return [found[keys] for keys in sorted(found)]


def _rank(page: TopicPage) -> tuple[int, int, str]:
    return page.documents, len(page.key), page.key


def _decisions(group: Mapping[str, Collection[str]], same: Sequence[Pair], apart: Sequence[Pair], by: str) -> list[Decision]:
    """The decisions that follow from the answers: in each `group` of names that mean one thing, the best known is the page,
    whatever pairs were asked."""
    pages = {page.key: page for pair in (*same, *apart) for page in pair}
    found: list[Decision] = []
    for key in sorted(group):
        best = max((pages[each] for each in group[key]), key=_rank).key
        if key != best:
            found.append(SameAs(key, best, by))
    for one, other in apart:
        if other.key not in group.get(one.key, ()):
            found.append(KeepApart(min(one.key, other.key), max(one.key, other.key), by))
    return found


def _named(corpus: RecordCorpus, page: TopicPage) -> Named:
    return Named(page.kind, page.title, tuple(corpus.aliases(page.key)), page.description)


def _pair_name(pair: Pair) -> str:
    return f"{pair[0].title} / {pair[1].title}"


def _said(claims: Sequence[Evidence]) -> list[tuple[str, str]]:
    return [(claim.title, claim.text) for claim in claims]


def _with_documents(sentences: Sequence[Sentence], claims: Sequence[Evidence]) -> tuple[OverviewSentence, ...]:
    return tuple(
        OverviewSentence(each.text, tuple(sorted({claims[number].document for number in each.claims})), each.section)
        for each in sentences
    )


def _keys_of(changes: PathChanges) -> set[str]:
    found: set[str] = set()
    for path, content in changes.written.items():
        if decisions.is_decision(path):
            found.update(decisions.decode(content, path).names)
    return found
