"""Sentences of an answer that their places bear out pass, the others are found; what cannot be judged is left alone."""

import pytest

from gitkb.commands.answer.borne_out import held
from gitkb.commands.answer.citations import Citations
from gitkb.commands.answer.page_reader import Pages
from gitkb.commands.answer.saved_answer import CUT, exploration_of
from gitkb.errors import UsageError
from gitkb.model.answers import Answer, Chat, Quoted
from tests.support.memory_tree import FilesTree

TEXT = """---
title: Write-ahead logging
---

# Write-ahead logging

## Flushing

The log is flushed to disk before the pages of a table are written. A group commit flushes the log once for 20 transactions.

## Archiving

Segments of the log are copied to the archive when they are full. They are never deleted before that.
"""
FLUSHING, ARCHIVING = "[Flushing](sources/wal.md#flushing)", "[Archiving](sources/wal.md#archiving)"


def found(text: str) -> list[str]:
    return list(held(text, citations())[1])


def citations() -> Citations:
    return Citations(Pages(FilesTree({"wiki/index.md": "# KB\n", "wiki/sources/wal.md": TEXT})))


def test_the_words_that_bear_a_sentence_out_are_told_with_their_place() -> None:
    sentence = f"The log is flushed once for 20 transactions by a group commit {FLUSHING}."
    words = "A group commit flushes the log once for 20 transactions."
    assert held(sentence, citations()) == ((Quoted(sentence, words, "sources/wal.md#flushing"),), ())


@pytest.mark.parametrize(
    "sentence",
    [
        f"The log is flushed to disk before pages are written {FLUSHING}.",
        f"The log is flushed to disk before pages are written. {FLUSHING}",
        f"A group commit flushes the log once for 20 transactions ({FLUSHING}).",
        f"Segments of the log are never deleted before they are copied to the archive {ARCHIVING}.",
        f"- **Full segments** of the log are copied to the archive {ARCHIVING}.",
        f"Das Protokoll wird auf die Platte geschrieben, bevor die Seiten einer Tabelle geschrieben werden {FLUSHING}.",
        "The moon is made of cheese, which nobody cites.",
    ],
)
def test_what_its_place_says_passes(sentence: str) -> None:
    assert found(sentence) == []


@pytest.mark.parametrize(
    "sentence",
    [
        f"A group commit flushes the log once for 30 transactions {FLUSHING}.",
        f"Segments of the log are deleted by the archive after seven days {ARCHIVING}.",
        f"Oracle flushes the log to disk before the pages of a table are written {FLUSHING}.",
        f"Write-ahead logging improves the throughput of modern distributed databases considerably. {FLUSHING}",
    ],
)
def test_what_its_place_does_not_say_is_found(sentence: str) -> None:
    good = f"The log is flushed to disk before the pages of a table are written {FLUSHING}."
    assert found(f"{good} {sentence} {good}") == [sentence]


def test_code_headings_and_tables_are_no_sentences() -> None:
    assert (
        found(f"# Thirty transactions {FLUSHING}\n\n```\nThirty transactions fail {FLUSHING}.\n```\n\n| x | {FLUSHING} |") == []
    )


def test_an_answer_that_was_cut_off_is_never_saved_as_a_whole() -> None:
    cut = Answer("What is it?", "It is", "c0ffee", "m", cut=True, cut_by="length")
    with pytest.raises(UsageError, match="cut off"):
        exploration_of(cut)
    chat = Chat("id").after(cut)
    assert chat.last is None and CUT in exploration_of(chat).said[0].answer
