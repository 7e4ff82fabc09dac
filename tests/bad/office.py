"""Bad Word documents, workbooks, presentations and books: sound archives whose content is not."""

import struct
from collections.abc import Iterator

from tests.bad import words
from tests.bad.archives import LAST, MAIN, compound, edited, members_of, replaced
from tests.bad.case import Case, added, either, failed, flipped, later, noise, truncated
from tests.support import sample_files as samples

LIMITS = r"took longer|memory|nested|crashed|more than|unpack|damaged"
RELATION = '<Relationship Id="{}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{}" Target="{}" TargetMode="External"/>'


def cases() -> Iterator[Case]:
    yield from _word()
    yield from _sheets()
    yield from _old_sheets()
    yield from _slides()
    yield from _books()


def _body(inner: str) -> bytes:
    whole = words.docx()
    return replaced(whole, {MAIN["docx"]: f"<w:document {samples.WORD}><w:body>{inner}</w:body></w:document>"})


def _paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def _word() -> Iterator[Case]:
    first = _paragraph("The harbour is deep.")
    nested = "<w:tbl><w:tr><w:tc>" * 2_000 + _paragraph("innermost words") + "</w:tc></w:tr></w:tbl>" * 2_000
    yield either("docx/tables-2000-deep.docx", _body(first + nested), LIMITS, "innermost")
    yield either("docx/a-million-cells.docx", later(lambda: _body(first + _cells(1_000, 1_000))), LIMITS, "harbour", slow=True)
    yield either(
        "docx/300000-paragraphs.docx",
        later(lambda: _body(first + _paragraph("words again") * 300_000)),
        LIMITS,
        "harbour",
        slow=True,
    )
    yield either("docx/100000-footnotes.docx", later(lambda: _footnotes(100_000)), LIMITS, "harbour", slow=True)
    yield either("docx/5000-footnotes.docx", _footnotes(5_000), LIMITS, "harbour", "Note 4999", slow=True)
    yield added("docx/picture-of-10-to-the-9.docx", samples.docx(words.sentences(), picture=_huge_png()), LAST)
    yield added("docx/picture-is-noise.docx", samples.docx(words.sentences(), picture=noise(9_000, "png")), LAST)
    pictured = samples.docx(words.sentences(), picture=samples.png())
    for name, target in (("file", "file:///etc/passwd"), ("net", "http://127.0.0.1:9/x.png"), ("up", "../../../../etc/passwd")):
        rels = "word/_rels/document.xml.rels"
        old = 'Target="media/image1.png"'
        mode = "" if name == "up" else ' TargetMode="External"'
        yield added(
            f"docx/picture-outside-{name}.docx",
            edited(pictured, rels, old, f'Target="{target}"{mode}'),
            LAST,
            absent=("root:x", "127.0.0.1"),
        )
    chunk = '<w:altChunk r:id="rId77" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"/>'
    outside = edited(
        _body(_paragraph(LAST) + chunk),
        "word/_rels/document.xml.rels",
        "</Relationships>",
        RELATION.format("rId77", "aFChunk", "file:///etc/passwd") + "</Relationships>",
    )
    yield added("docx/chunk-outside.docx", outside, LAST, absent=("root:x",))
    yield either("docx/no-characters.docx", _body(_paragraph("&#0;&#xD800;")), "damaged|no text")
    yield failed("docx/no-words.docx", _body(_paragraph(" ") * 50), "no text")
    yield either("docx/strict-namespace.docx", _strict(), "no text|damaged", LAST)
    yield either("docx/runs-100000-deep.docx", _body(first + "<w:ins>" * 100_000 + "</w:ins>" * 100_000), LIMITS)
    yield either(
        "docx/one-run-of-20-mb.docx", later(lambda: _body(first + _paragraph("words " * 3_500_000))), LIMITS, "harbour", slow=True
    )
    yield either(
        "docx/wide-span.docx",
        _body(
            first
            + '<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2000000000"/></w:tcPr>'
            + _paragraph("wide")
            + "</w:tc></w:tr><w:tr><w:tc>"
            + _paragraph("narrow")
            + "</w:tc></w:tr></w:tbl>"
        ),
        LIMITS,
        "harbour",
        "wide",
    )


def _cells(rows: int, columns: int) -> str:
    row = "<w:tr>" + f"<w:tc>{_paragraph('x')}</w:tc>" * columns + "</w:tr>"
    return f"<w:tbl>{row * rows}</w:tbl>"


def _footnotes(count: int) -> bytes:
    marks = "".join(f'<w:p><w:r><w:t>Place {n}</w:t><w:footnoteReference w:id="{n}"/></w:r></w:p>' for n in range(count))
    notes = "".join(f'<w:footnote w:id="{n}">{_paragraph(f"Note {n}")}</w:footnote>' for n in range(count))
    relation = f'<Relationship Id="rId50" Type="{samples.RELATIONS}/footnotes" Target="footnotes.xml"/></Relationships>'
    whole = edited(
        _body(_paragraph("The harbour is deep.") + marks), "word/_rels/document.xml.rels", "</Relationships>", relation
    )
    return replaced(whole, {"word/footnotes.xml": f"<w:footnotes {samples.WORD}>{notes}</w:footnotes>"})


def _huge_png() -> bytes:
    data = samples.png()
    return data[:16] + struct.pack(">II", 1_000_000_000, 1_000_000_000) + data[24:]


def _strict() -> bytes:
    members = members_of(words.docx())
    old, new = (
        b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        b"http://purl.oclc.org/ooxml/wordprocessingml/main",
    )
    return samples.archive({n: c.replace(old, new) if isinstance(c, bytes) else c for n, c in members.items()})


def _sheet(inner: str, **others: str) -> bytes:
    whole = words.xlsx()
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = f'<worksheet xmlns="{main}"><sheetData>{inner}</sheetData></worksheet>'
    return replaced(whole, {MAIN["xlsx"]: sheet, **others})


def _cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def _sheets() -> Iterator[Case]:
    corners = f'<row r="1">{_cell("A1", "first corner")}</row><row r="1048576">{_cell("XFD1048576", "last corner")}</row>'
    yield added("xlsx/both-corners.xlsx", _sheet(corners), "first corner", "last corner")
    yield added(
        "xlsx/corners-of-a-row.xlsx",
        _sheet(f'<row r="1">{_cell("A1", "first corner")}{_cell("XFD1", "last corner")}</row>'),
        "first corner",
        "last corner",
    )
    diagonal = "".join(f'<row r="{n}">{_cell(f"{_letters(n)}{n}", f"word{n}")}</row>' for n in range(1, 1_500))
    yield either("xlsx/diagonal.xlsx", _sheet(diagonal), LIMITS, "word1499")
    far = f'<row r="1">{_cell("A1", "near")}</row><row r="2000000000">{_cell("A2000000000", "far")}</row>'
    yield either("xlsx/row-of-2-billion.xlsx", _sheet(far), LIMITS, "near", "far")
    yield either(
        "xlsx/column-of-nonsense.xlsx", _sheet(f'<row r="1">{_cell("ZZZZZZZ1", "words there")}</row>'), LIMITS, "words there"
    )
    yield either("xlsx/place-is-no-place.xlsx", _sheet(f'<row r="x">{_cell("?!", "words there")}</row>'), LIMITS, "words there")
    yield either(
        "xlsx/rows-backwards.xlsx",
        _sheet("".join(f'<row r="{n}">{_cell(f"A{n}", f"word{n}")}</row>' for n in range(50, 0, -1))),
        LIMITS,
        "word1",
        "word50",
    )
    yield either("xlsx/no-shared-texts.xlsx", _sheet('<row r="1"><c r="A1" t="s"><v>99999</v></c></row>'), LIMITS)
    yield either(
        "xlsx/number-is-no-number.xlsx",
        _sheet(f'<row r="1"><c r="A1"><v>12,5 or so</v></c>{_cell("B1", "words")}</row>'),
        LIMITS,
        "words",
    )
    yield either(
        "xlsx/huge-number.xlsx",
        _sheet(f'<row r="1"><c r="A1"><v>1e999</v></c><c r="B1"><v>{"9" * 9_000}</v></c>{_cell("C1", "words")}</row>'),
        LIMITS,
        "words",
    )
    yield either(
        "xlsx/500000-rows.xlsx",
        _sheet("".join(f'<row r="{n}">{_cell(f"A{n}", "words")}</row>' for n in range(1, 500_000))),
        LIMITS,
        "left out",
        slow=True,
    )
    yield either(
        "xlsx/16384-columns.xlsx",
        _sheet(
            "".join(
                f'<row r="{r}">' + "".join(_cell(f"{_letters(n)}{r}", "x") for n in range(1, 16_385)) + "</row>"
                for r in range(1, 31)
            )
        ),
        LIMITS,
        "x",
        slow=True,
    )
    yield added(
        "xlsx/formulas-without-values.xlsx",
        _sheet('<row r="1"><c r="A1"><f>1+1</f></c><c r="B1"><f>A1*2</f></c></row>'),
        "=1+1",
        "=A1*2",
    )
    yield failed("xlsx/no-sheets.xlsx", _no_sheets(), "damaged|no sheet|no text")
    yield either(
        "xlsx/cell-of-30-mb.xlsx",
        later(lambda: _sheet(f'<row r="1">{_cell("A1", "words " * 5_000_000)}</row>')),
        LIMITS,
        "words",
        slow=True,
    )
    yield either("xlsx/sheet-is-html.xlsx", replaced(words.xlsx(), {MAIN["xlsx"]: words.html()}), LIMITS + "|no text")


def _no_sheets() -> bytes:
    book = members_of(words.xlsx())["xl/workbook.xml"]
    assert isinstance(book, bytes)
    start, end = book.index(b"<sheets>"), book.index(b"</sheets>")
    return replaced(words.xlsx(), {"xl/workbook.xml": book[:start] + b"<sheets>" + book[end:]})


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _old_sheets() -> Iterator[Case]:
    yield from truncated("xls", "cut.xls", words.xls(), words.WORDS)
    yield from flipped("xls", "flip.xls", words.xls(), words.WORDS)
    yield failed("xls/header-only.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "damaged|without a document|old")
    yield failed(
        "xls/container-and-noise.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + noise(30_000, "xls"), "damaged|without a document"
    )
    yield failed("xls/empty-workbook.xls", compound("Workbook"), "damaged")
    yield failed("xls/password.xls", compound("EncryptedPackage"), "protected by a password")
    yield failed("xls/a-new-workbook.xls", words.xlsx(), "holds no Excel workbook of the old kind .*it is an Excel workbook")
    yield failed("xls/a-web-page.xls", words.html(), "it is a web page")
    yield failed("xls/a-text.xls", words.csv(), "it is plain text")
    wide = b"".join(struct.pack("<HHHH3sd", 0x0003, 15, 65_535, 255, bytes(3), 1.0) for _ in range(3))
    yield either(
        "xls/far-corner.xls", struct.pack("<HHHH", 0x0009, 4, 0x0002, 0x0010) + wide + struct.pack("<HH", 0x000A, 0), LIMITS
    )


def _slides() -> Iterator[Case]:
    group = '<p:grpSp xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"><p:nvGrpSpPr><p:cNvPr id="9" name="g"/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
    deep = edited(words.pptx(), MAIN["pptx"], "</p:spTree>", group * 2_000 + "</p:grpSp>" * 2_000 + "</p:spTree>")
    yield either("pptx/groups-2000-deep.pptx", deep, LIMITS, LAST)
    relation = RELATION.format("rId77", "image", "file:///etc/passwd")
    outside = edited(words.pptx(), "ppt/slides/_rels/slide1.xml.rels", "</Relationships>", relation + "</Relationships>")
    yield added("pptx/picture-outside.pptx", outside, LAST, absent=("root:x",))
    missing = edited(words.pptx(), "ppt/_rels/presentation.xml.rels", "slides/slide2.xml", "slides/slide99.xml")
    yield failed("pptx/slide-leads-nowhere.pptx", missing, "damaged|missing")
    words_many = edited(words.pptx(), MAIN["pptx"], "<a:t>Part 0", "<a:t>" + "words " * 2_000_000 + "Part 0")
    yield either("pptx/title-of-12-mb.pptx", words_many, LIMITS, slow=True)
    shape = members_of(words.pptx())[MAIN["pptx"]]
    assert isinstance(shape, bytes)
    text = shape.decode()
    one = text[text.index("<p:sp>") : text.index("</p:sp>") + 7]
    yield either(
        "pptx/20000-shapes.pptx",
        edited(words.pptx(), MAIN["pptx"], "</p:spTree>", one * 20_000 + "</p:spTree>"),
        LIMITS,
        LAST,
        "left out",
    )
    yield failed("pptx/no-slides.pptx", samples.pptx([]), "no text|no slides")


def _books() -> Iterator[Case]:
    whole = words.epub()
    package = "OEBPS/book.opf"
    yield failed("epub/no-package.epub", replaced(whole, {"META-INF/container.xml": "<container/>"}), "names no package")
    yield failed(
        "epub/package-outside.epub",
        edited(whole, "META-INF/container.xml", "OEBPS/book.opf", "../../../etc/passwd"),
        "names no package|damaged",
    )
    yield either(
        "epub/chapter-outside.epub",
        edited(whole, package, 'href="c1.xhtml"', 'href="../../../../../etc/passwd"'),
        "missing|damaged",
        LAST,
        "A chapter of this book is missing",
        absent=("root:x",),
    )
    yield either(
        "epub/chapter-by-address.epub",
        edited(whole, package, 'href="c1.xhtml"', 'href="file:///etc/passwd"'),
        "missing|damaged",
        LAST,
        "A chapter of this book is missing",
        absent=("root:x",),
    )
    circle = edited(whole, package, "<spine>", "<spine>" + '<itemref idref="c0"/>' * 50_000)
    yield added("epub/chapter-again-and-again.epub", circle, LAST)
    locked = '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><EncryptedData xmlns="http://www.w3.org/2001/04/xmlenc#"><CipherData><CipherReference URI="OEBPS/c{}.xhtml"/></CipherData></EncryptedData></encryption>'
    spoilt = {f"OEBPS/c{n}.xhtml": noise(3_000, f"drm{n}") for n in range(4)}
    yield failed("epub/copy-protected.epub", replaced(whole, {"META-INF/encryption.xml": locked.format(1), **spoilt}), "protect")
    yield failed("epub/chapters-are-noise.epub", replaced(whole, spoilt), "damaged|garbled|binary")
    yield failed(
        "epub/script-only.epub",
        replaced(whole, {f"OEBPS/c{n}.xhtml": "<html><script>words()</script></html>" for n in range(4)}),
        "no text",
    )
    bad = replaced(
        whole,
        {
            "OEBPS/c1.xhtml": '<html><body><p>words</p><img src="../../../../etc/passwd"/><img src="file:///etc/passwd"/><iframe src="file:///etc/passwd"/></body></html>'
        },
    )
    yield added("epub/pictures-outside.epub", bad, LAST, absent=("root:x", "file:"))
    deep = replaced(whole, {"OEBPS/c1.xhtml": "<html><body>" + "<table><tr><td>" * 2_000 + "innermost"})
    yield either("epub/tables-2000-deep.epub", deep, LIMITS, "innermost")
