"""`gitkb push`: what is here goes to the remote; what came there meanwhile is merged first."""

from dataclasses import asdict

import typer

from gitkb.cli import terminal
from gitkb.cli.interrupts import resumable
from gitkb.cli.locate import knowledge_base
from gitkb.cli.merge import merged
from gitkb.cli.options import JsonOption, KbOption, VerboseOption
from gitkb.cli.pull import RemoteArgument
from gitkb.cli.remove import BranchOption, pages_in_words


def push(
    context: typer.Context,
    remote: RemoteArgument = None,
    branch: BranchOption = "",
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Push the branch; merge what others pushed meanwhile, as often as needed. Never forces."""
    from gitkb.cli.listening import Messages

    base = knowledge_base(context, kb)
    with resumable():
        summary = base.push(Messages(), branch=branch, remote=remote)
    if json:
        terminal.tell_json(asdict(summary), indent=2)
        return
    first = f"{merged(summary.merged)}{pages_in_words(summary.merged.pages)} " if summary.merged.moved else ""
    done = f"{summary.target} is at" if summary.pushed else f"Nothing to push: {summary.target} is at"
    terminal.tell(f"{first}{done} {terminal.short(summary.commit)}.")
