"""The folder for what is local, `<git dir>/gitkb`: whether it was made here, and what of it may be believed.

A repository can come as a folder with its `.git`, in an archive or on a stick; then this folder is somebody else's too, with
links that lead elsewhere, pipes that never answer, a search index that lies. Invariant: before anything in it is used it is
*claimed*: links, pipes and devices are removed, so is everything derived (cache, catalog), unread; unfinished runs stay, for
recovery. Afterwards a seal says that it was made here: an empty file with the inode and the time of change that another file
has noted, which nobody can put into an archive. Must not follow a link.
"""

import os
import stat
from pathlib import Path

from gitkb.errors import RepositoryError
from gitkb.store.journal import remove_tree
from gitkb.store.locks import exclusive

LOCK_SECONDS = 600.0
_KEPT = frozenset({"lock", "repack", "runs"})
_SEAL, _NOTED = "seal", "sealed"


def claim(folder: Path) -> bool:
    """Make the local folder ours, at its first use and after it was copied; False where it cannot be written.

    `RepositoryError` where a link or file stands in its place.
    """
    kind = _kind(folder)
    if kind not in (0, stat.S_IFDIR):
        raise RepositoryError(f"{folder} is a link or a file, where gitkb keeps local files.", "Remove it, then try again.")
    try:
        folder.mkdir(exist_ok=True)
        if not _is_sealed(folder):
            _remove_strange(folder)
            with exclusive(folder / "lock", None, LOCK_SECONDS, ""):
                # Another process may have been quicker.
                if not _is_sealed(folder):
                    _remove_derived(folder)
                    _seal(folder)
    except OSError:
        return False
    return True


def _is_sealed(folder: Path) -> bool:
    try:
        noted = folder / _NOTED
        return _kind(noted) == stat.S_IFREG and noted.read_bytes() == _state(folder / _SEAL)
    except OSError:
        return False


def _state(seal: Path) -> bytes:
    found = seal.lstat()
    return f"{found.st_dev} {found.st_ino} {found.st_ctime_ns}\n".encode()


def _seal(folder: Path) -> None:
    for name in (_SEAL, _NOTED):
        (folder / name).unlink(missing_ok=True)
    (folder / _SEAL).touch(exist_ok=False)
    (folder / _NOTED).write_bytes(_state(folder / _SEAL))


def _remove_derived(folder: Path) -> None:
    for item in folder.iterdir():
        if item.name not in _KEPT:
            remove_tree(item)


def _remove_strange(folder: Path) -> None:
    """Remove what gitkb never makes: anything but regular files and folders."""
    for name in sorted(_KEPT):
        _remove_if_strange(folder / name)
    for top, folders, files in os.walk(folder / "runs"):
        for name in (*folders, *files):
            _remove_if_strange(Path(top, name))


def _remove_if_strange(file: Path) -> None:
    if _kind(file) not in (0, stat.S_IFREG, stat.S_IFDIR):
        file.unlink(missing_ok=True)


def _kind(file: Path) -> int:
    """The type of a file as `stat.S_IFMT` tells it, links not followed; 0 where there is none."""
    try:
        return stat.S_IFMT(file.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return 0
