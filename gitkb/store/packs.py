"""Writes new objects as one pack with its index, in the order they came and without deltas.

libgit2's pack builder looks for deltas among the last ten objects, which costs more than everything else that a document
commit does; `git repack`, which gitkb starts in the background where packs pile up, finds better ones later. The formats are
git's pack version 2 and pack index version 2 (gitformat-pack). Nothing is fsynced here: see `objects.kept_packs`.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gitkb.store.failing import naming

KIND_NUMBERS = {"commit": 1, "tree": 2, "blob": 3}
_LARGE = 1 << 31


@dataclass(frozen=True, slots=True, order=True)
class _Entry:
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
