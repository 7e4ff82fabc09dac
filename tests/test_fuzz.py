"""Whatever a parser of gitkb's own is given, it answers or raises what it declares (`support/fuzz_targets.py`)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fuzz_targets import TARGETS

MARKS = (
    *("---\n", "\n", "\n\n", " ", "  ", "\t", "# ", "## Notes\n", "- ", "* ", "1. ", "> ", "|", "|---|", "```", "~~~\n", "`"),
    *("*", "_", "~", "[", "]", "(", ")", "](", "![", "[^", "[^a]: ", "[[", "]]", "<", ">", "</a>", '<a name="x">', "<!--"),
    *("-->", "&amp;", "&", "\\", "http://a.b/c", "javascript:", "../", "..", "/", "%2e", "#page-1", ".md", ":", ": ", "{", "}"),
    *('"', "'", ",", "!!", "&x ", "*x ", "\r", "\r\n", "\0", "\x1b[2J", "\x85", "\u2028", "\u202e", "\ufeff", "\u200c", "\ud800"),
    *("\U0001f600", "ß", "İ", "木", "e\u0301", "title: ", "format: 1\n", '{"format":1,', '"a":', "[1,", "null", "1e999"),
    *("generated: {by: gitkb-extractive/1, content: 0}\n", "p. 1", "Raft", "write-ahead", "DIRC\0\0\0\2", "\x1d", "@a", "#1"),
    *("x" * 300, "-", "word "),
)
TEXTS = st.lists(st.sampled_from(MARKS) | st.text(max_size=8), max_size=40).map("".join) | st.text()


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(text=TEXTS)
def test_any_text_is_answered_or_refused_as_declared(name: str, text: str) -> None:
    TARGETS[name](text)
