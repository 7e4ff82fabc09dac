"""Reads a reply in JSON: finds the object in it and checks it against the schema.

Invariant: what comes out is valid JSON text that fits the schema, in one form however it was sent: without fences, thinking, NaN
or lone surrogates. A truncated, filtered or refused reply never comes out as a whole one; `whole_part` is what of a broken one
can be used. A reply is hostile text, and reading it ends after a bounded number of attempts.
"""

import contextlib
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gitkb.errors import ModelFailure
from gitkb.llm.dialects import LIST_LIMITS, TEXT_LIMITS, unlimited
from gitkb.llm.listening import Answered, Ending
from gitkb.llm.requests import Message, Request

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


_THINKING = re.compile(r"\A\s*<(think|thinking|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_THOUGHT = re.compile(r"\A.*?</(?:think|thinking|reasoning)>", re.DOTALL | re.IGNORECASE)
_OPEN = re.compile(r"\A\s*<(?:think|thinking|reasoning)>", re.IGNORECASE)
_FINAL = "<|channel|>final<|message|>"
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


def without_thinking(text: str, *, closed: bool = True) -> str:
    """A reply without what a reasoning model thought aloud before it; unless that must be `closed`, also without what it still
    thought when it was cut."""
    _, channel, final = text.rpartition(_FINAL)
    if channel:
        return final.partition("<|")[0]
    shorter = _THINKING.sub("", text, count=1)
    shorter = shorter if shorter != text else _THOUGHT.sub("", text, count=1)
    return shorter if closed or not (_OPEN.match(shorter) or shorter.lstrip().startswith("<|channel|>")) else ""


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


def whole_part(text: str, schema: str) -> str:
    """The JSON text of those fields, and items of lists, that are whole in a reply which breaks off or is broken; what is missing
    is empty. "" where no item of any list is whole."""
    text = without_thinking(text)
    start = text.find("{")
    found = dict(_whole_fields(text, start + 1)) if start >= 0 else {}
    value: dict[str, Any] = {}
    for name, kind in json.loads(schema).get("properties", {}).items():
        said = found.get(name, "")
        if kind.get("type") != "array":
            value[name] = said if _problem(said, json.dumps(kind)) is None else ""
            continue
        each = json.dumps(kind["items"])
        value[name] = [item for item in (said if isinstance(said, list) else ()) if _problem(item, each) is None]
    has_items = any(isinstance(each, list) and each for each in value.values())
    return _written(value) if has_items and _problem(value, schema) is None else ""


def _whole_fields(text: str, at: int) -> Iterator[tuple[str, Any]]:
    """The fields of an object up to the place where it breaks, of a list there the items before it."""
    decoder = json.JSONDecoder(parse_constant=_refuse)
    with contextlib.suppress(ValueError, IndexError, RecursionError):
        at = _next(text, at)
        while text[at] == '"':
            name, at = decoder.raw_decode(text, at)
            at = _next(text, at)
            if text[at] == "[":
                items: list[Any] = []
                yield name, items
                at = _next(text, at + 1)
                while text[at] != "]":
                    value, at = decoder.raw_decode(text, at)
                    items.append(value)
                    at = _next(text, at)
                at += 1
            else:
                value, at = decoder.raw_decode(text, at)
                yield name, value
            at = _next(text, at)


def _next(text: str, at: int) -> int:
    """The place of what follows blanks, commas and colons."""
    while at < len(text) and text[at] in " \t\r\n,:":
        at += 1
    return at


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

    # What is too long, or no word of a list of words, is no reason to ask again: the reader takes what it wants.
    value = unlimited(json.loads(schema), (*LIST_LIMITS, *TEXT_LIMITS, "enum"))
    kind = validator_for(value)
    kind.check_schema(value)
    return kind(value)


def _written(value: Any) -> str:
    """One form for equal values, readable in every script; half a surrogate pair becomes U+FFFD."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


_LONGEST_QUOTED = 2000


_REFUSED_WORD = 60


def answer_of(done: Answered, request: Request) -> str:
    """The JSON of a reply; `Unfit` where the model should be asked once more, `ModelFailure` where that is no use."""
    if done.refusal:
        raise ModelFailure(f"the model refuses to answer: {' '.join(done.refusal.split())[:200].rstrip('.')}.")
    if done.ending is Ending.REFUSED:
        raise ModelFailure(f"the model's server refuses the content ({' '.join(done.finish.split())[:_REFUSED_WORD]}).")
    if done.ending in (Ending.LENGTH, Ending.OTHER):
        raise Unfit(f"it was cut off at the limit of {request.max_tokens:,} tokens")
    if not done.text.strip() and done.calls:
        return read_reply(done.calls[0].arguments, request.schema)
    return read_reply(done.text if done.text.strip() else done.thought, request.schema)


def thought_it_all(done: Answered) -> bool:
    """Whether a reply was cut before the model had said anything, because it thought."""
    return done.ending is Ending.LENGTH and not done.calls and not without_thinking(done.text, closed=False).strip()


def once_more(done: Answered, complaint: str, request: Request) -> tuple[Message, ...]:
    """What is said after a reply that cannot be used."""
    wish = "Answer again, much shorter" if done.ending is Ending.LENGTH else "Answer again"
    asking = (
        f"Your answer cannot be used: {complaint}. {wish}, with one JSON object that fits this JSON schema:\n{request.schema}"
    )
    return (Message("assistant", done.text[:_LONGEST_QUOTED] or "(nothing)"), Message("user", asking))
