"""`gitkb pull`: what others have pushed comes here, and is joined to what is here."""

from typing import Annotated

import typer

from gitkb.cli.interrupts import resumable
from gitkb.cli.locate import knowledge_base
from gitkb.cli.merge import OursOption, TheirsOption, tell_merge
from gitkb.cli.options import JsonOption, KbOption, VerboseOption
from gitkb.cli.remove import BranchOption

RemoteArgument = Annotated[
    str | None,
    typer.Argument(metavar="REMOTE", help="Default: the branch's own, else origin.", show_default=False),
]


def pull(
    context: typer.Context,
    remote: RemoteArgument = None,
    ours: OursOption = None,
    theirs: TheirsOption = None,
    branch: BranchOption = "",
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Fetch from the remote and merge; the pages are brought up to date.

    What both sides changed is named and nothing is done, until --ours or --theirs settles it.
    """
    from gitkb.cli.listening import Messages
    from gitkb.events import MergeChoices

    base = knowledge_base(context, kb)
    choices = MergeChoices(tuple(ours or ()), tuple(theirs or ()))
    with resumable():
        summary = base.pull(choices, Messages(), branch=branch, remote=remote)
    tell_merge(summary, json)
