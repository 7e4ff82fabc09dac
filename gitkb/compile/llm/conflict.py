"""Whether two claims about one subject contradict each other: which pairs deserve the question, and the question.

Invariant: the question about (a, b) is the question about (b, a), so its reply is known for both; it holds these two and nothing
else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from gitkb.compile.llm.backing_words import content_stems
from gitkb.compile.llm.grounding import numbers
from gitkb.compile.llm.opposites import has_opposite
from gitkb.compile.llm.polarity import turns_round
from gitkb.compile.llm.prompts import QUOTED, fenced
from gitkb.compile.llm.prompts.conflict import CONFLICT_SCHEMA, RULES
from gitkb.compile.llm.quantity import number_words
from gitkb.compile.llm.replied import reply_object
from gitkb.compile.llm.settings import ModelSettings
from gitkb.compile.requests import Message, Request
from gitkb.text.language import detect_language
from gitkb.text.links import one_line

_LEAST_SHARED, _LEAST_SHARE = 3, 0.5
_LONGEST_NAME, _LONGEST_CLAIM = 100, 400


@dataclass(frozen=True, slots=True)
class Stated:
    """A claim and the title of the document that makes it."""

    title: str
    text: str


def suspects(claims: Sequence[str], most: int) -> list[tuple[int, int]]:
    """The pairs of claims (by index) that look like a contradiction, the likeliest first, at most so many: they share most of the
    shorter one's words, and differ in their numbers, or one negates what the other says, or has an opposite of it."""
    language = detect_language(" ".join(claims))
    said = [content_stems(claim, language) for claim in claims]
    found = []
    for one, other in combinations(range(len(claims)), 2):
        shared, least = len(said[one] & said[other]), min(len(said[one]), len(said[other]))
        if shared >= max(_LEAST_SHARED, _LEAST_SHARE * least) and _differ(claims[one], claims[other], language):
            found.append((-shared / least, one, other))
    return [(one, other) for _, one, other in sorted(found)[:most]]


def conflict_request(one: Stated, other: Stated, settings: ModelSettings) -> Request:
    """The question whether two claims contradict each other, in an order that does not depend on that of the arguments."""
    first, second = sorted((_entry(one), _entry(other)))
    mark, text = fenced(f"{first}\n\n{second}")
    user = f"{QUOTED.format(mark=mark)}\n\n{text}\n\nNow write the JSON object."
    messages = (Message("system", RULES), Message("user", user))
    return Request("conflict", settings.model, messages, CONFLICT_SCHEMA, settings.output_tokens)


def read_conflict(reply: str) -> bool:
    """What the reply says; False where it says nothing. Raises `ModelFailure` for what is no JSON object."""
    return reply_object(reply).get("contradict") is True


def _differ(one: str, other: str, language: str) -> bool:
    if one == other:
        return False
    if _numbers_differ(one, other, language) or has_opposite(one, other, language):
        return True
    return turns_round(one, other, language) or turns_round(other, one, language)


def _numbers_differ(one: str, other: str, language: str) -> bool:
    ours = set(numbers(one)) | number_words(one, language)
    theirs = set(numbers(other)) | number_words(other, language)
    return bool(ours - theirs) and bool(theirs - ours)


def _entry(stated: Stated) -> str:
    return f"Document: {_bounded(stated.title, _LONGEST_NAME)}\nStatement: {_bounded(stated.text, _LONGEST_CLAIM)}"


def _bounded(text: str, longest: int) -> str:
    line = one_line(text)
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
