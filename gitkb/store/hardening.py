"""Makes durable what others wrote into the repository, before gitkb builds upon it.

git does not fsync loose objects, `git add` and `git commit` leave nothing durable, and neither does a clone its folders. A
branch that gitkb moves durably would then name a history whose older half a loss of power takes away. Invariant: when `cover`
returns, every object that was there when it began is durable. Changes nothing but a note of what need not be looked at again.
"""

import os
import re
import time
from contextlib import suppress
from pathlib import Path

from gitkb.store.objects import fsync_all

RACY_NANOSECONDS = 2_000_000_000
"""A folder that changed so recently may change again without another time: it is not noted."""
_LOOSE = re.compile(r"[0-9a-f]{2}")
_NOTED = re.compile(r"([0-9a-f]{2}) (\d{1,20})")


class Hardened:
    """The object database in the git folder `common`, and a note in `file` of the folders of loose objects that are durable,
    each with the time of its last change. The note may be lost: a new one is made in `drafts`, the run's folder, so that a kill
    leaves nothing beside it, and where it cannot be written the next run does more."""

    def __init__(self, common: Path, file: Path, drafts: Path) -> None:
        self._common, self._file, self._drafts = common, file, drafts

    def cover(self, git_dir: Path, root: Path) -> None:
        """Make all objects durable; at the first time also what makes the folder `root` a repository."""
        noted = self._read()
        if noted is None:
            harden_repository(self._common, git_dir, root)
        now = time.time_ns()
        changed = {name: age for name, age in self._ages().items() if (noted or {}).get(name) != age}
        if not changed and noted is not None:
            return
        objects = self._common / "objects"
        fsync_all([file for name in changed for file in _files(objects / name)])
        fsync_all([objects, *(objects / name for name in changed)])
        settled = {name: age for name, age in changed.items() if age < now - RACY_NANOSECONDS}
        self._write((noted or {}) | settled)

    def _ages(self) -> dict[str, int]:
        ages = {}
        with os.scandir(self._common / "objects") as found:
            for entry in found:
                with suppress(FileNotFoundError):
                    if _LOOSE.fullmatch(entry.name):
                        ages[entry.name] = entry.stat().st_mtime_ns
        return ages

    def _read(self) -> dict[str, int] | None:
        try:
            lines = self._file.read_text(encoding="ascii", errors="replace").splitlines()
        except FileNotFoundError:
            return None
        return {found[1]: int(found[2]) for line in lines if (found := _NOTED.fullmatch(line))}

    def _write(self, noted: dict[str, int]) -> None:
        new = self._drafts / "hardened"
        with suppress(OSError):
            new.write_text("".join(f"{name} {age}\n" for name, age in sorted(noted.items())), encoding="ascii")
            new.replace(self._file)


def harden_repository(common: Path, git_dir: Path, root: Path) -> None:
    """Make durable what a `git init` or `git clone` leaves to the system: settings, refs, packs, and the names of it all."""
    refs, packs = common / "refs", common / "objects" / "pack"
    files = [folder / name for folder in {common, git_dir} for name in ("HEAD", "config", "packed-refs", "commondir", "gitdir")]
    files += [*refs.rglob("*"), *_files(packs)]
    fsync_all([file for file in files if file.exists()])
    # Deepest first does not matter to the system, but only together they make the way to the objects durable.
    fsync_all([packs, common / "objects", refs, git_dir, common, root])
    with suppress(PermissionError):
        # Somebody else's folder, in which we may enter a name and not look.
        fsync_all([root.parent])


def _files(folder: Path) -> list[Path]:
    try:
        return [item for item in folder.iterdir() if item.is_file()]
    except FileNotFoundError:
        return []
