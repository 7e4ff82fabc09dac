"""Merging a person's page with a new projection keeps every word of the person's and no stale one of gitkb's."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitkb.text.markdown.block_merge import merge

HEAD = "---\ntype: Concept\ntitle: WAL\naliases: [log]\n---\n"
BASE = f"""{HEAD}
# WAL

A log is written first. [p. 1](../sources/a.md#page-1)[^a]

## What the documents say

[A](../summaries/a.md)

- The log is durable. [p. 2](../sources/a.md#page-2)[^a]
- The page follows later. [p. 3](../sources/a.md#page-3)[^a]

## See also

- [Crash](crash.md)

[^a]: [A](../sources/a.md)
"""
_NEXT = BASE.replace("- The log is durable. [p. 2]", "- Readers go on meanwhile. [p. 9]")
NEW = _NEXT.replace("- [Crash]", "- [Book](book.md)\n- [Crash]")
WORDS = (
    "alpha",
    "beta gamma",
    "- item one",
    "- item two",
    "# Title",
    "## Part",
    "```\ncode\n\nmore\n```",
    "[^x]: y",
    "| a |\n|---|",
)
BLOCK = st.sampled_from(WORDS)
BODY = st.lists(BLOCK, max_size=8).map("\n\n".join).map(lambda body: f"{body}\n")
META = st.dictionaries(st.sampled_from("abc"), st.sampled_from(("x", "[p, q]", "[q]", "{k: v}")), max_size=3)
PAGE = st.builds(lambda m, b: (f"---\n{''.join(f'{k}: {v}' + chr(10) for k, v in m.items())}---\n" if m else "") + b, META, BODY)


@settings(deadline=None)
@given(PAGE, PAGE)
def test_one_changed_side_is_taken_as_it_is(base: str, changed: str) -> None:
    assert merge(base, base, changed).text == changed
    assert merge(base, changed, base).text == changed
    assert merge(base, changed, changed).text == changed


@settings(deadline=None)
@given(PAGE, PAGE, st.lists(BLOCK, min_size=1, max_size=4), st.integers(0, 8))
def test_a_notes_section_survives_every_projection(base: str, theirs: str, notes: list[str], where: int) -> None:
    section = "## Notes\n\nMine alone.\n\n" + "\n\n".join(n for n in notes if not n.startswith("#"))
    head, fence, body = base.rpartition("---\n") if base.startswith("---\n") else ("", "", base)
    blocks = body.split("\n\n")
    ours = head + fence + "\n\n".join([*blocks[:where], section.rstrip(), *blocks[where:]]) + "\n"
    merged = merge(base, ours, theirs).text
    for line in section.split("\n"):
        assert line in merged.split("\n")
    assert merge(theirs, merged, theirs).text == merged


@settings(deadline=None)
@given(PAGE, PAGE, PAGE)
def test_merging_is_stable_once_the_projection_is_the_base(base: str, ours: str, theirs: str) -> None:
    merged = merge(base, ours, theirs).text
    assert merge(theirs, merged, theirs).text == merged


def test_what_the_person_added_stays_where_it_was() -> None:
    ours = BASE.replace("- The page follows", "- My own claim.\n- The page follows")
    merged = merge(BASE, ours, NEW)
    assert merged.text == NEW.replace("- The page follows", "- My own claim.\n- The page follows")
    assert merged.clashes == ()


def test_what_the_person_deleted_stays_deleted_and_what_gitkb_dropped_goes() -> None:
    ours = BASE.replace("- The page follows later. [p. 3](../sources/a.md#page-3)[^a]\n", "")
    merged = merge(BASE, ours, NEW).text
    assert "page follows" not in merged
    assert "durable" not in merged
    assert "Readers go on" in merged


def test_an_edited_claim_keeps_the_persons_words_and_is_named() -> None:
    ours = BASE.replace("The log is durable.", "The log is durable at once.")
    merged = merge(BASE, ours, NEW)
    assert "durable at once" in merged.text
    assert "The log is durable. " not in merged.text
    assert [clash[:21] for clash in merged.clashes] == ["- The log is durable."]


def test_an_edited_claim_that_gitkb_leaves_alone_is_no_clash() -> None:
    ours = BASE.replace("The page follows later.", "The page may follow later.")
    merged = merge(BASE, ours, NEW)
    assert merged.text == NEW.replace("The page follows later.", "The page may follow later.")
    assert merged.clashes == ()


def test_lists_of_the_front_matter_merge_as_sets() -> None:
    base, ours, theirs = (HEAD.replace("[log]", value) for value in ("[log, old]", "[log, mine]", "[log, old, theirs]"))
    assert merge(base, ours, theirs).text == HEAD.replace("[log]", "[log, theirs, mine]")


def test_keys_of_the_person_stay_and_a_key_changed_by_both_is_a_clash() -> None:
    ours = HEAD.replace("title: WAL", "title: My WAL\nowner: me")
    merged = merge(HEAD, ours, HEAD.replace("title: WAL", "title: Logging"))
    assert merged.text == ours
    assert merged.clashes == ("front matter: title",)


@pytest.mark.parametrize("end", ["", "\n\nLast words."])
def test_a_block_that_both_sides_added_stands_once(end: str) -> None:
    added = BASE.replace("## See also", "## Open questions\n\nWhy?\n\n## See also")
    merged = merge(BASE, added + end, added.replace("[Crash]", "[Crash now]")).text
    assert merged.count("Why?") == merged.count("## Open questions") == 1
    assert "[Crash now]" in merged


def test_a_claim_that_stays_is_parted_from_footnotes_that_it_did_not_stand_before() -> None:
    base = "# A\n\n- One is so.[^a]\n\n[^a]: A\n"
    merged = merge(base, base.replace("One", "Mine"), "# A\n\n- One is so.[^b]\n\n[^b]: B\n")
    assert merged.text == "# A\n\n- Mine is so.[^a]\n\n[^b]: B\n"


def test_fenced_code_is_one_block() -> None:
    base = "# A\n\n```\nx\n\n- y\n```\n\ntext\n"
    merged = merge(base, base.replace("- y", "- z"), base.replace("text", "other words"))
    assert merged.text == "# A\n\n```\nx\n\n- z\n```\n\nother words\n"
