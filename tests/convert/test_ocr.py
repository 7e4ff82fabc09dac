"""What is read by OCR: scans become text with their page anchors and say so, whatever the format; what is missing is named."""

import io
import json
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

from gitkb.convert.converter import convert
from gitkb.convert.ocr.engines import RAPID_LANGUAGES
from gitkb.convert.ocr.pieces import Piece
from gitkb.convert.pdf.seen_lines import lines_on, page_of
from gitkb.errors import ConfigError, ConversionError, EmptyDocument
from gitkb.formats.settings import ConversionSettings, Settings, parse_settings
from tests.support import sample_files as samples

OCR = ConversionSettings(ocr="auto")
needs_engine = pytest.mark.skipif(find_spec("rapidocr") is None, reason="gitkb[ocr] is not installed")
PAGES = [
    [
        (72, 730, 24, "F1", "The Closing of Valves"),
        (72, 690, 12, "F1", "A relief valve opens before the pressure reaches 42 bar."),
    ],
    [(72, 730, 12, "F1", "Seals are cleaned twice a year, in spring and in autumn.")],
]


def pictures_of(pdf: bytes, scale: float = 2.0) -> list[Image.Image]:
    """The upper thirds of a PDF's pages as a scanner gives them: no text, only what is seen. A whole page takes long."""
    import pypdfium2

    with pypdfium2.PdfDocument(pdf) as document:
        pages = [page.render(scale=scale).to_pil().convert("L") for page in document]
    return [page.crop((0, 0, page.width, page.height // 3)) for page in pages]


def saved(pictures: list[Image.Image], kind: str) -> bytes:
    out = io.BytesIO()
    several = {"save_all": True, "append_images": pictures[1:]} if kind in ("PDF", "TIFF") else {}
    pictures[0].save(out, kind, resolution=144, **several)
    return out.getvalue()


def scan() -> bytes:
    return saved(pictures_of(samples.pdf(PAGES)), "PDF")


@pytest.fixture
def read(tmp_path: Path):
    def made(name: str, data: bytes, settings: ConversionSettings = OCR, beat=lambda: None):
        file = tmp_path / "file"
        file.write_bytes(data)
        return convert(file, name, settings, beat=beat)

    return made


@needs_engine
def test_a_scan_becomes_text_with_its_page_anchors_and_says_so(read):
    beats: list[int] = []
    found = read("scan.pdf", scan(), beat=lambda: beats.append(1))
    first, second = found.markdown.split('<a name="page-2"></a>')
    assert first.startswith('<a name="page-1"></a>\n') and "# The Closing of Valves\n" in first
    assert "A relief valve opens before the pressure reaches 42 bar." in first
    assert "Seals are cleaned twice a year, in spring and in autumn." in second
    assert (found.title, found.pages) == ("The Closing of Valves", 2)
    assert found.ocr.startswith("all pages, by rapidocr 3.")
    assert len(beats) == 2


@needs_engine
def test_a_scan_that_stands_on_its_head_is_read_from_its_top(read):
    page = [*PAGES[0], (72, 660, 12, "F1", "Seals are cleaned twice a year, in spring and in autumn.")]
    (upright,) = pictures_of(samples.pdf([page]))
    found = read("scan.png", saved([upright.rotate(180)], "PNG")).markdown
    assert found.index("The Closing of Valves") < found.index("A relief valve") < found.index("Seals are cleaned")


@needs_engine
def test_only_the_pages_that_are_pictures_are_read(read):
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter()
    writer.append(PdfReader(io.BytesIO(samples.pdf(PAGES[:1]))))
    writer.append(PdfReader(io.BytesIO(saved(pictures_of(samples.pdf(PAGES[1:])), "PDF"))))
    out = io.BytesIO()
    writer.write(out)
    assert "(This page is a scan without text.)" in read("mixed.pdf", out.getvalue(), ConversionSettings()).markdown
    found = read("mixed.pdf", out.getvalue())
    assert "reaches 42 bar." in found.markdown and "in spring and in autumn." in found.markdown
    assert found.ocr.startswith("page 2 of 2, by rapidocr")


def test_a_pdf_with_text_needs_no_engine(read):
    text = samples.pdf(PAGES)
    assert read("a.pdf", text, ConversionSettings(ocr="all", languages=("xx",))) == read("a.pdf", text, ConversionSettings())


@needs_engine
@pytest.mark.parametrize(("name", "kind"), [("page.png", "PNG"), ("page.jpeg", "JPEG"), ("page.tif", "TIFF")])
def test_pictures_are_documents(read, name, kind):
    pages = pictures_of(samples.pdf(PAGES))
    found = read(name, saved(pages, kind))
    assert "reaches 42 bar." in found.markdown
    assert found.title == "The Closing of Valves"
    assert found.converter == "picture/2" and found.media_type == f"image/{kind.lower()}"
    assert ('<a name="page-2"></a>' in found.markdown) == (kind == "TIFF")


@needs_engine
def test_a_blank_scan_is_empty(read):
    with pytest.raises(EmptyDocument, match="OCR finds none"):
        read("blank.pdf", saved([Image.new("L", (600, 800), "white")], "PDF"))
    with pytest.raises(EmptyDocument, match="OCR finds none"):
        read("blank.png", saved([Image.new("L", (600, 800), "white")], "PNG"))


@needs_engine
def test_the_text_of_pictures_in_documents_is_read_on_request(read):
    picture = saved([pictures_of(samples.pdf(PAGES))[0].crop((0, 60, 1224, 260))], "PNG")
    document = samples.docx(["Look at this:", "The end."], picture=picture)
    assert "relief" not in read("a.docx", document).markdown
    found = read("a.docx", document, ConversionSettings(ocr="all"))
    shown = found.markdown.index("](picture-1.png)")
    said = found.markdown.index("> The Closing of Valves A relief valve opens before the pressure reaches 42 bar.")
    assert shown < said
    assert found.ocr.startswith("1 picture, by rapidocr")


@needs_engine
def test_a_knowledge_base_marks_what_was_read_and_knows_when_the_settings_change(tmp_path, kb, git, gitkb):
    source = tmp_path / "scans"
    source.mkdir()
    (source / "valves.pdf").write_bytes(scan())
    (source / "page.png").write_bytes(saved(pictures_of(samples.pdf(PAGES[1:])), "PNG"))
    refused = gitkb("add", source, code=3)
    assert "1 not supported: page.png" in refused.err
    assert "Set convert.ocr to auto in .gitkb/config.yaml." in refused.err

    config = kb / ".gitkb/config.yaml"
    config.write_text(config.read_text("utf-8") + "\nconvert:\n  ocr: auto\n", "utf-8")
    git(kb, "commit", "-qam", "Read scans")
    gitkb("add", source)
    record = json.loads((kb / ".gitkb/documents/scans/valves.json").read_text("utf-8"))
    assert record["ocr"].startswith("all pages, by rapidocr") and record["settings"]
    assert "ocr: all pages, by rapidocr" in (kb / "wiki/sources/scans/valves.md").read_text("utf-8")
    summary = (kb / "wiki/summaries/scans/valves.md").read_text("utf-8")
    assert "Read by OCR, so letters and figures may be wrong: all pages, by rapidocr" in summary
    assert (kb / "raw/scans/page.png").is_file()
    before = json.loads(gitkb("status", "--json").out)["outdated"]["documents"]

    config.write_text(config.read_text("utf-8").replace("ocr: auto", "ocr: auto\n  languages: [de]"), "utf-8")
    git(kb, "commit", "-qam", "Read German scans")
    after = json.loads(gitkb("status", "--json").out)["outdated"]
    assert after["documents"] == before + 2 and {each["what"] for each in after["reasons"]} == {"settings"}


def test_without_ocr_a_scan_and_a_picture_say_what_would_read_them(read):
    with pytest.raises(ConversionError, match=r"looks like a scan") as error:
        read("scan.pdf", scan(), ConversionSettings())
    assert error.value.hint.startswith("Set convert.ocr to auto in .gitkb/config.yaml")
    with pytest.raises(ConversionError, match="only when it is told to") as error:
        read("page.png", samples.png(), ConversionSettings())
    assert "pip install 'gitkb[ocr]'" in error.value.hint


def test_without_the_extra_the_words_that_install_it_are_said(read, monkeypatch):
    from gitkb.convert.ocr import engines

    engines.engine_for.cache_clear()
    monkeypatch.setitem(sys.modules, "rapidocr", None)  # as Python knows a package that is not there
    with pytest.raises(ConversionError, match="not installed") as error:
        read("scan.pdf", scan())
    assert error.value.hint == "Install it with: pip install 'gitkb[ocr]'."


def test_other_scripts_are_for_tesseract_and_what_it_lacks_is_named(read):
    with pytest.raises(ConversionError, match="not installed here") as error:
        read("page.png", samples.png(), ConversionSettings(ocr="auto", languages=("en", "qaa")))
    assert "apt install tesseract-ocr tesseract-ocr-eng tesseract-ocr-qaa" in error.value.hint
    assert "ru" not in RAPID_LANGUAGES and "de" in RAPID_LANGUAGES


def test_damaged_pictures_are_refused(read):
    for name, data in (
        ("a.png", samples.png()[:60]),
        ("a.tif", b"II*\0" + bytes(40)),
        ("a.tif", b"MM\0*" + b"\xff" * 400),
        ("a.jpg", b"\xff\xd8\xff\xe0" + bytes(range(256))),
    ):
        with pytest.raises(ConversionError):
            read(name, data)


def test_settings_of_ocr_are_checked_and_leave_no_trace_while_it_is_off():
    assert parse_settings("convert:\n  ocr: auto\n  languages: [de, ru]\n").conversion == ConversionSettings(
        ocr="auto", languages=("de", "ru")
    )
    assert parse_settings("convert:\n  languages: [de]\n").conversion == Settings().conversion
    assert parse_settings("convert:\n  ocr: off\n").convert.ocr == "off"
    assert parse_settings("convert:\n  ocr: all\n  languages: [no, en]\n").conversion.languages == ("no", "en")
    for wrong in ("ocr: sometimes", "languages: [German]", "languages: ['../x']"):
        with pytest.raises(ConfigError):
            parse_settings(f"convert:\n  {wrong}\n")


# What a page makes of what was read: no engine is needed for it.


def piece(x: float, y: float, text: str, height: float = 20, turn: float = 0.0) -> Piece:
    """A piece of text whose left top corner is at a place, as wide as its letters, falling by `turn` pixels to the pixel."""
    width = len(text) * 10.0
    fall = width * turn
    return Piece(((x, y), (x + width, y + fall), (x + width, y + fall + height), (x, y + height)), text)


def texts(pieces: list[Piece]) -> list[str]:
    return [line.text for line in lines_on(pieces, 1000, 1400, 1.0).lines]


LEFT = [f"the left column says {word} here" for word in ("one", "two", "three", "four", "five")]
RIGHT = [f"the right one says {word} here" for word in ("six", "seven", "eight", "nine", "ten")]


def test_columns_are_read_one_after_the_other():
    title = piece(100, 40, "A title that stands above both of the columns and reaches from here to there", 30)
    sides = [
        piece(x, 120 + 24 * n + shift, text)
        for x, shift, column in ((60, 0, LEFT), (520, 9, RIGHT))
        for n, text in enumerate(column)
    ]
    assert texts([*reversed(sides), title]) == [title.text, *LEFT, *RIGHT]


def test_cells_of_a_table_stay_in_their_rows():
    rows = [("Part", "Price"), ("seal", "4"), ("pump", "700"), ("valve", "31"), ("hose", "12")]
    pieces = [piece(x, 100 + 30 * n, text) for n, row in enumerate(rows) for x, text in zip((60, 500), row, strict=True)]
    assert texts(pieces) == [" ".join(row) for row in rows]


def test_a_page_that_lies_askew_is_put_upright():
    fall = 0.05
    pieces = [piece(60, 100 + 30 * n, f"first half {n}", turn=fall) for n in range(4)]
    pieces += [piece(700, 100 + 30 * n + 640 * fall, f"last half {n}", turn=fall) for n in range(4)]
    assert texts(pieces) == [f"first half {n} last half {n}" for n in range(4)]


def test_what_runs_up_the_margin_is_no_line_of_the_text():
    stamp = Piece(((10, 100), (30, 100), (30, 900), (10, 900)), "arXiv:2103.15348 [cs.CV]")
    page = page_of([stamp, *(piece(100, 120 + 30 * n, text) for n, text in enumerate(LEFT))], 1, Image.new("L", (1000, 1400)))
    assert [line.text for line in page.lines] == LEFT
    assert page.turned == (stamp.text,)
    assert len({line.size for line in page.lines}) == 1
