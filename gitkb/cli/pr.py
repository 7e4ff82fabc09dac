"""`gitkb pr`: the branch goes to its remote, with a request to merge it that says what it does to the knowledge base."""

from dataclasses import asdict
from typing import Annotated

import typer

from gitkb.cli import terminal
from gitkb.cli.interrupts import resumable
from gitkb.cli.locate import knowledge_base
from gitkb.cli.options import JsonOption, KbOption, VerboseOption
from gitkb.cli.remove import BranchOption


def pr(
    context: typer.Context,
    title: Annotated[str, typer.Option("--title", "-t", metavar="TITLE", help="Default: what it does.", show_default=False)] = "",
    branch: BranchOption = "",
    base: Annotated[
        str, typer.Option("--base", metavar="NAME", help="Merge into this; default: the pages branch.", show_default=False)
    ] = "",
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Push a branch and open a pull or merge request whose text is the diff.

    Through gh, glab or tea where they are installed; else it prints the address to open and the text.
    """
    from gitkb.cli.listening import Messages

    found = knowledge_base(context, kb)
    with resumable():
        request = found.pull_request(Messages(), branch=branch, base=base, title=title)
    if json:
        terminal.tell_json(asdict(request), indent=2)
    elif request.opened:
        terminal.tell(f"{request.title}: {request.address}")
    else:
        terminal.say(
            f"Pushed {request.branch}. Open the request{f' at {request.address}' if request.address else ''} with this text:"
        )
        terminal.tell_text(f"# {request.title}\n\n{request.text}")
