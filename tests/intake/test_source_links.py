import os
from pathlib import Path

import pytest

from gitkb.intake.source_links import links_of
from gitkb.model.documents import SourceFile


def _resolver(folder: Path, name: str = "a.md"):  # type: ignore[no-untyped-def]
    return links_of(SourceFile(f"docs/{name}", folder / name, "docs", folder), {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    for name in ("a.md", "sub/B c.md", "sub/README.md", "pic.png", "data.bin"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    (tmp_path / "outside.md").write_bytes(b"x")
    (tmp_path / "outside.png").write_bytes(b"x")
    return folder


def test_a_link_leads_to_the_converted_text_of_its_target(folder: Path) -> None:
    assert _resolver(folder).link("sub/B%20c.md#part") == "wiki/sources/docs/sub/b-c.md#part"
    assert _resolver(folder).link("sub/") == "wiki/sources/docs/sub/readme.md"
    assert _resolver(folder, "sub/B c.md").link("../a.md") == "wiki/sources/docs/a.md"


def test_links_that_leave_the_folder_or_lead_nowhere_are_none(folder: Path) -> None:
    links = _resolver(folder)
    for target in (
        "../outside.md",
        "/etc/passwd",
        "https://x.org/a.md",
        "missing.md",
        "data.bin",
        "#here",
        "a\0.md",
        "//host/a.md",
        "http://[x",
    ):
        assert links.link(target) is None, target


def test_pictures_are_read_from_inside_the_folder_only(folder: Path) -> None:
    links = _resolver(folder)
    picture = links.picture("pic.png")
    assert picture is not None and picture.data == b"x" and picture.media_type == "image/png"
    assert links.picture("../outside.png") is None
    assert links.picture("data.bin") is None


@pytest.mark.skipif(os.name != "posix", reason="needs symbolic links")
def test_a_picture_behind_a_link_out_of_the_folder_is_not_read(folder: Path) -> None:
    (folder / "link.png").symlink_to(folder.parent / "outside.png")
    assert _resolver(folder).picture("link.png") is None
