"""Which branch a command writes to, and where that branch is, also one that is not there yet.

Invariant: nothing is checked out, and no branch is made before something is committed on it. Reads only.
"""

from gitkb.errors import NotFound, UsageError
from gitkb.store import Snapshot, Store


def branch_tip(store: Store, name: str) -> Snapshot:
    """The tip of a local branch; `NotFound` where there is none of this name."""
    try:
        return store.snapshot(f"refs/heads/{name}")
    except NotFound as error:
        raise NotFound(f"There is no branch {name!r} here.", "git branch lists the branches.") from error


def start_of(store: Store, branch: str, start: str) -> Snapshot:
    """The commit that new documents come on top of: the branch's tip ("" is the checked-out one); for a branch that is not
    there yet the revision `start`, by default the checked-out tip. `UsageError` where a start was named for one that is."""
    if start and not branch:
        raise UsageError("--from says where a new branch starts, so it needs --branch NAME.")
    if not branch:
        return store.snapshot()
    try:
        tip = branch_tip(store, branch)
    except NotFound:
        return store.snapshot(start or None)
    if start and store.snapshot(start).commit != tip.commit:
        raise UsageError(f"Branch {branch} is at {tip.commit[:7]} already, so it cannot start at {start}.", "Leave --from out.")
    return tip
