"""Names as path segments: short, safe, and never one that git or a file system reserves.

Invariant: a segment holds lower-case letters and digits of any script, `-` and `_`, never `--`, never a leading or trailing
`-`, is at most 100 bytes of UTF-8, is not a device name, and is the same on every machine. So it can neither leave its folder
nor hide a control character. Git's reserved names are known as git's own checks know them: in letters of any case, as Windows'
short names, with streams and trailing dots, and with the characters that HFS+ ignores.
"""

import hashlib
import re
import unicodedata
from functools import lru_cache

from gitkb.text.language.inflection import german_adjective, german_key, italian_base, singular

MAX_SEGMENT_BYTES = 100
RESERVED_PAGES = frozenset({"index", "log"})
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"} | {f"com{n}" for n in range(10)} | {f"lpt{n}" for n in range(10)}
)
_KEPT_KEYS = 1 << 15
"""So many keys are remembered: documents speak of the same things again and again, and a key takes 0.06 ms."""
_SPELLED = {"+": " plus ", "#": " sharp ", "&": " and ", "@": " at "}


def short_hash(text: str, digits: int = 8) -> str:
    """The first hex digits of the SHA-256 of a text; lone surrogates (undecodable file names) are kept apart."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:digits]


def slug(text: str) -> str:
    """A path segment for any text; text without a letter or digit, and device names, get a hash."""
    normal = unicodedata.normalize("NFKC", text).casefold()
    normal = unicodedata.normalize("NFC", normal)
    kept = "".join(c if _is_kept(c) else "-" for c in normal)
    result = "-".join(part for part in kept.split("-") if part)
    if not result or not any(c.isalnum() for c in result):
        return f"x-{short_hash(text)}"
    if result in _DEVICES:
        return f"{result}-{short_hash(text)}"
    return _cut(result, text)


def document_segment(name: str) -> str:
    """A path segment for a folder's or file's name; names that the wiki reserves get `-page`."""
    segment = slug(name)
    return f"{segment}-page" if segment in RESERVED_PAGES else segment


@lru_cache(_KEPT_KEYS)
def topic_key(name: str, language: str = "") -> str:
    """The identity of a topic's name across documents, which is also its page's file name: case, punctuation, script
    variants and (English, German and Italian) plural aside. "C++" and "C#" stay apart from "C"."""
    spelled = "".join(_SPELLED.get(c, c) for c in unicodedata.normalize("NFKC", name))
    segment = slug(spelled)
    if language in ("", "en") and not _is_acronym(name):
        head, dash, last = segment.rpartition("-")
        written = _last_word(name)
        segment = f"{head}{dash}{singular(written).lower() if written.lower() == last else singular(last)}"
    if language == "de" and not _is_acronym(name):
        *before, last = segment.split("-")
        written = _last_word(name)
        segment = "-".join((*map(german_adjective, before), german_key(written) if written.lower() == last else last))
    if language == "it" and not _is_acronym(name):
        segment = "-".join(map(italian_base, segment.split("-")))
    return document_segment(segment)


def _is_acronym(name: str) -> bool:
    """Whether the last word is all capitals ("ARIES", "DNS"); a plural s stays small ("APIs")."""
    last = name.split()[-1:] or [""]
    return last[0].isupper()


def _last_word(name: str) -> str:
    """The last word of a name as it is written: a capital may tell a name in -s from a plural."""
    return name.split()[-1] if name.split() else ""


def _is_kept(char: str) -> bool:
    return char == "_" or unicodedata.category(char)[0] in "LMN"


def _cut(segment: str, text: str) -> str:
    encoded = segment.encode("utf-8")
    if len(encoded) <= MAX_SEGMENT_BYTES:
        return segment
    head = encoded[: MAX_SEGMENT_BYTES - 9].decode("utf-8", "ignore").rstrip("-")
    return f"{head}-{short_hash(text)}"


_GIT = re.compile(r"(?:\.git|git~[0-9]+) *[. ]*(?::.*)?", re.IGNORECASE | re.DOTALL)
_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")


def is_gits_own(name: str) -> bool:
    """Whether a file of this name would be git's own folder on some file system."""
    return bool(_GIT.fullmatch(_IGNORED.sub("", name)))
