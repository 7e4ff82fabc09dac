"""`gitkb source`, `sync` and `watch`: where documents come from, as everybody has it; bringing them up to date from there; and
following folders until somebody ends it.

Invariant: a run of `watch` in which nothing happened says nothing; that watching has begun is said once.
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
from gitkb.cli.backend_options import Backend, BackendOption, SchedulerOption, SharedOption, cluster_options
from gitkb.cli.commands.add import Globs, tell_summary
from gitkb.cli.common_options import (
    AtOption,
    BranchOption,
    CompilerOption,
    JsonOption,
    KbOption,
    ModelOption,
    VerboseOption,
    common,
)
from gitkb.cli.interrupts import resumable
from gitkb.cli.listeners import Adding, Skips
from gitkb.cli.locate import knowledge_base
from gitkb.cli.plain_parameters import PlainCommand
from gitkb.cli.progress import display
from gitkb.cli.summaries import where
from gitkb.errors import ExitCode, UsageError
from gitkb.model.listener import WatchListener
from gitkb.model.options import AddOptions, DeclaredSource, SyncOptions
from gitkb.model.results import AddSummary, DocumentResult, Outcome

if TYPE_CHECKING:
    from gitkb import KnowledgeBase
    from gitkb.model.rows import SourceRow


source = typer.Typer(
    help="Say where documents come from, for everybody who works here.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

_LISTED = ", "
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The root of its documents.", show_default=False)]
PathOption = Annotated[str, typer.Option("--path", metavar="DIR", help="A folder of this repository.", show_default=False)]
RepoOption = Annotated[
    str,
    typer.Option("--repo", metavar="URL", help="Another repository: https, ssh, git, or ../path from here.", show_default=False),
]
RefOption = Annotated[
    str, typer.Option("--ref", metavar="REF", help="Its branch or tag; without, its default branch.", show_default=False)
]
SubdirOption = Annotated[
    str, typer.Option("--subdir", metavar="DIR", help="Only this folder of the other repository.", show_default=False)
]


@source.command("add", cls=PlainCommand)
def add_source(
    context: typer.Context,
    name: NameArgument,
    path: PathOption = "",
    repo: RepoOption = "",
    ref: RefOption = "",
    subdir: SubdirOption = "",
    include: Annotated[Globs, typer.Option(metavar="GLOB", help="Only these files; may be repeated.")] = None,
    exclude: Annotated[Globs, typer.Option(metavar="GLOB", help="Not these files; may be repeated.")] = None,
    branch: BranchOption = "",
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Declare where the documents below a root come from; gitkb sync brings them."""
    from gitkb.cli.listeners import Messages

    base = knowledge_base(context, kb)
    if bool(path) == bool(repo):
        raise UsageError("A source is a folder of this repository or another repository.", "Give --path DIR or --repo URL.")
    declared = DeclaredSource(
        name, _from_top(base, path), repo, ref, subdir.strip("/"), tuple(include or ()), tuple(exclude or ())
    )
    with resumable():
        summary = base.sources.add(declared, Messages(), branch=branch)
    if json:
        terminal.tell_json(json_shapes.fields(summary), indent=2)
        return
    terminal.tell(f"{name} comes from {declared.where}. {where(summary.branch, summary.commit)} Bring it: gitkb sync {name}")


def _from_top(base: KnowledgeBase, path: str) -> str:
    """A folder as it is declared: by its path from the top of the repository, or as it was typed, to be refused."""
    return (base.sources.path_of(Path(path)) or path.rstrip("/")) if path else ""


@source.command("list", cls=PlainCommand)
def list_sources(
    context: typer.Context, at: AtOption = None, json: JsonOption = False, kb: KbOption = None, verbose: VerboseOption = False
) -> None:
    """List the declared sources: name, where it is, documents, the commit that they came from."""
    rows = knowledge_base(context, kb).sources.listed(at)
    if json:
        terminal.tell_json(json_shapes.rows(rows), indent=2)
        return
    if not rows:
        terminal.tell("No source is declared. gitkb source add NAME --path DIR, or --repo URL, declares one.")
    width = max((len(row.name) for row in rows), default=0)
    for row in rows:
        terminal.tell(f"{row.name:{width}}  {_described(row)}")


def _described(row: SourceRow) -> str:

    here = DeclaredSource(row.name, row.path, row.repo, row.ref, row.subdir).where
    only = [*row.include, *(f"not {each}" for each in row.exclude)]
    documents = terminal.counted(row.documents, "document")
    return f"{here}{f' ({_LISTED.join(only)})' if only else ''}: {documents}, {row.origin or 'at no commit'}"


@source.command("remove", cls=PlainCommand)
def remove_source(
    context: typer.Context,
    name: NameArgument,
    branch: BranchOption = "",
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Take a declaration away; the documents stay."""
    from gitkb.cli.listeners import Messages

    base = knowledge_base(context, kb)
    with resumable():
        summary = base.sources.remove(name, Messages(), branch=branch)
    if json:
        terminal.tell_json(json_shapes.fields(summary), indent=2)
        return
    terminal.tell(f"{name} is declared no more; its documents stay. {where(summary.branch, summary.commit)}")


def sync(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Sources; without, all.", show_default=False)
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", min=0, help="Worker processes; 0 is one per core.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, page by page; change nothing.")] = False,
    branch: BranchOption = "",
    model: ModelOption = "",
    max_tokens: Annotated[int, typer.Option(metavar="N", min=0, help="Ask a model for so many tokens at most; 0: no limit.")] = 0,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Bring documents up to date from their declared sources.

    What is new or changed there is added, and documents whose file is gone there are removed. Documents that were removed here
    stay out. Nobody is asked for a password, and nothing of another repository runs.
    """

    base, told = knowledge_base(context, kb), common(context, kb, verbose)
    options = SyncOptions(jobs, dry_run, told.verbose, branch, model, max_tokens)
    failed = False
    with display(quiet=json and sys.stdout.isatty()) as shown:
        for name in names or [row.name for row in base.sources.listed(branch or None)] or [""]:
            listener = Adding(
                json=json, say=shown.say, advance=shown.advance, index=shown.index, dry_run=dry_run, agreed=shown.agreed
            )
            with resumable():
                (done,) = base.sources.sync([name] if name else (), options, listener).sources
            failed = failed or bool(done.summary.failed or done.summary.private or listener.missing)
            if json:
                ending = json_shapes.add_event(done.summary, dry_run=dry_run)
                terminal.tell_json(ending | {"unwritten": listener.missing, "source": done.name, "source_commit": done.commit})
            else:
                at = f" @ {done.commit[:7]}" if done.commit else ""
                shown.say(f"{done.name}{at}:")
                tell_summary(done.summary, listener.skips, AddOptions(dry_run=dry_run, branch=branch), told.kb)
    raise typer.Exit(ExitCode.PARTIAL if failed else ExitCode.OK)


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
    backend: BackendOption = Backend.LOCAL,
    scheduler: SchedulerOption = "",
    shared: SharedOption = False,
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
        cluster=cluster_options(backend, scheduler, shared=shared),
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
