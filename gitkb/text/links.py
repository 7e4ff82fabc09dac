"""Links and text in Markdown: written so that they mean what they say, and read as a renderer reads them.

Invariant: what `relative` returns is one Markdown link destination, and what `escape` returns is plain words in any inline
position, whatever a document put into it. Paths are POSIX paths in the repository; nothing here looks at files.
"""

import posixpath
from urllib.parse import quote

# What may stay as it is in a destination, besides letters and digits of any script.
_KEPT = "/-._~!$+,;=@'"


def relative(from_page: str, to: str) -> str:
    """The link from one page to another path of the repository (optionally with `#anchor`), percent-encoded where needed."""
    path, hash_sign, anchor = to.partition("#")
    fragment = f"#{_encode(anchor)}" if hash_sign and anchor else ""
    if path == from_page and fragment:
        return fragment
    return _encode(posixpath.relpath(path, posixpath.dirname(from_page) or ".")) + fragment


def _encode(text: str) -> str:
    return "".join(
        c if c in _KEPT or (not c.isascii() and c.isprintable()) else quote(c, safe="", errors="replace") for c in text
    )
