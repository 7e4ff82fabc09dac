"""The codec of `.gitkb/documents/<document>.json`: a `Record` as canonical JSON bytes and back.

Invariant: encoding is canonical (sorted keys, UTF-8, LF), so equal records are equal blobs. A record read from a clone is
somebody else's data: `decode` accepts only known types and safe paths, and raises `FormatError` naming the file.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from msgspec import to_builtins

from gitkb.errors import FormatError
from gitkb.formats.versions import FORMATS, Formats, Kind, canonical
from gitkb.model.documents import Claim, Place, Record, Source, Topic
from gitkb.text.names import web_address
from gitkb.text.names.slugs import document_segment
from gitkb.text.names.web_address import known_charset

RECORDS = ".gitkb/documents"
_MAX_WHOLE = 2**53
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
OWN_FOLDERS = ("raw/", "wiki/sources/", "wiki/summaries/")


def record_path(document: str) -> str:
    """Where a document's record lives in the repository."""
    return f"{RECORDS}/{document}.json"


def summary_path(document: str) -> str:
    """The path of a document's summary."""
    return f"wiki/summaries/{document}.md"


def source_path(document: str, suffix: str = "") -> str:
    """Where a document's converted text stands, or with a suffix one of its chapters."""
    return f"wiki/sources/{document}{suffix}.md"


def label_of(document: str) -> str:
    """The id of a document in front matter and footnotes: "papers/aries" -> "papers--aries"."""
    return document.replace("/", "--")


def document_of(path: str) -> str | None:
    """The document whose record stands at this path, None where the path is no record's."""
    if path.startswith(f"{RECORDS}/") and path.endswith(".json"):
        return path[len(RECORDS) + 1 : -len(".json")]
    return None


def encode(record: Record) -> bytes:
    """Canonical JSON: sorted keys, empty values left out, one indented line per field so that diffs are readable."""
    data = _compact(to_builtins(record))
    data["format"] = FORMATS.number(Kind.RECORD)
    return canonical(data)


def decode(content: bytes, path: str, formats: Formats = FORMATS) -> Record:
    """The record in these bytes, also of an older format; `path` is where it stands, and its name must agree. Raises
    `FormatError`, `NewerFormat` where a newer gitkb wrote it."""
    with formats.naming(path, "record", "Take the file from git; gitkb status names what cannot be read."):
        data = json.loads(content.decode("utf-8"), parse_constant=_refuse)
        return _record(Fields(formats.upgraded(Kind.RECORD, data)), path)


def source_in(content: bytes) -> Source:
    """The original that a record describes, of any format number, without a look at the rest. Raises `FormatError`."""
    try:
        return _source(Fields(json.loads(content.decode("utf-8"))).object("source"))
    except ValueError as error:
        raise FormatError("it is no record") from error


def _compact(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _compact(v) for k, v in value.items() if v not in ("", 0, False, None) and v != () and v != {} and v != []}
    if isinstance(value, list | tuple):
        return [_compact(v) for v in value]
    return value


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


class Fields:
    """Typed access to a JSON object; a missing or mistyped value is a `FormatError` naming the key."""

    def __init__(self, data: Any) -> None:
        if not isinstance(data, dict):
            raise FormatError("an object is expected")
        self.data: Mapping[str, Any] = data

    def text(self, key: str, *, required: bool = False) -> str:
        value = self.data.get(key, "")
        if not isinstance(value, str) or (required and not value):
            raise FormatError(f"{key} must be text")
        if _CONTROL.search(value):
            raise FormatError(f"{key} holds a control character")
        return value

    def number(self, key: str) -> float:
        value = self.data.get(key, 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise FormatError(f"{key} must be a number")
        return float(value)

    def whole(self, key: str) -> int:
        value = self.number(key)
        if not 0 <= value <= _MAX_WHOLE or value != int(value):
            raise FormatError(f"{key} must be a whole number")
        return int(value)

    def flag(self, key: str) -> bool:
        value = self.data.get(key, False)
        if not isinstance(value, bool):
            raise FormatError(f"{key} must be true or false")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(Fields({key: item}).text(key) for item in self._items(key))

    def objects(self, key: str) -> list["Fields"]:
        return [Fields(item) for item in self._items(key)]

    def object(self, key: str) -> "Fields":
        return Fields(self.data.get(key))

    def _items(self, key: str) -> list[Any]:
        value = self.data.get(key, [])
        if not isinstance(value, list):
            raise FormatError(f"{key} must be a list")
        return value


def _record(fields: Fields, path: str) -> Record:
    document = fields.text("document", required=True)
    if record_path(document) != path or not safe_document(document):
        raise FormatError(f"its document name {document!r} is not that of its file")
    files = fields.texts("files")
    for file in files:
        if not owns(document, file):
            raise FormatError(f"it claims {file!r}, which is not a file of its document")
    dates = Fields(fields.data.get("dates", {}))
    return Record(
        document=document,
        title=fields.text("title"),
        description=fields.text("description"),
        language=fields.text("language"),
        source=_source(fields.object("source")),
        converter=fields.text("converter"),
        compiler=fields.text("compiler"),
        files=files,
        topics=tuple(_topic(item) for item in fields.objects("topics")),
        authors=fields.texts("authors"),
        dates={key: dates.text(key) for key in sorted(dates.data)},
        settings=fields.text("settings"),
        title_reason=fields.text("title_reason"),
        ocr=fields.text("ocr"),
        by_rules=fields.text("by_rules"),
        described=fields.text("described"),
    )


def _source(fields: Fields) -> Source:
    sha256 = fields.text("sha256")
    if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
        raise FormatError("sha256 must be 64 hex digits")
    # A name may hold a newline or undecodable bytes; it is stored with escapes, see `stored_path` in gitkb.intake.scan.
    return Source(
        fields.text("path", required=True),
        sha256,
        fields.whole("size"),
        fields.text("media_type"),
        fields.whole("pages"),
        _url(fields.text("url")),
        _charset(fields.text("charset")),
        _url(fields.text("base"), "base"),
    )


def _charset(name: str) -> str:
    """The encoding that a server named; a page will be read by it."""
    if name and not known_charset(name):
        raise FormatError("its charset is no known encoding of text")
    return name


def _url(url: str, key: str = "url") -> str:
    """The address of a page, spelled as gitkb spells it; it will be shown, and fetched again."""
    if not url:
        return ""
    try:
        spelled = str(web_address.parse(url))
    except ValueError as error:
        raise FormatError(f"its {key} is no address of the web: {error}") from error
    if spelled != url:
        raise FormatError(f"its {key} is not spelled as gitkb spells addresses")
    return url


def _topic(fields: Fields) -> Topic:
    kind = fields.text("kind")
    if kind not in ("concept", "entity"):
        raise FormatError(f"kind must be concept or entity, not {kind!r}")
    return Topic(
        kind="concept" if kind == "concept" else "entity",
        name=fields.text("name", required=True),
        aliases=fields.texts("aliases"),
        entity_type=fields.text("entity_type"),
        defined=fields.flag("defined"),
        weight=fields.number("weight"),
        claims=tuple(_claim(item) for item in fields.objects("claims")),
    )


def _claim(fields: Fields) -> Claim:
    place = fields.object("place")
    path = place.text("path", required=True)
    if not path.startswith("sources/") or ".." in path.split("/"):
        raise FormatError(f"a claim's place {path!r} is outside the sources")
    return Claim(
        text=fields.text("text", required=True),
        place=Place(path, place.text("anchor"), place.text("label")),
        score=fields.number("score"),
        defines=fields.flag("defines"),
        quote=fields.text("quote"),
    )


def safe_document(document: str) -> bool:
    """Whether a document name is one that gitkb would give: segments as `slugs` makes them."""
    segments = document.split("/")
    return all(segment and document_segment(segment) == segment for segment in segments)


def owns(document: str, path: str) -> bool:
    """Whether a path may belong to a document: its original, converted text, chapters, pictures, summary."""
    for folder in OWN_FOLDERS:
        stem = f"{folder}{document}"
        if path.startswith(stem):
            rest = path[len(stem) :]
            return (rest.startswith((".", "--")) or rest == "") and "/" not in rest and "\\" not in rest
    return False
