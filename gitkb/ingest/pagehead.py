"""What stands at the beginning of a fetched page, before a worker parses it: whether it is one, and what its `<link>` tags say.

Invariant: every byte is looked at a bounded number of times, whatever a server sent: this runs in the main process, where
nothing limits its time. No expression here gives back what it has taken.
"""

import re
from collections.abc import Iterator

MAX_TAG = 4_000
"""Bytes of a tag that is read."""

_BLANK = b" \t\r\n\f\v"
_DOCTYPE = re.compile(rb"<(?:!doctype[ \t\r\n\f\v]++html|html[ \t\r\n\f\v>])", re.IGNORECASE)
_LINK = re.compile(rb"<!--|<link[ \t\r\n\f\v/]", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""[\s/]*+([^\s"'<>=/]++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'<>]++)))?+""")


def is_page(head: bytes) -> bool:
    """Whether bytes begin as HTML does, after a byte order mark, blanks and comments."""
    place = 3 if head.startswith(b"\xef\xbb\xbf") else 0
    while True:
        place = _after_blanks(head, place)
        if not head.startswith(b"<!--", place):
            return bool(_DOCTYPE.match(head, place, place + MAX_TAG))
        end = head.find(b"-->", place + 4)
        if end < 0:
            return False
        place = end + 3


def links(head: bytes) -> Iterator[dict[str, str]]:
    """The attributes of each `<link>`, in order, names in lower case; not those in comments, nor of tags beyond any size."""
    place = 0
    while (found := _LINK.search(head, place)) is not None:
        if found[0] == b"<!--":
            end = head.find(b"-->", found.end())
            if end < 0:
                return
            place = end + 3
            continue
        place = found.end()
        end = head.find(b">", place, place + MAX_TAG)
        if end >= 0:
            yield _attributes(head[place:end].decode("utf-8", "replace"))
            place = end + 1


def _attributes(tag: str) -> dict[str, str]:
    """What is inside a tag, up to where it is malformed; of two attributes of a name the first counts."""
    attributes: dict[str, str] = {}
    place = 0
    while (found := _ATTRIBUTE.match(tag, place)) is not None:
        attributes.setdefault(found[1].lower(), found[2] or found[3] or found[4] or "")
        place = found.end()
    return attributes


def _after_blanks(head: bytes, place: int) -> int:
    while place < len(head) and head[place] in _BLANK:
        place += 1
    return place
