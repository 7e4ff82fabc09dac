"""`gitkb chat`: a conversation with the knowledge base, and the conversations that are kept.

Invariant: prompt_toolkit is loaded for a terminal only. Ctrl-C empties the line, Ctrl-D ends the conversation. The history is the
user's alone and stays in `.git/gitkb`.

Invariant: no line ends it but /exit: errors are said, Ctrl-C stops the answer. Every turn is kept before the next line is read,
and each question reads the knowledge base as it is then.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gitkb.api import json_shapes
from gitkb.cli import terminal
from gitkb.cli.boundary import Program, run
from gitkb.cli.commands.query import saved_in_words
from gitkb.cli.common_options import (
    AskedAtOption,
    JsonOption,
    KbOption,
    ModelOption,
    NoModelOption,
    VerboseOption,
    chosen_model,
    common,
)
from gitkb.cli.interrupts import interruptible
from gitkb.cli.locate import knowledge_base
from gitkb.errors import ExitCode, GitkbError, UsageError

if TYPE_CHECKING:
    from prompt_toolkit.completion import CompleteEvent, Completer
    from prompt_toolkit.history import History

    from gitkb import KnowledgeBase
    from gitkb.api import AnswerModel, Chats
    from gitkb.model.answers import Answer, Chat


MOST_COMPLETIONS = 200


def newer_of(at: str | None) -> str | None:
    """The revision that is read: of "A..B", which is about what changed, the second; None for what is checked out."""
    return at.rpartition("..")[2] or None if at else None


def is_terminal() -> bool:
    """Whether a person sits there."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def lines(history: Path, commands: Sequence[str], names: Callable[[], Sequence[str]]) -> Iterator[str]:
    """The lines that are typed or come through a pipe, stripped, without empty ones, until the end."""
    found = _typed(history, commands, names) if is_terminal() else _piped()
    yield from (line for each in found if (line := each.strip()))


def _piped() -> Iterator[str]:
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "replace")


def _typed(history: Path, commands: Sequence[str], names: Callable[[], Sequence[str]]) -> Iterator[str]:
    from prompt_toolkit import PromptSession

    session: PromptSession[str] = PromptSession(
        history=_history(history), completer=_completer(commands, names), complete_while_typing=False, complete_in_thread=True
    )
    while True:
        try:
            yield session.prompt("> ")
        except KeyboardInterrupt:
            continue
        except EOFError:
            return


def _history(file: Path) -> History:
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    try:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), 0o600))
    except OSError as error:
        terminal.say(f"What you type is not remembered: {file}: {error.strerror}.")
        return InMemoryHistory()
    return FileHistory(file)


def _completer(commands: Sequence[str], names: Callable[[], Sequence[str]]) -> Completer:
    """Completes commands, files after /add, and elsewhere the names of documents and pages."""
    from prompt_toolkit.completion import Completer, Completion, PathCompleter
    from prompt_toolkit.document import Document

    files, known = PathCompleter(expanduser=True), _Names(names)

    class Completing(Completer):
        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
            text = document.text_before_cursor
            word = text.rpartition(" ")[2]
            if text.startswith("/") and " " not in text:
                yield from (Completion(name, -len(text)) for name in commands if name.startswith(text))
            elif text.startswith("/add "):
                yield from files.get_completions(Document(word, len(word)), complete_event)
            elif word:
                yield from (Completion(name, -len(word)) for name in known.like(word))

    return Completing()


class _Names:
    """The names, asked for when the first one is completed."""

    def __init__(self, ask: Callable[[], Sequence[str]]) -> None:
        self._ask = ask
        self._known: Sequence[str] | None = None

    def like(self, word: str) -> Iterator[str]:
        if self._known is None:
            self._known = self._ask()
        wanted = word.casefold()
        found = sorted(
            (name for name in self._known if wanted in name.casefold()), key=lambda name: not name.casefold().startswith(wanted)
        )
        yield from found[:MOST_COMPLETIONS]


HELP = {
    "/help": "shows this",
    "/search WORDS": "finds pages",
    "/add PATH...": "adds files and folders",
    "/save [TITLE]": "commits the last answer as a page of wiki/explorations/",
    "/save all [TITLE]": "commits the whole conversation as one page",
    "/status": "where the knowledge base and this conversation stand",
    "/log [NAME]": "shows the history, the last ten commits or those of one document or page",
    "/list": "lists the documents",
    "/show NAME": "prints a document's summary or another page",
    "/clear": "begins a new conversation; this one is kept",
    "/exit": "ends it, as Ctrl-D does; Ctrl-C only stops an answer",
}
COMMANDS = tuple(dict.fromkeys(usage.split()[0] for usage in HELP))
_PASSED_ON = ("search", "add", "status", "log", "list", "show")
_SHORT_LOG = ["-n", "10"]


@dataclass
class Conversation:
    """One conversation with a knowledge base in `folder`; `program` runs /commands, `failed` says that something went wrong."""

    base: KnowledgeBase
    folder: Path
    program: Program
    model: AnswerModel | None
    at: str | None
    json: bool
    steps: bool
    chats: Chats
    chat: Chat
    last: Answer | None = field(init=False)
    failed: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.last = self.chat.last

    def line(self, text: str) -> bool:
        """Does what a line says; False where it ends the conversation."""
        command, _, rest = text.partition(" ")
        if command in ("/exit", "/quit"):
            return False
        try:
            with interruptible():
                self._do(command, rest.strip()) if text.startswith("/") else self._ask(text)
        except KeyboardInterrupt:
            terminal.say("Stopped.")
        except GitkbError as error:
            self.failed = True
            terminal.complain(error.message, error.hint)
        return True

    def _do(self, command: str, rest: str) -> None:
        name = command.removeprefix("/")
        if name == "help":
            for usage, meaning in HELP.items():
                terminal.tell(f"{usage:18} {meaning}")
        elif name == "save":
            self._save(rest)
        elif name == "clear":
            self._clear()
        elif name in _PASSED_ON:
            if name == "status":
                turns = terminal.counted(len(self.chat.turns), "turn")
                terminal.tell(f"Conversation {self.chat.id}: {turns}, answered by {self._who}.")
            self._pass_on(name, rest)
        else:
            self.failed = True
            terminal.complain(f"There is no command {command}.", "/help lists them. A question does not begin with /.")

    @property
    def _who(self) -> str:
        return self.model.name if self.model is not None else "the best passages, no model"

    def _pass_on(self, name: str, rest: str) -> None:
        """Runs a command of gitkb's with these arguments."""
        try:
            arguments = shlex.split(rest)
        except ValueError:
            terminal.complain("A quotation mark is not closed.", 'Quote names with blanks: /add "my papers"')
            return
        at = ["--at", newer] if (newer := newer_of(self.at)) and name != "add" else []
        short = _SHORT_LOG if name == "log" and not arguments else []
        self.failed |= bool(run([name, "--kb", str(self.folder), *at, *short, *arguments], lambda: self.program))

    def _ask(self, question: str) -> None:
        from gitkb.cli.commands.query import Showing, remarks
        from gitkb.model.answers import Answer

        showing = Showing(quiet=self.json, steps=self.steps)
        try:
            answer = self.base.query(question, self.model, showing, at=self.at, history=self.chat.said)
        except KeyboardInterrupt:
            showing.finish()
            if showing.said.strip():
                name = self.model.name if self.model is not None else ""
                self._keep(Answer(question, showing.said.strip(), "", name), stopped=True)
            raise
        finally:
            showing.finish()
        self.last = answer if answer.text and not answer.cut else self.last
        if self.json:
            terminal.tell_json(json_shapes.answer(answer))
        for remark in () if self.json else remarks(answer):
            terminal.say(remark)
        if not answer.text:
            self.failed = True
            terminal.say("Nothing in the knowledge base answers this. Try other words.")
            return
        self._keep(answer, stopped=answer.cut)
        if not self.json:
            sys.stdout.write("\n")
            sys.stdout.flush()

    def _keep(self, answer: Answer, *, stopped: bool = False) -> None:
        before = self.chat.id
        self.chat = self.chats.save(self.chat.after(answer, stopped=stopped))
        if self.chat.id != before and len(self.chat.turns) > 1:
            terminal.say(f"Somebody else goes on with {before}; this conversation is {self.chat.id} now.")

    def _save(self, rest: str) -> None:
        from gitkb.cli.listeners import Messages

        first, _, rest_of_title = rest.partition(" ")
        said: Answer | Chat | None = self.last
        title = rest
        if first == "all":
            said, title = (self.chat if self.chat.turns else None), rest_of_title.strip()
        if first != "all" and self.chat.turns and self.chat.turns[-1].stopped:
            self.failed = True
            terminal.complain("The last answer was stopped or cut off, so it is not saved.", "Ask again, then save it.")
            return
        if said is None:
            self.failed = True
            terminal.complain("There is no answer yet that could be saved.", "Ask something first.")
            return
        terminal.tell(saved_in_words(self.base.save_answer(said, Messages(), title=title)))

    def _clear(self) -> None:
        if self.chat.turns:
            terminal.say(f"A new conversation begins. The last one is kept: gitkb chat --resume {self.chat.id}")
        self.chat, self.last = self.chats.new(), None


def chat(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="[ID]", help="With --resume: which; default: the last.", show_default=False)
    ] = "",
    resume: Annotated[bool, typer.Option("--resume", "-r", help="Go on with a conversation.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the conversations that are kept.")] = False,
    delete: Annotated[str, typer.Option("--delete", metavar="ID", help="Delete a conversation.", show_default=False)] = "",
    at: AskedAtOption = None,
    model: ModelOption = "",
    no_model: NoModelOption = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Ask questions, one after another.

    /help lists the commands; Ctrl-C stops an answer, Ctrl-D ends the conversation. Reads lines from a pipe, too.
    """
    if name and not resume:
        raise UsageError(
            "An ID says which conversation to go on with, so it needs --resume.", f'A question: gitkb query "{name}"'
        )
    base = knowledge_base(context, kb)
    chats = base.chats()
    if listed:
        _list(chats, json=json)
    elif delete:
        terminal.tell(f"Deleted {chats.delete(delete)}.")
    else:
        begun = _begun(chats, name) if resume else None
        steps = common(context, kb, verbose).verbose or sys.stderr.isatty()
        program = context.find_root().command
        raise typer.Exit(_talk(base, program, chats, begun, at, chosen_model(model, no_model), json=json, steps=steps))


def _list(chats: Chats, *, json: bool) -> None:
    from gitkb.errors import FormatError

    found = list(chats.all())
    if json:
        kept = [each for each in found if not isinstance(each, FormatError)]
        terminal.tell_json(json_shapes.chats(kept), indent=2)
        return
    for each in found:
        if isinstance(each, FormatError):
            terminal.say(each.message)
        else:
            terminal.tell(f"{each.id}  {terminal.counted(len(each.turns), 'turn')}  {each.opening}")
    if not found:
        terminal.say("No conversation is kept here.")


def _begun(chats: Chats, name: str) -> Chat:
    found = chats.load(name)
    terminal.say(f"Going on with {found.id}: {terminal.counted(len(found.turns), 'turn')}. It began with: {found.opening}")
    return found


def _talk(
    base: KnowledgeBase,
    program: Program,
    chats: Chats,
    begun: Chat | None,
    at: str | None,
    model: str | None,
    *,
    json: bool,
    steps: bool,
) -> int:
    from contextlib import nullcontext

    from gitkb.cli.listeners import Messages

    for revision in (at or "").replace("...", "..").split(".."):
        base.commit(revision or None)  # one that there is not is refused before the first question
    with nullcontext() if model is None else base.answering_model(model, Messages()) as found:
        talk = Conversation(base, base.folder, program, found, at, json, steps, chats, begun or chats.new())
        if is_terminal():
            who = found.name if found is not None else "the best passages: no model is asked"
            terminal.say(f"Ask something; {who} will answer. /help lists the commands, Ctrl-D ends.")
        for line in lines(chats.history_file, COMMANDS, lambda: base.names(newer_of(at))):
            if not talk.line(line):
                break
    return ExitCode.ERROR if talk.failed and not is_terminal() else ExitCode.OK
