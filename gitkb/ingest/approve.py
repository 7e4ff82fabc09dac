"""A person confirms the claims of pages, or takes that back: one commit of theirs, then the pages.

Invariant: what is confirmed is what could be seen: a page that a refresh would change is refused, under the lock too. The
approval of a page is one file; a person's uncommitted words on a page are committed as theirs before it is made anew, as ever.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from gitkb import approvals
from gitkb.approvals import Approval, Confirmation
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.records import RECORDS, RecordCorpus
from gitkb.config import Settings
from gitkb.errors import CannotApprove, UsageError
from gitkb.events import ApprovedPage, ApproveOptions, ApproveSummary, Listener
from gitkb.ingest import pages
from gitkb.ingest.approvable import Approvable, approvable, named_pages
from gitkb.ingest.attempts import in_transaction
from gitkb.ingest.branches import start_of
from gitkb.ingest.land import own_edits
from gitkb.ingest.messages import approval_message, edit_message
from gitkb.ingest.preview import uncommitted
from gitkb.model import PageChanges
from gitkb.store import PlannedCommit, Run, Snapshot, Store, Transaction
from gitkb.wiki.made import refuse_newer

_NOBODY = "git knows no e-mail address of yours, and an approval must say who gave it."
_SET = 'Tell git once: git config --global user.email "you@example.org" (and user.name).'


@dataclass(frozen=True, slots=True)
class _Planned:
    """What an `approve` does at one tip: the pages, the approvals to write or (None) delete, by path, and what the claims of the
    pages that change say."""

    approved: tuple[ApprovedPage, ...]
    files: Mapping[str, bytes | None]
    said: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class ApproveRun:
    """One `approve`; `settings` are those of the branch."""

    store: Store
    catalog: Catalog
    settings: Settings
    options: ApproveOptions
    listener: Listener

    def __call__(self, names: Sequence[str]) -> ApproveSummary:
        """Confirms pages by name, path or unique part. `NotFound` and `CannotApprove` leave everything as it was."""
        tip = start_of(self.store, self.options.branch, "")
        refuse_newer(tip)
        confirmation = self._confirmation()
        wanted = named_pages(tip, names)
        planned = self._plan(tip, wanted, confirmation)
        if self.options.dry_run:
            return self._foreseen(tip, planned, confirmation)
        what, branch = f"approve {len(wanted)} pages", self.options.branch or None
        with self.store.begin(what, branch=branch, on_wait=self.listener.message) as run:
            planned = self._publish(run, wanted, confirmation)
            changes = pages.refresh(self.store, run, self.catalog, self.settings, self.listener)
        self.store.maintain()
        return self._summary(start_of(self.store, self.options.branch, ""), planned, confirmation, changes)

    def _confirmation(self) -> Confirmation:
        """Who confirms and when; what is confirmed comes later."""
        email = self.store.email()
        if not email:
            raise CannotApprove(_NOBODY, _SET)
        by = f"human:{email}"
        if not approvals.is_person(by):
            raise CannotApprove(f"git says that your e-mail address is {email!r}, which an approval cannot hold.", _SET)
        try:
            at = approvals.stamp(self.options.at or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        except ValueError as error:
            raise UsageError(f"--date: {error}.") from error
        return Confirmation(by, at, ())

    def _plan(self, tip: Snapshot, wanted: Sequence[str], confirmation: Confirmation) -> _Planned:
        found: list[ApprovedPage] = []
        files: dict[str, bytes | None] = {}
        said: dict[str, Sequence[str]] = {}
        with self.catalog.at(tip, RECORDS, keep=not self.options.branch) as db:
            corpus = RecordCorpus(db)
            corpus.refuse_newer()
            for path in wanted:
                page = approvable(corpus, path)
                new = self._withdrawn(page, confirmation) if self.options.withdraw else self._confirmed(tip, page, confirmation)
                changed = new != page.approval
                texts = () if self.options.withdraw else tuple(f"{each.text} ({each.document})" for each in page.claims)
                found.append(ApprovedPage(path, page.title, len(page.claims), changed, texts))
                if changed:
                    files[page.file] = None if new is None else approvals.encode(new)
                    said[path] = texts
        return _Planned(tuple(found), files, said)

    def _confirmed(self, tip: Snapshot, page: Approvable, confirmation: Confirmation) -> Approval:
        page.refuse(tip, pages.history_base(self.store, tip.commit), self._remedy())
        marks = approvals.marks(page.claims)
        before = page.approval.by(confirmation.by) if page.approval else None
        if page.approval and before is not None and before.claims == marks and not self.options.at:
            return page.approval
        return approvals.confirmed(page.approval, page.kind, page.key, replace(confirmation, claims=marks))

    def _withdrawn(self, page: Approvable, confirmation: Confirmation) -> Approval | None:
        """The approval without the person's own; of a page that is gone nothing is left to confirm, so it goes whole."""
        if page.approval is None or not page.there:
            return None
        return approvals.withdrawn(page.approval, confirmation.by)

    def _remedy(self) -> str:
        branch = self.options.branch or self.store.branch()
        if pages.carries_pages(self.settings, branch):
            return f"Bring it up to date and look at it: gitkb refresh{'' if not self.options.branch else f' (on {branch})'}"
        return f"Pages are made on {self.settings.pages.branch}: merge {branch} there first, then approve it."

    def _publish(self, run: Run, wanted: Sequence[str], confirmation: Confirmation) -> _Planned:
        return in_transaction(run, self.listener, lambda transaction: self._transact(transaction, wanted, confirmation))

    def _transact(self, transaction: Transaction, wanted: Sequence[str], confirmation: Confirmation) -> _Planned:
        refuse_newer(transaction.tip)
        planned = self._plan(transaction.tip, wanted, confirmation)
        if planned.files:
            edits = own_edits(transaction, wanted)
            commits = [PlannedCommit(edit_message(sorted(edits)), edits)] if edits else []
            message = approval_message(planned.said, confirmation.by, withdrawn=self.options.withdraw)
            transaction.publish([*commits, PlannedCommit(message, planned.files)], f"{len(planned.files)} pages")
            for path in sorted(edits):
                self.listener.message(f"{path}: your uncommitted words were committed first, as yours.")
        return planned

    def _foreseen(self, tip: Snapshot, planned: _Planned, confirmation: Confirmation) -> ApproveSummary:
        if not pages.carries_pages(self.settings, self.options.branch or self.store.branch()):
            return self._summary(tip, planned, confirmation, PageChanges())
        edits = uncommitted(self.store, self.options.branch, tip)
        writes = pages.foresee_refresh(self.store, self.catalog, tip, planned.files, edits)
        summary = self._summary(tip, planned, confirmation, pages.page_changes(tip, writes))
        beside = (path for path in writes if not path.startswith("wiki/"))
        touched = tuple(sorted(edits.keys() & writes.keys()))
        return replace(summary, files=tuple(sorted({*summary.files, *beside})), edits=touched)

    def _summary(self, tip: Snapshot, planned: _Planned, by: Confirmation, changes: PageChanges) -> ApproveSummary:
        branch, files = self.options.branch or self.store.branch(), tuple(sorted(planned.files))
        return ApproveSummary(branch, tip.commit, by.by, by.at, planned.approved, files, (), changes)
