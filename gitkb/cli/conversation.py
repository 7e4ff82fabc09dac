"""A conversation from its first line to its last: what each line does, questions and /commands.

Invariant: no line ends it but /exit: errors are said, Ctrl-C stops the answer. Every turn is kept before the next line is read,
and each question reads the knowledge base as it is then.
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gitkb.cli import terminal
from gitkb.cli.boundary import run
from gitkb.cli.interrupts import interruptible
from gitkb.cli.query import saved_in_words
from gitkb.errors import GitkbError

if TYPE_CHECKING:
    from gitkb.answer.chats import Chat, Chats
    from gitkb.answer.exploration import Exploration
    from gitkb.answer.values import Answer, AnswerModel
    from gitkb.kb import KnowledgeBase

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
    """One conversation with a knowledge base in `folder`; `failed` says that a question or command went wrong."""

    base: KnowledgeBase
    folder: Path
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
        at = ["--at", self.at] if self.at and name != "add" else []
        short = _SHORT_LOG if name == "log" and not arguments else []
        self.failed |= bool(run([name, "--kb", str(self.folder), *at, *short, *arguments]))

    def _ask(self, question: str) -> None:
        from gitkb.answer.values import Answer
        from gitkb.cli.answering import Showing, as_json, remarks

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
        self.last = answer if answer.text else self.last
        if self.json:
            terminal.tell_json(as_json(answer))
        for remark in () if self.json else remarks(answer):
            terminal.say(remark)
        if not answer.text:
            self.failed = True
            terminal.say("Nothing in the knowledge base answers this. Try other words.")
            return
        self._keep(answer)
        if not self.json:
            sys.stdout.write("\n")
            sys.stdout.flush()

    def _keep(self, answer: Answer, *, stopped: bool = False) -> None:
        before = self.chat.id
        self.chat = self.chats.save(self.chat.after(answer, stopped=stopped))
        if self.chat.id != before and len(self.chat.turns) > 1:
            terminal.say(f"Somebody else goes on with {before}; this conversation is {self.chat.id} now.")

    def _save(self, rest: str) -> None:
        from gitkb.cli.listening import Messages

        exploration = self._exploration(rest)
        if exploration is None:
            self.failed = True
            terminal.complain("There is no answer yet that could be saved.", "Ask something first.")
            return
        terminal.tell(saved_in_words(self.base.save_exploration(exploration, Messages())))

    def _exploration(self, rest: str) -> Exploration | None:
        from gitkb.answer.exploration import conversation_of, exploration_of

        first, _, title = rest.partition(" ")
        if first == "all" and self.chat.turns:
            return conversation_of(self.chat, title.strip())
        return None if first == "all" or self.last is None else exploration_of(self.last, rest)

    def _clear(self) -> None:
        from gitkb.answer.chats import new_chat

        if self.chat.turns:
            terminal.say(f"A new conversation begins. The last one is kept: gitkb chat --resume {self.chat.id}")
        self.chat, self.last = new_chat(), None
