"""What is asked about two names: whether they mean the same."""

import pytest

from gitkb.compile.llm.page_questions import Named, read_same, same_request
from gitkb.errors import ModelFailure
from tests.support.model_replies import SETTINGS


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
