"""The one module that speaks to a model's server, through the `openai` package; and what a failed request means.

Invariant: nothing is sent but the body and the headers that the endpoint names: no environment variable, no description of
this machine. No redirect is followed, so a key never reaches another host. Nothing is tried again here: each failure is
raised as `Refused`, `Unreachable` or `Broken`, and `verdict` says what it means, from the failure alone and from whether the
server has answered before. What a server says is somebody else's text: it is shortened, and the key is taken out of it.
"""

import dataclasses
import json
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gitkb import __version__
from gitkb.errors import GitkbError, ModelError, ModelFailure
from gitkb.llm.rate_limit import retry_after

if TYPE_CHECKING:
    import httpx2
    import openai


_CONNECT_SECONDS = 20.0
_LONGEST_MESSAGE = 300
_SHORTEST_KEY = 6
_SENT = {"host", "accept", "accept-encoding", "connection", "content-type", "content-length", "user-agent"}
_RAW = "x-stainless-raw-response"
"""How the package remembers that its caller wants the bytes of a reply; it says nothing about the machine."""


@dataclasses.dataclass(frozen=True, slots=True)
class Endpoint:
    """A server and how to ask it. `timeout` is in seconds without a sign of life, `concurrency` the most requests at once,
    `proxy` the address of a proxy ("" for none)."""

    base_url: str
    api_key: str = dataclasses.field(default="", repr=False)
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    timeout: float = 300.0
    concurrency: int = 16
    proxy: str = dataclasses.field(default="", repr=False)


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
                event_hooks={"request": [self._only_ours]},
            )
        except (ImportError, ValueError) as error:
            raise ModelError(
                f"The proxy cannot be used: {error}.", "Set HTTPS_PROXY to an address such as http://proxy:3128."
            ) from error
        self._client = openai.OpenAI(
            base_url=endpoint.base_url,
            api_key=endpoint.api_key or "none",
            max_retries=0,
            default_headers={"User-Agent": f"gitkb/{__version__}", **endpoint.headers},
            timeout=timeout,
            http_client=self._http,
        )

    def _only_ours(self, request: "httpx2.Request") -> None:
        """Removes the headers that the package adds by itself: the kind of machine, and what environment variables name.

        The package's options could leave out each of them by name, but not those that its next version adds.
        """
        ours = {name.lower() for name in self._endpoint.headers}
        if self._endpoint.api_key:
            ours.add("authorization")
        for name in set(request.headers.keys()) - _SENT - ours - {_RAW}:
            del request.headers[name]

    def ask(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The whole reply to one request."""
        with self._failures():
            response = self._client.chat.completions.with_raw_response.create(**body).http_response
            return self._envelope(response.content, response.headers)

    @contextmanager
    def stream(self, body: Mapping[str, Any]) -> Iterator[Iterator[dict[str, Any]]]:
        """The chunks of the reply to one request as they come; the connection is closed when the block ends."""
        with (
            self._failures(),
            self._client.chat.completions.with_streaming_response.create(**body, stream=True) as response,
        ):
            if "event-stream" in response.headers.get("content-type", ""):
                yield self._chunks(response.iter_lines())
            else:
                yield iter([self._envelope(response.read(), response.headers)])

    def _chunks(self, lines: Iterator[str]) -> Iterator[dict[str, Any]]:
        for line in lines:
            name, _, value = line.partition(":")
            if name != "data" or not value.strip():
                continue
            if value.strip() == "[DONE]":
                return
            yield self._message(_json(value), {})

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
        if value.get("error"):
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
        error = body.get("error", body) if isinstance(body, dict) else body
        param = code = ""
        message = error
        if isinstance(error, dict):
            param, code = str(error.get("param") or ""), str(error.get("code") or "")
            message = error.get("message") or error.get("detail") or json.dumps(error, ensure_ascii=False)
        if status == 500 and code.isdigit() and 400 <= int(code) < 600:
            status = int(code)
        return Refused(status, self._said(str(message)), param=param, code=code, wait=retry_after(headers))

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
            return Broken(f"the server said nothing for {self._endpoint.timeout:g} s")
        return Broken("the connection broke off")

    def close(self) -> None:
        """Closes all connections."""
        self._http.close()


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


_CONTEXT = re.compile(
    r"context.?(length|window|size)|maximum context|too many (input )?tokens|prompt is too long|context_length", re.IGNORECASE
)
_FILTERED = re.compile(r"content.?(filter|policy|management)|moderation|flagged|safety", re.IGNORECASE)
_NO_MODEL = re.compile(
    r"model.{0,80}(not found|not exist|unknown|not available|not supported)|(unknown|invalid|no such) model", re.IGNORECASE
)
_TOO_MANY_OUT = re.compile(r"max_(completion_)?tokens.*(too large|at most|maximum|exceed|less than)", re.IGNORECASE)
# Some servers answer 400 to a wrong key: Gemini, and LiteLLM, which looks unknown keys up in a database that it may lack.
_KEY = re.compile(
    r"api[ _-]?key.{0,40}(not valid|invalid|incorrect|expired|missing|required)"
    r"|(invalid|incorrect|expired|missing).{0,20}api[ _-]?key|no connected db",
    re.IGNORECASE,
)
_TEMPORARY = {408, 409, 425, 429, 529}
_LONGEST_WAIT = 300.0
_WHERE = "base_url in your settings or OPENAI_BASE_URL"


class Again(Struct, frozen=True):
    """Try it again, after `wait` seconds where the server said so. `crowded`: it was asked too much at once."""

    reason: str
    wait: float | None = None
    crowded: bool = False


class Unclear(ModelFailure):
    """A refusal of unknown meaning: it may concern this request or all of them."""


def verdict(failure: Exception, *, where: str, model: str, has_key: bool, proven: bool) -> Again | GitkbError:
    """What to do after a failure. `where` is the server's address, `proven` says that it has answered before."""
    if isinstance(failure, Refused):
        return _refused(failure, where, model, has_key)
    if isinstance(failure, Broken):
        return Again(str(failure))
    if proven:
        return Again(str(failure))
    if isinstance(failure, Unreachable):
        return ModelError(f"The model's server {where} cannot be reached: {failure}.", failure.remedy)
    if isinstance(failure, NoModelServer):
        return ModelError(f"{where} answers with {failure}: it is no address of a model's API.", _address(where))
    raise failure


def _refused(refused: Refused, where: str, model: str, has_key: bool) -> Again | GitkbError:
    status, said = refused.status, refused.message
    if status == 402 or refused.code == "insufficient_quota":
        return ModelError(f"The account at {where} has no credit left: {said}", "Look at its billing, then run it again.")
    if status in _TEMPORARY or (status >= 500 and status != 501):
        return _temporary(refused, where)
    if _FILTERED.search(f"{refused.code} {said}"):
        return ModelFailure(f"the model's server refuses the content: {said}.")
    if status in (401, 403) or (status == 400 and _KEY.search(said)):
        return ModelError(f"{where} refuses the key: {said}" if has_key else f"{where} wants a key: {said}", _key_remedy(has_key))
    if _CONTEXT.search(f"{refused.code} {said}"):
        return ModelFailure(f"it is too long for the model: {said}.", "Lower llm.context_tokens in your settings.")
    if _TOO_MANY_OUT.search(said):
        return ModelError(
            f"The model {model} gives no replies that long: {said}", "Lower llm.max_output_tokens in your settings."
        )
    if status == 413:
        return ModelFailure(f"it is too long for the model's server: {said}.", "Lower llm.context_tokens in your settings.")
    if refused.code == "model_not_found" or _NO_MODEL.search(said):
        return ModelError(f"{where} has no model {model}: {said}", "Correct `model` in .gitkb/config.yaml, or give --model.")
    if status in (404, 405, 410, 501) or 300 <= status < 400:
        return ModelError(f"{where} is no address of a model's API: it answers {refused}.", _address(where))
    return Unclear(f"the model's server refuses the request: {said or status}.")


def _temporary(refused: Refused, where: str) -> Again | GitkbError:
    if refused.wait is not None and refused.wait > _LONGEST_WAIT:
        return ModelError(
            f"{where} takes no requests for {refused.wait / 60:.0f} minutes: {refused.message}",
            "Run it again then; what was answered is not asked again.",
        )
    return Again(f"the server answers {refused}", refused.wait, crowded=refused.status in (429, 503, 529))


def _address(where: str) -> str:
    if where.rstrip("/").endswith("/v1"):
        return f"Correct {_WHERE}."
    return f"Correct {_WHERE}; most servers want an address that ends in /v1."


def _key_remedy(has_key: bool) -> str:
    return (
        "Set OPENAI_API_KEY, or run: gitkb config api_key"
        if not has_key
        else "Correct OPENAI_API_KEY, or run: gitkb config api_key"
    )
