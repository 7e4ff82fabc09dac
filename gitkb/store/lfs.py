"""Large originals in Git LFS: a commit holds a small pointer, the bytes lie in the repository's local LFS store.

Invariant: a pointer is byte for byte the one that git-lfs makes, and its object stands whole and durable under its hash
before a commit names it. Which paths are kept so is told by their name alone, as the line in `.gitattributes` tells git; a
worktree shows the bytes. Must not reach the network: `git lfs push` and `git lfs pull` do that.
"""

import hashlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pygit2
from msgspec import Struct
from pygit2.enums import ConfigLevel

from gitkb.errors import RepositoryError
from gitkb.model.documents import LARGE
from gitkb.store.git_program import TRUST, attempt, environment
from gitkb.store.local.durable_files import fsync_all, fsync_file
from gitkb.store.objects import file_blob_id, object_id

POINTER_BYTES = 1024
_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\noid sha256:([0-9a-f]{64})\nsize (\d{1,18})\n")
# Git would run an alias of that name where the program is missing.
_LFS = ("-c", "alias.lfs=!false", "lfs")


def pointer(sha256: str, size: int) -> bytes:
    """What a commit holds in place of a file with this hash (hex) and size (bytes)."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


def is_large(path: str) -> bool:
    """Whether a path of the knowledge base, or of its repository, is that of an original in Git LFS."""
    return f"/{path}".find("/raw/") >= 0 and f"{LARGE}." in path.rpartition("/")[2]


def pointed(path: str, content: bytes) -> tuple[str, int] | None:
    """(sha256 in hex, size in bytes) of the file that the content of a path points at; None where it is no pointer."""
    found = _POINTER.fullmatch(content) if is_large(path) else None
    return (found[1].decode(), int(found[2])) if found is not None else None


def pointer_id(file: Path) -> str:
    """The blob id of a file's pointer."""
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
        return object_id("blob", pointer(digest.hexdigest(), stream.tell()))


def blob_id(path: str, file: Path) -> str:
    """The blob id that git gives the worktree file of a path: for large originals, unless it is a pointer, its pointer's."""
    if is_large(path) and not _is_pointer(file):
        return pointer_id(file)
    return file_blob_id(file)


def _is_pointer(file: Path) -> bool:
    return file.stat().st_size <= POINTER_BYTES and _POINTER.fullmatch(file.read_bytes()) is not None


class Originals(Struct, frozen=True):
    """The LFS objects of one repository, below `storage`."""

    storage: Path

    @classmethod
    def of(cls, repository: pygit2.Repository, common: Path, root: Path) -> "Originals":
        """Where git-lfs keeps them: `lfs` in the common git folder, or where `lfs.storage` says; the repository's own
        configuration may name a folder elsewhere only where the person trusts it."""
        storage, trusted, own = common / "lfs", False, False
        for entry in repository.config:
            local = entry.level >= ConfigLevel.LOCAL
            trusted = trusted or (entry.name == TRUST and not local and entry.value in ("*", str(root)))
            if entry.name == "lfs.storage":
                storage, own = common / (entry.value or "lfs"), local
        if own and not trusted and not storage.resolve().is_relative_to(common):
            raise RepositoryError(
                f"The configuration of this repository itself sets lfs.storage, which names {storage} outside it.",
                f'If you set it yourself: git config --global --add {TRUST} "{root}"',
            )
        return cls(storage)

    def keep(self, file: Path, sha256: str, size: int) -> None:
        """Take a file, whose hash the caller knows, into the store, durably; it is moved unless its bytes are there."""
        target = self._file(sha256)
        if target.is_file() and target.stat().st_size == size:
            return
        folder = target.parent
        folder.mkdir(parents=True, exist_ok=True)
        if file.stat().st_dev != folder.stat().st_dev:
            near = self.storage / "tmp" / f"gitkb-{sha256}"
            near.parent.mkdir(exist_ok=True)
            shutil.copyfile(file, near)
            file = near
        fsync_file(file)
        file.replace(target)
        fsync_all([parent for parent in folder.parents if parent.is_relative_to(self.storage.parent)] + [folder])

    def find(self, path: str, content: bytes) -> Path | None:
        """The object that a path's content points at; None where it is no pointer, or the object is not here."""
        found = _POINTER.fullmatch(content) if is_large(path) else None
        if found is None:
            return None
        file = self._file(found[1].decode())
        return file if file.is_file() and file.stat().st_size == int(found[2]) else None

    def _file(self, sha256: str) -> Path:
        return self.storage / "objects" / sha256[:2] / sha256[2:4] / sha256


def require(git_dir: Path, common: Path, report: Callable[[str], None]) -> None:
    """Make sure that git and git-lfs will treat large originals as they must; `RepositoryError` where git-lfs is missing.

    What `git lfs install` would set up and is not there yet is set up for this repository alone.
    """
    env = environment()
    if attempt(git_dir, [*_LFS, "version"], env).returncode:
        raise RepositoryError(
            "This knowledge base keeps large originals in Git LFS (raw.storage: lfs), and git-lfs is not installed.",
            "Install it from https://git-lfs.com or your system's packages, or set raw.storage: git.",
        )
    if attempt(git_dir, ["config", "--get", "filter.lfs.clean"], env).returncode:
        _set_up(git_dir, [*_LFS, "install", "--local", "--skip-repo"])
    if _pushes_originals(common / "hooks"):
        return
    config = pygit2.Repository(str(git_dir)).config
    # A folder for hooks that somebody configured is theirs, as is a hook that is there.
    if "core.hookspath" not in config and not (common / "hooks/pre-push").exists():
        _set_up(git_dir, ["-c", f"core.hooksPath={common / 'hooks'}", *_LFS, "update"])
    elif "core.hookspath" not in config:
        report('The pre-push hook does not call "git lfs pre-push", so push large originals with: git lfs push origin BRANCH')


def _set_up(git_dir: Path, arguments: list[str]) -> None:
    done = attempt(git_dir, arguments, environment())
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip() or done.stdout.decode("utf-8", "replace").strip()
        raise RepositoryError(f"git-lfs could not be set up for this repository: {said}", "Run it yourself: git lfs install")


def _pushes_originals(hooks: Path) -> bool:
    """Whether a hook here, or one that it calls, uploads LFS objects before a push."""
    found = [*hooks.glob("pre-push*"), *hooks.glob("before-gitkb/pre-push")] if hooks.is_dir() else []
    texts = [file.read_bytes() for file in found if file.suffix != ".sample" and file.is_file()]
    return any(b"git lfs" in text or b"git-lfs" in text for text in texts)
