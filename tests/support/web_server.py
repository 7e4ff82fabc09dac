"""A web server on loopback that does as it is told: pages, redirects, validators, and replies that go wrong.

    with serving({"/": Page("<p>Hello</p>")}) as site:
        ... fetch f"{site.url}/" ...
        assert site.asked == ["/"]

`site.pages` may be changed at any time. A page with an `etag` is answered by 304 where the request names it.
"""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Page:
    """What is at a path. `promised` is the Content-Length where it is not the body's; `chunked` sends the body in chunks and,
    where it is `cut`, leaves the last one out. `wait` is called before the answer."""

    body: str | bytes = b""
    media_type: str = "text/html; charset=utf-8"
    status: int = 200
    etag: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    promised: int | None = None
    chunked: bool = False
    cut: bool = False
    wait: Callable[[], object] = lambda: None

    @property
    def data(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else self.body


def moved(target: str, status: int = 301) -> Page:
    """A redirect."""
    return Page(status=status, headers={"Location": target})


class Site:
    """A running server: its `url`, its `pages` by path and query, and the paths that were asked for, in order."""

    def __init__(self, pages: Mapping[str, Page], server: ThreadingHTTPServer, scheme: str) -> None:
        self.pages = dict(pages)
        self.asked: list[str] = []
        self.headers: list[Mapping[str, str]] = []
        self.port = server.server_port
        self.url = f"{scheme}://127.0.0.1:{self.port}"


@contextmanager
def serving(pages: Mapping[str, Page], certificate: Path | None = None) -> Iterator[Site]:
    """A server with these pages; over TLS with a certificate and its key in one file."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked.append(self.path)
            site.headers.append(dict(self.headers))
            page = site.pages.get(self.path, Page("not here", status=404))
            if page.etag and self.headers.get("If-None-Match") == page.etag:
                page = Page(status=304, etag=page.etag)
            page.wait()
            self._reply(page)

        def _reply(self, page: Page) -> None:
            self.send_response(page.status)
            self.send_header("Content-Type", page.media_type)
            if page.etag:
                self.send_header("ETag", page.etag)
            for name, value in page.headers.items():
                self.send_header(name, value)
            if page.chunked:
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(page.data), page.data) + (b"" if page.cut else b"0\r\n\r\n"))
            else:
                self.send_header("Content-Length", str(len(page.data) if page.promised is None else page.promised))
                self.end_headers()
                self.wfile.write(page.data)
            self.close_connection = page.cut or page.promised is not None

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # clients break off on purpose

    with Server(("127.0.0.1", 0), Handler) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        site = Site(pages, server, "https" if certificate else "http")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
