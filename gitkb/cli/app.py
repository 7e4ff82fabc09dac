"""The `gitkb` command: its commands, its options before a command, its help.

Invariant: only the command that runs is imported, so importing this and `gitkb --help` cost little more than typer itself. The
table holds for each command where it is and what it is for; a test compares that with the command's own help.
"""

import importlib
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from msgspec import Struct
from typer.core import TyperGroup

from gitkb import __version__
from gitkb.cli.common_options import Common, KbOption, VerboseOption
from gitkb.cli.plain_parameters import PlainCommand, taken_plainly


class Entry(Struct, frozen=True):
    """Where a command is: `function` of a module in `gitkb.cli.commands`; `help` is the first sentence of its own help."""

    module: str
    function: str
    help: str


COMMANDS = {
    "init": Entry("maintain", "init", "Make a knowledge base."),
    "add": Entry("add", "add", "Add documents: each becomes one commit."),
    "source": Entry("sources", "source", "Say where documents come from, for everybody who works here."),
    "sync": Entry("sources", "sync", "Bring documents up to date from their declared sources."),
    "watch": Entry("sources", "watch", "Add what is in folders, then what changes there, until Ctrl-C."),
    "remove": Entry("curate", "remove", "Remove documents: what remains is as if they had never come."),
    "recompile": Entry("add", "recompile", "Make documents again with the present converters, compiler and settings."),
    "undo": Entry("curate", "undo", "Take back a change, the last by default, as a new commit."),
    "approve": Entry("curate", "approve", "Confirm, as a person, what pages claim."),
    "same": Entry("curate", "same", "Decide that two names mean the same thing."),
    "apart": Entry("curate", "apart", "Decide that two names mean different things."),
    "drop": Entry("curate", "drop", "Decide that a name gets no page."),
    "merge": Entry("share", "merge", "Merge a branch: the documents of both, everybody's edits, and the pages made of them."),
    "pull": Entry("share", "pull", "Fetch from the remote and merge; the pages are brought up to date."),
    "push": Entry("share", "push", "Push the branch; merge what others pushed meanwhile, as often as needed."),
    "pr": Entry("share", "pr", "Push a branch and open a pull or merge request whose text is the diff."),
    "refresh": Entry("maintain", "refresh", "Bring the shared pages up to date, if any are pending."),
    "migrate": Entry("maintain", "migrate", "Bring a knowledge base of an older format to the newest one, in one commit."),
    "list": Entry("inspect", "list_documents", "List the documents: name and title; or the pages: name, approval and title."),
    "show": Entry("inspect", "show", "Print a document's summary or any other page."),
    "status": Entry("inspect", "status", "Say where it stands: documents, pages, what waits."),
    "log": Entry("inspect", "log", "Show the history: commit, day, what was done."),
    "preview": Entry("diff", "preview", "Write the pages as they would be after a merge, as a folder of HTML."),
    "diff": Entry("diff", "diff", "Show what a branch or an ingest changes, and what deserves attention."),
    "blame": Entry("inspect", "blame", "Show who says what on a page: document, place, commit, compiler, when, by whom."),
    "search": Entry("query", "search", "Search the pages."),
    "query": Entry("query", "query", "Ask a question."),
    "chat": Entry("chat", "chat", "Ask questions, one after another."),
    "web": Entry("query", "web", "Show the knowledge base in a browser: read, compare, review, decide, ask."),
    "mcp": Entry("query", "mcp", "Serve the knowledge base to AI agents over the Model Context Protocol."),
    "skill": Entry("share", "skill", "Write a skill that tells agents how to use the knowledge base: NAME/SKILL.md."),
    "export": Entry("share", "export", "Write the knowledge base for others, in other forms."),
    "check": Entry("inspect", "check", "Check the knowledge base: files, originals, claims, pages, links."),
    "lint": Entry("lint", "lint", "Find what could be better, for people; check is for integrity."),
    "config": Entry("config", "config", "Show every setting and where it came from, or change one of your own."),
    "recover": Entry("maintain", "recover", "Clear up after a run that was killed; its commits stay."),
    "hooks": Entry("hooks", "hooks", "Git hooks and CI templates that check commits, pushes and pull requests."),
    "help": Entry("help", "show_help", "Show a page of the guide, or a command's help; without a name, list the topics."),
}
"""The commands, in the order in which help lists them."""


class _Commands(dict[str, Any]):
    """The commands by name, each made when it is asked for."""

    def __missing__(self, name: str) -> Any:
        if name not in COMMANDS:
            raise KeyError(name)
        self[name] = _load(name)
        return self[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in COMMANDS else default

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)

    def __contains__(self, name: object) -> bool:
        return name in COMMANDS

    def keys(self) -> Any:
        return COMMANDS.keys()

    def values(self) -> Any:
        return [self[name] for name in COMMANDS]

    def items(self) -> Any:
        return [(name, self[name]) for name in COMMANDS]


def _load(name: str) -> Any:
    """The command of this name, ready to be run."""
    entry = COMMANDS[name]
    found = getattr(importlib.import_module(f"gitkb.cli.commands.{entry.module}"), entry.function)
    if isinstance(found, typer.Typer):
        made = typer.main.get_command(found)
    else:
        alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        alone.command(name, cls=PlainCommand)(found)
        made = typer.main.get_command(alone)
    made.name = name
    return made


class Commands(TyperGroup):
    """The group of all commands, which loads none to list them."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{**settings, "commands": _Commands()})

    def get_params(self, ctx: Any) -> list[Any]:
        """All parameters, with those that typer adds."""
        return taken_plainly(super().get_params(ctx))

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Writes the list of commands into the help, a line for each, as typer would."""
        limit = formatter.width - 6 - max(map(len, COMMANDS))
        with formatter.section("Commands"):
            formatter.write_dl([(name, _shortened(entry.help, limit)) for name, entry in COMMANDS.items()])


def _shortened(text: str, limit: int) -> str:
    """The text in at most so many characters, whole words."""
    return text if len(text) <= limit else f"{text[: limit - 2].rpartition(' ')[0]}..."


application = typer.Typer(
    name="gitkb",
    cls=Commands,
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
    context.obj = Common(kbs=tuple(kb or ()), verbose=verbose > 0)
