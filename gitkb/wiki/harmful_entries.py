"""Which entries of a tree could harm whoever checks them out or reads them, by name and mode alone.

Invariant: pure, and judges bytes as git stores them. In the folders of the knowledge base only regular files with names that
every file system can hold are harmless; elsewhere only what could lead git itself astray is refused.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection
from functools import lru_cache

from gitkb.text.names.slugs import is_gits_own

TREE, GITLINK, LINK = 0o40000, 0o160000, 0o120000
_OWN = frozenset((b".gitkb", b"raw", b"wiki"))
_READ_BY_GIT = frozenset((".gitattributes", ".gitmodules", ".gitignore", ".mailmap", "agents.md"))
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:[.:].*)?", re.IGNORECASE)


def harm(above: bytes, name: bytes, mode: int, beside: Collection[bytes]) -> str | None:
    """The reason why an entry of a tree could do harm, None if it could not. `above`: its folders, each with "/" after it.
    `beside`: all names of its folder."""
    text = name.decode("utf-8", "surrogateescape")
    reason = _git_own(name, text)
    if reason is not None:
        return reason
    top = (above + name).split(b"/", 1)[0]
    if top.lower() not in _OWN:
        return "It is a link, and git or gitkb reads it." if mode == LINK and _is_read(above, text) else None
    if mode in (LINK, GITLINK):
        kind = "symbolic link" if mode == LINK else "submodule"
        return f"It is a {kind}; a knowledge base's folders hold regular files only."
    if top not in _OWN:
        return f"Where upper and lower case are the same, it stands in {top.lower().decode()}/."
    return _unreadable(text) or _twins(text, beside)


def twins(name: bytes, beside: Collection[bytes]) -> list[bytes]:
    """The other names of a folder that are the same as this one where case and the way of writing accents do not count."""
    text = name.decode("utf-8", "surrogateescape")
    if _names(frozenset(beside))[_folded(text)] < 2:
        return []
    found = _folded(text)
    return sorted(each for each in beside if each != name and _folded(each.decode("utf-8", "surrogateescape")) == found)


def _git_own(name: bytes, text: str) -> str | None:
    if name in (b"", b".", b"..") or b"/" in name:
        return "Its name leads out of its folder."
    if is_gits_own(text):
        return "Its name is, on some file systems, that of git's own folder."
    return None


def _is_read(above: bytes, text: str) -> bool:
    return not above and text.lower() in _READ_BY_GIT


def _unreadable(text: str) -> str | None:
    if any("\udc80" <= character <= "\udcff" for character in text):
        return "Its name is not UTF-8."
    if _CONTROL.search(text):
        return "Its name holds a control character."
    if "\\" in text:
        return "Its name holds a backslash, which is a folder's end on Windows."
    if _DEVICE.fullmatch(text) or text.endswith((".", " ")):
        return "Windows cannot hold a file of this name."
    if len(text.encode()) > 255:
        return "Its name is longer than 255 bytes."
    return None


def _twins(text: str, beside: Collection[bytes]) -> str | None:
    """Another name beside it that is the same where case and the way of writing accents do not count."""
    if _names(frozenset(beside))[_folded(text)] > 1:
        return "Another name beside it differs in upper and lower case only."
    return None


@lru_cache(8)
def _names(beside: frozenset[bytes]) -> Counter[str]:
    return Counter(_folded(name.decode("utf-8", "surrogateescape")) for name in beside)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
