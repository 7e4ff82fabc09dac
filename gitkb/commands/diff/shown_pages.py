"""What a concept's or entity's page shows on one side of a diff, as data instead of Markdown.

Invariant: the same choice of claims as the projection makes, from the same answers; so what a diff says of a page is what a
refresh will write. A function of the set of records alone.
"""

from collections.abc import Collection, Mapping
from itertools import islice

from msgspec import Struct

from gitkb.commands.diff.report import Said
from gitkb.formats.topic_rows import FOLDERS, Evidence, TopicPage, page_key, topic_path
from gitkb.model.documents import Record
from gitkb.text.language.boilerplate import is_boilerplate, is_structural
from gitkb.wiki.corpus import Corpus
from gitkb.wiki.senses import senses
from gitkb.wiki.topic_page import choose, nearly_same, word_set

MAX_COMPARED = 120
_REPEATED = 3


class PageView(Struct, frozen=True):
    """A page: its row, the definitions at its top, the other claims. `dull` says why it may be boilerplate, empty if not;
    `senses` is how many things its documents may mean."""

    page: TopicPage
    overview: tuple[Said, ...] = ()
    claims: tuple[Said, ...] = ()
    dull: str = ""
    senses: int = 1

    @property
    def said(self) -> tuple[Said, ...]:
        """All claims, definitions first."""
        return *self.overview, *self.claims

    @property
    def definition(self) -> str:
        """The first defining sentence, empty for none."""
        return self.overview[0].text if self.overview else ""


class Side(Struct, frozen=True):
    """One side of a diff: the documents that differ, the pages that can differ by path, and the paths of all that there are. At
    the head `alike` are the pages whose names share a sign with one that may be new, that one included, by kind and key."""

    commit: str
    name: str
    records: Mapping[str, Record]
    views: Mapping[str, PageView]
    paths: Collection[str]
    alike: tuple[TopicPage, ...] = ()


def keys_touched(corpus: Corpus, records: Collection[Record]) -> set[str]:
    """The keys whose pages can differ between two sides, given the documents that differ, in both versions."""
    names: set[str] = set()
    for record in records:
        for topic in record.topics:
            names.update(page_key(name, record.language) for name in (topic.name, *topic.aliases) if name)
    return corpus.affected(names)


def new_keys(found: Mapping[str, PageView], old: Mapping[str, PageView]) -> set[str]:
    """The keys of the pages that say something and have another path than any page before."""
    return {view.page.key for path, view in found.items() if path not in old and not view.page.target}


def views(corpus: Corpus, keys: Collection[str], old: Collection[str] | None = None) -> dict[str, PageView]:
    """The pages of these keys by path. Those whose paths are not in `old` are new, and looked at more closely."""
    found = {}
    for key in sorted(keys):
        for kind in FOLDERS:
            page = corpus.page(kind, key)
            if page is not None:
                path = topic_path(kind, key)
                found[path] = _view(corpus, page, closely=old is not None and path not in old)
    return found


def _view(corpus: Corpus, page: TopicPage, *, closely: bool) -> PageView:
    if page.target:
        return PageView(page)
    members = corpus.members(page.key)
    chosen = choose(corpus.evidence(members))
    dull = _dull(page, list(islice(corpus.evidence(members), MAX_COMPARED))) if closely else ""
    meant = len(senses((*chosen.overview, *chosen.claims), [page.title, *corpus.aliases(page.key)])) or 1
    return PageView(page, tuple(map(_said, chosen.overview)), tuple(map(_said, chosen.claims)), dull, meant)


def _said(item: Evidence) -> Said:
    return Said(item.document, item.title, item.text, item.place, item.defines)


def _dull(page: TopicPage, evidence: list[Evidence]) -> str:
    """The reason why a page may be boilerplate, "" for none."""
    repeated = _repeated(evidence)
    if repeated:
        return repeated
    defined = any(item.defines for item in evidence)
    if not defined and is_structural(page.title):
        return f"{page.title!r} is a heading that any document may have"
    if evidence and all(is_boilerplate(item.text) for item in evidence):
        return f"its sentences are about rights or navigation: {evidence[0].text}"
    return ""


def _repeated(evidence: list[Evidence]) -> str:
    """Whether most of the documents that say something say nearly the same sentence."""
    groups: list[tuple[frozenset[str], str, set[str]]] = []
    for item in evidence:
        words = word_set(item.text)
        for first, _, documents in groups:
            if nearly_same(first, words):
                documents.add(item.document)
                break
        else:
            groups.append((words, item.text, {item.document}))
    if not groups:
        return ""
    _, text, documents = max(groups, key=lambda group: (len(group[2]), group[1]))
    everybody = {item.document for item in evidence}
    if len(documents) < _REPEATED or len(documents) * 5 < len(everybody) * 3:
        return ""
    return f"{len(documents)} documents say nearly the same sentence: {text}"
