"""`gitkb chat`: a conversation with the knowledge base, and the conversations that are kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gitkb.cli import terminal
from gitkb.cli.locate import knowledge_base
from gitkb.cli.options import AtOption, JsonOption, KbOption, ModelOption, VerboseOption, common
from gitkb.cli.query import NoModelOption, chosen_model
from gitkb.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from gitkb.answer.chats import Chat, Chats
    from gitkb.kb import KnowledgeBase

_SHOWN = 80


def chat(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="[ID]", help="With --resume: which; default: the last.", show_default=False)
    ] = "",
    resume: Annotated[bool, typer.Option("--resume", "-r", help="Go on with a conversation.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the conversations that are kept.")] = False,
    delete: Annotated[str, typer.Option("--delete", metavar="ID", help="Delete a conversation.", show_default=False)] = "",
    at: AtOption = None,
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
        raise typer.Exit(_talk(base, chats, begun, at, chosen_model(model, no_model), json=json, steps=steps))


def _list(chats: Chats, *, json: bool) -> None:
    from gitkb.errors import FormatError

    found = list(chats.all())
    if json:
        kept = [each for each in found if not isinstance(each, FormatError)]
        terminal.tell_json([{"id": each.id, "turns": len(each.turns), "question": _first(each)} for each in kept], indent=2)
        return
    for each in found:
        if isinstance(each, FormatError):
            terminal.say(each.message)
        else:
            terminal.tell(f"{each.id}  {terminal.counted(len(each.turns), 'turn')}  {_first(each)}")
    if not found:
        terminal.say("No conversation is kept here.")


def _first(chat: Chat) -> str:
    question = " ".join(chat.turns[0].question.split()) if chat.turns else ""
    return question if len(question) <= _SHOWN else f"{question[: _SHOWN - 3]}..."


def _begun(chats: Chats, name: str) -> Chat:
    found = chats.load(name)
    terminal.say(f"Going on with {found.id}: {terminal.counted(len(found.turns), 'turn')}. It began with: {_first(found)}")
    return found


def _talk(
    base: KnowledgeBase, chats: Chats, begun: Chat | None, at: str | None, model: str | None, *, json: bool, steps: bool
) -> int:
    from contextlib import nullcontext

    from gitkb.answer.chats import new_chat
    from gitkb.cli import chatprompt
    from gitkb.cli.conversation import COMMANDS, Conversation
    from gitkb.cli.listening import Messages

    base.store.snapshot(at)
    folder: Path = base.store.worktree or base.store.git_dir
    with nullcontext() if model is None else base.answering_model(model, Messages()) as found:
        talk = Conversation(base, folder, found, at, json, steps, chats, begun or new_chat())
        if chatprompt.is_terminal():
            who = found.name if found is not None else "the best passages: no model is asked"
            terminal.say(f"Ask something; {who} will answer. /help lists the commands, Ctrl-D ends.")
        for line in chatprompt.lines(base.store.local / "chat-history", COMMANDS, lambda: base.names(at)):
            if not talk.line(line):
                break
    return ExitCode.ERROR if talk.failed and not chatprompt.is_terminal() else ExitCode.OK
