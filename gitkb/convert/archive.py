"""Opens the zip archives of Office documents and books without trusting them: their parts and their properties, and what is wrong
with a damaged one, in plain words.

Invariant: nothing is read before the sizes in the directory are checked, no member is written to disk, and no XML entity is
resolved. The name of a member is only a key into the archive, so it cannot lead out of it. Properties that are missing or damaged
are empty, never an error. Messages of libraries are not passed on, because they help nobody: the error of a library is the cause
of the one that is raised.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from gitkb.errors import ConversionError

if TYPE_CHECKING:
    from lxml import etree


_MEANINGS = tuple(
    (re.compile(pattern, re.IGNORECASE), meaning)
    for meaning, pattern in (
        (
            "a part of it grows without end when it is read (entities in entities)",
            r"amplification|entity reference loop|too many entit",
        ),
        ("a part of it refers to an entity that it does not have", r"entity"),
        ("it is nested too deeply", r"excessive depth|nested too|recursion"),
        (
            "it is cut off, or no zip archive inside",
            r"not a zip|central directory|truncated file header|start disk|corrupt zip64",
        ),
        ("its parts overlap, as in a zip bomb", r"overlapped entries"),
        ("the checksum of a part is wrong", r"bad crc|incorrect data check"),
        ("a part that it needs is missing", r"no item named|no relationship|not find|no such (?:part|member)|KeyError"),
        ("it is packed in a way that documents do not use", r"compression (?:type|method)|not implemented"),
        (
            "a part of it is cut off",
            r"premature end|unclosed|no element found|document is empty|EOFError|end of (?:file|data)|couldn't find end",
        ),
        (
            "a part of it cannot be unpacked",
            r"^BadZipFile|bad magic number|bad offset|zlib|decompress|invalid (?:stored|block|distance|code)",
        ),
        (
            "a part of it is no well-formed XML",
            r"XML|ParseError|ExpatError|token|mismatched tag|character number|encoding|PCDATA|namespace",
        ),
        (
            "its records are cut off or contradict each other",
            r"struct\.error|^error: unpack|requires a buffer|CompDocError|XLRDError|AssertionError",
        ),
    )
)
_AGAIN = "Save it again from the program that made it, or fetch it once more."


def fault(error: BaseException) -> str:
    """A clause that says what is wrong with a file, from the error that a library raised."""
    told = f"{type(error).__name__}: {error}"
    return next((meaning for pattern, meaning in _MEANINGS if pattern.search(told)), "its content contradicts itself")


def damaged(error: BaseException) -> ConversionError:
    """The error for a file whose contents cannot be read."""
    return damaged_as(fault(error))


def damaged_as(what: str) -> ConversionError:
    """The error for a file when it is known what is wrong with it."""
    return ConversionError(f"the file is damaged: {what}.", _AGAIN)


MAX_MEMBERS = 20_000
MAX_RATIO = 250
RATIO_FLOOR = 8 * 1024**2
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError, RuntimeError, KeyError)


@contextmanager
def open_archive(file: Path, max_bytes: int) -> Iterator[zipfile.ZipFile]:
    """The archive of a file, if it unpacks to less than `max_bytes` and to no absurd multiple of its own size.

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
    """The bytes of a member. `zipfile` stops at the size that the directory states, so a false size cannot make it unpack
    more."""
    try:
        return archive.read(name)
    except DAMAGED as error:
        raise damaged(error) from error


_STRICT = b"http://purl.oclc.org/ooxml/"
_TRANSITIONAL = (
    (b"officeDocument/relationships", b"officeDocument/2006/relationships"),
    (b"officeDocument/math", b"officeDocument/2006/math"),
    (b"officeDocument/", b"officeDocument/2006/"),
    (b"drawingml/", b"drawingml/2006/"),
    (b"wordprocessingml/main", b"wordprocessingml/2006/main"),
    (b"presentationml/main", b"presentationml/2006/main"),
    (b"spreadsheetml/main", b"spreadsheetml/2006/main"),
)


def transitional(name: str, data: bytes) -> bytes:
    """A part of an Office file of the strict form of the format with the names of the usual form, which libraries know."""
    if name.endswith((".xml", ".rels")) and _STRICT in data:
        for strict, usual in _TRANSITIONAL:
            data = data.replace(_STRICT + strict, b"http://schemas.openxmlformats.org/" + usual)
    return data


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


_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?)?)?)?$")
_PROGRAMS = frozenset(
    {"python-docx", "python-pptx", "openpyxl", "microsoft office user", "user", "administrator", "admin", "unknown", "author"}
)


class Properties(Struct, frozen=True):
    """Properties as plain strings, empty where there are none."""

    title: str = ""
    language: str = ""
    description: str = ""
    authors: tuple[str, ...] = ()
    dates: dict[str, str] = field(default_factory=dict)


def office_properties(archive: zipfile.ZipFile) -> Properties:
    """The core properties of an Office document."""
    try:
        root = read_xml(archive, "docProps/core.xml")
    except ConversionError:
        return Properties()
    values: dict[str, str] = {}
    for element in root:
        if isinstance(element.tag, str) and element.text and element.text.strip():
            values.setdefault(element.tag.rpartition("}")[2], element.text.strip())
    dates = {name: value for name in ("created", "modified") if (value := date_of(values.get(name, "")))}
    return Properties(
        title=values.get("title", ""),
        language=values.get("language", ""),
        description=values.get("description", "") if len(values.get("description", "")) > 25 else "",
        authors=authors_of(values.get("creator", "")),
        dates={name: value for name, value in dates.items() if not value.startswith("2013-01-27T09:14:16")},
    )


def authors_of(text: str) -> tuple[str, ...]:
    """Names of an author field; what programs write there by themselves is left out."""
    names = (name.strip() for name in re.split(r"\s*;\s*", text))
    return tuple(name for name in names if name and name.lower() not in _PROGRAMS)


def date_of(text: str) -> str:
    """A date as ISO 8601, '' for anything else."""
    return text.strip() if _DATE.match(text.strip()) else ""
