"""Files with nothing in them are told once and are no failures; files that fail make no folder a strange one."""

import json
from pathlib import Path

import pytest

from tests.support import sample_files as samples

EMPTY = {
    "zero.md": b"",
    "again.md": b"",
    "other.txt": b"",
    "blanks.txt": b" \n\t\r\n",
    "properties.md": b"---\ntags: [pump]\n---\n",
    "comment.md": b"<!-- later -->\n",
    "page.html": b"<html><body></body></html>",
    "form.docx": samples.docx([]),
    "blank.pdf": samples.pdf([[]]),
}
FULL = {"pump.md": b"# Pumps\n\nA pump moves water uphill.\n", "title.md": b"# Only a title\n", "shown.md": b"![](seal.png)\n"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "mixed"
    made.mkdir()
    for name, content in {**EMPTY, **FULL, "seal.png": samples.png()}.items():
        (made / name).write_bytes(content)
    return made


def test_empty_files_are_told_once_with_their_number(folder, gitkb):
    done = gitkb("add", folder)
    assert f"Added {len(FULL)}, skipped {len(EMPTY)} (empty) in" in done.out
    assert "failed" not in done.out + done.err
    assert done.err.count("zero.md") + done.err.count("again.md") == 1
    assert "Nothing to read in mixed/again.md, mixed/blank.pdf" in done.err and "4 more (-v names them)." in done.err
    assert all(f"mixed/{name}" in gitkb("add", folder, "-v").err for name in EMPTY)


def test_programs_are_told_why(folder, gitkb):
    events = [json.loads(line) for line in gitkb("add", folder, "--json").out.splitlines()]
    empty = {each["source"] for each in events if each.get("skipped") == "empty"}
    assert empty == {f"mixed/{name}" for name in EMPTY}
    assert all(each["outcome"] == "skipped" and each["reason"].endswith(".") for each in events if each.get("source") in empty)
    assert (events[-1]["added"], events[-1]["skipped"], events[-1]["failed"]) == (len(FULL), len(EMPTY), 0)


def test_a_document_whose_file_is_empty_now_stays_and_is_a_failure(folder, kb, gitkb):
    gitkb("add", folder)
    (folder / "pump.md").write_bytes(b"")
    done = gitkb("add", folder, code=3)
    assert "failed  mixed/pump.md: the file is empty. Its document stays as it was." in done.err
    assert "uphill" in (kb / "wiki/sources/mixed/pump.md").read_text("utf-8")


def test_a_file_that_is_filled_later_becomes_a_document(folder, gitkb):
    gitkb("add", folder)
    (folder / "zero.md").write_bytes(b"# Seals\n\nA seal keeps water in.\n")
    assert "Added 1," in gitkb("add", folder).out


def test_files_that_failed_make_no_other_folder_of_it(tmp_path, gitkb):
    folder = tmp_path / "plant"
    folder.mkdir()
    (folder / "pump.md").write_bytes(FULL["pump.md"])
    for number in range(3):
        (folder / f"broken-{number}.pdf").write_bytes(b"%PDF-1.7 and nothing more " + bytes([48 + number]))
    gitkb("add", folder, code=3)
    (folder / "pump.md").write_bytes(b"# Pumps\n\nA pump moves water downhill, too.\n")
    assert "Updated 1, failed 3 in" in gitkb("add", folder, code=3).out


def test_a_strange_folder_is_refused_however_many_of_its_files_would_fail(tmp_path, gitkb):
    one, other = tmp_path / "one/plant", tmp_path / "other/plant"
    for folder in (one, other):
        folder.mkdir(parents=True)
        (folder / "README.md").write_bytes(f"# {folder.parent.name}\n\nA pump of plant {folder.parent.name}.\n".encode())
    (one / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    (other / "broken.pdf").write_bytes(b"%PDF-1.7 and something else")
    (other / "seal.md").write_bytes(b"# Seals\n\nA seal keeps water in.\n")
    gitkb("add", one, code=3)
    refused = gitkb("add", other, code=2)
    assert "it is probably another folder" in refused.err


def test_bytes_of_no_format_are_said_to_be_that(tmp_path, gitkb):
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / "report.pdf").write_bytes(bytes(range(256)) * 4)
    done = gitkb("add", folder, code=3)
    assert (
        "report.pdf holds no PDF document, and nothing else that gitkb can read: it is binary data of no known format. "
        "It may be damaged, encrypted or wrongly named: open it where it was made, and save it again."
    ) in done.err
