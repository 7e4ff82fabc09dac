"""What is asked about pages: overviews made of claims that they name, and whether two names mean the same."""

import json

import pytest

from gitkb.compile.llm.page_questions import Named, Sentence, overview_request, read_overview, read_same, same_request
from gitkb.errors import ModelFailure
from tests.support.model_replies import SETTINGS

CLAIMS = [
    (
        "ARIES",
        "Write-ahead logging is the rule that the log record of a change must reach stable storage before the changed page does.",
    ),
    ("PostgreSQL", "PostgreSQL writes its log into segments of 16 megabytes."),
    ("SQLite", "SQLite does not write its log into segments."),
]


def read(*sentences: tuple[str, list[int]]) -> tuple[tuple[Sentence, ...], int]:
    return read_overview(json.dumps({"sentences": [{"text": text, "claims": cited} for text, cited in sentences]}), CLAIMS)


def test_sentences_that_the_cited_claims_support_are_kept_with_their_indexes() -> None:
    rule = "Write-ahead logging demands that a change's log record reaches stable storage before the changed page."
    both = "PostgreSQL writes its log into segments of 16 megabytes, SQLite does not write it into segments"
    assert read((rule, [1]), (both, [3, 2, 3])) == ((Sentence(rule, (0,)), Sentence(f"{both}.", (2, 1))), 0)


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("PostgreSQL writes its log into segments of 32 megabytes.", [2]),
        ("Oracle writes its log into segments of 16 megabytes.", [2]),
        ("PostgreSQL writes its log into segments of 16 megabytes.", [1]),
        ("PostgreSQL writes its log into segments of 16 megabytes.", []),
        ("PostgreSQL writes its log into segments of 16 megabytes.", [0, 4, -1]),
        ("SQLite writes its log into segments.", [3]),
        ("", [1]),
    ],
)
def test_other_sentences_are_dropped_and_counted(text: str, cited: list[int]) -> None:
    assert read((text, cited)) == ((), 1)


def test_the_question_holds_the_claims_of_the_page_bounded() -> None:
    request = overview_request("concept", "Write-ahead logging", CLAIMS, SETTINGS)
    assert request.purpose == "overview"
    assert all(text in request.messages[1].text for _, text in CLAIMS)
    many = [("T" * 1_000, f"{number} " + "x" * 10_000) for number in range(10_000)]
    sizes = [overview_request("entity", "A" * 10_000, many[:most], SETTINGS).size for most in (20, 10_000)]
    assert sizes[0] == sizes[1] < 15_000


def test_the_question_about_two_names_is_the_same_in_either_order() -> None:
    one = Named("concept", "WAL", (), "WAL is a log.")
    other = Named("concept", "Write-ahead logging", ("write-ahead log", "WAL"), "Write-ahead logging is a rule.")
    assert same_request(one, other, SETTINGS) == same_request(other, one, SETTINGS)
    assert same_request(one, other, SETTINGS) != same_request(one, one, SETTINGS)
    text = same_request(one, other, SETTINGS).messages[1].text
    assert "WAL is a log." in text and "Write-ahead logging is a rule." in text
    long = Named("concept", "W" * 5_000, ("x" * 900,) * 500, "y" * 90_000)
    assert same_request(long, long, SETTINGS).size < 6_000


@pytest.mark.parametrize(
    ("reply", "same"), [('{"same": true}', True), ('{"same": false}', False), ('{"same": 1}', False), ("{}", False)]
)
def test_only_a_plain_true_makes_two_names_one(reply: str, same: bool) -> None:
    assert read_same(reply) is same


def test_a_reply_that_is_no_object_is_a_failure_of_the_model() -> None:
    with pytest.raises(ModelFailure):
        read_same("yes")
    with pytest.raises(ModelFailure):
        read_overview("[]", CLAIMS)
