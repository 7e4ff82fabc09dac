"""What the head of a fetched reply tells: of what kind it is, and which address a page says is its own.

Invariant: only a bounded head is looked at, each byte of it a bounded number of times, as this runs in the main process where
nothing limits its time: no regular expression here backtracks. Whatever a page says, its own address is that of the page that
was fetched, in another spelling.
"""

import html
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from gitkb.convert.formats import FAMILIES, HTML, PDF, ending_of, family_of
from gitkb.intake.web.fetcher import Fetched
from gitkb.text.names import web_address
from gitkb.text.names.web_address import WebAddress

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
    """The attributes of a tag, up to where it is malformed; if a name occurs twice, the first counts."""
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


HEAD = 256 * 1024
_TELLS_NOTHING = re.compile(
    r"|text/plain|application/(?:octet-stream|zip|json|xml|x-download|force-download)|binary/octet-stream|text/xml"
)
_TYPES = {family.media_type: family for family in FAMILIES if not _TELLS_NOTHING.fullmatch(family.media_type)}
_TYPES |= {"application/xhtml+xml": HTML, "application/x-pdf": PDF}


def ending(fetched: Fetched, head: bytes) -> str:
    """The ending of the format that was fetched (".html"), "" if gitkb does not read it."""
    named = family_of(ending_of(PurePosixPath(fetched.address.path).name))
    kept = ending_of(PurePosixPath(fetched.address.path).name)
    if b"%PDF-" in head[:1024]:
        return PDF.endings[0]
    said = _TYPES.get(fetched.media_type)
    if said is not None and fetched.media_type != "text/plain":
        return kept if named is said else said.endings[0]
    if not _TELLS_NOTHING.fullmatch(fetched.media_type):
        return ""
    if is_page(head) and named is not HTML:
        return HTML.endings[0]
    if named is not None:
        return kept
    return ".txt" if fetched.media_type == "text/plain" else ""


def own_address(fetched: Fetched, head: bytes, is_page: bool) -> WebAddress:
    """The address by which a document is known: the one that the page names as its canonical one where that is the page's in
    another spelling, else the one to which permanent redirects led.

    So no page can take the place of another one, whoever writes it. Behind a redirect for now ("latest") the page stands for
    what was asked for.
    """
    if not is_page or fetched.permanent != fetched.address:
        return fetched.permanent
    named = _canonical(fetched.address, head)
    if named is None or not _is_spelling(named, fetched.address):
        return fetched.permanent
    return named


def _is_spelling(named: WebAddress, address: WebAddress) -> bool:
    """Whether the address that a page names is the page's own in another spelling. It may leave parts of the query out, which
    count visitors, but not change them: many a site has all its pages at one path. It must not be less protected."""
    parts, own = (each.query.split("&") if each.query else [] for each in (named, address))
    less = (address.scheme, named.scheme) == ("https", "http")
    return not less and set(parts) <= set(own) and web_address.same_page(named, address)


def _canonical(address: WebAddress, head: bytes) -> WebAddress | None:
    for values in links(head):
        if "canonical" in values.get("rel", "").lower().split():
            try:
                return web_address.join(address, html.unescape(values.get("href", "")))
            except ValueError:
                return None
    return None
