"""Runs the server: takes a port, makes the token, says where it is, and serves until it is interrupted."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gitkb.errors import UsageError
from gitkb.model.loopback import is_loopback, listening, shown_host

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitkb import KnowledgeBase
    from gitkb.web.guard import Access

DEFAULT_PORT = 8787


def serve(open_base: Callable[[str], KnowledgeBase], access: Access, ready: Callable[[str], None]) -> None:
    """Serves until interrupted; `ready` is told the address to open once connections are taken. `access.port` 0 is any that is
    free. `UsageError` for an address that cannot be used, or where nobody is known."""
    import uvicorn

    from gitkb.web.routes import application

    access.check()
    taken = listening(access.host, access.port)
    port = taken.getsockname()[1]
    by_token = is_loopback(access.host) and not access.password and not access.user_header
    token = access.token or secrets.token_urlsafe(24) if by_token else ""
    access = replace(access, port=port, token=token)
    made = application(open_base, access, warm=True)
    ready(f"http://{shown_host(access.host)}:{port}/{f'?token={token}' if token else ''}")
    config = uvicorn.Config(
        made, log_level="warning", access_log=False, server_header=False, proxy_headers=False, timeout_graceful_shutdown=2
    )
    uvicorn.Server(config).run(sockets=[taken])


def free_port(host: str) -> int:
    """The usual port where nothing listens at it, else 0 for any."""
    try:
        listening(host, DEFAULT_PORT).close()
    except UsageError:
        return 0
    return DEFAULT_PORT
