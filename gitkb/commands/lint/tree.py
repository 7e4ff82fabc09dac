"""The data that the checks read: one commit, its tables, and the pages that hold a person's words.

Invariant: reads one tree. Pages are read once, when a check first asks for them. A page counts as a person's if its seal is
missing or broken. Converted texts are not looked at, because they are their authors'. How findings name pages and commands is
here too.
"""

import shlex
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from msgspec import Struct

from gitkb.catalog.queries import RecordCorpus, Weight, real_pages, weights
from gitkb.formats.topic_rows import FOLDERS, TopicPage, exploration_name
from gitkb.model.documents import Tree
from gitkb.text.markdown import frontmatter
from gitkb.text.markdown.links import Link, links
from gitkb.wiki.hand_edits import Seal, state
from gitkb.wiki.projection import is_page

_KINDS = {f"wiki/{folder}": kind for kind, folder in FOLDERS.items()}


class PersonPage(Struct, frozen=True):
    """A page with a person's words: all of its text, and whether gitkb made it once (`edited`)."""

    path: str
    content: bytes
    edited: bool

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "surrogateescape")

    @property
    def head(self) -> str:
        """The lines of the front matter with what is around them, "" without one."""
        header, body = frontmatter.cut(self.text)
        return self.text[: len(self.text) - _tail(self.text, body)] if header is not None else ""

    def links(self) -> list[Link]:
        """The links of the body, with their lines in the page."""
        above = self.head.count("\n")
        found = links(self.text[len(self.head) :].replace("\r\n", "\n"))
        return [Link(each.target, each.text, each.line + above, each.image, each.wiki) for each in found]


def _tail(text: str, body: str) -> int:
    """The number of characters of a page's body, whose line ends may have been CRLF."""
    lines = body.count("\n")
    position = len(text)
    for _ in range(lines + (not body.endswith("\n") and bool(body))):
        position = text.rfind("\n", 0, max(0, position - 1)) + 1
    return len(text) - position


@dataclass
class Base:
    """One tree with a connection whose tables reflect it. `renamed` maps the path of a document's file that is gone to its path
    now ("" if the document was not renamed); `former` lists the names of documents that are gone."""

    tree: Tree
    db: sqlite3.Connection
    renamed: Callable[[str], str] = lambda path: ""
    former: Callable[[], Collection[str]] = tuple

    @cached_property
    def corpus(self) -> RecordCorpus:
        return RecordCorpus(self.db)

    @cached_property
    def pages(self) -> list[TopicPage]:
        """The pages of concepts and entities that say something, by kind and key."""
        return real_pages(self.db)

    @cached_property
    def by_key(self) -> Mapping[str, TopicPage]:
        return {page.key: page for page in self.pages}

    @cached_property
    def _weights(self) -> Mapping[str, Weight]:
        return weights(self.db)

    def weight(self, page: TopicPage) -> Weight:
        """The evidence for a page, including the names that were put on it."""
        return sum((self._weights.get(name, Weight()) for name in self.corpus.members(page.key)), Weight())

    @cached_property
    def files(self) -> frozenset[str]:
        return frozenset(path for path, _ in self.tree.files())

    @cached_property
    def people(self) -> Mapping[str, PersonPage]:
        """The pages with a person's words, by path."""
        return {page.path: page for page in self._people()}

    def _people(self) -> Iterator[PersonPage]:
        for path, oid in self.tree.files("wiki"):
            if path.endswith(".md") and not path.startswith("wiki/sources/"):
                content = self.tree.read_blob(oid)
                kind = state(content)
                if kind is not Seal.GENERATED:
                    yield PersonPage(path, content, kind is Seal.EDITED)

    @cached_property
    def linked(self) -> Mapping[str, list[Link]]:
        """The links of each of those pages."""
        return {path: page.links() for path, page in self.people.items()}

    @cached_property
    def approved(self) -> frozenset[str]:
        """The pages that somebody approved."""
        return frozenset(approval.page for approval in self.corpus.approvals())

    def exists(self, path: str) -> bool:
        """Whether a file is there, or will be once pending pages are made; one that will be gone is not."""
        if is_page(path) and path not in self.people:
            return self.documented(path)
        return path in self.files

    def documented(self, path: str) -> bool:
        """Whether documents make a concept's or entity's page."""
        folder, _, name = path.rpartition("/")
        return self.corpus.page(_KINDS[folder], name.removesuffix(".md")) is not None

    @cached_property
    def folders(self) -> frozenset[str]:
        return frozenset(path[:at] for path in self.files for at, char in enumerate(path) if char == "/")


def is_saved_answer(path: str) -> bool:
    """Whether a page is a saved answer, which an index lists."""
    return exploration_name(path) is not None


def command(*words: str) -> str:
    """A command line that a person can paste into a shell."""
    return shlex.join(("gitkb", *words))


def short_name(path: str) -> str:
    """A page as people name it: "concepts/aries"."""
    return path.removeprefix("wiki/").removesuffix(".md")
