"""Which addresses are this machine's own, and the socket at which a server of gitkb listens.

Invariant: nothing is looked up: a name that is no address is this machine's only where it says so.
"""

import ipaddress
import socket

from gitkb.errors import UsageError

NEAR = ("localhost", "127.0.0.1", "[::1]")
"""The names by which a server on this machine's own address may be called."""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def shown_host(host: str) -> str:
    """A host as it stands in an address: one of IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def listening(host: str, port: int) -> socket.socket:
    """A socket that takes connections; port 0 is any that is free. `UsageError` where nothing can listen."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise UsageError(f"Nothing can listen at {host}:{port}: {error.strerror or error}.", "Choose another port.") from error
