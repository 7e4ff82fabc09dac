"""The local folder `.git/gitkb`: claimed by this repository; and in it the folder of each run, with the note of how far it is.

The same small JSON stands in three places: `run.json` (who the run is), `publishing.json` (exists exactly while index and
worktree may differ from the branch) and, from the first group on, the journal commit under `refs/gitkb/in-progress/<run>`.
It holds relative paths only. A note that cannot be read (torn by a power loss, or not ours) is None, never an error and never
trusted further.

A repository can come as a folder with its `.git`, in an archive or on a stick; then this folder is somebody else's too, with
links that lead elsewhere, pipes that never answer, a search index that lies. Invariant: before anything in it is used it is
*claimed*: links, pipes and devices are removed, so is everything derived (cache, catalog), unread; unfinished runs stay, for
recovery. Afterwards a seal says that it was made here: an empty file with the inode and the time of change that another file
has noted, which nobody can put into an archive. Must not follow a link.
"""

import json
import os
import re
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict, fields

from gitkb.errors import RepositoryError
from gitkb.store.local.durable_files import fsync_file, naming, write_durably
from gitkb.store.local.locks import exclusive

JOURNAL_FORMAT = 1
JOURNAL_FILE = "run.json"
_RUN_ID = re.compile(r"[0-9a-f]{16}")
_OID = re.compile(r"([0-9a-f]{40})?")
_BRANCH = re.compile(r"(refs/heads/[^\0-\x20~^:?*\[\\\x7f]+)?")
_ADMIN = re.compile(r"(worktrees/[^/\0]+)?")


class Note(Struct, frozen=True):
    """`commits` counts those of the run, the last group included, which has `group` of them. `before` and `after` are the
    branch's commits around that group ("" for none); `admin` is the git folder of the worktree in use, relative to the
    common one ("" for that itself)."""

    what: str
    branch: str
    progress: str = ""
    commits: int = 0
    group: int = 0
    before: str = ""
    after: str = ""
    admin: str = ""

    def encode(self) -> bytes:
        """The note as deterministic JSON."""
        return (
            json.dumps({"format": JOURNAL_FORMAT, **asdict(self)}, ensure_ascii=True, indent=1, sort_keys=True).encode() + b"\n"
        )


def decode_note(data: bytes) -> Note | None:
    """A note, None where the bytes are not one of this format."""
    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict) or values.pop("format", None) != JOURNAL_FORMAT:
        return None
    kinds = {field.name: int if field.name in ("commits", "group") else str for field in fields(Note)}
    if values.keys() != kinds.keys() or any(type(values[name]) is not kind for name, kind in kinds.items()):
        return None
    note = Note(**values)
    shapes = [(_OID, note.before), (_OID, note.after), (_BRANCH, note.branch), (_ADMIN, note.admin)]
    whole = all(shape.fullmatch(value) for shape, value in shapes) and ".." not in note.branch + note.admin
    return note if whole else None


class RunFolder:
    """The files of one run below `<git dir>/gitkb/runs/`; the folder's name is the run's id."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name
        self.alive = folder / "alive"
        self.workers = folder / "workers"
        self.packs = folder / "packs"
        self.swap = folder / "swap"
        self.index_draft = folder / "index"
        self.index_token = folder / "index-token"
        self.ref_token = folder / "ref-token"
        self.scratch = folder / f"gitkb-{folder.name}"

    @property
    def keep_note(self) -> bytes:
        """What the run writes into the `.keep` of its packs."""
        return f"gitkb {self.id}\n".encode()

    def write(self, note: Note) -> None:
        """Say durably what the run is."""
        write_durably(self.folder / "run.json", note.encode())

    def mark(self, note: Note) -> None:
        """Say durably that index and worktree are about to follow the branch from `before` to `after`."""
        write_durably(self.folder / "publishing.new", note.encode())
        (self.folder / "publishing.new").replace(self.folder / "publishing.json")
        fsync_file(self.folder)

    def unmark(self) -> None:
        """Index and worktree follow the branch again."""
        (self.folder / "publishing.json").unlink(missing_ok=True)

    def note(self) -> Note | None:
        """What the run said it is."""
        return self._read("run.json")

    def marked(self) -> Note | None:
        """The group whose publication did not end."""
        return self._read("publishing.json")

    def _read(self, name: str) -> Note | None:
        try:
            return decode_note((self.folder / name).read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None

    def remove(self) -> None:
        """Remove everything; `alive` goes last, so that a folder with content and without a holder is a dead run's."""
        for item in sorted(self.folder.iterdir(), reverse=True):
            if item != self.alive:
                remove_tree(item)
        self.alive.unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            self.folder.rmdir()


def remove_tree(item: Path) -> None:
    """Remove a file, link or folder that may vanish meanwhile; links are not followed."""
    if item.is_dir() and not item.is_symlink():
        with naming(item):
            shutil.rmtree(item)
    else:
        item.unlink(missing_ok=True)


def run_folders(local: Path) -> list[RunFolder]:
    """All runs that have a folder here, dead or alive, by id."""
    runs = local / "runs"
    if not runs.is_dir():
        return []
    return [RunFolder(folder) for folder in sorted(runs.iterdir()) if _RUN_ID.fullmatch(folder.name)]


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
