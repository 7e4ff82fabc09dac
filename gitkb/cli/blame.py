"""`gitkb blame`: for each claim of a page the document, place and commit that it comes from."""

from dataclasses import asdict
from typing import Annotated

import typer

from gitkb.cli import terminal
from gitkb.cli.locate import knowledge_base
from gitkb.cli.options import AtOption, JsonOption, KbOption, VerboseOption
from gitkb.events import BlameLine

_DAY = len("2026-01-31")
_SHOWN = 100


def blame(
    context: typer.Context,
    page: Annotated[str, typer.Argument(metavar="PAGE[:LINE]", help="A page, or one line of it.", show_default=False)],
    at: AtOption = None,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Show who says what on a page: document, place, commit, compiler, when, by whom."""
    name, colon, number = page.rpartition(":")
    line = int(number) if colon and name and number.isascii() and number.isdigit() else None
    result = knowledge_base(context, kb).blame(name if line is not None else page, line, at)
    if json:
        terminal.tell_json(asdict(result), indent=2)
        return
    for found in result.lines:
        _tell(found)
    if not result.lines:
        terminal.say(f"{result.path} has no claims, and no words of a person.")


def _tell(found: BlameLine) -> None:
    text = found.text if len(found.text) <= _SHOWN else f"{found.text[: _SHOWN - 1]}…"
    terminal.tell(f"{found.line}: {text}")
    where = ", ".join(part for part in (found.document, found.place) if part) or "written by hand"
    by = f" ({found.compiler})" if found.compiler else ""
    terminal.tell(f"    {terminal.short(found.commit)} {found.time[:_DAY]} {found.author}: {where}{by}")
