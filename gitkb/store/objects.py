"""Git objects in memory, and the packs and loose files that make them durable.

Invariant: what a group introduces is in its own packs, whether or not the repository already has it loose: an object that
somebody else wrote without fsync does not count. Temporary files are made in the run's folder only, never in git's.
Must not move a ref.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from gitkb.store.failing import naming
from gitkb.store.packs import write_pack

Kind = str
FSYNC_THREADS = 16
SPILL_BYTES = 64 * 1024 * 1024
_CHUNK = 1024 * 1024


def object_id(kind: Kind, data: bytes) -> str:
    """The hex id that git gives these bytes."""
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(data)) + data, usedforsecurity=False).hexdigest()


def file_blob_id(file: Path) -> str:
    """The hex blob id of a file's bytes, read in pieces."""
    with file.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        while piece := stream.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


class ObjectBuffer:
    """New objects by id; files stay on disk until they are packed, so that one large original does not fill the memory."""

    def __init__(self) -> None:
        self._objects: dict[str, tuple[Kind, bytes | Path]] = {}
        self.size = 0

    def __len__(self) -> int:
        return len(self._objects)

    def put(self, kind: Kind, data: bytes) -> str:
        """Add an object and return its id."""
        oid = object_id(kind, data)
        if oid not in self._objects:
            self._objects[oid] = (kind, data)
            self.size += len(data)
        return oid

    def put_file(self, file: Path) -> str:
        """Add a file's bytes as a blob; the file must stay unchanged until the pack is written."""
        oid = file_blob_id(file)
        self._objects.setdefault(oid, ("blob", file))
        return oid

    def items(self) -> Iterator[tuple[Kind, bytes]]:
        """(kind, bytes) of all objects, in the order they came; files are read one at a time."""
        for kind, data in self._objects.values():
            yield kind, data if isinstance(data, bytes) else data.read_bytes()

    def drain(self, folder: Path) -> None:
        """Write all objects as one pack with its index into `folder` and forget them."""
        if self._objects:
            named = ((oid, kind, data) for oid, (kind, data) in zip(self._objects, self.items(), strict=True))
            write_pack(folder, named, len(self._objects))
            self.clear()

    def clear(self) -> None:
        """Forget all objects."""
        self._objects.clear()
        self.size = 0


def fsync_file(file: Path) -> None:
    """Make a file's bytes, or a folder's names, durable."""
    if os.name == "nt" and file.is_dir():
        # Windows has no such thing as an open folder.
        return
    descriptor = os.open(file, os.O_RDONLY)
    try:
        with naming(file):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_all(files: Sequence[Path]) -> None:
    """Make many files' bytes, or folders' names, durable: at once, because a file system answers many at the price of a few.
    One that is gone by now, git packs and prunes as it likes, needs no more."""
    if len(files) < 2:
        for file in files:
            _fsync_if_there(file)
        return
    with ThreadPoolExecutor(min(FSYNC_THREADS, len(files))) as pool:
        # The list takes the first error out of its thread.
        list(pool.map(_fsync_if_there, files))


def _fsync_if_there(file: Path) -> None:
    with suppress(FileNotFoundError):
        fsync_file(file)


@contextmanager
def kept_packs(folder: Path, objects: Path, note: bytes) -> Iterator[None]:
    """Move the packs of `folder` into the object database, each under a `.keep` with `note` until the block ends.

    Order: bytes durable, then `.keep`, pack, index (git sees a pack by its index), then the folder: no crash leaves an
    index without its pack, or a pack that a concurrent `git repack` may drop before the ref names its objects.
    """
    target = objects / "pack"
    target.mkdir(parents=True, exist_ok=True)
    keeps: list[Path] = []
    try:
        for index in sorted(folder.glob("pack-*.idx")):
            keeps.append(target / f"{index.stem}.keep")
            _install(index, keeps[-1], note)
        fsync_file(target)
        yield
    finally:
        for keep in keeps:
            release_keep(keep)


def release_keep(keep: Path) -> None:
    """Remove a `.keep` of ours; a pack that did not get its index is seen by nobody and goes too."""
    if not keep.with_suffix(".idx").exists():
        keep.with_suffix(".pack").unlink(missing_ok=True)
    keep.unlink(missing_ok=True)


def _install(index: Path, keep: Path, note: bytes) -> None:
    pack = index.with_suffix(".pack")
    fsync_file(pack)
    fsync_file(index)
    # By rename, so that no kill leaves a `.keep` that does not say whose it is.
    write_durably(index.with_suffix(".keep"), note)
    index.with_suffix(".keep").rename(keep)
    pack.rename(keep.with_suffix(".pack"))
    index.rename(keep.with_suffix(".idx"))


def write_durably(file: Path, data: bytes) -> None:
    """Replace a small file of our own in place, with fsync."""
    with naming(file), file.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def encode_commit(tree: str, parents: Iterable[str], author: str, committer: str, message: str) -> bytes:
    """A commit's bytes. `author` and `committer` are lines of the form `Name <email> seconds zone`."""
    lines = [f"tree {tree}", *(f"parent {oid}" for oid in parents), f"author {author}", f"committer {committer}", ""]
    text = message.replace("\0", "").rstrip("\n") + "\n"
    return ("\n".join(lines) + "\n" + text).encode("utf-8", "surrogateescape")
