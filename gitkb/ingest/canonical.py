"""What the head of a fetched reply tells: of what kind it is, and which address a page says is its own.

Invariant: only a bounded head is looked at, in time linear in it; whatever a page says, its own address stays one of the page
that was fetched, in another spelling.
"""

import html
import re
from pathlib import PurePosixPath

from gitkb.convert.formats import BY_ENDING, FAMILIES, HTML, PDF, ending_of
from gitkb.fetch.fetcher import Fetched
from gitkb.ingest import pagehead
from gitkb.text import webaddress
from gitkb.text.webaddress import WebAddress

HEAD = 256 * 1024
_TYPES = {family.media_type: family for family in FAMILIES} | {"application/xhtml+xml": HTML, "application/x-pdf": PDF}
_TELLS_NOTHING = re.compile(
    r"|text/plain|application/(?:octet-stream|zip|json|xml|x-download|force-download)|binary/octet-stream|text/xml"
)


def ending(fetched: Fetched, head: bytes) -> str:
    """The ending of the format that was fetched (".html"), "" where gitkb reads no such thing."""
    named = BY_ENDING.get(ending_of(PurePosixPath(fetched.address.path).name))
    kept = ending_of(PurePosixPath(fetched.address.path).name)
    if b"%PDF-" in head[:1024]:
        return PDF.endings[0]
    said = _TYPES.get(fetched.media_type)
    if said is not None and fetched.media_type != "text/plain":
        return kept if named is said else said.endings[0]
    if not _TELLS_NOTHING.fullmatch(fetched.media_type):
        return ""
    if pagehead.is_page(head) and named is not HTML:
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
    return not less and set(parts) <= set(own) and webaddress.same_page(named, address)


def _canonical(address: WebAddress, head: bytes) -> WebAddress | None:
    for values in pagehead.links(head):
        if "canonical" in values.get("rel", "").lower().split():
            try:
                return webaddress.join(address, html.unescape(values.get("href", "")))
            except ValueError:
                return None
    return None
