"""Small compound files (the container of old Office documents and of Outlook), made from scratch."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

SECTOR, SMALL, LARGE = 512, 64, 4096
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
ROOT, STORAGE, STREAM = 5, 1, 2


@dataclass
class Entry:
    """One entry of the directory: `inner` are the numbers of those in it."""

    name: str
    kind: int
    content: bytes = b""
    inner: list[int] = field(default_factory=list)
    start: int = END


def compound(tree: Mapping[str, bytes | Mapping[str, bytes]]) -> bytes:
    """A compound file: streams by name, and storages of streams."""
    entries = [Entry("Root Entry", ROOT)]
    for name, content in tree.items():
        entries[0].inner.append(len(entries))
        entries.append(Entry(name, STREAM, content) if isinstance(content, bytes) else Entry(name, STORAGE))
        for inner, data in {} if isinstance(content, bytes) else content.items():
            entries[entries[0].inner[-1]].inner.append(len(entries))
            entries.append(Entry(inner, STREAM, data))
    small_fat: list[int] = []
    small = _laid_out([entry for entry in entries if entry.kind == STREAM and len(entry.content) < LARGE], small_fat, SMALL)
    entries[0].content = small
    listed = struct.pack(f"<{len(small_fat)}I", *small_fat)
    listed += struct.pack("<I", FREE) * (-len(small_fat) % 128)
    table, directory = Entry("", STREAM, listed), Entry("", STREAM, bytes(128 * len(entries)))
    fat: list[int] = []
    large = [entry for entry in entries if entry.kind == STREAM and len(entry.content) >= LARGE]
    data = _laid_out([directory, table, entries[0], *large], fat, SECTOR)
    first = len(fat)
    count = 1
    while len(fat) + count > 128 * count:
        count += 1
    fat += [FAT] * count
    fat += [FREE] * (128 * count - len(fat))
    written = b"".join(_written(number, entries) for number in range(len(entries)))
    data = written.ljust(-(-len(written) // SECTOR) * SECTOR, b"\0") + data[-(-len(written) // SECTOR) * SECTOR :]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6xII", 0x3E, 3, 0xFFFE, 9, 6, 0, count)
    header += struct.pack("<IIIIIII", directory.start, 0, LARGE, table.start, len(listed) // SECTOR, END, 0)
    header += struct.pack("<109I", *range(first, first + count), *[FREE] * (109 - count))
    return header + data + struct.pack(f"<{len(fat)}I", *fat)


def _laid_out(entries: list[Entry], fat: list[int], sector: int) -> bytes:
    """The contents one after the other in sectors, whose chains go into the table."""
    data = b""
    for entry in entries:
        if entry.content:
            padded = entry.content + bytes(-len(entry.content) % sector)
            entry.start, end = len(fat), len(fat) + len(padded) // sector
            fat += [*range(entry.start + 1, end), END]
            data += padded
    return data


def _written(number: int, entries: list[Entry]) -> bytes:
    """An entry; those of a storage hang on each other's right side, in the order that the format asks for."""
    entry = entries[number]
    beside = next((sorted(each.inner, key=lambda one: _rank(entries[one])) for each in entries if number in each.inner), [number])
    right = (*beside, FREE)[beside.index(number) + 1]
    child = min(entry.inner, key=lambda one: _rank(entries[one])) if entry.inner else FREE
    wide = entry.name.encode("utf-16-le") + b"\0\0"
    head = struct.pack("<HBBIII", len(wide), entry.kind, 1, FREE, right, child)
    return wide.ljust(64, b"\0") + head + bytes(36) + struct.pack("<IQ", entry.start, len(entry.content))


def _rank(entry: Entry) -> tuple[int, str]:
    return len(entry.name), entry.name.upper()
