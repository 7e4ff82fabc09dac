"""Reads a reply: collects a stream piece by piece, finds the JSON object, checks it against the schema, counts tokens.

Invariant: what comes out is valid JSON text that fits the schema, in one form however it was sent: without fences, thinking,
NaN or lone surrogates. A truncated, filtered or refused reply never comes out. A reply is hostile text, and reading it ends
after a bounded number of attempts. What a model thinks aloud in `<think>` before a streamed answer is not passed on; `heard`
says whether anything was, after which the answer cannot be asked for again.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gitkb.errors import ModelFailure
from gitkb.llm.budget import tokens_in_text
from gitkb.llm.dialects import Dialect
from gitkb.llm.requests import Message, Request, ToolCall, Turn
from gitkb.llm.wire import Broken
from gitkb.model.usage import Usage

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


_THINKING = re.compile(r"\A\s*<(think|thinking|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_THOUGHT = re.compile(r"\A.*?</(?:think|thinking|reasoning)>", re.DOTALL | re.IGNORECASE)
_ATTEMPTS = 64
_LONGEST_COMPLAINT = 400


class Unfit(Exception):
    """The reply cannot be used; `complaint` says why, for the model and for people."""

    def __init__(self, complaint: str) -> None:
        super().__init__(complaint)
        self.complaint = complaint if len(complaint) <= _LONGEST_COMPLAINT else f"{complaint[:_LONGEST_COMPLAINT]}..."


def read_reply(text: str, schema: str) -> str:
    """The JSON text of the object in a reply; `Unfit` where there is none that fits the schema."""
    complaint = ""
    for value in _candidates(text):
        problem = _problem(value, schema)
        if problem is None:
            return _written(value)
        complaint = complaint or problem
    raise Unfit(complaint or ("it is empty" if not text.strip() else "it is not valid JSON"))


def _candidates(text: str) -> Iterator[dict[str, Any]]:
    """The objects that may be the answer, most likely first.

    A text that is one whole object is the answer, even if its strings hold marks of thinking. What a model thought is
    considered only where nothing follows it, because it may hold a draft.
    """
    whole = _whole(text)
    if whole is not None:
        yield whole
    shorter = without_thinking(text)
    found = list(_objects(shorter))
    yield from found
    if not found and shorter != text:
        yield from _objects(text)


def _whole(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text.strip("\ufeff \t\r\n"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def without_thinking(text: str) -> str:
    """A reply without what a reasoning model thought aloud before it."""
    shorter = _THINKING.sub("", text, count=1)
    return shorter if shorter != text else _THOUGHT.sub("", text, count=1)


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in a text that are in no other one: the whole text, or what stands between its words, in order."""
    decoder = json.JSONDecoder(parse_constant=_refuse)
    at = text.find("{")
    for _ in range(_ATTEMPTS):
        if at < 0:
            return
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield value
        at = text.find("{", end)


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _problem(value: Any, schema: str) -> str | None:
    """What in a value does not fit the schema, None where all does."""
    from jsonschema.exceptions import best_match

    try:
        error = best_match(_validator(schema).iter_errors(value))
    except RecursionError:
        return "it is nested too deeply"
    if error is None:
        return None
    return f"at {error.json_path}: {error.message}" if error.absolute_path else str(error.message)


@lru_cache(maxsize=32)
def _validator(schema: str) -> "Validator":
    from jsonschema.validators import validator_for

    value = json.loads(schema)
    kind = validator_for(value)
    kind.check_schema(value)
    return kind(value)


def _written(value: Any) -> str:
    """One form for equal values, readable in every script; half a surrogate pair becomes U+FFFD."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


_LONGEST_QUOTED = 2000


class Completion(Struct, frozen=True):
    """One complete reply of the server. `usage` is what it counted, `tokens` what the reply cost, estimated where it did not."""

    text: str
    finish: str
    refusal: str
    usage: Usage
    tokens: int
    dialect: Dialect


def completed(envelope: Mapping[str, Any], dialect: Dialect, estimate: int) -> Completion:
    """What a reply says; `estimate` is what it cost where the server does not count."""
    choices = envelope["choices"]
    choice = choices[0] if choices and isinstance(choices[0], dict) else {}
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    text = message.get("content")
    text = text if isinstance(text, str) else ""
    usage = counted(envelope.get("usage"))
    tokens = usage.tokens_in + usage.tokens_out or estimate + tokens_in_text(text)
    return Completion(text, str(choice.get("finish_reason") or ""), str(message.get("refusal") or ""), usage, tokens, dialect)


def counted(usage: Any) -> Usage:
    """One call with the tokens that a server says it took, 0 where it does not."""
    numbers = [usage.get(name) if isinstance(usage, dict) else 0 for name in ("prompt_tokens", "completion_tokens")]
    tokens_in, tokens_out = (number if isinstance(number, int) and number > 0 else 0 for number in numbers)
    return Usage(calls=1, tokens_in=tokens_in, tokens_out=tokens_out)


def answer_of(done: Completion, request: Request) -> str:
    """The JSON of a reply; `Unfit` where the model should be asked once more, `ModelFailure` where that is no use."""
    if done.refusal:
        raise ModelFailure(f"the model refuses to answer: {' '.join(done.refusal.split())[:200]}.")
    if done.finish == "content_filter":
        raise ModelFailure("the model's server filtered the answer out.")
    if done.finish == "length":
        raise Unfit(f"it was cut off at the limit of {request.max_tokens:,} tokens")
    return read_reply(done.text, request.schema)


def once_more(done: Completion, complaint: str, request: Request) -> tuple[Message, ...]:
    """What is said after a reply that cannot be used."""
    wish = "Answer again, much shorter" if done.finish == "length" else "Answer again"
    asking = (
        f"Your answer cannot be used: {complaint}. {wish}, with one JSON object that fits this JSON schema:\n{request.schema}"
    )
    return (Message("assistant", done.text[:_LONGEST_QUOTED] or "(nothing)"), Message("user", asking))


_OPENING, _CLOSING = "<think>", "</think>"


class Listening:
    """Hears one answer."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self.heard = False
        self._on_text = on_text
        self._text: list[str] = []
        self._held: str | None = ""
        self._thinking = False
        self._calls: dict[int, dict[str, str]] = {}
        self._finish = ""
        self.usage = Usage(calls=1)

    def hear(self, chunks: Iterator[Mapping[str, Any]]) -> Turn:
        """The whole turn; `Broken` where the stream ends before anything was said."""
        for chunk in chunks:
            if chunk.get("usage"):
                self.usage = counted(chunk["usage"])
            for choice in _mappings(chunk.get("choices")):
                self._choice(choice)
        self._release(self._held or "")
        if self._finish == "content_filter":
            raise ModelFailure("the model's server filtered the answer out.")
        if not self._finish and not self._text and not self._calls:
            raise Broken("the answer is empty")
        calls = tuple(
            ToolCall(call["id"] or f"call_{at}", call["name"], call["arguments"]) for at, call in sorted(self._calls.items())
        )
        return Turn("assistant", "".join(self._text), calls, cut=self._finish in ("", "length"))

    @property
    def said(self) -> str:
        """All that was heard, of which tokens are estimated where the server counts none."""
        return "".join((*self._text, *(call["arguments"] for call in self._calls.values())))

    def _choice(self, choice: Mapping[str, Any]) -> None:
        """One piece; a server that does not stream sends all of it as `message`."""
        said = next(_mappings([choice.get("delta"), choice.get("message")]), {})
        if isinstance(said.get("content"), str):
            self._pass_on(said["content"])
        for at, piece in enumerate(_mappings(said.get("tool_calls"))):
            self._call(piece, at)
        self._finish = str(choice.get("finish_reason") or self._finish)

    def _call(self, piece: Mapping[str, Any], at: int) -> None:
        index = piece.get("index")
        call = self._calls.setdefault(index if isinstance(index, int) else at, {"id": "", "name": "", "arguments": ""})
        function = next(_mappings([piece.get("function")]), {})
        call["id"] = call["id"] or str(piece.get("id") or "")
        call["name"] += str(function.get("name") or "")
        call["arguments"] += str(function.get("arguments") or "")
        self.heard = True

    def _pass_on(self, text: str) -> None:
        """Holds text back until it is plain that it is no thinking, and then passes everything on."""
        if self._held is None:
            self._release(text)
            return
        self._held += text
        start = self._held.lstrip()
        if self._thinking or start.startswith(_OPENING):
            self._thinking = True
            _, closed, rest = self._held.partition(_CLOSING)
            if closed:
                self._thinking, self._held = False, None
                self._release(rest.lstrip())
        elif not _OPENING.startswith(start):
            start, self._held = self._held, None
            self._release(start)

    def _release(self, text: str) -> None:
        if text:
            self.heard = True
            self._text.append(text)
            self._on_text(text)


def _mappings(values: Any) -> Iterator[Mapping[str, Any]]:
    """What in a list is an object, as far as a server keeps to the protocol."""
    return (each for each in values if isinstance(each, Mapping)) if isinstance(values, list) else iter(())
