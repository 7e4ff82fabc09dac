"""Renderings of a diff keep their bounds and let nothing of a document become markup, a mention or a reference."""

import re

import pytest
from msgspec.structs import replace

from gitkb.commands.diff.as_markdown import LIMIT, markdown
from gitkb.commands.diff.as_text import SCREEN, first_screen, text
from gitkb.commands.diff.report import (
    Attention,
    Change,
    ClaimChanges,
    Concern,
    DiffReport,
    DocumentChange,
    PageChange,
    PersonChange,
    Reworded,
    Said,
    web_links,
)
from gitkb.commands.diff.wording import headline
from gitkb.model.documents import Place

HOSTILE = "@everybody fixes #12 <script>x</script> | [a](javascript:x) `b` **c** </details> ![p](http://x/y.png)"


def said(text: str, title: str = "Notes") -> Said:
    return Said("notes/a", title, text, Place("sources/notes/a.md", "page-9", "p. 9"))


def large(number: int, words: str = "the log is written") -> DiffReport:
    """A report on so many documents and pages, with every kind of concern."""
    claims = ClaimChanges(
        tuple(said(f"{words} {n} times and more often than that") for n in range(30)),
        (said(f"{words} once"),),
        (Reworded(said(f"{words} with a pen"), said(f"{words} with a pencil")),),
    )
    documents = [DocumentChange(Change.ADDED, f"d/{n}", f"{words} {n}", f"d/{n}.pdf", 7, claims, 2) for n in range(number)]
    pages = [PageChange(Change.CHANGED, f"wiki/concepts/p{n}.md", words, claims, "was", "is") for n in range(number)]
    concerns = [Attention(each, (f"wiki/concepts/p{n}.md",), f"{words} {n}") for each in Concern for n in range(number)]
    edited = [PersonChange(Change.ADDED, f"wiki/{n}.md", 3) for n in range(number)]
    return DiffReport("1" * 40, "2" * 40, "main", "q3", tuple(concerns), tuple(documents), tuple(pages), tuple(edited), tokens=5)


@pytest.mark.parametrize("number", [0, 1, 5, 40, 2_000])
def test_the_first_screen_fits_and_names_every_kind_of_concern_that_has_room(number: int) -> None:
    lines = first_screen(large(number), 100)
    assert len(lines) <= SCREEN
    assert all(len(line) <= 100 for line in lines)
    assert text(large(number)).startswith("\n".join(lines))
    if number:
        assert "more" in lines[-1] or number == 1
        assert any("definition lost" in line for line in lines) and any("duplicate?" in line for line in lines)
        assert any("boilerplate?" in line for line in lines)


@pytest.mark.parametrize(
    ("added", "lost", "headed"),
    [(1, 0, "1 claim added"), (2, 1, "2 claims added, 1 lost"), (0, 1, "1 claim lost"), (0, 0, "1 document changed")],
)
def test_the_first_line_counts_in_the_singular_and_the_plural(added: int, lost: int, headed: str) -> None:
    claims = ClaimChanges(tuple(said("new") for _ in range(added)), tuple(said("old") for _ in range(lost)), ())
    document = DocumentChange(Change.CHANGED, "d", "D", "d.pdf", 7, claims, 2)
    report = DiffReport("1" * 40, "2" * 40, "main", "q3", (), (document,), (), (), tokens=0)
    assert headline(report).removeprefix("1 document changed, ") == headed


@pytest.mark.parametrize("words", ["the log is written", "ログは書き込まれる" * 20, HOSTILE * 5])
def test_markdown_stays_below_the_limit_and_names_what_it_leaves_out(words: str) -> None:
    links = web_links("https://github.com/team/kb.git")
    found = markdown(large(2_000, words), links)
    assert len(found) < LIMIT
    assert "Not shown here" in found and re.search(r"and [\d,]+ more", found)
    assert len(re.findall(r"(?<!\\)<details>", found)) == len(re.findall(r"(?<!\\)</details>", found))


def test_markdown_has_no_soft_breaks() -> None:
    for block in markdown(large(3)).split("\n\n"):
        lines = block.strip("\n").split("\n")
        if len(lines) > 1:
            assert all(line.startswith(("- ", "  - ", "| ", "|-")) for line in lines), lines


def test_nothing_that_a_document_says_becomes_markup_a_mention_or_a_reference() -> None:
    from markdown_it import MarkdownIt

    report = large(2, HOSTILE)
    found = markdown(replace(report, head_name=HOSTILE), web_links("git@github.com:team/kb.git"))
    html = MarkdownIt("gfm-like", {"linkify": False}).enable("table").render(found)
    assert not re.search(r"[@#](?=\w)", re.sub(r"\(https?:[^)]*\)|https?://\S+", "", found))
    assert not {"<script", "<img", "<code>b"} & set(re.findall(r"<script|<img|<code>b", html))
    assert "javascript:x" not in re.findall(r'href="([^"]*)"', html)
    assert html.count("<details>") == html.count("</details>") == 5


def test_a_page_that_is_not_committed_has_no_link() -> None:
    page = PageChange(Change.ADDED, "wiki/concepts/raft.md", "Raft", ClaimChanges((said("Raft is a protocol."),)))
    links = web_links("https://gitlab.example.org/team/sub/kb.git")
    report = DiffReport("1" * 40, "2" * 40, "main", "q3", pages=(page,))
    found = markdown(report, links)
    assert "concepts/raft.md" not in found
    assert f"[Notes, p. 9](https://gitlab.example.org/team/sub/kb/-/blob/{'2' * 40}/wiki/sources/notes/a.md#page-9)" in found
    assert "/wiki/concepts/raft.md)" in markdown(replace(report, pages=(replace(page, committed=True),)), links)


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("git@github.com:team/kb.git", "https://github.com/team/kb/blob/c/a%20b.md#page-1"),
        ("https://user:token@github.com/team/kb", "https://github.com/team/kb/blob/c/a%20b.md#page-1"),
        ("ssh://git@gitlab.example.org:2222/a/b/kb.git", "https://gitlab.example.org/a/b/kb/-/blob/c/a%20b.md#page-1"),
        ("https://codeberg.org/team/kb.git", "https://codeberg.org/team/kb/src/commit/c/a%20b.md#page-1"),
        ("https://gitea.example.org:3000/team/kb", "https://gitea.example.org:3000/team/kb/src/commit/c/a%20b.md#page-1"),
    ],
)
def test_an_address_follows_from_the_remote_without_its_credentials(remote: str, address: str) -> None:
    links = web_links(remote)
    assert links is not None and links.file("c", "a b.md", "page-1") == address


@pytest.mark.parametrize(
    "remote",
    [
        "",
        "/srv/git/kb.git",
        "../kb.git",
        "https://example.org/team/kb.git",
        "file:///srv/github.com/team/kb",
        "https://github.com/a b/c",
        "git@github.com:x)(y/z.git",
        "https://github.com:port/a/b",
        "https://[github.com/a/b",
    ],
)
def test_an_unknown_or_odd_remote_gives_no_links(remote: str) -> None:
    assert web_links(remote) is None
