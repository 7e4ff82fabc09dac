"""Finds a document, page, concept or entity by what a person types: a name, a path, or whole words of one.

Invariant: what is found is a name that the documents know, or about which something was decided, whether or not it has a page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from gitkb.errors import NotFound, PartOfName
from gitkb.formats import records
from gitkb.formats.topic_rows import FOLDERS, TopicPage, page_key
from gitkb.model.documents import Tree
from gitkb.model.rows import Shown
from gitkb.text.names.name_parts import has_words, listed, part_of_name

if TYPE_CHECKING:
    from gitkb.catalog.queries import RecordCorpus

_PAGE_FOLDERS = ("summaries", "concepts", "entities", "explorations", "sources", "")


def find_page(tree: Tree, name: str) -> tuple[str, str | None]:
    """(path of the page, document it belongs to) for a name; a document's page is its summary. Raises `NotFound`."""
    wanted = name.strip().removeprefix("./").strip("/")
    for path in _exact(wanted):
        if tree.blob(path):
            return path, _owner(path, tree)
    found = _matches(tree, wanted.casefold()) if wanted else []
    if len(found) == 1:
        return found[0], _owner(found[0], tree)
    if not found:
        raise NotFound(f"There is no document or page {name!r}.", "gitkb list shows the documents, gitkb search finds pages.")
    names = [path.removeprefix("wiki/").removesuffix(".md") for path in found]
    raise PartOfName(name, names, f"{name!r} may be: {listed(names)}.", "Give more of the name.")


def shown(tree: Tree, name: str) -> Shown:
    """The page for a name with its text, and the record of the document that it belongs to. Raises `NotFound`."""
    path, document = find_page(tree, name)
    content = tree.read(records.record_path(document)) if document else None
    record = records.decode(content, records.record_path(document)) if document and content is not None else None
    return Shown(path, (tree.read(path) or b"").decode("utf-8", "replace"), record)


def page_names(tree: Tree) -> list[str]:
    """The names of all documents, then those of all pages that people look for, sorted."""
    documents = [document for path, _ in tree.files(records.RECORDS) if (document := records.document_of(path))]
    own = ("wiki/sources/", "wiki/summaries/")
    pages = [path for path, _ in tree.files("wiki") if path.endswith(".md") and not path.startswith(own)]
    kept = [path for path in pages if not path.rpartition("/")[2].startswith(("index.md", "index--"))]
    return [*sorted(documents), *sorted(path.removeprefix("wiki/").removesuffix(".md") for path in kept)]


def _exact(wanted: str) -> list[str]:
    bare = wanted.removeprefix("wiki/").removesuffix(".md")
    paths = [wanted] if wanted.startswith("wiki/") else []
    paths += [f"wiki/{folder}/{bare}.md" if folder else f"wiki/{bare}.md" for folder in _PAGE_FOLDERS]
    document = records.document_of(wanted)
    return [*paths, f"wiki/summaries/{document}.md"] if document else paths


def _matches(tree: Tree, part: str) -> list[str]:
    """Pages with this last segment, else those whose name holds the part; a document counts once, by its summary, also by
    its source's file name."""
    from gitkb.intake.document_names import document_name

    part = part.removeprefix("wiki/").removesuffix(".md")
    slugged = document_name(part) if part else part
    pages = [path for path, _ in tree.files("wiki") if path.endswith(".md") and not path.startswith("wiki/sources/")]
    names = {path: _name(path) for path in pages if not path.endswith("/index.md")}
    same = [path for path, name in names.items() if name.rpartition("/")[2] in (part, slugged)]
    return same or [path for path, name in names.items() if has_words(name, part) or has_words(name, slugged)]


def _name(path: str) -> str:
    """A page's name without the folder of its kind."""
    bare = path.removeprefix("wiki/").removesuffix(".md")
    return bare.partition("/")[2] if bare.split("/", 1)[0] in _PAGE_FOLDERS else bare


def _owner(path: str, tree: Tree) -> str | None:
    for folder in ("wiki/summaries/", "wiki/sources/"):
        if path.startswith(folder):
            document = path[len(folder) :].removesuffix(".md").split("--")[0]
            if tree.blob(records.record_path(document)):
                return document
    return None


class FoundTopic(Struct, frozen=True):
    """A name that documents use, by its key. `path`: its page, "" for none."""

    key: str
    title: str
    path: str = ""


def find_topic(corpus: RecordCorpus, name: str) -> FoundTopic:
    """The concept or entity that a person means; `NotFound`, `PartOfName` with the candidates for a part of a name."""
    wanted = name.strip().removeprefix("./").removeprefix("wiki/").strip("/").removesuffix(".md")
    folder, _, bare = wanted.rpartition("/")
    kinds = [kind for kind, place in FOLDERS.items() if not folder or folder == place]
    pages = [page for page in corpus.all_pages() if page.kind in kinds]
    for same in (
        [page for page in pages if page.key == bare],
        [page for page in pages if page.title.casefold() == wanted.casefold() and not page.target],
        [page for page in pages if page.title.casefold() == wanted.casefold()],
    ):
        if found := _one(same, name):
            return found
    for key in dict.fromkeys((bare, page_key(wanted, "en"), page_key(wanted, "de"))) if kinds else ():
        if key and corpus.knows(key):
            return FoundTopic(key, corpus.spelling(key))
    near = [page for page in pages if not page.target and (has_words(page.key, bare) or has_words(page.title, bare))]
    if near:
        raise part_of_name(name, list(dict.fromkeys(_short(page.path) for page in near)))
    raise NotFound(
        f"There is no concept or entity {name!r}.", "gitkb search finds pages; only concepts and entities can be meant."
    )


def _short(path: str) -> str:
    return path.removeprefix("wiki/").removesuffix(".md")


def _one(pages: list[TopicPage], name: str) -> FoundTopic | None:
    """The only name among these pages, which may be of both kinds; None for no page at all."""
    keys = list(dict.fromkeys(page.key for page in pages))
    if len(keys) > 1:
        raise part_of_name(name, [_short(page.path) for page in pages])
    if not pages:
        return None
    page = min(pages, key=lambda each: (bool(each.target), each.kind))
    return FoundTopic(page.key, page.title, page.path)
