"""The parts that all formats share: anchors, escaping, endings, titles."""

import pytest

from gitkb.convert.formats import ENDINGS, supported
from gitkb.convert.outline import outline, plain_text
from gitkb.convert.tables import escape, paragraph, table


def test_anchors_are_githubs_and_unique():
    text = "# A B\n\n## A B\n\n## A-b 1\n\n```\n# no\n```\n\n## `code` & *more*!\n\nSetext\n------\n\n# A B\n"
    assert [(h.level, h.anchor, h.line) for h in outline(text)] == [
        (1, "a-b", 1),
        (2, "a-b-1", 3),
        (2, "a-b-1-1", 5),
        (2, "code--more", 11),
        (2, "setext", 13),
        (1, "a-b-2", 16),
    ]


def test_headings_of_any_script_have_anchors():
    assert [h.anchor for h in outline("# Größe & Maß\n\n# データベース\n")] == ["größe--maß", "データベース"]


def test_plain_text_has_no_markup():
    assert plain_text("A [link](x.md) with `code_x` and **bold** &amp; \\*star") == "A link with code_x and bold & *star"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("snake_case and 2 * 3", "snake_case and 2 * 3"),
        ("*bold*", "\\*bold\\*"),
        ("a < b and <b>", "a < b and \\<b>"),
        ("_CRS objects", "_CRS objects"),
        ("_really_", "\\_really\\_"),
        ("see [1](x)", "see [1]\\(x)"),
    ],
)
def test_only_markup_is_escaped(text, wanted):
    assert escape(text) == wanted
    assert plain_text(escape(text)) == text


@pytest.mark.parametrize("text", ["# a", "- a", "+ a", "> a", "1. a", "12) a", "---", "===="])
def test_no_paragraph_begins_another_block(text):
    assert outline(paragraph(text)) == ()
    assert plain_text(paragraph(text)) == text


def test_tables_have_the_same_cells_in_each_row():
    assert table([["a|b", "c", ""], ["d"], ["", ""], ["e\n\nf", "g"]]) == "| a\\|b | c |\n| --- | --- |\n| d |  |\n| e<br>f | g |"


def test_endings_decide_what_is_scanned():
    assert all(supported(f"x{ending.upper()}", asked=True, ocr=True) for ending in ENDINGS)
    assert supported("a.MD") and not supported("package.json") and not supported("a.yml")
    assert supported("a.png", ocr=True) and not supported("a.png", asked=True)
    assert supported("README") and supported("notes of 3. May")
    assert not supported("slides.key") and not supported("x.tar.gz")
