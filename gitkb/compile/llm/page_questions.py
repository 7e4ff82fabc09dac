"""The small questions about shared pages: whether two names mean the same, whether two claims contradict.

Invariant: a question about two things is the same in whatever order they are given, so its reply is known for both orders. It
holds these two and nothing else.
"""

from collections.abc import Sequence
from itertools import combinations

from msgspec import Struct

from gitkb.compile.grounding.facts import content_stems, number_words
from gitkb.compile.grounding.polarity import has_opposite, turns_round
from gitkb.compile.grounding.quote import numbers
from gitkb.compile.llm.model_settings import ModelSettings
from gitkb.compile.llm.prompts import (
    CONFLICT_RULES,
    CONFLICT_SCHEMA,
    QUOTED,
    SAME_RULES,
    SAME_SCHEMA,
    fenced,
)
from gitkb.compile.llm.statements import bounded, reply_object
from gitkb.llm.requests import Message, Request
from gitkb.model.documents import TopicKind
from gitkb.text.language.detect import detect_language

_LONGEST_ALIAS, _LONGEST_DEFINITION, _MOST_ALIASES = 100, 400, 6


class Named(Struct, frozen=True):
    """A topic as it is shown in a question; `definition` is what one document says of it, "" if none defines it."""

    kind: TopicKind
    name: str
    aliases: tuple[str, ...]
    definition: str


def same_request(one: Named, other: Named, settings: ModelSettings) -> Request:
    """The question whether two names mean the same thing; the order of the arguments makes no difference."""
    first, second = sorted((_name_entry(one), _name_entry(other)))
    mark, text = fenced(f"{first}\n\n{second}")
    user = f"{QUOTED.format(mark=mark)}\n\n{text}\n\nNow write the JSON object."
    return Request(
        "same", settings.model, (Message("system", SAME_RULES), Message("user", user)), SAME_SCHEMA, settings.output_tokens
    )


def read_same(reply: str) -> bool:
    """What the reply says; False where it says nothing. Raises `ModelFailure` for what is no JSON object."""
    return reply_object(reply).get("same") is True


def _name_entry(named: Named) -> str:
    aliases = ", ".join(bounded(alias, _LONGEST_ALIAS) for alias in sorted(named.aliases)[:_MOST_ALIASES])
    return "\n".join(
        (
            f"Name: {bounded(named.name, _LONGEST_ALIAS)} ({named.kind})",
            f"Other names: {aliases or 'none'}",
            f"What a document says: {bounded(named.definition, _LONGEST_DEFINITION) or 'nothing'}",
        )
    )


_LEAST_SHARED, _LEAST_SHARE = 3, 0.5
_LONGEST_NAME, _LONGEST_CLAIM = 100, 400


class Stated(Struct, frozen=True):
    """A claim and the title of the document that makes it."""

    title: str
    text: str


def suspects(claims: Sequence[str], most: int) -> list[tuple[int, int]]:
    """The pairs of claims (by index) that look like a contradiction, the most likely first, at most so many: they share most
    words of the shorter one, and differ in their numbers, or one negates what the other says or has the opposite of one of its
    words."""
    language = detect_language(" ".join(claims))
    said = [content_stems(claim, language) for claim in claims]
    found = []
    for one, other in combinations(range(len(claims)), 2):
        shared, least = len(said[one] & said[other]), min(len(said[one]), len(said[other]))
        if shared >= max(_LEAST_SHARED, _LEAST_SHARE * least) and _differ(claims[one], claims[other], language):
            found.append((-shared / least, one, other))
    return [(one, other) for _, one, other in sorted(found)[:most]]


def conflict_request(one: Stated, other: Stated, settings: ModelSettings) -> Request:
    """The question whether two claims contradict each other; the order of the arguments makes no difference."""
    first, second = sorted((_claim_entry(one), _claim_entry(other)))
    mark, text = fenced(f"{first}\n\n{second}")
    user = f"{QUOTED.format(mark=mark)}\n\n{text}\n\nNow write the JSON object."
    messages = (Message("system", CONFLICT_RULES), Message("user", user))
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


def _claim_entry(stated: Stated) -> str:
    return f"Document: {bounded(stated.title, _LONGEST_NAME)}\nStatement: {bounded(stated.text, _LONGEST_CLAIM)}"
