"""Runs the server: over the pipe of a client that started it, or over HTTP.

Over HTTP, requests for another host or from a web page of another origin are refused (DNS rebinding), and so is everything
without the token, where one is set. Beyond this machine there is no serving without a token.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from gitkb.errors import UsageError
from gitkb.model.loopback import NEAR, is_loopback, listening, shown_host

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from mcp.server.mcpserver import MCPServer

PATH = "/mcp"
MIN_TOKEN = 16


def over_pipe(server: MCPServer[Any]) -> None:
    """Serves the client at the other end of standard input and output, until it hangs up."""
    server.run("stdio")


def address(text: str) -> tuple[str, int]:
    """(host, port) of `HOST:PORT`, `[::1]:PORT` or `PORT`; `UsageError` for anything else."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if not port.isdecimal() or not 0 < int(port) < 65_536:
        raise UsageError(f"{text!r} is no address to listen at.", "Write HOST:PORT, such as 127.0.0.1:8765, or a port alone.")
    return host, int(port)


def over_http(server: MCPServer[Any], where: str, token: str, hosts: tuple[str, ...], ready: Callable[[str], None]) -> None:
    """Serves clients over streamable HTTP until interrupted; `ready` is told the address once connections are taken. `hosts` are
    further names by which clients may call it. `UsageError` for an address that cannot be used or lacks its token."""
    import uvicorn
    from mcp.server.transport_security import TransportSecuritySettings

    host, port = address(where)
    near = is_loopback(host)
    if not near and len(token) < MIN_TOKEN:
        raise UsageError(
            f"Beyond this machine ({host}) the server needs a token of at least {MIN_TOKEN} characters.",
            "Set GITKB_MCP_TOKEN, and the same in the client as: Authorization: Bearer TOKEN",
        )
    names = [host, *hosts, *(NEAR if near else ())]
    allowed = [each for name in names for each in (name, f"{name}:*")]
    security = TransportSecuritySettings(
        allowed_hosts=allowed, allowed_origins=[f"{scheme}://{each}" for each in allowed for scheme in ("http", "https")]
    )
    app: Any = server.streamable_http_app(streamable_http_path=PATH, host=host, transport_security=security, stateless_http=True)
    taken = listening(host, port)
    ready(f"http://{shown_host(host)}:{port}{PATH}")
    config = uvicorn.Config(_Guarded(app, token) if token else app, log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[taken])


class _Guarded:
    """Lets requests through that carry the token."""

    def __init__(self, app: Callable[..., Awaitable[None]], token: str) -> None:
        self._app, self._wanted = app, f"Bearer {token}".encode()

    async def __call__(
        self, scope: MutableMapping[str, Any], receive: Callable[..., Any], send: Callable[..., Awaitable[None]]
    ) -> None:
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(given, self._wanted):
                headers = [(b"content-type", b"text/plain"), (b"www-authenticate", b"Bearer")]
                await send({"type": "http.response.start", "status": 401, "headers": headers})
                await send({"type": "http.response.body", "body": b"This server needs its token.\n"})
                return
        await self._app(scope, receive, send)
