"""Conversations in files: kept whole, for their owner alone, and checked when they come from somebody else."""

import json
import os
import stat
from pathlib import Path

import pytest

from gitkb.commands.answer.chats import Chats
from gitkb.errors import FormatError, NotFound, RepositoryError
from gitkb.model.answers import Answer, Chat

TURN = {"question": "q", "answer": "a", "model": "", "commit": "", "time": "", "stopped": False}


def _kept(chats: Chats, *questions: str) -> Chat:
    chat = Chats.new()
    for question in questions:
        chat = chats.save(chat.after(Answer(question, f"To {question}.", "c0ffee", "a model")))
    return chat


def test_a_conversation_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    chat = _kept(Chats(tmp_path / "chats"), "One?", "Zwei? 日本")
    found = Chats(tmp_path / "chats").load(chat.id)
    assert found == chat and [said.answer for said in found.said] == ["To One?.", "To Zwei? 日本."]
    assert found.last is not None and found.last.question == "Zwei? 日本"


@pytest.mark.skipif(os.name != "posix", reason="rights of files are POSIX")
def test_only_the_owner_can_read_it_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    chat = _kept(Chats(tmp_path / "chats"), "One?")
    assert [file.name for file in (tmp_path / "chats").iterdir()] == [f"{chat.id}.json"]
    assert stat.S_IMODE((tmp_path / "chats" / f"{chat.id}.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "chats").stat().st_mode) == 0o700


def test_the_last_one_or_a_unique_beginning_names_it(tmp_path: Path) -> None:
    chats = Chats(tmp_path)
    for number, name in enumerate(("20260101-a", "20260102-b")):
        chats.save(Chat(name).after(Answer("q", "a", "c")))
        os.utime(tmp_path / f"{name}.json", (number, number))
    assert chats.load().id == "20260102-b" and chats.load("20260101").id == "20260101-a"
    with pytest.raises(NotFound, match="may be"):
        chats.load("2026")
    with pytest.raises(NotFound):
        chats.load("../20260101-a")
    assert chats.delete("20260101") == "20260101-a"
    assert [chat.id for chat in chats.all() if isinstance(chat, Chat)] == ["20260102-b"]


def test_two_who_go_on_with_one_conversation_lose_nothing(tmp_path: Path) -> None:
    first = _kept(Chats(tmp_path), "One?")
    here, there = Chats(tmp_path), Chats(tmp_path)
    mine, theirs = here.load(first.id), there.load(first.id)
    mine = here.save(mine.after(Answer("Mine?", "Yes.", "c")))
    theirs = there.save(theirs.after(Answer("Theirs?", "Yes.", "c")))
    assert mine.id == first.id and theirs.id != first.id
    assert [turn.question for turn in Chats(tmp_path).load(mine.id).turns] == ["One?", "Mine?"]
    assert [turn.question for turn in Chats(tmp_path).load(theirs.id).turns] == ["One?", "Theirs?"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no json",
        "[" * 100_000,
        "[]",
        json.dumps({"format": 2, "id": "x", "turns": []}),
        json.dumps({"format": 1, "id": "../../x", "turns": []}),
        json.dumps({"format": 1, "id": "x", "turns": "no"}),
        json.dumps({"format": 1, "id": "x", "turns": [TURN | {"answer": 1}]}),
        json.dumps({"format": 1, "id": "x", "turns": [TURN | {"more": "x"}]}),
        json.dumps({"format": 1, "id": "x", "turns": [{"question": "q"}]}),
    ],
)
def test_a_file_that_is_no_conversation_is_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(FormatError, match="The conversation x cannot be used"):
        Chats(tmp_path).load("x")
    assert [type(each) for each in Chats(tmp_path).all()] == [FormatError]
    assert Chats(tmp_path).delete("x") == "x"


@pytest.mark.skipif(os.name != "posix", reason="links and pipes are POSIX")
def test_links_and_pipes_are_neither_followed_nor_waited_for(tmp_path: Path) -> None:
    chats = Chats(tmp_path / "chats")
    outside = tmp_path / "outside.json"
    outside.write_text(json.dumps({"format": 1, "id": "x", "turns": [TURN]}))
    (tmp_path / "chats").mkdir()
    (tmp_path / "chats" / "x.json").symlink_to(outside)
    os.mkfifo(tmp_path / "chats" / "y.json")
    for name in ("x", "y"):
        with pytest.raises(FormatError):
            chats.load(name)
    (tmp_path / "link").symlink_to(tmp_path / "chats")
    with pytest.raises(RepositoryError, match="link"):
        _kept(Chats(tmp_path / "link"), "One?")
