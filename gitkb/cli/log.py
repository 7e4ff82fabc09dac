"""`gitkb log`: the commits, newest first, of everything or of one document or page."""

from dataclasses import asdict
from typing import Annotated

import typer

from gitkb.cli import terminal
from gitkb.cli.locate import knowledge_base
from gitkb.cli.options import AtOption, JsonOption, KbOption, VerboseOption

_DAY = len("2026-01-31")


def log(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[DOCUMENT_OR_PAGE]", help="Only its own.", show_default=False)] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", metavar="N", min=1, help="At most so many.", show_default=False)
    ] = None,
    at: AtOption = None,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Show the history: commit, day, what was done."""
    entries = knowledge_base(context, kb).log(name, limit, at)
    if json:
        terminal.tell_json([asdict(entry) for entry in entries], indent=2)
        return
    for entry in entries:
        terminal.tell(f"{terminal.short(entry.commit)} {entry.time[:_DAY]} {entry.subject}")
