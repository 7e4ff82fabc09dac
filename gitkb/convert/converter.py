"""Converts a file: recognises by its first bytes what it holds, and calls the reader for that.

Invariant: to recognise a file only its head and, of zip archives, the directory are read. A file is never given to a reader of
another format than that of its content, so nothing is silently converted into nonsense.

A conversion depends on the file's bytes, its name's ending and the settings alone, of a fetched page also on its address.
Documents are hostile: nothing in them runs, names another file that gets read, or reaches the network; whatever is wrong with
one is a `ConversionError` with a reason. Callers run `convert` in a process that they can kill: a C library below may still
hang, abort or eat memory.
"""

import importlib
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gitkb.convert.archive import DAMAGED, damaged_as, fault
from gitkb.convert.decode import is_binary
from gitkb.convert.draft import Draft
from gitkb.convert.formats import (
    BY_ENDING,
    CODE,
    DOC,
    DOCX,
    EML,
    EPUB,
    FETCHED,
    HTML,
    JPEG,
    MBOX,
    MSG,
    NOTEBOOK,
    ODP,
    ODS,
    ODT,
    PDF,
    PNG,
    PPT,
    PPTX,
    RTF,
    SEEING,
    TEXT,
    TEXTUAL,
    TIFF,
    XLS,
    XLSX,
    Family,
    Format,
    ending_of,
    family_of,
)
from gitkb.errors import ConversionError, EmptyDocument, GitkbError, is_out_of_memory
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import Conversion, WebPage

if TYPE_CHECKING:
    from gitkb.convert.draft import Parts

HEAD = 65_536
_COMPOUND_HEAD = 512
_PICTURES = ((b"\x89PNG", PNG), (b"\xff\xd8\xff", JPEG), (b"II*\0", TIFF), (b"MM\0*", TIFF))
_OTHERS = (
    (b"GIF8", "a GIF picture"),
    (b"%!PS", "a PostScript document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"SQLite format 3", "an SQLite database"),
    (b"bplist00", "a property list"),
)
_HTML = re.compile(rb"<(?:!doctype\s+html|html[\s>])", re.IGNORECASE)
_HTML_PARTS = re.compile(rb"<(?:html|head|body|title|div|p|table|h[1-6]|section|article|ul|ol|pre|span|a|br|b|i)\b[^>]*>", re.I)
_POSTMARK = re.compile(rb"From [^\r\n]{1,500}\r?\n>?[!-9;-~]{1,100}:")
_HEADERS = re.compile(rb"(?:[!-9;-~]{1,100}:[^\n]*\n(?:[ \t][^\n]*\n)*){1,400}")
_MAIL_HEADERS = (b"\nfrom:", b"\ndate:", b"\nsubject:")
_OFFICE_PARTS = (("word/", DOCX), ("ppt/", PPTX), ("xl/", XLSX))


def identify(file: Path, name: str) -> Format:
    """The format of a file by its content. `name` is its original name, whose ending must not contradict it.

    Raises `ConversionError` where the content is of no supported format or the ending says something else.
    """
    return identify_family(file, name).format


def identify_family(file: Path, name: str) -> Family:
    """The family that reads a file; otherwise like `identify`."""
    with file.open("rb") as opened:
        head = opened.read(HEAD)
    if not head.strip():
        raise EmptyDocument("the file is empty.", "Add it again when it has content.")
    ending = ending_of(name)
    claimed = family_of(ending)
    if claimed is not None and ending not in BY_ENDING:
        return claimed  # that of a plug-in, which alone can tell what such a file holds
    found = _by_content(file, head, name, claimed)
    is_text = found is TEXT or (claimed is CODE and found is HTML)
    if claimed is None or found == claimed or (is_text and claimed in (*TEXTUAL, HTML)):
        if ending and claimed is None:
            raise ConversionError(f"{name} has an ending that gitkb does not read.", "Save it in a format that gitkb reads.")
        return claimed or found
    raise _contradiction(name, claimed, found)


def _by_content(file: Path, head: bytes, name: str, claimed: Family | None) -> Family:
    if b"%PDF-" in head[:1024]:
        return PDF
    if head.startswith(b"{\\rtf"):
        return RTF
    if head.startswith(b"PK\x03\x04"):
        return _in_archive(file, name, claimed)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _in_compound(file, head, name, claimed)
    for magic, picture in _PICTURES:
        if head.startswith(magic):
            return picture
    for magic, what in _OTHERS:
        if head.startswith(magic):
            raise _unsupported(name, claimed, what)
    if claimed is XLS and _is_biff(head):
        return XLS
    if is_binary(head):
        what = f"no {claimed.noun}, and nothing else" if claimed else "nothing"
        raise ConversionError(f"{name} holds {what} that gitkb can read: it is binary data of no known format.", _UNKNOWN)
    plain = head.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    return _in_text(file, plain, claimed)


def _in_text(file: Path, head: bytes, claimed: Family | None) -> Family:
    if _HTML.match(_without_prolog(head)):
        return HTML
    if claimed is HTML:
        return HTML if _HTML_PARTS.search(head) else TEXT
    if claimed in (None, EML, MBOX) and (mail := _mail(head, claimed)):
        return mail
    if head.lstrip().startswith(b"{") and (claimed is NOTEBOOK or re.search(rb'"nbformat(_minor)?"\s*:', _both_ends(file, head))):
        return NOTEBOOK
    return TEXT


def _mail(head: bytes, claimed: Family | None) -> Family | None:
    """The kind of mail that a file begins with. Without an ending that says so, headers that only mail has are asked for."""
    if _POSTMARK.match(head):
        return MBOX if claimed is not EML else EML
    headers = _HEADERS.match(head)
    if headers is None or claimed is MBOX:
        return None
    names = b"\n" + headers[0].lower()
    return EML if claimed is EML or all(name in names for name in _MAIL_HEADERS) else None


def _without_prolog(head: bytes) -> bytes:
    """What follows an XML declaration and comments."""
    while True:
        head = head.lstrip()
        end = b"?>" if head.startswith(b"<?xml") else b"-->" if head.startswith(b"<!--") else b""
        if not end or end not in head:
            return head
        head = head[head.index(end) + len(end) :]


def _both_ends(file: Path, head: bytes) -> bytes:
    """The head and the tail: notebooks name their format at the end."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        opened.seek(max(0, size - 8192))
        return head + opened.read(8192)


def _is_biff(head: bytes) -> bool:
    """Excel 2 to 4 wrote bare records, beginning with BOF."""
    return head[:2] in (b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x08")


def _in_archive(file: Path, name: str, claimed: Family | None) -> Family:
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            mimetype = archive.read("mimetype")[:100] if "mimetype" in names else b""
    except DAMAGED as error:
        what = f"{name} is a damaged or truncated {claimed.noun if claimed else 'archive'}: {fault(error)}."
        raise ConversionError(what, "Save it again, or fetch it once more.") from error
    if mimetype.startswith(b"application/vnd.oasis.opendocument"):
        said = mimetype.decode("ascii", "replace").strip().removesuffix("-template")
        if family := next((family for family in (ODT, ODS, ODP) if family.media_type == said), None):
            return family
        raise _unsupported(name, claimed, "an OpenDocument file of another kind (a drawing, a formula, a database)")
    if "META-INF/container.xml" in names or mimetype.startswith(b"application/epub+zip"):
        return EPUB
    if "[Content_Types].xml" in names:
        for prefix, family in _OFFICE_PARTS:
            if any(member.startswith(prefix) for member in names):
                return family
    raise _unsupported(name, claimed, "a zip archive")


def _in_compound(file: Path, head: bytes, name: str, claimed: Family | None) -> Family:
    """The old Office container (and the one of encrypted new files), told by the names in its directory."""
    if len(head) < _COMPOUND_HEAD:
        raise damaged_as("it is cut off")
    sector_size = 1 << min(struct.unpack_from("<H", head, 30)[0], 16)
    first = struct.unpack_from("<I", head, 48)[0]
    with file.open("rb") as opened:
        opened.seek(min((first + 1) * sector_size, file.stat().st_size))
        directory = opened.read(HEAD).upper()  # the format compares names without regard to case, and programs rely on it
    if _wide("EncryptedPackage") in directory:
        raise ConversionError(f"{name} is protected by a password.", "Save it without a password, then add it again.")
    if _wide("Workbook") in directory or _wide("Book") in directory:
        return XLS
    if _wide("WordDocument") in directory:
        return DOC
    if _wide("PowerPoint Document") in directory:
        return PPT
    if _wide("__properties_version1.0") in directory or _wide("__nameid_version1.0") in directory:
        return MSG
    raise _unsupported(name, claimed, "an old Office container without a document in it")


def _wide(text: str) -> bytes:
    return text.upper().encode("utf-16-le") + b"\0\0"


_UNKNOWN = "It may be damaged, encrypted or wrongly named: open it where it was made, and save it again."
_OTHERWISE = "Save it as PDF, docx, Markdown or another format that gitkb reads."


def _unsupported(name: str, claimed: Family | None, what: str, hint: str = _OTHERWISE) -> ConversionError:
    if claimed is None:
        return ConversionError(f"{name} holds no document that gitkb reads: it is {what}.", hint)
    return ConversionError(f"{name} holds no {claimed.noun}: it is {what} with the ending {ending_of(name)}.", hint)


def _contradiction(name: str, claimed: Family, found: Family) -> ConversionError:
    ending, right = ending_of(name), found.endings[0]
    article = "an" if found.noun[0] in "aeiouAEIOUX" else "a"
    noun = found.noun if found.noun in ("plain text", "reStructuredText", "Markdown text") else f"{article} {found.noun}"
    again = f"save it again from {claimed.program}" if claimed.program else f"save it again as {claimed.noun}"
    return ConversionError(
        f"{name} holds no {claimed.noun}: it is {noun} with the ending {ending}.",
        f"Rename it to {name[: -len(ending)]}{right}, or {again}.",
    )


Reader = Callable[..., Draft]
Beat = Callable[[], None]


def _nobody_waits() -> None: ...


class NeedsOffice(GitkbError):
    """A file must first be saved in another format by LibreOffice; names its ending ("docx")."""

    def __init__(self, kind: str) -> None:
        super().__init__("It must be saved by LibreOffice first.")
        self.kind = kind


def _seen(draft: "Draft", settings: ConversionSettings, beat: Beat) -> "Draft":
    """A draft with the text of its pictures, if it is to be read."""
    if settings.ocr != "all":
        return draft
    from gitkb.convert.seen_pictures import seen

    return seen(draft, settings, beat)


def convert(
    file: Path,
    name: str,
    settings: ConversionSettings,
    *,
    page: WebPage | None = None,
    beat: Beat = _nobody_waits,
    saved: Path | None = None,
    parts: "Parts | None" = None,
) -> Conversion:
    """The document of a file as Markdown. `name` is the original name (last segment); `settings.max_bytes` limits its bytes,
    packed and unpacked; `page` says how it was fetched. `beat` is told whenever another page or picture was read by OCR, which
    takes seconds: a caller that waits for so long may do so anew. `saved` is what LibreOffice made of a file of the old Office,
    `parts` says whether ranges of the pages of a long PDF may be read by others, or have been.

    Raises `ConversionError` for every document that cannot be converted well, `NeedsOffice` where `saved` is missing, and
    `gitkb.convert.draft.NeedsParts` where others should read ranges first.
    """
    from gitkb.convert.draft import finish

    size = file.stat().st_size
    if size > settings.max_bytes:
        raise ConversionError(
            f"the file has {size / 1024**2:,.0f} MiB; the limit is {settings.max_bytes / 1024**2:,.0f} MiB.",
            "Raise convert.max_bytes in .gitkb/config.yaml, or split the document.",
        )
    family = identify_family(file, name)
    try:
        if page is not None and family is HTML:
            from gitkb.convert.html.fetched import read_page

            return finish(_seen(read_page(file, page), settings, beat), FETCHED.format)
        if family.through:
            file = _saved(file, saved, family)
        more = () if family.reader not in SEEING else (beat, parts) if family is PDF and parts else (beat,)
        return finish(_seen(_reader(family)(file, name, settings, *more), settings, beat), family.format)
    except RecursionError as error:
        raise ConversionError(
            "the document is nested too deeply to be read.", "Simplify it, or save it in another format."
        ) from error
    except (MemoryError, SystemError, OSError) as error:
        if not is_out_of_memory(error):
            raise
        raise ConversionError(
            "the document needs more memory than allowed.", "Split it, or raise convert.memory in .gitkb/config.yaml."
        ) from error


def _saved(file: Path, saved: Path | None, family: Family) -> Path:
    """What LibreOffice made of a file; it must be what was asked for."""
    if saved is None:
        raise NeedsOffice(family.through)
    identify(saved, f"{file.stem}.{family.through}")
    return saved


def _reader(family: Family) -> Reader:
    module = importlib.import_module(f"gitkb.convert.{family.reader}")
    reader: Reader = module.read
    return reader
