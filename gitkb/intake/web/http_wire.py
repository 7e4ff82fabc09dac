"""The one module that opens connections to the web, through the `httpcore2` package, and only to public addresses.

Invariant: a name is resolved once for each connection, all of its addresses are judged, and the connection goes to an address
that was judged: there is no second look-up that could answer otherwise. An address that holds another one inside (mapped,
NAT64, 6to4) is judged by that one as well, and what is not known to be public is not. Certificates are checked against the
name. Every read and write ends at the deadline of its request. Nothing is tried again, and no redirect is followed here.
"""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from ipaddress import ip_address
from socket import SHUT_RDWR, gaierror
from typing import Any

import httpcore2
from msgspec import Struct

from gitkb import __version__
from gitkb.errors import FetchFailed
from gitkb.text.names.web_address import WebAddress

Resolve = Callable[[str, int], Sequence[str]]
"""The addresses (texts) of a host's name, best first; `OSError` where it has none."""

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_REFUSED = tuple(map(ipaddress.IPv6Network, ("2001::/32", "2001:db8::/32", "3fff::/20")))
_ISATAP = 0x5EFE
_V4 = 0xFFFF_FFFF


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses that the system's resolver returns."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(text: str) -> bool:
    """Whether an IP address is public. An address with a zone is not, and neither is text that is no address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return _is_public4(address)
    if address.scope_id:
        return False
    inner = _inside(address)
    if inner is not None and not _is_public4(inner):
        return False
    if address.ipv4_mapped is not None or address in _NAT64:
        return True
    refused = any(address in network for network in _REFUSED)
    return address in _GLOBAL_UNICAST and address.is_global and not refused


def _is_public4(address: ipaddress.IPv4Address) -> bool:
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that packets to an IPv6 address may end up at."""
    number = int(address)
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64 or (number >> 32) & 0xFDFF_FFFF == _ISATAP:
        return ipaddress.IPv4Address(number & _V4)
    return None


CONNECT_SECONDS = 15.0
READ_SECONDS = 30.0
_PER_HOST = 2
Allowed = Callable[[str], bool]
_OPTIONS = Iterable[Any] | None


class Reply(Struct, frozen=True):
    """A reply whose body has not been read: header names in lower case, the body in pieces as they come over the wire."""

    status: int
    headers: Mapping[str, str]
    pieces: Iterator[bytes]


class Wire:
    """Connections for many threads, at most two at once to one host; `close` breaks off those that are open."""

    def __init__(self, resolve: Resolve, allowed: Allowed = is_public, proxy: Callable[[str], str] = lambda url: "") -> None:
        """`allowed` judges each IP address; `proxy` says through which proxy a URL is fetched, "" for none: behind one, the proxy
        finds the host."""
        self._backend = _Backend(resolve, allowed)
        self._places: dict[str, threading.Semaphore] = {}
        self._guard = threading.Lock()
        self._proxy = proxy
        self._pools: dict[str, httpcore2.ConnectionPool] = {}

    @contextmanager
    def get(self, address: WebAddress, headers: Mapping[str, str], seconds: float) -> Iterator[Reply]:
        """The reply to one request, to be read inside the block within so many seconds; `FetchFailed` with the reason."""
        sent = [("Host", address.authority), ("User-Agent", f"gitkb/{__version__}"), *headers.items()]
        timeouts = {"connect": CONNECT_SECONDS, "read": READ_SECONDS, "write": READ_SECONDS, "pool": None}
        target = httpcore2.URL(
            scheme=address.scheme.encode(), host=_bracketed(address.host), port=address.port, target=address.target.encode()
        )
        with self._place(address), ExitStack() as stack:
            with _told(address):
                self._backend.begin(seconds)
                stream = self._pool(address).stream("GET", target, headers=sent, extensions={"timeout": timeouts})
                response = stack.enter_context(stream)
            found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            yield Reply(response.status, found, _pieces(address, response.iter_stream()))

    def _pool(self, address: WebAddress) -> httpcore2.ConnectionPool:
        proxy = self._proxy(str(address))
        with self._guard:
            if proxy not in self._pools:
                options: dict[str, Any] = {"max_connections": None, "keepalive_expiry": 20.0, "network_backend": self._backend}
                trusted = httpcore2.default_ssl_context()
                self._pools[proxy] = (
                    httpcore2.HTTPProxy(proxy, ssl_context=trusted, **options)
                    if proxy
                    else httpcore2.ConnectionPool(trusted, **options)
                )
            return self._pools[proxy]

    def _place(self, address: WebAddress) -> threading.Semaphore:
        with self._guard:
            return self._places.setdefault(address.authority, threading.Semaphore(_PER_HOST))

    def close(self) -> None:
        """Ends every connection, also those that other threads are reading."""
        self._backend.close()
        with self._guard:
            pools = list(self._pools.values())
        for pool in pools:
            pool.close()


class _Backend(httpcore2.NetworkBackend):
    """Connects to judged addresses only, and knows the deadline of each thread's request."""

    def __init__(self, resolve: Resolve, allowed: Allowed) -> None:
        self._resolve, self._allowed = resolve, allowed
        self._inner = httpcore2.SyncBackend()
        self._thread = threading.local()
        self._open: set[_Stream] = set()
        self._guard = threading.Lock()
        self._closed = False

    def begin(self, seconds: float) -> None:
        self._thread.deadline = time.monotonic() + seconds

    def left(self, timeout: float | None) -> float:
        """The seconds that the next step may take; `ReadTimeout` if there are none."""
        left: float = self._thread.deadline - time.monotonic()
        if left <= 0 or self._closed:
            raise _Late("")
        return min(left, timeout or left)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: _OPTIONS = None,
    ) -> httpcore2.NetworkStream:
        addresses = self._addresses(host.strip("[]"), port)
        refused = next((address for address in addresses if not self._allowed(address)), None)
        if refused is not None:
            raise _Private(refused)
        for number, address in enumerate(addresses, 1):
            try:
                stream = self._inner.connect_tcp(address, port, self.left(timeout), None, socket_options)
                return self._kept(stream)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if number == len(addresses):
                    raise
        raise AssertionError("there was an address")

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host; one that is an address itself needs no look-up."""
        with suppress(ValueError):
            return (str(ip_address(host)),)
        addresses = self._resolve(host, port)
        if not addresses:
            raise gaierror("it has no address")
        return addresses

    def _kept(self, inner: httpcore2.NetworkStream) -> "_Stream":
        stream = _Stream(inner, self)
        with self._guard:
            self._open.add(stream)
        return stream

    def forget(self, stream: "_Stream") -> None:
        with self._guard:
            self._open.discard(stream)

    def close(self) -> None:
        self._closed = True
        with self._guard:
            streams, self._open = self._open, set()
        for stream in streams:
            stream.abort()


class _Stream(httpcore2.NetworkStream):
    """A connection whose every step ends at the deadline of the thread that takes it."""

    def __init__(self, inner: httpcore2.NetworkStream, backend: _Backend) -> None:
        self._inner, self._backend = inner, backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._backend.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._backend.left(timeout))

    def close(self) -> None:
        self._backend.forget(self)
        self._inner.close()

    def abort(self) -> None:
        """Wakes the thread that reads."""
        with suppress(OSError):
            self._inner.get_extra_info("socket").shutdown(SHUT_RDWR)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, self._backend.left(timeout))
        self._backend.forget(self)
        return self._backend._kept(inner)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Private(Exception):
    """A name leads to an address that is not public."""


class _Late(httpcore2.ReadTimeout):
    """The time for the whole request is over."""


def _pieces(address: WebAddress, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces of a body. Errors of the connection become `FetchFailed`; errors of whoever uses the pieces pass through."""
    while True:
        with _told(address):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece


@contextmanager
def _told(address: WebAddress) -> Iterator[None]:
    """Turns what goes wrong on the wire into words."""
    try:
        yield
    except _Private as error:
        raise FetchFailed(
            f"{address.host} is no public address."
            if str(error) == address.host
            else f"{address.host} is at {error}, which is no public address.",
            "Give --allow-private if you trust it.",
        ) from error
    except _Late as error:
        raise FetchFailed("it took too long, the rest was not waited for.") from error
    except httpcore2.TimeoutException as error:
        raise FetchFailed("its server said nothing for too long.") from error
    except httpcore2.RemoteProtocolError as error:
        if "closed" not in str(error) and "disconnected" not in str(error):
            raise FetchFailed("what answers there does not speak HTTP as it should.") from error
        raise FetchFailed("short read: the connection ended before the reply did.", "Add it again.") from error
    except gaierror as error:
        raise FetchFailed(
            f"there is no host {address.host}.", "Look at the address, and whether this machine is connected."
        ) from error
    except httpcore2.ProxyError as error:
        raise FetchFailed("the proxy refuses it.") from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
        raise FetchFailed(_unreached(error)) from error


def _unreached(error: BaseException) -> str:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({seen.verify_message})."
        if isinstance(seen, ssl.SSLError):
            return "it does not speak TLS as it should."
        if isinstance(seen, ConnectionRefusedError):
            return "nothing listens there."
        if isinstance(seen, ConnectionResetError):
            return "short read: the connection was cut off."
        seen = seen.__cause__ or seen.__context__
    return "there is no connection to it."


def _bracketed(host: str) -> bytes:
    return f"[{host}]".encode() if ":" in host else host.encode()
