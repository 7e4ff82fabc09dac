"""How a server wants to be asked: which form of JSON output and which parameters it takes.

Invariant: a refusal makes a dialect poorer, along a short ladder, and the attempts of one request are bounded, so adapting ends.
A dialect is found out once per model: the first request of a run probes while the others wait, and what was found is kept for
later runs. The same request in the same dialect has the same body.
"""

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.llm.requests import Message, Request, Tool, ToolCall, Turn
from gitkb.llm.spoken import repaired
from gitkb.llm.wire import Refused

_ADAPTABLE = {400, 404, 415, 422, 500, 501}
_FORMAT = re.compile(r"response_format|json_schema|json_object|json mode|structured output|grammar|guided", re.IGNORECASE)
_TOO_MUCH = re.compile(r"max_?length|min_?length|grammar|repetition|schema is too")
"""A schema whose limits of texts a server does not take; as a grammar they may be too much for it."""
_NO_TOOLS = re.compile(
    r"(?:not|n't|no)\b[^.]{0,40}\b(?:support|accept|allow)[^.]{0,40}\b(?:tools?|functions?)\b"
    r"|no [^.]{0,30}support tool use|\b(?:tools?|tool use|tool_choice|tool choice|function calling)\b['\"`]*\s*(?:is|are)"
    r"[^.]{0,12}\b(?:not|un)\s?(?:supported|available|allowed)|tools? param requires|tool choice requires"
    r"|unsupported[^.]{0,40}\btools?\b",
    re.IGNORECASE,
)
_SIGHT = r"(?:images?|image_url|image inputs?|pictures?|vision|multi-?modal)"
_NO_PICTURES = re.compile(
    rf"(?:\bnot?\b|n't\b|\bun|\bonly\b|\bcannot\b|\b0\b)[^.]{{0,60}}\b{_SIGHT}\b|\b{_SIGHT}\b[^.]{{0,40}}(?:\bnot\b|n't\b|\bun|\bonly\b)"
    r"|mmproj|required for image input|content['\"`]*\s*:?\s*(?:must be|should be|is not|expected)[^.]{0,20}\bstring",
    re.IGNORECASE,
)
_BAD_PICTURE = re.compile(
    r"(?:format|type|size|large|small|corrupt|damaged|decode|process|download|invalid|valid)\b[^.]{0,40}\bimage"
    r"|\bimages?\b[^.]{0,40}\b(?:formats?|size|large|small|corrupt|damaged|decoded?|processed|downloaded|valid)\b",
    re.IGNORECASE,
)
_NO_USER_AFTER_TOOLS = re.compile(r"role.{0,20}user.{0,40}after.{0,20}tool", re.IGNORECASE)
_STREAM = re.compile(r"\bstream(?:ing|ed)?\b", re.IGNORECASE)
_ONLY_STREAMS = re.compile(r"(?:only|must|require)[^.]{0,40}\bstream|non-?streaming", re.IGNORECASE)
TOO_MANY_OUT = re.compile(r"max_(completion_)?tokens.*(too large|at most|maximum|exceed|less than)", re.IGNORECASE)
_LIMITS = {"max_tokens": "max_completion_tokens", "max_completion_tokens": ""}
ROOMIER = 4


class Format(StrEnum):
    """How an answer in JSON is asked for, best first."""

    SCHEMA = "json_schema"
    OBJECT = "json_object"
    TEXT = "text"


_POORER = {Format.SCHEMA: Format.OBJECT, Format.OBJECT: Format.TEXT}


class Dialect(Struct, frozen=True):
    """What a server accepts: the form in which JSON is asked for, the name of the limit of a reply ("" for none), whether a
    temperature, a system message, an effort of reasoning, limits of lists and texts in schemas, tools and pictures; whether it
    streams, and counts the tokens of a stream; whether it takes back fields of its own (`echo`), and what a user says after
    tools. `room`: how many times the limit is raised, because the model thinks within it; `aloud`: it thinks first and marks
    only the end of that.
    """

    format: Format = Format.SCHEMA
    limit: str = "max_tokens"
    temperature: bool = True
    system: bool = True
    stream_usage: bool = True
    stream: bool = True
    effort: bool = True
    list_limits: bool = True
    text_limits: bool = True
    tools: bool = True
    pictures: bool = True
    echo: bool = True
    user_after_tools: bool = True
    room: int = 1
    aloud: bool = False

    def question(self, request: Request, messages: Sequence[Message], effort: str = "", *, tight: bool = False) -> dict[str, Any]:
        """The body that asks for an answer in JSON; `messages` are the request's and perhaps a second attempt's. `tight`: with a
        schema whose longest answer fits into the limit of tokens, as far as it can, because the first one was cut off there."""
        last = len(request.messages) - 1
        asked = "" if self.format is Format.SCHEMA else f"\n\n{asking_for_json(request)}"
        said = [_written(message, asked if at == last else "") for at, message in enumerate(messages)]
        body = self._body(request.model, said, request.max_tokens, effort)
        if self.format is Format.SCHEMA:
            inner = json.loads(request.schema)
            inner = tightened(inner, request.max_tokens * self.room) if tight else inner
            refused = (() if self.list_limits else LIST_LIMITS) + (() if self.text_limits else TEXT_LIMITS)
            schema = {"name": request.purpose, "schema": unlimited(inner, refused), "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif self.format is Format.OBJECT:
            body["response_format"] = {"type": "json_object"}
        return body

    def conversation(
        self, model: str, turns: Sequence[Turn], tools: Sequence[Tool], max_tokens: int, effort: str = ""
    ) -> dict[str, Any]:
        """The body that goes on with a conversation."""
        said = [_said(turn, echo=self.echo) for turn in turns]
        body = self._body(model, said if self.user_after_tools else _without_user_after_tools(said), max_tokens, effort)
        if tools:
            body["tools"] = [_tool(tool) for tool in tools]
        return body

    def _body(self, model: str, said: list[dict[str, Any]], max_tokens: int, effort: str) -> dict[str, Any]:
        body: dict[str, Any] = {"model": model, "messages": said if self.system else _without_system(said)}
        if self.temperature:
            body["temperature"] = 0
        if self.limit:
            body[self.limit] = max_tokens * self.room
        if effort and self.effort:
            body["reasoning_effort"] = effort
        if self.stream:
            body["stream"] = True
        if self.stream and self.stream_usage:
            body["stream_options"] = {"include_usage": True}
        return body


def _written(message: Message, more: str) -> dict[str, Any]:
    """A message with something more to say; its pictures stand in it as data, so that a server fetches nothing."""
    text = message.text + more
    if not message.pictures:
        return {"role": message.role, "content": text}
    shown = [{"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{each.jpeg}"}} for each in message.pictures]
    return {"role": message.role, "content": [{"type": "text", "text": text}, *shown]}


def asking_for_json(request: Request) -> str:
    """What a prompt says where the server does not hold the model to a schema."""
    return f"Answer with one JSON object ({request.purpose}) that fits this JSON schema, and with nothing else:\n{request.schema}"


LIST_LIMITS, TEXT_LIMITS = ("maxItems", "minItems"), ("maxLength", "minLength")


def unlimited(schema: Any, limits: Sequence[str] = LIST_LIMITS + TEXT_LIMITS) -> Any:
    """A schema without the limits of its lists and texts."""
    if isinstance(schema, dict):
        return {name: unlimited(each, limits) for name, each in schema.items() if name not in limits}
    return [unlimited(each, limits) for each in schema] if isinstance(schema, list) else schema


_TIGHTER = ((8, 240), (6, 200), (4, 160), (3, 120), (2, 100), (1, 80))
"""How many items a list has and how long a text is, from loose to tight."""
_LETTERS_A_TOKEN = 2
"""Of JSON, with its signs; low, so that what is held to it is not cut."""


def tightened(schema: Any, tokens: int) -> Any:
    """A schema with limits by which the longest answer has no more than so many tokens, or the tightest ones."""
    items, length = next((each for each in _TIGHTER if _longest(schema, *each) <= tokens * _LETTERS_A_TOKEN), _TIGHTER[-1])
    return _bounded(schema, items, length)


def _longest(schema: Mapping[str, Any], items: int, length: int) -> int:
    """The characters of the longest answer within such limits, numbers apart."""
    kind = schema.get("type")
    if kind == "object":
        return sum(len(name) + 6 + _longest(each, items, length) for name, each in schema.get("properties", {}).items())
    if kind == "array":
        most = min(items, int(schema.get("maxItems", items)))
        return 2 + most * (2 + _longest(schema.get("items", {}), items, length))
    if "enum" in schema:
        return max(len(str(each)) for each in schema["enum"])
    return 2 + min(length, int(schema.get("maxLength", length))) if kind == "string" else 6


def _bounded(schema: Any, items: int, length: int) -> Any:
    if isinstance(schema, list):
        return [_bounded(each, items, length) for each in schema]
    if not isinstance(schema, dict):
        return schema
    bounded = {name: _bounded(each, items, length) for name, each in schema.items()}
    if schema.get("type") == "array":
        bounded["maxItems"] = min(items, schema.get("maxItems", items))
    if schema.get("type") == "string" and "enum" not in schema:
        bounded["maxLength"] = min(length, schema.get("maxLength", length))
    return bounded


def _said(turn: Turn, *, echo: bool) -> dict[str, Any]:
    said: dict[str, Any] = {"role": turn.role, "content": turn.text, **(turn.extra if echo else {})}
    if turn.role == "tool":
        said["tool_call_id"] = turn.call_id
    if turn.calls:
        said["tool_calls"] = [_called(call, echo=echo) for call in turn.calls]
    return said


def _called(call: ToolCall, *, echo: bool) -> dict[str, Any]:
    """A call as it goes back: servers refuse arguments that are no JSON object, so what is none is left out."""
    arguments = repaired(call.arguments)
    try:
        sound = isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        sound = False
    function = {"name": call.name or "unknown", "arguments": arguments if sound else "{}"}
    return {"id": call.id, "type": "function", "function": function, **(call.extra if echo else {})}


def _tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": json.loads(tool.parameters)}
    return {"type": "function", "function": function}


def _without_user_after_tools(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a user says after the results of tools stands below the last of them."""
    kept: list[dict[str, Any]] = []
    for each in said:
        if each["role"] == "user" and kept and kept[-1]["role"] == "tool":
            kept[-1] = kept[-1] | {"content": f"{kept[-1]['content']}\n\n{each['content']}"}
        else:
            kept.append(each)
    return kept


def _without_system(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The system's words at the head of the first message of the user."""
    system = "\n\n".join(each["content"] for each in said if each["role"] == "system")
    rest = [dict(each) for each in said if each["role"] != "system"]
    first = next((each for each in rest if each["role"] == "user"), None)
    if system and first is not None:
        first["content"] = _below(system, first["content"])
    return rest


def _below(text: str, content: Any) -> Any:
    """A content, which may have parts, below a text."""
    return [{"type": "text", "text": text}, *content] if isinstance(content, list) else f"{text}\n\n{content}"


def refuses_tools(refused: Refused) -> bool:
    """Whether the server says that it or the model cannot call tools; a refusal may speak of a tool for other reasons."""
    return refused.status in _ADAPTABLE and (refused.param == "tools" or bool(_NO_TOOLS.search(refused.message)))


def refuses_pictures(refused: Refused) -> bool:
    """Whether the server says that it or the model cannot look at pictures at all, and not that one of them is bad."""
    said = f"{refused.param} {refused.message}"
    return refused.status in _ADAPTABLE and bool(_NO_PICTURES.search(said)) and not _BAD_PICTURE.search(said)


def adapted(dialect: Dialect, body: Mapping[str, Any], refused: Refused) -> Dialect | None:
    """The next simpler dialect, without what the server refused in a body; None where the refusal is about something else."""
    if refused.status not in _ADAPTABLE:
        return None
    said = f"{refused.param} {refused.message}"
    for change in (_other_format, _other_stream, _fewer_parameters, _other_messages):
        better = change(dialect, body, said, said.lower())
        if better is not None:
            return better
    return None


def _other_format(dialect: Dialect, body: Mapping[str, Any], said: str, named: str) -> Dialect | None:
    if "response_format" not in body:
        return None
    if dialect.list_limits and re.search(r"max_?items|min_?items", named):
        return replace(dialect, list_limits=False)
    if dialect.text_limits and "maxLength" in json.dumps(body["response_format"]) and _TOO_MUCH.search(named):
        return replace(dialect, text_limits=False)
    return replace(dialect, format=_POORER[dialect.format]) if _FORMAT.search(said) else None


def _other_stream(dialect: Dialect, body: Mapping[str, Any], said: str, named: str) -> Dialect | None:
    if "stream_options" in body and ("stream_options" in named or "include_usage" in named):
        return replace(dialect, stream_usage=False)
    only = bool(_ONLY_STREAMS.search(named))
    if only and not dialect.stream:
        return replace(dialect, stream=True)
    return replace(dialect, stream=False) if dialect.stream and not only and _STREAM.search(named) else None


def _fewer_parameters(dialect: Dialect, body: Mapping[str, Any], said: str, named: str) -> Dialect | None:
    too_many = bool(TOO_MANY_OUT.search(said))
    if "reasoning_effort" in body and ("reasoning_effort" in named or "reasoning effort" in named):
        return replace(dialect, effort=False)
    if dialect.temperature and "temperature" in named:
        return replace(dialect, temperature=False)
    if too_many:
        return replace(dialect, room=dialect.room // 2) if dialect.room > 1 else None
    return replace(dialect, limit=_LIMITS[dialect.limit]) if dialect.limit and _names_limit(dialect.limit, named) else None


def _other_messages(dialect: Dialect, body: Mapping[str, Any], said: str, named: str) -> Dialect | None:
    if dialect.user_after_tools and _NO_USER_AFTER_TOOLS.search(said):
        return replace(dialect, user_after_tools=False)
    if dialect.echo and _names_echoed(body, named):
        return replace(dialect, echo=False)
    if dialect.system and "system" in named and ("role" in named or "message" in named):
        return replace(dialect, system=False)
    return None


def _names_limit(limit: str, named: str) -> bool:
    """`max_completion_tokens` is also named where `max_tokens` is refused, as the remedy."""
    return bool(re.search(rf"\b{limit}\b", named))


def _names_echoed(body: Mapping[str, Any], named: str) -> bool:
    """Whether a refusal names a field that went back as the server had sent it."""
    ours = {"role", "content", "tool_call_id", "tool_calls", "id", "type", "function"}
    each = [message for message in body["messages"] if isinstance(message, dict)]
    each += [call for message in each for call in message.get("tool_calls", ())]
    return any(name not in ours and name.lower() in named for fields in each for name in fields)


class KeptDialects(Protocol):
    """What earlier runs found out about models of one server."""

    def dialect(self, model: str) -> Dialect | None:
        """The dialect that worked, None where none is known."""

    def keep(self, model: str, dialect: Dialect) -> None:
        """Keeps a dialect for later runs."""


class _Known(Struct):
    dialect: Dialect = field(default_factory=Dialect)
    confirmed: bool = False
    probing: bool = False
    kept: Dialect | None = None


class Dialects:
    """The dialect of each model, for many threads."""

    def __init__(self, kept: KeptDialects | None = None) -> None:
        self._kept = kept
        self._known: dict[str, _Known] = {}
        self._changed = threading.Condition()

    def of(self, model: str) -> Dialect:
        """How the model is asked now."""
        with self._changed:
            return self._of(model).dialect

    def _of(self, model: str) -> _Known:
        if model not in self._known:
            kept = self._kept.dialect(model) if self._kept is not None else None
            self._known[model] = _Known(kept or Dialect(), confirmed=kept is not None, kept=kept)
        return self._known[model]

    def is_known(self, model: str) -> bool:
        """Whether it was found out how the model is asked."""
        with self._changed:
            return self._of(model).confirmed

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
        """The dialect works: nobody waits any more, and it is kept."""
        with self._changed:
            known = self._of(model)
            known.confirmed = True
            self._changed.notify_all()
            changed = known.dialect != known.kept
            known.kept = dialect = known.dialect
        if changed and self._kept is not None:
            self._kept.keep(model, dialect)

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
