"""`gitkb refresh`: the pages commit, where pages are pending.

Every writing command makes it too; by hand it is for after a merge, and for CI.
"""

import typer

from gitkb.cli import terminal
from gitkb.cli.interrupts import resumable
from gitkb.cli.locate import knowledge_base
from gitkb.cli.options import JsonOption, KbOption, VerboseOption
from gitkb.cli.spending import spending, spent
from gitkb.errors import ExitCode


def refresh(context: typer.Context, json: JsonOption = False, kb: KbOption = None, verbose: VerboseOption = False) -> None:
    """Bring the shared pages up to date, if any are pending."""
    from gitkb.cli.listening import Messages

    base = knowledge_base(context, kb)
    with resumable():
        listener = Messages()
        summary = base.refresh(listener)
    counts = {"created": len(summary.pages.created), "changed": len(summary.pages.changed), "removed": len(summary.pages.removed)}
    if json:
        cost = spending(summary.usage)
        terminal.tell_json({"branch": summary.branch, "commit": summary.commit, "pages": counts, "model": cost})
        raise typer.Exit(ExitCode.PARTIAL if listener.missing else ExitCode.OK)
    words = {"new": counts["created"], "changed": counts["changed"], "removed": counts["removed"]}
    done = f"Pages: {terminal.listed(words)}" if summary.pages else "No pages were pending"
    terminal.tell(f"{done}. {summary.branch} is at {terminal.short(summary.commit)}.")
    if line := spent(summary.usage):
        terminal.tell(line)
    raise typer.Exit(ExitCode.PARTIAL if listener.missing else ExitCode.OK)
