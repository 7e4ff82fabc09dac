"""Taking the running text out of Markdown."""

from gitkb.text.markdown.prose import CODE_CLOSE, CODE_OPEN, inline_text, passages, plain


def _texts(markdown: str) -> list[str]:
    return [plain(passage.text) for passage in passages(markdown)]


def test_code_tables_html_and_headings_are_no_prose() -> None:
    markdown = (
        "# Head\n\nA first line\nand its second.\n\n```rust\nlet x = 1;\n```\n\n    indented code\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n<div>box</div>\n\n[ref]: http://x.org\n\nSetext\n------\n\nLast words.\n"
    )
    assert _texts(markdown) == ["A first line and its second.", "Last words."]


def test_items_and_quotes_are_read_with_their_lines() -> None:
    found = list(passages("Intro.\n\n- One item\n  that goes on\n- Another\n\n> Quoted text.\n"))
    assert [(p.text, p.kind, p.line) for p in found] == [
        ("Intro.", "paragraph", 1),
        ("One item that goes on", "item", 3),
        ("Another", "item", 5),
        ("Quoted text.", "paragraph", 7),
    ]


def test_page_anchors_name_what_follows() -> None:
    found = list(passages('<a name="page-1"></a>\n\nOne.\n\n<a name="page-2"></a>\nTwo.\n'))
    assert [(p.text, p.page) for p in found] == [("One.", "page-1"), ("Two.", "page-2")]


def test_inline_markup_goes_and_code_is_marked() -> None:
    text, emphasised = inline_text(
        "A **bold *thing*** with `code *x*`, a [link](http://x.org/a_(b)) and [ref][1].[^2] ![pic](p.png) &amp; \\*star"
    )
    assert plain(text) == "A bold thing with code *x*, a link and ref. & *star"
    assert f"{CODE_OPEN}code *x*{CODE_CLOSE}" in text
    assert "thing" in " ".join(emphasised)


def test_underscores_inside_words_stay() -> None:
    assert inline_text("the pg_dump_all tool and _this_ word")[0] == "the pg_dump_all tool and this word"


def test_an_open_fence_hides_the_rest_and_nothing_fails() -> None:
    assert _texts("Before.\n\n```\nnever closed\n\ntext\n") == ["Before."]
    assert _texts("") == []


def test_a_heading_that_runs_into_its_text_is_no_sentence_of_it() -> None:
    found = list(passages("**Leak codes.** The panel shows a code for each leak.\n\n**Seal:** ring.\n\n**A seal** is a ring.\n"))
    assert [passage.text for passage in found] == ["The panel shows a code for each leak.", "Seal: ring.", "A seal is a ring."]
    assert found[0].emphasised == ("Leak codes.",)


def test_a_line_in_bold_of_its_own_is_no_part_of_the_sentence_below_it() -> None:
    found = list(passages("> **Osservazione**\n> Nel caso di una uguaglianza il join è naturale.\n\n**Two** words.\n"))
    assert [passage.text for passage in found] == ["Nel caso di una uguaglianza il join è naturale.", "Two words."]


def test_a_line_break_at_the_end_of_a_text_leaves_no_backslash() -> None:
    assert inline_text("the attributes of a relation\\")[0] == "the attributes of a relation"
    assert inline_text("one\\\ntwo")[0] == "one two"
