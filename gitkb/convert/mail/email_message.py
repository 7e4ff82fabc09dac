"""Converts a message (eml): its subject is the heading, then come who wrote it to whom and when, its body, and the names of its
attachments.

Invariant: an attachment is named and never opened, and nothing that a message refers to is fetched. Work is bounded by the
message's size: of a header only its first characters are parsed, as the parser of Python needs quadratic time for long ones.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes, policy
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from msgspec import Struct

from gitkb.convert.archive import damaged
from gitkb.convert.decode import decode
from gitkb.convert.draft import Draft, one_line
from gitkb.convert.html.clean import parse, prepare_document, shape
from gitkb.convert.html.markdown import to_markdown
from gitkb.convert.html.reader import charset_of, picture_target
from gitkb.convert.outline import lines_with_code
from gitkb.convert.pictures import Gallery
from gitkb.convert.plaintext import plain
from gitkb.convert.tables import escape
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate

MAX_HEADER = 1_000
MAX_PARTS = 1_000
MAX_BOUNDARIES = 100
"""So many parts may be nested: Python's parser compares each line with the boundaries of all parts around it."""
_MAX_QUOTES = 8
_SAVE = "Save what matters of it as a file of its own."
_SHOWN = ("From", "To", "Cc", "Date")
_QUOTED = re.compile(r" {0,2}>[ ]?")
_SIGNATURE = re.compile(r"(?m)^-- $")


class _BoundedHeaders(HeaderRegistry):
    """Parses the first characters of a header only."""

    def __call__(self, name: str, value: str) -> Any:
        return super().__call__(name, value[:MAX_HEADER])


_POLICY = policy.default.clone(header_factory=_BoundedHeaders())


class Message(Struct, frozen=True):
    """What a message says: single lines, of which those that it does not have are empty, and its body as Markdown."""

    subject: str
    author: str
    date: str
    language: str
    markdown: str


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of one message."""
    return draft_of(file.read_bytes())


def draft_of(data: bytes) -> Draft:
    """The draft of a message as it travels."""
    gallery = Gallery()
    message = message_of(data, 1, gallery)
    return Draft(
        markdown=message.markdown,
        titles=(TitleCandidate("stated", message.subject, "subject of the message"),),
        language=message.language,
        pictures=gallery.pictures,
        authors=(message.author,),
        dates={"created": message.date},
    )


def message_of(data: bytes, level: int, gallery: Gallery) -> Message:
    """The message that bytes hold, below a heading of a level. Pictures that its text shows go into the gallery.

    Raises `ConversionError` where the bytes cannot be taken apart.
    """
    if data.lower().count(b"boundary=") > MAX_BOUNDARIES:
        raise ConversionError("the message is nested too deeply to be read.", _SAVE)
    try:
        message = message_from_bytes(data, policy=_POLICY)
        assert isinstance(message, EmailMessage)
        parts = _parts(message)
        subject = _header(message, "Subject")
        facts = [f"- {name}: {escape(value)}" for name in _SHOWN if (value := _header(message, name))]
        attachments = [f"- Attachment: {escape(one)}" for part in parts if (one := _attachment(part))]
        body = _demoted(_body(parts, gallery), level)
        author, date = _author(message), _date(message)
        language = _header(message, "Content-Language").split(",")[0]
    except (RecursionError, MemoryError, ConversionError):
        raise
    except Exception as error:  # Python's parser raises errors of many kinds on hostile headers
        raise damaged(error) from error
    heading = f"{'#' * level} {escape(subject or 'Message without a subject')}"
    return Message(subject, author, date, language, "\n\n".join(filter(None, (heading, "\n".join([*facts, *attachments]), body))))


def _parts(message: EmailMessage) -> list[EmailMessage]:
    """The parts that are no containers, in order; a message that is attached to this one is a single part."""
    found: list[EmailMessage] = []
    pending = [message]
    while pending:
        part = pending.pop()
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            pending += reversed([one for one in part.iter_parts() if isinstance(one, EmailMessage)])
        else:
            found.append(part)
        if len(found) + len(pending) > MAX_PARTS:
            raise ConversionError(f"the message has more than {MAX_PARTS:,} parts.", _SAVE)
    return found


def _header(message: EmailMessage, name: str) -> str:
    """A header as a person reads it, on one line; unchanged if it cannot be parsed, '' if there is none."""
    try:
        return one_line(str(message.get(name, "")))
    except Exception:  # see `message_of`: a header that cannot be parsed is shown raw
        raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
        return one_line(str(raw)[:MAX_HEADER])


def _author(message: EmailMessage) -> str:
    addresses = getattr(message.get("From"), "addresses", ())
    return str(addresses[0].display_name) if addresses else ""


def _date(message: EmailMessage) -> str:
    found = getattr(message.get("Date"), "datetime", None)
    return found.isoformat() if isinstance(found, datetime) else ""


def _attachment(part: EmailMessage) -> str:
    """The name of a part that is not the text of the message; '' for the text and for pictures that the text shows."""
    is_text = part.get_content_type() in ("text/plain", "text/html")
    if is_text and not part.is_attachment() and not part.get_filename():
        return ""
    if part.get("Content-ID") and part.get_content_maintype() == "image" and not part.is_attachment():
        return ""
    if name := one_line(str(part.get_filename() or "")):
        return name
    inner = next((one for one in part.iter_parts() if isinstance(one, EmailMessage)), None) if part.is_multipart() else None
    subject = _header(inner, "Subject") if inner is not None else ""
    return f"message \u201c{subject}\u201d" if subject else f"({part.get_content_type()} without a name)"


def _body(parts: list[EmailMessage], gallery: Gallery) -> str:
    """The text of a message: of its HTML where it has some, else of its plain text."""
    texts = [part for part in parts if not _attachment(part)]
    pictures = {str(part.get("Content-ID", "")).strip().strip("<>"): part for part in texts if part.get("Content-ID")}
    for kind, converted in (("text/html", _html), ("text/plain", _plain)):
        found = (converted(part, pictures, gallery) for part in texts if part.get_content_type() == kind)
        if text := "\n\n".join(one for one in found if one.strip()):
            return text
    return ""


def _html(part: EmailMessage, pictures: dict[str, EmailMessage], gallery: Gallery) -> str:
    data = _payload(part)
    root = prepare_document(parse(decode(data, _charset(part) or charset_of(data))))
    shape(root)
    others = picture_target(gallery)

    def picture(source: str) -> str:
        shown = pictures.get(source.strip()[4:]) if source.strip()[:4].lower() == "cid:" else None
        return gallery.add(_payload(shown)) if shown is not None else others(source)

    return to_markdown(root, picture)


def _plain(part: EmailMessage, pictures: dict[str, EmailMessage], gallery: Gallery) -> str:
    return _unquoted(_SIGNATURE.sub("", decode(_payload(part), _charset(part))), 0)


def _unquoted(text: str, depth: int) -> str:
    """Plain text as Markdown, what it quotes (lines after `>`) as quotes."""
    blocks = []
    for is_quote, lines in _runs(text.split("\n")):
        if not is_quote or depth == _MAX_QUOTES:
            blocks.append(plain.to_markdown("\n".join(lines)))
            continue
        inner = _unquoted("\n".join(_QUOTED.sub("", line, count=1) for line in lines), depth + 1)
        blocks.append("\n".join(f"> {line}".rstrip() for line in inner.split("\n")) if inner else "")
    return "\n\n".join(block for block in blocks if block.strip())


def _runs(lines: list[str]) -> Iterator[tuple[bool, list[str]]]:
    run: list[str] = []
    is_quote = False
    for line in lines:
        if bool(_QUOTED.match(line)) != is_quote and run:
            yield is_quote, run
            run = []
        is_quote = bool(_QUOTED.match(line))
        run.append(line)
    if run:
        yield is_quote, run


def _demoted(markdown: str, by: int) -> str:
    """Markdown whose headings stand below one of level `by`."""
    lines = []
    for line, in_code in lines_with_code(markdown):
        marks = len(line) - len(line.lstrip("#"))
        is_heading = not in_code and 0 < marks <= 6 and line[marks : marks + 1] == " "
        lines.append("#" * min(6, marks + by) + line[marks:] if is_heading else line)
    return "\n".join(lines)


def _payload(part: EmailMessage) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _charset(part: EmailMessage) -> str:
    return str(part.get_content_charset() or "")
