"""Makes the indexes of the wiki, from the root to the folders to the pages; an index with too many entries is split.

Invariant: the set of index pages follows from the names alone; a page of at most `MAX_ENTRIES` entries is never split. If some
names are added or removed, only index pages on their way down, or beside it, can differ. An index lists what the records make,
never a count, and depends only on its own folder's entries and the first few of each folder in it. Only the root's `index.md` has
front matter, with the version of the Open Knowledge Format.
"""

from collections.abc import Collection, Iterator
from typing import Protocol

from msgspec import Struct

from gitkb.formats.compiler_names import COMPILER
from gitkb.formats.records import summary_path
from gitkb.formats.topic_rows import FOLDER, FOLDERS, Branch, DocumentEntry, TopicPage
from gitkb.model.documents import TopicKind
from gitkb.text.markdown import frontmatter
from gitkb.text.markdown.links import escape, relative
from gitkb.wiki.corpus import Corpus
from gitkb.wiki.hand_edits import seal

MAX_ENTRIES = 500


class Listing(Protocol):
    """What a folder lists. `folder` is its path, `title` its heading."""

    @property
    def folder(self) -> str: ...

    @property
    def title(self) -> str: ...

    def branches(self, prefix: str) -> list[Branch]:
        """How the names that begin with a prefix go on."""

    def entries(self, prefix: str) -> list[str]:
        """The lines of the names that begin with a prefix."""

    def exact(self, name: str) -> list[str]:
        """The lines of one name."""


def index_path(folder: str, prefix: str = "") -> str:
    """Where the index of a folder stands, or its part for a prefix."""
    return f"{folder}/index--{prefix}.md" if prefix else f"{folder}/index.md"


def entry(title: str, link: str, description: str = "") -> str:
    """One line of an index."""
    return f"* [{escape(title)}]({link})" + (f" - {escape(description)}" if description else "")


def all_indexes(listing: Listing, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    """All index pages of a folder: (path, content)."""
    branches = listing.branches(prefix)
    page = _page(listing, prefix, branches)
    if page is not None:
        yield index_path(listing.folder, prefix), page
    if _names(branches) > MAX_ENTRIES:
        for branch in branches:
            if branch.character:
                yield from all_indexes(listing, prefix + branch.character)


def touched_indexes(
    listing: Listing, names: Collection[str], prefix: str = "", *, reached: bool = True
) -> Iterator[tuple[str, bytes | None]]:
    """The index pages that can differ since these names came, went or changed; None for those that are not there.

    `reached` says whether the pages above are split, so that this one is needed.
    """
    branches = listing.branches(prefix)
    # A document and a folder may have the same name: it came or went with up to two entries.
    total, moved = _names(branches), 2 * len(names)
    yield index_path(listing.folder, prefix), _page(listing, prefix, branches) if reached else None
    if total + moved <= MAX_ENTRIES:
        return  # neither split now nor before
    at = len(prefix)
    below: dict[str, set[str]] = {branch.character: set() for branch in branches if branch.character}
    for name in names:
        if len(name) > at:
            below.setdefault(name[at], set()).add(name)
    may_have_crossed = total - moved <= MAX_ENTRIES
    for character, some in sorted(below.items()):
        if some or may_have_crossed:
            yield from touched_indexes(listing, some, prefix + character, reached=reached and total > MAX_ENTRIES)


def _names(branches: list[Branch]) -> int:
    return sum(branch.names for branch in branches)


def _page(listing: Listing, prefix: str, branches: list[Branch]) -> bytes | None:
    """The page for a prefix; None when nothing begins so, or when all that does goes on alike."""
    total = _names(branches)
    if not total or (prefix and total > MAX_ENTRIES and len(branches) == 1):
        return None
    lines = listing.entries(prefix) if total <= MAX_ENTRIES else list(_parts(listing, prefix, branches))
    title = f"{listing.title}: {prefix}…" if prefix else listing.title
    body = f"# {escape(title)}\n\n" + "\n".join(lines) + "\n"
    return seal(frontmatter.join({"type": "Index", "title": title}, f"\n{body}") if prefix else body, COMPILER)


def _parts(listing: Listing, prefix: str, branches: list[Branch]) -> Iterator[str]:
    page = index_path(listing.folder, prefix)
    for branch in branches:
        if not branch.character:
            yield from listing.exact(prefix)
            continue
        part = _shown(listing, prefix + branch.character)
        yield entry(f"{part}…", relative(page, index_path(listing.folder, part)), f"names that begin with {part}")


def _shown(listing: Listing, prefix: str) -> str:
    """The first prefix from here down that has a page of its own."""
    branches = listing.branches(prefix)
    while _names(branches) > MAX_ENTRIES and len(branches) == 1:
        prefix += branches[0].character
        branches = listing.branches(prefix)
    return prefix


ROOT = "wiki/index.md"
OKF_VERSION = "0.2"
DOCUMENT_FOLDERS = ("wiki/sources", "wiki/summaries")
FEW = 30
MANY = 100
_TOLD = 3
_TITLES = {"wiki/sources": "Sources", "wiki/summaries": "Summaries", "concept": "Concepts", "entity": "Entities"}
_ABOUT: dict[TopicKind, str] = {
    "concept": "what the documents say of a concept, side by side",
    "entity": "people, organisations, products and other named things",
}


class TopicListing(Struct, frozen=True):
    """The pages of `concepts/` or `entities/`."""

    corpus: Corpus
    kind: TopicKind

    @property
    def folder(self) -> str:
        return f"wiki/{FOLDERS[self.kind]}"

    @property
    def title(self) -> str:
        return _TITLES[self.kind]

    def branches(self, prefix: str) -> list[Branch]:
        return self.corpus.page_branches(self.kind, prefix)

    def entries(self, prefix: str) -> list[str]:
        return [_topic(index_path(self.folder), page) for page in self.corpus.pages(self.kind, prefix)]

    def exact(self, name: str) -> list[str]:
        page = self.corpus.page(self.kind, name)
        return [_topic(index_path(self.folder), page)] if page is not None else []


class DocumentListing(Struct, frozen=True):
    """The documents and folders of one folder below `sources/` or `summaries/`, which is `top`; `name` is "" for `top` itself."""

    corpus: Corpus
    top: str
    name: str

    @property
    def folder(self) -> str:
        return f"{self.top}/{self.name}" if self.name else self.top

    @property
    def title(self) -> str:
        return f"{_TITLES[self.top]}: {self.name}" if self.name else _TITLES[self.top]

    def branches(self, prefix: str) -> list[Branch]:
        return self.corpus.folder_branches(self.name, prefix)

    def entries(self, prefix: str) -> list[str]:
        return self._lines(
            self.corpus.subfolders(self.name, prefix, MAX_ENTRIES), self.corpus.documents_in(self.name, prefix, MAX_ENTRIES)
        )

    def exact(self, name: str) -> list[str]:
        folders = [found for found in self.corpus.subfolders(self.name, name, 1) if found == name]
        documents = self.corpus.documents_in(self.name, name, 1)
        return self._lines(folders, [found for found in documents if found.document.rpartition("/")[2] == name])

    def _lines(self, folders: list[str], documents: list[DocumentEntry]) -> list[str]:
        page = index_path(self.folder)
        lines = [folder_line(self.corpus, page, self.top, f"{self.name}/{name}" if self.name else name) for name in folders]
        return lines + [
            entry(found.title, relative(page, f"{self.top}/{found.document}.md"), found.description) for found in documents
        ]


class ExplorationListing(Struct, frozen=True):
    """The saved answers."""

    corpus: Corpus
    folder: str = FOLDER
    title: str = "Explorations"

    def branches(self, prefix: str) -> list[Branch]:
        return self.corpus.exploration_branches(prefix)

    def entries(self, prefix: str) -> list[str]:
        return self._lines(self.corpus.explorations(prefix, MAX_ENTRIES))

    def exact(self, name: str) -> list[str]:
        return self._lines([found for found in self.corpus.explorations(name, 1) if found.document == name])

    def _lines(self, found: list[DocumentEntry]) -> list[str]:
        page = index_path(self.folder)
        return [entry(one.title, relative(page, f"{self.folder}/{one.document}.md"), one.description) for one in found]


def folder_line(corpus: Corpus, page: str, top: str, folder: str) -> str:
    """The line of a folder: its name, and of what its first documents are."""
    documents = corpus.documents_in(folder, "", _TOLD + 1)
    told = [found.title for found in documents] or corpus.subfolders(folder, "", _TOLD + 1)
    more = ", …" if len(told) > _TOLD else ""
    link = relative(page, index_path(f"{top}/{folder}"))
    return entry(f"{folder.rpartition('/')[2]}/", link, ", ".join(told[:_TOLD]) + more)


def root_index(corpus: Corpus) -> bytes:
    """The first page that anybody opens."""
    if not corpus.document_count(""):
        return _root(["No documents yet. Add some with `gitkb add`."])
    blocks = ["What the documents of this knowledge base say, with links into their texts."]
    blocks.append("\n".join(_folders(corpus)))
    blocks += ["## Documents", "\n".join(_documents(corpus))]
    for kind in FOLDERS:
        if lines := _topics(corpus, kind):
            blocks += [f"## {_TITLES[kind]}", "\n".join(lines)]
    return _root(blocks)


def empty_root() -> bytes:
    """The first page of a knowledge base without documents."""
    return _root(["No documents yet. Add some with `gitkb add`."])


def _root(blocks: list[str]) -> bytes:
    return seal(
        frontmatter.join({"okf_version": OKF_VERSION}, "\n" + "\n\n".join(["# Knowledge base", *blocks]) + "\n"), COMPILER
    )


def _folders(corpus: Corpus) -> Iterator[str]:
    yield entry("Summaries", "summaries/index.md", "each document in brief, along its outline")
    for kind, folder in FOLDERS.items():
        if corpus.best_pages(kind, 1):
            yield entry(_TITLES[kind], f"{folder}/index.md", _ABOUT[kind])
    yield entry("Sources", "sources/index.md", "the full texts")
    if corpus.explorations("", 1):
        yield entry("Explorations", "explorations/index.md", "answers to questions that were saved")


def _documents(corpus: Corpus) -> list[str]:
    if corpus.document_count("") <= FEW:
        found = corpus.first_documents(FEW)
        return [entry(one.title, relative(ROOT, summary_path(one.document)), one.description) for one in found]
    folder = ""
    while len(inner := corpus.subfolders(folder, "", MANY + 1)) == 1 and not corpus.documents_in(folder, "", 1):
        folder = f"{folder}/{inner[0]}" if folder else inner[0]
    above = f"{folder}/" if folder else ""
    lines = [folder_line(corpus, ROOT, "wiki/summaries", above + name) for name in inner[:MANY]]
    own = corpus.documents_in(folder, "", FEW + 1)
    lines += [entry(one.title, relative(ROOT, summary_path(one.document)), one.description) for one in own[:FEW]]
    if len(inner) > MANY or len(own) > FEW:
        lines.append(entry("All documents", relative(ROOT, index_path(f"wiki/summaries/{folder}".rstrip("/")))))
    return lines


def _topics(corpus: Corpus, kind: TopicKind) -> list[str]:
    pages = corpus.best_pages(kind, FEW + 1)
    lines = [_topic(ROOT, page) for page in sorted(pages[:FEW], key=lambda page: page.key)]
    if len(pages) > FEW:
        lines.append(entry(f"All {FOLDERS[kind]}", f"{FOLDERS[kind]}/index.md"))
    return lines


def _topic(page: str, found: TopicPage) -> str:
    # Most links of large indexes are names that need no encoding, to pages beside them.
    beside = page != ROOT and found.key.isascii() and found.key.replace("-", "").isalnum()
    return entry(found.title, f"{found.key}.md" if beside else relative(page, found.path), found.description)
