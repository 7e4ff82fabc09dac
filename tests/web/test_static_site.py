"""A site is the same pages as files: its links lead on, nothing runs but its own script, and its index finds."""

import html
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from gitkb.web.site.search_index import folded, shard

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def site(shown_kb: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of `shown_kb`; nobody may change it."""
    from gitkb.__main__ import run

    folder = tmp_path_factory.mktemp("site") / "public"
    assert run(["export", "site", str(folder), "--kb", str(shown_kb), "--base-url", "https://kb.example.org/x/"]) == 0
    return folder


def addresses(file: Path) -> list[str]:
    """Where the links, scripts, styles and pictures of a page lead."""
    text = file.read_text(encoding="utf-8")
    return [html.unescape(found) for found in re.findall(r' (?:href|src|action)="([^"]*)"', text)]


def test_every_link_leads_to_a_file_of_the_site(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        for address in addresses(page):
            path, _, _ = address.partition("#")
            if address.startswith("https://kb.example.org/x/") or not path:
                continue
            assert (page.parent / unquote(path)).resolve().is_file(), f"{page}: {address}"
            assert (page.parent / unquote(path)).resolve().is_relative_to(site)


def test_a_claim_leads_to_its_words(site: Path) -> None:
    page = site / "wiki/concepts/write-ahead-logging.html"
    cited = [each for each in addresses(page) if ":~:text=" in each]
    assert any(
        each.startswith("../../wiki/sources/docs/wal.html#") and "Write%2Dahead%20logging%20is%20the%20rule" in each
        for each in cited
    )


def test_nothing_runs_but_its_own_script_and_no_original_is_published(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert text.count("<script") == 1 and "static/app.js" in text and "script-src 'self'" in text
        assert "javascript:" not in text and "onerror" not in text.replace("<code>", "")
    assert not (site / "raw").exists() and not list(site.rglob("*.pdf"))


def test_the_index_finds_the_words_of_a_page(site: Path) -> None:
    pages = json.loads((site / "search/pages.json").read_text(encoding="utf-8"))
    (word,) = folded("Durable")
    places = json.loads((site / "search" / f"{shard(word)}.json").read_text(encoding="utf-8"))[word]
    assert "wiki/sources/docs/wal.html" in [pages[number][0] for number in places[::2]]
    assert list(folded("Ünïcode 日本 Straße")) == ["unicode", "日", "本", "straße"]


def test_a_map_of_the_site_names_every_page(site: Path) -> None:
    text = (site / "sitemap.xml").read_text(encoding="utf-8")
    assert "<loc>https://kb.example.org/x/wiki/concepts/write-ahead-logging.html</loc>" in text


def test_another_folder_is_left_alone_and_an_earlier_site_is_replaced(
    shown_kb: Path, site: Path, tmp_path: Path, run: Run, git: Callable[..., str]
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x.txt").write_text("mine")
    refused = run("export", "site", tmp_path / "mine", "--kb", shown_kb)
    assert refused.code == 1 and "holds something else" in refused.err and (tmp_path / "mine" / "x.txt").exists()
    again = shutil.copytree(site, tmp_path / "again")
    first = git(shown_kb, "rev-list", "--max-parents=0", "HEAD")
    assert run("export", "site", again, "--kb", shown_kb, "--at", first).code == 0
    assert not (again / "wiki/concepts/write-ahead-logging.html").exists() and (again / "index.html").exists()


def test_a_preview_of_a_branch_is_a_site_that_says_so(kb: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "raft.md").write_text(
        "# Raft\n\nRaft is a consensus algorithm that elects one leader for its log.\n", encoding="utf-8"
    )
    assert run("add", tmp_path / "raft.md", "--branch", "ingest/raft", "--kb", kb, "--jobs", "1").code == 0
    assert run("preview", "ingest/raft", "--site", "--to", tmp_path / "public", "--kb", kb).code == 0
    page = (tmp_path / "public/wiki/concepts/raft.html").read_text(encoding="utf-8")
    assert "Preview: main" in page and "Raft is a consensus algorithm" in page


def test_many_pages_come_out_the_same_in_several_processes(
    site: Path, shown_kb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gitkb import KnowledgeBase
    from gitkb.web.site import static_site

    monkeypatch.setattr(static_site, "_ALONE", 1)
    made = static_site.Site(shown_kb.name, KnowledgeBase.open(shown_kb).revisions.wiki(), "", "https://kb.example.org/x/")
    static_site.write(made, tmp_path / "two", jobs=2)
    for file in (each for each in site.rglob("*") if each.is_file()):
        assert (tmp_path / "two" / file.relative_to(site)).read_bytes() == file.read_bytes(), file


def test_a_second_site_makes_only_the_pages_anew_that_differ(kb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gitkb import KnowledgeBase
    from gitkb.web.site import static_site

    asked: list[str] = []
    real = static_site.rendered
    monkeypatch.setattr(static_site, "rendered", lambda path, *rest: asked.append(path) or real(path, *rest))

    def write(folder: str) -> list[str]:
        asked.clear()
        base = KnowledgeBase.open(kb)
        static_site.write(static_site.Site("kb", base.revisions.wiki(), memory=base.revisions.memory), tmp_path / folder)
        return sorted(asked)

    assert len(write("one")) > 10 and write("two") == []
    files = [each for each in (tmp_path / "one").rglob("*") if each.is_file()]
    assert all((tmp_path / "two" / each.relative_to(tmp_path / "one")).read_bytes() == each.read_bytes() for each in files)

    KnowledgeBase.open(kb).write_page("wiki/notes/own.md", "# A note\n\nSee [logging](../concepts/write-ahead-logging.md).\n", "")
    again = write("one")
    assert "wiki/notes/own.md" in again and "wiki/concepts/write-ahead-logging.md" in again
    assert "wiki/sources/docs/hebrew.md" not in again
    page = (tmp_path / "one/wiki/concepts/write-ahead-logging.html").read_text(encoding="utf-8")
    assert "notes/own.html" in page and (tmp_path / "one/wiki/notes/own.html").is_file()

    for bucket in (kb / ".git/gitkb/interface").iterdir():
        bucket.write_bytes(b"damaged")
    assert len(write("one")) > 10
    assert KnowledgeBase.open(kb).prune_cache() and not (kb / ".git/gitkb/interface").exists()


def test_what_an_earlier_site_had_more_goes_and_links_in_it_are_not_followed(
    site: Path, shown_kb: Path, tmp_path: Path, run: Run
) -> None:
    again = shutil.copytree(site, tmp_path / "again")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/index.html").write_text("mine", encoding="utf-8")
    (again / "wiki/old").mkdir()
    (again / "wiki/old/page.html").write_text("old", encoding="utf-8")
    shutil.rmtree(again / "documents")
    (again / "documents").symlink_to(tmp_path / "outside")
    (again / "CNAME").write_text("kb.example.org", encoding="utf-8")
    assert run("export", "site", again, "--kb", shown_kb).code == 0
    assert not (again / "wiki/old").exists() and (again / "CNAME").exists() and not (again / "sitemap.xml").exists()
    assert (again / "documents").is_dir() and not (again / "documents").is_symlink()
    assert [each.name for each in (tmp_path / "outside").iterdir()] == ["index.html"]
