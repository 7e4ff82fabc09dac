"""`gitkb migrate`: a knowledge base of an older format comes to the newest in one commit.

Every command that writes does that first; by hand it is for doing it at a time of your own.
"""

from dataclasses import asdict

import typer

from gitkb.cli import terminal
from gitkb.cli.interrupts import resumable
from gitkb.cli.locate import knowledge_base
from gitkb.cli.options import JsonOption, KbOption, VerboseOption
from gitkb.cli.remove import BranchOption, DryRunOption, where


def migrate(
    context: typer.Context,
    branch: BranchOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Bring a knowledge base of an older format to the newest one, in one commit."""
    from gitkb.cli.listening import Messages

    base = knowledge_base(context, kb)
    with resumable():
        summary = base.migrate(Messages(lambda _: None), branch=branch, dry_run=dry_run)
    if json:
        terminal.tell_json(asdict(summary) | {"dry_run": dry_run}, indent=2)
        return
    at = where(summary.branch, summary.commit)
    if not summary.files:
        terminal.tell(f"Nothing to migrate: format {summary.after} is the newest. {at}")
        return
    for path in summary.files if dry_run else ():
        terminal.tell(f"write   {path}")
    done = "Would have migrated" if dry_run else "Migrated"
    files = terminal.counted(len(summary.files), "file")
    terminal.tell(f"{done} from format {summary.before} to {summary.after}: {files}. {at}")
