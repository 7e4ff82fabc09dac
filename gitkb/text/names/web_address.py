"""Addresses of the web: which may be used, their one spelling, the document path that stands for one; names of encodings.

Invariant: a `WebAddress` is http or https, names a host, holds no user name, no control character and no fragment, and two
spellings of one address are equal. Nothing here resolves a name or opens a connection. An encoding is known where this Python
turns bytes into text by its name; looking one up reads no file but Python's own codecs.
"""

import ipaddress
import re
from urllib.parse import quote, unquote, urljoin, urlsplit

from msgspec import Struct

from gitkb.text.names.slugs import short_hash

MAX_URL = 4_000
WEB_ROOT = "web"
"""The root of the documents that came from the web, unless `--into` names another one."""

_PORTS = {"http": 80, "https": 443}
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff\\]")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMERIC = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")
_ESCAPE = re.compile(r"%(?:[0-9A-Fa-f]{2})")
_ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_KEPT = "%/:=&?~#+!$,;'@()*[]"
_READABLE = frozenset(" -._~")
_INDEX = re.compile(r"index\.[a-z0-9]{1,10}")


class WebAddress(Struct, frozen=True):
    """`host` in lower case and ASCII, without the brackets of IPv6; `path` begins with "/"; `query` is without its "?"."""

    scheme: str
    host: str
    port: int
    path: str
    query: str = ""

    @property
    def authority(self) -> str:
        """Host and port as a Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def target(self) -> str:
        """What is asked of the host."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def parse(text: str) -> WebAddress:
    """The address that a person or page wrote; `ValueError` with a clause that says what is wrong with it."""
    text = text.strip()
    if len(text) > MAX_URL:
        raise ValueError(f"it is longer than {MAX_URL} characters")
    if _UNSAFE.search(text):
        raise ValueError("it holds a blank, a backslash or a control character")
    parts = urlsplit(text)
    scheme = parts.scheme.lower()
    if scheme not in _PORTS:
        raise ValueError("only http and https are fetched")
    if "@" in parts.netloc:
        raise ValueError("it holds a user name or a password")
    host = _host(parts.hostname or "")
    port = parts.port
    if port == 0:
        raise ValueError("there is no port 0")
    return WebAddress(scheme, host, port or _PORTS[scheme], _path(parts.path), _spelled(parts.query))


def join(base: WebAddress, reference: str) -> WebAddress:
    """The address that a reference on a page leads to; `ValueError` like `parse`."""
    cleaned = re.sub(r"[\t\r\n]", "", reference.strip()).replace(" ", "%20")
    return parse(urljoin(str(base), cleaned))


def same_site(one: WebAddress, other: WebAddress) -> bool:
    """Whether two addresses are of the same host, a leading `www.` and the scheme aside."""
    ports = {address.port for address in (one, other)} - set(_PORTS.values())
    hosts = {address.host.removeprefix("www.") for address in (one, other)}
    return len(hosts) == 1 and (not ports or one.port == other.port)


def alike(one: WebAddress, other: WebAddress) -> bool:
    """Whether two addresses differ in nothing but the scheme."""
    return (one.host, one.path, one.query) == (other.host, other.path, other.query) and same_site(one, other)


def same_page(one: WebAddress, other: WebAddress) -> bool:
    """Whether two addresses are spellings of one page's, as servers commonly have it: of one site, and with paths that differ
    in nothing but capitals, a trailing slash, `index.*`, or `.html` at the end. Queries are not looked at."""
    return same_site(one, other) and _bare(one.path) == _bare(other.path)


def source_path(address: WebAddress, ending: str, root: str = WEB_ROOT) -> str:
    """The path of the source that stands for an address: `web/<host>/<path>` with the ending of its format (".html").

    A folder's page is `index`; a query is a part of the name.
    """
    folders, _, name = _readable(address.path).rpartition("/")
    query = f"?{_readable(address.query).replace('/', '%2F')}" if address.query else ""
    stem = name or "index"
    known = next((e for e in _ENDINGS.get(ending, (ending,)) if stem.lower().endswith(e) and len(stem) > len(e)), "")
    if query and known:
        stem = stem[: -len(known)]
    name = f"{stem}{query}{known or ending}" if query or not known else stem
    return f"{root}/{address.authority}{folders}/{name}"


def told_apart(path: str, address: WebAddress) -> str:
    """Another source path for an address whose usual one stands for another page."""
    folder, slash, name = path.rpartition("/")
    stem, dot, ending = name.rpartition(".")
    return f"{folder}{slash}{stem}-{short_hash(str(address))}{dot}{ending}"


_ENDINGS = {".html": (".html", ".htm"), ".md": (".md", ".markdown")}


def _host(host: str) -> str:
    if "%" in host:
        raise ValueError("its host has a zone")
    if ":" in host:
        return str(ipaddress.IPv6Address(host))
    host = host.rstrip(".").lower()
    if not host:
        raise ValueError("it names no host")
    if not host.isascii():
        host = _ascii(host)
    labels = host.split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        # Systems read 127.1, 0x7f.1 and 2130706433 as addresses; only the plain form is one here.
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError as error:
            raise ValueError("its host is a number in an unusual form") from error
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("its host is no name of a host")
    return host


def _ascii(host: str) -> str:
    import idna

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError("its host is no name of a host") from error


def _path(path: str) -> str:
    """The path with its dot segments taken out."""
    kept: list[str] = []
    segments = _spelled(path).split("/")[1:]
    for number, segment in enumerate(segments):
        plain = re.sub("%2e", ".", segment, flags=re.IGNORECASE)
        if plain == "..":
            del kept[-1:]
        if plain not in (".", ".."):
            kept.append(segment)
        elif number == len(segments) - 1:
            kept.append("")
    return f"/{'/'.join(kept)}"


def _spelled(text: str) -> str:
    """A path or query in one spelling: everything that must be encoded is, what need not be is not, in capital digits."""
    encoded = quote(text, safe=_KEPT)
    encoded = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", encoded)
    return _ESCAPE.sub(_respelled, encoded)


def _respelled(found: re.Match[str]) -> str:
    char = chr(int(found[0][1:], 16))
    return char if char.isascii() and (char.isalnum() or char in "-._~") else found[0].upper()


def _bare(path: str) -> str:
    """A path without what servers commonly add to it."""
    folders, _, name = _readable(path).removesuffix("/").rpartition("/")
    name = "" if _INDEX.fullmatch(name) else name.removesuffix(".html").removesuffix(".htm")
    return f"{folders}/{name}".removesuffix("/")


def _readable(text: str) -> str:
    """An encoded path as people read it; what would mean something else when it is decoded stays encoded."""

    def decoded(found: re.Match[str]) -> str:
        try:
            plain = unquote(found[0], errors="strict")
        except UnicodeDecodeError:
            return found[0]
        return "".join(c if c in _READABLE or (not c.isascii() and c.isprintable()) else quote(c, safe="") for c in plain)

    return _ENCODED.sub(decoded, text)


_NAME = re.compile(r"[A-Za-z0-9._:-]{1,40}")


def known_charset(name: str) -> str:
    """The name as it is where it names an encoding of text, "" for any other."""
    if not _NAME.fullmatch(name):
        return ""
    try:
        bytes(4).decode(name, "ignore")  # there are codecs that make no text, like base64
    except (LookupError, UnicodeError):
        return ""
    return name
