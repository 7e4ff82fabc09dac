"""`gitkb lint`: what could be better, by kind; with --fix what is safe is set right."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from gitkb.api import json_shapes
from gitkb.cli import terminal
from gitkb.cli.common_options import (
    AtOption,
    DryRunOption,
    JsonOption,
    KbOption,
    ModelOption,
    VerboseOption,
    chosen_model,
    common,
)
from gitkb.cli.interrupts import resumable
from gitkb.cli.listeners import spent
from gitkb.cli.locate import knowledge_base
from gitkb.cli.summaries import pages_in_words, tell_pages, where
from gitkb.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from gitkb.model.findings import Finding, LintResult
    from gitkb.model.results import FixSummary


SHOWN = 20
BranchOption = Annotated[
    str, typer.Option("--branch", metavar="NAME", help="Look at this branch, and fix there.", show_default=False)
]


def lint(
    context: typer.Context,
    fix: Annotated[bool, typer.Option("--fix", help="Do what is safe, one commit for each kind; say what is left.")] = False,
    dry_run: DryRunOption = False,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="CODE", show_default=False, help="Only this kind.")] = None,
    excepted: Annotated[
        list[str] | None, typer.Option("--except", metavar="CODE", show_default=False, help="Not this kind.")
    ] = None,
    at: AtOption = None,
    branch: BranchOption = "",
    model: ModelOption = "",
    no_model: Annotated[bool, typer.Option("--no-model", help="Ask no model about contradictions.")] = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Find what could be better, for people; check is for integrity.

    Names pages that may be the same, documents that a newer one replaces, dead links in your pages, and pages that say too
    little, with the command that settles it. With compiler: llm a model is asked about
    contradictions. Exit code 4 while something remains.

    CODE is one of contradiction, changed-since-approval, superseded-source, near-duplicate, dead-link, weak-source, orphan-page,
    empty-summary, everywhere, missing-description; --only and --except may be repeated. Of each kind 20 are shown, with -v all.
    """
    from gitkb.cli.listeners import Messages
    from gitkb.model.options import ChangeOptions, LintOptions

    _agree(fix, dry_run, at, branch)
    options = LintOptions(tuple(only or ()), tuple(excepted or ()))
    base = knowledge_base(context, kb)
    asked, fixed = chosen_model(model, no_model), None
    if fix:
        with resumable():
            fixed = base.fix(options, ChangeOptions(branch, dry_run), Messages())
    result = base.lint(options, Messages(), at=f"refs/heads/{branch}" if branch else at, model=asked)
    if json:
        terminal.tell_json(json_shapes.lint(result, fixed, dry_run=dry_run), indent=2)
    else:
        if fixed is not None:
            _tell_fixed(fixed, dry_run)
        _tell(result, all_of_them=common(context, kb, verbose).verbose)
    raise typer.Exit(ExitCode.PROBLEMS if result.findings else ExitCode.OK)


def _agree(fix: bool, dry_run: bool, at: str | None, branch: str) -> None:
    if dry_run and not fix:
        raise UsageError("--dry-run says what --fix would do.", "Give both, or neither.")
    if at is not None and (fix or branch):
        raise UsageError("--at looks at a revision, which nothing can be fixed in.", "Leave it out, or give only --branch.")


def _tell_fixed(done: FixSummary, dry_run: bool) -> None:
    for path in done.left:
        terminal.say(f"{path} has edits that are not committed, so it is left as it is.")
    if dry_run:
        for path in done.written:
            terminal.tell(f"write   {path}")
        for path, count in done.mended.items():
            terminal.tell(f"mend    {path}  ({terminal.counted(count, 'link')})")
        tell_pages(done.pages, {})
        for path in done.besides:
            terminal.tell(f"{'besides':7} {path}")
    names, links = len(done.merged), sum(done.mended.values())
    if not names and not links:
        terminal.tell("There is nothing to fix alone.")
        return
    did = f"{terminal.counted(names, 'name')} put on another page" if names else ""
    mended = f"{terminal.counted(links, 'dead link')} mended" if links else ""
    would = "Would be fixed" if dry_run else "Fixed"
    said = ", ".join(part for part in (did, mended) if part)
    terminal.tell(f"{would}: {said}.{pages_in_words(done.pages)} {where(done.branch, done.commit)}")


def _tell(result: LintResult, *, all_of_them: bool) -> None:
    from gitkb.model.findings import CODES

    for code, group in groupby(result.findings, key=lambda finding: finding.code):
        found = list(group)
        terminal.tell(f"{CODES[code]}: {len(found):,} [{code}]")
        shown = found if all_of_them else found[:SHOWN]
        for finding in shown:
            _tell_finding(finding)
        if len(shown) < len(found):
            terminal.tell(f"  ... and {len(found) - len(shown):,} more; -v shows all.")
    if result.unasked:
        terminal.say(result.unasked)
    if line := spent(result.usage):
        terminal.say(line)
    count = terminal.counted(len(result.findings), "finding")
    fixable = sum(finding.fixable for finding in result.findings)
    more = f", {fixable:,} of them for gitkb lint --fix" if fixable else ""
    said = f": {count}{more}." if result.findings else " is clean."
    terminal.tell(f"{terminal.short(result.commit)}{said}")


def _tell_finding(finding: Finding) -> None:
    place = f"{finding.path}:{finding.line}" if finding.line else finding.path
    terminal.tell(f"  {place}: {finding.message}")
    for number, command in enumerate(finding.commands):
        terminal.tell(f"      {'or ' if number else ''}{command}")
