"""Files of the old Office come in through LibreOffice, where it is installed; where it is not, the reason says what to do."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings, ConvertSettings
from gitkb.intake.document_names import document_name
from gitkb.intake.prepare import office_program
from gitkb.intake.prepare.document import Job, Prepared, Workshop
from gitkb.intake.prepare.office_program import saved_as
from gitkb.intake.prepare.pool import Pool
from gitkb.model.documents import SourceFile
from tests.support import sample_files as samples
from tests.support.compound_file import compound

GIB = 1024**3
DOCX = samples.docx(
    [
        ("Title", "Pumps of the Harbour"),
        ("Heading1", "Seals"),
        "A relief valve opens before 42 bar.",
        ("item", "rubber"),
        ("item", "steel"),
    ]
)
PPTX = samples.pptx([("Pumps of the Harbour", ["A seal of rubber leaks"], None, ""), ("Leaks", ["Twice a year"], None, "")])
needs_office = pytest.mark.skipif(not office_program._program(), reason="LibreOffice is not installed")


@pytest.fixture(autouse=True)
def _ask_anew():
    office_program._program.cache_clear()
    yield
    office_program._program.cache_clear()


def saved(folder: Path, content: bytes, kind: str, to: str, seconds: float = 120) -> Path:
    file = folder / f"given.{kind}"
    file.write_bytes(content)
    place = folder / f"as-{to}"
    place.mkdir()
    return saved_as(file, to, place, seconds, 2 * GIB)


def prepared(folder: Path, name: str, content: bytes) -> Prepared:
    source = folder / "docs"
    source.mkdir()
    (source / name).write_bytes(content)
    (folder / "scratch").mkdir()
    shop = Workshop(folder / "scratch", folder / "cache", "", ConversionSettings(), {})
    job = Job(
        SourceFile(f"docs/{name}", source / name, "docs", source),
        document_name(f"docs/{name}"),
        hashlib.sha256(content).hexdigest(),
    )
    with Pool(shop, ConvertSettings(), folder / "lock", 1) as pool:
        found = pool.run(job)
        if not found.error:
            assert "Conversion" in pool.run(job).remembered  # LibreOffice is not asked twice
    assert not list((folder / "scratch").glob("office-*"))
    return found


@needs_office
@pytest.mark.parametrize(("kind", "to", "content"), [("docx", "doc", DOCX), ("pptx", "ppt", PPTX)])
def test_old_files_become_documents(tmp_path, kind, to, content):
    old = saved(tmp_path, content, kind, to).read_bytes()
    assert old.startswith(b"\xd0\xcf\x11\xe0")
    found = prepared(tmp_path, f"pumps.{to}", old)
    assert (found.error, found.title) == ("", "Pumps of the Harbour")
    assert f"raw/docs/pumps.{to}" in found.files
    text = (tmp_path / "scratch/wiki/sources/docs/pumps.md").read_text("utf-8")
    record = (tmp_path / "scratch/.gitkb/documents/docs/pumps.json").read_text("utf-8")
    if to == "doc":
        assert "Seals\n\nA relief valve opens before 42 bar." in text and "- rubber\n- steel" in text
        assert '"oldword/1.' in record
    else:
        assert '<a name="slide-2"></a>' in text and "Twice a year" in text
        assert '"oldslides/1.' in record


@needs_office
def test_what_libreoffice_cannot_read_is_a_failure(tmp_path):
    found = prepared(tmp_path, "noise.doc", compound({"WordDocument": bytes(range(256)) * 40}))
    assert "LibreOffice cannot read it: it is damaged, or protected by a password." in found.error or "no text" in found.error
    assert found.hint


@needs_office
def test_it_is_stopped_in_time_with_all_that_it_started(tmp_path):
    with pytest.raises(ConversionError, match="took longer than"):
        saved(tmp_path, DOCX, "docx", "doc", seconds=0.05)
    running = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True, check=True).stdout
    assert str(tmp_path) not in running


def test_without_libreoffice_the_reason_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    if office_program._program():
        pytest.skip("LibreOffice is installed where no PATH is needed to find it")
    found = prepared(tmp_path, "pumps.doc", compound({"WordDocument": bytes(600)}))
    assert found.error == "gitkb reads it through LibreOffice, which is not installed here."
    assert found.hint == "Install LibreOffice, or save it as docx."
