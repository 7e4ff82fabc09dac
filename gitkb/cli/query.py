"""`gitkb query`: one question, answered by a model or by the best passages; with --save it becomes a page."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from gitkb.cli import terminal
from gitkb.cli.locate import knowledge_base
from gitkb.cli.options import AtOption, JsonOption, KbOption, ModelOption, VerboseOption, common
from gitkb.cli.remove import BranchOption
from gitkb.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from gitkb.answer.values import Answer, Saved
    from gitkb.kb import KnowledgeBase

NoModelOption = Annotated[bool, typer.Option("--no-model", help="Show the best passages; ask no model.")]


def query(
    context: typer.Context,
    question: Annotated[list[str], typer.Argument(metavar="QUESTION", help="In words.", show_default=False)],
    at: AtOption = None,
    save: Annotated[bool, typer.Option("--save", help="Commit the answer as a page of wiki/explorations/.")] = False,
    branch: BranchOption = "",
    model: ModelOption = "",
    no_model: NoModelOption = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Ask a question.

    A model answers where the settings say compiler: llm, or --model names one; otherwise the best passages are shown. Exits
    with 1 where nothing was found.
    """
    from gitkb.cli.listening import Messages

    if branch and not save:
        raise UsageError("--branch says where the answer is saved, so it needs --save.")
    base = knowledge_base(context, kb)
    steps = common(context, kb, verbose).verbose or sys.stderr.isatty()
    answer = _ask(base, " ".join(question), at, chosen_model(model, no_model), json=json, steps=steps)
    saved = None
    if save and answer.text:
        from gitkb.answer.exploration import exploration_of

        saved = base.save_exploration(exploration_of(answer), Messages(), branch=branch)
    _tell(answer, saved, json=json)
    raise typer.Exit(ExitCode.OK if answer.text else ExitCode.ERROR)


def chosen_model(model: str, no_model: bool) -> str | None:
    """The model that the options name, "" for that of the settings, None for none at all."""
    if model and no_model:
        raise UsageError("--model names a model, but --no-model asks none.", "Leave one of them out.")
    return None if no_model else model


def _ask(base: KnowledgeBase, question: str, at: str | None, model: str | None, *, json: bool, steps: bool) -> Answer:
    from contextlib import nullcontext

    from gitkb.cli.answering import Showing
    from gitkb.cli.listening import Messages

    showing = Showing(quiet=json, steps=steps)
    with nullcontext() if model is None else base.answering_model(model, Messages()) as found:
        try:
            return base.query(question, found, showing, at=at)
        finally:
            showing.finish()


def _tell(answer: Answer, saved: Saved | None, *, json: bool) -> None:
    from dataclasses import asdict

    from gitkb.cli.answering import as_json, remarks

    if json:
        terminal.tell_json(as_json(answer) | {"saved": asdict(saved) if saved else None}, indent=2)
        return
    for remark in remarks(answer):
        terminal.say(remark)
    if saved is not None:
        terminal.say(saved_in_words(saved))
    if not answer.text:
        terminal.complain(
            "Nothing in the knowledge base answers this.", 'Other words may; "gitkb search" takes word* and "phrases".'
        )


def saved_in_words(saved: Saved) -> str:
    """Where the answer is now."""
    how = "Saved" if saved.new else "It is saved already"
    return f"{how}: {saved.path}. {saved.branch} is at {terminal.short(saved.commit)}."
