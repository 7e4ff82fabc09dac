"""A local server in the role of a hosting service's API: comments and requests of one project, on GitHub's or GitLab's paths."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "secret-token"


@dataclass
class Forge:
    """What the service knows, and what it was asked; `may_write` is False for the token of a request from a fork."""

    address: str = ""
    login: str = "github-actions[bot]"
    may_write: bool = True
    comments: list[dict[str, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def add_comment(self, login: str, body: str) -> dict[str, Any]:
        author = {"login": login, "username": login}
        self.comments.append({"id": len(self.comments) + 1, "body": body, "user": author, "author": author})
        return self.comments[-1]

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: dict[str, str]) -> tuple[int, Any]:
        if path == "/user":
            return (200, {"username": self.login}) if "gitlab" in self.login else (403, {"message": "not accessible"})
        if method != "GET" and not self.may_write:
            return 403, {"message": "Resource not accessible by integration"}
        if re.fullmatch(r"/repos/team/kb/issues/7/comments|/projects/42/merge_requests/7/notes", path):
            return self._comments(method, query, body)
        if found := re.fullmatch(r"(?:/repos/team/kb/issues/comments|/projects/42/merge_requests/7/notes)/(\d+)", path):
            self.comments[int(found[1]) - 1]["body"] = body["body"]
            return 200, self.comments[int(found[1]) - 1]
        if path in ("/repos/team/kb/pulls", "/projects/42/merge_requests"):
            return self._requests(method, query, body)
        return 404, {"message": f"no {path}"}

    def _comments(self, method: str, query: dict[str, list[str]], body: dict[str, str]) -> tuple[int, Any]:
        if method == "POST":
            return 201, self.add_comment(self.login, body["body"])
        size, page = int(query["per_page"][0]), int(query["page"][0])
        return 200, self.comments[(page - 1) * size : page * size]

    def _requests(self, method: str, query: dict[str, list[str]], body: dict[str, str]) -> tuple[int, Any]:
        if method == "GET":
            wanted = query.get("head", query.get("source_branch", [""]))[0].rpartition(":")[2]
            found = [each for each in self.requests if each.get("head", each.get("source_branch")) == wanted]
            return 200, found
        address = f"{self.address}/7"
        self.requests.append(body | {"html_url": address, "web_url": address})
        return 201, self.requests[-1]


@contextmanager
def serve(forge: Forge) -> Iterator[Forge]:
    """The service at `forge.address`, on loopback, for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            given = self.headers.get("Authorization", "").removeprefix("Bearer ") or self.headers.get("PRIVATE-TOKEN", "")
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            address = urlsplit(self.path)
            forge.asked.append(f"{self.command} {address.path}")
            code, answer = (401, {"message": "Bad credentials"})
            if given == TOKEN:
                code, answer = forge.answer(self.command, address.path, parse_qs(address.query), body)
            data = json.dumps(answer).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    forge.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield forge
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
