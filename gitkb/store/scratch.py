"""The scratch worktree of a run, registered with git: detached, locked, nothing checked out.

Invariant: git's folder for it appears and vanishes whole, by one rename. (`git worktree add` makes it file by file, and any
git command that looks at all worktrees in that moment fails; with many runs starting at once that happens.) The layout is
that of gitrepository-layout(5).
"""

from contextlib import suppress
from pathlib import Path

from gitkb.store.failing import naming
from gitkb.store.journal import RunFolder, remove_tree

_TRIES = 100


def _admin(common: Path, folder: RunFolder) -> Path:
    return common / "worktrees" / folder.scratch.name


def add_worktree(common: Path, folder: RunFolder, commit: str) -> None:
    """Register the run's scratch folder as a worktree whose detached HEAD is `commit`."""
    admin, made = _admin(common, folder), folder.folder / "admin"
    made.mkdir()
    files = {"HEAD": commit, "commondir": "../..", "gitdir": str(folder.scratch / ".git"), "locked": "a run of gitkb"}
    contents = {folder.scratch / ".git": f"gitdir: {admin}", **{made / name: content for name, content in files.items()}}
    for file, content in contents.items():
        with naming(file):
            file.write_text(f"{content}\n", encoding="utf-8", errors="surrogateescape")
    for _ in range(_TRIES):
        admin.parent.mkdir(exist_ok=True)
        # Another run that ends removes the folder of all worktrees when it is empty.
        with suppress(FileNotFoundError):
            made.rename(admin)
            return
    made.rename(admin)


def remove_worktree(common: Path, folder: RunFolder) -> None:
    """Take the scratch worktree out of git's sight; may be repeated. The run's folder takes the rest with it."""
    admin, out = _admin(common, folder), folder.folder / "admin-out"
    if out.exists():
        remove_tree(out)
    with suppress(FileNotFoundError):
        admin.rename(out)
    with suppress(OSError):
        # Git removes the folder with its last worktree too.
        admin.parent.rmdir()
