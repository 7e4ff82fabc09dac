"""Finds a concept or entity by what a person types: a title, a path, a slug, or a unique part of one.

Invariant: what is found is a name that the documents know, or about which something was decided, whether or not it has a page.
"""

from dataclasses import dataclass

from gitkb.catalog.records import RecordCorpus
from gitkb.errors import NotFound
from gitkb.topics import FOLDERS, TopicPage, page_key

MAX_CANDIDATES = 10


@dataclass(frozen=True, slots=True)
class Found:
    """A name by its key, as documents write it; `path` is its page's, "" where it has none."""

    key: str
    title: str
    path: str = ""


def find_topic(corpus: RecordCorpus, name: str) -> Found:
    """The concept or entity that a person means; raises `NotFound`, with the candidates where there are several."""
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
            return Found(key, corpus.spelling(key))
    part = bare.casefold()
    near = [page for page in pages if not page.target and (part in page.key or part in page.title.casefold())] if part else []
    if found := _one(near, name):
        return found
    raise NotFound(
        f"There is no concept or entity {name!r}.", "gitkb search finds pages; only concepts and entities can be meant."
    )


def _one(pages: list[TopicPage], name: str) -> Found | None:
    """The only name among these pages, which may be of both kinds; None for no page at all."""
    keys = list(dict.fromkeys(page.key for page in pages))
    if len(keys) > 1:
        listed = [page.path.removeprefix("wiki/").removesuffix(".md") for page in pages]
        more = [f"and {len(listed) - MAX_CANDIDATES} more"] if len(listed) > MAX_CANDIDATES else []
        raise NotFound(f"{name!r} may be: {', '.join([*listed[:MAX_CANDIDATES], *more])}.", "Give more of the name.")
    if not pages:
        return None
    page = min(pages, key=lambda each: (bool(each.target), each.kind))
    return Found(page.key, page.title, page.path)
