"""Claims of one page that contradict each other, as a model judges them.

Invariant: only pairs that look like it are asked about, a bounded number of each page, each in a question of its own whose
reply is kept: no pair is ever paid for twice, and none without a model is a finding.
"""

from collections.abc import Sequence
from itertools import islice

from msgspec import Struct, field

from gitkb.commands.lint.tree import Base, command, short_name
from gitkb.compile.llm.model_settings import ModelSettings
from gitkb.compile.llm.page_questions import Stated, conflict_request, read_conflict, suspects
from gitkb.errors import ModelFailure
from gitkb.formats.topic_rows import Evidence, TopicPage
from gitkb.llm.requests import Reply, usage_of
from gitkb.model.findings import CONTRADICTION, Finding
from gitkb.model.usage import Usage
from gitkb.pages.author import Answers

MOST_CLAIMS, MOST_OF_PAGE = 40, 6


class Pair(Struct, frozen=True):
    """Two claims of a page."""

    page: TopicPage
    one: Evidence
    other: Evidence


class Judged(Struct, frozen=True):
    """A model's judgement: findings, their cost, and why some pairs were not judged."""

    findings: tuple[Finding, ...] = ()
    usage: Usage = field(default_factory=Usage)
    unasked: str = ""


def candidates(base: Base) -> list[Pair]:
    """The pairs to ask about, by page, the likeliest of each first. Not only of the claims that a page shows: it shows but one of
    two that nearly agree, and such contradict each other most."""
    found = []
    for page in base.pages:
        claims = list(islice(base.corpus.evidence(base.corpus.members(page.key)), MOST_CLAIMS))
        for one, other in suspects([claim.text for claim in claims], MOST_OF_PAGE):
            found.append(Pair(page, claims[one], claims[other]))
    return found


def judge(pairs: Sequence[Pair], ask: Answers, settings: ModelSettings) -> Judged:
    """Asks about every pair; the same two claims on several pages are one question."""
    requests = [conflict_request(_stated(pair.one), _stated(pair.other), settings) for pair in pairs]
    distinct = {request.key: request for request in requests}
    answers = dict(zip(distinct, ask(list(distinct.values())), strict=True))
    findings, failed, told = [], [], set()
    for pair, request in zip(pairs, requests, strict=True):
        answer = answers[request.key]
        if isinstance(answer, Reply):
            try:
                contradict = read_conflict(answer.text)
            except ModelFailure as error:
                failed.append(error.message)
                continue
            if contradict and request.key not in told:
                told.add(request.key)
                findings.append(_finding(pair))
        else:
            failed.append(answer.message)
    replies = [answer for answer in answers.values() if isinstance(answer, Reply)]
    unasked = f"{len(failed)} of {len(pairs)} pairs of claims were not judged: {failed[0]}" if failed else ""
    return Judged(tuple(findings), usage_of(replies), unasked)


def _stated(claim: Evidence) -> Stated:
    return Stated(claim.title, claim.text)


def _finding(pair: Pair) -> Finding:
    one, other = pair.one, pair.other
    message = f'"{one.text}" ({_where(one)}) and "{other.text}" ({_where(other)}) contradict each other.'
    others = tuple(dict.fromkeys(f"wiki/{claim.place.path}" for claim in (one, other)))
    return Finding(
        CONTRADICTION, pair.page.path, message, commands=(command("blame", short_name(pair.page.path)),), others=others
    )


def _where(claim: Evidence) -> str:
    return f"{claim.document}, {claim.place.label}" if claim.place.label else claim.document
