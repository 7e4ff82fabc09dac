"""The rows that the catalog's tables give to the projection: which pages there are, what documents say, what a folder holds.

Invariant: every row is a function of the set of records alone, and every list of them is sorted, so whatever is rendered from
them is the same on every machine. No row depends on statistics of the whole collection.
"""

import re

from msgspec import Struct

from gitkb.model.documents import Place, TopicKind
from gitkb.text.names.slugs import RESERVED_PAGES, topic_key

FOLDERS: dict[TopicKind, str] = {"concept": "concepts", "entity": "entities"}
MAX_DESCRIPTION = 200


class DocumentEntry(Struct, frozen=True):
    """A document as an index lists it."""

    document: str
    title: str
    description: str


class DocumentFacts(Struct, frozen=True):
    """A document as `list` shows it: `source` is the path as it was added, `url` the address it was fetched from ("": none)."""

    document: str
    title: str
    source: str
    sha256: str
    media_type: str
    source_pages: int
    url: str = ""


class TopicPage(Struct, frozen=True):
    """A page of `concepts/` or `entities/`. With a `target` it only leads to another page, of that kind and key, which documents
    know by this name or as the other kind; `documents` is how many support it."""

    kind: TopicKind
    key: str
    title: str
    description: str
    documents: int
    target: str = ""
    target_kind: TopicKind = "concept"
    target_title: str = ""

    @property
    def path(self) -> str:
        return topic_path(self.kind, self.key)

    @property
    def is_left_out(self) -> bool:
        """Whether it was decided that there is no such page (`left_out`)."""
        return self.target == self.key and self.target_kind == self.kind


class Evidence(Struct, frozen=True):
    """A claim about a page's topic and the document that makes it."""

    document: str
    title: str
    text: str
    place: Place
    score: float
    defines: bool


class Defined(Struct, frozen=True):
    """A topic that a document defines, so that a page (or a lead to it) of this kind and key exists."""

    document: str
    kind: TopicKind
    key: str
    name: str
    weight: float


class Branch(Struct, frozen=True):
    """How many names go on with a character; "" for the name that ends here."""

    character: str
    names: int


def left_out(kind: TopicKind, key: str, title: str) -> TopicPage:
    """What stands where a name was decided to get no page: it leads to itself, that is, nowhere."""
    return TopicPage(kind, key, title, "", 0, key, kind, title)


def page_key(name: str, language: str) -> str:
    """The key of a topic's name, which is its page's file name and so never one that the wiki reserves."""
    key = topic_key(name, language)
    return f"{key}-page" if key in RESERVED_PAGES else key


def topic_path(kind: TopicKind, key: str) -> str:
    """Where a concept's or entity's page stands."""
    return f"wiki/{FOLDERS[kind]}/{key}.md"


_QUALIFIER = re.compile(r"\s*\([^()]{1,60}\)\s*$")


def bare_title(title: str) -> str:
    """A title without what stands in brackets at its end: "Builder (design pattern)" is about the builder."""
    return _QUALIFIER.sub("", title) or title


_SENTENCE = re.compile(r"[.!?](?= )|[。！？]")
_CLAUSE = re.compile(r"[;:,](?= )| [–—]|[，；：、]")


def shortened(text: str) -> str:
    """The text, cut at the end of a sentence, else of a clause, else of a word, where it is longer than a description."""
    if len(text) <= MAX_DESCRIPTION:
        return text
    head = text[: MAX_DESCRIPTION - 1]
    for pattern, least in ((_SENTENCE, 60), (_CLAUSE, 80)):
        ends = [found.start() for found in pattern.finditer(text[:MAX_DESCRIPTION]) if found.start() >= least]
        if ends and pattern is _SENTENCE:
            return text[: ends[-1] + 1]
        if ends:
            return f"{head[: ends[-1]].rstrip()}…"
    cut = head.rfind(" ", MAX_DESCRIPTION // 2)
    return f"{head[:cut] if cut > 0 else head}…"


FOLDER = "wiki/explorations"


def exploration_name(path: str) -> str | None:
    """The name of the saved answer at a path, None where a path is none: an index, another file, a folder below."""
    folder, _, file = path.rpartition("/")
    if folder != FOLDER or not file.endswith(".md") or file == "index.md" or file.startswith("index--"):
        return None
    return file.removesuffix(".md")
