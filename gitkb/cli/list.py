"""`gitkb list`: the documents, one a line, or the pages that they make, with how these stand to their approval."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from gitkb.cli import terminal
from gitkb.cli.locate import knowledge_base
from gitkb.cli.options import AtOption, JsonOption, KbOption, VerboseOption

if TYPE_CHECKING:
    from gitkb.events import PageRow

_WIDEST = 48
_WORDS = {"none": "", "approved": "approved", "changed": "changed"}


def list_documents(
    context: typer.Context,
    pages: Annotated[bool, typer.Option("--pages", help="List the pages of concepts and entities instead.")] = False,
    at: AtOption = None,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """List the documents: name and title; or the pages: name, approval and title."""
    base = knowledge_base(context, kb)
    if pages:
        _list_pages(base.pages(at), json)
        return
    rows = base.documents(at)
    if json:
        terminal.tell_json([asdict(row) for row in rows], indent=2)
        return
    width = min(max((len(row.document) for row in rows), default=0), _WIDEST)
    for row in rows:
        terminal.tell(f"{row.document:{width}}  {row.title}")


def _list_pages(rows: list[PageRow], json: bool) -> None:
    if json:
        terminal.tell_json([asdict(row) for row in rows], indent=2)
        return
    names = [row.page.removeprefix("wiki/").removesuffix(".md") for row in rows]
    width = min(max(map(len, names), default=0), _WIDEST)
    for name, row in zip(names, rows, strict=True):
        terminal.tell(f"{name:{width}}  {_WORDS[row.approval]:8}  {row.title}")
