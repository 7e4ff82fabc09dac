"""The pages of people whose dead links can be led to where their targets are now.

Invariant: only the targets of such links change, never a word, a line end, or text in code and quotations.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gitkb.lint.base import Base, PersonPage
from gitkb.lint.links import Dead, Targets, dead_links
from gitkb.model import Finding
from gitkb.text.links import Link, relative
from gitkb.text.mend import mend


@dataclass(frozen=True, slots=True)
class Mended:
    """A page's new bytes, and its dead links (as they were) with the paths to which they lead now."""

    page: PersonPage
    content: bytes
    links: tuple[Link, ...]
    targets: tuple[str, ...]


def mended(base: Base) -> Iterator[Mended]:
    """The pages that change, by path."""
    targets = Targets(base)
    for path, page in base.people.items():
        dead = [found for link in base.linked[path] if (found := targets.dead(path, link)) is not None and found.moved]
        if dead and (made := _mended(page, dead)) is not None:
            yield made


def dead_link_findings(base: Base) -> Iterator[Finding]:
    """A finding for each dead link; it is fixable where what it meant is known, and it stands in neither code nor a quotation."""
    fixed = {(made.page.path, link.line, link.target) for made in mended(base) for link in made.links}
    for page, dead in dead_links(base):
        where = f" It is {dead.moved} now." if dead.moved else ""
        line, fixable = dead.link.line, (page, dead.link.line, dead.link.target) in fixed
        yield Finding("dead-link", page, dead.reason + where, line=line, fixable=fixable)


def _mended(page: PersonPage, dead: list[Dead]) -> Mended | None:
    moved = {(each.link.wiki, each.link.target): each.moved for each in dead}
    head = page.head
    above = head.count("\n")

    def new(link: Link) -> str | None:
        target = moved.get((link.wiki, link.target))
        if target is None:
            return None
        return _note(link, target) if link.wiki else relative(page.path, target)

    body, changed = mend(page.text[len(head) :], new)
    if not changed:
        return None
    links = tuple(Link(each.target, each.text, each.line + above, each.image, each.wiki) for each in changed)
    where = tuple(moved[each.wiki, each.target] for each in links)
    return Mended(page, (head + body).encode("utf-8", "surrogateescape"), links, where)


def _note(link: Link, target: str) -> str:
    """What stands in a wikilink: the file's name; its old words are shown as before."""
    name = (
        target.removeprefix("wiki/").removesuffix(".md") if "/" in link.target else target.rpartition("/")[2].removesuffix(".md")
    )
    return name if link.text != link.target else f"{name}|{link.text}"
