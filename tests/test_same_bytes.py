"""Files with equal bytes: one document, unless the first of them cannot be read and another can."""

from pathlib import Path

PAGE = "<!DOCTYPE html><html><body><h1>The harbour</h1><p>The harbour lies behind the lantern.</p></body></html>"


def test_a_file_with_the_bytes_of_one_that_failed_is_read_by_its_own_ending(tmp_path: Path, write_files, run, git) -> None:
    docs = write_files(tmp_path / "docs", {"report.docx": PAGE, "report.html": PAGE, "report.htm": PAGE, "zz.docx": PAGE})
    assert run("init", tmp_path / "kb").code == 0
    ran = run("add", docs, "--kb", tmp_path / "kb")
    assert ran.code == 3
    assert "failed  docs/report.docx: report.docx holds no Word document: it is a web page" in ran.err
    assert "skipped docs/report.html: same bytes as docs/report-htm" in ran.err
    assert "zz.docx: same bytes as docs/report-htm" in ran.err
    assert "Added 1, skipped 2 (same bytes as others), failed 1" in ran.out
    assert "lies behind the lantern" in (tmp_path / "kb/wiki/sources/docs/report-htm.md").read_text("utf-8")
    again = run("add", docs, "--kb", tmp_path / "kb")
    assert again.code == 0
    assert git(tmp_path / "kb", "status", "--porcelain") == ""


def test_copies_of_a_file_that_fails_fail_with_it(tmp_path: Path, write_files, run) -> None:
    docs = write_files(tmp_path / "docs", {"a.docx": PAGE, "b.docx": PAGE})
    assert run("init", tmp_path / "kb").code == 0
    ran = run("add", docs, "--kb", tmp_path / "kb")
    assert ran.code == 3
    assert "failed  docs/b.docx: same bytes as docs/a.docx, which failed." in ran.err
