r"""The text of messages that Outlook keeps only as compressed Rich Text: LZFu of the specification MS-OXRTFCP.

Invariant: takes a few bytes for each byte it gives, and never gives more than `MAX_RAW`. What is not compressed as the
specification says gives what came before the fault.
"""

import re
import struct

MAX_RAW = 16 * 1024**2
_DICTIONARY = 4096
_FIRST = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArial"
    rb"Times New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n" + rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
"""What the dictionary holds at the beginning."""
_COMPRESSED, _PLAIN = b"LZFu", b"MELA"
_OF_RTF_ALONE = re.compile(r"\\htmlrtf1? ?(?:(?!\\htmlrtf0).)*?\\htmlrtf0 ?", re.DOTALL)


def rich_text(data: bytes) -> bytes:
    """The Rich Text in a property, b"" where there is none."""
    if len(data) < 16:
        return b""
    size, _, kind = struct.unpack_from("<II4s", data)
    if kind == _PLAIN:
        return data[16 : 4 + size][:MAX_RAW]
    return _expanded(data[16 : 4 + size]) if kind == _COMPRESSED else b""


def _expanded(data: bytes) -> bytes:
    dictionary = bytearray(_FIRST.ljust(_DICTIONARY, b" "))
    write, at, out = len(_FIRST), 0, bytearray()
    while at < len(data) and len(out) < MAX_RAW:
        flags = data[at]
        at += 1
        for bit in range(8):
            if at >= len(data):
                break
            if not flags >> bit & 1:
                found = data[at : at + 1]
                at += 1
            else:
                token = int.from_bytes(data[at : at + 2], "big")
                at += 2
                start, count = token >> 4, (token & 0xF) + 2
                if start == write:  # the end
                    return bytes(out)
                found = _run(dictionary, start, write, count)
            for byte in found:
                dictionary[write] = byte
                write = (write + 1) % _DICTIONARY
            out += found
    return bytes(out[:MAX_RAW])


def _run(dictionary: bytearray, start: int, write: int, count: int) -> bytes:
    """Bytes of the dictionary from a place on; those that the run itself writes count, too."""
    found = bytearray()
    for step in range(count):
        place = (start + step) % _DICTIONARY
        behind = (place - write) % _DICTIONARY
        found.append(found[behind] if behind < len(found) else dictionary[place])
    return bytes(found)


def without_rtf_of_html(text: str) -> str:
    r"""Rich Text that stands for HTML, without what is only there for readers of Rich Text (`\htmlrtf ... \htmlrtf0`)."""
    return _OF_RTF_ALONE.sub(_line_break, text) if "\\fromhtml" in text[:400] else text


def _line_break(found: re.Match[str]) -> str:
    return r"\par " if r"\par" in found[0] or r"\line" in found[0] else ""
