"""The options that several commands share, and what was given before the command's name.

Invariant: `--kb` and `-v` mean the same before and after the command; what stands after it wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from gitkb.errors import UsageError

KbOption = Annotated[
    Path | None,
    typer.Option("--kb", metavar="DIR", show_default=False, help="The knowledge base; default: $GITKB_DIR, else upwards."),
]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Log phases with their seconds; show tracebacks.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
CompilerOption = Annotated[
    Literal["extractive", "llm"] | None,
    typer.Option("--compiler", show_default=False, help="Who reads documents: rules, or a model; default: the settings'."),
]
ModelOption = Annotated[
    str, typer.Option("--model", metavar="NAME", show_default=False, help="The model to ask, as its server calls it.")
]
AtOption = Annotated[str | None, typer.Option("--at", metavar="REV", show_default=False, help="Look at this git revision.")]


@dataclass(frozen=True, slots=True)
class Common:
    """What was given before the command's name."""

    kb: Path | None = None
    verbose: bool = False


def common(context: typer.Context, kb: Path | None, verbose: bool) -> Common:
    """What was given before and after the command's name, as one."""
    before = context.obj if isinstance(context.obj, Common) else Common()
    return Common(kb=kb if kb is not None else before.kb, verbose=verbose or before.verbose)


BranchOption = Annotated[
    str, typer.Option("--branch", metavar="NAME", help="On this branch; worktree and index stay as they are.", show_default=False)
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")]


NoModelOption = Annotated[bool, typer.Option("--no-model", help="Show the best passages; ask no model.")]


def chosen_model(model: str, no_model: bool) -> str | None:
    """The model that the options name, "" for that of the settings, None for none at all."""
    if model and no_model:
        raise UsageError("--model names a model, but --no-model asks none.", "Leave one of them out.")
    return None if no_model else model
