"""OpenDocument files: what a person sees in the program is in the Markdown, and what was deleted or is hidden is not."""

from pathlib import Path

import pytest

from gitkb.convert.converter import convert
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import Conversion
from tests.support import sample_files as samples

WIDE = 'table:number-columns-spanned="2"'
PRICE = 'office:value-type="currency" office:value="12.5"'
REPEATED = 'table:number-columns-repeated="16000"'
NUMBERED = '<text:list text:style-name="N">'
EMPTY = "<table:table-cell table:number-columns-repeated='16384'/>"
STYLES = (
    '<style:style style:name="B"><style:text-properties fo:font-weight="bold"/></style:style>'
    '<style:style style:name="Gone"><style:text-properties text:display="none"/></style:style>'
    '<style:style style:name="T1" style:parent-style-name="Title"/>'
    '<style:style style:name="Off" style:family="table"><style:table-properties table:display="false"/></style:style>'
    '<style:style style:name="Dark"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
    '<text:list-style style:name="N"><text:list-level-style-number text:level="1" style:num-format="1"/>'
    '<text:list-level-style-bullet text:level="2"/></text:list-style>'
)


@pytest.fixture
def read(tmp_path: Path):
    def made(name: str, data: bytes) -> Conversion:
        file = tmp_path / "file"
        file.write_bytes(data)
        return convert(file, name, ConversionSettings())

    return made


def cell(text: str, more: str = "") -> str:
    return f"<table:table-cell {more}><text:p>{text}</text:p></table:table-cell>"


def items(*contents: str) -> str:
    """A list of paragraphs, and of what is an element already."""
    made = (content if content.startswith("<") else f"<text:p>{content}</text:p>" for content in contents)
    return "<text:list>" + "".join(f"<text:list-item>{content}</text:list-item>" for content in made) + "</text:list>"


def test_a_text_keeps_headings_lists_tables_notes_and_pictures(read):
    body = (
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>deleted words</text:p></text:deletion>"
        '</text:changed-region></text:tracked-changes><text:p text:style-name="T1">Pumps of 2024</text:p>'
        '<text:table-of-content><text:p>Seals ... 1</text:p></text:table-of-content><text:h text:outline-level="1">Seals</text:h>'
        '<text:p>The <text:span text:style-name="B">seal</text:span> leaks<text:s text:c="3"/>often'
        "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>In winter.</text:p></text:note-body>"
        "</text:note>.<office:annotation><dc:creator>Bo</dc:creator><text:p>Why?</text:p></office:annotation>"
        ' See <text:a xlink:href="https://a.example/x">more</text:a>.'
        '<text:span text:style-name="Gone">hidden words</text:span></text:p>'
        f"{items('one', items('inner'), 'two').replace('<text:list>', NUMBERED, 1)}"
        f"<table:table><table:table-row>{cell('Name')}{cell('Age')}</table:table-row>"
        f"<table:table-row>{cell('a|b', WIDE)}<table:covered-table-cell/></table:table-row></table:table>"
        '<text:p><draw:frame><draw:image xlink:href="Pictures/1.png"/><svg:desc>a red square</svg:desc></draw:frame></text:p>'
        "<text:p><draw:frame><draw:text-box><text:p>In a box.</text:p></draw:text-box></draw:frame></text:p>"
    )
    found = read("p.odt", samples.opendocument("text", body, STYLES, "Old title", {"Pictures/1.png": samples.png()}))
    assert found.markdown == (
        "# Pumps of 2024\n\n## Seals\n\nThe **seal** leaks often[^1]. See [more](https://a.example/x).\n\n"
        "1. one\n   - inner\n2. two\n\n| Name | Age |\n| --- | --- |\n| a\\|b |  |\n\n![a red square](picture-1.png)\n\n"
        "In a box.\n\n[^1]: In winter.\n\n**Comments:**\n\n- Bo: Why?\n"
    )
    assert (found.title, found.authors, found.dates) == ("Pumps of 2024", ("Ann Author",), {"created": "2024-03-01T08:00:00"})
    assert (found.media_type, found.converter) == ("application/vnd.oasis.opendocument.text", "opentext/1")


def test_a_workbook_shows_its_cells_as_the_program_does(read):
    rows = (
        "<table:table-column/><table:table-column/><table:table-column table:visibility='collapse'/>"
        f"<table:table-row>{cell('Item')}{cell('Cost')}{cell('secret')}</table:table-row>"
        f"<table:table-row>{cell('nut')}{cell('12,50 €', PRICE)}</table:table-row>"
        f"<table:table-row table:number-rows-repeated='2'>{cell('bolt')}{cell('7 %')}</table:table-row>"
        f"<table:table-row table:visibility='filter'>{cell('gone')}</table:table-row>"
        f"<table:table-row table:number-rows-repeated='1048000'>{EMPTY}</table:table-row>"
    )
    body = (
        f"<table:table table:name='Costs'>{rows}</table:table><table:table table:name='Old' table:style-name='Off'>"
        f"<table:table-row>{cell('x')}</table:table-row></table:table>"
    )
    assert read("c.ods", samples.opendocument("spreadsheet", body, STYLES)).markdown == (
        "## Costs\n\n| Item | Cost |\n| --- | --- |\n| nut | 12,50 € |\n| bolt | 7 % |\n| bolt | 7 % |\n\n"
        "(1 hidden row and 1 hidden column of this sheet are left out.)\n\n(1 hidden sheet is left out: Old.)\n"
    )


def test_slides_have_titles_texts_and_notes(read):
    body = (
        '<draw:page><draw:frame presentation:class="title"><draw:text-box><text:p>Valve goals</text:p></draw:text-box>'
        f"</draw:frame><draw:frame><draw:text-box>{items('first', 'second')}"
        "</draw:text-box></draw:frame><draw:g><draw:custom-shape><text:p>In a shape.</text:p></draw:custom-shape></draw:g>"
        '<presentation:notes><draw:frame presentation:class="notes"><draw:text-box><text:p>say hello</text:p></draw:text-box>'
        '</draw:frame></presentation:notes></draw:page><draw:page draw:style-name="Dark"><draw:frame><draw:text-box>'
        "<text:p>not shown</text:p></draw:text-box></draw:frame></draw:page>"
    )
    found = read("g.odp", samples.opendocument("presentation", body, STYLES))
    assert found.markdown == (
        '<a name="slide-1"></a>\n\n## Valve goals\n\n- first\n- second\n\nIn a shape.\n\n**Notes:**\n\nsay hello\n\n'
        "(1 hidden slide is left out.)\n"
    )
    assert (found.title, found.pages) == ("Valve goals", 2)


def test_repetitions_cost_no_more_than_a_workbook_may_hold(read):
    row = f"<table:table-row table:number-rows-repeated='1000000'>{cell('x', REPEATED)}</table:table-row>"
    found = read("b.ods", samples.opendocument("spreadsheet", f"<table:table table:name='S'>{row * 50}</table:table>"))
    assert len(found.markdown) < 500_000 and "repetitions of rows of this sheet are left out" in found.markdown
    text = read("b.odt", samples.opendocument("text", f"<table:table>{row * 50}</table:table>"))
    assert len(text.markdown) < 400_000


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (samples.archive({"mimetype": "application/vnd.oasis.opendocument.text"}), "damaged"),
        (samples.opendocument("text", "<text:p>cut")[:300], "damaged"),
        (samples.opendocument("text", "<text:p>&never;</text:p>"), "damaged"),
        (samples.opendocument("text", "<text:p></text:p>"), "no text"),
        (samples.opendocument("text", "<text:section>" * 400 + "x" + "</text:section>" * 400), "nested too deeply"),
        (
            samples.opendocument("text", "<text:p>x</text:p>", members={"META-INF/manifest.xml": "<m:encryption-data/>"}),
            "password",
        ),
        (samples.opendocument("text", "<text:p>x</text:p>" * 100_000), "no honest document"),
        (samples.opendocument("spreadsheet", "<table:table/>"), "OpenDocument workbook"),
        (samples.opendocument("graphics", "<draw:page/>"), "another kind"),
    ],
    ids=["no content", "cut off", "entity", "empty", "nested", "locked", "repeated", "other kind", "drawing"],
)
def test_what_cannot_be_read_is_refused_with_a_reason(read, data, words):
    with pytest.raises(ConversionError, match=words) as error:
        read("a.odt", data)
    assert error.value.hint


def test_tables_in_tables_end_somewhere(read):
    opened = "<table:table><table:table-row><table:table-cell>"
    closed = "</table:table-cell></table:table-row></table:table>"
    body = opened * 60 + "<text:p>words</text:p>" + closed * 60
    assert "words" in read("n.odt", samples.opendocument("text", body)).markdown
