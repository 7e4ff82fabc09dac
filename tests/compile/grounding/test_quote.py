"""Quotes are found again whatever white space, markup and Unicode forms say, and only if words and numbers are the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitkb.compile.grounding.quote import SourceText, numbers, readable

TEXT = """# Logs

A **write-ahead** log is described in [the paper](https://example.org/a.pdf), it holds `log_records` &amp; more.[^1]
PDF text has dis-
tributed words, ﬁne “ligatures”, soft\u00adhyphens and a long line that goes
on. See Ref. [12] for the limits. The limit is 1.5 GB, not 15 GB; the lowest is -3 and the area is 10² m.

The server must not be stopped while the log is written.

データベースは変更をログに書き込む。ログは安定した記憶域に届く。

## Second

The limit is 9.5 GB here.
"""


def found(quote: str, first: int = 1, last: int = 0) -> str | None:
    source = SourceText(readable(TEXT))
    span = source.find(quote, first, last)
    return None if span is None else " ".join(source.text[span.start : span.end].split())


@pytest.mark.parametrize(
    "quote",
    [
        "A write-ahead log is described in the paper",
        "a *write-ahead* log is described in [the paper](elsewhere.md), it holds log_records & more",
        'PDF text has distributed words, fine "ligatures", softhyphens and a long line',
        "PDF text has dis-tributed words,   ﬁne",
        "See Ref. for the limits.",
        "The limit is 1.5 GB, not 15 GB",
        "the lowest is −3 and the area is 10² m",
        "データベースは変更をログに書き込む",
        "ログは安定した",
        "A write-ahead log ... holds log_records",
        "The server must […] while the log is written",
    ],
)
def test_a_quote_is_found_in_whatever_form_it_was_copied(quote: str) -> None:
    assert found(quote) is not None


@pytest.mark.parametrize(
    "quote",
    [
        "A write-behind log is described in the paper",
        "The limit is 15 GB, not 15 GB",
        "The limit is 1.5 GB, not 1.5 GB",
        "The limit is 5 GB here",
        "the lowest is 3 and the area",
        "the area is 102 m. The server",
        "he server must not be stopped",
        "The server must be stopped while the log is written",
        "on. See",
        "the log is written ... A write-ahead log",
        "A write-ahead log ... The limit is 9.5 GB here",
        "",
        "...",
    ],
)
def test_what_does_not_stand_there_is_not_found(quote: str) -> None:
    assert found(quote) is None


def test_what_an_ellipsis_leaves_out_is_part_of_what_was_found() -> None:
    assert found("The server must ... be stopped while") == "The server must not be stopped while"


def test_a_quote_is_looked_for_between_the_lines_that_a_model_was_shown() -> None:
    assert found("The limit is 9.5 GB here.", 13) == "The limit is 9.5 GB here"
    assert found("The limit is 9.5 GB here.", 1, 13) is None
    assert found("A write-ahead log is described", 4) is None


def test_the_same_words_are_found_where_the_numbers_are_the_same() -> None:
    source = SourceText("The limit is 15 GB in the first version.\n\nThe limit is 1.5 GB in the first version.\n")
    span = source.find("The limit is 1.5 GB in the first version.")
    assert span is not None
    assert span.line == 3


def test_a_sentence_goes_on_over_the_head_of_the_next_page() -> None:
    pages = (
        'The log record must reach stable\n\n<a name="page-2"></a>\n\n2 Chapter One\n\nstorage before the changed page does.\n'
    )
    quote = "The log record must reach stable storage before the changed page does."
    assert SourceText(readable(pages), (3,)).find(quote) is not None
    assert SourceText(readable(pages)).find(quote) is None
    negated = SourceText(readable(pages.replace("stable\n", "not\n").replace("storage", "stable storage")), (3,))
    span = negated.find("The log record must reach stable storage before the changed page does.")
    assert span is not None
    assert "must reach not" in negated.text[span.start : span.end]


def test_numbers_are_read_with_sign_separators_and_percent() -> None:
    assert numbers("from -3 to 1.5, 10–20 pages, 5 %, 1,000 rows, 10:30, [12], x86_64") == [
        "-3", "1.5", "10", "20", "5%", "1000", "10:30", "86", "64",
    ]  # fmt: skip


@given(st.text(max_size=300), st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_text_can_be_searched_and_keeps_its_lines(text: str, quote: str) -> None:
    shown = readable(text)
    assert shown.count("\n") == text.count("\n")
    source = SourceText(shown)
    span = source.find(quote)
    assert span is None or 0 <= span.start <= span.end <= len(shown)


@given(st.lists(st.from_regex(r"[A-Za-zäöüé]{2,9}[,;]?", fullmatch=True), min_size=6, max_size=40), st.data())
@settings(max_examples=100, deadline=None)
def test_whatever_was_copied_is_found_where_it_stands(words: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(words) - 6))
    source = SourceText(readable("\n".join([" ".join(words[:start]), " ".join(words[start:])])))
    quote = " ".join(words[start : start + 6]).upper().lower()
    span = source.find(quote)
    assert span is not None
