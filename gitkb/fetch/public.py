"""Which IP addresses are public: those that anybody on the internet reaches under the same number.

Invariant: an address that carries another one inside (mapped, NAT64, 6to4) is judged by that one as well, and what is not known
to be public is not.
"""

import ipaddress
import socket
from collections.abc import Callable, Sequence

Resolve = Callable[[str, int], Sequence[str]]
"""The addresses (texts) of a host's name, best first; `OSError` where it has none."""

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_REFUSED = tuple(map(ipaddress.IPv6Network, ("2001::/32", "2001:db8::/32", "3fff::/20")))
_ISATAP = 0x5EFE
_V4 = 0xFFFF_FFFF


def resolve(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(text: str) -> bool:
    """Whether an IP address is public. One with a zone, or that is none, is not."""
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
