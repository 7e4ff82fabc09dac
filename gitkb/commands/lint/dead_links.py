"""Finds links in people's pages that lead nowhere, and repairs those whose target is known to have moved.

Invariant: a link is dead only if neither the commit nor the pages to be made have its target; the web is not asked. A new target
is named only if there is exactly one candidate. A repair changes the targets of such links and nothing else: no word, no line
end, no text in code or quotations.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from msgspec import Struct

from gitkb.branch.stored_documents import owner_of
from gitkb.commands.lint.tree import Base, PersonPage
from gitkb.formats.topic_rows import FOLDERS, page_key, topic_path
from gitkb.model.findings import Finding
from gitkb.text.markdown.links import Link, anchors, heading_anchor, is_external, named_anchors, relative, resolve
from gitkb.text.markdown.retarget import mend
from gitkb.text.names.slugs import document_segment
from gitkb.wiki.projection import is_page

_COMMON = frozenset({"index.md", "readme.md", "log.md"})
_OURS = (".gitkb/", ".git")
_OF_DOCUMENTS = ("wiki/sources/", "wiki/summaries/", "raw/")


class Dead(Struct, frozen=True):
    """A link that leads nowhere: the reason, and the `path#anchor` where its target is now, "" if unknown."""

    link: Link
    reason: str
    moved: str = ""


@dataclass
class Targets:
    """Finds what links mean in one tree."""

    base: Base

    def __post_init__(self) -> None:
        self._anchors = lru_cache(256)(self._all_anchors)

    def of(self, page: str, link: Link) -> str:
        """The path that a link leads to, "" for none, or for what is outside of the repository."""
        if link.wiki:
            return self._wikilink_file(link.target)
        found = resolve(page, link.target)
        return self._file(found[0]) if found else ""

    def dead(self, page: str, link: Link) -> Dead | None:
        """The reason why a link leads nowhere; None if it leads somewhere."""
        if link.wiki:
            return self._dead_wikilink(link)
        if is_external(link.target) or not link.target.strip():
            return None
        found = resolve(page, link.target)
        if found is None:
            return Dead(link, f"Its link {link.target} leaves the repository.")
        path, anchor = found
        target = self._file(path)
        if not target:
            return Dead(link, f"Its link to {path} leads to no file.", self._new_place(path, anchor))
        if anchor and target.endswith(".md") and not self._has(target, anchor):
            return Dead(link, f"Its link to {target}#{anchor} leads to no heading or anchor there.")
        return None

    def _file(self, path: str) -> str:
        """The file that a path means: itself, the page of this name, the entrance of a folder; "" for none."""
        if self.base.exists(path):
            return path
        if path.rstrip("/") in self.base.folders or not path:
            entrance = (f"{path.rstrip('/')}/{name}" for name in ("index.md", "README.md", "readme.md"))
            return next((each for each in entrance if each in self.base.files), path.rstrip("/") or ".")
        return f"{path}.md" if self.base.exists(f"{path}.md") else ""

    @cached_property
    def _names(self) -> Mapping[str, list[str]]:
        """All files by their names without case and `.md`."""
        found: dict[str, list[str]] = {}
        for path in sorted(self.base.files):
            if not path.startswith(_OURS):
                found.setdefault(path.rpartition("/")[2].casefold().removesuffix(".md"), []).append(path)
        return found

    def _wikilink_file(self, target: str) -> str:
        """The file that a wikilink names: by a name, or by the end of a path; its title or another name of it will do."""
        wanted = target.partition("#")[0].strip().strip("/").removesuffix(".md")
        if not wanted:
            return "."
        name = wanted.casefold().rpartition("/")[2]
        for each in (name, document_segment(name)):
            ends = wanted.casefold() if each == name else each
            for path in self._names.get(each, ()):
                if f"/{path.casefold().removesuffix('.md')}".endswith(f"/{ends}") and (
                    not is_page(path) or self.base.exists(path)
                ):
                    return path
        return ""

    def _dead_wikilink(self, link: Link) -> Dead | None:
        if self._wikilink_file(link.target):
            return None
        wanted = link.target.partition("#")[0].strip().strip("/").removesuffix(".md")
        moved = self._successor(page_key(wanted.rpartition("/")[2], "en"))
        if not moved:
            moved = self._renamed(f"wiki/{wanted}.md") or self._renamed(f"wiki/summaries/{wanted}.md")
            moved = moved or self._renamed_wikilink(wanted)
            heading = link.target.partition("#")[2]
            moved += f"#{heading}" if moved and heading else ""
        return Dead(link, f"Its link to [[{link.target}]] leads to no page.", moved)

    def _renamed_wikilink(self, wanted: str) -> str:
        """The summary of the only renamed document whose old name ends as a wikilink does, if its new name is as unambiguous."""
        ends = f"/{wanted}".casefold()
        paths = {self._renamed(f"wiki/summaries/{old}.md") for old in self._former if f"/{old}".casefold().endswith(ends)} - {""}
        found = paths.pop() if len(paths) == 1 else ""
        named = self._wikilink_file(found.rpartition("/")[2]) if found else ""
        return found if "/" in wanted or owner_of(named) == owner_of(found) else ""

    @cached_property
    def _former(self) -> Collection[str]:
        return self.base.former()

    def _renamed(self, path: str) -> str:
        """The path of a document's file after the document was renamed; empty if it was not."""
        renamed = self.base.renamed(path) if path.startswith(_OF_DOCUMENTS) else ""
        return renamed if renamed in self.base.files else ""

    def _new_place(self, path: str, anchor: str) -> str:
        """The new place of a missing file: the page on which its name was put, its document's new name, or the only file of that
        name; empty if unknown."""
        if is_page(path) and (successor := self._successor(path.rpartition("/")[2].removesuffix(".md"))):
            return successor  # what its anchors were is gone with it
        if renamed := self._renamed(path):  # its text is the same, so an anchor that is not there was missing before, too
            return f"{renamed}#{anchor}" if anchor else renamed
        name = path.rpartition("/")[2]
        top = "/".join(path.split("/")[:2]) + "/"
        same = [each for each in self._names.get(name.casefold().removesuffix(".md"), ()) if self._same_name(each, name)]
        near = [each for each in same if each.startswith(top)]
        near = near or [each for each in same if not (_is_of_a_kind(path) or _is_of_a_kind(each))]
        if len(near) != 1 or name.casefold() in _COMMON or (anchor and not self._has(near[0], anchor)):
            return ""
        return f"{near[0]}#{anchor}" if anchor else near[0]

    def _same_name(self, path: str, name: str) -> bool:
        return path.rpartition("/")[2].casefold() == name.casefold() and (not is_page(path) or self.base.exists(path))

    def _successor(self, key: str) -> str:
        """The page that shows the claims of a name, if it is another name's page; otherwise empty."""
        names = self.base.corpus.names
        target = names.target(key) if self.base.corpus.knows(key) else ""
        pages = [self.base.corpus.page(kind, target) for kind in FOLDERS] if target else []
        found = [page for page in pages if page is not None and not page.target]
        return topic_path(found[0].kind, found[0].key) if found else ""

    def _has(self, path: str, anchor: str) -> bool:
        """Whether a page has an anchor, also as Obsidian writes it: the heading itself, or a block that only Obsidian knows."""
        return anchor.startswith("^") or bool(self._anchors(path) & {anchor, heading_anchor(anchor)})

    def _all_anchors(self, path: str) -> frozenset[str]:
        text = (self.base.tree.read(path) or b"").decode("utf-8", "replace").replace("\r\n", "\n")
        return frozenset(anchors(text) | named_anchors(text))


def _is_of_a_kind(path: str) -> bool:
    """Whether a file is a document's or a shared page, which no file of another folder replaces."""
    return path.startswith(_OF_DOCUMENTS) or is_page(path)


def dead_links(base: Base) -> Iterator[tuple[str, Dead]]:
    """The links of people that lead nowhere, by page, in the order of its text."""
    targets = Targets(base)
    for page, found in base.linked.items():
        for link in found:
            if (dead := targets.dead(page, link)) is not None:
                yield page, dead


def leads_to(base: Base) -> frozenset[str]:
    """The files to which people's pages lead, apart from themselves, or did before the files moved."""
    targets = Targets(base)
    found: set[str] = set()
    for page, links in base.linked.items():
        found |= {target for link in links if (target := targets.of(page, link) or _new_place_of(targets, page, link)) != page}
    return frozenset(found - {""})


def _new_place_of(targets: Targets, page: str, link: Link) -> str:
    dead = targets.dead(page, link)
    return dead.moved.partition("#")[0] if dead is not None else ""


class RepairedPage(Struct, frozen=True):
    """A page's new bytes, and its dead links (as they were) with the paths to which they lead now."""

    page: PersonPage
    content: bytes
    links: tuple[Link, ...]
    targets: tuple[str, ...]


def repaired_pages(base: Base) -> Iterator[RepairedPage]:
    """The pages with dead links whose new target is known, repaired; by path."""
    targets = Targets(base)
    for path, page in base.people.items():
        dead = [found for link in base.linked[path] if (found := targets.dead(path, link)) is not None and found.moved]
        if dead and (made := _repair(page, dead)) is not None:
            yield made


def dead_link_findings(base: Base) -> Iterator[Finding]:
    """A finding for each dead link; fixable if the new target is known and the link is not in code or a quotation."""
    fixed = {(made.page.path, link.line, link.target) for made in repaired_pages(base) for link in made.links}
    for page, dead in dead_links(base):
        where = f" It is {dead.moved} now." if dead.moved else ""
        line, fixable = dead.link.line, (page, dead.link.line, dead.link.target) in fixed
        yield Finding("dead-link", page, dead.reason + where, line=line, fixable=fixable)


def _repair(page: PersonPage, dead: list[Dead]) -> RepairedPage | None:
    moved = {(each.link.wiki, each.link.target): each.moved for each in dead}
    head = page.head
    above = head.count("\n")

    def new(link: Link) -> str | None:
        target = moved.get((link.wiki, link.target))
        if target is None:
            return None
        return _new_wikilink(link, target) if link.wiki else relative(page.path, target)

    body, changed = mend(page.text[len(head) :], new)
    if not changed:
        return None
    links = tuple(Link(each.target, each.text, each.line + above, each.image, each.wiki) for each in changed)
    where = tuple(moved[each.wiki, each.target] for each in links)
    return RepairedPage(page, (head + body).encode("utf-8", "surrogateescape"), links, where)


def _new_wikilink(link: Link, target: str) -> str:
    """The new text inside a wikilink: the file's name, and the words that were shown before."""
    path, _, heading = target.partition("#")
    path = path.removesuffix(".md")
    name = path.removeprefix("wiki/") if "/" in link.target.partition("#")[0] else path.rpartition("/")[2]
    name += f"#{heading}" if heading else ""
    return name if link.text != link.target else f"{name}|{link.text}"
