"""The one module that speaks to a model's server, through the `openai` package.

Invariant: nothing is sent but the body and the headers that the endpoint names: no environment variable, no description of
this machine. No redirect is followed, so a key never reaches another host. Nothing is tried again here: each failure is
raised as `Refused`, `Unreachable`, `Broken`, `NoStream`, `Endless` or `NoModelServer`; `verdicts.py` says what it means. What a
server says is somebody else's text: it is shortened, and the key is taken out of it. However much it sends, no more is held than
an answer may have.
"""

import dataclasses
import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from gitkb import __version__
from gitkb.errors import ModelError
from gitkb.llm.rate_limit import asked_wait, retry_after

if TYPE_CHECKING:
    import httpx2
    import openai


_CONNECT_SECONDS = 20.0
_LONGEST_MESSAGE = 300
_SHORTEST_KEY = 6
_LOOK_SECONDS = 10.0
_MOST_LISTS = 5
_MOST_STRAY = 64 * 1024
"""Bytes of a stream without events that are looked at."""
_AZURE = (".azure.com", ".azure-api.net")
_MOST_LINE, _MOST_SENT = 8 * 1024**2, 64 * 1024**2
"""Bytes of one line of a stream, and of one answer."""
_MOST_REFUSAL, _MOST_LOOK = 64 * 1024, 4 * 1024**2
"""Bytes of an error that are read, and of what a server says of itself."""
DONE: Mapping[str, Any] = {}
"""What a stream gives last where the server says that it is complete."""
_SENT = {"host", "accept", "accept-encoding", "connection", "content-type", "content-length", "user-agent"}
_RAW = "x-stainless-raw-response"
"""How the package remembers that its caller wants the bytes of a reply; it says nothing about the machine."""


@dataclasses.dataclass(frozen=True, slots=True)
class Endpoint:
    """A server and how to ask it. `base_url` may have a query, and `{model}` in its path where the name of the model (the
    deployment) belongs there. `timeout` is in seconds without a sign of life, `concurrency` the most requests at once, `proxy`
    the address of a proxy ("" for none), `effort` how hard a model that reasons shall think, `ca_file` a file of certificates
    to trust."""

    base_url: str
    api_key: str = dataclasses.field(default="", repr=False)
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    timeout: float = 300.0
    concurrency: int = 16
    proxy: str = dataclasses.field(default="", repr=False)
    effort: str = ""
    ca_file: str = ""

    @property
    def shown(self) -> str:
        """The address as messages have it: without its query, which may hold a key."""
        return urlunsplit((*urlsplit(self.base_url)[:3], "", ""))

    @property
    def query(self) -> dict[str, str]:
        """The query of the address."""
        return dict(parse_qsl(urlsplit(self.base_url).query, keep_blank_values=True))

    def base(self, model: str) -> str:
        """The address below which the model is asked."""
        return self.shown.replace("{model}", model).replace("%7Bmodel%7D", model)

    @property
    def wants_key_header(self) -> bool:
        """Whether the key goes into a header of its own (`api-key`), as Azure wants it."""
        host = urlsplit(self.base_url).hostname or ""
        return "api-version" in self.query or host.endswith(_AZURE)


class Refused(Exception):
    """The server answered with an error. `wait`: the seconds that it asks to wait, None where it does not."""

    def __init__(self, status: int, message: str, *, param: str = "", code: str = "", wait: float | None = None) -> None:
        super().__init__(f"{status} {message}".strip())
        self.status = status
        self.message = message
        self.param = param
        self.code = code
        self.wait = wait


class Unreachable(Exception):
    """There was no connection; `remedy` says what to look at."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class Broken(Exception):
    """The connection broke off or was silent for too long, or the reply is no message of the protocol."""


class Silent(Broken):
    """The server said nothing for as long as it is waited for."""


class NoStream(Broken):
    """What was to be a stream of events is none."""


class Endless(Exception):
    """The server sends more than an answer may have; it would send for ever."""

    def __init__(self, what: str, most: int) -> None:
        super().__init__(f"{what} of more than {most // 1024**2} MiB")


class NoModelServer(Exception):
    """Something answers that does not speak the protocol: a web page, another service."""


class Wire:
    """Connections to one endpoint, for many threads."""

    def __init__(self, endpoint: Endpoint) -> None:
        import httpx2
        import openai

        self._endpoint = endpoint
        self._openai = openai
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=endpoint.concurrency)
        timeout = httpx2.Timeout(endpoint.timeout, connect=min(endpoint.timeout, _CONNECT_SECONDS))
        try:
            self._http = httpx2.Client(
                timeout=timeout,
                limits=limits,
                trust_env=False,
                follow_redirects=False,
                proxy=endpoint.proxy or None,
                verify=_trusted(endpoint.ca_file),
                event_hooks={"request": [self._only_ours], "response": [_bounded]},
            )
        except (ImportError, ValueError) as error:
            raise ModelError(
                f"The proxy cannot be used: {error}.", "Set HTTPS_PROXY to an address such as http://proxy:3128."
            ) from error
        self._timeout = timeout
        self._clients: dict[str, openai.OpenAI] = {}
        self._lingers = False
        self._lock = threading.Lock()

    def _client(self, model: str) -> "openai.OpenAI":
        """How a model is asked; one for all models unless the address has the model's name in it."""
        endpoint, base = self._endpoint, self._endpoint.base(model)
        with self._lock:
            if base not in self._clients:
                key = {"api-key": endpoint.api_key} if endpoint.wants_key_header and endpoint.api_key else {}
                self._clients[base] = self._openai.OpenAI(
                    base_url=base,
                    api_key=endpoint.api_key or "none",
                    max_retries=0,
                    default_headers={"User-Agent": f"gitkb/{__version__}", **key, **endpoint.headers},
                    default_query=endpoint.query,
                    timeout=self._timeout,
                    http_client=self._http,
                )
            return self._clients[base]

    def _only_ours(self, request: "httpx2.Request") -> None:
        """Removes the headers that the package adds by itself: the kind of machine, and what environment variables name.

        The package's options could leave out each of them by name, but not those that its next version adds.
        """
        ours = {name.lower() for name in self._endpoint.headers}
        if self._endpoint.api_key:
            ours.add("api-key" if self._endpoint.wants_key_header else "authorization")
        for name in set(request.headers.keys()) - _SENT - ours - {_RAW}:
            del request.headers[name]

    @contextmanager
    def ask(self, body: Mapping[str, Any]) -> Iterator[Iterator[Mapping[str, Any]]]:
        """The reply to one request: as it comes where the body wants a stream, else whole. `DONE` comes last where the server
        says that it is complete. The connection is free again when the block ends."""
        create, body = self._client(str(body["model"])).chat.completions, sendable(body)
        with self._failures(), create.with_streaming_response.create(**body) as streamed:
            if body.get("stream") and "event-stream" in streamed.headers.get("content-type", ""):
                yield self._chunks(_lines(streamed.iter_bytes()))
            else:
                yield iter([self._envelope(_all(streamed.iter_bytes(), _MOST_SENT), streamed.headers), DONE])

    def look(self, path: str) -> Any:
        """What the server says at a path below its address, or at one of its host (`/props`); None for nothing of use."""
        import httpx2

        endpoint = self._endpoint
        parts = urlsplit(endpoint.base(""))
        url = urlunsplit((*parts[:2], path, "", "")) if path.startswith("/") else f"{endpoint.base('')}/{path}"
        key = {"api-key": endpoint.api_key} if endpoint.wants_key_header else {"Authorization": f"Bearer {endpoint.api_key}"}
        headers = {"User-Agent": f"gitkb/{__version__}", **(key if endpoint.api_key else {}), **endpoint.headers}
        try:
            with self._http.stream("GET", url, headers=headers, params=endpoint.query or None, timeout=_LOOK_SECONDS) as response:
                return json.loads(_all(response.iter_bytes(), _MOST_LOOK)) if response.status_code == 200 else None
        except (httpx2.HTTPError, httpx2.InvalidURL, Endless, ValueError, RecursionError):
            return None

    def upload(self, model: str, file: Path) -> str:
        """Gives the server a file of questions for a batch; the file's id there."""
        with self._failures():
            sent = self._client(model).files.with_raw_response.create(file=file, purpose="batch")
            return self._id_in(self._told(sent.http_response))

    def begin_batch(self, model: str, file: str) -> Mapping[str, Any]:
        """Has the questions of a file answered some time, at the price of a batch; what the server says of it."""
        create = self._client(model).batches.with_raw_response.create
        with self._failures():
            begun = create(input_file_id=file, endpoint="/v1/chat/completions", completion_window="24h")
            return self._told(begun.http_response)

    def batch(self, model: str, batch: str) -> Mapping[str, Any]:
        """How far a batch is."""
        with self._failures():
            return self._told(self._client(model).batches.with_raw_response.retrieve(batch).http_response)

    def batches(self, model: str) -> Iterator[Mapping[str, Any]]:
        """The batches of this account, newest first, some hundreds at most."""
        after: dict[str, str] = {}
        for _ in range(_MOST_LISTS):
            with self._failures():
                listed = self._client(model).batches.with_raw_response.list(limit=100, **after)  # type: ignore[arg-type]
                told = self._told(listed.http_response)
            rows = [each for each in told.get("data") or () if isinstance(each, Mapping)]
            yield from rows
            if not told.get("has_more") or not rows:
                return
            after = {"after": self._id_in(rows[-1])}

    def cancel_batch(self, model: str, batch: str) -> Mapping[str, Any]:
        """Has a batch ended soon."""
        with self._failures():
            return self._told(self._client(model).batches.with_raw_response.cancel(batch).http_response)

    def lines_of(self, model: str, file: str) -> Iterator[str]:
        """The lines of a file at the server."""
        with self._failures(), self._client(model).files.with_streaming_response.content(file) as content:
            yield from content.iter_lines()

    def delete_file(self, model: str, file: str) -> None:
        """Deletes a file at the server."""
        with self._failures():
            self._client(model).files.with_raw_response.delete(file)

    def _told(self, response: "httpx2.Response") -> Mapping[str, Any]:
        """What a server says of a file or a batch."""
        if "html" in response.headers.get("content-type", ""):
            raise NoModelServer("a web page")
        return self._message(_json(response.content), response.headers)

    def _id_in(self, told: Mapping[str, Any]) -> str:
        found = told.get("id")
        if not isinstance(found, str) or not found:
            raise Broken("the server names no id")
        return found

    def _chunks(self, lines: Iterator[str]) -> Iterator[Mapping[str, Any]]:
        stray: list[str] = []
        size, events = 0, False
        for line in lines:
            name, _, value = line.partition(":")
            if not name and value:
                yield {}  # a comment, by which a server says that it lives
            if name != "data" or not value.strip():
                if not events and name not in ("event", "id", "retry", "") and size < _MOST_STRAY:
                    stray.append(line)
                    size += len(line)
                continue
            if value.strip() == "[DONE]":
                yield DONE
                self._drain(lines)
                return
            try:
                message = _json(value)
            except Broken as error:
                raise error if events else NoStream(str(error)) from error
            events = True
            yield self._message(message, {})
        if not events:
            yield from self._not_streamed("\n".join(stray))

    def _drain(self, lines: Iterator[str]) -> None:
        """Reads the end of a stream, without which its connection cannot be used again. A server may leave it open; then it is
        waited for once."""
        import httpx2

        try:
            for _ in () if self._lingers else lines:
                pass
        except (httpx2.HTTPError, self._openai.OpenAIError, Endless):
            self._lingers = True

    def _not_streamed(self, text: str) -> Iterator[Mapping[str, Any]]:
        """The reply in a stream that has no events: it may be there as a whole."""
        if not text.strip():
            raise Broken("the answer is empty")
        try:
            yield self._envelope(text.encode("utf-8", "surrogatepass"), {})
        except Broken as error:
            raise NoStream("the server announces a stream of events and sends none") from error
        yield DONE

    def _envelope(self, content: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        start = content[:200].lstrip().lower()
        if "html" in headers.get("content-type", "") or start.startswith((b"<!doctype", b"<html")):
            raise NoModelServer("a web page")
        message = self._message(_json(content), headers)
        if not isinstance(message.get("choices"), list):
            raise NoModelServer("something that is no chat completion")
        return message

    def _message(self, value: Any, headers: Mapping[str, str]) -> dict[str, Any]:
        """The message; some servers send an error with the status 200."""
        if not isinstance(value, dict):
            raise Broken("the reply is no message of the protocol")
        if value.get("error") or value.get("object") == "error":
            raise self._refused(500, value, headers)
        return value

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Turns the package's errors into ours."""
        import httpx2

        try:
            yield
        except self._openai.APIStatusError as error:
            raise self._refused(error.status_code, _body_of(error), error.response.headers) from error
        except (self._openai.APIConnectionError, httpx2.TransportError) as error:
            raise self._lost(error) from error
        except (httpx2.DecodingError, httpx2.InvalidURL, httpx2.TooManyRedirects) as error:
            raise Broken(f"the reply cannot be read ({error})") from error

    def _refused(self, status: int, body: Any, headers: Mapping[str, str]) -> Refused:
        found = refused_by(body, status)
        wait = retry_after(headers)
        said = self._said(found.message)
        return Refused(found.status, said, param=found.param, code=found.code, wait=found.wait if wait is None else wait)

    def _said(self, message: str) -> str:
        """A server's words on one line, short and without the key."""
        line = " ".join(message.split())
        key = self._endpoint.api_key
        line = line.replace(key, "***") if len(key) >= _SHORTEST_KEY else line  # a placeholder such as "x" is no secret
        return line if len(line) <= _LONGEST_MESSAGE else f"{line[:_LONGEST_MESSAGE]}..."

    def _lost(self, error: BaseException) -> Exception:
        import httpx2

        causes = _causes(error)
        if any(
            isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError | httpx2.UnsupportedProtocol)
            for cause in causes
        ):
            return Unreachable(*_unreached(causes))
        if any(isinstance(cause, httpx2.TimeoutException) for cause in causes):
            return Silent(f"the server said nothing for {self._endpoint.timeout:g} s")
        return Broken("the connection broke off")

    def close(self) -> None:
        """Closes all connections."""
        self._http.close()


def _bounded(response: "httpx2.Response") -> None:
    """Lets no more than a part of an error be read: whoever raises it reads all of it."""
    if response.status_code >= 400:
        response.stream = _cut_off(response.stream)


def _cut_off(stream: Any) -> Any:
    """A stream that ends when enough of an error has come."""
    import httpx2

    class CutOff(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            left = _MOST_REFUSAL
            for piece in stream:
                yield piece[:left]
                left -= len(piece)
                if left <= 0:
                    return

        def close(self) -> None:
            stream.close()

    return CutOff()


def _all(pieces: Iterator[bytes], most: int) -> bytes:
    """All of an answer; `Endless` for more than it may have."""
    held, size = [], 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size > most:
            raise Endless("an answer", most)
    return b"".join(held)


def _lines(pieces: Iterator[bytes]) -> Iterator[str]:
    """The lines of a stream as they become whole, the last one though nothing ends it; `Endless` for one too long, and for too
    many."""
    rest, size, skips = bytearray(), 0, False
    for piece in pieces:
        size += len(piece)
        if size > _MOST_SENT:
            raise Endless("an answer", _MOST_SENT)
        piece = piece[1:] if skips and piece.startswith(b"\n") else piece
        skips = piece.endswith(b"\r")  # the other half of its end may come with the next piece
        if b"\n" not in piece and b"\r" not in piece:
            rest += piece
        else:
            *lines, last = _LINE_ENDS.split(bytes(rest) + piece)
            yield from (line.decode("utf-8", "replace") for line in lines)
            rest = bytearray(last)
        if len(rest) > _MOST_LINE:
            raise Endless("a line", _MOST_LINE)
    if rest:
        yield rest.decode("utf-8", "replace")


_LINE_ENDS = re.compile(rb"\r\n|\n|\r")


def refused_by(body: Any, status: int = 500) -> Refused:
    """The refusal that an error in the protocol tells of; some servers wrap it in a list, or send it with the status 200."""
    body = body[0] if isinstance(body, list) and body else body
    error = body.get("error") or body if isinstance(body, dict) else body
    param = code = ""
    message = error
    if isinstance(error, dict):
        param, code = str(error.get("param") or ""), str(error.get("code") or error.get("type") or "")
        message = error.get("message") or error.get("detail") or json.dumps(error, ensure_ascii=False)
    if status == 500 and code.isdigit() and 400 <= int(code) < 600:
        status = int(code)
    if status == 500 and code == "overloaded_error":
        status = 529
    return Refused(status, str(message), param=param, code=code, wait=asked_wait(error))


def _trusted(ca_file: str) -> "ssl.SSLContext | bool":
    """Which certificates are trusted: those of the package, or of a file that the person named."""
    if not ca_file:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ModelError(f"The certificates in {ca_file} cannot be read: {error}.", "Correct SSL_CERT_FILE.") from error


def sendable(value: Any) -> Any:
    """The same, but half a surrogate pair in a text, which a model may have written and which goes back to it, is U+FFFD."""
    if isinstance(value, Mapping):
        return {name: sendable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [sendable(each) for each in value]
    if not isinstance(value, str) or value.isascii():
        return value
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _json(content: bytes | str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Broken("the reply is no message of the protocol") from error


def _body_of(error: "openai.APIStatusError") -> Any:
    """The error's JSON; a web page says nothing that a person wants to read."""
    if error.body is None or isinstance(error.body, str):
        text = error.response.text.strip()
        return error.response.reason_phrase if not text or text.startswith("<") else text
    return error.body


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _unreached(causes: list[BaseException]) -> tuple[str, str]:
    """What went wrong with a connection, and what to look at."""
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            return "there is no host of that name", "Look at the address, and whether this machine is connected."
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({cause.verify_message})", "Add its authority to this machine's certificates."
        if isinstance(cause, ssl.SSLError):
            return "it does not speak TLS", "Look at the address: does it begin with http:// instead of https://?"
        if isinstance(cause, ConnectionRefusedError):
            return "nothing listens there", "Start the server, or look at the port in the address."
    return str(causes[0]).rstrip(".") or "there is no connection", "Look at the address, the network and the proxy."
