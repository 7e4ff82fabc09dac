"""`gitkb list`, `show`, `status`, `log`, `blame` and `check`: what is in a knowledge base and how it stands.

On a terminal control characters are spelled out; to a program the text goes as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gitkb.api import json_shapes
from gitkb.cli import terminal
from gitkb.cli.common_options import AtOption, JsonOption, KbOption, VerboseOption
from gitkb.cli.locate import knowledge_base
from gitkb.errors import ExitCode
from gitkb.model.rows import BlameLine

if TYPE_CHECKING:
    from gitkb.model.findings import CheckResult
    from gitkb.model.rows import Outdated, PageRow, Status
    from gitkb.model.usage import KeptReplies, WaitingBatch


_WIDEST = 48
_WORDS = {"none": "", "approved": "approved", "changed": "changed"}


def list_documents(
    context: typer.Context,
    pages: Annotated[bool, typer.Option("--pages", help="List the pages of concepts and entities instead.")] = False,
    at: AtOption = None,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """List the documents: name and title; or the pages: name, approval and title."""
    base = knowledge_base(context, kb)
    if pages:
        _list_pages(base.pages(at), json)
        return
    rows = base.documents(at, commits=json)
    if json:
        terminal.tell_json(json_shapes.rows(rows), indent=2)
        return
    width = min(max((len(row.document) for row in rows), default=0), _WIDEST)
    for row in rows:
        origin = f"  ({row.origin})" if row.origin else ""
        terminal.tell(f"{row.document:{width}}  {row.title}{origin}")


def _list_pages(rows: list[PageRow], json: bool) -> None:
    if json:
        terminal.tell_json(json_shapes.rows(rows), indent=2)
        return
    names = [row.page.removeprefix("wiki/").removesuffix(".md") for row in rows]
    width = min(max(map(len, names), default=0), _WIDEST)
    for name, row in zip(names, rows, strict=True):
        terminal.tell(f"{name:{width}}  {_WORDS[row.approval]:8}  {row.title}")


def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="DOCUMENT_OR_PAGE", help="Its name, or whole words of it.", show_default=False)],
    at: AtOption = None,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Print a document's summary or any other page."""
    shown = knowledge_base(context, kb).show(name, at)
    if not json:
        terminal.tell_text(shown.text)
        if verbose and shown.record is not None and shown.record.title_reason:
            terminal.say(f"Why “{shown.record.title}” is its title: {shown.record.title_reason}.")
        if verbose and shown.record is not None and shown.record.by_rules:
            terminal.say(f"Filled by rules, because the model's reply had too little: {shown.record.by_rules}.")
        return
    terminal.tell_json(json_shapes.shown(shown), indent=2)


_FEW = 5


def status(
    context: typer.Context, at: AtOption = None, json: JsonOption = False, kb: KbOption = None, verbose: VerboseOption = False
) -> None:
    """Say where it stands: documents, pages, what waits."""
    found = knowledge_base(context, kb).status(at)
    if json:
        terminal.tell_json(json_shapes.fields(found), indent=2)
        return
    for line in _lines(found):
        terminal.tell(line)


def _lines(found: Status) -> list[str]:
    from gitkb.model.rows import State

    documents = terminal.counted(found.documents, "document")
    pages = terminal.counted(found.pages, "shared page")
    head = f"No branch is checked out; {found.branch}" if found.detached else found.branch
    lines = [f"{head} is at {terminal.short(found.commit)}: {documents}, {pages}."]
    if found.upstream:
        lines.append(_beside(found))
    if found.operation:
        lines.append(f"A {found.operation} is in progress: git status says how to go on.")
    for each in found.unreadable:
        lines.append(f"Cannot be read: {each.rstrip('.')}. What it says is missing; gitkb undo takes the change back.")
    if found.newer:
        lines.append(f"{found.newer}: this one leaves them as they are. Upgrade gitkb.")
    elif found.state is State.PENDING:
        lines.append("Pages are pending: the next add brings them up to date, or: gitkb refresh")
    if found.model and found.unwritten:
        pages = terminal.counted(found.unwritten, "page")
        lines.append(
            f"{pages} {'has' if found.unwritten == 1 else 'have'} no overview yet: gitkb refresh asks {found.model} for it."
        )
    if found.outdated.documents:
        lines.append(f"Outdated: {_outdated(found.outdated)}; run: gitkb recompile --outdated")
    if found.replies.entries:
        lines.append(_kept(found.replies))
    lines += [_waiting(each) for each in found.batches]
    lines += _approvals(found)
    lines += [f"Under way: {run}" for run in found.living]
    lines += [f"Did not end: {run}. The next add clears up, or: gitkb recover" for run in found.runs]
    if found.settings_wait:
        lines.append("Edited, not yet committed and so not in force: .gitkb/config.yaml")
    lines += [f"Edited by hand, not yet committed: {path}" for path in found.edited]
    return lines


def _kept(replies: KeptReplies) -> str:
    """What the replies that are kept have cost."""
    from gitkb.cli.listeners import money

    cost, kept = replies.cost, terminal.counted(replies.entries, "reply", "replies")
    tokens = f"{cost.tokens_in:,} tokens in and {cost.tokens_out:,} out{money(cost)}"
    if cost.uncounted:
        tokens = f"{tokens}; of {terminal.counted(cost.uncounted, 'call')} not known"
    if cost.calls and cost.uncounted >= cost.calls:
        tokens = "tokens not known"
    took = terminal.counted(cost.calls, "call")
    return f"Cache: {kept} of models ({replies.bytes / 1024:,.0f} KiB), which took {took}, {tokens}."


def _waiting(batch: WaitingBatch) -> str:
    """A batch that is at a model's server."""
    questions, name = terminal.counted(batch.questions, "question"), batch.id or "(its begin was cut off)"
    return (
        f"Batch {name}: {questions} to {batch.model}, sent {batch.since}. gitkb add --batch waits for the answers, any gitkb add"
        " takes those that are there; gitkb recover --cancel-batches gives it up."
    )


def _beside(found: Status) -> str:
    """How the branch stands to the remote's, as it was last fetched."""
    ahead, behind = terminal.counted(found.ahead, "commit"), terminal.counted(found.behind, "commit")
    if found.ahead and found.behind:
        return f"It and {found.upstream} have diverged ({ahead} here, {behind} there): gitkb pull unites them."
    if found.ahead:
        return f"It is {ahead} ahead of {found.upstream}: gitkb push sends them."
    if found.behind:
        return f"It is {behind} behind {found.upstream}: gitkb pull brings them."
    return f"It is where {found.upstream} was when it was last fetched."


def _outdated(found: Outdated) -> str:
    """`12 documents (8 converter pdf/1 → pdf/2, 4 model a → b)`."""
    reasons = [
        f"{each.documents:,} {'other settings' if each.what == 'settings' else f'{each.what} {each.before} → {each.now}'}"
        for each in found.reasons
    ]
    return f"{terminal.counted(found.documents, 'document')} ({', '.join(reasons)})"


def _approvals(found: Status) -> list[str]:
    changed = found.changed_since_approval
    lines = [f"Approved: {terminal.counted(found.approved, 'page')}."] if found.approved else []
    for page in changed[:_FEW]:
        name = page.page.removeprefix("wiki/").removesuffix(".md")
        lines.append(f"Changed since approval: {name} ({page.reason}; {page.by.removeprefix('human:')} on {page.at[:10]})")
    more = len(changed) - _FEW
    return [*lines, *([f"And {more:,} more changed since approval: gitkb list --pages"] if more > 0 else [])]


_DAY = len("2026-01-31")


def log(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[DOCUMENT_OR_PAGE]", help="Only its own.", show_default=False)] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", metavar="N", min=1, help="At most so many.", show_default=False)
    ] = None,
    at: AtOption = None,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Show the history: commit, day, what was done."""
    entries = knowledge_base(context, kb).log(name, limit, at)
    if json:
        terminal.tell_json(json_shapes.rows(entries), indent=2)
        return
    for entry in entries:
        terminal.tell(f"{terminal.short(entry.commit)} {entry.time[:_DAY]} {entry.subject}{_by_agent(entry.agent)}")


def _by_agent(agent: str) -> str:
    return f" (by {agent})" if agent else ""


_SHOWN = 100


def blame(
    context: typer.Context,
    page: Annotated[str, typer.Argument(metavar="PAGE[:LINE]", help="A page, or one line of it.", show_default=False)],
    at: AtOption = None,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Show who says what on a page: document, place, commit, compiler, when, by whom."""
    name, colon, number = page.rpartition(":")
    line = int(number) if colon and name and number.isascii() and number.isdigit() else None
    result = knowledge_base(context, kb).blame(name if line is not None else page, line, at)
    if json:
        terminal.tell_json(json_shapes.fields(result), indent=2)
        return
    for found in result.lines:
        _tell_lines(found)
    if not result.lines:
        terminal.say(f"{result.path} has no claims, and no words of a person.")


def _tell_lines(found: BlameLine) -> None:
    text = found.text if len(found.text) <= _SHOWN else f"{found.text[: _SHOWN - 1]}…"
    terminal.tell(f"{found.line}: {text}")
    unclaimed = "generated, not a claim" if found.compiler else "written by hand"
    where = ", ".join(part for part in (found.document, found.place) if part) or unclaimed
    by = f"{f', {found.origin}' if found.origin else ''}{f' ({found.compiler})' if found.compiler else ''}"
    if not found.commit:
        terminal.tell(f"    not known here, for this clone has no older history (git fetch --unshallow): {where}{by}")
        return
    terminal.tell(f"    {terminal.short(found.commit)} {found.time[:_DAY]} {found.author}{_by_agent(found.agent)}: {where}{by}")


_STATES = {
    "whole": "is whole",
    "pending": "is sound; pages are pending (gitkb refresh)",
    "broken": "is broken",
}
_WORDS_OF_CHANGE = {
    "whole": "is whole in what changed",
    "pending": "is sound in what changed; pages are pending (gitkb refresh)",
    "broken": "is broken in what changed",
}


def check(
    context: typer.Context,
    changed: Annotated[
        str | None,
        typer.Option("--changed", metavar="BASE", show_default=False, help="Look only at what differs from this revision."),
    ] = None,
    reproduce: Annotated[
        bool, typer.Option("--reproduce", help="Make documents again from their originals, and compare; this takes its time.")
    ] = False,
    at: AtOption = None,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Check the knowledge base: files, originals, claims, pages, links. Exit code 4 if something is broken."""
    from gitkb.cli.listeners import Messages
    from gitkb.model.rows import State

    result = knowledge_base(context, kb).check(at, changed=changed, reproduce=reproduce, listener=Messages())
    if json:
        terminal.tell_json(json_shapes.check(result), indent=2)
    else:
        _tell_result(result, _STATES if changed is None else _WORDS_OF_CHANGE)
    raise typer.Exit(ExitCode.PROBLEMS if result.state is State.BROKEN else ExitCode.OK)


def _tell_result(result: CheckResult, words: dict[str, str]) -> None:
    for problem in result.problems:
        terminal.tell(f"{problem.path}: {problem.message} [{problem.code}]")
    terminal.tell(f"{terminal.short(result.commit)} {words[result.state]}.")
