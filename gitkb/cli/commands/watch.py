"""`gitkb watch`: folders are added, and then whatever changes in them, until somebody ends it.

Invariant: a run in which nothing happened says nothing; that watching has begun is said once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from gitkb.api import json_shapes
from gitkb.cli import terminal
from gitkb.cli.commands.add import Globs, tell_summary
from gitkb.cli.common_options import BranchOption, CompilerOption, JsonOption, KbOption, ModelOption, VerboseOption, common
from gitkb.cli.interrupts import resumable
from gitkb.cli.listeners import Adding, Skips
from gitkb.cli.locate import knowledge_base
from gitkb.cli.progress import display
from gitkb.errors import ExitCode
from gitkb.model.listener import WatchListener
from gitkb.model.options import AddOptions
from gitkb.model.results import AddSummary, DocumentResult, Outcome

if TYPE_CHECKING:
    from gitkb import KnowledgeBase


@dataclass
class Following(Adding, WatchListener):
    """Follows all runs of a `watch`: each one's documents and, where it did something, its end."""

    options: AddOptions = field(default_factory=AddOptions)
    kb: Path | None = None
    is_told: bool = False
    news: int = 0

    def document(self, result: DocumentResult) -> None:
        self.news += result.outcome is not Outcome.SKIPPED
        super().document(result)

    def ran(self, summary: AddSummary) -> None:
        skips, self.skips = self.skips, Skips()
        summary = replace(summary, skipped=skips.unchanged + skips.duplicates + len(skips.empty))
        did, self.news = bool(self.news or summary.pages or summary.skipped), 0
        if did and self.json:
            terminal.tell_json(json_shapes.add_event(summary) | {"unwritten": self.missing})
        elif did:
            tell_summary(summary, skips, self.options, self.kb, next_step=False)
            sys.stdout.flush()
        self.missing = 0

    def failed(self, message: str, hint: str) -> None:
        if self.json:
            terminal.tell_json(json_shapes.error_event(message, hint))
        self.say(f"error: {message} It is tried again.")
        if hint:
            self.say(f"hint:  {hint}")

    def missing_folder(self, folder: Path) -> None:
        self.say(f"{folder} is gone; it is waited for.")
        if self.json:
            terminal.tell_json(json_shapes.missing_event(folder.name))

    def idle(self, folders: Sequence[Path]) -> None:
        if self.is_told:
            return
        self.is_told = True
        if self.json:
            terminal.tell_json(json_shapes.watching_event(folder.name for folder in folders))
        names = ", ".join(f"{folder.name}/" for folder in folders)
        self.say(f"Watching {names}. Ctrl-C ends it.")


def watch(
    context: typer.Context,
    folders: Annotated[list[Path], typer.Argument(metavar="DIR", help="Folders.", show_default=False)],
    into: Annotated[str, typer.Option(metavar="PREFIX", help="Name the root so, instead of after its folder.")] = "",
    include: Annotated[Globs, typer.Option(metavar="GLOB", help="Only these; may be repeated.")] = None,
    exclude: Annotated[Globs, typer.Option(metavar="GLOB", help="Not these; may be repeated.")] = None,
    prune: Annotated[bool, typer.Option("--prune", help="Remove documents whose files are deleted.")] = False,
    settle: Annotated[float, typer.Option(metavar="SECONDS", min=0.05, max=3600, help="Wait until a file rests so long.")] = 1.0,
    poll: Annotated[bool, typer.Option("--poll", help="Look once a second; for network folders.")] = False,
    jobs: Annotated[int, typer.Option(metavar="N", min=0, help="Worker processes; 0 is one per core.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what the first look would add; end then.")] = False,
    branch: BranchOption = "",
    compiler: CompilerOption = None,
    model: ModelOption = "",
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Add what is in folders, then what changes there, until Ctrl-C.

    A file is added when it is no longer written to. Nothing is locked between two changes.
    """
    from gitkb.model.options import AddOptions, WatchOptions

    base = knowledge_base(context, kb)
    options = AddOptions(
        into=into,
        jobs=jobs,
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        dry_run=dry_run,
        timings=common(context, kb, verbose).verbose,
        branch=branch,
        compiler=compiler or "",
        model=model,
        prune=prune,
    )
    if dry_run:
        _first_look(base, folders, options, json=json, kb=common(context, kb, verbose).kb)
        return
    with resumable(), display(quiet=json and sys.stdout.isatty()) as shown:
        following = Following(
            json=json, say=shown.say, advance=shown.advance, options=options, kb=common(context, kb, verbose).kb
        )
        base.watch(folders, WatchOptions(options, settle, poll), following)


def _first_look(base: KnowledgeBase, folders: list[Path], options: AddOptions, *, json: bool, kb: Path | None) -> None:
    from gitkb.cli.listeners import Adding

    listener = Adding(json=json, dry_run=True)
    summary = base.add(folders, options, listener)
    if json:
        terminal.tell_json(json_shapes.add_event(summary, dry_run=True))
    else:
        tell_summary(summary, listener.skips, options, kb)
    raise typer.Exit(ExitCode.PARTIAL if summary.failed else ExitCode.OK)
