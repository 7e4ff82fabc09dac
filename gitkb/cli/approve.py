"""`gitkb approve`: a person has read a page and confirms what it claims, or takes that back."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from gitkb.cli import terminal
from gitkb.cli.interrupts import resumable
from gitkb.cli.locate import knowledge_base
from gitkb.cli.options import JsonOption, KbOption, VerboseOption
from gitkb.cli.remove import BranchOption, DryRunOption, pages_in_words, tell_pages, where

if TYPE_CHECKING:
    from gitkb.events import ApproveSummary


def approve(
    context: typer.Context,
    pages: Annotated[
        list[str], typer.Argument(metavar="PAGE", help="A concept's or entity's name, path or unique part.", show_default=False)
    ],
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take your own approval of these pages back.")] = False,
    date: Annotated[
        str,
        typer.Option("--date", metavar="DATE", show_default=False, help="When you confirmed it (2026-11-24); default: now."),
    ] = "",
    branch: BranchOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Confirm, as a person, what pages claim. When an ingest changes these claims, the pages count as changed since approval."""
    from gitkb.cli.listening import Messages
    from gitkb.events import ApproveOptions

    base = knowledge_base(context, kb)
    with resumable():
        summary = base.approve(pages, ApproveOptions(branch, withdraw, date, dry_run), Messages())
    if json:
        terminal.tell_json(asdict(summary) | {"dry_run": dry_run, "withdrawn": withdraw}, indent=2)
        return
    if dry_run:
        _tell_preview(summary)
    _tell(summary, withdraw, dry_run)


def _tell_preview(summary: ApproveSummary) -> None:
    for path in summary.edits:
        terminal.tell(f"commit  {path}  (your uncommitted edits, as yours)")
    for path in summary.files:
        terminal.tell(f"write   {path}")
    tell_pages(summary.pages, {})


def _tell(summary: ApproveSummary, withdraw: bool, dry_run: bool) -> None:
    verb = "taken back the approval of" if withdraw else "approved"
    for page in summary.approved:
        name = page.page.removeprefix("wiki/").removesuffix(".md")
        claims = "" if withdraw else f" ({terminal.counted(page.claims, 'claim')})"
        if page.changed:
            terminal.tell(f"{'Would have ' if dry_run else ''}{verb if dry_run else verb.capitalize()} {name}{claims}.")
            for said in page.said if dry_run else ():
                terminal.tell(f"  - {said}")
        else:
            terminal.tell(f"{name} {'has no approval of yours' if withdraw else 'is approved by you as it is'}: nothing to do.")
    when = (
        f"As {summary.by.removeprefix('human:')}, on {summary.at[:10]}." if any(page.changed for page in summary.approved) else ""
    )
    parts = (when, pages_in_words(summary.pages).strip(), where(summary.branch, summary.commit))
    terminal.tell(" ".join(filter(None, parts)))
