"""How the library reaches pages of the web."""

from collections.abc import Callable, Sequence

from msgspec import Struct


def _no_proxy(url: str) -> str:
    return ""


class WebAccess(Struct, frozen=True):
    """How pages of the web are reached: `proxy` is the address of the proxy for a URL ("" for none), which is used only where
    addresses need not be public; `resolve` finds the addresses of a host and port, by default as the system does."""

    proxy: Callable[[str], str] = _no_proxy
    resolve: Callable[[str, int], Sequence[str]] | None = None
