"""What people put into Office documents: notes, comments, changes, numbers, drawings, hidden parts, forms, formulas."""

import io
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from lxml import etree

from gitkb.convert.converter import convert
from gitkb.convert.latex import dollars, from_mathml, from_omml
from gitkb.convert.office.number_formats import date_text, formatted
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import Conversion
from tests.support import sample_files as samples

R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"
NUMBERS = (
    '<w:abstractNum w:abstractNumId="7"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/>'
    '<w:lvlText w:val="%1."/></w:lvl><w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/>'
    '<w:lvlText w:val="%2)"/></w:lvl></w:abstractNum>'
)


@pytest.fixture
def read(tmp_path: Path):
    def made(name: str, data: bytes) -> Conversion:
        file = tmp_path / "file"
        file.write_bytes(data)
        return convert(file, name, ConversionSettings(1 << 24))

    return made


def changed(data: bytes, parts: dict[str, str], replaced: dict[str, tuple[str, str]] | None = None) -> bytes:
    """An archive with further members, and with text replaced in some."""
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        members: dict[str, str | bytes] = {name: source.read(name) for name in source.namelist()}
    for name, (old, new) in (replaced or {}).items():
        text = bytes(members[name]) if isinstance(members[name], bytes) else str(members[name]).encode()
        assert old.encode() in text
        members[name] = text.replace(old.encode(), new.encode())
    return samples.archive(members | parts)


def word(body: str, parts: dict[str, str] | None = None, relations: str = "", numbering: str = "", styles: str = "") -> bytes:
    """A Word document with this XML in its body."""
    replaced = {
        "word/document.xml": ("<w:body></w:body>", f"<w:body>{body}</w:body>"),
        "word/_rels/document.xml.rels": ("</Relationships>", f"{relations}</Relationships>"),
        "word/numbering.xml": ('<w:num w:numId="1">', f'{numbering}<w:num w:numId="1">'),
        "word/styles.xml": ("</w:styles>", f"{styles}</w:styles>"),
    }
    return changed(samples.docx([]), parts or {}, replaced)


def p(*runs: str, properties: str = "") -> str:
    inner = "".join(run if run.startswith("<") else f'<w:r><w:t xml:space="preserve">{run}</w:t></w:r>' for run in runs)
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{inner}</w:p>"


def item(text: str, level: int = 0, number: int = 7) -> str:
    return p(text, properties=f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>')


def relation(identifier: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{identifier}" Type="{R}/{kind}" Target="{target}"/>'


def test_numbered_lists_go_on_behind_other_paragraphs_and_letters_stay(read):
    body = item("one") + item("two") + item("first", 1) + item("second", 1) + p("Between.") + item("three")
    numbering = NUMBERS + '<w:num w:numId="7"><w:abstractNumId w:val="7"/></w:num>'
    found = read("a.docx", word(body, numbering=numbering)).markdown
    assert found == "1. one\n2. two\n   - a) first\n   - b) second\n\nBetween.\n\n3. three\n"


def test_a_list_that_starts_anew_by_its_own_wish_does(read):
    numbering = (
        NUMBERS + '<w:num w:numId="7"><w:abstractNumId w:val="7"/></w:num><w:num w:numId="8"><w:abstractNumId w:val="7"/>'
        '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride></w:num>'
    )
    found = read("a.docx", word(item("one") + p("Then.") + item("five", number=8), numbering=numbering)).markdown
    assert found == "1. one\n\nThen.\n\n5. five\n"


def test_deleted_text_is_gone_and_inserted_text_is_there(read):
    body = p(
        "We meet ",
        "<w:del><w:r><w:delText>on Monday</w:delText></w:r></w:del>",
        "<w:ins><w:r><w:t>on Friday</w:t></w:r></w:ins>",
        ".",
    )
    assert read("a.docx", word(body)).markdown == "We meet on Friday.\n"


def test_hidden_text_and_unfilled_prompts_are_left_out(read):
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r>"
    prompt = "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent><w:r><w:t>Click here</w:t></w:r></w:sdtContent></w:sdt>"
    assert read("a.docx", word(p("Seen", hidden, ". Name:", prompt))).markdown == "Seen. Name:\n"


def test_footnotes_are_written_as_markdown_writes_them(read):
    notes = f'<w:footnotes {samples.WORD}><w:footnote w:id="2">{p("Measured in May.")}</w:footnote></w:footnotes>'
    mark = '<w:r><w:footnoteReference w:id="2"/></w:r>'
    found = read(
        "a.docx", word(p("It rains", mark, "."), {"word/footnotes.xml": notes}, relation("rId20", "footnotes", "footnotes.xml"))
    )
    assert found.markdown == "It rains[^1].\n\n[^1]: Measured in May.\n"


def test_a_note_that_the_file_does_not_have_costs_no_text(read):
    assert read("a.docx", word(p("It rains", '<w:r><w:footnoteReference w:id="9"/></w:r>', "."))).markdown == "It rains.\n"


def test_a_link_whose_target_is_missing_keeps_its_text(read):
    link = f'<w:hyperlink xmlns:r="{R}" r:id="rId77"><w:r><w:t>the guide</w:t></w:r></w:hyperlink>'
    assert read("a.docx", word(p("See ", link, "."))).markdown == "See the guide.\n"


def test_comments_and_page_headers_stand_behind_the_text(read):
    comments = f'<w:comments {samples.WORD}><w:comment w:id="0" w:author="Nora">{p("Ask the mill.")}</w:comment></w:comments>'
    header = f"<w:hdr {samples.WORD}>{p('Mill Lane Water Board')}</w:hdr>"
    count = '<w:fldSimple w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple>'
    footer = f"<w:ftr {samples.WORD}>{p('Page ', count)}</w:ftr>"
    links = (
        relation("rId20", "comments", "comments.xml")
        + relation("rId21", "header", "h.xml")
        + relation("rId22", "footer", "f.xml")
    )
    body = p("Rain fell.", '<w:r><w:commentReference w:id="0"/></w:r>')
    found = read(
        "a.docx", word(body, {"word/comments.xml": comments, "word/h.xml": header, "word/f.xml": footer}, links)
    ).markdown
    assert found == "Rain fell.\n\n**Page header:**\n\n- Mill Lane Water Board\n\n**Comments:**\n\n- Nora: Ask the mill.\n"


def test_the_chosen_entry_of_a_list_field_and_simple_fields_are_text(read):
    drop = (
        '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:ddList><w:result w:val="1"/><w:listEntry w:val="red"/>'
        '<w:listEntry w:val="blue"/></w:ddList></w:ffData></w:fldChar></w:r><w:r><w:instrText>FORMDROPDOWN</w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    simple = '<w:fldSimple w:instr="AUTHOR"><w:r><w:t>Ann</w:t></w:r></w:fldSimple>'
    assert read("a.docx", word(p("Colour: ", drop) + p("By ", simple))).markdown == "Colour: blue\n\nBy Ann\n"


def test_code_is_told_by_its_font_unless_all_is_typed(read):
    typed = '<w:r><w:rPr><w:rFonts w:ascii="Courier New"/></w:rPr><w:t>%s</w:t></w:r>'
    found = read("a.docx", word(p("Run:") + p("Then:") + p("Now:") + p(typed % "make") + p(typed % "make test"))).markdown
    assert found.endswith("```\nmake\nmake test\n```\n")
    assert "```" not in read("b.docx", word(p(typed % "Dear Ann,") + p(typed % "we are well."))).markdown


def test_a_small_table_inside_a_cell_stays_in_its_row(read):
    def cells(*texts: str) -> str:
        return "".join(f"<w:tc>{text if text.startswith('<') else p(text)}</w:tc>" for text in texts)

    inner = f"<w:tbl><w:tr>{cells('x', '1')}</w:tr><w:tr>{cells('y', '2')}</w:tr></w:tbl>" + p("")
    rows = f"<w:tbl><w:tr>{cells('Name of the pump', 'Parts')}</w:tr><w:tr>{cells('Twin pump of 1987', inner)}</w:tr></w:tbl>"
    assert "| Twin pump of 1987 | x \\| 1<br>y \\| 2 |" in read("a.docx", word(rows)).markdown


def test_a_file_of_the_strict_form_is_read(read):
    strict = samples.docx([("Heading1", "Strict"), "It is read."])
    with zipfile.ZipFile(io.BytesIO(strict)) as source:
        members: dict[str, str | bytes] = {
            name: source.read(name)
            .replace(
                b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
                b"http://purl.oclc.org/ooxml/wordprocessingml/main",
            )
            .replace(b"http://schemas.openxmlformats.org/officeDocument/2006/", b"http://purl.oclc.org/ooxml/officeDocument/")
            for name in source.namelist()
        }
    assert read("a.docx", samples.archive(members)).markdown == "# Strict\n\nIt is read.\n"


def test_headings_by_styles_that_the_file_does_not_define_are_headings(read):
    body = p("Deep", properties='<w:pStyle w:val="Heading7"/>') + p("Text.")
    assert read("a.docx", word(body)).markdown == "# Deep\n\nText.\n"


def test_letters_above_the_first_plane_are_kept(read):
    assert read("a.docx", word(p("Let 𝑥 be 🦆."))).markdown == "Let 𝑥 be 🦆.\n"


def test_hidden_slides_are_left_out_and_said(read):
    deck = samples.pptx([("One", ["first"], None, ""), ("Two", ["second"], None, ""), ("Three", ["third"], None, "")])
    deck = changed(deck, {}, {"ppt/slides/slide2.xml": ("<p:sld ", '<p:sld show="0" ')})
    found = read("a.pptx", deck).markdown
    assert "second" not in found and '<a name="slide-3"></a>' in found
    assert found.endswith("(1 hidden slide is left out.)\n")


def test_line_breaks_raised_letters_and_numbers_of_slides_are_kept(read):
    from pptx import Presentation
    from pptx.util import Inches

    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Area"
    frame = slide.shapes.add_textbox(Inches(1), Inches(2), Inches(3), Inches(1)).text_frame
    frame.text = "Ten m"
    raised = frame.paragraphs[0].add_run()
    raised.text = "2"
    raised._r.get_or_add_rPr().set("baseline", "30000")
    for text in ("mow", "rake"):
        paragraph = frame.add_paragraph()
        paragraph.text = text
        etree.SubElement(
            paragraph._p.get_or_add_pPr(), "{http://schemas.openxmlformats.org/drawingml/2006/main}buAutoNum", type="arabicPeriod"
        )
    out = io.BytesIO()
    deck.save(out)
    assert read("a.pptx", out.getvalue()).markdown.endswith("## Area\n\nTen m<sup>2</sup>\n\n1. mow\n2. rake\n")


def test_hidden_sheets_rows_and_columns_are_left_out_and_said(read):
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = "Stock"
    for row in (["Item", "Cost", "Count"], ["nut", 1, 2], ["bolt", 3, 4], ["pin", 5, 6]):
        sheet.append(row)
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["B"].hidden = True
    book.create_sheet("Lookup").sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    assert read("a.xlsx", out.getvalue()).markdown == (
        "## Stock\n\n| Item | Count |\n| --- | --- |\n| nut | 2 |\n| pin | 6 |\n\n"
        "(1 hidden row and 1 hidden column of this sheet are left out.)\n\n(1 hidden sheet is left out: Lookup.)\n"
    )


def test_a_form_reads_as_its_labels_and_values(read):
    rows: list[list[object]] = [
        ["Order form"],
        ["Name:", "Ann Lee"],
        ["Street:", "Mill Lane 3"],
        ["Pieces:", 12, "Colour:", "blue"],
    ]
    assert read("a.xlsx", samples.xlsx({"Form": rows})).markdown == (
        "## Form\n\nOrder form\n\n- Name: Ann Lee\n- Street: Mill Lane 3\n- Pieces: 12\n- Colour: blue\n"
    )


def test_records_go_on_behind_an_empty_row_but_another_table_does_not(read):
    rows: list[list[object]] = [
        ["Town", "Rain"],
        ["Lund", 41],
        ["Turku", 17],
        [],
        ["Riga", 29],
        [],
        ["Month", "Sun"],
        ["May", 12],
    ]
    assert read("a.xlsx", samples.xlsx({"S": rows})).markdown == (
        "## S\n\n| Town | Rain |\n| --- | --- |\n| Lund | 41 |\n| Turku | 17 |\n| Riga | 29 |\n\n"
        "| Month | Sun |\n| --- | --- |\n| May | 12 |\n"
    )


def test_charts_and_text_boxes_of_a_sheet_stand_below_its_cells(read):
    from openpyxl import Workbook
    from openpyxl.chart import BarChart3D, Reference

    book = Workbook()
    sheet = book.active
    sheet.append(["Town", "Rain"])
    sheet.append(["Lund", 41])
    chart = BarChart3D()
    chart.title = "Rain in Lund"
    chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=2), titles_from_data=True)
    sheet.add_chart(chart, "E5")
    out = io.BytesIO()
    book.save(out)
    assert "**Rain in Lund**" in read("a.xlsx", out.getvalue()).markdown


def test_shared_formulas_without_values_are_shown_at_their_own_cells(read):
    sheet = samples.xlsx({"S": [["a", "b"], [1, None], [2, None]]})
    cells = '<c r="B2"><f t="shared" ref="B2:B3" si="0">A2*2</f></c></row>'
    with zipfile.ZipFile(io.BytesIO(sheet)) as source:
        text = source.read("xl/worksheets/sheet1.xml").decode()
    second, third = (text.index("</row>", text.index(f'<row r="{n}"')) for n in (2, 3))
    shared = '<c r="B3"><f t="shared" si="0"/></c></row>'
    text = text[:second] + cells + text[second + 6 : third] + shared + text[third + 6 :]
    found = read("a.xlsx", changed(sheet, {"xl/worksheets/sheet1.xml": text})).markdown
    assert "| 1 | =A2\\*2 |" in found or "| 1 | =A2*2 |" in found
    assert "=A3*2" in found.replace("\\", "")


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (1234.5, '"$"#,##0.00', "$1,234.50"),
        (0.125, "0%", "13%"),
        (7, "0000", "0007"),
        (-5.5, "#,##0.00_);(#,##0.00)", "(5.50)"),
        (0, '_-* #,##0.00_-;-* #,##0.00_-;_-* "-"??_-;_-@_-', "-"),
        (1234567, '0.0,,"M"', "1.2M"),
        (1.25, "# ?/?", "1 1/4"),
        (123456789, "000-00-0000", "123-45-6789"),
        (150, '[<100]0.0;[>=100]0" big"', "150 big"),
        (1234.5, "[$€-407] #,##0.00", "€ 1,234.50"),
        (0.1 + 0.2, "General", "0.3"),
        (12, "Standard nonsense yyyy", "12"),
    ],
)
def test_numbers_are_shown_as_their_format_shows_them(value, code, shown):
    assert formatted(value, code) == shown


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (datetime(2026, 3, 15), "m/d/yy", "2026-03-15"),
        (datetime(2026, 3, 15, 9, 30), "m/d/yy h:mm", "2026-03-15 09:30"),
        (datetime(2026, 3, 15), "mmm yyyy", "Mar 2026"),
        (date(2026, 3, 15), "yyyy", "2026"),
        (time(9, 30), "h:mm", "09:30"),
        (timedelta(hours=30, minutes=5), "[h]:mm", "30:05"),
    ],
)
def test_whole_dates_are_iso_and_parts_of_dates_as_shown(value, code, shown):
    assert date_text(value, code) == shown


def omml(inner: str) -> str:
    return from_omml(etree.fromstring(f'<m:oMath xmlns:m="{MATH}">{inner}</m:oMath>'))


def r(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


@pytest.mark.parametrize(
    ("formula", "latex"),
    [
        (f"<m:rad><m:deg>{r('3')}</m:deg><m:e>{r('x')}</m:e></m:rad>", r"\sqrt[3]{x}"),
        (
            '<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr>'
            f"<m:sub>{r('i=1')}</m:sub><m:sup>{r('n')}</m:sup><m:e>{r('i')}</m:e></m:nary>",
            r"\sum_{i=1}^{n} i",
        ),
        (f"<m:func><m:fName>{r('sin')}</m:fName><m:e>{r('x')}</m:e></m:func>", r"\sin x"),
        (f'<m:d><m:dPr><m:begChr m:val="["/><m:endChr m:val="]"/></m:dPr><m:e>{r("a")}</m:e></m:d>', r"\left[a\right]"),
        (f"<m:m><m:mr><m:e>{r('a')}</m:e><m:e>{r('b')}</m:e></m:mr></m:m>", r"\begin{matrix}a & b\end{matrix}"),
        (f'<m:acc><m:accPr><m:chr m:val="&#x20D7;"/></m:accPr><m:e>{r("v")}</m:e></m:acc>', r"\vec{v}"),
        (f"<m:sSubSup><m:e>{r('x')}</m:e><m:sub>{r('1')}</m:sub><m:sup>{r('2')}</m:sup></m:sSubSup>", "x_{1}^{2}"),
        (r("50%"), r"50\%"),
        (r("𝑥"), "x"),
        (r("𝔸"), r"\mathbb{A}"),
    ],
)
def test_formulas_of_office_become_latex(formula, latex):
    assert omml(formula) == latex


@pytest.mark.parametrize(
    ("formula", "latex"),
    [
        ("<msqrt><mi>x</mi><mo>+</mo><mn>1</mn></msqrt>", r"\sqrt{x+1}"),
        ("<munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover>", r"\sum_{i}^{n}"),
        ("<mover><mi>v</mi><mo>→</mo></mover>", r"\vec{v}"),
        ("<msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup>", "x_{1}^{2}"),
        ("<mtable><mtr><mtd><mi>a</mi></mtd><mtd><mi>b</mi></mtd></mtr></mtable>", r"\begin{matrix}a & b\end{matrix}"),
        ('<semantics><mi>y</mi><annotation encoding="application/x-tex">z_1</annotation></semantics>', "z_1"),
    ],
)
def test_formulas_of_web_pages_become_latex(formula, latex):
    tag = BeautifulSoup(f"<math>{formula}</math>", "lxml").math
    assert tag is not None
    assert from_mathml(tag) == latex


def test_nothing_in_a_formula_is_read_as_markup():
    assert dollars("a<b](http://x) `$`") == r"$a\lt b] (http://x) '\$'$"
    assert dollars("|x|", in_cell=True) == r"$\vert x\vert $"
    assert dollars("", display=True) == ""


def test_a_cover_with_much_text_is_a_chapter_of_its_own(read):
    long = "<p>" + "This book tells of the mills on the river and of those who built them. " * 5 + "</p>"
    book = samples.epub(
        [("cover.xhtml", long), ("toc.xhtml", '<a href="b.xhtml">One</a>'), ("b.xhtml", "<h1>One</h1><p>Text.</p>")], "T", "A"
    )
    found = read("a.epub", book).markdown
    assert "mills on the river" in found and found.count("One") == 1


def test_html_outputs_of_notebooks_are_bounded_and_bring_no_headings(read):
    rows = "".join(f"<tr><td>{n}</td><td>x</td></tr>" for n in range(500))
    html = f"<h1>Frame</h1><script>alert(1)</script><table><tr><th>n</th><th>x</th></tr>{rows}</table>"
    cell = {"cell_type": "code", "source": "df", "outputs": [{"output_type": "display_data", "data": {"text/html": html}}]}
    found = read("a.ipynb", samples.notebook([{"cell_type": "markdown", "source": "# Ducks"}, cell]))
    assert [heading.title for heading in found.headings] == ["Ducks"]
    assert "| 3 | x |" in found.markdown and "more lines)" in found.markdown and "alert" not in found.markdown
    assert len(found.markdown) < 2_000


def test_tables_in_tables_of_a_formula_take_no_longer_than_others():
    formula = "<mtable><mtr><mtd>" * 40 + "<mi>x</mi>" + "</mtd></mtr></mtable>" * 40
    tag = BeautifulSoup(f"<math>{formula}</math>", "lxml").math
    assert tag is not None
    assert from_mathml(tag).count("begin") == 40


ODD = ("0" + "%" * 300, "0" + "," * 300, "# ?/" + "9" * 300, "0." + "0" * 400, "[" * 200, "0E+0" * 99)


@pytest.mark.parametrize("code", ODD)
def test_no_number_format_is_too_odd(code):
    assert formatted(5.5, code)


def test_a_chart_that_is_asked_for_again_and_again_is_shown_once(read):
    chart = (
        '<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"><c:chart><c:plotArea><c:barChart><c:ser>'
        "<c:cat><c:strLit><c:pt idx='0'><c:v>May</c:v></c:pt></c:strLit></c:cat>"
        "<c:val><c:numLit><c:pt idx='0'><c:v>12</c:v></c:pt>"
        "</c:numLit></c:val></c:ser></c:barChart></c:plotArea></c:chart></c:chartSpace>"
    )
    drawing = (
        '<w:r><w:drawing><c:chart xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
        f'xmlns:r="{R}" r:id="rId30"/></w:drawing></w:r>'
    )
    body = p("Rain.") + p(drawing) * 50
    found = read("a.docx", word(body, {"word/chart1.xml": chart}, relation("rId30", "chart", "chart1.xml"))).markdown
    assert found.count("May") == 1


def test_cells_strewn_over_a_large_sheet_are_read_row_by_row(read):
    rows = "".join(f'<row r="{n}"><c r="{column(n)}{n}"><v>{n}</v></c></row>' for n in range(1, 3001))
    sheet = samples.xlsx({"S": [["a"]]})
    with zipfile.ZipFile(io.BytesIO(sheet)) as source:
        text = source.read("xl/worksheets/sheet1.xml").decode()
    text = text[: text.index("<sheetData>")] + f"<sheetData>{rows}</sheetData>" + text[text.index("</sheetData>") + 12 :]
    found = read("a.xlsx", changed(sheet, {"xl/worksheets/sheet1.xml": text})).markdown
    assert "- 2999\n- 3000\n" in found and len(found) < 40_000


def column(number: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(number))
