"""`gitkb diff` and `preview`: what an ingest does to the knowledge base, for the person who must approve it.

On a terminal a diff longer than the window goes to the pager that git would use; to a program it goes as it is.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from gitkb.api import json_shapes
from gitkb.cli import terminal
from gitkb.cli.common_options import JsonOption, KbOption, VerboseOption
from gitkb.cli.locate import knowledge_base
from gitkb.errors import UsageError

Format = Literal["text", "markdown", "json"]
_NARROWEST, _WIDEST = 60, 120
_LOWEST, _LINES = 24, 40


def diff(
    context: typer.Context,
    revisions: Annotated[
        str | None,
        typer.Argument(
            metavar="[BASE[..HEAD]]",
            help="BASE...HEAD: from where HEAD left BASE. Default: from where the branch left the remote's pages branch; on that"
            " one, what is not shared yet, or the last run.",
            show_default=False,
        ),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="markdown is for the comment of a pull request.")] = "text",
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Show what a branch or an ingest changes, and what deserves attention.

    Documents, claims and pages, the shared pages projected on both sides.
    """
    if json and form == "markdown":
        raise UsageError("--json and --format markdown exclude each other.", "Give one of them.")
    base, head, forked = _split(revisions or "")
    found = knowledge_base(context, kb)
    report = found.diff(base, head, forked=forked)
    if json or form == "json":
        terminal.tell_json(json_shapes.fields(report), indent=2)
    elif form == "markdown":
        terminal.tell_text(found.diff_as_markdown(report))
    else:
        # A file or a pipe has no size, whatever the environment says of the terminal that started the program.
        columns, lines = shutil.get_terminal_size() if sys.stdout.isatty() else (_WIDEST, _LINES + 1)
        height = min(max(lines - 1, _LOWEST), _LINES)
        _page(found.diff_as_text(report, min(max(columns, _NARROWEST), _WIDEST), height))


def preview(
    context: typer.Context,
    rev: Annotated[
        str | None,
        typer.Argument(metavar="[REV]", help="Merge this into what is checked out; default: nothing.", show_default=False),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="DIR", help="A new or empty folder, or an earlier preview; default: in .git.", show_default=False
        ),
    ] = None,
    site: Annotated[
        bool, typer.Option("--site", help="With lists and a search, as export site writes it; needs gitkb[web].")
    ] = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Write the pages as they would be after a merge, as a folder of HTML.

    Any web server can publish it. Nothing in the knowledge base is changed.
    """
    from gitkb.cli.listeners import Messages

    if site:
        from gitkb.cli.commands.share import tell_site

        base = knowledge_base(context, kb)
        merged = base.revisions.merged(rev, Messages())
        tell_site(base, merged.files, to or merged.folder, json, said=merged.said)
        return
    found = knowledge_base(context, kb).preview(rev, to, Messages())
    if json:
        terminal.tell_json(json_shapes.fields(found), indent=2)
        return
    pages = terminal.counted(found.pages, "page")
    terminal.tell(f"Wrote {pages} to {found.folder}. Open {Path(found.folder) / 'index.html'}")


def _split(revisions: str) -> tuple[str | None, str | None, bool]:
    """(base, head, whether from where the head left the base) of "BASE", "BASE..HEAD", "BASE...HEAD", "..HEAD" or "BASE.."; None
    where nothing is said."""
    base, dots, head = revisions.partition("..")
    forked = head.startswith(".")
    return base or None, (head.removeprefix(".") or None) if dots else None, forked


def _page(text: str) -> None:
    """The text, through a pager where it would scroll away its own first screen."""
    if not sys.stdout.isatty() or text.count("\n") < shutil.get_terminal_size().lines:
        terminal.tell_text(text)
        return
    import pydoc

    os.environ.setdefault("LESS", "FRX")
    pydoc.pager(terminal.printable(text, lines=True))
