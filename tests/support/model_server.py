"""A model's server on loopback that does as it is told: chat completions with their streams, tools, delays and faults.

    with serving(lambda asked: {"title": "A title"}) as server:
        ... a client with server.base_url ...
        assert server.calls == 1

The callable makes what is answered to each request: a text, a dict (sent as JSON), an `Answer` or a `Fault`. The server counts
requests, keeps the hash of each body and the peak of concurrency. `python -m tests.support.model_server --port N` runs it alone
with a scripted model that picks sentences of the documents it is sent (`tests/support/scripted_model.py`).
"""

import argparse
import base64
import contextlib
import hashlib
import json
import re
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.batch_server import Batches, Json

_PIECE = 12


def _text(message: Json) -> str:
    """What a message says, whose content may be a list of parts."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else "\n".join(part["text"] for part in content if part["type"] == "text")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: `number` counts all of them from 1, `times` those with the same body."""

    body: Json
    number: int
    times: int
    headers: Mapping[str, str]

    @property
    def messages(self) -> list[Json]:
        return list(self.body.get("messages", []))

    @property
    def text(self) -> str:
        """All that the messages say."""
        return "\n".join(_text(message) for message in self.messages)

    @property
    def last(self) -> str:
        """What the last message says."""
        return _text(self.messages[-1]) if self.messages else ""

    @property
    def pictures(self) -> list[bytes]:
        """The pictures that the messages hold, of which each must be a JPEG that stands in the request."""
        parts = [part for message in self.messages if isinstance(message.get("content"), list) for part in message["content"]]
        urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
        assert all(url.startswith("data:image/jpeg;base64,") for url in urls), urls
        return [base64.b64decode(url.partition(",")[2], validate=True) for url in urls]

    @property
    def format(self) -> str:
        """ "json_schema", "json_object" or "text"."""
        return str(self.body.get("response_format", {}).get("type", "text"))

    @property
    def schema(self) -> Json | None:
        """The JSON schema that the answer is to fit, from the request's format or from its prompt."""
        if self.format == "json_schema":
            return dict(self.body["response_format"]["json_schema"]["schema"])
        for message in reversed(self.messages):
            found = re.search(r"JSON schema[^\n]*\n(\{.*)", _text(message), re.DOTALL)
            if found:
                return dict(json.JSONDecoder().raw_decode(found[1])[0])
        return None

    @property
    def purpose(self) -> str:
        """The purpose of gitkb's request ("digest", ...), "" where it has none."""
        if self.format == "json_schema":
            return str(self.body["response_format"]["json_schema"]["name"])
        found = re.search(r"JSON object \((\w+)\)", self.text)
        return found[1] if found else ""

    @property
    def tools(self) -> list[str]:
        """The names of the tools that the model may call."""
        return [tool["function"]["name"] for tool in self.body.get("tools", [])]

    @property
    def results(self) -> list[str]:
        """What the tools gave so far, in order."""
        return [str(message.get("content") or "") for message in self.messages if message.get("role") == "tool"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply that arrives. `calls`: (tool, arguments as a dict or as raw text); tokens are estimated unless told, and left out
    with `usage=False`. `broken` ends a stream in the middle by a reset; `held` waits before the last piece of a stream. `deltas`
    are sent in a stream instead of text and calls, as they stand; `unended` streams have neither a reason for their end nor
    [DONE]. `pause` is waited before each piece."""

    text: str | None = None
    calls: tuple[tuple[str, Json | str], ...] = ()
    finish: str = ""
    refusal: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    usage: bool = True
    broken: bool = False
    extra: Json = field(default_factory=dict)
    held: threading.Event | None = None
    deltas: tuple[Json, ...] = ()
    unended: bool = False
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class Fault:
    """No reply: a status with headers and body, a reset (`reset`), or silence until the server ends (`silent`). An `endless` one
    is sent behind the body again and again, until nobody takes it."""

    status: int = 500
    message: str = "something went wrong"
    headers: Mapping[str, str] = field(default_factory=dict)
    param: str | None = None
    code: str | None = None
    body: str | bytes | None = None
    content_type: str = "application/json"
    reset: bool = False
    silent: bool = False
    endless: bytes = b""


Made = str | Json | Answer | Fault
Model = Callable[[Asked], Made]


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as the server's book has it; it came `at` this time, as `time.monotonic` has it."""

    path: str
    body: Json
    hash: str
    headers: Mapping[str, str]
    at: float = 0.0


@dataclass
class ModelServer:
    """What one server does and has seen. `lacks` names what it refuses with 400 ("json_schema", "json_object", "tools",
    "max_tokens", "max_completion_tokens", "temperature", "stream_options", "system", "pictures"), `ignores` what it silently does
    not do ("response_format", "stream", "tools"). `only_streams`: it refuses to answer as a whole. `looks`: what it says at other
    paths. `key_header`: where it wants the key instead. `batches`: what it does with batches, None where it takes none.
    `bad_every` n: every n-th request gets the next of `bad` instead."""

    model: Model
    key: str = ""
    models: tuple[str, ...] = ("test-model",)
    delay: float = 0.0
    lacks: frozenset[str] = frozenset()
    ignores: frozenset[str] = frozenset()
    only_streams: bool = False
    looks: Mapping[str, Any] = field(default_factory=dict)
    key_header: str = ""
    bad_every: int = 0
    bad: tuple[Made, ...] = ()
    batches: Batches | None = None
    base_url: str = ""
    seen: list[Seen] = field(default_factory=list)
    hashes: Counter[str] = field(default_factory=Counter)
    answered: dict[str, float] = field(default_factory=dict)
    """When each body's first reply had been sent, by its hash, as `time.monotonic` has it."""
    poured: int = 0
    """Bytes of endless replies that were taken."""
    peak: int = 0
    connections: int = 0
    ended: threading.Event = field(default_factory=threading.Event)
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def calls(self) -> int:
        """Requests for a completion, the refused ones included."""
        return len(self.seen)

    @property
    def repeated(self) -> list[str]:
        """The hashes of bodies that came more than once."""
        return [each for each, times in self.hashes.items() if times > 1]

    def purposes(self) -> Counter[str]:
        """How many requests there were of each purpose."""
        return Counter(Asked(each.body, 0, 0, {}).purpose for each in self.seen)

    @contextmanager
    def asked(self, path: str, content: bytes, headers: Mapping[str, str]) -> Iterator[Asked]:
        """Notes one request, and that it is under way for as long as the block runs."""
        body = json.loads(content)
        digest = hashlib.sha256(content).hexdigest()
        with self._lock:
            self.seen.append(Seen(path, body, digest, headers, time.monotonic()))
            self.hashes[digest] += 1
            self._now += 1
            self.peak = max(self.peak, self._now)
            asked = Asked(body, len(self.seen), self.hashes[digest], headers)
        try:
            yield asked
        finally:
            with self._lock:
                self._now -= 1

    def answer(self, asked: Asked) -> Answer | Fault:
        """What this request gets."""
        if self.delay:
            time.sleep(self.delay)
        refused = self._refusal(asked)
        if refused is not None:
            return refused
        if self.bad_every and asked.number % self.bad_every == 0:
            made = self.bad[(asked.number // self.bad_every - 1) % len(self.bad)]
        else:
            made = self.model(asked)
        if isinstance(made, dict):
            made = json.dumps(made, ensure_ascii=False)
        return Answer(made) if isinstance(made, str) else made

    def _refusal(self, asked: Asked) -> Fault | None:
        sent = asked.headers.get(self.key_header) if self.key_header else asked.headers.get("authorization")
        if self.key and sent != (self.key if self.key_header else f"Bearer {self.key}"):
            return Fault(401, "Incorrect API key provided.", code="invalid_api_key")
        wanted = asked.body.get("model")
        if self.models and wanted not in self.models:
            return Fault(404, f"The model `{wanted}` does not exist.", code="model_not_found")
        if self.only_streams and not asked.body.get("stream"):
            return Fault(400, "This model only support stream mode, please enable the stream parameter to access the model.")
        for name in self.lacks & set(asked.body):
            return Fault(400, f"Unsupported parameter: '{name}' is not supported with this model.", param=name)
        if asked.format in self.lacks:
            return Fault(400, f"response_format of type {asked.format} is not supported.", param="response_format")
        if "system" in self.lacks and any(message["role"] == "system" for message in asked.messages):
            return Fault(400, "System role not supported")
        if "pictures" in self.lacks and asked.pictures:
            return Fault(400, "This model does not support image input.")
        return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    script: ModelServer

    def setup(self) -> None:
        super().setup()
        with self.script._lock:
            self.script.connections += 1

    def _is_of_batches(self, content: bytes = b"") -> bool:
        """Serves a path of files and batches, if this is one."""
        batches = self.script.batches
        headers = {name.lower(): value for name, value in self.headers.items()}

        def answering(body: Json, number: int) -> Json:
            asked = Asked(body, number, 1, headers)
            made = self.script.answer(asked)
            assert isinstance(made, Answer), made
            return _completion(asked, made)

        found = batches.serve(self.command, self.path, content, answering) if batches is not None else None
        if found is not None:
            self._send(*found)
        return found is not None

    def do_DELETE(self) -> None:
        if not self._is_of_batches():
            self._send(404, json.dumps({"error": {"message": f"no {self.path}"}}))

    def do_GET(self) -> None:
        if self._is_of_batches():
            return
        if self.path in self.script.looks:
            self._send(200, json.dumps(self.script.looks[self.path]))
        elif self.path.endswith("/v1/models"):
            models = [{"id": name, "object": "model", "created": 0, "owned_by": "tests"} for name in self.script.models]
            self._send(200, json.dumps({"object": "list", "data": models}))
        else:
            self._send(404, json.dumps({"error": {"message": f"no {self.path}"}}))

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self._is_of_batches(content):
            return
        if not self.path.partition("?")[0].endswith(("/v1/chat/completions", "/test-model/chat/completions")):
            self._send(404, json.dumps({"error": {"message": f"Not Found: {self.path}"}}))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.script.asked(self.path, content, headers) as asked, contextlib.suppress(ConnectionError):
            self._reply(asked, self.script.answer(asked))
            self.script.answered.setdefault(hashlib.sha256(content).hexdigest(), time.monotonic())

    def _reply(self, asked: Asked, made: Answer | Fault) -> None:
        if isinstance(made, Fault):
            self._fail(made)
        elif asked.body.get("stream") and "stream" not in self.script.ignores:
            self._stream(asked, made)
        else:
            self._send(200, json.dumps(_completion(asked, made), ensure_ascii=False))

    def _fail(self, fault: Fault) -> None:
        if fault.silent:
            self.script.ended.wait()
        if fault.silent or fault.reset:
            self._reset()
            return
        if fault.endless:
            self._pour(fault)
            return
        error = {"message": fault.message, "type": "error", "param": fault.param, "code": fault.code}
        body = json.dumps({"error": error}) if fault.body is None else fault.body
        self._send(fault.status, body, fault.content_type, fault.headers)

    def _pour(self, fault: Fault) -> None:
        """Sends without end; the connection is closed by whoever reads."""
        self.close_connection = True
        self.send_response(fault.status)
        self.send_header("Content-Type", fault.content_type)
        self.end_headers()
        self.wfile.write(fault.body if isinstance(fault.body, bytes) else (fault.body or "").encode())
        while not self.script.ended.is_set():
            self.wfile.write(fault.endless)
            self.script.poured += len(fault.endless)

    def _stream(self, asked: Asked, answer: Answer) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        chunks = list(_chunks(asked, answer))
        for at, chunk in enumerate(chunks):
            if answer.broken and at >= len(chunks) // 2:
                self._reset()
                return
            if answer.held is not None and at == len(chunks) - 1:
                answer.held.wait()
            if answer.pause:
                time.sleep(answer.pause)
            self._piece(f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n")
        if not answer.unended:
            self._piece("data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _piece(self, text: str) -> None:
        content = text.encode("utf-8", "surrogatepass")
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))

    def _send(self, status: int, body: str | bytes, content_type: str = "application/json", headers: Any = None) -> None:
        content = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
        self.send_response(status)
        for name, value in ({"Content-Type": content_type} | dict(headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _reset(self) -> None:
        """Ends the connection without a word, as a server does that crashes."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: `ModelServer.seen` is the log."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of the server; a fault in a test's callable shows as a reset connection."""


def _completion(asked: Asked, answer: Answer) -> Json:
    message: Json = {"role": "assistant", "content": answer.text} | answer.extra
    if answer.calls:
        message["tool_calls"] = [_call(at, *call) for at, call in enumerate(answer.calls)]
    if answer.refusal:
        message["refusal"] = answer.refusal
    choice = {"index": 0, "message": message, "finish_reason": _finish(answer)}
    return _envelope(asked, "chat.completion") | {"choices": [choice]} | _usage(asked, answer)


def _chunks(asked: Asked, answer: Answer) -> Iterable[Json]:
    """The deltas of a stream: text in pieces, then each tool call with its arguments in pieces, the end, the usage."""
    head = _envelope(asked, "chat.completion.chunk")
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in _pieces(answer.text or "")]
    deltas += [{"refusal": piece} for piece in _pieces(answer.refusal)]
    deltas += [{name: piece} for name, text in answer.extra.items() for piece in _pieces(str(text))]
    deltas += answer.deltas
    for at, call in enumerate(answer.calls):
        whole = _call(at, *call)
        start = whole | {"function": whole["function"] | {"arguments": ""}}
        deltas.append({"tool_calls": [{"index": at} | start]})
        for piece in _pieces(whole["function"]["arguments"]):
            deltas.append({"tool_calls": [{"index": at, "function": {"arguments": piece}}]})
    for delta in deltas:
        yield head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    if answer.unended:
        return
    yield head | {"choices": [{"index": 0, "delta": {}, "finish_reason": _finish(answer)}]}
    if (asked.body.get("stream_options") or {}).get("include_usage") and answer.usage:
        yield head | {"choices": []} | _usage(asked, answer)


def _pieces(text: str) -> Iterable[str]:
    return (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))


def _call(at: int, name: str, arguments: Json | str) -> Json:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return {"id": f"call_{at}", "type": "function", "function": {"name": name, "arguments": text}}


def _finish(answer: Answer) -> str:
    return answer.finish or ("tool_calls" if answer.calls else "stop")


def _envelope(asked: Asked, kind: str) -> Json:
    return {"id": f"chatcmpl-{asked.number}", "object": kind, "created": 0, "model": asked.body.get("model")}


def _usage(asked: Asked, answer: Answer) -> Json:
    if not answer.usage:
        return {}
    tokens_in = len(asked.text) // 4 + 1 if answer.tokens_in is None else answer.tokens_in
    tokens_out = len(answer.text or "") // 4 + 1 if answer.tokens_out is None else answer.tokens_out
    return {"usage": {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out}}


@contextmanager
def serving(model: Model, *, port: int = 0, certificate: Path | None = None, **settings: Any) -> Iterator[ModelServer]:
    """Serves until the block ends, with a `certificate` (and its key, in one file) through TLS; `settings` are those of
    `ModelServer`."""
    script = ModelServer(model, **settings)
    server = _Server(("127.0.0.1", port), type("Handler", (_Handler,), {"script": script}))
    script.base_url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        script.base_url = f"https://localhost:{server.server_address[1]}/v1"
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.05), daemon=True)
    thread.start()
    try:
        yield script
    finally:
        script.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    """Serves the scripted model until it is stopped."""
    from tests.support.scripted_model import scripted

    parser = argparse.ArgumentParser(description="A scripted model's server on loopback.")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each reply")
    parser.add_argument("--key", default="", help="the key that a client must send")
    parser.add_argument("--lacks", nargs="*", default=[], help="what it refuses, such as json_schema tools max_tokens")
    chosen = parser.parse_args()
    settings = {"delay": chosen.delay, "key": chosen.key, "lacks": frozenset(chosen.lacks), "models": ()}
    with serving(scripted, port=chosen.port, **settings) as server:
        print(f"OPENAI_BASE_URL={server.base_url}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
        print(f"{server.calls} requests, at most {server.peak} at once, {len(server.repeated)} of them sent again", flush=True)


if __name__ == "__main__":
    main()
