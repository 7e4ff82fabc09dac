"""The index pages of one folder: one, or when it lists too much several, each for the names that begin alike.

Invariant: which pages there are follows from the names alone; a page of at most `MAX_ENTRIES` entries is never split. Seen from
some names that came or went, only pages on their way down, or beside it, can differ.
"""

from collections.abc import Collection, Iterator
from typing import Protocol

from gitkb.text import frontmatter
from gitkb.text.links import escape, relative
from gitkb.topics import Branch
from gitkb.wiki.generated import seal

MAX_ENTRIES = 500
BY = "gitkb-extractive/1"


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
    return seal(frontmatter.join({"type": "Index", "title": title}, f"\n{body}") if prefix else body, BY)


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
