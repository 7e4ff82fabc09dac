"""`gitkb undo`: an earlier change is taken back by a new commit."""

from dataclasses import asdict
from typing import Annotated

import typer

from gitkb.cli import terminal
from gitkb.cli.interrupts import resumable
from gitkb.cli.locate import knowledge_base
from gitkb.cli.options import JsonOption, KbOption, VerboseOption
from gitkb.cli.remove import BranchOption, DryRunOption, pages_in_words, tell_pages, where


def undo(
    context: typer.Context,
    what: Annotated[
        str | None,
        typer.Argument(metavar="[COMMIT | DOCUMENT[@REV]]", help="Default: the last change.", show_default=False),
    ] = None,
    branch: BranchOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Take back a change, the last by default, as a new commit."""
    from gitkb.cli.listening import Messages
    from gitkb.events import TakeBackOptions

    base = knowledge_base(context, kb)
    with resumable():
        summary = base.undo(what, TakeBackOptions(branch, dry_run), Messages())
    if json:
        terminal.tell_json(asdict(summary) | {"dry_run": dry_run}, indent=2)
        return
    if dry_run:
        for word, paths in (("restore", summary.restored), ("delete", summary.deleted)):
            for path in paths:
                terminal.tell(f"{word:7} {path}")
        tell_pages(summary.pages, {})
    done = "Would have undone" if dry_run else "Undid"
    change = f"{terminal.short(summary.undone)} ({summary.subject})"
    terminal.tell(f"{done} {change}.{pages_in_words(summary.pages)} {where(summary.branch, summary.commit)}")
