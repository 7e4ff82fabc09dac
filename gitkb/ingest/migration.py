"""Migrates a knowledge base of an older format: one commit, made before anything else that this version writes.

Invariant: the commit changes the form of files and nothing that they say, so no page changes with it and nobody's words; it
happens whole or not at all, in the same transaction as everything that writes. A newer format is refused, by number.
"""

from dataclasses import dataclass

from gitkb.events import Listener, MigrateSummary
from gitkb.formats import FORMATS, Formats
from gitkb.ingest.attempts import in_transaction
from gitkb.ingest.branches import start_of
from gitkb.ingest.messages import migration_message
from gitkb.ingest.versions import format_at, migrated
from gitkb.store import PlannedCommit, Run, Snapshot, Store, Transaction


@dataclass(frozen=True, slots=True)
class Migration:
    """Brings one branch ("" for the checked-out one; a new one begins at `start`) to the newest of `formats`."""

    store: Store
    listener: Listener
    branch: str = ""
    start: str = ""
    formats: Formats = FORMATS

    def __call__(self, *, dry_run: bool = False) -> MigrateSummary:
        """What was migrated, or would be; no files where there is nothing to do."""
        tip = start_of(self.store, self.branch, self.start)
        number = format_at(tip, self.formats)
        if number is None or number == self.formats.newest or dry_run:
            return self._summary(tip, number, tuple(sorted(migrated(tip, self.formats))))
        with self.store.begin("migrate", branch=self.branch or None, start=tip.commit, on_wait=self.listener.message) as run:
            files = self._publish(run)
        return self._summary(start_of(self.store, self.branch, ""), number, files)

    def _summary(self, tip: Snapshot, number: int | None, files: tuple[str, ...]) -> MigrateSummary:
        newest = self.formats.newest
        return MigrateSummary(self.branch or self.store.branch(), tip.commit, number or newest, newest, files)

    def _publish(self, run: Run) -> tuple[str, ...]:
        return in_transaction(run, self.listener, lambda transaction: self._transact(transaction))

    def _transact(self, transaction: Transaction) -> tuple[str, ...]:
        before, files = format_at(transaction.tip, self.formats), migrated(transaction.tip, self.formats)
        if before is None or not files:
            return ()  # somebody else was quicker
        steps = [step.what for step in self.formats.since(before)]
        message = migration_message(before, self.formats.newest, steps, len(files))
        commit = transaction.publish([PlannedCommit(message, files)], "format")[-1]
        what = f"branch {self.branch}" if self.branch else "the knowledge base"
        self.listener.message(f"Migrated {what} from format {before} to {self.formats.newest} ({commit[:7]}).")
        return tuple(sorted(files))


def migrate_first(store: Store, listener: Listener, branch: str, start: str, *, dry_run: bool) -> bool:
    """Migrates the branch that a command is about to write, where it is of an older format; True where it was. A dry run only
    says what would be written before anything else."""
    number = format_at(start_of(store, branch, start))
    if number is None or number == FORMATS.newest:
        return False
    found = Migration(store, listener, branch, start)(dry_run=dry_run)
    if not dry_run:
        return True
    more = f" and {len(found.files) - 1} more files" if len(found.files) > 1 else ""
    steps = f"format {number} to {FORMATS.newest}"
    listener.message(f"Before anything else it would be migrated from {steps}: that writes {found.files[0]}{more}.")
    return False
