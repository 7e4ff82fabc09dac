"""Gets what is at an address: redirects by hand, limits counted on what comes out, whole replies only.

Invariant: what arrives in the sink has passed every rule, but is whole only when `fetch` returns. Redirects are judged like the
address that was asked for, and one from https to http is refused: what came over a sealed way must not be replaced by what
anybody on the way may write.
"""

import re
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from email.message import Message
from typing import TYPE_CHECKING

from msgspec import Struct

from gitkb.errors import FetchFailed
from gitkb.text.names import web_address
from gitkb.text.names.web_address import WebAddress

if TYPE_CHECKING:  # what it is made of takes a sixth of a second to load, and most runs fetch nothing
    from gitkb.intake.web.http_wire import Reply, Wire

MAX_REDIRECTS = 5
SECONDS = 120.0
"""For one address, its redirects included."""

Sink = Callable[[bytes], object]
_PERMANENT = frozenset({301, 308})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NAMES = {
    400: "it says that the request is wrong",
    401: "it wants a login",
    403: "it is forbidden",
    404: "there is no such page",
    410: "the page is gone",
    429: "it wants fewer requests",
    503: "it is out of service",
}
_PIECE = 1 << 16


class Validators(Struct, frozen=True):
    """Headers of a server by which it can tell later whether something changed: `ETag` and `Last-Modified`, "" if absent."""

    etag: str = ""
    modified: str = ""

    @property
    def headers(self) -> dict[str, str]:
        found = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in found.items() if value}


class Fetched(Struct, frozen=True):
    """What was found. `address` is where it was in the end, `permanent` the last address to which only permanent redirects led
    (the one asked for where there were none). `unchanged`: the server says that nothing changed, and there is no body."""

    address: WebAddress
    permanent: WebAddress
    media_type: str = ""
    charset: str = ""
    validators: Validators = Validators()
    unchanged: bool = False


class Fetcher:
    """Fetches for many threads."""

    def __init__(self, wire: "Wire", *, allow_downgrade: bool = False) -> None:
        self._wire, self._allow_downgrade = wire, allow_downgrade

    def fetch(
        self,
        address: WebAddress,
        sink: Sink,
        max_bytes: int,
        validators: Validators = Validators(),
        accept: str = "*/*",
        seconds: float = SECONDS,
    ) -> Fetched:
        """Fetches an address; its bytes go to the sink. `FetchFailed` with the reason."""
        deadline = time.monotonic() + seconds
        headers = {"Accept": accept, "Accept-Encoding": "gzip", **validators.headers}
        here = permanent = address
        for _ in range(MAX_REDIRECTS + 1):
            with self._wire.get(here, headers, deadline - time.monotonic()) as reply:
                if reply.status not in _REDIRECTS or "location" not in reply.headers:
                    return self._received(reply, here, permanent, sink, max_bytes)
                following = self._following(here, reply.headers["location"])
            if reply.status in _PERMANENT and permanent == here:
                permanent = following
            here = following
        raise FetchFailed(f"it redirects more than {MAX_REDIRECTS} times.")

    def close(self) -> None:
        """Breaks off everything that is under way."""
        self._wire.close()

    def _following(self, here: WebAddress, location: str) -> WebAddress:
        try:
            # Header bytes are Latin-1 to us, but servers write UTF-8 there.
            following = web_address.join(here, location.encode("latin-1").decode("utf-8", "replace"))
        except ValueError as error:
            raise FetchFailed(f"it redirects to an address that is not fetched: {error}.") from error
        if (here.scheme, following.scheme) == ("https", "http") and not self._allow_downgrade:
            raise FetchFailed(
                f"it redirects from https to {following}, which is not protected.", "Add that address if you trust it."
            )
        return following

    def _received(self, reply: "Reply", here: WebAddress, permanent: WebAddress, sink: Sink, max_bytes: int) -> Fetched:
        validators = Validators(_header(reply.headers, "etag"), _header(reply.headers, "last-modified"))
        if reply.status == 304:
            return Fetched(here, permanent, validators=validators, unchanged=True)
        if reply.status != 200:
            raise FetchFailed(f"{_NAMES.get(reply.status, 'its server failed')} (status {reply.status}).")
        size = reply.headers.get("content-length", "")
        if size.isdecimal() and len(size) < 20:
            _check_size(int(size), max_bytes)
        count = 0
        for piece in _unpacked(reply):
            count += len(piece)
            _check_size(count, max_bytes)
            sink(piece)
        return Fetched(here, permanent, *_content_type(reply.headers), validators)


def _unpacked(reply: "Reply") -> Iterator[bytes]:
    """The body as it was before it was packed for the wire, in pieces of bounded size whatever was packed."""
    packing = reply.headers.get("content-encoding", "").strip().lower()
    if packing in ("", "identity"):
        yield from reply.pieces
        return
    if packing not in ("gzip", "x-gzip"):
        raise FetchFailed("its server packs it in a way that was not asked for.")
    try:
        yield from _members(reply.pieces)
    except zlib.error as error:
        raise FetchFailed("it cannot be unpacked: it is damaged.") from error


def _members(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The unpacked content of consecutive gzip members; `zlib.error` if something else follows them."""
    stream = zlib.decompressobj(wbits=31)
    for piece in pieces:
        rest = piece
        while rest:
            if stream.eof:
                stream = zlib.decompressobj(wbits=31)
            yield stream.decompress(rest, _PIECE)
            rest = stream.unused_data if stream.eof else stream.unconsumed_tail
    while not stream.eof and (more := stream.decompress(b"", _PIECE)):
        yield more
    if not stream.eof:
        raise FetchFailed("short read: the reply ended before its packed content did.", "Add it again.")


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise FetchFailed(f"it has more than {limit / 1024**2:,.0f} MiB, which is the limit.")


def _header(headers: Mapping[str, str], name: str) -> str:
    """A header that may be sent back as it came; anything unusual is not kept."""
    value = headers.get(name, "")
    return value if len(value) <= 1_000 and re.fullmatch(r"[\x20-\x7e]*", value) else ""


def _content_type(headers: Mapping[str, str]) -> tuple[str, str]:
    """(media type, charset) of a reply, in lower case; "" if not given."""
    text = headers.get("content-type", "")
    if not text or len(text) > 300:
        return "", ""
    message = Message()
    message["Content-Type"] = "".join(c for c in text if c.isprintable())
    charset = message.get_param("charset", "")
    kind = message.get_content_type() if "/" in text.partition(";")[0] else ""
    return kind, charset.lower() if isinstance(charset, str) and re.fullmatch(r"[A-Za-z0-9_.:-]{2,40}", charset) else ""
