"""PDF documents: text in reading order, page anchors, headings, and nothing of what the printer added."""

from pathlib import Path

import pytest

from gitkb.convert.converter import convert
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import Conversion
from tests.bad import pdfs
from tests.support import sample_files as samples

PROSE = [
    "A knowledge base is a collection of documents that people read and change over",
    "the years. It grows with every note that somebody adds, and it is only useful as",
    "long as what it says can be found again and is still true.",
]


@pytest.fixture
def read(tmp_path: Path):
    def made(data: bytes, name: str = "a.pdf") -> Conversion:
        file = tmp_path / "file"
        file.write_bytes(data)
        return convert(file, name, ConversionSettings(64 * 1024**2))

    return made


def test_lines_become_paragraphs_behind_their_page_anchor(read):
    found = read(samples.pdf([samples.pdf_lines(PROSE), samples.pdf_lines(PROSE)]))
    text = " ".join(PROSE)
    assert found.markdown == f'<a name="page-1"></a>\n\n{text}\n\n<a name="page-2"></a>\n\n{text}\n'
    assert (found.pages, found.title, found.dates) == (2, "", {"created": "2024-01-02T03:04:05Z"})


def test_running_heads_and_page_numbers_go(read):
    pages = [
        [
            (72, 760, 9, "F1", "Annual report"),
            *samples.pdf_lines([f"Page words {n} are unlike others.", *PROSE]),
            (300, 30, 9, "F1", str(n)),
        ]
        for n in range(1, 6)
    ]
    found = read(samples.pdf(pages))
    assert "Annual report" not in found.markdown
    assert all(f"Page words {n}" in found.markdown for n in range(1, 6))
    assert not [line for line in found.markdown.splitlines() if line.strip().isdigit()]


def test_a_word_broken_at_a_lines_end_is_whole_again(read):
    lines = [
        "The document describes the consequences of a long and expensive hyphen-",
        "ation of words, as printers have done it for many years.",
    ]
    assert "expensive hyphenation of words" in read(samples.pdf([samples.pdf_lines(lines)])).markdown


def test_a_sentence_over_a_page_break_stays_on_the_page_where_it_begins(read):
    first = [*PROSE, "The next sentence begins here and goes on to the end of this line of text and"]
    second = [
        "ends on the other page. After it comes another sentence of the same paragraph,",
        "which is long enough to fill two lines.",
    ]
    found = read(samples.pdf([samples.pdf_lines(first), samples.pdf_lines(second)]))
    before, after = found.markdown.split('<a name="page-2"></a>')
    assert before.rstrip().endswith("and ends on the other page.")
    assert after.strip().startswith("After it comes another")


def test_headings_come_from_the_outline(read):
    pages = [
        [(72, 740, 10, "F1", "1 Beginnings"), *samples.pdf_lines(PROSE)],
        [(72, 740, 10, "F1", "2 Ends"), *samples.pdf_lines(PROSE)],
    ]
    found = read(samples.pdf(pages, outline=[("Beginnings", 0), ("Ends", 1)]))
    assert [(h.level, h.title) for h in found.headings] == [(2, "1 Beginnings"), (2, "2 Ends")]


def test_headings_come_from_their_size_without_an_outline(read):
    page = [(72, 740, 20, "F2", "The whole title"), (72, 700, 14, "F2", "A section"), *samples.pdf_lines(PROSE, 680)]
    found = read(samples.pdf([page]))
    assert [(h.level, h.title) for h in found.headings] == [(1, "The whole title"), (2, "A section")]
    assert found.title == "The whole title"


def test_cells_in_columns_become_a_table(read):
    rows = [("Name", "Size", "Price"), ("bolt", "12", "0.10"), ("nut", "8", "0.05"), ("washer", "9", "0.02")]
    cells = [(72 + 150 * c, 600 - 14 * r, 10, "F1", cell) for r, row in enumerate(rows) for c, cell in enumerate(row)]
    found = read(samples.pdf([[*samples.pdf_lines(PROSE), *cells]]))
    assert "| Name | Size | Price |\n| --- | --- | --- |\n| bolt | 12 | 0.10 |" in found.markdown


def test_lists_and_code_are_kept_as_such(read):
    page = [
        *samples.pdf_lines(PROSE),
        *samples.pdf_lines(["\u2022 first thing", "\u2022 second thing"], 640, x=90),
        *samples.pdf_lines(["def f():", "return 1"], 600, font="F3")[:1],
        (72 + 24, 588, 10, "F3", "return 1"),
    ]
    found = read(samples.pdf([page]))
    assert "- first thing\n- second thing" in found.markdown
    assert "```\ndef f():\n    return 1\n```" in found.markdown


def test_text_that_looks_like_markup_is_escaped(read):
    found = read(samples.pdf([samples.pdf_lines(["# not a heading with <b>tags</b> and *stars* in it, really."])]))
    assert found.markdown.endswith("\\# not a heading with \\<b>tags\\</b> and \\*stars\\* in it, really.\n")


def test_a_page_that_is_a_picture_looks_like_a_scan(read):
    entries = b"/Type /XObject /Subtype /Image /Width 90 /Height 90 /ColorSpace /DeviceGray /BitsPerComponent 8"
    drawn, picture = pdfs.stream(b"q 612 0 0 792 0 0 cm /I Do Q"), pdfs.stream(b"\x80" * 8100, entries)
    with pytest.raises(ConversionError, match=r"^no text in 1 page, it looks like a scan\.$") as error:
        read(pdfs.simple(drawn, resources=b"/XObject << /I 6 0 R >>", more=[picture]))
    assert "convert.ocr" in error.value.hint


def test_pages_with_nothing_on_them_are_no_scan(read):
    with pytest.raises(ConversionError, match="its pages are empty"):
        read(samples.pdf([[], []]))


def test_truncated_documents_are_errors_or_text_but_never_nothing(read):
    data = samples.pdf([samples.pdf_lines(PROSE)])
    for size in range(20, len(data), 97):
        try:
            assert "knowledge" in read(data[:size]).markdown
        except ConversionError as error:
            assert error.message


def test_lines_of_a_left_column_are_not_short(read):
    left = [
        "Words of the first column go on",
        "from line to line. Here a sentence",
        "ends. Another follows right after",
        "it in the same paragraph.",
    ] * 4
    page = samples.pdf_lines(left, 700) + samples.pdf_lines(left, 700, x=330)
    text = read(samples.pdf([page, page])).markdown
    assert "from line to line. Here a sentence ends. Another" in text
    assert text.count("\n\n") < 12


@pytest.mark.parametrize(("password", "opens"), [("", True), ("secret", False)])
def test_documents_with_a_password_are_refused_unless_it_is_empty(read, password, opens):
    import io

    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(samples.pdf([samples.pdf_lines(PROSE)]))))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    if opens:
        assert "knowledge base" in read(out.getvalue()).markdown
    else:
        with pytest.raises(ConversionError, match="password"):
            read(out.getvalue())
