"""Servers with the habits that real ones have, and the troubles that come and go: one scripted model behind all of them.

    odd = Odd(writing, HABITS["no schemas, tools or limits"], seed=1)
    with serving(odd, **odd.habit.settings) as server:
        ...
    assert max(odd.delivered.values()) == 1

A habit holds for every answer of a server. Troubles strike the first attempts at a question, chosen by the question and the seed.
A doom strikes each question that has a word in it, for ever. `delivered` counts the usable answers that were sent whole, by
question: whichever is above one was paid twice.
"""

import hashlib
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.support.compiling_model import writing
from tests.support.model_server import Answer, Asked, Fault, Made

COMPILING = {"digest", "reduce", "same", "overview"}
CITED = "It is a rule [Write-ahead logging](sources/docs/wal.md#write-ahead-logging)."
_NOW = {"Retry-After": "0"}
_THOUGHT = "They want to know it. Let me think. "
Change = Callable[[Asked, Answer], tuple[Made, bool]]
"""From a request and its good answer to what is sent, and whether that can be used."""


def _as_it_is(asked: Asked, good: Answer) -> tuple[Made, bool]:
    return good, True


@dataclass(frozen=True, slots=True)
class Habit:
    """What a server always does: its settings (those of `ModelServer`), and how it changes each answer. `unfit`: it gives an
    unfit answer by itself, and a second one to the same question would be the end of it."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    change: Change = _as_it_is
    unfit: bool = False


def _in_words(asked: Asked, good: Answer) -> tuple[Made, bool]:
    """It takes a schema, and does not heed it unless the prompt has it."""
    if asked.purpose and "JSON schema" not in asked.text:
        return "It is about databases.", False
    return replace(good, text=f"Here you are:\n```json\n{good.text}\n```\nI hope it helps.") if asked.purpose else good, True


def _aloud(asked: Asked, good: Answer) -> tuple[Made, bool]:
    return replace(good, text=f"<think>{_THOUGHT}</think>\n\n{good.text or ''}"), True


def _in_a_field(asked: Asked, good: Answer) -> tuple[Made, bool]:
    """It thinks in a field of its own, longer than the limit unless that is high, and takes it not back."""
    if asked.purpose and asked.body.get("max_completion_tokens", 0) <= 4096:
        return Answer("", finish="length", extra={"reasoning_content": _THOUGHT * 20}), False
    if any("reasoning_content" in message for message in asked.messages):
        return Fault(400, "messages.2.reasoning_content: extra inputs are not permitted"), False
    return replace(good, extra={"reasoning_content": _THOUGHT}), True


def _in_parts(asked: Asked, good: Answer) -> tuple[Made, bool]:
    parts = ({"content": [{"type": "thinking", "thinking": _THOUGHT}]}, {"content": [{"type": "text", "text": good.text or ""}]})
    return (good if good.calls else replace(good, text="", deltas=parts)), True


def _in_channels(asked: Asked, good: Answer) -> tuple[Made, bool]:
    """The marks of Harmony, which a server passes on as they are; calls are text, too."""
    thought = f"<|channel|>analysis<|message|>{_THOUGHT}<|end|><|start|>assistant"
    if good.calls:
        name, arguments = good.calls[0]
        call = f"<|channel|>commentary to=functions.{name} <|constrain|>json<|message|>{json.dumps(arguments)}<|call|>"
        return Answer(f"{thought}{call}", finish="stop"), True
    return replace(good, text=f"{thought}<|channel|>final<|message|>{good.text}<|return|>"), True


def _unended(asked: Asked, good: Answer) -> tuple[Made, bool]:
    """Streams end without a word, nothing is counted, and JSON comes as the arguments of a call."""
    if asked.purpose:
        return Answer(None, calls=(("json", good.text or "{}"),), usage=False), True
    return replace(good, usage=False, unended=bool(good.calls)), True


HABITS = {
    "calm": Habit(),
    "no schemas, tools or limits": Habit(
        {"lacks": frozenset({"response_format", "tools", "max_tokens", "max_completion_tokens", "temperature", "system"})}
    ),
    "no streams": Habit({"lacks": frozenset({"stream"})}, _aloud),
    "only streams, in parts": Habit({"only_streams": True, "lacks": frozenset({"stream_options"})}, _in_parts),
    "ignores schemas and streams": Habit({"ignores": frozenset({"stream"})}, _in_words, unfit=True),
    "thinks in a field": Habit({"lacks": frozenset({"max_tokens"})}, _in_a_field),
    "channels": Habit({"lacks": frozenset({"json_schema"})}, _in_channels),
    "unended": Habit({}, _unended),
}

_PAGE = "<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"
_ERROR = {"choices": [{"index": 0, "delta": {}, "finish_reason": "error", "error": {"code": 502, "message": "gone"}}]}
_MEANWHILE: tuple[Fault, ...] = (
    Fault(429, "slow down", headers=_NOW),
    Fault(429, "Resource exhausted", body=json.dumps({"error": {"message": "x", "details": [{"retryDelay": "0s"}]}})),
    Fault(500, headers=_NOW),
    Fault(529, "Overloaded", headers=_NOW),
    Fault(503, body=_PAGE, content_type="text/html", headers=_NOW),
    Fault(400, "Failed to validate JSON", code="json_validate_failed", headers=_NOW),
    Fault(200, body=json.dumps({"error": {"message": "busy", "code": 503}}), headers=_NOW),
)
"""Nothing is said in these, so a conversation survives them, too."""
_UNFIT: tuple[Callable[[Answer], Made], ...] = (
    lambda good: "I am sorry, but I cannot say.",
    lambda good: {"unexpected": True},
    lambda good: '{"title": "' + "[" * 5_000,
    lambda good: "\x00\ud800\x1b]0;title\x07",
    lambda good: replace(good, finish="length"),
    lambda good: Answer((good.text or "")[:40], finish="length"),
)
_BREAKS: tuple[Callable[[Answer], Made], ...] = (
    lambda good: replace(good, broken=True),
    lambda good: Fault(reset=True),
    lambda good: Fault(200, body=f"data: {json.dumps(_ERROR)}\n\n", content_type="text/event-stream"),
)
"""The next attempt waits for a moment after these."""

DOOMS: Mapping[str, Made] = {
    "SAFETY": Answer("", finish="SAFETY"),
    "filtered": Fault(400, "The response was filtered", code="content_filter"),
    "cannot help": Answer(None, refusal="I cannot help with that."),
    "twice": "I cannot say anything about it.",
    "cut off": Answer('{"title": "A', finish="length"),
    "thought": Answer("", finish="length", extra={"reasoning": _THOUGHT}),
    "too long": Fault(400, "This model's maximum context length is 600 tokens"),
    "messages": Fault(400, "messages: odd"),
}
"""What a server may have against one document, by a word of the reason that a person reads."""


def answering(asked: Asked) -> Answer:
    """Compiles as `compiling_model` does, whatever was said after the question; in a conversation looks once and answers."""
    if asked.purpose in COMPILING:
        return Answer(json.dumps(writing(_asked_first(asked)), ensure_ascii=False))
    if asked.tools and not asked.results:
        return Answer(calls=(("search", {"query": "logging"}),))
    return Answer(CITED)


def _asked_first(asked: Asked) -> Asked:
    """The request without what followed the first question of the user."""
    first = next(at for at, message in enumerate(asked.messages) if message["role"] == "user")
    return Asked({**asked.body, "messages": asked.messages[: first + 1]}, asked.number, asked.times, asked.headers)


@dataclass
class Odd:
    """The model of one server: `habit`, troubles at the first attempts by `seed`, and a `doom` for what has `word` in it.
    `delivered` may be that of an earlier server."""

    habit: Habit
    seed: int = 0
    word: str = ""
    doom: Made = ""
    breaks: bool = False
    delivered: Counter[str] = field(default_factory=Counter)
    _attempts: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, asked: Asked) -> Made:
        question = _question(asked)
        good = answering(asked)
        with self._lock:
            if self.word and self.word in asked.text and asked.purpose == "digest":
                return self.doom
            made, usable = self.habit.change(asked, good)
            if not usable:
                return made
            at = self._attempts[question]
            self._attempts[question] += 1
            troubles = self._troubles(question, compiling=asked.purpose in COMPILING)
            if at < len(troubles):
                return troubles[at](made if isinstance(made, Answer) else good)
            self.delivered[question] += 1
            return made

    def _troubles(self, question: str, *, compiling: bool) -> list[Callable[[Answer], Made]]:
        """What befalls the first attempts at a question: one unfit answer at most, as a second one is the end of it."""
        chosen = random.Random(f"{self.seed} {question}")
        found: list[Callable[[Answer], Made]] = [_sends(chosen.choice(_MEANWHILE)) for _ in range(chosen.randrange(3))]
        if compiling and not self.habit.unfit and chosen.random() < 0.5:
            found.append(chosen.choice(_UNFIT))
        if compiling and self.breaks and chosen.random() < 0.5:
            found.append(chosen.choice(_BREAKS))
        chosen.shuffle(found)
        return found


def _sends(fault: Fault) -> Callable[[Answer], Made]:
    return lambda good: fault


def _question(asked: Asked) -> str:
    """What is asked, in whatever way: equal for the attempts at one question of a document, different for two turns."""
    if asked.purpose in COMPILING:
        said = str(_asked_first(asked).last).partition(f"Answer with one JSON object ({asked.purpose})")[0]
        return f"{asked.purpose} {_hash(said.rpartition('<<<')[2])}"
    last = next(message for message in reversed(asked.messages) if message["role"] == "user")
    return f"turn {len(asked.messages)} {_hash(str(last['content']))}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.strip().encode("utf-8", "replace")).hexdigest()
