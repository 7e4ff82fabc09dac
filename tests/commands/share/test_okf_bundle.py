"""A bundle stands alone: what the Open Knowledge Format asks of pages, indexes and links holds in all that is exported."""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

PAGES = {
    "wiki/notes/mine.md": "# Mine\n\nA page of my own.[^1]\n\n"
    "See [[log]] and [[wal]], [the readme](../../README.md) and [nothing](none.md).\n\n[^1]: A note.\n",
    "wiki/notes/log.md": "# Diary\n\nWhat happened, and [where](mine.md#mine).\n",
    "wiki/notes/broken.md": "---\ntype: [\n---\n\n# Broken\n\nIts front matter cannot be read.\n",
}


@pytest.fixture
def bundle(kb: Path, tmp_path: Path, run: Callable[..., Any], git: Callable[..., str], write_files: Callable[..., Path]) -> Path:
    write_files(kb, PAGES)
    git(kb, "add", "-A")
    git(kb, "commit", "-qm", "Pages of a person")
    done = run("export", "okf", "--kb", kb, "--to", tmp_path / "bundle")
    assert done.code == 0 and "pages" in done.out
    return tmp_path / "bundle"


def pages(bundle: Path) -> dict[str, tuple[dict[str, Any], str]]:
    """Each page of a bundle, no index: its front matter and its text."""
    found = {}
    for file in sorted(bundle.rglob("*.md")):
        if file.name != "index.md":
            _, head, body = file.read_text(encoding="utf-8").split("---\n", 2)
            found[file.relative_to(bundle).as_posix()] = (yaml.safe_load(head), body)
    return found


def targets(path: str, text: str) -> set[str]:
    """The files of the bundle to which a page links, pictures included."""
    found = (unquote(target).partition("#")[0] for target in re.findall(r"(?<!\\)\]\(([^()\s]+)\)", text))
    return {normpath(join(dirname(path), target)) for target in found if target and "://" not in target}


def test_every_page_says_what_it_is_who_made_it_and_when(bundle: Path) -> None:
    found = pages(bundle)
    assert {"notes/mine.md", "notes/log-page.md", "notes/broken.md"} <= found.keys() and not any(
        "index--" in path for path in found
    )
    for path, (meta, _) in found.items():
        assert all(isinstance(meta[key], str) and meta[key] for key in ("type", "title", "description")), path
        made = meta.get("generated")
        assert made is None if path.startswith("notes/") else re.fullmatch(r"\S+/\S+", made["by"]), path
        if made is not None:
            at = made["at"] if isinstance(made["at"], datetime) else datetime.fromisoformat(made["at"])
            assert at.tzinfo is not None and set(made) == {"by", "at"}


def test_no_link_leads_out_and_originals_have_a_place(bundle: Path, docs: Path) -> None:
    files = {file.relative_to(bundle).as_posix() for file in bundle.rglob("*") if file.is_file()}
    for path, (meta, body) in pages(bundle).items():
        assert targets(path, body) <= files, path
        if path.startswith("sources/"):
            assert normpath(join(dirname(path), meta["resource"])) in files
        labels = {each["id"] for each in meta.get("sources", [])}
        assert set(re.findall(r"\[\^([^\]]+)\]", body)) <= labels, path
    original = next(file for file in docs.rglob("*.md"))
    assert (bundle / f"references/docs/{original.relative_to(docs)}.txt").read_bytes() == original.read_bytes()
    mine = pages(bundle)["notes/mine.md"][1]
    assert re.search(r"\((?:\.\./)+(?:concepts|summaries)/(?:docs/)?wal\.md\)", mine) and mine.startswith("\n# Mine")
    assert "(log-page.md)" in mine and "README" not in mine and "none.md" not in mine and "(1)" in mine


def test_every_page_is_listed_by_the_index_of_its_folder(bundle: Path) -> None:
    indexes = {file.relative_to(bundle).as_posix(): file.read_text(encoding="utf-8") for file in bundle.rglob("index.md")}
    assert indexes["index.md"].startswith("---\nokf_version: '0.2'\n---\n")
    assert not any(text.startswith("---") for path, text in indexes.items() if path != "index.md")
    listed = set().union(*(targets(path, text) for path, text in indexes.items()))
    assert pages(bundle).keys() <= listed and indexes.keys() - {"index.md"} <= listed


def test_a_bundle_is_made_anew_in_its_folder_and_in_no_other(
    bundle: Path, kb: Path, run: Callable[..., Any], tmp_path: Path
) -> None:
    before = {file: file.read_bytes() for file in bundle.rglob("*") if file.is_file()}
    (bundle / "old.md").write_text("old", encoding="utf-8")
    assert run("export", "okf", "--kb", kb, "--to", bundle).code == 0
    assert {file: file.read_bytes() for file in bundle.rglob("*") if file.is_file()} == before
    assert run("export", "okf", "--kb", kb, "--to", bundle, "--no-originals").code == 0 and not (bundle / "references").exists()
    assert all("resource" not in meta for meta, _ in pages(bundle).values())
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_text("mine", encoding="utf-8")
    assert run("export", "okf", "--kb", kb, "--to", tmp_path / "mine").code == 1 and (tmp_path / "mine/file").exists()
