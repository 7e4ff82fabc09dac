"""Pull and push: one branch of the knowledge base and the same branch of a remote, brought together.

Invariant: a push never forces and never carries more than its branch; when somebody else's came first it merges theirs and
tries again, a bounded number of times. A remote branch that lost commits is never followed: the person decides, and the
state from before is kept under a rescue ref.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from shlex import quote

from msgspec import Struct
from msgspec.structs import replace

from gitkb.branch.tips import branch_tip, settings_at
from gitkb.commands.change import ChangeContext, change_context
from gitkb.commands.merge.merge import Merging
from gitkb.commands.merge.remade import Remake
from gitkb.errors import NotFound, RepositoryError
from gitkb.formats.records import RECORDS, document_of
from gitkb.model.options import MergeChoices
from gitkb.model.results import MergeSummary, PageChanges, PushSummary
from gitkb.pages.model_session import Asking
from gitkb.pages.scope import Marker, marked_tree, remember
from gitkb.store.history import Ancestors
from gitkb.store.remote import Network, Pushed, Remote
from gitkb.store.snapshot import Snapshot

ATTEMPTS = 40
NAMED = 10
_LONGEST_PAUSE = 2.0
Pause = Callable[[float], None]


class RemoteBranch(Struct, frozen=True):
    """A local branch and the remote it goes to (None: as git is configured); `remake` makes documents of both sides."""

    context: ChangeContext
    remote: str | None = None
    remake: Remake | None = None

    def pull(self, choices: MergeChoices) -> MergeSummary:
        """Fetches the branch and merges it; what is pending is projected."""
        network, branch = self._network(), self._branch()
        remote = network.remote(branch, self.remote)
        fetched = network.fetch(remote)
        if not fetched:
            raise NotFound(f"{remote.name} has no branch {remote.branch} yet.", f"Make it: gitkb push{self._option()}")
        return self._merge(network, remote, fetched, choices)

    def push(self, pause: Pause = time.sleep) -> PushSummary:
        """Sends the branch; fetches and merges first whatever it lacks, and again when somebody else was quicker."""
        network, branch = self._network(), self._branch()
        remote = network.remote(branch, self.remote)
        merged = MergeSummary(branch, "", str(remote))
        for attempt in range(ATTEMPTS):
            fetched = network.fetch(remote)
            if fetched:
                merged = _sum(merged, self._merge(network, remote, fetched, MergeChoices()))
            tip = branch_tip(self.context.store, branch)
            if tip.commit == fetched:
                return PushSummary(branch, tip.commit, str(remote), False, merged, attempt)
            if network.push(remote, tip.commit) is Pushed.LANDED:
                network.accept(remote, tip.commit)
                return PushSummary(branch, tip.commit, str(remote), True, merged, attempt + 1)
            self.context.listener.message(f"{remote} moved meanwhile: fetching and merging it, then trying again.")
            # Many writers that start again at the same moment would get in each other's way again.
            pause(random.uniform(0, min(_LONGEST_PAUSE, 0.05 * 2**attempt)))
        raise RepositoryError(
            f"{remote} moved under each of {ATTEMPTS} attempts to push.", "All is committed here. Push again when it is quieter."
        )

    def remote_of(self, branch: str) -> Remote:
        """The remote that a branch goes to."""
        return self._network().remote(branch, self.remote)

    def _network(self) -> Network:
        return Network(self.context.store.top or self.context.store.git_dir, self.context.store.git_dir)

    def _branch(self) -> str:
        branch = self.context.name
        branch_tip(self.context.store, branch)
        return branch

    def _option(self) -> str:
        return f" --branch {quote(self.context.branch)}" if self.context.branch else ""

    def _merge(self, network: Network, remote: Remote, fetched: str, choices: MergeChoices) -> MergeSummary:
        branch = self._branch()
        self._refuse_lost(network, remote, fetched, branch_tip(self.context.store, branch))
        network.accept(remote, fetched)
        with self.context.change(f"merge {remote}", signs=not _is_forward(self.context, fetched)) as change:
            merging = Merging(self.context, change, choices, f"gitkb pull{self._option()}", self.remake)
            return merging(self.context.store.snapshot(fetched), str(remote))

    def _refuse_lost(self, network: Network, remote: Remote, fetched: str, tip: Snapshot) -> None:
        """Raises where the remote's branch has lost commits that it had before."""
        lost = network.lost(remote, fetched, tip.commit)
        if not lost:
            return
        ref, now = network.rescue(tip.commit), self.context.store.snapshot(fetched)
        documents = _missing(self.context.store.snapshot(lost), now) | _missing(tip, now)
        shown = sorted(documents)[:NAMED]
        more = f" and {len(documents) - NAMED} more" if len(documents) > NAMED else ""
        named = f"These documents would be lost or older: {', '.join(shown)}{more}" if shown else "No document would be lost"
        raise RepositoryError(
            f"{remote} was rewound or rewritten: it had {lost[:12]}, and now it has not. {named}."
            f" Nothing was changed, and your branch as it is now is kept as {ref}.",
            f"To follow the remote: git fetch {remote.name} && git reset --keep {fetched[:12]}. To bring back what it lost, ask"
            f" whoever rewrote it, then: git push --force-with-lease {remote.name} {self._branch()}:{remote.branch}",
        )


def _is_forward(context: ChangeContext, commit: str) -> bool:
    """Whether a merge only moves the branch forward, so that no commit of ours has to be signed."""
    return Ancestors(context.store.git_dir).holds(commit, context.tip().commit)


def _missing(old: Snapshot, new: Snapshot) -> set[str]:
    """The documents of a tree that another one has not, or in another version."""
    there = dict(new.files(RECORDS))
    return {name for path, oid in old.files(RECORDS) if there.get(path) != oid and (name := document_of(path))}


def _sum(one: MergeSummary, other: MergeSummary) -> MergeSummary:
    return replace(
        other,
        moved=one.moved or other.moved,
        added=tuple(sorted({*one.added, *other.added})),
        updated=tuple(sorted({*one.updated, *other.updated})),
        removed=tuple(sorted({*one.removed, *other.removed})),
        renamed=tuple(sorted({*one.renamed, *other.renamed})),
        pages=_pages(one.pages, other.pages),
    )


def _pages(one: PageChanges, other: PageChanges) -> PageChanges:
    from gitkb.pages.refresh import Tally

    tally = Tally()
    tally.add(one)
    tally.add(other)
    return tally.result()


@contextmanager
def merge_context(asking: Asking, branch: str) -> Iterator[ChangeContext]:
    """A branch that is ready for a merge. What that changes is kept in mind for the next command that asks a model."""
    store = asking.store
    branch_tip(store, branch or store.branch())
    with change_context(asking, branch, mends=True) as context:
        tip = store.snapshot()
        if settings_at(tip).compiler == "llm" and not marked_tree(store, Marker.TOLD):
            remember(store, Marker.TOLD, tip)
        yield context


def merge_revision(context: ChangeContext, rev: str, choices: MergeChoices, remake: Remake | None = None) -> MergeSummary:
    """Merges any revision of this repository into the branch."""
    theirs = context.store.snapshot(rev)
    command = f"gitkb merge {quote(rev)}{f' --branch {quote(context.branch)}' if context.branch else ''}"
    with context.change(f"merge {rev}", signs=not _is_forward(context, theirs.commit)) as change:
        return Merging(context, change, choices, command, remake)(theirs, rev)
