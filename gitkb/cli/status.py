"""`gitkb status`: where the knowledge base stands, and what waits for somebody."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from gitkb.cli import terminal
from gitkb.cli.locate import knowledge_base
from gitkb.cli.options import AtOption, JsonOption, KbOption, VerboseOption

if TYPE_CHECKING:
    from gitkb.events import Outdated, Status

_FEW = 5


def status(
    context: typer.Context, at: AtOption = None, json: JsonOption = False, kb: KbOption = None, verbose: VerboseOption = False
) -> None:
    """Say where it stands: documents, pages, what waits."""
    found = knowledge_base(context, kb).status(at)
    if json:
        terminal.tell_json(asdict(found), indent=2)
        return
    for line in _lines(found):
        terminal.tell(line)


def _lines(found: Status) -> list[str]:
    from gitkb.model import State

    documents = terminal.counted(found.documents, "document")
    pages = terminal.counted(found.pages, "shared page")
    lines = [f"{found.branch} is at {terminal.short(found.commit)}: {documents}, {pages}."]
    if found.newer:
        lines.append(f"{found.newer}: this one leaves them as they are. Upgrade gitkb.")
    elif found.state is State.PENDING:
        lines.append("Pages are pending: the next add brings them up to date, or: gitkb refresh")
    if found.state is State.BROKEN:
        lines.append("Something is broken: gitkb check names it.")
    if found.model and found.unwritten:
        pages = terminal.counted(found.unwritten, "page")
        lines.append(
            f"{pages} {'has' if found.unwritten == 1 else 'have'} no overview yet: gitkb refresh asks {found.model} for it."
        )
    if found.outdated.documents:
        lines.append(f"Outdated: {_outdated(found.outdated)}; run: gitkb recompile --outdated")
    if found.replies.entries:
        cost, kept = found.replies.cost, terminal.counted(found.replies.entries, "reply", "replies")
        lines.append(
            f"Cache: {kept} of models ({found.replies.bytes / 1024:,.0f} KiB), which took {terminal.counted(cost.calls, 'call')},"
            f" {cost.tokens_in:,} tokens in and {cost.tokens_out:,} out."
        )
    lines += _approvals(found)
    lines += [f"Under way: {run}" for run in found.living]
    lines += [f"Did not end: {run}. The next add clears up, or: gitkb recover" for run in found.runs]
    if found.settings_wait:
        lines.append("Edited, not yet committed and so not in force: .gitkb/config.yaml")
    lines += [f"Edited by hand, not yet committed: {path}" for path in found.edited]
    return lines


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
