"""Bad places: files that are none, names that are hardly ones, links in circles, files that nobody may read."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from tests.bad import words
from tests.bad.case import Case, Write, added, failed, unsupported

LAST = "smithy of the old town"


def cases() -> Iterator[Case]:
    yield unsupported("places/pipe.md", os.mkfifo)
    yield unsupported("places/socket.md", _socket)
    yield unsupported("places/circle.md", _link("circle.md"))
    yield unsupported("places/broken.md", _link("nothing.md"))
    yield unsupported("places/outside.md", _link("/etc/passwd"))
    yield unsupported("places/device.txt", _link("/dev/zero"))
    yield unsupported("places/up.md", _link(".."))
    yield unsupported("places/program.exe", _bytes(b"MZ"))
    yield failed("places/sparse-2-gib.md", _sparse(2 * 1024**3), "2,147,483,648 bytes")
    yield failed("places/sparse-2-gib.pdf", _sparse(2 * 1024**3), "2,147,483,648 bytes")
    yield failed("places/sparse-90-mib.md", _sparse(90 * 1024**2), "binary|zero|empty|no text")
    yield failed("places/sparse-behind-header.pdf", _sparse(90 * 1024**2, b"%PDF-1.7\n"), "damaged|cut off")
    yield failed("places/sparse-behind-header.docx", _sparse(90 * 1024**2, b"PK\x03\x04"), "damaged")
    yield failed("places/locked.md", _locked, "permission denied")
    yield failed("places/locked-folder", _locked_folder, "permission denied")
    for name in (
        "a\nb.md",
        "a\tb\x1b[31m.md",
        "-rf.md",
        "con.md",
        " .md",
        "a" * 252 + ".md",
        "ä" * 120 + ".md",
        "\u202egnp.md",
        "a--b.md",
        "index.md",
        "%00.md",
        "$(touch x).md",
        "'; drop.md",
    ):
        yield added(f"names/{len(name)}-{ord(name[0])}/{name}", _unique(name), LAST)
    yield added(os.fsdecode(b"names/raw/\xff\xfe.md"), _unique("raw"), LAST)
    yield added("deep/" + "d/" * 150 + "deep.md", _unique("deep"), LAST)
    yield added("deep/" + ("long" * 50 + "/") * 10 + "deep.md", _unique("deeper"), LAST)
    yield Case("places/same-folder-link.md", _link_to_new("target.md"), frozenset({"skipped"}))


def _bytes(content: bytes) -> Write:
    def write(file: Path) -> None:
        file.write_bytes(content)

    return write


def _unique(name: str) -> Write:
    """The text of a whole document with a line of its own, so that it is no duplicate."""
    return _bytes(words.md() + f"\nNumber {sum(os.fsencode(name))}.\n".encode())


def _link(target: str) -> Write:
    def write(file: Path) -> None:
        file.symlink_to(target)

    return write


def _link_to_new(name: str) -> Write:
    def write(file: Path) -> None:
        (file.parent / ".hidden").mkdir()
        (file.parent / "linked").mkdir()
        (file.parent / "linked" / name).write_bytes(words.md() + b"\nA linked one.\n")
        file.symlink_to(f"linked/{name}")

    return write


def _socket(file: Path) -> None:
    with contextlib.chdir(file.parent), socket.socket(socket.AF_UNIX) as made:
        made.bind(file.name)


def _sparse(size: int, head: bytes = b"") -> Write:
    def write(file: Path) -> None:
        with file.open("wb") as opened:
            opened.write(head)
            opened.truncate(size)

    return write


def _locked(file: Path) -> None:
    file.write_bytes(words.md())
    file.chmod(0)


def _locked_folder(folder: Path) -> None:
    folder.mkdir()
    (folder / "inside.md").write_bytes(words.md())
    folder.chmod(0)
