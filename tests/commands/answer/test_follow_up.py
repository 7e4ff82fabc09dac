"""A question that says too little by itself is searched together with the matter of those before."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitkb.text.language.follow_up import follow_up
from tests.support.small_documents import RAFT, WAL, write

WAL_FIRST = ["What is write-ahead logging?"]
RAFT_FIRST = ["How does a follower become a leader in Raft?"]
CASES = [
    (WAL_FIRST, "And who checks it?", "write-ahead logging: who checks it?"),
    (WAL_FIRST, "At what cost?", "write-ahead logging: At what cost?"),
    (WAL_FIRST, "Why?", "write-ahead logging: Why?"),
    (WAL_FIRST, "When was that?", "write-ahead logging: When was that?"),
    (WAL_FIRST, "What does it cost the pages of a table?", "write-ahead logging: What does it cost the pages of a table?"),
    ([*WAL_FIRST, "Who checks it?"], "And how often?", "write-ahead logging checks: how often?"),
    ([*WAL_FIRST, "What about checkpoints?"], "Who needs them?", "checkpoints: Who needs them?"),
    (RAFT_FIRST, "What about Paxos?", "follower leader: Paxos?"),
    (["Was ist ein Kontrollpunkt?"], "Und wer schreibt ihn?", "Kontrollpunkt: wer schreibt ihn?"),
    (["Qu'est-ce qu'un point de contrôle ?"], "Et pourquoi ?", "qu'un point contrôle: pourquoi ?"),
    (["検査点とは何ですか？"], "それはいつ書かれますか？", None),
]


@pytest.mark.parametrize(("before", "question", "sought"), CASES)
def test_a_question_that_says_little_follows_up(before: list[str], question: str, sought: str | None) -> None:
    found = follow_up(question, before)
    assert found == sought if sought else found.endswith(f": {question}")
    assert follow_up(question, []) == question


@pytest.mark.parametrize(
    "question",
    [
        "How does a follower become a leader in Raft?",
        "What is Raft?",
        "checkpoint",
        "Which page holds the header of a table?",
        "Wie schreibt eine Datenbank Seiten auf die Platte?",
    ],
)
def test_a_question_of_its_own_is_searched_alone(question: str) -> None:
    assert follow_up(question, WAL_FIRST) == question


def test_chat_without_a_model_carries_the_matter_over_and_shows_it(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gitkb import KnowledgeBase
    from gitkb.model.answers import AnswerListener, Said

    class Steps(AnswerListener):
        def __init__(self) -> None:
            self.heard: list[str] = []

        def step(self, what: str) -> None:
            self.heard.append(what)

    write(tmp_path / "docs", {"wal.md": WAL, "raft.md": RAFT})
    assert run("init", tmp_path / "kb").code == 0 and run("add", tmp_path / "docs", "--kb", tmp_path / "kb").code == 0
    base, steps = KnowledgeBase.open(tmp_path / "kb"), Steps()
    alone = base.query("And why do they use it?", None, steps)
    asked = base.query("And why do they use it?", None, steps, history=[Said("What is write-ahead logging?", "A technique.")])
    assert "sequential write is cheaper" in asked.text and "sequential write is cheaper" not in alone.text
    assert steps.heard == ["search  write-ahead logging: why do they use it?"]
