"""The `gitkb` command: its commands, its options before a command, its help.

Importing this must stay cheap (typer and our own small modules): `gitkb --help` and shell completion start here.
"""

import sys
from typing import Annotated

import typer

from gitkb import __version__
from gitkb.cli.commands.add import add
from gitkb.cli.commands.chat import chat
from gitkb.cli.commands.config import config
from gitkb.cli.commands.curate import apart, approve, remove, same, undo
from gitkb.cli.commands.diff import diff
from gitkb.cli.commands.hooks import hooks
from gitkb.cli.commands.inspect import blame, check, list_documents, log, show, status
from gitkb.cli.commands.lint import lint
from gitkb.cli.commands.maintain import init, migrate, recover, refresh
from gitkb.cli.commands.query import query, search
from gitkb.cli.commands.recompile import recompile
from gitkb.cli.commands.share import merge, pr, pull, push
from gitkb.cli.commands.watch import watch
from gitkb.cli.common_options import Common, KbOption, VerboseOption
from gitkb.cli.help import show_help

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
    context.obj = Common(kb=kb, verbose=verbose > 0)


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
