"""`gitkb remove`: documents are taken away with everything that is theirs alone, and the pages brought up to date."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from gitkb.cli import terminal
from gitkb.cli.interrupts import resumable
from gitkb.cli.locate import knowledge_base
from gitkb.cli.options import JsonOption, KbOption, VerboseOption, common

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitkb.events import DeadLink, RemoveSummary
    from gitkb.model import PageChanges

SHOWN_LINKS = 20
"""So many lines with links that will lead nowhere are told to a person who does not ask for more."""

BranchOption = Annotated[
    str, typer.Option("--branch", metavar="NAME", help="On this branch; worktree and index stay as they are.", show_default=False)
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")]


def remove(
    context: typer.Context,
    documents: Annotated[
        list[str], typer.Argument(metavar="DOCUMENT", help="Name, source path or unique part.", show_default=False)
    ],
    branch: BranchOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Remove documents: what remains is as if they had never come."""
    from gitkb.cli.listening import Messages
    from gitkb.events import TakeBackOptions

    base = knowledge_base(context, kb)
    with resumable():
        summary = base.remove(documents, TakeBackOptions(branch, dry_run), Messages())
    if json:
        terminal.tell_json(asdict(summary) | {"dry_run": dry_run}, indent=2)
        return
    if dry_run:
        _tell_preview(summary, every=common(context, kb, verbose).verbose)
    done = "Would have removed" if dry_run else "Removed"
    counted = terminal.counted(len(summary.documents), "document")
    terminal.tell(f"{done} {counted}.{pages_in_words(summary.pages)} {where(summary.branch, summary.commit)}")


def _tell_preview(summary: RemoveSummary, *, every: bool) -> None:
    for document in summary.documents:
        terminal.tell(f"remove  {document.document}  {document.title}")
        for path in document.files:
            terminal.tell(f"  delete  {path}")
    tell_pages(summary.pages, {path: terminal.counted(n, "claim") for path, n in summary.claims.items()})
    tell_links(summary.links, every=every)


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
