"""Removes the documents whose file is gone, at the end of an `add --prune` and before its pages.

Invariant: under the lock each is looked at again: one that another process has renamed, updated or removed meanwhile stays as it
is. A group is published whole or not at all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gitkb.events import Listener
from gitkb.ingest.attempts import until_published
from gitkb.ingest.documents import record_of
from gitkb.ingest.plan import Gone
from gitkb.ingest.remove import GROUP_DOCUMENTS, remove_group
from gitkb.model import DocumentResult, Outcome
from gitkb.store import Run


@dataclass(frozen=True, slots=True)
class Pruning:
    """Removals within one run."""

    run: Run
    listener: Listener

    def __call__(self, gone: Sequence[Gone]) -> Iterator[DocumentResult]:
        """What became of each document, in order, after its commit is published."""
        for start in range(0, len(gone), GROUP_DOCUMENTS):
            yield from self._publish(gone[start : start + GROUP_DOCUMENTS])

    def _publish(self, gone: Sequence[Gone]) -> list[DocumentResult]:
        return until_published(lambda: self._transact(gone))

    def _transact(self, gone: Sequence[Gone]) -> list[DocumentResult]:
        with self.run.locked(self.listener.message) as transaction:
            found = {each.document: record_of(transaction.tip, each.document) for each in gone}
            same = [each for each in gone if (record := found[each.document]) and record.source.path == each.source]
            removed = {each.document: each for each in remove_group(transaction, [e.document for e in same], self.listener)}
        results = []
        for each in gone:
            done = removed.get(each.document)
            outcome, reason = (Outcome.REMOVED, "") if done else (Outcome.SKIPPED, "renamed or removed meanwhile")
            commit, title = (done.commit, done.title) if done else ("", "")
            results.append(DocumentResult(each.document, each.source, outcome, reason, commit, title=title))
        return results
