"""What runs on a machine of a cluster: one document is converted and digested, in the same killable sandbox as at home.

Invariant: a pure function of the bytes, the job and the settings. What it gives are entries of the cache, which are data: the
owner unpickles nothing of them, and takes from them what it would have made itself. Only idle workers are kept between two jobs;
they end with the process that runs this. What a process that was killed left on this machine is removed by the next one: a folder
is in use while a process holds the lock in it.
"""

import atexit
import contextlib
import hashlib
import os
import pickle
import platform
import re
import shutil
import tempfile
import threading
import time
from functools import cache
from importlib import metadata
from itertools import count
from pathlib import Path, PurePosixPath

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gitkb.formats.settings import ConvertSettings
from gitkb.intake.prepare.document import Job, Workshop
from gitkb.intake.prepare.pool import Pool
from gitkb.store.local.locks import Liveness, wait_for_workers

_KEPT = 2
"""For so many runs workers are kept."""
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_PREFIX = "gitkb-far-"
_ALIVE, _WORKING = "alive", "lock"
_UNLOCKED = 3_600.0
"""After so many seconds a folder without a lock is none that somebody is making just now."""


class FarTask(Struct, frozen=True):
    """One document to convert. `shop` is what its run shares, `job` the job, both pickled by the owner; `data` is the original,
    None where the job's file can be read by its path. `versions` are those of the owner."""

    shop: bytes
    job: bytes
    data: bytes | None
    versions: dict[str, str]


class FarAnswer(Struct, frozen=True):
    """The entries of the cache that were made, none where the document failed; or the `versions` of a worker that differ."""

    machine: str
    entries: dict[str, bytes] = {}
    versions: dict[str, str] = {}


class _Place(Struct):
    """What a process of a cluster keeps of one run: a folder, and sandboxed workers."""

    folder: Path
    alive: Liveness
    shop: Workshop
    pool: Pool

    def close(self) -> None:
        self.pool.close()
        self.alive.release()
        shutil.rmtree(self.folder, ignore_errors=True)


_places: dict[str, _Place] = {}
_guard = threading.Lock()
_numbers = count()


@cache
def versions() -> dict[str, str]:
    """The versions of Python, of gitkb and of the libraries that it needs: documents come out alike where these are alike."""
    from gitkb import __version__

    found = {"gitkb": __version__, "Python": ".".join(platform.python_version_tuple()[:2])}
    for requirement in _requirements():
        name = _NAME.match(requirement)
        if name and "extra ==" not in requirement:
            with contextlib.suppress(metadata.PackageNotFoundError):
                found[name[0]] = metadata.version(name[0])
    return found


def _requirements() -> list[str]:
    try:
        return metadata.requires("gitkb") or []
    except metadata.PackageNotFoundError:
        return []  # run from its sources


def packed_shop(shop: Workshop, limits: ConvertSettings) -> bytes:
    """What all jobs of a run share as far as it bears on a conversion or a digest."""
    bare = replace(shop, scratch=Path(), cache=Path(), names={}, pages={}, large_above=None)
    return pickle.dumps((bare, limits))


def convert_far(packed: bytes) -> bytes:
    """Converts and digests one document: takes a `FarTask` and gives a `FarAnswer`, both as msgpack."""
    task = msgspec.msgpack.decode(packed, type=FarTask)
    mine, machine = versions(), platform.node()
    if mine != task.versions:
        return msgspec.msgpack.encode(FarAnswer(machine, versions=mine))
    place, folder = _place(task.shop), f"{next(_numbers)}"
    job: Job = pickle.loads(task.job)
    own = place.folder / "originals" / folder
    own.mkdir(parents=True)
    brought = own / PurePosixPath(job.source.path).name
    try:
        if task.data is None:
            shutil.copyfile(job.source.file, brought)
        else:
            brought.write_bytes(task.data)
        source = replace(job.source, file=brought, folder=own)
        prepared = place.pool.run(replace(job, source=source, present=None))
        entries = {name: (place.shop.cache / name).read_bytes() for name in prepared.entries}
        for path in (*(place.shop.scratch / path for path in prepared.files), *(place.shop.cache / name for name in entries)):
            path.unlink(missing_ok=True)
        return msgspec.msgpack.encode(FarAnswer(machine, entries))
    except OSError:
        return msgspec.msgpack.encode(FarAnswer(machine))  # the owner does it itself, and says what is wrong
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _place(shared: bytes) -> _Place:
    """Where the documents of a run are prepared."""
    key = hashlib.sha256(shared).hexdigest()
    with _guard:
        if key in _places:
            _places[key] = _places.pop(key)
        else:
            while len(_places) >= _KEPT:
                _places.pop(next(iter(_places))).close()
            _places[key] = _made(shared)
        return _places[key]


def _made(shared: bytes) -> _Place:
    bare, limits = pickle.loads(shared)
    clear_up()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    alive = Liveness(folder / _ALIVE)
    for name in ("scratch", "cache", "originals"):
        (folder / name).mkdir()
    shop = replace(bare, scratch=folder / "scratch", cache=folder / "cache")
    return _Place(folder, alive, shop, Pool(shop, limits, folder / _WORKING, os.cpu_count() or 1))


def clear_up() -> None:
    """Removes the folders here that a process of this user left when it was killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if not folder.is_symlink() and _is_left(folder):
                shutil.rmtree(folder)


def _is_left(folder: Path) -> bool:
    """Whether neither the process that made a folder nor one of its workers lives."""
    found = folder.stat()
    if hasattr(os, "getuid") and found.st_uid != os.getuid():
        return False
    if not (folder / _ALIVE).exists():
        return time.time() - found.st_mtime > _UNLOCKED
    return not Liveness.probe(folder / _ALIVE) and wait_for_workers(folder / _WORKING, 0)


@atexit.register
def _close() -> None:
    with _guard:
        for place in _places.values():
            place.close()
        _places.clear()
