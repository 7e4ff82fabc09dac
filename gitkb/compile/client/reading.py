"""Reads a model's reply: the JSON object in it, checked against the schema that was asked for.

Invariant: what comes out is valid JSON text that fits the schema, in one form however it was sent: without fences, thinking,
NaN or lone surrogates. A truncated reply never comes out. The reply is hostile text; reading it ends after a bounded number
of attempts.
"""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

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
    """The objects that may be the answer, most likely first. A text that is one whole object is it, whatever marks of thinking
    stand in its strings. What a model thought counts only where nothing follows it, because it may hold a draft."""
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
