"""`gitkb init`, `refresh`, `migrate` and `recover`: what sets a knowledge base up, brings it up to date, clears up after a dead
run.

`--kb` has no meaning for `init`: the folder is the argument, so that a knowledge base is never made by accident. Every command
that writes does the work of the others too; by hand `refresh` is for after a merge and for CI, `migrate` for doing it at a time
of your own, and `recover` for the person who wants to see a clean folder now.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gitkb.api import json_shapes
from gitkb.cli import terminal
from gitkb.cli.common_options import BranchOption, CompilerOption, DryRunOption, JsonOption, KbOption, ModelOption, VerboseOption
from gitkb.cli.interrupts import resumable
from gitkb.cli.listeners import spent
from gitkb.cli.locate import knowledge_base
from gitkb.cli.summaries import where
from gitkb.errors import ExitCode, InsideRepository

if TYPE_CHECKING:
    from gitkb.model.results import InitResult


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where; made if it does not exist.", show_default="here")
    ] = Path(),
    bare: Annotated[bool, typer.Option("--bare", help="Make a bare repository: no folder of pages, for servers.")] = False,
    subdir: Annotated[
        str, typer.Option("--subdir", metavar="DIR", help="In a folder of the repository that is here.", show_default=False)
    ] = "",
    nested: Annotated[bool, typer.Option("--nested", help="A repository of its own, within another one.")] = False,
    compiler: CompilerOption = None,
    model: ModelOption = "",
    json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Make a knowledge base.

    In a git repository that exists, gitkb adds its own files and one marked block to those that it shares with you.
    """
    from gitkb import KnowledgeBase
    from gitkb.cli.listeners import Messages

    def make(folder: Path, subdir: str, nested: bool) -> InitResult:
        return KnowledgeBase.init(
            folder,
            bare=bare,
            compiler=compiler or "",
            model=model,
            listener=Messages(),
            subdir=subdir,
            nested=nested,
        )

    with resumable():
        try:
            result = make(folder, subdir, nested)
        except InsideRepository as error:
            if not (sys.stdin.isatty() and sys.stderr.isatty()):
                raise
            terminal.say(error.message)
            part = terminal.agreed("Make the knowledge base as a part of it?", default=True)
            inside = error.folder.relative_to(error.repository).as_posix()
            result = make(error.repository, inside, False) if part else make(folder, "", True)
    if json:
        terminal.tell_json(json_shapes.init(result))
    else:
        terminal.tell(_sentence(folder / subdir, result))


def _sentence(folder: Path, result: InitResult) -> str:
    where = "this folder" if folder == Path() else str(folder)
    if not result.created:
        return f"There is a knowledge base in {where} already (branch {result.branch}); nothing changed."
    return f"Made a knowledge base in {where} (branch {result.branch})."


def refresh(context: typer.Context, json: JsonOption = False, kb: KbOption = None, verbose: VerboseOption = False) -> None:
    """Bring the shared pages up to date, if any are pending."""
    from gitkb.cli.listeners import Messages

    base = knowledge_base(context, kb)
    with resumable():
        listener = Messages()
        summary = base.refresh(listener)
    if json:
        terminal.tell_json(json_shapes.refresh(summary))
        raise typer.Exit(ExitCode.PARTIAL if listener.missing else ExitCode.OK)
    counts = json_shapes.page_counts(summary.pages)
    words = {"new": counts["created"], "changed": counts["changed"], "removed": counts["removed"]}
    done = f"Pages: {terminal.listed(words)}" if summary.pages else "No pages were pending"
    terminal.tell(f"{done}. {summary.branch} is at {terminal.short(summary.commit)}.")
    if line := spent(summary.usage):
        terminal.tell(line)
    raise typer.Exit(ExitCode.PARTIAL if listener.missing else ExitCode.OK)


def migrate(
    context: typer.Context,
    branch: BranchOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Bring a knowledge base of an older format to the newest one, in one commit."""
    from gitkb.cli.listeners import Messages

    base = knowledge_base(context, kb)
    with resumable():
        summary = base.migrate(Messages(lambda _: None), branch=branch, dry_run=dry_run)
    if json:
        terminal.tell_json(json_shapes.fields(summary, dry_run=dry_run), indent=2)
        return
    at = where(summary.branch, summary.commit)
    if not summary.files:
        terminal.tell(f"Nothing to migrate: format {summary.after} is the newest. {at}")
        return
    for path in summary.files if dry_run else ():
        terminal.tell(f"write   {path}")
    done = "Would have migrated" if dry_run else "Migrated"
    files = terminal.counted(len(summary.files), "file")
    terminal.tell(f"{done} from format {summary.before} to {summary.after}: {files}. {at}")


def recover(
    context: typer.Context,
    prune_cache: Annotated[
        bool, typer.Option("--prune-cache", help="Also empty the cache of conversions and of a model's replies.")
    ] = False,
    cancel_batches: Annotated[
        bool, typer.Option("--cancel-batches", help="Also end the batches that wait at the model's server; keep their answers.")
    ] = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Clear up after a run that was killed; its commits stay."""
    from gitkb.cli.listeners import Messages

    base = knowledge_base(context, kb)
    with resumable():
        found = base.recover(Messages())
        cancelled = base.cancel_batches(Messages()) if cancel_batches else None
        pruned = base.prune_cache() if prune_cache else None
    if json:
        terminal.tell_json(json_shapes.recovered(found, pruned, cancelled))
        return
    if cancelled is not None:
        terminal.tell(f"Cancelled: {terminal.counted(cancelled, 'batch', 'batches')}. What was answered is kept.")
    if found or not (pruned or cancel_batches):
        terminal.tell("Recovered." if found else "There is nothing to recover.")
    if pruned:
        replies, conversions = (
            terminal.counted(pruned.replies, "reply", "replies"),
            terminal.counted(pruned.conversions, "entry", "entries"),
        )
        terminal.tell(f"The cache is empty: {replies} of models and {conversions} of conversions are gone.")
