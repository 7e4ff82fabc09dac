"""Overviews that explain: of all claims, in rounds, every sentence with the claims that support it."""

import json
import re

import pytest
from msgspec.structs import replace

from gitkb.compile.llm.page_overview import PageOverview, Sentence, page_overview
from gitkb.errors import ModelFailure
from gitkb.llm.requests import Request, Unanswered
from tests.support.model_replies import SETTINGS

CLAIMS = [
    (
        "ARIES",
        "Write-ahead logging is the rule that the log record of a change must reach stable storage before the changed page does.",
    ),
    ("PostgreSQL", "PostgreSQL writes its log into segments of 16 megabytes."),
    ("SQLite", "SQLite does not write its log into segments."),
    ("Notes", "PostgreSQL writes its log into segments of 32 megabytes."),
]
_LINE = re.compile(r"^(\d+)\. (.*) \(([^()]*)\)$", re.M)


def answered(claims: list[tuple[str, str]], answer: dict[str, object], settings: object = SETTINGS) -> PageOverview:
    asked = page_overview("concept", "Write-ahead logging", claims, SETTINGS, {})
    assert isinstance(asked, Unanswered)
    [request] = asked.requests
    told = page_overview("concept", "Write-ahead logging", claims, SETTINGS, {request.key: json.dumps(answer)})
    assert isinstance(told, PageOverview)
    return told


def made(text: str, *claims: int) -> dict[str, object]:
    return {"text": text, "claims": list(claims)}


def test_sections_stand_in_order_with_the_claims_of_each_sentence() -> None:
    rule = "Write-ahead logging demands that a change's log record reaches stable storage before the changed page."
    both = "PostgreSQL writes its log into segments of 16 megabytes, SQLite does not write it into segments."
    differ = "PostgreSQL writes its log into segments of 16 megabytes or of 32 megabytes."
    told = answered(
        CLAIMS, {"disagreement": [made(differ, 2, 4)], "comparison": [made(both, 3, 2, 3)], "opening": [made(rule, 1)]}
    )
    assert told == PageOverview(
        (
            Sentence(rule, (0,)),
            Sentence(both, (2, 1), "comparison"),
            Sentence(differ, (1, 3), "disagreement"),
        )
    )


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("PostgreSQL writes its log into segments of 64 megabytes.", [2]),
        ("Oracle writes its log into segments of 16 megabytes.", [2]),
        ("PostgreSQL writes its log into segments of 16 megabytes.", [1]),
        ("PostgreSQL writes its log into segments of 16 megabytes.", []),
        ("PostgreSQL writes its log into segments of 16 megabytes.", [0, 9, -1]),
        ("SQLite writes its log into segments.", [3]),
        ("PostgreSQL log segments.", [2]),
        ("", [1]),
    ],
)
def test_what_no_claim_supports_is_dropped_and_counted_and_so_are_fragments(text: str, cited: list[int]) -> None:
    assert answered(CLAIMS, {"opening": [made(text, *cited)]}) == PageOverview((), 1)


def test_many_claims_are_told_in_rounds_and_none_is_left_out() -> None:
    claims = [
        (f"Book {n}", f"The vault number {n} of the house holds {n + 1000} boxes of paper in the cellar.") for n in range(300)
    ]
    small = replace(SETTINGS, context_tokens=6_000, max_output_tokens=1_000)
    shown: set[str] = set()
    rounds: list[int] = []
    replies: dict[str, str] = {}

    def answer(request: Request) -> dict[str, object]:
        lines = _LINE.findall(request.messages[1].text)
        shown.update(text for _, text, _ in lines)
        assert request.size / 3 < 6_000
        return {"opening": [made(text, int(number)) for number, text, _ in lines[:2]]}

    while isinstance(told := page_overview("concept", "Vault", claims, small, replies), Unanswered):
        rounds.append(len(told.requests))
        replies.update((request.key, json.dumps(answer(request))) for request in told.requests)
    assert shown == {text for _, text in claims}
    assert rounds[0] > 2 and rounds[-1] == 1 and rounds == sorted(rounds, reverse=True)
    assert [claims[each.claims[0]][1] for each in told.sentences] == [each.text for each in told.sentences] != []


def test_the_question_is_about_the_page_alone_and_its_reply_must_be_an_object() -> None:
    asked = page_overview("entity", "A" * 10_000, [("T" * 1_000, "x" * 10_000)] * 3, SETTINGS, {})
    assert isinstance(asked, Unanswered) and asked.requests[0].purpose == "overview" and asked.requests[0].size < 9_000
    with pytest.raises(ModelFailure):
        page_overview("entity", "A" * 10_000, [("T" * 1_000, "x" * 10_000)] * 3, SETTINGS, {asked.requests[0].key: "[]"})
    assert page_overview("entity", "A", [], SETTINGS, {}) == PageOverview()
