"""`gitkb merge`: another branch or commit of this repository, with its documents, joined to this one."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from gitkb.cli import terminal
from gitkb.cli.interrupts import resumable
from gitkb.cli.locate import knowledge_base
from gitkb.cli.options import JsonOption, KbOption, VerboseOption
from gitkb.cli.remove import BranchOption, pages_in_words, where

if TYPE_CHECKING:
    from gitkb.events import MergeSummary

OursOption = Annotated[
    list[str] | None,
    typer.Option("--ours", metavar="NAME", help="Of a conflict, keep what is here; may be repeated.", show_default=False),
]
TheirsOption = Annotated[
    list[str] | None,
    typer.Option("--theirs", metavar="NAME", help="Of a conflict, take what is there; may be repeated.", show_default=False),
]


def merge(
    context: typer.Context,
    rev: Annotated[str, typer.Argument(metavar="REV", help="A branch or any other revision.", show_default=False)],
    ours: OursOption = None,
    theirs: TheirsOption = None,
    branch: BranchOption = "",
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Merge a branch: the documents of both, everybody's edits, and the pages made of them.

    What both sides changed is named and nothing is done, until --ours or --theirs settles it.
    """
    from gitkb.cli.listening import Messages
    from gitkb.events import MergeChoices

    base = knowledge_base(context, kb)
    with resumable():
        summary = base.merge(rev, MergeChoices(tuple(ours or ()), tuple(theirs or ())), Messages(), branch)
    tell_merge(summary, json)


def tell_merge(summary: MergeSummary, json: bool) -> None:
    """The end of a merge or pull."""
    if json:
        terminal.tell_json(asdict(summary), indent=2)
        return
    terminal.tell(f"{merged(summary)}{pages_in_words(summary.pages)} {where(summary.branch, summary.commit)}")


def merged(summary: MergeSummary) -> str:
    """What came, in a sentence."""
    if not summary.moved:
        return f"{summary.branch} holds all of {summary.source}."
    kinds = (summary.added, summary.updated, summary.renamed, summary.removed)
    counts = dict(zip(("added", "updated", "renamed", "removed"), map(len, kinds), strict=True))
    return f"Merged {summary.source}: {terminal.listed(counts) or 'no document changed'}."
