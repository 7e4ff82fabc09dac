"""Rich Text documents: paragraphs, lists, tables, characters of any alphabet; hostile ones end soon."""

from pathlib import Path

import pytest

from gitkb.convert.converter import convert
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings

HEAD = rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\froman\fcharset204 Times;}}"
INFO = rb"{\info{\title The pump of 2024}{\author Ann Author}}"
FIELD = rb"{\field{\*\fldinst{HYPERLINK "


@pytest.fixture
def read(tmp_path: Path):
    def made(data: bytes, name: str = "a.rtf"):
        file = tmp_path / "file"
        file.write_bytes(data)
        return convert(file, name, ConversionSettings())

    return made


def test_paragraphs_lists_tables_and_characters_come_out(read):
    picture = rb"{\pict\pngblip " + b"89504e47" * 500 + b"}"
    found = read(
        HEAD
        + INFO
        + rb"\pard The pump of 2024\par The \b seal\b0  is gr\'f6\'dfer *now*.{\footnote In winter.}\par "
        + picture
        + rb"{\listtext\'95\tab}one\par{\listtext\'95\tab}two\par \f1\'cf\'f0\'e8\'e2\'e5\'f2\f0  \u-10179?\u-8704?\par "
        + FIELD
        + rb'"https://a.example"}}{\fldrslt a link}}\par '
        + rb"\trowd Name\cell Age\cell\row\trowd Ann\cell 4\cell\row\pard The end.\par}"
    )
    assert found.markdown == (
        "The pump of 2024\n\nThe seal is größer *now*. In winter.\n\n- one\n- two\n\nПривет 😀\n\na link\n\n"
        "| Name | Age |\n| --- | --- |\n| Ann | 4 |\n\nThe end.\n"
    ).replace("*now*", "\\*now\\*")
    assert (found.title, found.authors, found.converter) == ("The pump of 2024", ("Ann Author",), "richtext/1")


@pytest.mark.parametrize(
    "data",
    [
        HEAD + FIELD * 3_000 + b"words}",
        HEAD + (FIELD + b'"' * 5 + b"}} { ") * 2_000 + b"words}",
        rb"{\rtf1{\fonttbl" + rb"\f1" * 60_000 + b"}words}",
        HEAD + b"{" * 50_000 + b"words",
        HEAD + rb"\u99999999999 words\uc words}",
        HEAD + rb"\pict\bin" + b"9" * 6_000 + b" words}",
        HEAD + rb"\ansicpg65001\'ff words}",
        HEAD + rb"\ansicpghex words}",
    ],
    ids=["fields", "links", "fonts", "groups", "numbers", "binary", "code page", "no code page"],
)
def test_hostile_documents_are_read_or_refused(read, data):
    try:
        assert "words" in read(data).markdown
    except ConversionError as error:
        assert error.message and error.hint


def test_rich_text_with_another_ending_is_named(read):
    with pytest.raises(ConversionError, match="Rich Text") as error:
        read(HEAD + rb"words\par}", "a.txt")
    assert "Rename it to a.rtf" in error.value.hint


def test_a_document_that_is_cut_off_says_so(read):
    whole = HEAD + rb"The first words.\par A brace \{ here.\par The last words.\par}"
    assert "missing" not in read(whole).markdown
    assert read(whole[:-20]).markdown.endswith("(The rest of this document is missing: the file is cut off.)\n")
