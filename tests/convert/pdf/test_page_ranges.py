"""Long PDFs: ranges of their pages are read by themselves, by several workers, and give what one piece gives."""

import contextlib
import hashlib
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pypdfium2
import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter, Transformation
from pypdf.annotations import Link

from gitkb.convert.draft import NeedsParts, Parts
from gitkb.convert.pdf.page_ranges import RANGE, SPREAD_ABOVE, keep_range, read_pages
from gitkb.formats.settings import ConversionSettings, ConvertSettings
from gitkb.intake.document_names import document_name
from gitkb.intake.prepare.document import Job, Prepared, Workshop
from gitkb.intake.prepare.pool import Pool
from gitkb.model.documents import SourceFile
from tests.bad import pdfs
from tests.support import sample_files as samples

COLOURS = ("red", "green", "blue")


def _pages(count: int) -> list[list[tuple[float, float, float, str, str]]]:
    """Pages with a running head, a heading now and then, and sentences that go on over the page."""
    return [
        [
            (72, 760, 8, "F1", f"The Book of Newts   {number}"),
            *([(72, 720, 16, "F2", f"Chapter {number // 5}")] if number % 5 == 0 else []),
            (72, 680, 10, "F1", f"pond number {number}. A newt leaves its pond in the autumn and sleeps below"),
            (72, 668, 10, "F1", "the roots of an old tree, and when the rain of the spring comes it goes to"),
        ]
        for number in range(count)
    ]


def _picture(colour: str) -> PdfReader:
    out = io.BytesIO()
    Image.new("RGB", (60, 60), colour).save(out, "PDF", resolution=72)
    return PdfReader(out)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine pages with links and pictures, of which several are the same."""
    writer = PdfWriter(clone_from=io.BytesIO(samples.pdf(_pages(9))))
    pictures = [_picture(colour).pages[0] for colour in COLOURS]
    for number, page in enumerate(writer.pages):
        page.merge_transformed_page(pictures[number * 2 % 3], Transformation().translate(200, 300))
        writer.add_annotation(number, Link(rect=(70, 676, 100, 690), url=f"https://newts.example/{(9 - number) % 4}"))
    file = tmp_path_factory.mktemp("shown") / "shown.pdf"
    writer.write(file)
    return file


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As many pages as are worth several workers."""
    file = tmp_path_factory.mktemp("long") / "long.pdf"
    file.write_bytes(samples.pdf(_pages(SPREAD_ABOVE + 1)))
    return file


def _read(file: Path, *, parts: Parts | None = None, size: int = RANGE):
    with contextlib.closing(pypdfium2.PdfDocument(file)) as document:
        return read_pages(document, None, parts, size)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_ranges_that_are_joined_are_the_document_in_one_piece(shown: Path, size: int) -> None:
    whole, joined = _read(shown), _read(shown, size=size)
    assert (joined.targets, joined.pictures) == (whole.targets, whole.pictures)
    for one, other in zip(joined.pages, whole.pages, strict=True):
        assert [line.text for line in one.lines] == [line.text for line in other.lines]
        assert (one.number, one.pictures) == (other.number, other.pictures)
    assert len(whole.targets) == 4 and len(whole.pictures) == 3
    assert [len(page.pictures) for page in whole.pages] == [1] * 9


def test_only_a_long_document_is_given_to_others(shown: Path, long: Path) -> None:
    with pytest.raises(NeedsParts) as asked:
        _read(long, parts=Parts())
    assert asked.value.count == 3
    assert len(_read(shown, parts=Parts()).pages) == 9


def test_a_range_that_is_missing_or_no_data_is_read_anew(long: Path, tmp_path: Path) -> None:
    for number in range(2):
        keep_range(long, number, None, tmp_path)
    kept = msgspec.msgpack.decode((tmp_path / "1").read_bytes())
    kept["pages"][0]["lines"] = "no lines"
    (tmp_path / "1").write_bytes(msgspec.msgpack.encode(kept))
    assert _read(long, parts=Parts(tmp_path)) == _read(long)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    (tmp_path / "scratch").mkdir()
    yield Workshop(tmp_path / "scratch", tmp_path / "cache", "", ConversionSettings(10**8), {})
    assert not list((tmp_path / "scratch").glob("parts-*"))


def _job(file: Path) -> Job:
    source = SourceFile(f"docs/{file.name}", file, "docs", file.parent)
    return Job(source, document_name(source.path), hashlib.sha256(file.read_bytes()).hexdigest())


def _made(shop: Workshop, result: Prepared) -> dict[str, bytes]:
    assert not result.error
    return {path: (shop.scratch / path).read_bytes() for path in result.files}


def test_two_workers_give_the_bytes_of_one(long: Path, shop: Workshop, tmp_path: Path) -> None:
    with Pool(shop, ConvertSettings(), tmp_path / "lock", 2) as pool:
        together = _made(shop, pool.run(_job(long)))
    alone = msgspec.structs.replace(shop, cache=tmp_path / "other")
    with Pool(alone, ConvertSettings(), tmp_path / "lock", 1) as pool:
        assert _made(shop, pool.run(_job(long))) == together
    assert any(b"Chapter 40" in content for content in together.values())


def test_where_ranges_fail_nothing_is_warned_of(
    long: Path, shop: Workshop, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    writer = PdfWriter()
    for _ in range(6):
        writer.append(PdfReader(long))
    writer.write(tmp_path / "longer.pdf")
    job = _job(tmp_path / "longer.pdf")
    with Pool(shop, replace(ConvertSettings(), timeout=0.01), tmp_path / "lock", 2) as pool:
        failed = pool._by_parts(job, 6 * len(PdfReader(long).pages) // RANGE)
    assert "took longer than" in failed.error
    assert [str(each.message) for each in recwarn] == []


def test_a_range_that_hangs_fails_its_document_and_no_other(shown: Path, long: Path, shop: Workshop, tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=long)
    writer.insert_page(PdfReader(io.BytesIO(pdfs.exponential_forms(14))).pages[0], index=RANGE + 7)
    writer.write(tmp_path / "hanging.pdf")
    with Pool(shop, replace(ConvertSettings(), timeout=3.0), tmp_path / "lock", 2) as pool:
        hanging, other = pool.prepare([_job(tmp_path / "hanging.pdf"), _job(shown)])
    assert "took longer than 3 s" in hanging.error
    assert not other.error and not list(shop.scratch.rglob("*hanging*"))
