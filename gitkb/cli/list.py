"""`gitkb list`: the documents, one a line."""

from dataclasses import asdict

import typer

from gitkb.cli import terminal
from gitkb.cli.locate import knowledge_base
from gitkb.cli.options import AtOption, JsonOption, KbOption, VerboseOption

_WIDEST = 48


def list_documents(
    context: typer.Context, at: AtOption = None, json: JsonOption = False, kb: KbOption = None, verbose: VerboseOption = False
) -> None:
    """List the documents: name and title."""
    rows = knowledge_base(context, kb).documents(at)
    if json:
        terminal.tell_json([asdict(row) for row in rows], indent=2)
        return
    width = min(max((len(row.document) for row in rows), default=0), _WIDEST)
    for row in rows:
        terminal.tell(f"{row.document:{width}}  {row.title}")
