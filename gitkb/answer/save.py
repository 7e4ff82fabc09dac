"""Commits a saved answer to a branch and brings the index of the explorations up to date.

Invariant: a page that stands there is never written over: the same page again is found again, another answer to the same question
gets a name of its own. The lock is held for the two commits, not while anybody thinks.
"""

from dataclasses import dataclass

from gitkb.answer.exploration import Exploration, exploration_page, page_name
from gitkb.answer.pages import Pages
from gitkb.answer.values import Saved
from gitkb.catalog.catalog import Catalog
from gitkb.config import Settings
from gitkb.errors import NotFound, RepositoryError
from gitkb.events import Listener
from gitkb.explorations import FOLDER
from gitkb.ingest import pages
from gitkb.ingest.attempts import in_transaction
from gitkb.ingest.branches import branch_tip, start_of
from gitkb.ingest.messages import exploration_message
from gitkb.store import PlannedCommit, Run, Store, Transaction

MOST_OF_A_NAME = 1_000


@dataclass(frozen=True, slots=True)
class SaveRun:
    """Saves on `branch` ("" is the checked-out one); `settings` are those of that branch."""

    store: Store
    catalog: Catalog
    settings: Settings
    branch: str
    listener: Listener

    def __call__(self, exploration: Exploration) -> Saved:
        """The page that was made, or that stood there already with the same content."""
        with self.store.begin("save an answer", branch=self.branch or None) as run:
            path, new = self._publish(run, exploration)
            pages.refresh(self.store, run, self.catalog, self.settings, self.listener)
        self.store.maintain()
        return Saved(path, self._where(run.branch), start_of(self.store, run.branch, "").commit, new)

    def _where(self, branch: str) -> str:
        """The branch on which the page is: the checked-out one where another was not made, as there was nothing to save."""
        try:
            branch_tip(self.store, branch)
        except NotFound:
            return self.store.branch()
        return branch

    def _publish(self, run: Run, exploration: Exploration) -> tuple[str, bool]:
        return in_transaction(run, self.listener, lambda transaction: self._transact(transaction, exploration))

    def _transact(self, transaction: Transaction, exploration: Exploration) -> tuple[str, bool]:
        tip = transaction.tip
        name = page_name(exploration.title)
        for number in range(1, MOST_OF_A_NAME):
            path = f"{FOLDER}/{name if number == 1 else f'{name}-{number}'}.md"
            content = exploration_page(exploration, path, Pages(tip))
            if tip.blob(path) is None:
                message = exploration_message(path, exploration.title, exploration.by, exploration.commit, exploration.tokens)
                transaction.publish([PlannedCommit(message, {path: content})], "answer")
                return path, True
            if tip.read(path) == content:
                return path, False
        raise RepositoryError(
            f"{FOLDER} has {MOST_OF_A_NAME:,} answers to this question.", "Delete some, or give it another title."
        )
