"""Front matter: what is written reads back, and what hostile pages hold is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkb.errors import FormatError
from gitkb.text.markdown.frontmatter import join, split

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)
VALUE = st.one_of(
    TEXT,
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.lists(TEXT, max_size=4),
    st.lists(st.dictionaries(TEXT, TEXT, min_size=1, max_size=3), min_size=1, max_size=3),
    st.dictionaries(TEXT, TEXT, min_size=1, max_size=3),
)
PAGE = """---
type: Concept
title: Write-ahead logging
description: The log record of a change must reach stable storage before the changed page does.
aliases: [WAL]
sources:
  - {id: notes--sqlite-wal, resource: ../sources/notes/sqlite-wal.md}
  - {id: papers--aries, resource: ../sources/papers/aries.md}
generated: {by: gitkb-extractive/1}
---

# Write-ahead logging
"""


@given(st.dictionaries(TEXT, VALUE, min_size=1, max_size=5), TEXT.map(lambda t: t.replace("\r", "")))
def test_what_is_joined_splits_into_the_same(meta: dict[str, object], body: str) -> None:
    assert split(join(meta, body)) == (meta, body)


def test_a_page_is_written_as_people_would_write_it() -> None:
    meta, body = split(PAGE)
    assert list(meta) == ["type", "title", "description", "aliases", "sources", "generated"]
    assert join(meta, body) == PAGE


def test_a_text_cannot_add_a_key_or_end_the_front_matter() -> None:
    title = "x\n---\ntype: Evil\n# heading: {a: b}"
    written = join({"title": title, "tags": ["a, b", "c]", "{d: e}"]}, "body\n")
    assert split(written) == ({"title": title, "tags": ["a, b", "c]", "{d: e}"]}, "body\n")
    assert written.count("\n") == 5


def test_unicode_and_long_lines_stay_as_they_are() -> None:
    title = "書き込みログ: 😀 " + "word " * 100 + "end"
    assert title in join({"title": title}, "")


def test_dates_stay_text() -> None:
    assert split("---\nday: 2026-09-02\nat: 2026-09-02 10:00:00\n---\n")[0] == {"day": "2026-09-02", "at": "2026-09-02 10:00:00"}


@pytest.mark.parametrize("text", ["", "# Title\n", "---\nno end\n", "text\n---\na: b\n---\n", "---\nJust prose.\n---\nmore\n"])
def test_a_page_without_front_matter_is_all_body(text: str) -> None:
    assert split(text) == ({}, text)


def test_line_ends_and_byte_order_mark_do_not_matter() -> None:
    assert split("\ufeff---\r\ntype: A\r\n---\r\nbody\r\n") == ({"type": "A"}, "body\n")


BOMB = "a: &a [x, x]\n" + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20))


@pytest.mark.parametrize(
    "header",
    [
        "a: [b",
        "- a\n- b",
        "a: !!python/object/apply:os.system [id]",
        "a: b: c",
        BOMB,
        "a: " + "[" * 5000 + "]" * 5000,
        "- " * 5000 + "a",
        "a: '" + "x" * 300_000 + "'",
        "a: \x00",
        "{[a]: b}",
    ],
)
def test_front_matter_that_is_not_plain_yaml_is_refused(header: str) -> None:
    with pytest.raises(FormatError, match="front matter"):
        split(f"---\n{header}\n---\nbody\n")


@pytest.mark.parametrize("page", ["---\n---\n---\n---\n\n", "---\n---\n---\n[\n---\n", "\ufeff\ufeffx"])
def test_a_body_that_begins_like_front_matter_stays_a_body(page: str) -> None:
    meta, body = split(page)
    assert split(join(meta, body)) == (meta, body) == ({}, body)
