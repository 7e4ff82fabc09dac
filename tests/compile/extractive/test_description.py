"""The one sentence that says what a document is."""

import pytest

from gitkb.compile.extractive.compiler import digest
from gitkb.model.documents import Conversion, Heading


def _description(text: str, title: str = "Locks", stated: str = "") -> str:
    conversion = Conversion(
        f"# {title}\n\n{text}\n", "text/markdown", "m/1", headings=(Heading(1, title, "top", 1),), description=stated
    )
    return digest(conversion, name="x.md").description


def test_the_document_may_speak_of_itself() -> None:
    text = (
        "This manual describes how locks protect data. A thread that holds a lock keeps all of the other threads out of the data."
    )
    assert _description(text) == "This manual describes how locks protect data."


def test_a_manual_pages_purpose_line_is_its_description() -> None:
    text = "DROP INDEX — remove an index\n\nThe command removes an existing index from the database system of the user."
    assert _description(text, "DROP INDEX") == "DROP INDEX — remove an index."


def test_the_documents_own_description_wins_and_becomes_a_sentence() -> None:
    assert (
        _description("A lock is a mechanism that keeps other threads out of the data.", stated="How locks work")
        == "How locks work."
    )


@pytest.mark.parametrize("stated", ["a | table | row of it", "Locks", "x" * 300, "Copyright 2003 by the authors of it"])
def test_a_bad_description_of_its_own_is_not_taken(stated: str) -> None:
    sentence = "A lock is a mechanism that keeps other threads out of the data."
    assert _description(sentence, stated=stated) == sentence


def test_badges_and_links_are_no_description() -> None:
    text = "[![](https://x.org/badge.svg)](https://x.org)\n\nA small library of locks for programs that have many threads."
    assert _description(text) == "A small library of locks for programs that have many threads."


def test_a_document_of_a_few_words_is_described_by_them() -> None:
    assert _description("- one\n- two\n\n```\ncode\n```") == "one, two."


def test_a_document_without_words_has_none() -> None:
    assert _description("```\ncode\n```") == ""


def test_what_a_program_says_of_itself_is_no_description() -> None:
    sentence = "A lock is a mechanism that keeps other threads out of the data."
    assert _description(sentence, stated="generated using python-pptx") == sentence


def test_rows_of_figures_are_no_description() -> None:
    assert _description("Totals 12 7 88 7 240 3 31 14 371 20 of.\n") == ""


def test_a_sentence_that_leads_on_to_code_is_the_last_resort() -> None:
    assert _description("Tuples can be taken apart as follows:\n\n```\ncode\n```", "Tuples") == "Tuples can be taken apart."
