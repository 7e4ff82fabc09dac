"""`gitkb show`: a page as it is stored: Markdown, front matter included.

On a terminal control characters are spelled out; to a program the text goes as it is.
"""

import json as json_format
from typing import Annotated

import typer

from gitkb.cli import terminal
from gitkb.cli.locate import knowledge_base
from gitkb.cli.options import AtOption, JsonOption, KbOption, VerboseOption


def show(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="DOCUMENT_OR_PAGE", help="Its name, or a unique part of it.", show_default=False)
    ],
    at: AtOption = None,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Print a document's summary or any other page."""
    shown = knowledge_base(context, kb).show(name, at)
    if not json:
        terminal.tell_text(shown.text)
        return
    from gitkb.records import encode

    record = json_format.loads(encode(shown.record)) if shown.record is not None else None
    terminal.tell_json({"path": shown.path, "text": shown.text, "record": record}, indent=2)
