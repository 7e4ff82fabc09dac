"""How a server wants to be asked: which form of JSON output and which parameters it takes.

Invariant: a dialect only ever becomes poorer, along a short ladder, so adapting ends. It is found out once per model and
run: the first request probes while the others wait. The same request in the same dialect has the same body.
"""

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.llm.requests import Message, Request, Tool, Turn
from gitkb.llm.wire import Refused

_ADAPTABLE = {400, 404, 415, 422, 500, 501}
_FORMAT = re.compile(r"response_format|json_schema|json_object|json mode|structured output|grammar|guided", re.IGNORECASE)
_TOOLS = re.compile(r"\btools?\b|tool_choice|tool use|function call", re.IGNORECASE)
_LIMITS = {"max_tokens": "max_completion_tokens", "max_completion_tokens": ""}


class Format(StrEnum):
    """How an answer in JSON is asked for, best first."""

    SCHEMA = "json_schema"
    OBJECT = "json_object"
    TEXT = "text"


_POORER = {Format.SCHEMA: Format.OBJECT, Format.OBJECT: Format.TEXT}


class Dialect(Struct, frozen=True):
    """What a server accepts: the form in which JSON is asked for, the name of the limit of a reply ("" for none), whether a
    temperature, whether a system message, and whether it counts the tokens of a stream.
    """

    format: Format = Format.SCHEMA
    limit: str = "max_tokens"
    temperature: bool = True
    system: bool = True
    stream_usage: bool = True

    def question(self, request: Request, messages: Sequence[Message]) -> dict[str, Any]:
        """The body that asks for an answer in JSON; `messages` are the request's and perhaps a second attempt's."""
        said = [{"role": message.role, "content": message.text} for message in messages]
        if self.format is not Format.SCHEMA:
            last = len(request.messages) - 1
            said[last]["content"] += f"\n\n{asking_for_json(request)}"
        body = self._body(request.model, said, request.max_tokens)
        if self.format is Format.SCHEMA:
            schema = {"name": request.purpose, "schema": json.loads(request.schema), "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif self.format is Format.OBJECT:
            body["response_format"] = {"type": "json_object"}
        return body

    def conversation(self, model: str, turns: Sequence[Turn], tools: Sequence[Tool], max_tokens: int) -> dict[str, Any]:
        """The body that goes on with a conversation, as a stream (which the wire asks for)."""
        body = self._body(model, [_said(turn) for turn in turns], max_tokens)
        if tools:
            body["tools"] = [_tool(tool) for tool in tools]
        if self.stream_usage:
            body["stream_options"] = {"include_usage": True}
        return body

    def _body(self, model: str, said: list[dict[str, Any]], max_tokens: int) -> dict[str, Any]:
        body: dict[str, Any] = {"model": model, "messages": said if self.system else _without_system(said)}
        if self.temperature:
            body["temperature"] = 0
        if self.limit:
            body[self.limit] = max_tokens
        return body


def asking_for_json(request: Request) -> str:
    """What a prompt says where the server does not hold the model to a schema."""
    return f"Answer with one JSON object ({request.purpose}) that fits this JSON schema, and with nothing else:\n{request.schema}"


def _said(turn: Turn) -> dict[str, Any]:
    said: dict[str, Any] = {"role": turn.role, "content": turn.text}
    if turn.role == "tool":
        said["tool_call_id"] = turn.call_id
    if turn.calls:
        called = [{"name": call.name, "arguments": call.arguments} for call in turn.calls]
        said["tool_calls"] = [
            {"id": call.id, "type": "function", "function": function} for call, function in zip(turn.calls, called, strict=True)
        ]
    return said


def _tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": json.loads(tool.parameters)}
    return {"type": "function", "function": function}


def _without_system(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The system's words at the head of the first message of the user."""
    system = "\n\n".join(each["content"] for each in said if each["role"] == "system")
    rest = [dict(each) for each in said if each["role"] != "system"]
    first = next((each for each in rest if each["role"] == "user"), None)
    if system and first is not None:
        first["content"] = f"{system}\n\n{first['content']}"
    return rest


def refuses_tools(refused: Refused) -> bool:
    """Whether the server says that it or the model cannot call tools."""
    return refused.status in _ADAPTABLE and bool(_TOOLS.search(f"{refused.param} {refused.message}"))


def adapted(dialect: Dialect, body: Mapping[str, Any], refused: Refused) -> Dialect | None:
    """The next simpler dialect, without what the server refused in a body; None where the refusal is about something else."""
    if refused.status not in _ADAPTABLE:
        return None
    said = f"{refused.param} {refused.message}"
    named = said.lower()
    if "response_format" in body and _FORMAT.search(said):
        return replace(dialect, format=_POORER[dialect.format])
    if "stream_options" in body and ("stream_options" in named or "include_usage" in named):
        return replace(dialect, stream_usage=False)
    if dialect.temperature and "temperature" in named:
        return replace(dialect, temperature=False)
    if dialect.limit and _names_limit(dialect.limit, named):
        return replace(dialect, limit=_LIMITS[dialect.limit])
    if dialect.system and "system" in named and ("role" in named or "message" in named):
        return replace(dialect, system=False)
    return None


def _names_limit(limit: str, named: str) -> bool:
    """`max_completion_tokens` is also named where `max_tokens` is refused, as the remedy."""
    return bool(re.search(rf"\b{limit}\b", named))


class _Known(Struct):
    dialect: Dialect = field(default_factory=Dialect)
    confirmed: bool = False
    probing: bool = False


class Dialects:
    """The dialect of each model, for many threads."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._changed = threading.Condition()

    def of(self, model: str) -> Dialect:
        """How the model is asked now."""
        with self._changed:
            return self._of(model).dialect

    def _of(self, model: str) -> _Known:
        return self._known.setdefault(model, _Known())

    @contextmanager
    def probing(self, model: str) -> Iterator[bool]:
        """Yields whether this request is to find out the dialect; waits while another one does. Ends the probing, whatever it
        gave, so that the next request takes its place where it gave nothing."""
        with self._changed:
            known = self._of(model)
            self._changed.wait_for(lambda: known.confirmed or not known.probing)
            probe = not known.confirmed
            known.probing = probe
        try:
            yield probe
        finally:
            if probe:
                with self._changed:
                    known.probing = False
                    self._changed.notify_all()

    def confirm(self, model: str) -> None:
        """The dialect works: nobody waits any more."""
        with self._changed:
            self._of(model).confirmed = True
            self._changed.notify_all()

    def learn(self, model: str, used: Dialect, better: Dialect) -> None:
        """A request in the dialect `used` was refused; another request may have learned it already."""
        with self._changed:
            if self._of(model).dialect == used:
                self._of(model).dialect = better

    def doubt(self, model: str, used: Dialect) -> None:
        """A probe's answer does not fit its schema: the server takes the schema and does not heed it. It goes into the prompt."""
        with self._changed:
            known = self._of(model)
            if not known.confirmed and known.dialect == used and used.format is Format.SCHEMA:
                known.dialect = replace(used, format=Format.OBJECT)
