"""Who may ask the server for what, and the headers that every answer carries.

Invariant: nothing is answered under a foreign name (DNS rebinding), to a form of another site, or to somebody who has neither the
token of the address that was opened, nor the password, nor a name given by a trusted proxy. What is answered runs no script but
the interface's own, is shown in no frame, and loads nothing from elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from gitkb.errors import UsageError
from gitkb.model.loopback import NEAR, is_loopback

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

MIN_PASSWORD = 12
_MOST_SESSIONS = 1_000
_OPEN_TO_ALL = ("/login", "/static/")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),  # with "no-referrer" browsers send forms with an origin of "null"
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)


class Access(Struct, frozen=True):
    """Who is let in. `host` is where the server listens, `names` are further names by which it is called. Whoever opened the
    address with the `token` may do everything; so may who knows the `password`, if there is one. With `user_header` the name in
    that header counts, if it comes from one of `proxies`: those of `writers` write, those of `readers` (all, if empty) read. With
    `read_only` nobody writes."""

    host: str = "127.0.0.1"
    port: int = 0
    names: tuple[str, ...] = ()
    token: str = ""
    password: str = ""
    user_header: str = ""
    proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    readers: tuple[str, ...] = ()
    writers: tuple[str, ...] = ()
    read_only: bool = False

    def check(self) -> None:
        """Refuses, with `UsageError`, to serve others than this machine without knowing who they are."""
        if self.password and len(self.password) < MIN_PASSWORD:
            raise UsageError(f"The password has fewer than {MIN_PASSWORD} characters.", "Set a longer GITKB_WEB_PASSWORD.")
        if not is_loopback(self.host) and not self.password and not self.user_header:
            raise UsageError(
                f"Beyond this machine ({self.host}) the server must know who asks.",
                "Set GITKB_WEB_PASSWORD, or let a proxy name the user: gitkb config --set web.user_header X-Forwarded-User",
            )

    @property
    def hosts(self) -> frozenset[str]:
        """The names by which the server may be called, without a port."""
        near = NEAR if is_loopback(self.host) else ()
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return frozenset(name.lower() for name in (shown, *self.names, *near))


class Who(Struct, frozen=True):
    """Who asks: the `user` that a proxy named ("" for the person at this machine), whether they may write, and the secret of
    their forms."""

    user: str = ""
    can_write: bool = False
    form_token: str = ""


class Guard:
    """Lets requests through that may be answered; `scope["state"]["who"]` says to whom."""

    def __init__(self, app: App, access: Access) -> None:
        self._app, self._access = app, access
        self._secret = secrets.token_bytes(32)
        self._sessions: dict[str, None] = {}
        self._cookie = f"gitkb-{access.port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message.get("headers", ())}
                added = [each for each in _HEADERS if each[0] not in own]
                cached = [] if b"cache-control" in own else [(b"cache-control", b"private, no-store")]
                message["headers"] = [*message.get("headers", ()), *added, *cached]
            await send(message)

        request = Request(scope)
        refused = self._refused(request) or self._token_given(request)
        if refused is None:
            who = self._who(request)
            open_to_all = request.url.path.startswith(_OPEN_TO_ALL)
            refused = None if who is not None or open_to_all else self._stranger(request)
            scope.setdefault("state", {})["who"] = who or Who()
            scope["state"]["guard"] = self
        await (refused or self._app)(scope, receive, with_headers)

    def login(self, password: str) -> str:
        """The cookie of whoever knows the password, "" for a wrong one."""
        right = self._access.password
        return self._session() if right and hmac.compare_digest(password.encode(), right.encode()) else ""

    def with_cookie(self, response: Response, session: str) -> Response:
        """The response that also sets the cookie of a session."""
        response.set_cookie(self._cookie, session, path="/", httponly=True, samesite="lax")
        return response

    def _refused(self, request: Request) -> Response | None:
        """The answer to a request under a foreign name, or of a form of another site."""
        host = request.headers.get("host", "")
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() and "]" not in host.rpartition(":")[2] else host
        if name.lower() not in self._access.hosts:
            return PlainTextResponse("This server is not called by that name.\n", 421)
        if request.method not in ("GET", "HEAD"):
            origin = request.headers.get("origin")
            from_here = origin is None or urlsplit(origin).netloc.lower() == host.lower()
            site = request.headers.get("sec-fetch-site", "same-origin")
            if not from_here or site not in ("same-origin", "none"):
                return PlainTextResponse("This was sent by a page of another site.\n", 403)
        return None

    def _token_given(self, request: Request) -> Response | None:
        """Whoever brings the token gets a cookie for it, and an address without it."""
        given = request.query_params.get("token")
        if given is None or not self._access.token or self._access.password or request.method != "GET":
            return None
        if not hmac.compare_digest(given.encode(), self._access.token.encode()):
            return None
        rest = [(name, value) for name, value in parse_qsl(request.url.query, keep_blank_values=True) if name != "token"]
        address = request.url.path.replace("//", "/") + (f"?{urlencode(rest)}" if rest else "")
        return self.with_cookie(RedirectResponse(address, 303), self._session())

    def _session(self) -> str:
        session = secrets.token_urlsafe(32)
        while len(self._sessions) >= _MOST_SESSIONS:
            self._sessions.pop(next(iter(self._sessions)))
        self._sessions[session] = None
        return session

    def _who(self, request: Request) -> Who | None:
        access = self._access
        if access.user_header:
            client = request.client.host if request.client else ""
            user = request.headers.get(access.user_header, "").strip()
            user = "".join(char for char in user if char.isprintable() and char not in "<>")[:200]
            if client in access.proxies and user and (not access.readers or user in (*access.readers, *access.writers)):
                return Who(user, user in access.writers and not access.read_only, self._form_token(user))
            return None
        session = request.cookies.get(self._cookie, "")
        if session in self._sessions:
            return Who("", not access.read_only, self._form_token(session))
        return None

    def _form_token(self, session: str) -> str:
        return hmac.new(self._secret, session.encode(), hashlib.sha256).hexdigest()

    def _stranger(self, request: Request) -> Response:
        if self._access.user_header:
            return PlainTextResponse("The proxy did not name a user who may read here.\n", 403)
        if self._access.password:
            return RedirectResponse("/login", 303)
        said = "Open the address that gitkb web printed in the terminal: it holds the token that this server wants.\n"
        return PlainTextResponse(said, 401)
