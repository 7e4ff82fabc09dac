"""`gitkb help`: the pages of the guide, by topic, and what `--help` says of a command.

The guide is Markdown below `gitkb/guide/`. Its `index.md` is the one list of topics: their order, titles and descriptions.
A person at a terminal gets a page laid out for the terminal, through a pager; a program gets the file as it is.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import Struct, to_builtins

from gitkb.cli import terminal
from gitkb.cli.common_options import JsonOption
from gitkb.errors import UsageError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_ROW = re.compile(r"^- \[(?P<title>[^\]]+)\]\((?P<topic>[a-z-]+)\.md\): (?P<description>.+)$", re.MULTILINE)
_PAGE_LINK = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<topic>[a-z-]+)\.md(?:#[^)]*)?\)")
_ANCHOR_LINK = re.compile(r"\[(?P<text>[^\]]+)\]\(#[^)]*\)")
_WIDEST = 100
_LESS = "FRX"  # what git gives less too: no pager for what fits the screen, colours pass, the screen is left as it was


class Topic(Struct, frozen=True):
    """A page of the guide, as `index.md` lists it."""

    topic: str
    title: str
    description: str


def show_help(
    context: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[TOPIC|COMMAND]", help="A page of the guide, or a command.", show_default=False)
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show a page of the guide, or a command's help; without a name, list the topics."""
    name = " ".join(words or ())
    topics = _topics()
    if not name:
        _list(topics, json)
        return
    found = next((each for each in topics if each.topic == name), None)
    text = _file(f"{name}.md").read_text(encoding="utf-8") if found else _command_help(context, name.split())
    if text is None:
        raise _unknown(name, [each.topic for each in topics], context)
    if json:
        terminal.tell_json((to_builtins(found) if found else {"command": name}) | {"text": text}, indent=2)
    elif sys.stdout.isatty():
        _page(_laid_out(text) if found else text)
    else:
        terminal.tell_text(text)


def _topics() -> list[Topic]:
    """All topics, in the order in which a newcomer reads them."""
    index = _file("index.md").read_text(encoding="utf-8")
    return [Topic(row["topic"], row["title"], row["description"]) for row in _ROW.finditer(index)]


def _file(name: str) -> Traversable:
    from importlib.resources import files

    return files("gitkb") / "guide" / name


def _list(topics: list[Topic], json: bool) -> None:
    if json:
        terminal.tell_json([to_builtins(each) for each in topics], indent=2)
        return
    width = max(len(each.topic) for each in topics)
    for each in topics:
        terminal.tell(f"{each.topic:{width}}  {each.description}")
    terminal.say("gitkb help TOPIC shows a page, gitkb help COMMAND the options of a command.")


def _command_help(context: typer.Context, path: list[str]) -> str | None:
    """What `gitkb COMMAND --help` prints, or None where there is no such command."""
    at = context.find_root()
    command: Any = at.command
    for name in path:
        command = getattr(command, "commands", {}).get(name)
        if command is None:
            return None
        at = command.context_class(command, info_name=name, parent=at)
    return str(command.get_help(at))


def _unknown(name: str, topics: list[str], context: typer.Context) -> UsageError:
    from difflib import get_close_matches

    near = get_close_matches(name, [*topics, *_names(context.find_root().command)], n=3)
    hint = f"Did you mean {' or '.join(near)}? gitkb help lists the topics." if near else "gitkb help lists the topics."
    return UsageError(f"There is no topic or command '{name}'.", hint)


def _names(group: Any, before: str = "") -> list[str]:
    """What commands are called, those of groups with the group's name before."""
    found: list[str] = []
    for name, command in group.commands.items():
        if not command.hidden:
            found += [f"{before}{name}", *(_names(command, f"{name} ") if hasattr(command, "commands") else ())]
    return found


def _laid_out(text: str) -> str:
    """Markdown as a terminal shows it: wrapped, with headings and tables. A link to another page becomes the command for it."""
    import io
    import shutil

    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.markdown import CodeBlock, Markdown
    from rich.padding import Padding
    from rich.text import Text
    from rich.theme import Theme

    class Listing(CodeBlock):
        """Commands and their output, on the terminal's own background, whichever that is."""

        def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
            yield Padding(Text(str(self.text).rstrip()), (0, 0, 0, 4))

    class Guide(Markdown):
        elements = Markdown.elements | {"fence": Listing, "code_block": Listing}

    text = _PAGE_LINK.sub(lambda link: f"{link['text']} (`gitkb help {link['topic']}`)", text)
    text = _ANCHOR_LINK.sub(lambda link: link["text"], text)
    out = io.StringIO()
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    console = Console(file=out, force_terminal=True, width=width, theme=Theme({"markdown.code": "bold"}))
    console.print(Guide(text, hyperlinks=False))
    return out.getvalue()


def _page(text: str) -> None:
    """Shows a text through the pager that PAGER names, else `less` or `more`; without any it is printed."""
    import shlex
    import shutil
    import signal
    import subprocess

    wanted = os.environ.get("PAGER")
    program = shlex.split(wanted) if wanted is not None else next(([name] for name in ("less", "more") if shutil.which(name)), [])
    if not program or program == ["cat"] or not shutil.which(program[0]):
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
        return
    pager = subprocess.Popen(program, stdin=subprocess.PIPE, text=True, encoding="utf-8", env={"LESS": _LESS} | os.environ)
    # Ctrl-C is the pager's: it stops a search there, and does not end it.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        pager.communicate(text)
    finally:
        signal.signal(signal.SIGINT, before)
