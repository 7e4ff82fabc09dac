"""Finding and opening repositories, and the states in which gitkb does not write to one.

Invariant: only the repository that was named is opened, whatever the environment or its configuration points at; a
refusal names the remedy. Reads only.
"""

from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import RepositoryOpenFlag, RepositoryState
from pygit2.ffi import C

from gitkb.config import CONFIG_PATH
from gitkb.errors import RepositoryError

OPERATIONS = {
    RepositoryState.MERGE: ("merge", "git merge --continue, or git merge --abort"),
    RepositoryState.REVERT: ("revert", "git revert --continue, or git revert --abort"),
    RepositoryState.REVERT_SEQUENCE: ("revert", "git revert --continue, or git revert --abort"),
    RepositoryState.CHERRYPICK: ("cherry-pick", "git cherry-pick --continue, or git cherry-pick --abort"),
    RepositoryState.CHERRYPICK_SEQUENCE: ("cherry-pick", "git cherry-pick --continue, or git cherry-pick --abort"),
    RepositoryState.BISECT: ("bisect", "git bisect reset"),
    RepositoryState.REBASE: ("rebase", "git rebase --continue, or git rebase --abort"),
    RepositoryState.REBASE_INTERACTIVE: ("rebase", "git rebase --continue, or git rebase --abort"),
    RepositoryState.REBASE_MERGE: ("rebase", "git rebase --continue, or git rebase --abort"),
    RepositoryState.APPLY_MAILBOX: ("am", "git am --continue, or git am --abort"),
    RepositoryState.APPLY_MAILBOX_OR_REBASE: ("am or rebase", "git am --abort, or git rebase --abort"),
}


@dataclass(frozen=True, slots=True)
class Folders:
    """`git_dir` has HEAD and index of this worktree, `common` everything shared; `worktree` is None for a bare one."""

    git_dir: Path
    common: Path
    worktree: Path | None


def find_folders(path: Path) -> Folders:
    """The folders of the repository at `path` (worktree root, bare repository or git folder), without looking upwards."""
    path = path.resolve()
    if path.name == ".git" and path.is_dir() and _workdir_of(_open(path)) == path.parent:
        path = path.parent
    repository = _open(path)
    git_dir = Path(repository.path).resolve()
    worktree = None if repository.is_bare else _workdir_of(repository)
    if worktree is not None and worktree != path:
        hint = f"Remove core.worktree from {git_dir / 'config'}, or name {worktree} itself."
        raise RepositoryError(f"The repository at {path} says that its files are in {worktree}.", hint)
    pointer = git_dir / "commondir"
    common = (git_dir / pointer.read_text().strip()).resolve() if pointer.is_file() else git_dir
    return Folders(git_dir, common, worktree)


def _open(path: Path) -> pygit2.Repository:
    try:
        return pygit2.Repository(str(path), RepositoryOpenFlag.NO_SEARCH)
    except pygit2.GitError as error:
        said = str(error)
        if "not owned" in said:
            hint = f'If you trust it: git config --global --add safe.directory "{path}"'
            raise RepositoryError(f"{path} belongs to another user, so git and gitkb do not open it.", hint) from error
        if "unsupported" in said or "object format" in said:
            hint = "gitkb needs a repository with SHA-1 objects and the files ref format: git clone it into a new one."
            raise RepositoryError(f"{path} is a git repository of a kind that gitkb cannot write: {said}", hint) from error
        raise RepositoryError(f"{path} is not a git repository: {said}", "gitkb init makes a knowledge base.") from error


def _workdir_of(repository: pygit2.Repository) -> Path | None:
    return Path(repository.workdir).resolve() if repository.workdir else None


def discover(start: Path) -> Path | None:
    """The nearest folder at or above `start` that is the root of a knowledge base, None where there is none."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / CONFIG_PATH).is_file() and (folder / ".git").exists():
            return folder
        bare = (folder / "HEAD").is_file() and (folder / "objects").is_dir() and folder.name != ".git"
        if (bare or (folder / ".git").exists()) and _head_has_config(folder):
            return folder
    return None


def _head_has_config(folder: Path) -> bool:
    try:
        return CONFIG_PATH in _open(folder).revparse_single("HEAD").peel(pygit2.Tree)
    except (KeyError, ValueError, RepositoryError, pygit2.GitError):
        return False


def operation(repository: pygit2.Repository) -> str:
    """The name of a git operation in progress, "" for none."""
    state = C.git_repository_state(repository._repo)
    return OPERATIONS[RepositoryState(state)][0] if state in OPERATIONS else ""


def head_branch(repository: pygit2.Repository) -> str:
    """The full name of the branch that HEAD names, born or not; `RepositoryError` where HEAD is detached."""
    target = repository.lookup_reference("HEAD").target
    if not isinstance(target, str):
        raise RepositoryError("HEAD is detached: no branch is checked out.", "Check out a branch: git switch main")
    return target


def refuse_busy(repository: pygit2.Repository) -> None:
    """`RepositoryError` where git is in the middle of something, or shows only a part of the tree."""
    state = C.git_repository_state(repository._repo)
    if state in OPERATIONS:
        name, remedy = OPERATIONS[RepositoryState(state)]
        raise RepositoryError(f"A {name} is in progress in this repository.", f"End it first: {remedy}")
    # Opened anew: this setting may have come into a file that was not there before.
    config = _open(Path(repository.path)).config
    if "core.sparsecheckout" in config and config.get_bool("core.sparsecheckout"):
        raise RepositoryError("This worktree is a sparse checkout.", "Show all files first: git sparse-checkout disable")


def other_worktree(folders: Folders, branch: str) -> str:
    """The path of another worktree that has a branch checked out, "" where none has."""
    for admin in sorted((folders.common / "worktrees").glob("*")):
        if admin != folders.git_dir and _names(admin / "HEAD", branch):
            pointer = admin / "gitdir"
            return str(Path(pointer.read_text().strip()).parent) if pointer.is_file() else str(admin)
    main_is_bare = _open(folders.common).is_bare
    if folders.common != folders.git_dir and not main_is_bare and _names(folders.common / "HEAD", branch):
        return str(folders.common.parent)
    return ""


def _names(head: Path, branch: str) -> bool:
    try:
        return head.read_text().strip() == f"ref: {branch}"
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        return False
