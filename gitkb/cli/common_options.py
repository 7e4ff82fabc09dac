"""The options that several commands share, and what was given before the command's name.

Invariant: `--kb` and `-v` mean the same before and after the command; what stands after it wins.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from msgspec import Struct

from gitkb.cli import terminal
from gitkb.errors import UsageError

Folders = list[Path] | None
"""What `--kb` gives: a folder for each time that it was typed."""
KbOption = Annotated[
    Folders,
    typer.Option("--kb", metavar="DIR", show_default=False, help="The knowledge base; default: $GITKB_DIR, else upwards."),
]
KbsOption = Annotated[
    Folders,
    typer.Option(
        "--kb", metavar="DIR", show_default=False, help="The knowledge base, or several; default: $GITKB_DIR, else upwards."
    ),
]
_LOG = 2
"""So many -v show the library's log."""


def _show_log(verbose: int) -> int:
    """Writes what the library logs to stderr where `-vv` asks for it, in the command line's own way of writing lines."""
    if verbose >= _LOG:
        import logging

        class Lines(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                terminal.say(self.format(record))

        handler = Lines()
        handler.setFormatter(logging.Formatter("%(relativeCreated)d ms %(threadName)s %(name)s: %(message)s"))
        logger = logging.getLogger("gitkb")
        logger.handlers = [handler]
        logger.setLevel(logging.DEBUG)
    return verbose


VerboseOption = Annotated[
    int,
    typer.Option(
        "--verbose",
        "-v",
        count=True,
        callback=_show_log,
        show_default=False,
        help="Log phases with their seconds; show tracebacks. -vv: also what the library logs.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
CompilerOption = Annotated[
    Literal["extractive", "llm"] | None,
    typer.Option("--compiler", show_default=False, help="Who reads documents: rules, or a model; default: the settings'."),
]
ModelOption = Annotated[
    str, typer.Option("--model", metavar="NAME", show_default=False, help="The model to ask, as its server calls it.")
]
AtOption = Annotated[str | None, typer.Option("--at", metavar="REV", show_default=False, help="Look at this git revision.")]

AskedAtOption = Annotated[
    str | None,
    typer.Option("--at", metavar="REV", show_default=False, help="Look at this git revision; A..B: ask what changed."),
]


class Common(Struct, frozen=True):
    """What was given before the command's name."""

    kbs: tuple[Path, ...] = ()
    verbose: bool = False

    @property
    def kb(self) -> Path | None:
        """The one knowledge base that was named; `UsageError` for several."""
        if len(self.kbs) > 1:
            raise UsageError(
                f"This command works on one knowledge base, and --kb names {len(self.kbs)}.",
                "gitkb search, gitkb query and gitkb mcp take several.",
            )
        return self.kbs[0] if self.kbs else None


def common(context: typer.Context, kb: Folders, verbose: int) -> Common:
    """What was given before and after the command's name, as one."""
    before = context.obj if isinstance(context.obj, Common) else Common()
    return Common(kbs=tuple(kb) if kb else before.kbs, verbose=verbose > 0 or before.verbose)


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
