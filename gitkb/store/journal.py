"""What a run notes about itself, and where its files are.

The same small JSON stands in three places: `run.json` (who the run is), `publishing.json` (exists exactly while index and
worktree may differ from the branch) and, from the first group on, the journal commit under `refs/gitkb/in-progress/<run>`.
It holds relative paths only. A note that cannot be read (torn by a power loss, or not ours) is None, never an error and never
trusted further.
"""

import json
import re
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from gitkb.store.failing import naming
from gitkb.store.objects import fsync_file, write_durably

JOURNAL_FORMAT = 1
JOURNAL_FILE = "run.json"
_RUN_ID = re.compile(r"[0-9a-f]{16}")
_OID = re.compile(r"([0-9a-f]{40})?")
_BRANCH = re.compile(r"(refs/heads/[^\0-\x20~^:?*\[\\\x7f]+)?")
_ADMIN = re.compile(r"(worktrees/[^/\0]+)?")


@dataclass(frozen=True, slots=True)
class Note:
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
