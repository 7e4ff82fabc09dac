"""What the store's tests share: small publications, and the look for left-overs."""

from collections.abc import Callable, Mapping
from pathlib import Path

from gitkb.store.repository import Store
from gitkb.store.values import Content, PlannedCommit

Git = Callable[..., str]


def first_commit(store: Store) -> str:
    """Publish the files that every knowledge base begins with."""
    changes = {".gitkb/config.yaml": b"format: 1\n", "wiki/index.md": b"# Index\n"}
    with store.begin("init", allow_unborn=True) as run, run.locked() as transaction:
        return transaction.publish([PlannedCommit("init", changes)])[0]


def publish(store: Store, changes: Mapping[str, Content], message: str = "change", branch: str | None = None) -> str:
    """Publish one commit in a run of its own."""
    with store.begin("test", branch=branch) as run, run.locked() as transaction:
        return transaction.publish([PlannedCommit(message, dict(changes))])[0]


def root_of(store: Store) -> Path:
    """The worktree's folder."""
    assert store.worktree is not None
    return store.worktree


def traces(store: Store) -> list[Path]:
    """What a run may leave behind: refs, locks, folders, worktrees, temporary files."""
    found = [path for path in store.git_dir.rglob("*") if path.name.endswith((".lock", ".keep")) or path.name.startswith("tmp_")]
    for pattern in ("pack_git2_*", "worktrees/*", "gitkb/runs/*", "refs/gitkb/in-progress/*"):
        found += store.git_dir.rglob(pattern)
    return found
