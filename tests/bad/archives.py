"""Bad Office documents and books: zip archives that lie, explode or lead elsewhere, and what is wrong inside of them."""

import io
import struct
import zipfile
from collections.abc import Iterator, Mapping

from tests.bad import words
from tests.bad.case import Case, added, either, failed, flipped, later, noise, truncated
from tests.support import sample_files as samples

BOMB = r"unpack|damaged|took longer|memory"
KINDS = {"docx": words.docx, "xlsx": words.xlsx, "pptx": words.pptx, "epub": words.epub, "odt": words.odt}
MAIN = {
    "docx": "word/document.xml",
    "xlsx": "xl/worksheets/sheet1.xml",
    "pptx": "ppt/slides/slide1.xml",
    "epub": "OEBPS/c1.xhtml",
    "odt": "content.xml",
}
LAST = "smithy of the old town"
LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a0 "ha ha ha ha ha ha ha ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    + "]>"
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY outside SYSTEM "file:///etc/passwd"><!ENTITY % more SYSTEM "http://127.0.0.1:9/x.dtd"> %more;]>'
Members = dict[str, str | bytes]


def cases() -> Iterator[Case]:
    for kind, whole in KINDS.items():
        yield from truncated(kind, f"cut.{kind}", whole(), words.WORDS)
        yield from flipped(kind, f"flip.{kind}", whole(), words.WORDS)
        yield from _containers(kind, whole())
        yield from _entities(kind, whole())


def members_of(data: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        return {name: source.read(name) for name in source.namelist()}


def replaced(data: bytes, changes: Mapping[str, str | bytes]) -> bytes:
    """The archive with members added or replaced."""
    return samples.archive(members_of(data) | dict(changes))


def edited(data: bytes, name: str, old: str, new: str) -> bytes:
    """The archive with words in a member replaced once."""
    members = members_of(data)
    content = members[name]
    text = content.decode() if isinstance(content, bytes) else content
    assert old in text, f"{name} holds no {old}"
    return samples.archive(members | {name: text.replace(old, new, 1)})


def without(data: bytes, name: str) -> bytes:
    members = members_of(data)
    del members[name]
    return samples.archive(members)


def _containers(kind: str, whole: bytes) -> Iterator[Case]:
    main = MAIN[kind]
    yield failed(f"{kind}/header-only.{kind}", b"PK\x03\x04", "damaged or truncated")
    yield failed(f"{kind}/header-and-noise.{kind}", b"PK\x03\x04" + noise(30_000, kind), "damaged or truncated")
    yield failed(f"{kind}/another-archive.{kind}", samples.archive({"notes.txt": "words"}), "it is a zip archive")
    yield failed(f"{kind}/a-text.{kind}", words.md(), "it is plain text")
    yield failed(f"{kind}/a-pdf.{kind}", words.pdf(), "it is a PDF document")
    yield failed(f"{kind}/bomb-of-zeros.{kind}", later(lambda: replaced(whole, {main: bytes(100 * 1024**2)})), BOMB)
    yield failed(f"{kind}/bomb-beside.{kind}", later(lambda: replaced(whole, {"bomb.bin": bytes(100 * 1024**2)})), BOMB)
    yield failed(f"{kind}/many-members.{kind}", later(lambda: _many(whole, 30_000)), BOMB)
    yield failed(f"{kind}/4-gib-stated.{kind}", _states(whole, main, 0xFFFFFFF0), BOMB)
    yield failed(f"{kind}/less-stated.{kind}", _states(replaced(whole, {main: bytes(9 * 1024**2)}), main, 1_000), BOMB)
    yield failed(f"{kind}/members-overlap.{kind}", _overlapping(whole, main), "damaged|overlap|unpack")
    yield failed(f"{kind}/encrypted-members.{kind}", _flagged(whole), "protected by a password")
    yield failed(f"{kind}/unknown-packing.{kind}", _packed_by(whole, 99), "damaged|packed")
    yield either(f"{kind}/wrong-checksum.{kind}", _wrong_checksum(whole, main), "damaged")
    lost = either if kind == "epub" else failed
    yield lost(f"{kind}/main-part-missing.{kind}", without(whole, main), "damaged|missing|holds no")
    yield either(f"{kind}/main-part-cut.{kind}", _cut(whole, main), "damaged", "The rest of this chapter is missing")
    yield either(f"{kind}/main-part-empty.{kind}", replaced(whole, {main: ""}), "damaged|no text")
    yield added(
        f"{kind}/leads-outside.{kind}",
        replaced(whole, {"../../../outside.txt": "x", "/outside.txt": "x", "..\\outside.txt": "x", "C:\\outside.txt": "x"}),
        LAST,
    )
    yield added(f"{kind}/noise-behind.{kind}", whole + noise(2_000, "behind"), LAST)
    for mark, name in (("EncryptedPackage", "password"), ("WordDocument", "old-word"), ("Nothing", "old-container")):
        reason = "protected by a password" if name == "password" else "old kind|without a document"
        yield failed(f"{kind}/{name}.{kind}", compound(mark), reason)


def _many(whole: bytes, count: int) -> bytes:
    return replaced(whole, {f"x/{n}": b"" for n in range(count)})


def _directory(data: bytes) -> Iterator[tuple[int, str]]:
    """Where the entries of an archive's directory begin, with their names."""
    at = data.index(b"PK\x01\x02")
    while data[at : at + 4] == b"PK\x01\x02":
        lengths = struct.unpack_from("<HHH", data, at + 28)
        yield at, data[at + 46 : at + 46 + lengths[0]].decode()
        at += 46 + sum(lengths)


def _states(data: bytes, name: str, size: int) -> bytes:
    """The archive whose directory states another size for a member."""
    out = bytearray(data)
    for at, found in _directory(data):
        if found == name:
            struct.pack_into("<I", out, at + 24, size)
    return bytes(out)


def _overlapping(data: bytes, name: str) -> bytes:
    """All members are the same bytes of the archive."""
    out = bytearray(data)
    entries = {found: at for at, found in _directory(data)}
    for at in entries.values():
        out[at + 16 : at + 28] = data[entries[name] + 16 : entries[name] + 28]
        out[at + 42 : at + 46] = data[entries[name] + 42 : entries[name] + 46]
    return bytes(out)


def _flagged(data: bytes) -> bytes:
    out = bytearray(data)
    for at, name in _directory(data):
        if name != "mimetype":
            out[at + 8] |= 1
    return bytes(out)


def _packed_by(data: bytes, method: int) -> bytes:
    out = bytearray(data)
    for at, name in _directory(data):
        if name != "mimetype":
            struct.pack_into("<H", out, at + 10, method)
    return bytes(out)


def _wrong_checksum(data: bytes, name: str) -> bytes:
    out = bytearray(data)
    for at, found in _directory(data):
        if found == name:
            out[at + 16] ^= 255
    return bytes(out)


def _cut(data: bytes, name: str) -> bytes:
    """A sound archive whose main part ends in the middle."""
    content = members_of(data)[name]
    return replaced(data, {name: content[: len(content) * 6 // 10]})


def _entities(kind: str, whole: bytes) -> Iterator[Case]:
    """Entities in the main part, at its first text."""
    main = MAIN[kind]
    text = members_of(whole)[main]
    assert isinstance(text, bytes)
    place = {"docx": b"The old town", "odt": b"The old town", "xlsx": b"<v>", "pptx": b"Part 0", "epub": b"Part 1"}[kind]
    body = text.partition(b"?>")[2] if text.startswith(b"<?xml") else text
    for name, head, call in (("laughs", LAUGHS, b"&a11;"), ("outside", OUTSIDE, b"&outside;")):
        data = head.encode() + body.replace(place, call + place, 1)
        yield either(
            f"{kind}/entities-{name}.{kind}",
            replaced(whole, {main: data}),
            "damaged|took longer",
            absent=("ha ha ha", "root:x:", "/bin/sh"),
        )
    wide = b'<?xml version="1.0" encoding="UTF-16"?>' + body
    yield either(f"{kind}/encoding-lies.{kind}", replaced(whole, {main: wide}), "damaged")
    right = "\ufeff" + '<?xml version="1.0" encoding="UTF-16"?>' + body.decode()
    yield added(f"{kind}/utf-16.{kind}", replaced(whole, {main: right.encode("utf-16-le")}), LAST)


def compound(mark: str) -> bytes:
    """The old Office container with one entry."""
    head = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2040))
    struct.pack_into("<H", head, 30, 9)
    return bytes(head[:1024]) + (mark.encode("utf-16-le") + b"\0\0").ljust(1024, b"\0")
