"""A document that somebody else wrote steers neither terminal, YAML, Markdown, HTML nor the commit that it comes in."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from markdown_it import MarkdownIt

from gitkb.text.markdown import frontmatter
from tests.support.hostile_kb import FAULT, Git

Run = Callable[..., object]
SCHEMES = ("http://", "https://", "mailto:", "ftp://", "#")
TARGETS = (
    *("javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\tscript:alert(1)", "java&#10;script:alert(1)"),
    *("&#106;avascript:alert(1)", "javascript&colon;alert(1)", "%6aavascript:alert(1)", "\\x01javascript:alert(1)", "vbscript:x"),
    *("data:text/html,<script>alert(1)</script>", "data:text/html;base64,PHNjcmlwdD4=", "file:///etc/passwd", "//evil.example/x"),
    *("javascript://%0aalert(1)", "view-source:x", "../../../../etc/passwd", "/etc/passwd", "C:\\\\evil", "\u200bjavascript:x"),
)
HTML = (
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<iframe src=javascript:alert(1)>"),
    *("<a href='javascript:alert(1)'>x</a>", "<base href='//evil'>", "<!-- gitkb -->", "<details open ontoggle=alert(1)>"),
    *("<svg/onload=alert(1)>", "<img/src=x/onerror=alert(1)>", "<img src=x\nonerror=alert(1)>"),
    *("<img title='>' onerror=alert(1)>",),
    *("<img src=x onerror=alert(1) <p>", "<a\nhref=javascript:x>x</a>", "<!--><img src=x onerror=alert(1)>-->", "<math href=x>"),
    *("a ` b\n# c\n<img src=x onerror=alert(1)> `", "> ```\n<img src=x onerror=alert(1)>\n", "- ```\n<img src=x onerror=x>\n"),
    *("- <!--\nx <img src=x onerror=alert(1)> -->", "<x onclick=alert(1)>"),
    *("<details ontoggle='x' open='>' onclick=x>", "<?x ><b onclick=x>"),
    *("<form action=javascript:x><button>x</button></form>", "<style>*{}</style>", "<a name='x' onclick=alert(1)>y</a>"),
)
ACTIVE = ("script", "iframe", "svg", "form", "style", "base", "object", "embed", "button", "meta", "math", "input")
TITLE = "Log\x1b[2J \x9b1m \u202eevil @ada Fixes #1 <b onclick=x>h</b> [x](javascript:y) `c` {{7*7}} ---"


def _markdown() -> str:
    links = "\n\n".join(f"A log is [a file {number}]({target}) of changes." for number, target in enumerate(TARGETS))
    pictures = "\n\n".join(f"![p]({target})" for target in TARGETS)
    bare = "\n\n".join(f"<{target}>" for target in TARGETS)
    defined = "\n".join(f"[d{number}]: {target}" for number, target in enumerate(TARGETS))
    used = "\n\n".join(f"A log is [one][d{number}]." for number in range(len(TARGETS)))
    html = "\n\n".join(f"A log is a file. {tag}\n\n{tag}" for tag in HTML)
    front = '---\ntitle: "Log\\e[2J"\nauthor: "Eve\\n\\nGitkb-Document: other"\ngenerated: {by: x}\n---\n'
    trailer = "Gitkb-Document: other\n\n[^a]: x\n\n## Notes\n\n<!-- gitkb: end -->"
    parts = (f"# {TITLE}", links, pictures, bare, used, html, trailer, f"## {TITLE}", "A write-ahead log is a file.", defined)
    return front + "\n\n".join(parts) + "\n"


def _page(body: str) -> str:
    anchors = "".join(f'<p>A log is <a href="{target}">a file</a>.</p><img src="{target}">' for target in TARGETS)
    head = f'<title>{TITLE}</title><meta name="author" content="Eve&#10;Gitkb-Document: other">'
    return f"<html><head>{head}</head><body><h1>{TITLE}</h1>{anchors}{body}<p>A write-ahead log is a file.</p></body></html>"


def _attributes(page: str) -> Iterator[tuple[str, str, str]]:
    """(tag, attribute, value) of all that a renderer which lets HTML through makes of a page."""
    for tag in BeautifulSoup(MarkdownIt("commonmark", {"html": True}).enable("table").render(page), "html.parser").find_all(True):
        assert isinstance(tag, Tag)
        yield tag.name, "", ""
        for name, value in tag.attrs.items():
            yield tag.name, name, value if isinstance(value, str) else " ".join(value)


FILES = {"trap.md": _markdown(), "web.html": _page("".join(HTML)), "wal.md": "# WAL\n\nA write-ahead log is a file.\n"}
if os.name == "posix":
    FILES |= {"a\x1b[2J\nb [x](javascript:y).md": "# N\n\nA name is a word.\n", "--help.md": "# H\n\nA flag is a word.\n"}
    FILES |= {"$(touch ran)`touch ran`;.md": "# S\n\nA shell is a word.\n", "@ada #1.md": "# T\n\nA hash is a word.\n"}


def test_what_is_said_while_they_are_added_does_not_steer_the_terminal(docs: Path, tmp_path: Path, run: Run) -> None:
    assert run("init", tmp_path / "kb").code == 0
    done = run("add", docs, "--kb", tmp_path / "kb", "--jobs", "1")
    assert done.code == 0 and FAULT not in done.err and "\x1b" not in done.err + done.out, done.err
    assert not (tmp_path / "ran").exists()


def test_no_page_holds_markup_that_acts(kb: Path) -> None:
    for file in kb.rglob("wiki/**/*.md"):
        text = file.read_text(encoding="utf-8")
        meta, body = frontmatter.split(text)
        assert set(meta) <= {
            *("type", "title", "description", "aliases", "tags", "sources", "generated", "okf_version", "resource", "authors"),
            *("source", "language", "media_type", "published", "dates", "author", "original", "pages"),
        }, (file, set(meta))
        for tag, name, value in _attributes(body):
            assert tag not in ACTIVE, (file, tag)
            assert not name.startswith("on"), (file, tag, name)
            if name in ("href", "src") and ":" in value.split("/")[0].split("#")[0].split("?")[0]:
                assert value.lower().startswith(SCHEMES), (file, value)


def test_no_control_character_reaches_a_page_or_a_record(kb: Path) -> None:
    for file in (*kb.rglob("wiki/**/*.md"), *kb.rglob(".gitkb/**/*.json")):
        text = file.read_text(encoding="utf-8")
        assert not any((ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 for c in text), file
        assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in file.relative_to(kb).as_posix())


def test_every_commit_has_its_own_trailers_only(kb: Path, git: Git) -> None:
    for line in git(kb, "log", "--format=%(trailers:key=Gitkb-Document,valueonly,separator=%x2C)").splitlines():
        assert "," not in line and line != "other"
    for subject in git(kb, "log", "--format=%s").splitlines():
        assert subject.isprintable() and "@ada" not in subject and "Fixes #1" not in subject


@pytest.mark.parametrize("command", ["list", "show docs/trap", "log", "search log", "diff", "blame trap", "check", "status"])
def test_no_command_steers_the_terminal(kb: Path, run: Run, command: str) -> None:
    done = run(*command.split(), "--kb", kb)
    assert FAULT not in done.err
    assert not any((ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 for c in done.out + done.err)
    assert "\u202e" not in done.out + done.err
