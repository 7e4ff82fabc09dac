"""`gitkb status`: where the knowledge base stands, and what waits for somebody."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from gitkb.cli import terminal
from gitkb.cli.locate import knowledge_base
from gitkb.cli.options import AtOption, JsonOption, KbOption, VerboseOption

if TYPE_CHECKING:
    from gitkb.events import Status


def status(
    context: typer.Context, at: AtOption = None, json: JsonOption = False, kb: KbOption = None, verbose: VerboseOption = False
) -> None:
    """Say where it stands: documents, pages, what waits."""
    found = knowledge_base(context, kb).status(at)
    if json:
        terminal.tell_json(asdict(found), indent=2)
        return
    for line in _lines(found):
        terminal.tell(line)


def _lines(found: Status) -> list[str]:
    from gitkb.model import State

    documents = terminal.counted(found.documents, "document")
    pages = terminal.counted(found.pages, "shared page")
    lines = [f"{found.branch} is at {terminal.short(found.commit)}: {documents}, {pages}."]
    if found.state is State.PENDING:
        lines.append("Pages are pending: the next add brings them up to date, or: gitkb refresh")
    if found.state is State.BROKEN:
        lines.append("Something is broken: gitkb check names it.")
    lines += [f"Under way: {run}" for run in found.living]
    lines += [f"Did not end: {run}. The next add clears up, or: gitkb recover" for run in found.runs]
    lines += [f"Edited by hand, not yet committed: {path}" for path in found.edited]
    return lines
