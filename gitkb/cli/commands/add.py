"""`gitkb add` and `recompile`: files, folders and pages of the web become documents, and documents are made again.

With no knowledge base above the current folder it offers to make one on a terminal, and names the command otherwise. A folder
named by `--kb` or `GITKB_DIR` is never created.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gitkb.api import json_shapes
from gitkb.cli import terminal
from gitkb.cli.backend_options import Backend, BackendOption, SchedulerOption, SharedOption, cluster_options
from gitkb.cli.common_options import (
    BranchOption,
    CompilerOption,
    Folders,
    JsonOption,
    KbOption,
    ModelOption,
    VerboseOption,
    common,
)
from gitkb.cli.interrupts import resumable
from gitkb.cli.listeners import spent
from gitkb.cli.locate import knowledge_base, named
from gitkb.cli.progress import display
from gitkb.cli.summaries import pages_in_words, tell_links, tell_pages, where
from gitkb.cli.whole_names import with_whole_names
from gitkb.errors import ExitCode, NotAKnowledgeBase, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitkb import KnowledgeBase
    from gitkb.cli.listeners import Skips
    from gitkb.model.listener import Listener
    from gitkb.model.options import AddOptions
    from gitkb.model.results import AddSummary, Foreseen, PageChanges, RecompileSummary
    from gitkb.model.usage import Estimate


Globs = list[str] | None
StartOption = Annotated[
    str, typer.Option("--from", metavar="REV", help="Where a new branch starts; default: here.", show_default=False)
]
_NAMED_EMPTY = 5
_SCHEME = re.compile(r"(https?|file|ftps?|sftp|data|javascript|mailto|[a-z][a-z0-9+.-]*(?=://)):(//)?", re.IGNORECASE)


def add(
    context: typer.Context,
    wanted: Annotated[
        list[str] | None, typer.Argument(metavar="PATH|URL", help="Files, folders, http(s) addresses.", show_default=False)
    ] = None,
    into: Annotated[str, typer.Option(metavar="PREFIX", help="Name the root so, instead of after its folder.")] = "",
    update: Annotated[bool, typer.Option("--update", help="It is the same folder, though all its files have changed.")] = False,
    jobs: Annotated[int, typer.Option(metavar="N", min=0, help="Worker processes; 0 is one per core.")] = 0,
    backend: BackendOption = Backend.LOCAL,
    scheduler: SchedulerOption = "",
    shared: SharedOption = False,
    include: Annotated[Globs, typer.Option(metavar="GLOB", help="Only these; may be repeated.")] = None,
    exclude: Annotated[Globs, typer.Option(metavar="GLOB", help="Not these; may be repeated.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, page by page; change nothing.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Also remove documents whose file is gone from the folder.")] = False,
    older: Annotated[bool, typer.Option("--older", help="Also what would turn documents back to an older version.")] = False,
    branch: BranchOption = "",
    start: StartOption = "",
    compiler: CompilerOption = None,
    model: ModelOption = "",
    max_tokens: Annotated[int, typer.Option(metavar="N", min=0, help="Ask a model for so many tokens at most; 0: no limit.")] = 0,
    refetch: Annotated[bool, typer.Option("--refetch", help="Fetch again all that came from the web.")] = False,
    allow_private: Annotated[bool, typer.Option("--allow-private", help="Fetch from hosts that are not public, too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Send the model what looks private, too, wherever it is.")] = False,
    batch: Annotated[
        bool, typer.Option("--batch", help="Ask a model in batches: for less, within a day; may be stopped.")
    ] = False,
    estimate: Annotated[bool, typer.Option("--estimate", help="Say what a model would be asked; ask nothing.")] = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Add documents: each becomes one commit.

    Unchanged files and pages are skipped, changed ones update their document, moved files rename it. Respects .gitignore and
    .gitkbignore.
    """
    from msgspec.structs import replace

    from gitkb.model.options import AddOptions

    paths, urls = _named_sources(wanted or (), refetch=refetch)
    base, told = _base_or_new(context, kb, wanted or ()), common(context, kb, verbose)
    options = AddOptions(
        into=into,
        update=update,
        jobs=jobs,
        cluster=cluster_options(backend, scheduler, shared=shared),
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        dry_run=dry_run,
        timings=told.verbose,
        prune=prune,
        older=older,
    )
    options = replace(
        options, branch=branch, start=start, compiler=compiler or "", model=model, max_tokens=max_tokens, batch=batch
    )
    options = replace(options, urls=urls, refetch=refetch, allow_private=allow_private, private=yes)
    raise typer.Exit(_run(base, paths, options, estimate=estimate, json=json, folder=told.kb))


def _named_sources(wanted: Sequence[str], *, refetch: bool) -> tuple[list[Path], tuple[str, ...]]:
    paths, urls = sources(wanted)
    if not (paths or urls or refetch):
        raise UsageError("There is nothing to add.", "Name files, folders or web addresses, or give --refetch.")
    return paths, urls


def _run(
    base: KnowledgeBase, paths: Sequence[Path], options: AddOptions, *, estimate: bool, json: bool, folder: Path | None
) -> ExitCode:
    """Adds the documents and tells what became of them, or what a model would be asked; the exit code."""
    from gitkb.cli.listeners import Adding

    if estimate:
        tell_estimate(lambda listener: base.estimate(paths, options, listener), json=json, batch=options.batch)
        return ExitCode.OK
    with resumable(), display(quiet=json and sys.stdout.isatty()) as shown:
        listener = Adding(
            json=json,
            say=shown.say,
            advance=shown.advance,
            tell=shown.tell,
            index=shown.index,
            wait=shown.wait,
            dry_run=options.dry_run,
            agreed=shown.agreed,
        )
        summary = base.add(paths, options, listener)
    if json:
        terminal.tell_json(json_shapes.add_event(summary, dry_run=options.dry_run) | {"unwritten": listener.missing})
    else:
        tell_summary(summary, listener.skips, options, folder)
    return ExitCode.PARTIAL if summary.failed or summary.older or summary.private or listener.missing else ExitCode.OK


def sources(wanted: Sequence[str]) -> tuple[list[Path], tuple[str, ...]]:
    """(paths, addresses) of what a person named; `UsageError` for an address of another kind than http and https."""
    paths, urls = [], []
    for text in wanted:
        scheme = _SCHEME.match(text)
        if scheme is None or (not scheme[2] and Path(text).exists()):
            paths.append(Path(text))
        elif scheme[1].lower() in ("http", "https") and scheme[2]:
            urls.append(text)
        else:
            raise UsageError(
                f"{text} cannot be fetched: only addresses like https://host/page are.", "Give a file by its path instead."
            )
    return paths, tuple(urls)


def tell_estimate(ask: Callable[[Listener], Estimate], *, json: bool, batch: bool = False) -> None:
    """What a model would be asked, in words or as JSON; `batch`: at the price of batches."""
    from gitkb.cli.listeners import Messages, money
    from gitkb.model.usage import Usage

    with resumable():
        found = ask(Messages())
    if json:
        terminal.tell_json(json_shapes.fields(found))
        return
    tokens = (found.tokens_in, found.tokens_out)
    cost = Usage(found.calls, 0, *tokens, 0, *(tokens if batch else ()))
    documents, calls = terminal.counted(found.documents, "document"), terminal.counted(found.calls, "call")
    known = f" {found.known:,} more are answered in the cache." if found.known else ""
    failed = f" {terminal.counted(found.failed, 'document')} cannot be converted." if found.failed else ""
    terminal.tell(
        f"{documents}: {calls}, about {found.tokens_in:,} tokens in and {found.tokens_out:,} out"
        f"{money(cost)}{' in batches' if batch else ''}.{known}{failed}"
        " Each shared page that changes takes a call more, and so does each pair of names that look alike."
    )


def _base_or_new(context: typer.Context, kb: Folders, wanted: Sequence[str]) -> KnowledgeBase:
    try:
        return knowledge_base(context, kb)
    except NotAKnowledgeBase as error:
        if named(context, kb) is not None:
            raise
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            command = shlex.join(["gitkb", "add", "--kb", "my-kb", *wanted])
            raise NotAKnowledgeBase(error.message, f"Make one: gitkb init my-kb && {command}") from error
        return _offer(error)


def _offer(error: NotAKnowledgeBase) -> KnowledgeBase:
    from gitkb import KnowledgeBase
    from gitkb.cli.listeners import Messages

    terminal.say(error.message)
    if not terminal.agreed("Make one in this folder?"):
        raise NotAKnowledgeBase("Nothing was added.", "gitkb init DIR makes a knowledge base elsewhere.")
    KnowledgeBase.init(Path(), bare=False, listener=Messages())
    return KnowledgeBase.open(Path())


def tell_summary(summary: AddSummary, skips: Skips, options: AddOptions, folder: Path | None, *, next_step: bool = True) -> None:
    """Says what a run did and, as a `next_step`, where to look now."""
    counts = [f"{word} {number:,}{note}" for word, number, note in _counts(summary, skips, options.dry_run) if number]
    done = ", ".join(counts) or "nothing to add"
    if options.dry_run:
        tell_foreseen(summary.foreseen, summary.pages, files=options.timings, every=options.timings)
    if skips.empty:
        shown = skips.empty if options.timings else skips.empty[:_NAMED_EMPTY]
        more = f" and {len(skips.empty) - len(shown):,} more (-v names them)" if len(shown) < len(skips.empty) else ""
        terminal.say(f"Nothing to read in {', '.join(shown)}{more}.")
    if skips.removed:
        _tell_removed(skips.removed)
    terminal.tell(f"{done[0].upper()}{done[1:]} in {summary.seconds:.1f} s.{pages_in_words(summary.pages)}")
    if next_step and not options.dry_run and summary.added + summary.updated + summary.renamed + summary.removed:
        then = f" Review it: {_command('diff', folder, f'..{options.branch}')}" if options.branch else _next(folder)
        terminal.tell(f"{summary.branch} is at {terminal.short(summary.commit)}.{then}")
    if cost := spent(summary.usage, summary.ungrounded):
        terminal.tell(cost)


def _tell_removed(removed: Sequence[str]) -> None:
    """Names the files that stayed out because people removed their documents."""
    for each in removed[:_NAMED_EMPTY]:
        terminal.say(f"Left out: {each}; add --older brings it back.")
    if len(removed) > _NAMED_EMPTY:
        terminal.say(f"Left out, too: {len(removed) - _NAMED_EMPTY:,} more that were removed here.")


def _counts(summary: AddSummary, skips: Skips, dry_run: bool) -> list[tuple[str, int, str]]:
    would = "would have " if dry_run else ""
    reasons = {
        "unchanged": skips.unchanged,
        "same bytes as others": skips.duplicates,
        "same pages as others": skips.same_pages,
        "empty": len(skips.empty),
        "removed here": len(skips.removed),
    }
    reasons |= {"older than the knowledge base": skips.older, "likely private": skips.private}
    why = terminal.listed(reasons)
    return [
        (f"{would}added", summary.added, ""),
        (f"{would}updated", summary.updated, ""),
        (f"{would}renamed", summary.renamed, ""),
        (f"{would}removed", summary.removed, ""),
        ("skipped", summary.skipped, f" ({_reasons(why)})" if why else ""),
        ("failed", summary.failed, ""),
    ]


def _reasons(why: str) -> str:
    """One reason needs no number of its own: it is the number of all."""
    return why if ", " in why else why.split(" ", 1)[1]


def tell_foreseen(foreseen: Foreseen, pages: PageChanges, *, files: bool, every: bool) -> None:
    """The pages and links that a dry run is about, `every` one of these, and the `files` besides."""
    for word, paths in (("write", foreseen.written), ("delete", foreseen.deleted)) if files else ():
        for path in paths:
            terminal.tell(f"  {word:7} {path}")
    tell_pages(pages, {})
    tell_links(foreseen.links, every=every)


def _next(folder: Path | None) -> str:
    """Where to look now; a bare repository has no page to open."""
    index = (folder or Path()) / "wiki" / "index.md"
    search = _command("search", folder, "WORDS")
    return f" Read {index}, or: {search}" if index.is_file() else f" Look into it: {search}"


def _command(name: str, folder: Path | None, argument: str) -> str:
    option = f"--kb {shlex.quote(str(folder))} " if folder else ""
    return f"gitkb {name} {option}{shlex.quote(argument)}"


def recompile(
    context: typer.Context,
    documents: Annotated[
        list[str] | None, typer.Argument(metavar="[DOCUMENT]...", help="Name or source path.", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All documents.")] = False,
    outdated: Annotated[bool, typer.Option("--outdated", help="Those that `gitkb status` calls outdated.")] = False,
    jobs: Annotated[int, typer.Option(metavar="N", min=0, help="Worker processes; 0 is one per core.")] = 0,
    backend: BackendOption = Backend.LOCAL,
    scheduler: SchedulerOption = "",
    shared: SharedOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would differ; change nothing, ask no model.")] = False,
    branch: BranchOption = "",
    compiler: CompilerOption = None,
    model: ModelOption = "",
    max_tokens: Annotated[int, typer.Option(metavar="N", min=0, help="Ask a model for so many tokens at most; 0: no limit.")] = 0,
    estimate: Annotated[bool, typer.Option("--estimate", help="Say what a model would be asked; ask nothing.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Take a part of a name for the only one that has it; send what looks private.")
    ] = False,
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
        cluster=cluster_options(backend, scheduler, shared=shared),
        dry_run=dry_run,
        timings=common(context, kb, verbose).verbose,
        branch=branch,
        compiler=compiler or "",
        model=model,
        max_tokens=max_tokens,
        private=yes,
    )
    names = documents or []
    if estimate:
        tell_estimate(
            lambda listener: with_whole_names(names, yes, lambda whole: base.estimate_recompile(whole, options, listener)),
            json=json,
        )
        return
    with resumable(), display(quiet=json and sys.stdout.isatty()) as shown:
        listener = Adding(json=json, say=shown.say, advance=shown.advance, tell=shown.tell, index=shown.index, dry_run=dry_run)
        summary = with_whole_names(names, yes, lambda whole: base.recompile(whole, options, listener))
    if json:
        terminal.tell_json(json_shapes.recompile_event(summary, dry_run=dry_run) | {"unwritten": listener.missing})
    else:
        _tell_recompiled(summary, dry_run, every=options.timings)
    raise typer.Exit(ExitCode.PARTIAL if summary.failed or listener.missing else ExitCode.OK)


def _tell_recompiled(summary: RecompileSummary, dry_run: bool, *, every: bool) -> None:
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
