"""Finds how much of a branch another one has already, though no merge says so: after a squash, a rebase or a cherry-pick.

Invariant: reads only, and looks at records alone. A commit of the branch has landed if every document that the branch had changed
by then stood so on the other branch at some time since the two parted. So what the branch does next is compared, and merged, with
that commit, and not with a place before everything.
"""

from collections.abc import Mapping

from gitkb.branch.renames import renamed_documents
from gitkb.formats import records
from gitkb.store.history import Ancestry
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot

State = tuple[str, str | None]
"""The path of a record and its blob, None where it is removed."""


def landed_commit(store: Store, other: Snapshot, branch: Snapshot, base: Snapshot) -> str:
    """The newest commit of a branch, since it left another one at `base`, all of whose documents that one has had since then;
    "" where there is none but the base itself."""
    there, here = _changed(base, other), _changed(base, branch)
    if not here or not there.keys() & here.keys():
        return ""
    ancestry = Ancestry(store.git_dir)
    had = _states(store, ancestry, base, other)
    for oid in ancestry.first_parents(branch.commit):
        states = _changed(base, store.snapshot(oid)).items()
        if not states:
            return ""
        if states <= had:
            return oid
    return ""


def _states(store: Store, ancestry: Ancestry, base: Snapshot, other: Snapshot) -> set[State]:
    """Every state that documents of a branch had in a commit since the base."""
    had = _reached(base, other)
    for commit in ancestry.between(base.commit, other.commit):
        tree = store.snapshot(commit.oid)
        for parent in commit.parents[:1]:
            had |= _reached(store.snapshot(parent), tree)
    return had


def _reached(old: Snapshot, new: Snapshot) -> set[State]:
    """The states that documents came to between two trees. A name that was given up for another one is no removal."""
    found = set(_changed(old, new).items())
    gone = [path for path, blob in found if blob is None]
    names = renamed_documents(new, new.changes_since(old.oid)) if gone else {}
    return found - {(records.record_path(name), None) for name in names}


def _changed(old: Snapshot, new: Snapshot) -> Mapping[str, str | None]:
    """The records that differ between two trees, as the new one has them."""
    if old.entry(records.RECORDS) == new.entry(records.RECORDS):
        return {}
    return {change.path: change.new for change in new.changes_since(old.oid) if records.document_of(change.path)}
