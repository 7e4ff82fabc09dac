import os
from pathlib import Path

import pytest

from gitkb.errors import UsageError
from gitkb.intake.scan import Filter, Scan, scan, stored_path


def _paths(found: Scan) -> list[str]:
    return [source.path for source in found.files]


def _make(folder: Path, *names: str) -> Path:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name, encoding="utf-8")
    return folder


def test_a_folder_is_mirrored_in_byte_order(tmp_path: Path) -> None:
    folder = _make(tmp_path / "docs", "b.md", "a/z.md", "a.md", "B.md")
    assert _paths(scan(folder, "", Filter(), None)) == ["docs/B.md", "docs/a.md", "docs/a/z.md", "docs/b.md"]


def test_into_replaces_the_root(tmp_path: Path) -> None:
    folder = _make(tmp_path / "docs", "a.md")
    assert _paths(scan(folder, "team/x", Filter(), None)) == ["team/x/a.md"]
    assert _paths(scan(folder / "a.md", "team", Filter(), None)) == ["team/a.md"]
    with pytest.raises(UsageError):
        scan(folder, "../x", Filter(), None)


def test_hidden_and_ignored_files_are_left_out(tmp_path: Path) -> None:
    folder = _make(tmp_path / "docs", "a.md", ".hidden/x.md", ".x.md", "skip/b.md", "skip/keep.md", "draft.md")
    (folder / ".gitignore").write_text("skip/*\n!skip/keep.md\n", encoding="utf-8")
    (folder / ".gitkbignore").write_text("draft.md\n", encoding="utf-8")
    assert _paths(scan(folder, "", Filter(), None)) == ["docs/a.md", "docs/skip/keep.md"]


def test_globs_choose(tmp_path: Path) -> None:
    folder = _make(tmp_path / "docs", "a.md", "b.txt", "c/d.md")
    assert _paths(scan(folder, "", Filter(include=("*.md",), exclude=("c/",)), None)) == ["docs/a.md"]


def test_unsupported_files_are_named(tmp_path: Path) -> None:
    found = scan(_make(tmp_path / "docs", "a.md", "slides.key"), "", Filter(), None)
    assert found.unsupported == ("slides.key",)


def test_the_knowledge_bases_own_folders_are_not_sources(tmp_path: Path) -> None:
    folder = _make(tmp_path / "kb", "raw/a.md", "wiki/b.md", "AGENTS.md", "notes/raw/c.md")
    assert _paths(scan(folder, "", Filter(), folder)) == ["kb/notes/raw/c.md"]


@pytest.mark.skipif(os.name != "posix", reason="needs symbolic links")
def test_links_out_of_the_folder_are_never_followed(tmp_path: Path) -> None:
    _make(tmp_path, "secret.md")
    folder = _make(tmp_path / "docs", "a.md", "sub/b.md")
    (folder / "out.md").symlink_to(tmp_path / "secret.md")
    (folder / "loop").symlink_to(folder)
    (folder / "in.md").symlink_to("a.md")
    (folder / "dangling.md").symlink_to("nowhere.md")
    assert _paths(scan(folder, "", Filter(), None)) == ["docs/a.md", "docs/in.md", "docs/sub/b.md"]


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        scan(tmp_path / "nowhere", "", Filter(), None)


def test_stored_paths_hold_no_control_characters_and_stay_distinct() -> None:
    assert stored_path("a\nb") == "a%0Ab"
    assert stored_path("a%0Ab") == "a%250Ab"
    assert stored_path("50 % of x") == "50 % of x"
    assert stored_path(os.fsdecode(b"a\xff")) == "a%FF"


def test_a_single_file_lies_in_its_folder_however_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _make(tmp_path / "docs", "a.md")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (source,) = scan(Path("../docs/a.md"), "", Filter(), None).files
    assert source.file.relative_to(source.folder) == Path("a.md") and source.file.is_file()


@pytest.mark.skipif(os.name != "posix", reason="needs pipes and symbolic links")
def test_what_is_no_file_is_named_and_left_alone(tmp_path: Path) -> None:
    folder = _make(tmp_path / "docs", "a.md")
    os.mkfifo(folder / "pipe.md")
    (folder / "nowhere.md").symlink_to("missing.md")
    (folder / "circle.md").symlink_to("circle.md")
    (folder / "device.txt").symlink_to(os.devnull)
    found = scan(folder, "", Filter(), None)
    assert _paths(found) == ["docs/a.md"]
    assert found.unsupported == ("circle.md", "device.txt", "nowhere.md", "pipe.md")
