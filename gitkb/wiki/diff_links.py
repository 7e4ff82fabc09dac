"""Which links of pages lead nowhere since a change, and which do again.

Invariant: only a link whose target came or went is reported; one that was broken before and still is concerns nobody here. Pure:
pages and the answers about what exists come from the caller.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from gitkb.text import frontmatter
from gitkb.text.links import links, resolve
from gitkb.wiki.diff_report import LinkChange

_LINK = re.compile(r"(?<!\\)\]\(([^()\s<>]+)\)")


@dataclass(frozen=True, slots=True)
class LinkChanges:
    """Links broken and mended, sorted by page and target."""

    broken: tuple[LinkChange, ...] = ()
    mended: tuple[LinkChange, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkedPage:
    """A page whose links may differ: its text on both sides, None where it is not there."""

    path: str
    before: str | None
    after: str | None


def link_changes(pages: Iterable[LinkedPage], was: Callable[[str], bool], exists: Callable[[str], bool]) -> LinkChanges:
    """Compares the links of people's pages; `was` and `exists` say whether a path is there before and after."""
    broken, mended = [], []
    for page in pages:
        before = set(_targets(page.path, page.before)) if page.before is not None else set()
        after = before if page.before == page.after else set(_targets(page.path, page.after or ""))
        lost = {target for target in after if not exists(target) and (target not in before or was(target))}
        found = {target for target in before & after if exists(target) and not was(target)}
        broken += [LinkChange(page.path, target) for target in lost]
        mended += [LinkChange(page.path, target) for target in found]
    return LinkChanges(tuple(sorted(broken, key=_order)), tuple(sorted(mended, key=_order)))


def links_to(path: str, text: str, targets: Collection[str]) -> Iterator[str]:
    """Those of the targets to which a converted text links, without parsing it; sorted."""
    found = {target for link in _LINK.findall(text) if (target := _path(path, link)) in targets}
    yield from sorted(found)


def _targets(page: str, text: str) -> Iterator[str]:
    """The paths to which a page links. A `[[name]]` may mean any page and is left to `check`."""
    for link in links(frontmatter.cut(text)[1]):
        if not link.wiki and (target := _path(page, link.target)) and target != page:
            yield target


def _path(page: str, target: str) -> str:
    found = resolve(page, target)
    return found[0] if found is not None else ""


def _order(link: LinkChange) -> tuple[str, str]:
    return link.page, link.target
