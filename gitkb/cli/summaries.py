"""The sentences that several commands end with: pages, dead links, where the branch stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitkb.cli import terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitkb.model.results import DeadLink, PageChanges


SHOWN_LINKS = 20
"""So many lines with links that will lead nowhere are told to a person who does not ask for more."""


def tell_pages(pages: PageChanges, notes: dict[str, str]) -> None:
    """A line for each shared page that changes, with a note where there is one."""
    for word, paths in (("create", pages.created), ("change", pages.changed), ("drop", pages.removed)):
        for path in paths:
            terminal.tell(f"{word:7} {path}{f'  ({notes[path]} of it)' if path in notes else ''}")


def tell_links(links: Sequence[DeadLink], *, every: bool) -> None:
    """A line for each line of a page whose links will lead nowhere: the first of them, or `every` one."""
    found: dict[tuple[str, int], dict[str, None]] = {}
    for link in links:
        found.setdefault((link.page, link.line), {})[link.target] = None
    shown = list(found.items())[: None if every else SHOWN_LINKS]
    for (page, line), targets in shown:
        terminal.tell(f"link    {page}:{line} leads to {', '.join(targets)}")
    if len(shown) < len(found):
        terminal.tell(f"link    and {len(found) - len(shown):,} more lines; -v shows them")


def pages_in_words(pages: PageChanges) -> str:
    """ " Pages: 3 changed.", empty where none is touched."""
    counts = terminal.listed({"new": len(pages.created), "changed": len(pages.changed), "removed": len(pages.removed)})
    return f" Pages: {counts}." if counts else ""


def where(branch: str, commit: str) -> str:
    """Where the branch stands."""
    return f"{branch} is at {terminal.short(commit)}."
