"""The store: the only place for pygit2. Transactions on a git repository, and read-only views of its commits.

A group of commits is built in memory, made durable as one pack, and becomes real in one compare-and-swap of the branch;
index and worktree follow. What a killed run leaves, the next writer clears. See `publish.py` for the order of writes.
"""

from gitkb.store.ancestors import Ancestors, merge_lines
from gitkb.store.lfs import pointer
from gitkb.store.publish import Transaction
from gitkb.store.remote import Network, Pushed, Remote, ask_service
from gitkb.store.repository import Store
from gitkb.store.run import Run
from gitkb.store.snapshot import Snapshot, TreeView
from gitkb.store.values import Commit, Content, Edit, PlannedCommit, Recovery, Rescued, RunState, Stored, WorktreeStatus

__all__ = [
    "Ancestors",
    "Commit",
    "Content",
    "Edit",
    "Network",
    "PlannedCommit",
    "Pushed",
    "Recovery",
    "Remote",
    "Rescued",
    "Run",
    "RunState",
    "Snapshot",
    "Store",
    "Stored",
    "Transaction",
    "TreeView",
    "WorktreeStatus",
    "ask_service",
    "merge_lines",
    "pointer",
]
