"""`gitkb recover`: clears what a run left behind that was killed.

Every writing command does it first; by hand it is for the person who wants to see a clean folder now.
"""

import typer

from gitkb.cli import terminal
from gitkb.cli.interrupts import resumable
from gitkb.cli.locate import knowledge_base
from gitkb.cli.options import JsonOption, KbOption, VerboseOption


def recover(context: typer.Context, json: JsonOption = False, kb: KbOption = None, verbose: VerboseOption = False) -> None:
    """Clear up after a run that was killed; its commits stay."""
    from gitkb.cli.listening import Messages

    base = knowledge_base(context, kb)
    with resumable():
        found = base.recover(Messages())
    if json:
        terminal.tell_json({"recovered": found})
    else:
        terminal.tell("Recovered." if found else "There is nothing to recover.")
