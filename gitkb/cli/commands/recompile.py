"""`gitkb recompile`: documents are made again from their originals in the knowledge base."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from gitkb.api import json_shapes
from gitkb.cli import terminal
from gitkb.cli.commands.add import tell_estimate, tell_foreseen
from gitkb.cli.common_options import BranchOption, CompilerOption, JsonOption, KbOption, ModelOption, VerboseOption, common
from gitkb.cli.interrupts import resumable
from gitkb.cli.listeners import spent
from gitkb.cli.locate import knowledge_base
from gitkb.cli.progress import display
from gitkb.cli.summaries import pages_in_words, where
from gitkb.errors import ExitCode

if TYPE_CHECKING:
    from gitkb.model.results import RecompileSummary


def recompile(
    context: typer.Context,
    documents: Annotated[
        list[str] | None, typer.Argument(metavar="[DOCUMENT]...", help="Name, source path or unique part.", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All documents.")] = False,
    outdated: Annotated[bool, typer.Option("--outdated", help="Those that `gitkb status` calls outdated.")] = False,
    jobs: Annotated[int, typer.Option(metavar="N", min=0, help="Worker processes; 0 is one per core.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would differ; change nothing, ask no model.")] = False,
    branch: BranchOption = "",
    compiler: CompilerOption = None,
    model: ModelOption = "",
    max_tokens: Annotated[int, typer.Option(metavar="N", min=0, help="Ask a model for so many tokens at most; 0: no limit.")] = 0,
    estimate: Annotated[bool, typer.Option("--estimate", help="Say what a model would be asked; ask nothing.")] = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Make documents again with the present converters, compiler and settings.

    From the originals in the knowledge base; a document that comes out as it is gets no commit. Cached work is not paid again.
    """
    from gitkb.cli.listeners import Adding
    from gitkb.model.options import RecompileOptions

    base = knowledge_base(context, kb)
    options = RecompileOptions(
        every=every,
        outdated=outdated,
        jobs=jobs,
        dry_run=dry_run,
        timings=common(context, kb, verbose).verbose,
        branch=branch,
        compiler=compiler or "",
        model=model,
        max_tokens=max_tokens,
    )
    names = documents or []
    if estimate:
        tell_estimate(lambda listener: base.estimate_recompile(names, options, listener), json=json)
        return
    with resumable(), display(quiet=json and sys.stdout.isatty()) as shown:
        listener = Adding(json=json, say=shown.say, advance=shown.advance, dry_run=dry_run)
        summary = base.recompile(names, options, listener)
    if json:
        terminal.tell_json(json_shapes.recompile_event(summary, dry_run=dry_run) | {"unwritten": listener.missing})
    else:
        _tell(summary, dry_run, every=options.timings)
    raise typer.Exit(ExitCode.PARTIAL if summary.failed or listener.missing else ExitCode.OK)


def _tell(summary: RecompileSummary, dry_run: bool, *, every: bool) -> None:
    if dry_run:
        tell_foreseen(summary.foreseen, summary.pages, files=True, every=every)
    counts = (
        ("would have recompiled" if dry_run else "recompiled", summary.recompiled),
        ("unchanged", summary.unchanged),
        ("skipped", summary.skipped),
        ("failed", summary.failed),
    )
    done = ", ".join(f"{word} {number:,}" for word, number in counts if number) or "nothing to recompile"
    terminal.tell(f"{done[0].upper()}{done[1:]} in {summary.seconds:.1f} s.{pages_in_words(summary.pages)}")
    if summary.recompiled and not dry_run:
        terminal.tell(where(summary.branch, summary.commit))
    if cost := spent(summary.usage, summary.ungrounded):
        terminal.tell(cost)
