"""Finding and opening repositories, and the states in which gitkb does not write to one.

Invariant: only the repository that was named is opened, whatever the environment, its configuration or its files point at: a
`.git` that leads to another folder is followed only where that folder names this worktree in turn (`git worktree add` and
submodules do so), and nothing is written through a link inside the git folder. A refusal names the remedy. Reads only.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import pygit2
from msgspec import Struct
from pygit2.enums import RepositoryOpenFlag, RepositoryState
from pygit2.ffi import C

from gitkb.errors import RepositoryError
from gitkb.formats.settings import CONFIG_PATH

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

DEEPEST = 3
_READ_FIRST = ("HEAD", "config", "config.worktree", "index", "packed-refs", "commondir", "gitdir", "shallow")


class Folders(Struct, frozen=True):
    """`git_dir` has HEAD and index of this worktree, `common` everything shared; `worktree` is None for a bare one.
    `inside` is the folder of the repository in which the knowledge base is, "" for its top."""

    git_dir: Path
    common: Path
    worktree: Path | None
    inside: str = ""


def find_folders(path: Path) -> Folders:
    """The folders of the repository at `path` (worktree root, bare repository, git folder), or of the one in a folder of which a
    knowledge base is, `path`."""
    path, inside = path.resolve(), ""
    if not is_repository(path) and (above := repository_above(path)) is not None:
        path, inside = above, path.relative_to(above).as_posix()
    if path.name == ".git" and path.is_dir() and _workdir_of(_open(path)) == path.parent:
        path = path.parent
    repository = _open(path)
    git_dir = Path(repository.path).resolve()
    worktree = None if repository.is_bare else _workdir_of(repository)
    if worktree is not None and worktree != path:
        hint = f"Remove core.worktree from {git_dir / 'config'}, or name {worktree} itself."
        raise RepositoryError(f"The repository at {path} says that its files are in {worktree}.", hint)
    folders = Folders(git_dir, _common_of(git_dir), worktree, inside or _inside(repository, worktree))
    _refuse_stranger(path, folders, "core.worktree" in repository.config)
    return folders


def _common_of(git_dir: Path) -> Path:
    """The folder that a linked worktree's git folder shares with others; `RepositoryError` where it is none of that one's."""
    said = read_pointer(git_dir / "commondir")
    common = (git_dir / said).resolve() if said else git_dir
    if common != git_dir and git_dir.parent != common / "worktrees":
        raise RepositoryError(
            f"{git_dir} says that it shares {common}, where git does not know it.", f"Remove {git_dir / 'commondir'}."
        )
    return common


def _refuse_stranger(path: Path, folders: Folders, named: bool) -> None:
    """`RepositoryError` where `.git` leads to a repository that does not know this worktree. `named`: core.worktree names it."""
    git_dir = folders.git_dir
    if git_dir in (path, path / ".git") or named:
        return
    back = read_pointer(git_dir / "gitdir")
    if not back or Path(git_dir, back).parent.resolve() != path:
        raise RepositoryError(
            f"{path / '.git'} leads to {git_dir}, a repository that does not name this folder as its worktree.",
            f'If it is yours: git --git-dir="{git_dir}" config core.worktree "{path}"',
        )


def _refuse_endless(path: Path) -> None:
    """`RepositoryError` where what git reads first is no regular file: a pipe would never answer, a device never end."""
    own = path / ".git"
    git_dir = own if own.is_dir() else path
    for file in (own, *(git_dir / name for name in _READ_FIRST)):
        if file.exists() and not file.is_file() and not (file == own == git_dir):
            raise RepositoryError(f"{file} is not a regular file.", "Remove it, then look with: git status")


def read_pointer(file: Path) -> str:
    """The path that a small file of git's holds, "" where it holds none."""
    try:
        return file.read_text(encoding="utf-8", errors="surrogateescape").strip() if file.is_file() else ""
    except OSError:
        return ""


def refuse_links(folders: Folders, refs: Iterable[str] = ()) -> None:
    """`RepositoryError` where a write to the repository, to one of these refs for example, would go through a link."""
    known = ("HEAD", "config", "hooks", "objects/pack", "refs/heads", "refs/gitkb/in-progress", "worktrees", "lfs/objects")
    logs = [f"logs/{ref}" for ref in ("HEAD", *refs)]
    for name in dict.fromkeys((*known, *refs, *logs)):
        _refuse_link(folders.common, name)
    for name in ("HEAD", "index", "logs/HEAD"):
        _refuse_link(folders.git_dir, name)
    with os.scandir(folders.common / "objects") as found:
        for entry in found:
            _refuse_link(folders.common, f"objects/{entry.name}")


def _refuse_link(top: Path, name: str) -> None:
    file = top
    for part in name.split("/"):
        file = file / part
        if file.is_symlink():
            raise RepositoryError(
                f"{file} is a link to {file.readlink()}, and gitkb writes through no link.",
                "Put what it leads to in its place, or git clone the repository.",
            )


def _open(path: Path) -> pygit2.Repository:
    _refuse_endless(path)
    try:
        return pygit2.Repository(str(path), RepositoryOpenFlag.NO_SEARCH)
    except pygit2.GitError as error:
        said = str(error)
        if "not owned" in said:
            hint = f'If you trust it: git config --global --add safe.directory "{path}"'
            raise RepositoryError(f"{path} belongs to another user, so git and gitkb do not open it.", hint) from error
        if "unsupported" in said or "object format" in said:
            hint = (
                "gitkb needs SHA-1 objects. To convert it: git init NEW && git fast-export --all | git -C NEW fast-import"
                if "object format" in said
                else "Where its refs are in reftables: git refs migrate --ref-format=files, or git clone it into a new one."
            )
            raise RepositoryError(f"{path} is a git repository of a kind that gitkb cannot write: {said}", hint) from error
        raise RepositoryError(f"{path} is not a git repository: {said}", "gitkb init makes a knowledge base.") from error


def _workdir_of(repository: pygit2.Repository) -> Path | None:
    return Path(repository.workdir).resolve() if repository.workdir else None


def is_repository(folder: Path) -> bool:
    """Whether a folder is the root of a worktree, a bare repository or a git folder."""
    return (folder / ".git").exists() or ((folder / "HEAD").is_file() and (folder / "objects").is_dir())


def repository_above(folder: Path) -> Path | None:
    """The root of the worktree that a folder is in, itself not counted; None where it is in none."""
    return next((parent for parent in folder.parents if (parent / ".git").exists()), None)


def discover(start: Path) -> Path | None:
    """The nearest folder at or above `start` that is the root of a knowledge base, None where there is none. In a repository with
    a knowledge base in one of its folders that folder is found from everywhere in it."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / CONFIG_PATH).is_file() and ((folder / ".git").exists() or repository_above(folder) is not None):
            return folder
        bare = (folder / "HEAD").is_file() and (folder / "objects").is_dir() and folder.name != ".git"
        inside = _head_has(folder) if bare or (folder / ".git").exists() else None
        if inside is not None:
            return folder if bare else folder / inside
    return None


def _head_has(folder: Path) -> str | None:
    """The folder of a repository's HEAD in which a knowledge base is, "" for its top, None for none."""
    try:
        return knowledge_base_in(_open(folder).revparse_single("HEAD").peel(pygit2.Tree))
    except (KeyError, ValueError, RepositoryError, pygit2.GitError):
        return None


def _inside(repository: pygit2.Repository, worktree: Path | None) -> str:
    if worktree is not None and (worktree / CONFIG_PATH).is_file():
        return ""
    try:
        return knowledge_base_in(repository.revparse_single("HEAD").peel(pygit2.Tree)) or ""
    except (KeyError, ValueError, pygit2.GitError):
        return ""


def knowledge_base_in(tree: pygit2.Tree) -> str | None:
    """The folder of a tree in which a knowledge base is: "" for its top, else the first, level by level and by name; None for
    none. It may be `DEEPEST` folders below the top."""
    level: list[tuple[str, pygit2.Tree]] = [("", tree)]
    for _ in range(DEEPEST + 1):
        for path, each in level:
            if CONFIG_PATH in each:
                return path
        level = [
            (f"{path}/{entry.name}" if path else str(entry.name), entry)
            for path, each in level
            for entry in each
            if isinstance(entry, pygit2.Tree)
        ]
    return None


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
    """`RepositoryError` where git is in the middle of something."""
    state = C.git_repository_state(repository._repo)
    if state in OPERATIONS:
        name, remedy = OPERATIONS[RepositoryState(state)]
        raise RepositoryError(f"A {name} is in progress in this repository.", f"End it first: {remedy}")


def refuse_name(repository: pygit2.Repository, ref: str) -> None:
    """`RepositoryError` where git can have no branch of this name: it is none, or another branch stands in its way."""
    name = ref.removeprefix("refs/heads/")
    if not pygit2.reference_is_valid_name(ref):
        raise RepositoryError(f"{name!r} cannot be the name of a branch.", "Choose another name.")
    if ref in repository.references:
        return
    above = [ref.rsplit("/", count)[0] for count in range(1, ref.count("/") - 1)]
    taken = next((each for each in above if each in repository.references), None)
    taken = taken or next((each for each in repository.references if each.startswith(f"{ref}/")), None)
    if taken:
        other = taken.removeprefix("refs/heads/")
        raise RepositoryError(f"While there is a branch {other}, git cannot have a branch {name}.", "Choose another name.")


def other_worktree(folders: Folders, branch: str) -> str:
    """The path of another worktree that has a branch checked out, "" where none has."""
    for admin in sorted((folders.common / "worktrees").glob("*")):
        if admin != folders.git_dir and _names(admin / "HEAD", branch):
            said = read_pointer(admin / "gitdir")
            return str(Path(said).parent) if said else str(admin)
    main_is_bare = _open(folders.common).is_bare
    if folders.common != folders.git_dir and not main_is_bare and _names(folders.common / "HEAD", branch):
        return str(folders.common.parent)
    return ""


def _names(head: Path, branch: str) -> bool:
    return read_pointer(head) == f"ref: {branch}"
