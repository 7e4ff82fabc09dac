"""Finds what the parts of a long document say together, by a tree of questions about the statements that were found in them.

Invariant: key points are chosen among the statements, never written anew. A sentence about the whole names the statements of
which it is made, and they must support it. Statements that do not fit one question are first thinned out in groups, in text
order.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from gitkb.compile.grounding.facts import content_stems
from gitkb.compile.grounding.supports import objection
from gitkb.compile.llm.model_settings import ModelSettings
from gitkb.compile.llm.parts import MOST_TOKENS, estimate_tokens, in_batches
from gitkb.compile.llm.prompts import QUOTED, REDUCE_RULES, REDUCE_SCHEMA, fenced, in_language
from gitkb.compile.llm.statements import Ground, GroundedClaim, numbers_of, objects_of, reply_object, sentence, text_of
from gitkb.llm.requests import Message, Request, Unanswered

_MOST_POINTS, _MOST_SENTENCES, _MOST_CITED = 12, 5, 3
_LEAST_TOKENS = 400
Group = tuple[str, list[GroundedClaim]]
"""The heading of a part and its statements in text order."""


class Reduced(Struct, frozen=True):
    """What is said about a whole document."""

    title: str = ""
    description: str = ""
    abstract: tuple[GroundedClaim, ...] = ()
    points: tuple[GroundedClaim, ...] = ()


def reduce_parts(
    groups: Sequence[Group], settings: ModelSettings, replies: Mapping[str, str], ground: Ground
) -> Reduced | Unanswered:
    """What the parts say together, or the requests whose replies are missing for it."""
    system = REDUCE_RULES.format(most=_MOST_POINTS, language=in_language(settings.language))
    room = max(_LEAST_TOKENS, min(MOST_TOKENS, settings.room(system, REDUCE_SCHEMA)))
    groups = [group for group in groups if group[1]]
    while groups:
        batches = list(in_batches(groups, room, lambda group: estimate_tokens(_lines([group]))))
        requests = [_request(batch, system, settings) for batch in batches]
        missing = dict.fromkeys(request for request in requests if request.key not in replies)
        if missing:
            return Unanswered(tuple(missing))
        if len(batches) == 1:
            return _read(replies[requests[0].key], batches[0], ground)
        groups = [(batch[0][0], _chosen(replies[request.key], batch)) for request, batch in zip(requests, batches, strict=True)]
        groups = [group for group in groups if group[1]]
    return Reduced()


def _lines(batch: Sequence[Group]) -> str:
    lines, number = [], 0
    for heading, statements in batch:
        lines.append(f"# {heading}" if heading else "#")
        for found in statements:
            number += 1
            lines.append(f"{number}. {found.claim.text}")
    return "\n".join(lines)


def _request(batch: list[Group], system: str, settings: ModelSettings) -> Request:
    mark, text = fenced(_lines(batch))
    user = f"{QUOTED.format(mark=mark)}\n\n{text}\n\nNow write the JSON object about this document."
    messages = (Message("system", system), Message("user", user))
    return Request("reduce", settings.model, messages, REDUCE_SCHEMA, settings.output_tokens)


def _chosen(reply: str, batch: list[Group]) -> list[GroundedClaim]:
    """The statements that a reply names as key points or makes its sentences of, in text order."""
    data = reply_object(reply)
    statements = [found for _, each in batch for found in each]
    named = numbers_of(data, "key_points", len(statements))[:_MOST_POINTS]
    for item in list(objects_of(data, "summary"))[:_MOST_SENTENCES]:
        named += numbers_of(item, "points", len(statements))[:_MOST_CITED]
    return [statements[number - 1] for number in sorted(set(named))]


def _read(reply: str, batch: list[Group], ground: Ground) -> Reduced:
    data = reply_object(reply)
    statements = [found for _, each in batch for found in each]
    chosen = numbers_of(data, "key_points", len(statements))[:_MOST_POINTS]
    abstract = []
    for item in list(objects_of(data, "summary"))[:_MOST_SENTENCES]:
        cited = [statements[number - 1] for number in numbers_of(item, "points", len(statements))[:_MOST_CITED]]
        found = _made_of(sentence(text_of(item, "text")), cited, ground.language)
        ground.dropped += found is None
        abstract += [found] if found else []
    points = {statements[number - 1].claim.text: statements[number - 1] for number in sorted(chosen)}
    return Reduced(text_of(data, "title"), text_of(data, "description"), tuple(abstract), tuple(points.values()))


def _made_of(text: str, cited: list[GroundedClaim], language: str) -> GroundedClaim | None:
    """A sentence as a claim, if the statements that it names support it; its place is that of the statement with which it
    shares most words."""
    passage = " ".join(f"{found.claim.text} {found.passage}" for found in cited)
    if not text or not cited or objection(text, passage, language):
        return None
    said = content_stems(text, language)
    main = max(cited, key=lambda found: (len(said & content_stems(found.claim.text, language)), -found.offset))
    quotes = dict.fromkeys(found.passage for found in (main, *cited))
    return replace(main, claim=replace(main.claim, text=text, quote=" … ".join(quotes)))
