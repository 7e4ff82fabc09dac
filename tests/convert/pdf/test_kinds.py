"""PDFs of kinds that were read wrongly once, each a small file below tests/data/pdf, beside those that are made here."""

import io
import re
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter, Transformation
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

from gitkb.compile.extractive.summary import document_title
from gitkb.convert.converter import convert
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import Conversion
from tests.bad import pdfs
from tests.support import sample_files as samples

DATA = Path(__file__).parents[2] / "data/pdf"
PROSE = [
    "A knowledge base is a collection of documents that people read and change over",
    "the years. It grows with every note that somebody adds, and it is only useful as",
    "long as what it says can be found again and is still true.",
]


def of_file(name: str) -> Conversion:
    return convert(DATA / name, name, ConversionSettings(1 << 24))


def title_of(name: str) -> str:
    return document_title(of_file(name), name).text


def body(name: str) -> str:
    return of_file(name).markdown.removeprefix('<a name="page-1"></a>').strip()


@pytest.fixture
def read(tmp_path: Path):
    def made(data: bytes) -> Conversion:
        file = tmp_path / "file"
        file.write_bytes(data)
        return convert(file, "a.pdf", ConversionSettings(1 << 24))

    return made


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("stamp.pdf", "How Newts Find Their Pond"),
        ("title_mark.pdf", "A Long Walk through the Valley of the Kent"),
        ("meta_title.pdf", "How Newts Hear"),
        ("cover-page.pdf", "Twin Pumps: Quiet Water for Small Clinics"),
        ("stale-metadata.pdf", "Twin Pumps: Quiet Water for Small Clinics"),
        ("2023 Q1 Lund.pdf", "2023 Q1 Lund"),
        ("2023 Q1 Malmo.pdf", "2023 Q1 Malmo"),
    ],
)
def test_the_title_is_the_largest_line_that_is_one(name, title):
    assert title_of(name) == title


def test_a_turned_stamp_is_no_heading(read):
    headings = [(heading.level, heading.title) for heading in of_file("stamp.pdf").headings]
    assert headings == [(1, "How Newts Find Their Pond"), (2, "Abstract"), (2, "1 Introduction")]
    assert body("stamp.pdf").endswith("\n\npreprint:2401.01234v2 [bio.NW] 3 Jan 2024")


def test_the_mark_of_a_footnote_is_no_part_of_a_title():
    assert body("title_mark.pdf").startswith("# A Long Walk through the Valley of the Kent\n\nThe river Kent")


def test_columns_that_are_drawn_row_by_row_follow_each_other():
    left, right = body("cols_dense.pdf").split("\n\n")
    assert left.startswith("Rivers carry sand and silt from the hills to the sea. Where the current slows, the load sinks")
    assert right.startswith("Engineers straighten channels to make room for ships. A straight river runs faster and digs")
    assert "Engineers" not in left and "Rivers" not in right


def test_short_columns_of_prose_are_no_table_and_a_sentence_goes_on_in_the_next():
    text = body("cols_short.pdf")
    assert text.startswith("# Herons in Winter\n\nThe heron stands in the shallow water and waits for a fish. It does not move")
    assert "a new place and begins again. In winter the pond is frozen, and herons fly" in text
    assert "|" not in text and text.count("\n\n") == 1


def test_links_to_the_web_are_kept():
    assert body("links.pdf") == (
        "The full data set is [here](https://example.org/data.csv) and the manual is there. "
        "Nothing else matters on this page of plain words."
    )


def test_the_hyphen_of_a_compound_is_kept_at_the_end_of_a_line():
    assert body("hyphen.pdf") == (
        "# The mill\n\nThe old miller lived in the house with his wife, his daughter and his son-in-law until the year in which "
        "the railway came. Later it was sold to a well-known painter who liked the light of the north."
    )


def test_letters_with_a_bracket_are_items_below_the_number_before():
    assert body("letters.pdf") == (
        "# Leaving\n\nBefore you leave, do the following:\n\n"
        "1. Lock the doors.\n   - a) the front door\n   - b) the back door\n2. Feed the cat."
    )


def test_columns_of_figures_that_stand_close_are_a_table():
    rows = ["| Task | A | B | C | D |", "| --- | --- | --- | --- | --- |", "| Sort | 0.91 | 0.40 | 0.35 | 0.80 |"]
    rows += [
        "| Merge | 0.88 | 0.42 | 0.31 | 0.77 |",
        "| Split | 0.79 | 0.55 | 0.28 | 0.69 |",
        "| Join | 0.83 | 0.47 | 0.30 | 0.72 |",
    ]
    assert body("table_narrow.pdf") == "# Scores\n\n" + "\n".join(rows)


def test_text_outside_of_the_page_is_left_out():
    assert body("offpage.pdf") == "Visible words of the page."


def test_numbers_of_glyphs_are_read_as_the_letters_that_are_meant():
    assert body("shifted.pdf") == (
        "The parish council met on Monday in the old school. Seven members were present and two had sent word. "
        "They agreed to mend the roof before the winter. The next meeting is on the first Monday of March."
    )


def test_words_with_narrow_blanks_are_apart():
    lines = [line for line in body("tight-spaces.pdf").split("\n") if line.startswith("The ")]
    assert len(lines) == 5
    gap = re.compile(r"gap \d\d")
    assert {gap.sub("gap", line) for line in lines} == {
        "The tank size of the back hall with gap is nine litres for each block in the hall."
    }


def test_an_abstract_that_begins_its_paragraph_becomes_a_heading(read):
    first = "Abstract. We followed forty newts over three years and show that they use the smell of"
    page = [(72, 740, 20, "F2", "How Newts Walk"), *samples.pdf_lines([first, "the water to find their pond again."], 700)]
    found = read(samples.pdf([page, samples.pdf_lines(PROSE)]))
    assert [(h.level, h.title) for h in found.headings][:2] == [(1, "How Newts Walk"), (2, "Abstract")]
    assert "\n\nWe followed forty newts over three years and show that they use the smell of the water to find" in found.markdown


def test_a_caption_does_not_break_the_sentence_around_it(read):
    lines = [*PROSE[:1], "the years and the sentence that begins here is parted by a figure which stands between its"]
    after = ["halves, and goes on below the figure until it ends here."]
    caption = [(150, 660, 8, "F1", "Figure 1: A newt in its pond.")]
    found = read(samples.pdf([[*samples.pdf_lines(lines), *caption, *samples.pdf_lines(after, 620)], samples.pdf_lines(PROSE)]))
    assert "stands between its halves, and goes on below" in found.markdown
    assert "\n\nFigure 1: A newt in its pond." in found.markdown


def test_a_head_over_several_columns_stands_over_each_and_signs_of_money_join_their_figures(read):
    rows = [("Cost", "178", "141"), ("Research", "3,423", "2,532"), ("Sales", "1,136", "876"), ("Total", "4,737", "3,549")]
    page = samples.pdf_lines(PROSE)
    page += [(290, 624, 10, "F2", "Year Ended"), (250, 610, 10, "F2", "Jan 2025"), (340, 610, 10, "F2", "Jan 2024")]
    for number, (name, *figures) in enumerate(rows):
        page.append((72, 596 - 14 * number, 10, "F1", name))
        for column, figure in enumerate(figures):
            page += [
                (240 + 90 * column, 596 - 14 * number, 10, "F1", "$"),
                (265 + 90 * column, 596 - 14 * number, 10, "F1", figure),
            ]
    found = read(samples.pdf([page]))
    assert (
        "|  | Year Ended | Year Ended |\n| --- | --- | --- |\n|  | Jan 2025 | Jan 2024 |\n| Cost | $178 | $141 |"
        in found.markdown
    )


def test_what_is_printed_at_the_edge_of_a_single_page_goes(read):
    page = [(72, 760, 8, "F1", "Lowland Pumps | www.example.org | Volume 8 | Issue 3"), *samples.pdf_lines(PROSE)]
    found = read(samples.pdf([[*page, (72, 40, 8, "F1", "Download date: 28 Dec 2018")]]))
    assert "Issue 3" not in found.markdown and "Download" not in found.markdown


def test_a_list_of_references_is_no_table(read):
    entries = [
        (f"[{n}]", f"A. Author and B. Writer, On the pumps of house {n}, Journal of Water,", "2019, pages 1 to 9.")
        for n in range(1, 8)
    ]
    page = [(72, 740, 14, "F2", "References")]
    for number, (label, first, second) in enumerate(entries):
        page += [(72, 710 - 28 * number, 10, "F1", label), (110, 710 - 28 * number, 10, "F1", first)]
        page.append((110, 696 - 28 * number, 10, "F1", second))
    found = read(samples.pdf([samples.pdf_lines(PROSE), page]))
    assert "|" not in found.markdown
    assert (
        "\n- [2] A. Author and B. Writer, On the pumps of house 2, Journal of Water, 2019, pages 1 to 9.\n- [3]" in found.markdown
    )


def test_an_address_in_the_font_of_code_is_no_code(read):
    page = [(72, 740, 18, "F2", "A Mill"), (72, 715, 10, "F3", "ada@mill.example.org"), *samples.pdf_lines(PROSE, 690)]
    assert "```" not in read(samples.pdf([page])).markdown


def test_a_scanned_page_among_others_is_named(read):
    entries = b"/Type /XObject /Subtype /Image /Width 9 /Height 9 /ColorSpace /DeviceGray /BitsPerComponent 8"
    drawn, picture = pdfs.stream(b"q 612 0 0 792 0 0 cm /I Do Q"), pdfs.stream(b"\x80" * 81, entries)
    with pytest.raises(ConversionError, match="looks like a scan"):
        read(pdfs.simple(drawn, resources=b"/XObject << /I 6 0 R >>", more=[picture]))
    writer, out = PdfWriter(), io.BytesIO()
    for data in (
        samples.pdf([samples.pdf_lines(PROSE)]),
        pdfs.simple(drawn, resources=b"/XObject << /I 6 0 R >>", more=[picture]),
    ):
        writer.append(PdfReader(io.BytesIO(data)))
    writer.write(out)
    assert '<a name="page-2"></a>\n\n(This page is a scan without text.)' in read(out.getvalue()).markdown


def test_an_empty_page_and_an_empty_form_are_called_so_and_what_is_filled_in_is_read(read):
    def form(value: str) -> bytes:
        writer, out = PdfWriter(clone_from=PdfReader(io.BytesIO(samples.pdf([[]])))), io.BytesIO()
        field = DictionaryObject(
            {
                NameObject("/FT"): NameObject("/Tx"),
                NameObject("/T"): TextStringObject("Owner"),
                NameObject("/V"): TextStringObject(value),
            }
        )
        fields = DictionaryObject({NameObject("/Fields"): ArrayObject([writer._add_object(field)])})
        writer._root_object[NameObject("/AcroForm")] = writer._add_object(fields)
        writer.write(out)
        return out.getvalue()

    with pytest.raises(ConversionError, match=r"^no text in the document: its page is empty\.$"):
        read(samples.pdf([[]]))
    with pytest.raises(ConversionError, match=r"^no text in the document: it is a form whose fields are empty\.$"):
        read(form(""))
    assert read(form("Ada Marsh")).markdown.endswith("- Owner: Ada Marsh\n")


def run_in(head: str, text: str, y: float, gap: float = 4) -> list[tuple[float, float, float, str, str]]:
    """A line whose beginning is in bold type."""
    width = pdf_width(head)
    return [(72, y, 10, "F2", head), (72 + width + gap, y, 10, "F1", text)]


def pdf_width(text: str) -> float:
    return sum({" ": 2.78, ".": 2.78, ":": 3.33, "i": 2.78, "l": 2.78, "t": 3.33, "m": 8.89}.get(c, 6.0) for c in text)


def test_a_heading_that_runs_into_its_text_is_set_apart_from_it(read):
    page = [
        *samples.pdf_lines([*PROSE, *PROSE], 780),
        *run_in("Leak codes.", "The panel shows a code for each leak that the pump finds, and counts", 706),
        *samples.pdf_lines(["how often it has been seen since the pump was last opened by the keeper."], 694),
        *run_in("Oil", "We change the oil in spring, before the first long run of the year.", 670, gap=9),
        *run_in("A twin pump", "has two pistons that work in turn, so that the flow never ends.", 640, gap=6),
        *run_in("3.2.1 Seals.", "Each seal is cut from one piece of rubber and lasts for about two years.", 610, gap=6),
    ]
    found = read(samples.pdf([page]))
    assert "**Leak codes.** The panel shows a code" in found.markdown
    assert "\n\n**Oil**\n\nWe change the oil" in found.markdown
    assert "\n\nA twin pump has two pistons" in found.markdown
    assert [(heading.level, heading.title) for heading in found.headings] == [(4, "3.2.1 Seals")]


def test_what_opens_an_item_in_bold_stays_so(read):
    page = [*samples.pdf_lines(PROSE, 720), *run_in("1. Seal:", "A ring of rubber between two parts.", 670)]
    assert "1. **Seal:** A ring of rubber between two parts." in read(samples.pdf([page])).markdown


def test_the_second_line_of_a_heading_that_runs_in_belongs_to_it(read):
    page = [
        *samples.pdf_lines(PROSE, 720),
        *samples.pdf_lines(["How pumps of metropolitan waterworks are kept quiet during unusually dry"], 670, font="F2"),
        *run_in("summers.", "The pistons run in oil, and the oil is changed when the days get longer", 658),
    ]
    text = "**How pumps of metropolitan waterworks are kept quiet during unusually dry summers.** The pistons run in oil"
    assert text in read(samples.pdf([page])).markdown


def turned(data: bytes, shown: int, drawn: int) -> bytes:
    """A PDF whose pages a reader shows turned by some degrees, while what is on them was drawn turned by others."""
    writer = PdfWriter(clone_from=io.BytesIO(data))
    for page in writer.pages:
        width, height = float(page.mediabox.width), float(page.mediabox.height)
        if drawn == 180:
            page.add_transformation(Transformation().rotate(180).translate(width, height))
        page.rotation = shown
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(("shown", "drawn"), [(180, 180), (180, 0), (0, 180), (90, 0), (270, 0)])
def test_a_turned_page_is_read_as_if_it_were_upright(read, shown, drawn):
    rows = [("Name", "Size"), ("bolt", "12"), ("nut", "8"), ("pin", "9")]
    cells = [(72 + 150 * c, 600 - 14 * r, 10, "F1", cell) for r, row in enumerate(rows) for c, cell in enumerate(row)]
    data = samples.pdf([[(72, 760, 20, "F2", "How Newts Hear"), *samples.pdf_lines(PROSE), *cells]])
    assert read(turned(data, shown, drawn)).markdown == read(data).markdown


def test_the_line_that_the_file_is_named_after_is_the_title_though_an_event_is_written_larger(tmp_path):
    page = [
        (300, 760, 26, "F2", "#37 PARMA 2023"),
        (72, 650, 22, "F1", "Twin Pumps & Seals"),
        (72, 620, 22, "F1", "in Small Clinics"),
        (72, 580, 12, "F1", "Ada Brook"),
    ]
    file = tmp_path / "file"
    file.write_bytes(samples.pdf([page, samples.pdf_lines(PROSE)]))
    for name, title in (
        ("Twin pumps and seals in small clinics.pdf", "Twin Pumps & Seals in Small Clinics"),
        ("Twin Pumps – and Seals in small clinics - Parma 2023 - Ada Brook.pdf", "Twin Pumps & Seals in Small Clinics"),
        ("x.pdf", "37 PARMA 2023"),
    ):
        found = convert(file, name, ConversionSettings(1 << 24))
        assert document_title(found, name).text.lstrip("#") == title


def test_what_is_printed_at_the_edge_of_a_single_page_is_no_text(read):
    text = [(72, 700 - 12 * number, 10, "F1", line) for number, line in enumerate(PROSE)]
    foot = [(72, 40, 12, "F1", "Revision: 2.4"), (280, 40, 12, "F1", "P/N 119-036"), (450, 40, 12, "F1", "10 June 2019")]
    server = [(120, 712, 9, "F1", "Downloaded from http://journal.example/ on July 12, 2017")]
    assert read(samples.pdf([[*server, *text, *foot]])).markdown == read(samples.pdf([text])).markdown


def test_a_line_of_cells_that_are_no_prints_stays_at_the_edge(read):
    text = [(72, 700 - 12 * number, 10, "F1", line) for number, line in enumerate(PROSE)]
    foot = [(72, 40, 10, "F1", "Revision: 2.4"), (280, 40, 10, "F1", "Pumps of the north"), (450, 40, 10, "F1", "10 June 2019")]
    assert "Pumps of the north" in read(samples.pdf([[*text, *foot]])).markdown


def test_a_line_of_bare_figures_at_the_edge_of_a_page_stays(read):
    text = [(72, 700 - 12 * number, 10, "F1", line) for number, line in enumerate(PROSE)]
    axis = [(72 + 90 * number, 40, 10, "F1", str(13 + number)) for number in range(4)]
    found = read(samples.pdf([[*text, *axis]])).markdown
    assert all(figure in found for figure in ("13", "14", "15", "16"))


def test_groups_in_the_head_of_a_table_stand_over_columns_of_figures_alone(read):
    places = (72, 120, 260, 330, 400, 470)
    rows = [
        ("#", "Name of the task", "Speed", "Errors", "Speed", "Errors"),
        ("No. 1", "Walk through doors", "0.58", "0.20", "0.25", "0.10"),
        ("No. 2", "Search an environment", "0.80", "0.81", "0.60", "0.61"),
        ("No. 3", "Read the posts", "1.00", "1.00", "0.90", "0.80"),
        ("No. 4", "Follow an agent", "0.60", "0.21", "0.53", "0.11"),
    ]
    lines = [(282, 700, 10, "F1", "Reader"), (422, 700, 10, "F1", "Writer")]
    lines += [
        (x, 686 - 14 * number, 10, "F1", cell) for number, row in enumerate(rows) for x, cell in zip(places, row, strict=True)
    ]
    shown = read(samples.pdf([lines])).markdown.split("\n")
    assert "| # | Name of the task | Reader | Reader | Writer | Writer |" in shown
    assert "|  |  | Speed | Errors | Speed | Errors |" in shown
    assert "| No. 4 | Follow an agent | 0.60 | 0.21 | 0.53 | 0.11 |" in shown


def test_accents_that_are_drawn_apart_belong_to_their_letters(read):
    """As old fonts of TeX have them: an accent is a character of its own, above the letter."""
    lines = [(72, 700, 10, "F1", "She works in Montr"), (157.5, 700, 10, "F1", "eal with Jan Kova"), (158.7, 700, 10, "F1", "´")]
    text = read(samples.pdf([[*lines, *[(72, 680 - 12 * n, 10, "F1", line) for n, line in enumerate(PROSE)]]])).markdown
    assert "She works in Montréal with Jan Kova" in text
    alone = read(samples.pdf([[(72, 700, 10, "F1", "The sign ´ stands alone and ` as well between these words.")]])).markdown
    assert "The sign ´ stands alone" in alone


def test_two_single_quotes_are_a_double_one(read):
    assert (
        "taking up what is called “the duty” of a firm"
        in read(samples.pdf([[(72, 700, 10, "F1", "They were taking up what is called ‘‘the duty’’ of a firm.")]])).markdown
    )


def scaled(page: list[tuple[float, float, float, str, str]], by: float) -> bytes:
    """A PDF with a page that is drawn so many times as large, in type as large, and scaled down to its size again."""
    drawn = [(x * by, y * by, size * by, font, text) for x, y, size, font, text in page]
    writer, out = PdfWriter(clone_from=io.BytesIO(samples.pdf([drawn]))), io.BytesIO()
    writer.pages[0].add_transformation(Transformation().scale(1 / by))
    writer.write(out)
    return out.getvalue()


def test_type_that_a_program_scales_down_is_as_large_as_it_is_shown(read):
    words = [
        (72 + 34 * place, 560, 10, "F1", word) for place, word in enumerate("Seals are cut from one piece of rubber".split())
    ]
    page = [(72, 740, 20, "F2", "The Closing of Valves"), *samples.pdf_lines([*PROSE, *PROSE]), *words]
    assert read(scaled(page, 8)).markdown == read(samples.pdf([page])).markdown
    assert "# The Closing of Valves" in read(scaled(page, 8)).markdown


def test_sizes_that_were_measured_on_a_scan_are_no_headings(read):
    """The text that a scanner's program lays behind a picture has a size of its own for each line."""
    text = samples.pdf_lines([*PROSE, *PROSE, *PROSE, *PROSE], 700)
    measured = [(x, y, 9.1 + 0.23 * (n * 5 % 11), font, words) for n, (x, y, _, font, words) in enumerate(text)]
    assert read(samples.pdf([measured])).markdown == read(samples.pdf([text])).markdown


def test_the_head_of_a_single_page_of_a_book_is_no_text(read):
    text = samples.pdf_lines([*PROSE, *PROSE], 700)
    head = [(72, 730, 12, "F1", "400"), (200, 730, 12, "F1", "THE CARE OF PUMPS."), (400, 730, 12, "F1", "[Ch. XIX.")]
    assert read(samples.pdf([[*head, *text]])).markdown == read(samples.pdf([text])).markdown
    row = [(72, 730, 10, "F1", "400"), (200, 730, 10, "F1", "pumps were mended"), (400, 730, 10, "F1", "in 1840")]
    assert "pumps were mended" in read(samples.pdf([[*row, *text]])).markdown


def title_in(read, *pages: list[tuple[float, float, float, str, str]]) -> str:
    return document_title(read(samples.pdf(pages)), "pump_letter.pdf").text


def test_the_first_lines_of_a_cover_that_is_set_in_one_size_are_its_title(read):
    cover = [(200, 600, 10, "F1", "The care of twin pumps"), (200, 588, 10, "F1", "in small clinics")]
    cover += [(200, 400, 10, "F1", "Ada Brook"), (200, 300, 10, "F1", "Lund, May 2019")]
    assert title_in(read, cover, samples.pdf_lines([*PROSE, *PROSE])) == "The care of twin pumps in small clinics"
    assert title_in(read, samples.pdf_lines(PROSE), samples.pdf_lines(PROSE)) == "pump letter"


def test_a_letterhead_is_no_title(read):
    head = [(72, 750, 16, "F2", "LOWLAND PUMPS"), (72, 735, 8, "F1", "12 Mill Road"), (72, 725, 8, "F1", "Tel.: 040 1234")]
    report = [(72, 680, 14, "F2", "Yearly Report on Seals")]
    assert title_in(read, [*head, *report, *samples.pdf_lines([*PROSE, *PROSE], 640)]) == "Yearly Report on Seals"
    assert title_in(read, [*head, *samples.pdf_lines([*PROSE, *PROSE], 640)]) == "pump letter"


def test_type_of_another_size_far_behind_a_title_is_no_part_of_it(read):
    head = [(72, 740, 16, "F2", "BOOKING ORDER"), (400, 740, 8, "F1", "Print Date 12/15/2024 14:30:22")]
    house = [(440, 700, 10, "F2", "STARLIGHT PUMPS")]
    found = read(samples.pdf([[*head, *house, *samples.pdf_lines([*PROSE, *PROSE], 660, size=8)]]))
    assert found.markdown.split("\n\n")[1:3] == ["# BOOKING ORDER", "Print Date 12/15/2024 14:30:22"]
