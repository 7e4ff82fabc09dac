"""How a page is cut into passages: along headings, at paragraph borders, without what surrounds claims."""

from gitkb.text.markdown.passages import MAX_PASSAGES, PASSAGE_SIZE, plain_line, read_page, readable

PAGE = """---
title: Checkpoint
aliases: [savepoint]
description: It bounds recovery.
language: en
---

# Checkpoint

Text before the sections.

## Restart

### Analysis

Reads the log.

## Undo

Writes records.
"""


def test_front_matter_and_headings_are_read() -> None:
    page = read_page(PAGE)
    assert (page.title, page.aliases, page.description, page.language) == (
        "Checkpoint",
        ("savepoint",),
        "It bounds recovery.",
        "en",
    )
    assert [(passage.headings, passage.text) for passage in page.passages] == [
        ((), "Text before the sections."),
        (("Restart", "Analysis"), "Reads the log."),
        (("Undo",), "Writes records."),
    ]


def test_a_passage_can_be_had_again_from_its_lines() -> None:
    lines = PAGE.split("\n")
    page = read_page(PAGE)
    for passage in page.passages:
        assert passage.text in "\n".join(lines[passage.line - 1 : passage.line - 1 + passage.lines])
    assert lines[page.line - 1] == "# Checkpoint"


def test_a_page_without_front_matter_has_the_title_of_its_first_heading() -> None:
    assert read_page("Title\n=====\n\nText.\n").title == "Title"


def test_front_matter_that_is_not_valid_does_not_hide_the_page() -> None:
    page = read_page("---\ntitle: [\n---\n\n# Kept\n\nText.\n")
    assert page.title == "Kept" and page.passages[-1].text.endswith("Text.")


def test_long_sections_are_cut_at_paragraphs() -> None:
    paragraph = "word " * 60
    page = read_page("# Long\n\n" + f"{paragraph}\n\n" * 20)
    assert len(page.passages) > 3
    assert all(len(passage.text) < 2 * PASSAGE_SIZE for passage in page.passages)
    assert sum(passage.text.count("word") for passage in page.passages) == 1_200


def test_passages_are_in_order_and_do_not_overlap() -> None:
    page = read_page("# A\n\n" + "".join(f"## {number}\n\n" + "text of it\n\n" * 300 for number in range(5)))
    ends = [passage.line + passage.lines for passage in page.passages]
    assert all(passage.line >= end for passage, end in zip(page.passages[1:], ends, strict=False))


def test_one_huge_line_is_cut_too() -> None:
    page = read_page("word " * 5_000)
    assert max(len(passage.text) for passage in page.passages) <= 3 * PASSAGE_SIZE


def test_a_page_of_very_many_headings_has_a_bounded_number_of_passages() -> None:
    page = read_page("# x\n\ny\n\n" * (MAX_PASSAGES + 500))
    assert len(page.passages) <= 3 * MAX_PASSAGES


def test_code_is_text_and_its_comments_are_no_headings() -> None:
    (passage,) = read_page("# Title\n\n```sh\n# not a heading\ngit log\n```\n").passages
    assert passage.headings == () and "# not a heading\ngit log" in passage.text


def test_see_also_is_not_read() -> None:
    assert [p.headings for p in read_page("# T\n\ntext\n\n## See also\n\n- [Z](z.md)\n\n## Next\n\nmore\n").passages] == [
        (),
        ("Next",),
    ]


def test_places_notes_anchors_and_rules_are_no_text() -> None:
    claim = "A claim. [p. 97](../sources/papers/aries.md#page-97)[^papers--aries]"
    assert plain_line(claim) == "A claim."
    assert plain_line("[^papers--aries]: [ARIES](../sources/papers/aries.md)") == ""
    assert plain_line('<a name="page-97"></a>') == plain_line("| --- | :-: |") == plain_line("***") == ""


def test_readable_text_has_no_signs_and_single_blanks() -> None:
    assert readable(["- **bold**  and `code`", "> said", "```sh", "| a | b |"]) == "bold and code said a b"
