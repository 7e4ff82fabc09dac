"""Reports the state of a knowledge base: its size, what is pending, what waits for a person.

Invariant: takes no lock and changes nothing; a run under way is reported, not waited for.
"""

import contextlib
import re

from gitkb.branch.tips import branch_tip
from gitkb.catalog.catalog import Catalog
from gitkb.commands.inspect.listing import approvals_at, changed_pages, damaged_at, outdated_at
from gitkb.commands.inspect.settings_in_force import settings_wait
from gitkb.errors import NotFound, RepositoryError
from gitkb.formats import records
from gitkb.formats.settings import Settings
from gitkb.model.rows import State, Status
from gitkb.pages import refresh
from gitkb.pages.model_session import batches_here, kept_replies
from gitkb.store.history import Ancestry
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.store.values import RunState
from gitkb.wiki.projection import newer, pages_in


def status(store: Store, catalog: Catalog, settings: Settings, tip: Snapshot, at: str | None) -> Status:
    """Where it stands at `tip`, the commit of the revision `at` as a person named it (None: what is checked out). Pages count as
    pending only on a branch that carries pages: the branch that `at` names, otherwise the one that is checked out. Without any,
    because HEAD is detached, the commit alone counts."""
    found, branch = store.status(), _branch(store, at)
    carries = not branch or refresh.carries_pages(settings, branch)
    damaged = damaged_at(catalog, tip, keep=at is None)
    tracking = Ancestry(store.git_dir).tracking(branch) if branch and at is None else None
    waits = carries and not damaged and bool(refresh.pending(store, catalog, tip, keep=at is None))
    newer_pages = newer(tip) if carries else ""
    asks = settings.compiler == "llm"
    approved = approvals_at(catalog, tip, keep=at is None)
    return Status(
        branch=at or branch or "HEAD",
        commit=tip.commit,
        documents=sum(1 for path, _ in tip.files(records.RECORDS) if records.document_of(path)),
        pages=sum(1 for _ in pages_in(tip)),
        state=State.BROKEN if damaged else State.PENDING if waits or newer_pages else State.WHOLE,
        runs=tuple(_described(run) for run in found.runs if not run.living),
        living=tuple(_described(run) for run in found.runs if run.living),
        edited=found.edited if at is None else (),
        approved=sum(1 for each in approved if not each.changed),
        changed_since_approval=changed_pages(approved),
        newer=newer_pages,
        model=settings.model_for("digest") if asks else "",
        unwritten=refresh.unwritten(store, catalog, tip, keep=at is None) if asks else 0,
        replies=kept_replies(store),
        batches=batches_here(store),
        outdated=outdated_at(catalog, tip, settings, keep=at is None),
        settings_wait=at is None and settings_wait(store),
        unreadable=tuple(each.message for each in damaged),
        detached=at is None and not branch,
        upstream=tracking.name if tracking else "",
        ahead=tracking.ahead if tracking else 0,
        behind=tracking.behind if tracking else 0,
        operation=found.operation,
    )


def _branch(store: Store, at: str | None) -> str:
    """The branch of a revision such as "main~3" or "main@{2026-11-01}"; otherwise the one that is checked out, "" for none."""
    named = re.split(r"[~^:]|@\{", at or "")[0].removeprefix("refs/heads/")
    if named and named != "HEAD":
        with contextlib.suppress(NotFound):
            branch_tip(store, named)
            return named
    try:
        return store.branch()
    except RepositoryError:
        return ""


def _described(run: RunState) -> str:
    return f"{run.what}, {run.progress}" if run.progress else run.what
