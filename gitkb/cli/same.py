"""`gitkb same`: a person decides that two names mean the same thing, so that one page stands for both."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gitkb.cli import terminal
from gitkb.cli.interrupts import resumable
from gitkb.cli.locate import knowledge_base
from gitkb.cli.options import JsonOption, KbOption, VerboseOption
from gitkb.cli.remove import BranchOption, DryRunOption, pages_in_words, tell_pages, where

if TYPE_CHECKING:
    from gitkb.events import DecideSummary


def same(
    context: typer.Context,
    page: Annotated[str, typer.Argument(metavar="PAGE", help="Title, path or unique part.", show_default=False)],
    into: Annotated[str, typer.Argument(metavar="INTO", help="The page on which both will stand.", show_default=False)],
    branch: BranchOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Decide that two names mean the same thing.

    The first becomes an alias of the second: its claims go on the second one's page, also those of documents that come
    later. This replaces what was decided about the two before, by a person or a model; gitkb apart and gitkb undo take it back.
    """
    decide(context, (page, into), kb, branch, same=True, dry_run=dry_run, json=json)


def decide(
    context: typer.Context,
    names: tuple[str, str],
    kb: Path | None,
    branch: str,
    *,
    same: bool,
    dry_run: bool,
    json: bool,
) -> None:
    """Decides about two names and tells what came of it."""
    from gitkb.cli.listening import Messages
    from gitkb.events import TakeBackOptions

    base = knowledge_base(context, kb)
    with resumable():
        summary = base.decide(*names, TakeBackOptions(branch, dry_run), Messages(), same=same)
    if json:
        terminal.tell_json(asdict(summary) | {"same": same, "dry_run": dry_run}, indent=2)
        return
    if dry_run:
        for word, paths in (("write", summary.written), ("delete", summary.deleted)):
            for path in paths:
                terminal.tell(f"{word:7} {path}")
        tell_pages(summary.pages, {})
        for path in summary.besides:
            terminal.tell(f"{'besides':7} {path}")
    _tell(summary, same, dry_run)


def _tell(summary: DecideSummary, same: bool, dry_run: bool) -> None:
    for path in summary.words:
        terminal.say(f"{path} holds words of yours; they stay on that page. Its claims are on {summary.page}.")
    now = "has its claims on the page of" if same else "is kept apart from"
    if not summary.written and not summary.deleted:
        terminal.tell(f"{summary.name} {now} {summary.other} already. {where(summary.branch, summary.commit)}")
        return
    done = "Would have decided" if dry_run else "Decided"
    means = "means" if same else "is not the same as"
    sentence = f"{done} that {summary.name} {means} {summary.other}."
    terminal.tell(f"{sentence}{pages_in_words(summary.pages)} {where(summary.branch, summary.commit)}")
