"""Messages of Outlook (msg) to Markdown: their properties become a message as it travels, which `email_message.py` reads.

Invariant: attachments are named and never opened, but for pictures that the text shows; a message within one is an attachment.
Only streams of the format's own names are read, each up to a limit.
"""

import contextlib
import re
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr, quote
from pathlib import Path
from typing import Any

from gitkb.convert.archive import damaged
from gitkb.convert.decode import decode
from gitkb.convert.draft import Draft, one_line
from gitkb.convert.mail.compressed_rtf import rich_text, without_rtf_of_html
from gitkb.convert.mail.email_message import MAX_PARTS, draft_of
from gitkb.convert.plaintext.rtf import text_of
from gitkb.errors import ConversionError, EmptyDocument
from gitkb.formats.settings import ConversionSettings

MAX_STREAM = 64 * 1024**2
_PROPERTIES = "__properties_version1.0"
_STREAM = "__substg1.0_{:04X}{:04X}"
_TEXT, _OLD_TEXT, _BYTES = 0x001F, 0x001E, 0x0102
_SUBJECT, _BODY, _RICH_TEXT, _HTML, _CODE_PAGE = 0x0037, 0x1000, 0x1009, 0x1013, 0x3FDE
_SENDER = (0x0C1A, 0x0042)
_SENDER_ADDRESS = (0x5D01, 0x5D02, 0x0C1F, 0x0065)
_NAME, _ADDRESS, _KIND = (0x3001, 0x5FF6), (0x39FE, 0x3003), 0x0C15
_TIMES = (0x0039, 0x0E06, 0x3007)
_FILE_NAME, _CONTENT_ID, _CONTENT_TYPE, _DATA = (0x3707, 0x3704, 0x3001), 0x3712, 0x370E, 0x3701
_HEADS = {"": 32, "__recip": 8, "__attach": 8}
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_SPECIAL = re.compile(r"[^\w '-]")
_TO = {1: "To", 2: "Cc"}


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of one message."""
    import olefile

    try:
        with olefile.OleFileIO(file) as opened:
            message = _Outlook(opened).message()
    except (RecursionError, MemoryError, ConversionError):
        raise
    except Exception as error:  # what the parser runs into in damaged files
        raise damaged(error) from error
    return draft_of(message)


class _Outlook:
    """The streams of a message."""

    def __init__(self, opened: Any) -> None:
        self._opened = opened
        self._folders = sorted({path[0] for path in opened.listdir() if len(path) > 1})
        page = self.numbers("").get(_CODE_PAGE, 0)
        self._charset = "utf-8" if page == 65001 else f"cp{page}" if page else ""

    def message(self) -> bytes:
        """The message as it travels, its attachments without their content."""
        html = self._html()
        plain = self.text("", _BODY) or ("" if html.strip() else self._rich_text())
        if not any(self.text("", each) for each in (_SUBJECT, *_SENDER)) and not plain and not html.strip():
            raise EmptyDocument("the message says nothing.", "Save it again from Outlook.")
        whole = MIMEMultipart("related")
        whole["Subject"] = _header(self.text("", _SUBJECT))
        if sender := _person(self.text("", *_SENDER), _address(self.text("", *_SENDER_ADDRESS))):
            whole["From"] = sender
        for kind, shown in self._receivers().items():
            whole[kind] = ", ".join(shown)
        if (when := self._time()) is not None:
            whole["Date"] = format_datetime(when)
        texts = MIMEMultipart("alternative")
        for subtype, text in (("plain", plain), ("html", html)):
            if text.strip():
                texts.attach(MIMEText(text, subtype, "utf-8"))
        whole.attach(texts)
        for part in self._attachments():
            whole.attach(part)
        return whole.as_bytes()

    def stream(self, folder: str, number: int, kind: int) -> bytes:
        """The bytes of a property, b"" where it is none."""
        path = [*filter(None, [folder]), _STREAM.format(number, kind)]
        if not self._opened.exists(path) or self._opened.get_size(path) > MAX_STREAM:
            return b""
        found: bytes = self._opened.openstream(path).read()
        return found

    def text(self, folder: str, *numbers: int) -> str:
        """The first of some properties that is a text."""
        for number in numbers:
            if found := self.stream(folder, number, _TEXT).decode("utf-16-le", "replace").rstrip("\0"):
                return found
            if old := self.stream(folder, number, _OLD_TEXT).rstrip(b"\0"):
                return decode(old, self._charset)
        return ""

    def numbers(self, folder: str) -> dict[int, int]:
        """The properties that are numbers, or times counted from 1601 in units of 100 ns."""
        path = [*filter(None, [folder]), _PROPERTIES]
        if not self._opened.exists(path) or self._opened.get_size(path) > MAX_STREAM:
            return {}
        data = self._opened.openstream(path).read()[_HEADS[folder.partition("_version")[0]] :]
        found = {}
        for start in range(0, len(data) - 15, 16):
            kind, number = struct.unpack_from("<HH", data, start)
            if kind in (0x0003, 0x0040):
                found[number] = struct.unpack_from("<I" if kind == 0x0003 else "<Q", data, start + 8)[0]
        return found

    def _html(self) -> str:
        data = self.stream("", _HTML, _BYTES)
        return decode(data, self._charset) if data else self.text("", _HTML)

    def _rich_text(self) -> str:
        """The text of a message that is kept as Rich Text alone, "" where there is none or it cannot be read."""
        found, text = rich_text(self.stream("", _RICH_TEXT, _BYTES)), ""
        with contextlib.suppress(ConversionError):
            text = text_of(without_rtf_of_html(found.decode("latin-1")).encode("latin-1")).strip() if found else ""
        return text if "\n\n" in text else text.replace("\n", "\n\n")  # its lines are paragraphs

    def _time(self) -> datetime | None:
        numbers = self.numbers("")
        stated = next((numbers[each] for each in _TIMES if numbers.get(each)), 0)
        try:
            return (_EPOCH + timedelta(microseconds=stated // 10)).replace(microsecond=0) if stated else None
        except OverflowError:
            return None

    def _receivers(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for folder in [each for each in self._folders if each.startswith("__recip_version")][:MAX_PARTS]:
            kind = _TO.get(self.numbers(folder).get(_KIND, 1))
            person = _person(self.text(folder, *_NAME), _address(self.text(folder, *_ADDRESS)))
            if kind and person:
                found.setdefault(kind, []).append(person)
        return dict(sorted(found.items(), reverse=True))

    def _attachments(self) -> Iterator[MIMEBase]:
        for folder in [each for each in self._folders if each.startswith("__attach_version")][:MAX_PARTS]:
            name, content_id = one_line(self.text(folder, *_FILE_NAME)), one_line(self.text(folder, _CONTENT_ID))
            kind = self.text(folder, _CONTENT_TYPE).lower()
            if content_id and kind.startswith("image/") and (data := self.stream(folder, _DATA, _BYTES)):
                picture = MIMEImage(data, kind.partition("/")[2] or "png")
                picture["Content-ID"] = f"<{content_id}>"
                yield picture
                continue
            part = MIMEBase("application", "octet-stream")
            part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", name or "attachment"))
            yield part


def _header(text: str) -> str:
    return Header(one_line(text), "utf-8").encode()


def _person(name: str, address: str) -> str:
    """Somebody as a header names them; Outlook does not always know an address."""
    name = one_line(name).strip("'")
    if address:
        return formataddr(("" if name == address else name, address))
    return _header(name) if not name.isascii() else f'"{quote(name)}"' if _SPECIAL.search(name) else name


def _address(text: str) -> str:
    """An address that people use; Exchange knows its own by paths."""
    text = one_line(text)
    return text if text.isascii() and text.count("@") == 1 and " " not in text else ""
