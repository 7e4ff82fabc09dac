"""`gitkb init`: a new knowledge base, or gitkb's files in a repository that exists.

`--kb` has no meaning here: the folder is the argument, so that a knowledge base is never made by accident.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gitkb.cli import terminal
from gitkb.cli.interrupts import resumable
from gitkb.cli.options import CompilerOption, JsonOption, ModelOption, VerboseOption
from gitkb.errors import UsageError

if TYPE_CHECKING:
    from gitkb.events import InitResult


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where; made if it does not exist.", show_default="here")
    ] = Path(),
    bare: Annotated[bool, typer.Option("--bare", help="Make a bare repository: no folder of pages, for servers.")] = False,
    compiler: CompilerOption = None,
    model: ModelOption = "",
    json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Make a knowledge base.

    In a git repository that exists, gitkb adds its own files and one marked block to those that it shares with you.
    """
    from dataclasses import replace

    from gitkb.cli.listening import Messages
    from gitkb.config import Settings
    from gitkb.kb import KnowledgeBase

    if compiler == "llm" and not model:
        raise UsageError("--compiler llm needs a model to ask.", "Name it as its server does: --model NAME")

    with resumable():
        chosen = replace(Settings(), compiler=compiler or ("llm" if model else "extractive"), model=model)
        result = KnowledgeBase.init(folder, bare=bare, listener=Messages(), settings=chosen)
    if json:
        terminal.tell_json(
            {"created": result.created, "branch": result.branch, "commit": result.commit, "touched": result.touched}
        )
    else:
        terminal.tell(_sentence(folder, result))


def _sentence(folder: Path, result: InitResult) -> str:
    where = "this folder" if folder == Path() else str(folder)
    if not result.created:
        return f"There is a knowledge base in {where} already (branch {result.branch}); nothing changed."
    return f"Made a knowledge base in {where} (branch {result.branch})."
