"""The options that several commands share, and what was given before the command's name.

Invariant: `--kb` and `-v` mean the same before and after the command; what stands after it wins.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

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
