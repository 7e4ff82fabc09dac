"""`gitkb recover`: clears what a run left behind that was killed.

Every writing command does it first; by hand it is for the person who wants to see a clean folder now.
"""

from dataclasses import asdict
from typing import Annotated

import typer

from gitkb.cli import terminal
from gitkb.cli.interrupts import resumable
from gitkb.cli.locate import knowledge_base
from gitkb.cli.options import JsonOption, KbOption, VerboseOption


def recover(
    context: typer.Context,
    prune_cache: Annotated[
        bool, typer.Option("--prune-cache", help="Also empty the cache of conversions and of a model's replies.")
    ] = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Clear up after a run that was killed; its commits stay."""
    from gitkb.cli.listening import Messages

    base = knowledge_base(context, kb)
    with resumable():
        found = base.recover(Messages())
        pruned = base.prune_cache() if prune_cache else None
    if json:
        terminal.tell_json({"recovered": found} | ({"pruned": asdict(pruned)} if pruned else {}))
        return
    if found or not pruned:
        terminal.tell("Recovered." if found else "There is nothing to recover.")
    if pruned:
        replies, conversions = (
            terminal.counted(pruned.replies, "reply", "replies"),
            terminal.counted(pruned.conversions, "entry", "entries"),
        )
        terminal.tell(f"The cache is empty: {replies} of models and {conversions} of conversions are gone.")
