"""New objects: collected in memory, then written as one durable pack.

libgit2's pack builder looks for deltas among the last ten objects, which costs more than everything else that a document
commit does; `git repack`, which gitkb starts in the background where packs pile up, finds better ones later. The formats are
git's pack version 2 and pack index version 2 (gitformat-pack). Nothing is fsynced here: see `objects.kept_packs`.

Invariant: what a group introduces is in its own packs, whether or not the repository already has it loose: an object that
somebody else wrote without fsync does not count. Temporary files are made in the run's folder only, never in git's.
Must not move a ref.
"""

import hashlib
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from gitkb.store.local.durable_files import fsync_file, naming, write_durably

KIND_NUMBERS = {"commit": 1, "tree": 2, "blob": 3}
_LARGE = 1 << 31


class _Entry(Struct, frozen=True, order=True):
    """An object in the pack: its id, where it begins, the checksum of its packed bytes."""

    oid: bytes
    offset: int
    crc: int


def write_pack(folder: Path, objects: Iterable[tuple[str, str, bytes]], count: int) -> None:
    """Write `count` objects, (hex id, kind, bytes) each, as `pack-<checksum>.pack` and `.idx` into a folder; the index comes
    last and by rename, so a pack without one is unfinished."""
    draft = folder / "draft"
    entries: list[_Entry] = []
    checksum = hashlib.sha1(b"PACK" + struct.pack(">II", 2, count), usedforsecurity=False)
    offset = 12
    with naming(draft), draft.open("wb") as stream:
        stream.write(b"PACK" + struct.pack(">II", 2, count))
        for oid, kind, data in objects:
            packed = _header(KIND_NUMBERS[kind], len(data)) + zlib.compress(data, zlib.Z_BEST_SPEED)
            entries.append(_Entry(bytes.fromhex(oid), offset, zlib.crc32(packed)))
            offset += len(packed)
            checksum.update(packed)
            stream.write(packed)
        stream.write(checksum.digest())
    name = folder / f"pack-{checksum.hexdigest()}"
    draft.rename(name.with_suffix(".pack"))
    with naming(draft):
        draft.write_bytes(_index(sorted(entries), checksum.digest()))
    draft.rename(name.with_suffix(".idx"))


def _header(kind: int, size: int) -> bytes:
    """Type and size of an entry: three bits of type, four of size, then seven bits of size in each byte that follows."""
    byte, size = (kind << 4) | (size & 15), size >> 4
    header = bytearray()
    while size:
        header.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    header.append(byte)
    return bytes(header)


def _index(entries: list[_Entry], pack: bytes) -> bytes:
    """The bytes of an index: for each first byte how many ids come up to it, then ids, checksums, offsets, large offsets."""
    fan, counts = 0, [0] * 256
    for entry in entries:
        counts[entry.oid[0]] += 1
    parts = [b"\xfftOc", struct.pack(">I", 2)]
    for count in counts:
        fan += count
        parts.append(struct.pack(">I", fan))
    parts += [entry.oid for entry in entries]
    parts += [struct.pack(">I", entry.crc) for entry in entries]
    large = [entry.offset for entry in entries if entry.offset >= _LARGE]
    place = {offset: _LARGE | number for number, offset in enumerate(large)}
    parts += [struct.pack(">I", place.get(entry.offset, entry.offset)) for entry in entries]
    parts += [struct.pack(">Q", offset) for offset in large]
    content = b"".join(parts) + pack
    return content + hashlib.sha1(content, usedforsecurity=False).digest()


Kind = str
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


def encode_commit(tree: str, parents: Iterable[str], author: str, committer: str, message: str) -> bytes:
    """A commit's bytes. `author` and `committer` are lines of the form `Name <email> seconds zone`."""
    lines = [f"tree {tree}", *(f"parent {oid}" for oid in parents), f"author {author}", f"committer {committer}", ""]
    text = message.replace("\0", "").rstrip("\n") + "\n"
    return ("\n".join(lines) + "\n" + text).encode("utf-8", "surrogateescape")
