"""What results are for programs: plain data, ready for JSON.

Invariant: this is the one place where a result becomes JSON, so every interface shows programs the same shape. Fields are added
and never renamed; `tests/api/json_shapes.json` pins the fields and types that real runs gave. Nothing here writes anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import to_builtins

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gitkb.model.answers import Answer, Chat, Saved
    from gitkb.model.findings import CheckResult, LintResult
    from gitkb.model.results import (
        AddSummary,
        DocumentResult,
        FixSummary,
        GoneDocument,
        InitResult,
        Older,
        PageChanges,
        RecompileSummary,
        RefreshSummary,
    )
    from gitkb.model.rows import Shown
    from gitkb.model.usage import Pruned, Usage

Shape = dict[str, Any]
_ADDED = ("added", "updated", "renamed", "removed", "skipped", "failed")
_RECOMPILED = ("recompiled", "unchanged", "skipped", "failed")


def _plain(value: Any) -> Shape:
    plain: Shape = to_builtins(value)
    return plain


def fields(result: Any, **more: object) -> Shape:
    """A result as it is, with what the caller asked for besides (`dry_run`): most summaries, and single rows."""
    return _plain(result) | more


def rows(results: Iterable[Any]) -> list[Shape]:
    """Rows as they are: documents, pages, hits, commits, hooks, settings."""
    return [_plain(each) for each in results]


def shown(found: Shown) -> Shape:
    """A document or page, with the record of a document as its file has it."""
    import json

    from gitkb.formats.records import encode

    record = json.loads(encode(found.record)) if found.record is not None else None
    return {"path": found.path, "text": found.text, "record": record}


def check(found: CheckResult) -> Shape:
    """Whether a revision is whole, and what is wrong with it."""
    return {"state": found.state, "problems": rows(found.problems)}


def model_cost(usage: Usage, ungrounded: int = 0) -> dict[str, int]:
    """What a model was asked, and how many of its claims were dropped."""
    return _plain(usage) | {"ungrounded": ungrounded}


def lint(found: LintResult, fixed: FixSummary | None, *, dry_run: bool) -> Shape:
    """What could be better, counted by kind, and what was set right."""
    counts: dict[str, int] = {}
    for finding in found.findings:
        counts[finding.code] = counts.get(finding.code, 0) + 1
    return {
        "commit": found.commit,
        "findings": rows(found.findings),
        "counts": counts,
        "model": model_cost(found.usage),
        "unasked": found.unasked,
        "fixed": None if fixed is None else fields(fixed, dry_run=dry_run),
    }


def answer(found: Answer) -> Shape:
    """An answer with its citations; `model` is null for passages. Where several knowledge bases were asked, `kbs` are these."""
    usage = model_cost(found.usage)
    several = {"kbs": rows(found.kbs)} if found.kbs else {}
    return several | {
        "question": found.question,
        "answer": found.text,
        "model": found.model or None,
        "commit": found.commit or None,
        "citations": rows(found.citations),
        "removed": list(found.removed),
        "cut": found.cut,
        "unsupported": list(found.unsupported),
        "quotes": rows(found.quotes),
        "usage": {name: usage[name] for name in ("calls", "tokens_in", "tokens_out")},
    }


def saved_answer(found: Answer, saved: Saved | None) -> Shape:
    """An answer, and where it was saved."""
    return answer(found) | {"saved": _plain(saved) if saved else None}


def chats(found: Iterable[Chat]) -> list[Shape]:
    """Conversations with what they began with."""
    return [{"id": each.id, "turns": len(each.turns), "question": each.opening} for each in found]


def init(result: InitResult) -> Shape:
    """A knowledge base that was made, without its path on this machine."""
    return {"created": result.created, "branch": result.branch, "commit": result.commit, "touched": result.touched}


def refresh(summary: RefreshSummary) -> Shape:
    """The end of a refresh: pages are counted."""
    return {
        "branch": summary.branch,
        "commit": summary.commit,
        "pages": page_counts(summary.pages),
        "model": model_cost(summary.usage),
    }


def page_counts(pages: PageChanges) -> dict[str, int]:
    """How many pages were created, changed and removed."""
    return {"created": len(pages.created), "changed": len(pages.changed), "removed": len(pages.removed)}


def recovered(found: bool, pruned: Pruned | None, cancelled: int | None = None) -> Shape:
    """Whether dead runs left something, what emptying the caches took away, and how many batches were cancelled."""
    told: Shape = {"recovered": found} | ({"pruned": _plain(pruned)} if pruned else {})
    return told if cancelled is None else told | {"cancelled": cancelled}


# What happens during a run, one object for each event.


def document_event(result: DocumentResult) -> Shape:
    """A source has its outcome."""
    found: Shape = {
        "event": "document",
        "document": result.document,
        "source": result.source,
        "outcome": result.outcome,
        "reason": result.reason,
        "commit": result.commit,
        "seconds": round(result.seconds, 3),
    }
    optional = (("before", result.before), ("url", result.url), ("skipped", result.skipped))
    return found | {name: value for name, value in optional if value}


def older_event(document: Older) -> Shape:
    """A source is older than the knowledge base."""
    return {"event": "older"} | fields(document)


def gone_event(document: GoneDocument, *, staying: bool) -> Shape:
    """The file of a document is gone: it is about to be removed, or stays."""
    return {"event": "staying" if staying else "gone"} | _plain(document)


def add_event(summary: AddSummary, *, dry_run: bool = False) -> Shape:
    """The end of an `add`."""
    return _ending(summary, _ADDED, dry_run) | {"older": summary.older, "private": summary.private}


def recompile_event(summary: RecompileSummary, *, dry_run: bool = False) -> Shape:
    """The end of a `recompile`."""
    return _ending(summary, _RECOMPILED, dry_run)


def _ending(summary: AddSummary | RecompileSummary, outcomes: Sequence[str], dry_run: bool) -> Shape:
    found: Shape = {
        "event": "summary",
        **{name: getattr(summary, name) for name in outcomes},
        "branch": summary.branch,
        "commit": summary.commit,
        "pages": page_counts(summary.pages),
        "seconds": round(summary.seconds, 3),
        "model": model_cost(summary.usage, summary.ungrounded),
    }
    return found | ({"foreseen": _plain(summary.foreseen) | {"pages": _plain(summary.pages)}} if dry_run else {})


def watching_event(folders: Iterable[str]) -> Shape:
    """Everything that is there is in; changes are waited for. Folders are named without their path on this machine."""
    return {"event": "watching", "folders": list(folders)}


def missing_event(folder: str) -> Shape:
    """A folder is gone; it is waited for."""
    return {"event": "missing", "folder": folder}


def error_event(message: str, hint: str) -> Shape:
    """A run of a `watch` could not be made, or was not ended; it will be tried again."""
    return {"event": "error", "message": message, "hint": hint}
