"""One complete reply of a server: what it says, what it cost, and what is said to the model when it cannot be used.

Pure. A truncated, filtered or refused reply never becomes an answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gitkb.compile.client.budget import tokens_in_text
from gitkb.compile.client.modes import Dialect
from gitkb.compile.client.reading import Unfit, read_reply
from gitkb.compile.requests import Message, Request, Usage
from gitkb.errors import ModelFailure

_LONGEST_QUOTED = 2000


@dataclass(frozen=True, slots=True)
class Completion:
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
