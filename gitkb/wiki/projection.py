"""The shared pages of a knowledge base, as a function of its records: concepts, entities, indexes; and the number of the
projection that made them.

Invariant: projecting what some records can have changed, onto pages that were the projection before, gives byte for byte the
projection of everything. Nothing here knows how a set of records came about, or what pages there are.

Invariant: the number only rises, with the first pages commit of a newer gitkb. One whose projection has a lower number makes no
pages commits from then on, so two versions never rewrite each other's pages in turn; its document commits are as good as any.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate

from msgspec import Struct, field

from gitkb.errors import FormatError, NewerFormat
from gitkb.formats.topic_rows import FOLDER as EXPLORATIONS
from gitkb.formats.topic_rows import FOLDERS, TopicPage, exploration_name, page_key, topic_path
from gitkb.formats.versions import UPGRADE, canonical
from gitkb.model.documents import Record, Tree
from gitkb.model.path_changes import PathChanges
from gitkb.wiki.corpus import Corpus
from gitkb.wiki.indexes import (
    DOCUMENT_FOLDERS,
    ROOT,
    DocumentListing,
    ExplorationListing,
    TopicListing,
    all_indexes,
    empty_root,
    root_index,
    touched_indexes,
)
from gitkb.wiki.topic_page import topic_page

PROJECTION = 12
"""Rises with anything that the projection writes differently, so that no tree counts as projected that was not by this one, and
an older gitkb leaves the pages of this one alone (`gitkb.wiki.projection`)."""

_TOPIC_FOLDERS = {f"wiki/{folder}": kind for kind, folder in FOLDERS.items()}


class Scope(Struct, frozen=True):
    """What happened since the pages were last whole: records in old and new versions, shared pages and saved answers that were
    touched (`pages`), and the keys of topics about which something was decided, confirmed or written."""

    records_before: Sequence[Record]
    records_after: Sequence[Record]
    pages: Collection[str] = field(default_factory=frozenset)
    topics: Collection[str] = field(default_factory=frozenset)

    def __bool__(self) -> bool:
        return bool(self.records_before or self.records_after or self.pages or self.topics)

    def with_(self, other: "Scope") -> "Scope":
        """What happened in this scope and then in another one."""
        return Scope(
            [*self.records_before, *other.records_before],
            [*self.records_after, *other.records_after],
            {*self.pages, *other.pages},
            {*self.topics, *other.topics},
        )


def is_shared(path: str) -> bool:
    """Whether the page at a path can be one of the projection's."""
    folder, _, name = path.rpartition("/")
    if not name.endswith(".md"):
        return False
    if folder == EXPLORATIONS:
        return _is_index(name)
    return path == ROOT or folder in _TOPIC_FOLDERS or (path.startswith("wiki/s") and _is_document_index(folder, name))


def concerns_pages(path: str) -> bool:
    """Whether a change of the page at a path, itself or by being listed, can change what the projection makes."""
    return is_shared(path) or exploration_name(path) is not None


def is_page(path: str) -> bool:
    """Whether the page at a path is a concept's or entity's, not an index."""
    folder, _, name = path.rpartition("/")
    return folder in _TOPIC_FOLDERS and name.endswith(".md") and not _is_index(name)


def pages_in(tree: Tree) -> Iterator[str]:
    """The paths of the pages of a tree that are a concept's or entity's."""
    return (path for folder in _TOPIC_FOLDERS for path, _ in tree.files(folder) if is_page(path))


def empty_bundle() -> dict[str, bytes]:
    """The shared pages of a knowledge base without documents."""
    return {ROOT: empty_root()}


def project(corpus: Corpus, scope: Scope | None = None) -> PathChanges:
    """The shared pages with their content, and as deleted those of which there is none (any more).

    Without a scope all pages that there are; with one, every page that can differ, and those that it names.
    """
    found = _everything(corpus) if scope is None else _touched(corpus, scope)
    return PathChanges.of(found)


def _everything(corpus: Corpus) -> Iterator[tuple[str, bytes | None]]:
    for page in corpus.all_pages():
        yield page.path, topic_page(corpus, page)
    for kind in FOLDERS:
        yield from all_indexes(TopicListing(corpus, kind))
    for folder in corpus.folders():
        for top in DOCUMENT_FOLDERS:
            yield from all_indexes(DocumentListing(corpus, top, folder))
    yield from all_indexes(ExplorationListing(corpus))
    yield ROOT, root_index(corpus)


def _touched(corpus: Corpus, scope: Scope) -> Iterator[tuple[str, bytes | None]]:
    records = (*scope.records_before, *scope.records_after)
    keys = _keys(corpus, scope)
    folders = _segments([*(record.document for record in records), *corpus.alike_in_title(records)])
    yield from ((path, None) for path in scope.pages if is_shared(path))
    for kind in FOLDERS:
        for key in sorted(keys):
            page = corpus.page(kind, key)
            yield topic_path(kind, key), None if page is None else topic_page(corpus, page)
        listing = TopicListing(corpus, kind)
        yield from touched_indexes(listing, keys | _listed_at(listing.folder, scope.pages))
    for top in DOCUMENT_FOLDERS:
        named = {folder[len(top) + 1 :] for folder in map(_folder, scope.pages) if f"{folder}/".startswith(f"{top}/")}
        for folder in sorted({*folders, *named}):
            listed = DocumentListing(corpus, top, folder)
            yield from touched_indexes(listed, folders.get(folder, set()) | _listed_at(listed.folder, scope.pages))
    saved = {name for path in scope.pages if (name := exploration_name(path)) is not None}
    if saved or any(path.startswith(f"{EXPLORATIONS}/") for path in scope.pages):
        yield from touched_indexes(ExplorationListing(corpus), saved | _listed_at(EXPLORATIONS, scope.pages))
    yield ROOT, root_index(corpus)


def topic_pages(corpus: Corpus, scope: Scope | None = None) -> list[TopicPage]:
    """The pages of concepts and entities that say something, sorted: all, or those that can differ."""
    if scope is None:
        pages = corpus.all_pages()
    else:
        found = (corpus.page(kind, key) for kind in FOLDERS for key in sorted(_keys(corpus, scope)))
        pages = [page for page in found if page is not None]
    return [page for page in pages if not page.target]


def _keys(corpus: Corpus, scope: Scope) -> set[str]:
    """The keys of all topic pages that can differ."""
    records = (*scope.records_before, *scope.records_after)
    names = {*scope.topics, *(name for record in records for name in names_in(record))}
    keys = corpus.affected(names | corpus.spoken_of(corpus.alike_in_title(records)))
    return keys | {path.rpartition("/")[2].removesuffix(".md") for path in scope.pages if is_page(path)}


def names_in(record: Record) -> Iterator[str]:
    """The keys of everything that a record speaks of or lists as an alias."""
    for topic in record.topics:
        yield page_key(topic.name, record.language)
        yield from (page_key(alias, record.language) for alias in topic.aliases if alias)


def _segments(documents: Sequence[str]) -> dict[str, set[str]]:
    """For each folder the names in it (of documents and folders) whose lines can differ."""
    found: dict[str, set[str]] = {}
    for document in documents:
        for path in accumulate(document.split("/"), lambda above, part: f"{above}/{part}"):
            folder, _, segment = path.rpartition("/")
            found.setdefault(folder, set()).add(segment)
    return found


def _listed_at(folder: str, pages: Collection[str]) -> set[str]:
    """The prefixes of those index pages of a folder that somebody touched: names that lead the way to them."""
    start = f"{folder}/index--"
    return {path[len(start) : -len(".md")] for path in pages if path.startswith(start) and path.endswith(".md")}


def _folder(path: str) -> str:
    return path.rpartition("/")[0] if is_shared(path) else ""


def _is_index(name: str) -> bool:
    return name == "index.md" or (name.startswith("index--") and name.endswith(".md"))


def _is_document_index(folder: str, name: str) -> bool:
    return _is_index(name) and f"{folder}/".startswith(("wiki/sources/", "wiki/summaries/"))


MADE = ".gitkb/pages.json"


def made_by(tree: Tree) -> int:
    """The number of the projection that made a tree's pages, 0 where none is noted. `FormatError` where the note is damaged."""
    content = tree.read(MADE)
    return 0 if content is None else read_note(content)


def read_note(content: bytes) -> int:
    """The number in a note. Raises `FormatError`."""
    try:
        number = json.loads(content.decode("utf-8"))["projection"]
        if isinstance(number, int) and not isinstance(number, bool) and number > 0:
            return number
    except (ValueError, LookupError, TypeError, RecursionError):
        pass
    raise FormatError(
        f"{MADE} does not say which projection made the pages.",
        f"Take it from git; after a conflict of a merge keep the larger number: git checkout HEAD -- {MADE}",
    )


def note() -> bytes:
    """The note that this version leaves."""
    return canonical({"projection": PROJECTION})


def later(one: bytes, other: bytes) -> bytes | None:
    """The note with the larger number; None where one of them is damaged."""
    try:
        return max((read_note(one), one), (read_note(other), other))[1]
    except FormatError:
        return None


def newer(tree: Tree) -> str:
    """Why this version leaves a tree's pages as they are: a newer one made them; "" where it need not."""
    number = made_by(tree)
    if number <= PROJECTION:
        return ""
    return f"The pages were made by a newer gitkb (projection {number}; this one makes projection {PROJECTION})"


def refuse_newer(tree: Tree) -> None:
    """Raises `NewerFormat` where a newer gitkb made a tree's pages."""
    if said := newer(tree):
        raise NewerFormat(f"{said}, so this one does not make them anew.", UPGRADE)
