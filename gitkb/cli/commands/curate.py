"""`gitkb remove`, `undo`, `approve`, `same`, `apart` and `drop`: what a person decides about documents and pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gitkb.api import json_shapes
from gitkb.cli import terminal
from gitkb.cli.common_options import BranchOption, DryRunOption, Folders, JsonOption, KbOption, VerboseOption, common
from gitkb.cli.interrupts import resumable
from gitkb.cli.locate import knowledge_base
from gitkb.cli.summaries import pages_in_words, tell_links, tell_pages, where
from gitkb.cli.whole_names import YesOption, with_whole_names

if TYPE_CHECKING:
    from gitkb.model.results import ApproveSummary, DecideSummary, DropSummary, RemoveSummary


def remove(
    context: typer.Context,
    documents: Annotated[list[str], typer.Argument(metavar="DOCUMENT", help="Name or source path.", show_default=False)],
    branch: BranchOption = "",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Remove documents: what remains is as if they had never come."""
    from gitkb.cli.listeners import Messages
    from gitkb.model.options import ChangeOptions

    base = knowledge_base(context, kb)
    with resumable():
        options = ChangeOptions(branch, dry_run)
        summary = with_whole_names(documents, yes, lambda names: base.remove(names, options, Messages()))
    if json:
        terminal.tell_json(json_shapes.fields(summary, dry_run=dry_run), indent=2)
        return
    if dry_run:
        _tell_preview(summary, every=common(context, kb, verbose).verbose)
    done = "Would have removed" if dry_run else "Removed"
    counted = terminal.counted(len(summary.documents), "document")
    terminal.tell(f"{done} {counted}.{pages_in_words(summary.pages)} {where(summary.branch, summary.commit)}")


def _tell_preview(summary: RemoveSummary, *, every: bool) -> None:
    for document in summary.documents:
        terminal.tell(f"remove  {document.document}  {document.title}")
        for path in document.files:
            terminal.tell(f"  delete  {path}")
    tell_pages(summary.pages, {path: terminal.counted(n, "claim") for path, n in summary.claims.items()})
    tell_links(summary.links, every=every)


def undo(
    context: typer.Context,
    what: Annotated[
        str | None,
        typer.Argument(metavar="[COMMIT | DOCUMENT[@REV]]", help="Default: the last change.", show_default=False),
    ] = None,
    rest: Annotated[bool, typer.Option("--rest", help="Leave what was changed since, and take back the rest.")] = False,
    branch: BranchOption = "",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Take back a change, the last by default, as a new commit."""
    from gitkb.cli.listeners import Messages
    from gitkb.model.options import ChangeOptions

    base = knowledge_base(context, kb)
    with resumable():
        options = ChangeOptions(branch, dry_run)
        summary = with_whole_names([what or ""], yes, lambda names: base.undo(names[0] or None, options, Messages(), rest=rest))
    if json:
        terminal.tell_json(json_shapes.fields(summary, dry_run=dry_run), indent=2)
        return
    if dry_run:
        for word, paths in (("restore", summary.restored), ("delete", summary.deleted)):
            for path in paths:
                terminal.tell(f"{word:7} {path}")
        tell_pages(summary.pages, {})
    for path in summary.left:
        terminal.say(f"left as it is, for it was changed since: {path}")
    done = "Would have undone" if dry_run else "Undid"
    change = f"{terminal.short(summary.undone)} ({summary.subject})"
    terminal.tell(f"{done} {change}.{pages_in_words(summary.pages)} {where(summary.branch, summary.commit)}")


def approve(
    context: typer.Context,
    pages: Annotated[list[str], typer.Argument(metavar="PAGE", help="A concept's or entity's name or path.", show_default=False)],
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take your own approval of these pages back.")] = False,
    date: Annotated[
        str,
        typer.Option("--date", metavar="DATE", show_default=False, help="When you confirmed it (2026-11-24); default: now."),
    ] = "",
    branch: BranchOption = "",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Confirm, as a person, what pages claim. When an ingest changes these claims, the pages count as changed since approval."""
    from gitkb.cli.listeners import Messages
    from gitkb.model.options import ApproveOptions

    base = knowledge_base(context, kb)
    with resumable():
        options = ApproveOptions(branch, withdraw, date, dry_run)
        summary = with_whole_names(pages, yes, lambda names: base.approve(names, options, Messages()))
    if json:
        terminal.tell_json(json_shapes.fields(summary, dry_run=dry_run, withdrawn=withdraw), indent=2)
        return
    if dry_run:
        _tell_approvals(summary)
    _tell_approved(summary, withdraw, dry_run)


def _tell_approvals(summary: ApproveSummary) -> None:
    for path in summary.edits:
        terminal.tell(f"commit  {path}  (your uncommitted edits, as yours)")
    for path in summary.files:
        terminal.tell(f"write   {path}")
    tell_pages(summary.pages, {})


def _tell_approved(summary: ApproveSummary, withdraw: bool, dry_run: bool) -> None:
    verb = "taken back the approval of" if withdraw else "approved"
    for page in summary.approved:
        name = page.page.removeprefix("wiki/").removesuffix(".md")
        claims = "" if withdraw else f" ({terminal.counted(page.claims, 'claim')})"
        if page.changed:
            terminal.tell(f"{'Would have ' if dry_run else ''}{verb if dry_run else verb.capitalize()} {name}{claims}.")
            for said in page.said if dry_run else ():
                terminal.tell(f"  - {said}")
        else:
            terminal.tell(f"{name} {'has no approval of yours' if withdraw else 'is approved by you as it is'}: nothing to do.")
    when = (
        f"As {summary.by.removeprefix('human:')}, on {summary.at[:10]}." if any(page.changed for page in summary.approved) else ""
    )
    parts = (when, pages_in_words(summary.pages).strip(), where(summary.branch, summary.commit))
    terminal.tell(" ".join(filter(None, parts)))


def same(
    context: typer.Context,
    page: Annotated[str, typer.Argument(metavar="PAGE", help="Title or path.", show_default=False)],
    into: Annotated[str, typer.Argument(metavar="INTO", help="The page on which both will stand.", show_default=False)],
    branch: BranchOption = "",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Decide that two names mean the same thing.

    The first becomes an alias of the second: its claims go on the second one's page, also those of documents that come
    later. This replaces what was decided about the two before, by a person or a model; gitkb apart and gitkb undo take it back.
    """
    decide(context, (page, into), kb, branch, same=True, dry_run=dry_run, yes=yes, json=json)


def decide(
    context: typer.Context,
    names: tuple[str, str],
    kb: Folders,
    branch: str,
    documents: tuple[str, ...] = (),
    *,
    same: bool,
    dry_run: bool,
    yes: bool,
    json: bool,
) -> None:
    """Decides about two names and tells what came of it."""
    from gitkb.cli.listeners import Messages
    from gitkb.model.options import ChangeOptions

    base = knowledge_base(context, kb)
    with resumable():
        options = ChangeOptions(branch, dry_run)
        summary = with_whole_names(
            (*names, *documents),
            yes,
            lambda whole: base.decide(whole[0], whole[1], options, Messages(), same=same, documents=whole[2:]),
        )
    if json:
        terminal.tell_json(json_shapes.fields(summary, same=same, dry_run=dry_run), indent=2)
        return
    if dry_run:
        _tell_decision(summary)
    _tell_decided(summary, same, dry_run)


def _tell_decided(summary: DecideSummary, same: bool, dry_run: bool) -> None:
    for path in summary.words:
        terminal.say(f"{path} holds words of yours; they stay on that page. Its claims are on {summary.page}.")
    now = "has its claims on the page of" if same else "is kept apart from"
    within = f" in {terminal.counted(len(summary.documents), 'document')}" if summary.documents else ""
    if not summary.written and not summary.deleted:
        terminal.tell(f"{summary.name} {now} {summary.other} already. {where(summary.branch, summary.commit)}")
        return
    done = "Would have decided" if dry_run else "Decided"
    means = "means" if same or within else "is not the same as"
    sentence = f"{done} that {summary.name} {means} {summary.other}{within}."
    terminal.tell(f"{sentence}{pages_in_words(summary.pages)} {where(summary.branch, summary.commit)}")


def apart(
    context: typer.Context,
    page: Annotated[str, typer.Argument(metavar="PAGE", help="Title or path.", show_default=False)],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="What it is not.", show_default=False)],
    within: Annotated[
        list[str] | None,
        typer.Option("--in", metavar="DOCUMENT", help="In this document PAGE means OTHER; may be repeated.", show_default=False),
    ] = None,
    branch: BranchOption = "",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Decide that two names mean different things.

    Each keeps a page of its own. Where they share a page, the one that became an alias leaves it. This replaces what was
    decided about the two before, by a person or a model; gitkb same and gitkb undo take it back.

    With --in, one name means two things: what these documents say of PAGE goes to a page of its own, called OTHER.
    """
    decide(context, (page, other), kb, branch, tuple(within or ()), same=False, dry_run=dry_run, yes=yes, json=json)


def drop(
    context: typer.Context,
    page: Annotated[str, typer.Argument(metavar="PAGE", help="Title, path or unique part.", show_default=False)],
    back: Annotated[bool, typer.Option("--undo", help="Take the decision back: the name gets its page again.")] = False,
    yes: YesOption = False,
    branch: BranchOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Decide that a name gets no page.

    Its page goes, also if later documents speak of it. Their summaries still name it. What you wrote on the page stays.
    """
    from gitkb.cli.listeners import Messages
    from gitkb.model.options import ChangeOptions

    base = knowledge_base(context, kb)
    with resumable():
        options = ChangeOptions(branch, dry_run)
        summary = with_whole_names([page], yes, lambda names: base.drop(names[0], options, Messages(), back=back))
    if json:
        terminal.tell_json(json_shapes.fields(summary, back=back, dry_run=dry_run), indent=2)
        return
    if dry_run:
        _tell_decision(summary)
    for path in summary.words:
        terminal.say(f"{path} holds words of yours; they stay on that page.")
    means = "gets a page again" if back else "gets no page"
    if not summary.written and not summary.deleted:
        said = f"That {summary.name} gets no page was {'not decided' if back else 'decided already'}."
        terminal.tell(f"{said} {where(summary.branch, summary.commit)}")
        return
    done = "Would have decided" if dry_run else "Decided"
    terminal.tell(f"{done} that {summary.name} {means}.{pages_in_words(summary.pages)} {where(summary.branch, summary.commit)}")


def _tell_decision(summary: DecideSummary | DropSummary) -> None:
    for word, paths in (("write", summary.written), ("delete", summary.deleted)):
        for path in paths:
            terminal.tell(f"{word:7} {path}")
    tell_pages(summary.pages, {})
    for path in summary.besides:
        terminal.tell(f"{'besides':7} {path}")
