"""`gitkb refresh`: the pages commit, where pages are pending.

Every writing command makes it too; by hand it is for after a merge, and for CI.
"""

import typer

from gitkb.cli import terminal
from gitkb.cli.interrupts import resumable
from gitkb.cli.locate import knowledge_base
from gitkb.cli.options import JsonOption, KbOption, VerboseOption


def refresh(context: typer.Context, json: JsonOption = False, kb: KbOption = None, verbose: VerboseOption = False) -> None:
    """Bring the shared pages up to date, if any are pending."""
    from gitkb.cli.listening import Messages

    base = knowledge_base(context, kb)
    with resumable():
        summary = base.refresh(Messages())
    counts = {"created": len(summary.pages.created), "changed": len(summary.pages.changed), "removed": len(summary.pages.removed)}
    if json:
        terminal.tell_json({"branch": summary.branch, "commit": summary.commit, "pages": counts})
        return
    words = {"new": counts["created"], "changed": counts["changed"], "removed": counts["removed"]}
    done = f"Pages: {terminal.listed(words)}" if summary.pages else "No pages were pending"
    terminal.tell(f"{done}. {summary.branch} is at {terminal.short(summary.commit)}.")
