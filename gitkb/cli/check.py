"""`gitkb check`: whole, pending or broken, and what exactly is broken. For people, hooks and CI."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from gitkb.cli import terminal
from gitkb.cli.locate import knowledge_base
from gitkb.cli.options import AtOption, JsonOption, KbOption, VerboseOption
from gitkb.errors import ExitCode

if TYPE_CHECKING:
    from gitkb.events import CheckResult

_WORDS = {
    "whole": "is whole",
    "pending": "is sound; pages are pending (gitkb refresh)",
    "broken": "is broken",
}
_WORDS_OF_CHANGE = {
    "whole": "is whole in what changed",
    "pending": "is sound in what changed; pages are pending (gitkb refresh)",
    "broken": "is broken in what changed",
}


def check(
    context: typer.Context,
    changed: Annotated[
        str | None,
        typer.Option("--changed", metavar="BASE", show_default=False, help="Look only at what differs from this revision."),
    ] = None,
    at: AtOption = None,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Check the knowledge base: files, pages, links. Exit code 4 if something is broken."""
    from gitkb.model import State

    result = knowledge_base(context, kb).check(at, changed=changed)
    if json:
        terminal.tell_json({"state": result.state, "problems": [asdict(each) for each in result.problems]}, indent=2)
    else:
        _tell(result, _WORDS if changed is None else _WORDS_OF_CHANGE)
    raise typer.Exit(ExitCode.PROBLEMS if result.state is State.BROKEN else ExitCode.OK)


def _tell(result: CheckResult, words: dict[str, str]) -> None:
    for problem in result.problems:
        terminal.tell(f"{problem.path}: {problem.message} [{problem.code}]")
    terminal.tell(f"{terminal.short(result.commit)} {words[result.state]}.")
