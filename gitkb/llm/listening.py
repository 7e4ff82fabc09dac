"""Hears one answer, whole or piece by piece: its text, its thinking, its calls, how it ended, and what it cost.

Invariant: whatever a server sends, in whatever shape, gives an answer or one of the errors of `wire.py`; an answer without end
is cut off. `heard` says whether a person has heard any of it, after which it cannot be asked for again.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.llm.dialects import Dialect
from gitkb.llm.requests import ToolCall, Unread
from gitkb.llm.spoken import Spoken
from gitkb.llm.wire import DONE, Broken, Silent, refused_by
from gitkb.model.usage import Usage

_READ = {"role", "content", "tool_calls", "refusal", "function_call", "audio", "annotations"}
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")
_OF_CALL = {"id", "index", "type", "function"}
_LETTERS_A_TOKEN = 40
_LEAST_LETTERS = 100_000


class Ending(StrEnum):
    """Why a server ended an answer."""

    WHOLE = "whole"
    CALLS = "calls"
    LENGTH = "length"
    REFUSED = "refused"
    TROUBLE = "trouble"
    UNTOLD = "untold"
    OTHER = "other"


_WORDS = (
    (Ending.LENGTH, r"length|max_?(output_?)?tokens|token_limit|context_window"),
    (
        Ending.REFUSED,
        r"content_?filter|filtered|safety|recitation|blocklist|prohibited|spii|language|refusal|sensitive|guardrail|moderation",
    ),
    (Ending.TROUBLE, r"error|insufficient_system_resource|malformed|abort|cancel|timeout|unavailable|overloaded"),
    (Ending.CALLS, r"tool_?(calls?|use)|function_?call"),
    (Ending.WHOLE, r"stop|end_turn|eos|complete|finished|done"),
)
_ENDINGS = tuple((ending, re.compile(rf"(?:\A|[^a-z])(?:{words})", re.IGNORECASE)) for ending, words in _WORDS)


def ending_of(word: str) -> Ending:
    """What a server's word for the end of an answer (`finish_reason`) means."""
    if not word:
        return Ending.UNTOLD
    return next((ending for ending, words in _ENDINGS if words.search(word)), Ending.OTHER)


class Answered(Struct, frozen=True):
    """One answer of the server. `finish` is its word for the end of it; `usage` what it counted, and `tokens` what the answer
    cost, estimated where it did not; `extra` what else it sent."""

    text: str
    thought: str
    calls: tuple[ToolCall, ...]
    finish: str
    refusal: str
    usage: Usage
    tokens: int
    dialect: Dialect
    extra: Unread

    @property
    def ending(self) -> Ending:
        return ending_of(self.finish)


class _Call(Struct):
    id: str = ""
    name: str = ""
    arguments: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


class Listening:
    """Hears one answer of at most `most` tokens (0: any number), whose question cost about `estimate` tokens. `spoken` separates
    what `on_text` is passed from what is not, None for an answer that nobody is shown; `on_thought` hears that all of it so far
    was thinking. `on_sign` gets the number of characters that came with each sign of life; for `longest` seconds
    (0: for ever) these may come without a word."""

    def __init__(
        self,
        dialect: Dialect,
        estimate: int = 0,
        most: int = 0,
        spoken: Spoken | None = None,
        on_text: Callable[[str], None] = lambda text: None,
        on_thought: Callable[[], None] = lambda: None,
        on_sign: Callable[[int], None] = lambda letters: None,
        longest: float = 0.0,
    ) -> None:
        self.heard = False
        self.began = time.monotonic()
        self.first: float | None = None
        """Seconds until the first sign of life; None before it."""
        self._dialect, self._estimate = dialect, estimate
        self._most = max(_LEAST_LETTERS, most * _LETTERS_A_TOKEN) if most else 0
        self._spoken, self._on_text, self._on_thought, self._on_sign = spoken, on_text, on_thought, on_sign
        self._text: list[str] = []
        self._thought: list[str] = []
        self._calls: list[_Call] = []
        self._at: dict[int, int] = {}
        self._extra: dict[str, Any] = {}
        self._finish = self._refusal = ""
        self._letters = 0
        self._longest, self._last_word = longest, self.began
        self._done = False
        self._usage: Usage | None = None

    def hear(self, chunks: Iterator[Mapping[str, Any]]) -> Answered:
        """The whole answer; `Refused` for an error in it, `Broken` where nothing was said at all."""
        for chunk in chunks:
            if self.first is None:
                self.first = time.monotonic() - self.began
            if chunk is DONE:
                self._done = True
                continue
            before = self._letters
            self._chunk(chunk)
            self._wait_for_words(said=self._letters > before)
            if self._most and self._letters > self._most:
                self._finish = Ending.LENGTH
                break
        self._pass_on(self._spoken.end() if self._spoken is not None else "")
        if not (self._finish or self._text or self._calls or self._thought):
            raise Broken("the answer is empty")
        self._finish = self._finish or ("stop" if self._done else "")
        calls = tuple(self._made()) or (self._spoken.calls if self._spoken is not None else ())
        return Answered(
            "".join(self._text),
            "".join(self._thought),
            calls,
            self._finish,
            self._refusal,
            self.usage,
            self.tokens,
            self._dialect,
            self._extra,
        )

    def _wait_for_words(self, *, said: bool) -> None:
        """Ends the wait for a server that lives and says nothing."""
        now = time.monotonic()
        if said:
            self._last_word = now
        elif self._longest and now - self._last_word > self._longest:
            raise Silent(f"the server sent no word for {self._longest:g} s, only signs of life")

    @property
    def any(self) -> bool:
        """Whether the server has answered at all, so that it may want to be paid."""
        return bool(self._letters or self._calls or self._finish or self._usage)

    @property
    def usage(self) -> Usage:
        """What the server counted so far."""
        return self._usage or Usage(calls=1, uncounted=1)

    @property
    def tokens(self) -> int:
        """What the answer cost so far, estimated where the server does not count."""
        usage = self.usage
        return usage.tokens_in + usage.tokens_out or self._estimate + self._letters // 3 + 1

    def _chunk(self, chunk: Mapping[str, Any]) -> None:
        usage = counted(chunk.get("usage"))
        self._usage = usage if usage is not None else self._usage
        before = self._letters
        for choice in _mappings(chunk.get("choices")):
            if choice.get("error"):
                raise refused_by(choice)
            if choice.get("index") in (0, None):
                self._choice(choice)
        self._on_sign(self._letters - before)

    def _choice(self, choice: Mapping[str, Any]) -> None:
        """One piece; a server that does not stream sends all of it as `message`."""
        said = next(_mappings([choice.get("delta"), choice.get("message")]), {})
        text, thought = _parts(said.get("content"))
        self._say(text if text or not isinstance(choice.get("text"), str) else choice["text"])
        thoughts = [each for name in _THOUGHTS if isinstance(each := said.get(name), str) and each]
        self._think(thought or (thoughts[0] if thoughts else ""))
        for at, piece in enumerate(_mappings(said.get("tool_calls"))):
            self._call(piece, at)
        if isinstance(said.get("refusal"), str):
            self._refusal += said["refusal"]
        _gather(self._extra, said, _READ)
        self._finish = str(choice.get("finish_reason") or self._finish)

    def _say(self, text: str) -> None:
        self._letters += len(text)
        if self._spoken is None:
            self._text += [text] if text else []
        elif text:
            self._pass_on(self._spoken.feed(text))

    def _think(self, text: str) -> None:
        self._letters += len(text)
        self._thought += [text] if text else []

    def _pass_on(self, text: str) -> None:
        if self._spoken is not None and self._spoken.thought_aloud and not self._dialect.aloud:
            self._dialect = replace(self._dialect, aloud=True)
            self._thought, self._text = [*self._thought, *self._text], []
            self._on_thought()
        text = text if self._text else text.lstrip("\n")
        if text:
            self.heard = True
            self._text.append(text)
            self._on_text(text)

    def _call(self, piece: Mapping[str, Any], at: int) -> None:
        """A call, or some more of one. Calls that all have one index are told apart by their ids, or where each comes whole."""
        index = piece.get("index")
        index = index if isinstance(index, int) else at
        function = next(_mappings([piece.get("function")]), {})
        id_, name, arguments = str(piece.get("id") or ""), str(function.get("name") or ""), function.get("arguments")
        known = self._calls[self._at[index]] if index in self._at else None
        another = known is not None and (
            (id_ and known.id and id_ != known.id) or (name and known.name and not id_ and _is_object(known.arguments))
        )
        if known is None or another:
            self._at[index] = len(self._calls)
            known = _Call()
            self._calls.append(known)
        known.id = known.id or id_
        known.name += name if name != known.name else ""
        more = arguments if isinstance(arguments, str) else json.dumps(arguments) if arguments else ""
        known.arguments += more
        self._letters += len(more) + len(name)
        _gather(known.extra, piece, _OF_CALL)

    def _made(self) -> Iterator[ToolCall]:
        taken: set[str] = set()
        for at, call in enumerate(self._calls):
            id_ = call.id if call.id and call.id not in taken else f"call_{at}"
            taken.add(id_)
            yield ToolCall(id_, call.name, call.arguments, call.extra)


def _parts(content: Any) -> tuple[str, str]:
    """The text and the thinking of a content, which may be a text or a list of parts."""
    if isinstance(content, str):
        return content, ""
    text, thought = "", ""
    for part in content if isinstance(content, list) else ():
        if isinstance(part, str):
            text += part
        elif isinstance(part, Mapping) and (part.get("type") in ("thinking", "reasoning") or "thinking" in part):
            inner = part.get("thinking", part.get("text"))
            thought += inner if isinstance(inner, str) else _parts(inner)[0]
        elif isinstance(part, Mapping):
            text += part["text"] if isinstance(part.get("text"), str) else ""
    return text, thought


def _gather(into: dict[str, Any], piece: Mapping[str, Any], read: set[str]) -> None:
    """Keeps what of a piece is not read here: texts grow, lists grow, of everything else the last one counts."""
    for name, value in piece.items():
        if name in read or value is None or value == "":
            continue
        known = into.get(name)
        grows = (isinstance(value, str) and isinstance(known, str)) or (isinstance(value, list) and isinstance(known, list))
        into[name] = known + value if grows and known is not None else value


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def counted(usage: Any) -> Usage | None:
    """One call with the tokens that a server says it took; None where it does not say."""
    if not isinstance(usage, Mapping):
        return None
    numbers = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
    tokens_in, tokens_out = (number if isinstance(number, int) and number > 0 else 0 for number in numbers)
    return Usage(calls=1, tokens_in=tokens_in, tokens_out=tokens_out) if tokens_in or tokens_out else None


def _mappings(values: Any) -> Iterator[Mapping[str, Any]]:
    """What in a list is an object, as far as a server keeps to the protocol."""
    return (each for each in values if isinstance(each, Mapping)) if isinstance(values, list) else iter(())
