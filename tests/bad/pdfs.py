"""Bad PDF documents."""

import io
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bad import words
from tests.bad.case import FILE_DAMAGED, Case, added, either, failed, flipped, noise, truncated
from tests.support import sample_files as samples
from tests.support.isolation import ROOT

TEXT = "The harbour of the old town lies behind the lantern and was built in 1700."
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
TOO_LONG = r"took longer|needs more memory|crashed|too many|damaged"
GIB = 1024**3
DATA = ROOT / "tests/data/encrypted"
"""Two files that pypdf made where it had the cryptography package, which is not needed otherwise."""


def cases() -> Iterator[Case]:
    yield from truncated("pdf", "cut.pdf", words.pdf(), words.WORDS)
    yield from flipped("pdf", "flip.pdf", words.pdf(), words.WORDS)
    yield from _headers()
    yield from _encrypted()
    yield from _trees()
    yield from _exploding()
    yield from _content()
    yield from _links()
    yield from _second_reader()


def file_of(objects: Sequence[bytes], root: int = 1, trailer: bytes = b"", head: bytes = b"%PDF-1.5\n") -> bytes:
    """A PDF of objects, numbered from 1, with a right cross-reference table."""
    out = bytearray(head)
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root %d 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, root, trailer, start)
    return bytes(out)


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """A stream object's body."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), entries, data)


def shown(text: str) -> bytes:
    """The content of a page that shows a text."""
    return b"BT /F1 10 Tf 72 700 Td (%s) Tj ET" % text.encode("cp1252")


def page(content: int = 4, parent: int = 2, entries: bytes = b"", resources: bytes = b"/Font << /F1 5 0 R >>") -> bytes:
    return b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 612 792] /Contents %d 0 R /Resources << %s >> %s >>" % (
        parent,
        content,
        resources,
        entries,
    )


def simple(
    content: bytes | None = None,
    *,
    pages: bytes = b"",
    page_entries: bytes = b"",
    resources: bytes = b"",
    more: Sequence[bytes] = (),
) -> bytes:
    """A PDF of one page: 1 is the catalog, 2 the page tree, 3 the page, 4 its content, 5 the font, `more` from 6."""
    return file_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            pages or b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            page(entries=page_entries, resources=b"/Font << /F1 5 0 R >> " + resources),
            content if content is not None else stream(shown(TEXT)),
            FONT,
            *more,
        ]
    )


def _headers() -> Iterator[Case]:
    whole = words.pdf()
    yield failed("pdf/header-only.pdf", b"%PDF-1.7\n", r"damaged|cut off")
    yield failed("pdf/header-and-noise.pdf", b"%PDF-1.7\n" + noise(50_000, "pdf"), r"damaged|cut off")
    yield failed("pdf/header-and-zeros.pdf", b"%PDF-1.7\n" + bytes(50_000), r"damaged|cut off")
    yield failed("pdf/header-and-text.pdf", b"%PDF-1.7\n" + b"just words " * 500, r"damaged|cut off")
    yield added("pdf/noise-before.pdf", b"MIME junk\r\n" * 40 + whole, "smithy of the old town")
    yield added("pdf/noise-behind.pdf", whole + b"\n<!-- added by a server -->\n" * 400, "smithy of the old town")
    yield added("pdf/zeros-behind.pdf", whole + bytes(20_000), "smithy of the old town")
    yield added("pdf/no-start-of-table.pdf", whole.replace(b"startxref", b"startxxxx"), "smithy of the old town")
    yield added("pdf/wrong-start-of-table.pdf", whole.replace(b"startxref\n", b"startxref\n9"), "smithy of the old town")
    yield added("pdf/crlf-by-a-transfer.pdf", whole.replace(b"\n", b"\r\n"), "smithy of the old town")
    yield failed("pdf/a-web-page.pdf", words.html(), r"holds no PDF document: it is a web page")
    yield failed("pdf/a-word-document.pdf", words.docx(), r"holds no PDF document: it is a Word document")
    yield failed("pdf/a-picture.pdf", samples.png(), r"holds no PDF document: it is a PNG picture")


def _encrypted() -> Iterator[Case]:
    secret = r"protected by a password"
    for method in ("RC4-40", "RC4-128"):
        yield failed(f"pdf/password-{method.lower()}.pdf", _locked("secret", method), secret)
        yield added(f"pdf/empty-password-{method.lower()}.pdf", _locked("", method), "smithy of the old town")
    yield failed("pdf/password-aes-256.pdf", (DATA / "aes-256-password.pdf").read_bytes(), secret)
    yield added("pdf/empty-password-aes-256.pdf", (DATA / "aes-256-empty-password.pdf").read_bytes(), "smithy of the old town")
    whole = words.pdf()
    lie = whole.replace(
        b"/Root 1 0 R", b"/Root 1 0 R /Encrypt << /Filter /Standard /V 99 /R 99 /O (x) /U (x) /P 0 >> /ID [(a) (a)]"
    )
    yield failed("pdf/unknown-encryption.pdf", lie, r"protected|damaged|password")


def _locked(password: str, method: str) -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(words.pdf())))
    writer.encrypt(user_password=password, owner_password="owner", algorithm=method)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _trees() -> Iterator[Case]:
    none = r"no pages|damaged"
    yield failed("pdf/zero-pages.pdf", simple(pages=b"<< /Type /Pages /Kids [] /Count 0 >>"), none)
    yield failed("pdf/no-page-tree.pdf", file_of([b"<< /Type /Catalog >>"]), none)
    yield failed("pdf/cyclic-page-tree.pdf", simple(pages=b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"), none)
    yield either("pdf/cycle-and-page.pdf", simple(pages=b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 2 >>"), none, "harbour")
    yield either("pdf/negative-count.pdf", simple(pages=b"<< /Type /Pages /Kids [3 0 R] /Count -5 >>"), none, "harbour")
    yield either("pdf/huge-count.pdf", simple(pages=b"<< /Type /Pages /Kids [3 0 R] /Count 2147483647 >>"), r"pages", "harbour")
    yield either("pdf/count-too-small.pdf", _count_too_small(), none, "harbour")
    yield either("pdf/pages-missing.pdf", _pages_missing(), "9 of its 10 pages cannot be read", "harbour", "damaged")
    yield either("pdf/tree-3000-deep.pdf", _deep_tree(3_000), r"nested|damaged|no pages", "harbour")
    yield either("pdf/tree-900-deep.pdf", _deep_tree(900), r"nested|damaged|no pages", "harbour")
    yield failed("pdf/100000-pages.pdf", _many_pages, r"100,000 pages")
    yield either("pdf/same-page-many-times.pdf", _same_page(5_000), r"pages|took longer|damaged", "harbour", slow=True)


def _count_too_small() -> bytes:
    pages = b"<< /Type /Pages /Kids [3 0 R 6 0 R] /Count 1 >>"
    return simple(pages=pages, more=[page(content=7), stream(shown("The smithy of the old town stands on the hill."))])


def _pages_missing() -> bytes:
    kids = b" ".join(b"%d 0 R" % number for number in [3, *range(500, 509)])
    return simple(pages=b"<< /Type /Pages /Kids [" + kids + b"] /Count 10 >>")


def _deep_tree(depth: int) -> bytes:
    """A page tree that is a chain, with the page at its end."""
    inner = [
        b"<< /Type /Pages /Kids [%d 0 R] /Count 1 /Parent %d 0 R >>" % (n + 7 if n + 1 < depth else 3, n + 5 if n else 2)
        for n in range(depth)
    ]
    return simple(pages=b"<< /Type /Pages /Kids [6 0 R] /Count 1 >>", more=inner)


def _many_pages(file: Path) -> None:
    count = 100_000
    kids = b" ".join(b"%d 0 R" % (number + 6) for number in range(count))
    file.write_bytes(simple(pages=b"<< /Type /Pages /Kids [" + kids + b"] /Count %d >>" % count, more=[page()] * count))


def _same_page(count: int) -> bytes:
    return simple(pages=b"<< /Type /Pages /Kids [" + b"3 0 R " * count + b"] /Count %d >>" % count)


def _exploding() -> Iterator[Case]:
    yield either("pdf/exponential-forms.pdf", exponential_forms(12), TOO_LONG, "harbour", slow=True)
    yield either("pdf/form-in-itself.pdf", _form_in_itself(), TOO_LONG, "harbour", slow=True)
    yield either("pdf/exponential-patterns.pdf", _patterns(), TOO_LONG, "harbour")
    yield either("pdf/flate-4-gib.pdf", _flate(4 * GIB), TOO_LONG + "|no text", "harbour", slow=True)
    yield either("pdf/flate-200-mib.pdf", _flate(200 * 1024**2), TOO_LONG + "|no text", "harbour", slow=True)
    yield either("pdf/flate-in-flate.pdf", _flate_in_flate(), TOO_LONG + "|no text", slow=True)
    yield either("pdf/flate-picture.pdf", _picture_bomb(), TOO_LONG, "harbour")
    yield either("pdf/chain-of-filters.pdf", _filters(), TOO_LONG + "|no text", "harbour")
    yield either("pdf/predictor-columns.pdf", _predictor(), TOO_LONG + "|no text")
    yield either("pdf/runs.pdf", simple(stream(b"\x81 " * 200_000 + b"\x80", b"/Filter /RunLengthDecode")), TOO_LONG + "|no text")
    yield either("pdf/long-array.pdf", _with_entry(b"/A [" + b"0 " * 3_000_000 + b"]"), TOO_LONG, "harbour")
    yield either("pdf/deep-arrays.pdf", _with_entry(b"/A " + b"[" * 200_000 + b"]" * 200_000), TOO_LONG, "harbour")
    yield either(
        "pdf/deep-dictionaries.pdf", _with_entry(b"/A " + b"<< /A " * 50_000 + b"0" + b" >>" * 50_000), TOO_LONG, "harbour"
    )
    yield either("pdf/many-words.pdf", _many_words(), TOO_LONG, "harbour", slow=True)
    yield either("pdf/many-operators.pdf", simple(stream(shown(TEXT) + b" q Q" * 2_000_000)), TOO_LONG, "harbour")
    yield either("pdf/open-brackets.pdf", simple(stream(shown(TEXT) + b" [" * 500_000)), TOO_LONG + "|no text")
    yield either("pdf/saved-states.pdf", simple(stream(b"q " * 1_000_000 + shown(TEXT))), TOO_LONG, "harbour")


def exponential_forms(depth: int) -> bytes:
    """Form objects that each draw the next ten times."""
    forms = []
    for n in range(depth):
        inner = b"/X Do " * 10 if n + 1 < depth else shown(TEXT)
        following = b"/XObject << /X %d 0 R >>" % (n + 7) if n + 1 < depth else b""
        entries = b"/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << /Font << /F1 5 0 R >> %s >>" % following
        forms.append(stream(inner, entries))
    return simple(stream(b"/X Do"), resources=b"/XObject << /X 6 0 R >>", more=forms)


def _form_in_itself() -> bytes:
    entries = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 6 0 R >> >>"
    return simple(stream(b"/X Do " + shown(TEXT)), resources=b"/XObject << /X 6 0 R >>", more=[stream(b"/X Do /X Do", entries)])


def _patterns() -> bytes:
    entries = (
        b"/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 1 1] /XStep 0.001 /YStep 0.001"
        b" /Resources << /Pattern << /P 6 0 R >> >>"
    )
    drawn = b"/Pattern cs /P scn 0 0 612 792 re f "
    return simple(stream(drawn + shown(TEXT)), resources=b"/Pattern << /P 6 0 R >>", more=[stream(drawn * 10, entries)])


def deflated(size: int, fill: bytes = b" ") -> bytes:
    """A zlib stream of that many bytes, made without unpacking it: one block, repeated."""
    packer = zlib.compressobj(9)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    first = packer.compress(fill * 1024**2) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + first * max(1, size // 1024**2) + packer.flush()


def _flate(size: int) -> bytes:
    return simple(stream(deflated(size), b"/Filter /FlateDecode"))


def _flate_in_flate() -> bytes:
    return simple(stream(zlib.compress(deflated(4 * GIB), 9), b"/Filter [/FlateDecode /FlateDecode]"))


def _picture_bomb() -> bytes:
    entries = b"/Type /XObject /Subtype /Image /Width 30000 /Height 30000 /ColorSpace /DeviceRGB /BitsPerComponent 8"
    entries += b" /Filter /FlateDecode"
    drawn = b" q 300 0 0 300 100 100 cm /I Do Q"
    return simple(
        stream(shown(TEXT) + drawn), resources=b"/XObject << /I 6 0 R >>", more=[stream(deflated(2_700_000_000, b"\0"), entries)]
    )


def _filters() -> bytes:
    return simple(stream(b"61>" * 10, b"/Filter [" + b"/ASCIIHexDecode " * 20_000 + b"]"))


def _predictor() -> bytes:
    entries = b"/Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 2000000000 /Colors 4 /BitsPerComponent 16 >>"
    return simple(stream(zlib.compress(shown(TEXT)), entries))


def _with_entry(entry: bytes) -> bytes:
    return simple(page_entries=b"/X << " + entry + b" >>")


def _many_words() -> bytes:
    lines = b"".join(b"BT /F1 4 Tf %d %d Td (word%d) Tj ET\n" % (n * 7 % 600, n * 11 % 780, n) for n in range(200_000))
    return simple(stream(zlib.compress(shown(TEXT) + b"\n" + lines), b"/Filter /FlateDecode"))


def _content() -> Iterator[Case]:
    scan = r"no text in 1 page, it looks like a scan"
    for name in (b"JBIG2Decode", b"JPXDecode", b"CCITTFaxDecode", b"DCTDecode", b"Nonsense"):
        shown_too = stream(shown(TEXT) + b" q 300 0 0 300 100 100 cm /I Do Q")
        alone = stream(b"q 612 0 0 792 0 0 cm /I Do Q")
        entries = (
            b"/Type /XObject /Subtype /Image /Width 900 /Height 900 /ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /" + name
        )
        picture = stream(noise(4_000, "picture"), entries)
        low = name.decode().lower()
        yield added(f"pdf/{low}-and-text.pdf", simple(shown_too, resources=b"/XObject << /I 6 0 R >>", more=[picture]), "harbour")
        yield failed(f"pdf/{low}-alone.pdf", simple(alone, resources=b"/XObject << /I 6 0 R >>", more=[picture]), scan)
    for size in (b"1000000000", b"-1", b"0"):
        entries = b"/Type /XObject /Subtype /Image /Width %s /Height %s /ColorSpace /DeviceRGB /BitsPerComponent 8" % (size, size)
        drawn = stream(shown(TEXT) + b" q 300 0 0 300 100 100 cm /I Do Q")
        data = simple(drawn, resources=b"/XObject << /I 6 0 R >>", more=[stream(b"abc", entries)])
        yield added(f"pdf/picture-of-{size.decode()}-pixels.pdf", data, "harbour")
    yield either("pdf/surrogates-and-nul.pdf", _mapped({1: "D800", 2: "0000", 3: "FFFE"}), r"garbled|no text|scan")
    yield failed("pdf/private-characters.pdf", _mapped({n: f"E0{n:02X}" for n in range(1, 250)}), r"garbled")
    yield either("pdf/huge-page.pdf", simple(page_entries=b"/MediaBox [0 0 1000000000 1000000000]"), "damaged", "harbour")
    yield either("pdf/page-without-size.pdf", simple(page_entries=b"/MediaBox [0 0 0 0]"), "damaged", "harbour")
    yield either("pdf/size-is-no-number.pdf", simple(page_entries=b"/MediaBox [(a) /b null 1e999]"), "damaged", "harbour")
    yield failed(
        "pdf/content-missing.pdf",
        file_of([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page(99)]),
        "its page is empty",
    )
    yield either(
        "pdf/length-of-itself.pdf",
        simple(b"<< /Length 4 0 R >>\nstream\n" + shown(TEXT) + b"\nendstream"),
        FILE_DAMAGED,
        "harbour",
    )
    yield either(
        "pdf/length-too-large.pdf",
        simple(b"<< /Length 999999999 >>\nstream\n" + shown(TEXT) + b"\nendstream"),
        FILE_DAMAGED,
        "harbour",
    )
    yield either("pdf/glyph-draws-itself.pdf", _type3(), FILE_DAMAGED + "|took longer|crashed")
    yield either("pdf/script-and-launch.pdf", _active(), "damaged", "harbour", absent=("app.alert", "calc.exe", "/etc/passwd"))


def _mapped(codes: dict[int, str]) -> bytes:
    """A page whose font says that its characters mean those with these numbers."""
    entries = b"\n".join(b"<%02X> <%s>" % (code, meant.encode()) for code, meant in codes.items())
    table = b"/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <FF> endcodespacerange\n"
    table += b"%d beginbfchar\n%s\nendbfchar endcmap" % (len(codes), entries)
    font = FONT.replace(b">>", b"/ToUnicode 6 0 R >>")
    text = b"BT /F1 10 Tf 72 700 Td <%s> Tj ET" % "".join(f"{code:02X}" for code in codes).encode()
    whole = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page(),
        stream(text * 5),
        font,
        stream(table),
    ]
    return file_of(whole)


def _type3() -> bytes:
    font = (
        b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [1 0 0 1 0 0] /CharProcs << /a 6 0 R >> /FirstChar 97"
        b" /LastChar 97 /Widths [9] /Encoding << /Differences [97 /a] >> /Resources << /Font << /F1 5 0 R >> >> >>"
    )
    glyph = stream(b"9 0 d0 BT /F1 1 Tf (aaaa) Tj ET")
    tree = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page(), stream(shown("aaaa"))]
    return file_of([*tree, font, glyph])


def _active() -> bytes:
    catalog = (
        b"<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>"
        b" /AA << /WC << /S /Launch /F (calc.exe) >> >> >>"
    )
    pages = [b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page(entries=b"/AA << /O << /S /GoToR /F (/etc/passwd) >> >>")]
    return file_of([catalog, *pages, stream(shown(TEXT)), FONT])


def _links() -> Iterator[Case]:
    """Outlines and tables that lead in circles."""
    yield added("pdf/outline-in-a-circle.pdf", _outline(b"/Next 6 0 R"), "harbour")
    yield added("pdf/outline-below-itself.pdf", _outline(b"/First 6 0 R /Last 6 0 R"), "harbour")
    yield either("pdf/outline-100000-deep.pdf", _deep_outline(100_000), TOO_LONG, "harbour")
    data = simple()
    yield either(
        "pdf/table-before-itself.pdf", data.replace(b"/Root", b"/Prev %d /Root" % data.rindex(b"xref\n0")), "damaged", "harbour"
    )
    yield either("pdf/table-of-2-billion.pdf", data.replace(b"/Size 6", b"/Size 2147483647"), "damaged", "harbour")
    yield either("pdf/root-is-missing.pdf", data.replace(b"/Root 1 0 R", b"/Root 99 0 R"), "damaged|no pages", "harbour")


def _outline(entry: bytes) -> bytes:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Outlines 7 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page(),
        stream(shown(TEXT)),
        FONT,
        b"<< /Title (again) /Parent 7 0 R /Dest [3 0 R /Fit] " + entry + b" >>",
        b"<< /Type /Outlines /First 6 0 R /Last 6 0 R /Count 1 >>",
    ]
    return file_of(objects)


def _deep_outline(depth: int) -> bytes:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Outlines 6 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page(),
        stream(shown(TEXT)),
        FONT,
    ]
    objects += [b"<< /Title (deep) /Dest [3 0 R /Fit] /First %d 0 R /Last %d 0 R >>" % (n + 7, n + 7) for n in range(depth)]
    return file_of([*objects, b"<< /Title (end) /Dest [3 0 R /Fit] >>"])


def _second_reader() -> Iterator[Case]:
    """Files that one of the two readers refuses: a long array within the rules, and small damage."""
    numbers = b"[" + b"0 " * 200_000 + b"]"
    yield added("pdf/only-pdfium-reads.pdf", simple(stream(shown(TEXT) + b" " + numbers + b" 0 d")), "harbour")
    yield added("pdf/only-pypdf-reads-no-root.pdf", simple().replace(b"/Root 1 0 R", b"/oot  1 0 R"), "harbour")
    yield added("pdf/only-pypdf-reads-no-object.pdf", simple().replace(b"2 0 obj", b"2 0 ob\xa2"), "harbour")
    yield added("pdf/only-pypdf-reads-no-size.pdf", simple().replace(b"/Size 6 /Root", b"/Size 6/J| /Root"), "harbour")
