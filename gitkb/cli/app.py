"""The `gitkb` command: its commands, its options before a command, its help.

Importing this must stay cheap (typer and our own small modules): `gitkb --help` and shell completion start here.
"""

import sys
from typing import Annotated

import typer

from gitkb import __version__
from gitkb.cli.add import add
from gitkb.cli.apart import apart
from gitkb.cli.approve import approve
from gitkb.cli.blame import blame
from gitkb.cli.chat import chat
from gitkb.cli.check import check
from gitkb.cli.config import config
from gitkb.cli.diff import diff
from gitkb.cli.help import show_help
from gitkb.cli.hooks import hooks
from gitkb.cli.init import init
from gitkb.cli.lint import lint
from gitkb.cli.list import list_documents
from gitkb.cli.log import log
from gitkb.cli.merge import merge
from gitkb.cli.migrate import migrate
from gitkb.cli.options import Common, KbOption, VerboseOption
from gitkb.cli.pr import pr
from gitkb.cli.pull import pull
from gitkb.cli.push import push
from gitkb.cli.query import query
from gitkb.cli.recompile import recompile
from gitkb.cli.recover import recover
from gitkb.cli.refresh import refresh
from gitkb.cli.remove import remove
from gitkb.cli.same import same
from gitkb.cli.search import search
from gitkb.cli.show import show
from gitkb.cli.status import status
from gitkb.cli.undo import undo
from gitkb.cli.watch import watch

application = typer.Typer(
    name="gitkb",
    help="A folder of documents becomes an interlinked Markdown wiki in git: one atomic commit per document.",
    epilog="gitkb help lists the pages of the guide. Exit codes: 0 done, 1 an error, 2 usage, 3 some documents failed, "
    "4 check or lint found something, 130 interrupted.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"gitkb {__version__}\n")
        raise typer.Exit


@application.callback()
def before(
    context: typer.Context,
    kb: KbOption = None,
    verbose: VerboseOption = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Remembers what was given before the command's name."""
    context.obj = Common(kb=kb, verbose=verbose)


application.command("init")(init)
application.command("add")(add)
application.command("watch")(watch)
application.command("remove")(remove)
application.command("recompile")(recompile)
application.command("undo")(undo)
application.command("approve")(approve)
application.command("same")(same)
application.command("apart")(apart)
application.command("merge")(merge)
application.command("pull")(pull)
application.command("push")(push)
application.command("pr")(pr)
application.command("refresh")(refresh)
application.command("migrate")(migrate)
application.command("list")(list_documents)
application.command("show")(show)
application.command("status")(status)
application.command("log")(log)
application.command("diff")(diff)
application.command("blame")(blame)
application.command("search")(search)
application.command("query")(query)
application.command("chat")(chat)
application.command("check")(check)
application.command("lint")(lint)
application.command("config")(config)
application.command("recover")(recover)
application.command("help")(show_help)
application.add_typer(hooks, name="hooks")
