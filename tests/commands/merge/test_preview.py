"""The pages as they would be after a merge: those that the merge makes, as HTML that a web server can publish."""

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from gitkb.pages.site import html_page
from gitkb.text.markdown import frontmatter
from tests.support.clones import add, edit, git, make_hub, text_of, tree, write

Run = Callable[..., Any]


class Links(HTMLParser):
    """The targets, anchors and words of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = set()
        self.tags: set[str] = set()
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        found = dict(attributes)
        self.anchors |= {str(found["id"])} if found.get("id") else set()
        self.targets += [str(found[name]) for name in ("href", "src") if name in found]

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture
def kb(tmp_path: Path) -> Path:
    hub = make_hub(tmp_path, {"raft.md": text_of("Raft"), "zab.md": text_of("Zab")})
    git(tmp_path, "clone", "-q", str(hub), "kb")
    kb = tmp_path / "kb"
    add(kb, write(tmp_path / "two", {"gossip.md": text_of("Gossip"), "lease.md": text_of("Lease")}), "--branch", "mine")
    add(kb, write(tmp_path / "one", {"shard.md": text_of("Shard")}))
    return kb


def test_it_has_the_pages_that_the_merge_makes_and_changes_nothing(kb: Path, run: Run, tmp_path: Path) -> None:
    page = "wiki/concepts/replicated-log.md"
    edit(kb, page, lambda text: f"{text}\n## Notes\n\nAda read all of it.\n")
    git(kb, "commit", "-qam", "a note")
    before = git(kb, "rev-parse", "HEAD"), git(kb, "status", "--porcelain")
    found = json.loads(run("preview", "mine", "--to", tmp_path / "site", "--kb", kb, "--json").out)
    assert (git(kb, "rev-parse", "HEAD"), git(kb, "status", "--porcelain")) == before
    assert run("merge", "mine", "--kb", kb).code == 0
    made = {path for path in git(kb, "ls-files", "wiki").splitlines() if path.endswith(".md")}
    there = {path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site" / "wiki").rglob("*.html")}
    assert there == {f"{path.removesuffix('.md')}.html" for path in made} and found["pages"] == len(made)
    for path in made:
        head, _, body = (tmp_path / "site" / f"{path.removesuffix('.md')}.html").read_text(encoding="utf-8").partition("</p>")
        assert body == html_page(path, (kb / path).read_bytes(), made.__contains__, "").partition("</p>")[2], path
        assert "Nobody has made this change yet." in head
    shown = Links((tmp_path / "site/wiki/concepts/replicated-log.html").read_text(encoding="utf-8"))
    assert "Ada read all of it." in shown.words and "Gossip" in shown.words and "Shard" in shown.words


def test_every_link_leads_to_a_page_and_a_place_that_is_there(kb: Path, run: Run, tmp_path: Path) -> None:
    assert run("preview", "mine", "--to", tmp_path / "site", "--kb", kb).code == 0
    pages = {file: Links(file.read_text(encoding="utf-8")) for file in (tmp_path / "site" / "wiki").rglob("*.html")}
    checked = 0
    for file, page in pages.items():
        for target in page.targets:
            name, _, anchor = target.partition("#")
            other = (file.parent / name).resolve() if name else file
            assert other in pages, (file, target)
            assert not anchor or anchor in pages[other].anchors, (file, target)
            checked += 1
    assert checked > 50


def test_an_earlier_preview_is_replaced_and_any_other_folder_is_left_alone(kb: Path, run: Run, tmp_path: Path) -> None:
    site, other = tmp_path / "site", write(tmp_path / "other", {"diary.md": "mine"})
    assert run("preview", "mine", "--to", site, "--kb", kb).code == 0
    assert (site / "wiki/sources/two/gossip.html").is_file()
    assert run("preview", "--to", site, "--kb", kb).code == 0
    assert not (site / "wiki/sources/two/gossip.html").exists() and (site / "wiki/sources/one/shard.html").is_file()
    refused = run("preview", "--to", other, "--kb", kb)
    assert refused.code != 0 and "something else" in refused.err and [file.name for file in other.iterdir()] == ["diary.md"]
    shown = run("preview", "--kb", kb)
    assert shown.code == 0 and git(kb, "status", "--porcelain") == "" and (kb / ".git/gitkb/preview/index.html").is_file()


def test_a_conflict_is_named_as_by_the_merge_and_nothing_is_written(kb: Path, run: Run, tmp_path: Path) -> None:
    add(kb, write(tmp_path / "two", {"gossip.md": text_of("Gossip", version=2), "lease.md": text_of("Lease")}))
    refused = run("preview", "mine", "--to", tmp_path / "site", "--kb", kb)
    assert refused.code != 0 and "two/gossip" in refused.err and not (tmp_path / "site").exists()
    assert tree(kb) == tree(kb, "main")


def test_nothing_that_a_page_says_becomes_markup_or_leads_to_a_script() -> None:
    text = frontmatter.join(
        {"title": "<script>a</script>"},
        '\n# <img src=x onerror=b>\n\n[c](javascript:d) [raw](../raw/e.html) ![f](https://g.example/h.png) <a name="i"></a>'
        "\n\nA claim.[^a--b]\n\n<script>j</script>\n\n[k](https://l.example/m)\n\n[^a--b]: [n](other.md#o) says it.\n",
    )
    found = html_page("wiki/p.md", text.encode(), lambda path: path == "wiki/other.md", "<b>")
    page = Links(found)
    assert not page.tags & {"script", "b"} and page.targets == ["#note-1", "https://l.example/m", "other.html#o"]
    assert {"i", "note-1"} <= page.anchors and "<script>j</script>" in page.words
