"""`gitkb apart`: a person decides that two names mean different things, however alike they look."""

from typing import Annotated

import typer

from gitkb.cli.options import JsonOption, KbOption, VerboseOption
from gitkb.cli.remove import BranchOption, DryRunOption
from gitkb.cli.same import decide


def apart(
    context: typer.Context,
    page: Annotated[str, typer.Argument(metavar="PAGE", help="Title, path or unique part.", show_default=False)],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="What it is not.", show_default=False)],
    branch: BranchOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Decide that two names mean different things.

    Each keeps a page of its own. Where they share a page, the one that became an alias leaves it. This replaces what was
    decided about the two before, by a person or a model; gitkb same and gitkb undo take it back.
    """
    decide(context, (page, other), kb, branch, same=False, dry_run=dry_run, json=json)
