"""Small real documents of every format, made from scratch: what the tests of the converters read.

Each function returns bytes. Zip members carry a fixed date, so the same call gives the same bytes.
"""

import io
import json
import struct
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape as xml

WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
OFFICE = "application/vnd.openxmlformats-officedocument"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PNG_HEAD = b"\x89PNG\r\n\x1a\n"


def archive(members: dict[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as target:
        for name, content in members.items():
            target.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content, compression)
    return out.getvalue()


def png(width: int = 40, height: int = 40) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(out, "PNG")
    return out.getvalue()


def docx(
    body: Sequence[str | tuple[str, str] | list[list[str]]], title: str = "", author: str = "", picture: bytes = b""
) -> bytes:
    """A Word document: strings are paragraphs, (style, text) styled ones ("Heading1", "item"), lists of lists tables."""
    parts = []
    for block in body:
        if isinstance(block, list):
            rows = "".join(
                "<w:tr>" + "".join(f"<w:tc>{_word_paragraph(cell)}</w:tc>" for cell in row) + "</w:tr>" for row in block
            )
            parts.append(f"<w:tbl>{rows}</w:tbl>")
        elif isinstance(block, tuple):
            parts.append(_word_paragraph(block[1], block[0]))
        else:
            parts.append(_word_paragraph(block))
    if picture:
        parts.append(
            '<w:p><w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">'
            '<wp:docPr id="1" name="p" descr="a red square"/><a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
            '<a:graphicData><pic:pic xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:blipFill>'
            f'<a:blip xmlns:r="{RELATIONS}" r:embed="rId9"/></pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline>'
            "</w:drawing></w:r></w:p>"
        )
    styles = (
        "".join(
            f'<w:style w:type="paragraph" w:styleId="Heading{n}"><w:name w:val="heading {n}"/></w:style>' for n in range(1, 5)
        )
        + '<w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/></w:style>'
    )
    levels = [
        f'<w:abstractNum w:abstractNumId="{n}"><w:lvl w:ilvl="0"><w:numFmt w:val="{kind}"/></w:lvl></w:abstractNum>'
        for n, kind in ((1, "bullet"), (2, "decimal"))
    ]
    numbers = "".join(f'<w:num w:numId="{n}"><w:abstractNumId w:val="{n}"/></w:num>' for n in (1, 2))
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": _content_types({"/word/document.xml": f"{OFFICE}.wordprocessingml.document.main+xml"}),
        "_rels/.rels": _relations([("rId1", f"{RELATIONS}/officeDocument", "word/document.xml")]),
        "word/document.xml": f"<w:document {WORD}><w:body>{''.join(parts)}</w:body></w:document>",
        "word/styles.xml": f"<w:styles {WORD}>{styles}</w:styles>",
        "word/numbering.xml": f"<w:numbering {WORD}>{''.join(levels)}{numbers}</w:numbering>",
        "word/_rels/document.xml.rels": _relations(
            [
                ("rId1", f"{RELATIONS}/styles", "styles.xml"),
                ("rId2", f"{RELATIONS}/numbering", "numbering.xml"),
                ("rId9", f"{RELATIONS}/image", "media/image1.png"),
            ]
        ),
        "docProps/core.xml": _core(title, author),
    }
    if picture:
        members["word/media/image1.png"] = picture
    return archive(members)


def _word_paragraph(text: str, style: str = "") -> str:
    number = {"item": 1, "number": 2}.get(style)
    if number:
        about = f'<w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="{number}"/></w:numPr></w:pPr>'
    else:
        about = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f'<w:p>{about}<w:r><w:t xml:space="preserve">{xml(text)}</w:t></w:r></w:p>'


def _content_types(parts: dict[str, str]) -> str:
    overrides = "".join(f'<Override PartName="{name}" ContentType="{kind}"/>' for name, kind in parts.items())
    return (
        f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="png" ContentType="image/png"/>{overrides}</Types>'
    )


def _relations(entries: Sequence[tuple[str, str, str]]) -> str:
    inner = "".join(f'<Relationship Id="{number}" Type="{kind}" Target="{target}"/>' for number, kind, target in entries)
    return f'<Relationships xmlns="{PACKAGE}/relationships">{inner}</Relationships>'


def _core(title: str, author: str) -> str:
    return (
        f'<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'xmlns:dcterms="http://purl.org/dc/terms/"><dc:title>{xml(title)}</dc:title><dc:creator>{xml(author)}</dc:creator>'
        "<dcterms:created>2024-03-01T08:00:00Z</dcterms:created></cp:coreProperties>"
    )


def epub(
    chapters: Sequence[tuple[str, str]], title: str, author: str, language: str = "en", pictures: dict[str, bytes] | None = None
) -> bytes:
    """A book: chapters are (file name, XHTML body)."""
    items = "".join(f'<item id="c{n}" href="{name}" media-type="application/xhtml+xml"/>' for n, (name, _) in enumerate(chapters))
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    members: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
        "OEBPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{xml(title)}</dc:title><dc:creator>{xml(author)}</dc:creator><dc:language>{language}</dc:language>"
        f"<dc:date>2021-05-04</dc:date></metadata><manifest>{items}</manifest><spine>{spine}</spine></package>",
    }
    for name, body in chapters:
        members[f"OEBPS/{name}"] = (
            f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body>{body}</body></html>'
        )
    for name, data in (pictures or {}).items():
        members[f"OEBPS/{name}"] = data
    return archive(members)


def pdf(
    pages: Sequence[Sequence[tuple[float, float, float, str, str]]], title: str = "", outline: Sequence[tuple[str, int]] = ()
) -> bytes:
    """A PDF: each page is a list of (x, y, size, font, text); fonts are F1 (Helvetica), F2 (bold) and F3 (Courier)."""
    objects: list[bytes] = [b"", b"", b""]
    fonts = []
    for name in ("Helvetica", "Helvetica-Bold", "Courier"):
        objects.append(f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>".encode())
        fonts.append(len(objects))
    resources = "<< /Font << " + " ".join(f"/F{n} {number} 0 R" for n, number in enumerate(fonts, 1)) + " >> >>"
    kids = []
    for page in pages:
        commands = b"\n".join(b"BT /%s %g Tf %g %g Td (%s) Tj ET" % (f.encode(), s, x, y, _pdf_text(t)) for x, y, s, f, t in page)
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(commands), commands))
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources {resources} /Contents {len(objects)} 0 R>>".encode()
        )
        kids.append(len(objects))
    first = len(objects) + 1
    links = ""
    if outline:
        for n, (words, page_number) in enumerate(outline):
            after = f"/Next {first + n + 1} 0 R" if n + 1 < len(outline) else ""
            objects.append(
                b"<< /Title (%s) /Parent %d 0 R /Dest [%d 0 R /Fit] %s >>"
                % (_pdf_text(words), first + len(outline), kids[page_number], after.encode())
            )
        objects.append(
            f"<< /Type /Outlines /First {first} 0 R /Last {first + len(outline) - 1} 0 R /Count {len(outline)} >>".encode()
        )
        links = f" /Outlines {len(objects)} 0 R"
    objects[0] = f"<< /Type /Catalog /Pages 2 0 R{links} >>".encode()
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] /Count {len(kids)} >>".encode()
    objects[2] = b"<< /Title (%s) /CreationDate (D:20240102030405Z) >>" % _pdf_text(title)
    return _pdf_file(objects)


def _pdf_text(text: str) -> bytes:
    return text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _pdf_file(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 3 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def pdf_lines(
    lines: Sequence[str], top: float = 720, size: float = 10, x: float = 72, font: str = "F1"
) -> list[tuple[float, float, float, str, str]]:
    """Lines below each other, for `pdf`."""
    return [(x, top - n * size * 1.2, size, font, line) for n, line in enumerate(lines)]


def pptx(slides: Sequence[tuple[str, Sequence[str], list[list[str]] | None, str]], title: str = "") -> bytes:
    """A presentation: slides are (title, bullet points, table, notes)."""
    from pptx import Presentation
    from pptx.util import Inches

    deck = Presentation()
    deck.core_properties.title = title
    for words, points, rows, notes in slides:
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = words
        slide.placeholders[1].text = "\n".join(points)
        if rows:
            shape = slide.shapes.add_table(len(rows), len(rows[0]), Inches(1), Inches(4), Inches(6), Inches(1))
            for r, row in enumerate(rows):
                for c, cell in enumerate(row):
                    shape.table.cell(r, c).text = cell
        if notes:
            slide.notes_slide.notes_text_frame.text = notes
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def xlsx(sheets: dict[str, list[list[object]]], title: str = "") -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    book.properties.title = title
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xls(rows: Sequence[Sequence[str | float]]) -> bytes:
    """A workbook of Excel 2: bare records of labels and numbers."""
    out = struct.pack("<HHHH", 0x0009, 4, 0x0002, 0x0010)
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            if isinstance(value, str):
                text = value.encode("cp1252")
                body = struct.pack("<HH3sB", r, c, b"\0\0\0", len(text)) + text
                out += struct.pack("<HH", 0x0004, len(body)) + body
            else:
                out += struct.pack("<HHHH3sd", 0x0003, 15, r, c, b"\0\0\0", value)
    return out + struct.pack("<HH", 0x000A, 0)


def notebook(cells: Sequence[dict[str, object]], version: int = 4) -> bytes:
    if version == 3:
        return json.dumps({"metadata": {}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": list(cells)}]}).encode()
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


OPEN_NAMES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in {
        "office": "office",
        "style": "style",
        "text": "text",
        "table": "table",
        "draw": "drawing",
        "fo": "xsl-fo-compatible",
        "svg": "svg-compatible",
        "presentation": "presentation",
        "meta": "meta",
    }.items()
)


def opendocument(kind: str, body: str, styles: str = "", title: str = "", members: dict[str, str | bytes] | None = None) -> bytes:
    """An OpenDocument file of a kind ("text", "spreadsheet", "presentation") with this XML as its body and automatic styles."""
    names = f'{OPEN_NAMES} xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    content = (
        f"<office:document-content {names}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    meta = (
        f"<office:document-meta {names}><office:meta><dc:title>{xml(title)}</dc:title><meta:initial-creator>Ann Author"
        "</meta:initial-creator><meta:creation-date>2024-03-01T08:00:00</meta:creation-date></office:meta></office:document-meta>"
    )
    head: dict[str, str | bytes] = {
        "mimetype": f"application/vnd.oasis.opendocument.{kind}",
        "content.xml": content,
        "meta.xml": meta,
    }
    return archive(head | (members or {}))
