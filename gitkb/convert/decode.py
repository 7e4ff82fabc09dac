"""Decodes bytes to text, whatever the encoding: by a byte order mark, else as UTF-8, else by what the bytes look like.

Invariant: the result can be encoded as UTF-8, and holds neither NUL nor a byte order mark; every line ends in a line feed.
It never guesses an encoding in which the bytes are not valid.
"""

import codecs
import re

from gitkb.errors import ConversionError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 200_000
_LINE_BREAKS = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_CONTROLS = re.compile("[\0-\x08\x0e-\x1a\x7f]")
_LATIN = frozenset(
    "cp1250 cp1252 cp1254 cp1257 cp1258 iso8859_1 iso8859_2 iso8859_15 iso8859_9 mac_roman hp_roman8 cp850".split()
)
CANDIDATES = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r",
    "cp932", "euc_jp", "iso2022_jp", "gb18030", "big5", "cp949",
]  # fmt: skip


def decode(data: bytes, declared: str = "") -> str:
    """The text of a whole file. `declared` is an encoding that the file itself names; it is tried before guessing.

    Raises `ConversionError` where the bytes are not text.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _text(_decoded(data[len(bom) :], encoding, "replace"))
    if (text := _valid(data, "utf-8")) is not None or (text := _mostly_utf8(data)) is not None:
        return _text(text)
    for encoding in (_wide(data), declared):
        if encoding and (text := _valid(data, encoding)) is not None:
            return _text(text)
    if is_binary(data[:_SAMPLE]):
        raise _no_text()
    return _text(_decoded(data, _guess(data[:_SAMPLE]), "replace"))


def _text(text: str) -> str:
    """The text, cleaned; `ConversionError` where it is mostly control characters: bytes may be valid in an encoding by chance."""
    head = text[:_SAMPLE]
    if len(_CONTROLS.findall(head)) > max(2, len(head) // 10):
        raise _no_text()
    return normal_lines(text)


def _no_text() -> ConversionError:
    return ConversionError("the file holds binary data, not text.", "Add it in a format that gitkb reads.")


def is_binary(head: bytes) -> bool:
    """Whether bytes hold more control characters than text ever does, in encodings without NUL bytes."""
    if _wide(head) or head.startswith(tuple(bom for bom, _ in _BOMS)):
        return False
    controls = len(head) - len(head.translate(None, bytes(range(8)) + bytes(range(14, 27)) + bytes(range(28, 32)) + b"\x7f"))
    return controls > max(2, len(head) // 100)


def normal_lines(text: str) -> str:
    """Text with line feeds only, without NUL, byte order marks and lone surrogates."""
    text = _LINE_BREAKS.sub("\n", text)
    return re.sub("[\x00\ufeff\ud800-\udfff]", "", text)


def _valid(data: bytes, encoding: str) -> str | None:
    try:
        text = data.decode(encoding)
    except (UnicodeError, LookupError, ValueError):
        return None
    return None if encoding == "utf-8" and text.count("\0") > len(text) // 100 else text


def _mostly_utf8(data: bytes) -> str | None:
    """UTF-8 that was cut in the middle of a character or damaged in few places; text in other encodings has hardly any
    sequence of bytes that UTF-8 allows."""
    text = data.decode("utf-8", "replace")
    if text.count("\0") > len(text) // 100:
        return None
    errors = text.count("\ufffd") - data.count(b"\xef\xbf\xbd")
    if errors == 1 and text.endswith("\ufffd"):
        return text[:-1]
    whole = len(text) - len(text.encode("ascii", "ignore")) - errors
    return text if errors * 3 <= whole else None


def _decoded(data: bytes, encoding: str, errors: str) -> str:
    return data.decode(encoding, errors)


def _wide(data: bytes) -> str:
    """The name of the UTF-16 encoding without a mark that the bytes have, "" for none: Western text has NUL in every other
    byte."""
    head = data[:4096]
    if len(head) < 4:
        return ""
    half = len(head) // 2
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > half * 0.4 and even < half * 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > half * 0.4 and odd < half * 0.05 else ""


def _guess(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=CANDIDATES, enable_fallback=False).best()
    if best is None or best.encoding in _LATIN:
        return _latin(sample)
    return best.encoding


def _latin(sample: bytes) -> str:
    """Western text is far more common than its look-alikes: take cp1252 unless Central European letters stand out."""
    western, central = (sample.decode(name, "replace") for name in ("cp1252", "cp1250"))
    central_only = len(re.findall("[ąćęłńśźżĄĆĘŁŃŚŹŻčďěňřšťůžČĎĚŇŘŠŤŮŽőűŐŰ]", central))
    shared = len(re.findall("[äöüßéèàçñáíóúåæøêâîôûëïÄÖÜÉ]", western))
    odd = len(re.findall("[\x80-\x9f¡-¿×÷ðþÐÞ]", western))
    return "cp1250" if central_only > shared and odd else "cp1252"
