"""Zip archives of Office documents and books, opened without trusting them.

Invariant: nothing is read before the directory's sizes are checked, no member is written to disk, and no XML entity is resolved.
A member's name is only ever a key into the archive, so it cannot lead out of it.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gitkb.convert.faults import damaged, damaged_as
from gitkb.errors import ConversionError

if TYPE_CHECKING:
    from lxml import etree

MAX_MEMBERS = 20_000
MAX_RATIO = 250
RATIO_FLOOR = 8 * 1024**2
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError, RuntimeError, KeyError)


@contextmanager
def open_archive(file: Path, max_bytes: int) -> Iterator[zipfile.ZipFile]:
    """The archive of a file whose unpacked size is below `max_bytes` and that does not unpack to absurdly more than it holds.

    Raises `ConversionError` for damaged archives and bombs.
    """
    try:
        archive = zipfile.ZipFile(file)
    except DAMAGED as error:
        raise damaged(error) from error
    with archive:
        check_sizes(archive, file.stat().st_size, max_bytes)
        yield archive


def check_sizes(archive: zipfile.ZipFile, packed: int, max_bytes: int) -> None:
    """Raises `ConversionError` where the archive would unpack to more than is allowed, going by its directory."""
    infos = archive.infolist()
    total = sum(info.file_size for info in infos)
    if any(info.flag_bits & 1 for info in infos):
        raise ConversionError("the file is protected by a password.", "Save it without a password, then add it again.")
    if any(info.compress_type not in _PACKED for info in infos):
        raise damaged_as("it is packed in a way that documents do not use")
    if any(info.compress_size > packed for info in infos):
        raise damaged_as("its directory contradicts its content")
    if len(infos) > MAX_MEMBERS or total > max_bytes or total > max(RATIO_FLOOR, packed * MAX_RATIO):
        raise ConversionError(
            f"the file would unpack to {total / 1024**2:,.0f} MiB in {len(infos):,} parts, which no honest document does.",
            "Save it again from the program that made it.",
        )


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """The bytes of a member. `zipfile` stops at the size that the directory states, so a lie in it cannot unpack more."""
    try:
        return archive.read(name)
    except DAMAGED as error:
        raise damaged(error) from error


def read_xml(archive: zipfile.ZipFile, name: str) -> "etree._Element":
    """The root element of a member; entities, DTDs and the network stay untouched."""
    return parse_xml(read_member(archive, name))


def parse_xml(data: bytes) -> "etree._Element":
    """The root element of XML bytes, read without entities, DTD and network; `ConversionError` where it is not XML."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False)
    try:
        return etree.parse(io.BytesIO(data), parser).getroot()
    except etree.XMLSyntaxError as error:
        raise damaged(error) from error
