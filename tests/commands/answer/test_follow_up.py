"""A question that says too little by itself is searched together with the one before."""

import pytest

from gitkb.commands.answer.answer import searched
from gitkb.model.answers import Said

BEFORE = [Said("What is write-ahead logging?", "A rule.")]


@pytest.mark.parametrize("question", ["And who checks it?", "Why?", "When was that?"])
def test_a_question_that_says_little_follows_up(question: str) -> None:
    assert searched(question, BEFORE) == f"What is write-ahead logging? {question}"
    assert searched(question, []) == question


def test_a_question_of_its_own_is_searched_alone() -> None:
    question = "How does a follower become a leader in Raft?"
    assert searched(question, BEFORE) == question
