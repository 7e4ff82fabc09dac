"""Pages of the web as documents: `gitkb add URL`, what it says, what it keeps, and what it does the next time."""

import io
import json
import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gitkb.api.knowledge_base import KnowledgeBase
from gitkb.errors import FormatError
from gitkb.formats.records import decode, record_path
from gitkb.model.listener import Listener
from gitkb.model.options import AddOptions
from gitkb.model.web_access import WebAccess
from tests.support.isolation import ROOT
from tests.support.web_server import Page, Site, moved, serving

Command = Callable[..., Any]
WORDS = " ".join(f"A log record of kind {n} must reach stable storage before the page does." for n in range(8))


def html(title: str, more: str = "", head: str = "") -> str:
    body = f"<main><h1>{title}</h1><p>{WORDS}</p>{more}</main>"
    return f"<!doctype html><html lang=en><head><title>{title}</title>{head}</head><body>{body}</body></html>"


@pytest.fixture
def site() -> Iterator[Site]:
    with serving({}) as running:
        yield running


@pytest.fixture
def kb(tmp_path: Path) -> Path:
    """An empty knowledge base."""
    KnowledgeBase.init(tmp_path / "kb", listener=Listener())
    return tmp_path / "kb"


@pytest.fixture
def add(run: Command, kb: Path) -> Command:
    return lambda *arguments: run("add", *arguments, "--allow-private", "--kb", kb, "--jobs", "1")


def name_of(site: Site, rest: str) -> str:
    return f"web/127-0-0-1-{site.port}/{rest}"


def record(kb: Path, document: str) -> Any:
    path = record_path(document)
    return decode((kb / path).read_bytes(), path)


def text(kb: Path, document: str) -> str:
    return (kb / "wiki" / "sources" / f"{document}.md").read_text(encoding="utf-8")


def png(side: int = 40) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), (200, side, 0)).save(out, "PNG")
    return out.getvalue()


def test_a_page_becomes_a_document_with_title_address_and_date(add: Command, site: Site, kb: Path, git: Any, run: Any) -> None:
    head = '<meta property="article:published_time" content="2024-03-01"><meta name=author content="Ada L.">'
    site.pages["/notes/wal"] = Page(html("Write-ahead logging", head=head))
    ran = add(f"{site.url}/notes/wal")
    assert ran.code == 0 and "Added 1 in" in ran.out
    document = name_of(site, "notes/wal")
    made = record(kb, document)
    assert (made.title, made.source.url, made.source.path) == (
        "Write-ahead logging",
        f"{site.url}/notes/wal",
        f"web/127.0.0.1:{site.port}/notes/wal.html",
    )
    assert dict(made.dates) == {"published": "2024-03-01"} and made.authors == ("Ada L.",)
    assert (kb / "raw" / f"{document}.html").read_bytes() == site.pages["/notes/wal"].data
    assert f"url: '{site.url}/notes/wal'" in text(kb, document)
    assert f"add {document}: Write-ahead logging" in git(kb, "log", "--format=%s")
    assert run("check", "--kb", kb).code == 0
    rows = json.loads(run("list", "--json", "--kb", kb).out)
    assert rows[0]["url"] == f"{site.url}/notes/wal"
    assert f"from <{site.url}/notes/wal>" in run("show", document, "--kb", kb).out


def test_hosts_that_are_not_public_are_refused_without_leave(run: Command, site: Site, kb: Path) -> None:
    ran = run(
        "add", f"{site.url}/x", f"http://[::1]:{site.port}/", "http://169.254.169.254/latest/", "http://10.1.2.3/", "--kb", kb
    )
    assert ran.code == 3 and site.asked == []
    assert ran.err.count("is no public address. Give --allow-private if you trust it.") == 4
    assert "Failed 4" in ran.out


@pytest.mark.parametrize(
    "wrong", ["file:///etc/passwd", "ftp://h.example/x", "http:/x", "mailto:ada@h.example", "http://u:p@h.example/"]
)
def test_what_is_no_address_of_the_web_is_an_error_that_says_so(run: Command, kb: Path, wrong: str) -> None:
    ran = run("add", wrong, "--kb", kb)
    assert ran.code == 2 and f"error: {wrong} cannot be fetched" in ran.err


def test_an_unchanged_page_is_not_fetched_again_and_a_changed_one_updates_its_document(
    add: Command, run: Command, site: Site, kb: Path, git: Any, tmp_path: Path
) -> None:
    site.pages |= {"/a": Page(html("One"), etag='"1"'), "/b": Page(html("Two"))}
    assert add(f"{site.url}/a", f"{site.url}/b").code == 0
    before = git(kb, "rev-parse", "HEAD")
    assert "Skipped 2 (unchanged)" in add("--refetch").out
    assert [headers.get("If-None-Match") for headers in site.headers].count('"1"') == 1
    assert git(kb, "rev-parse", "HEAD") == before
    # A clone has no cache: it fetches in full, and sees that nothing changed.
    git(tmp_path, "clone", "-q", str(kb), "other")
    ran = run("add", "--refetch", "--allow-private", "--kb", tmp_path / "other")
    assert "Skipped 2 (unchanged)" in ran.out and "If-None-Match" not in site.headers[-1]
    site.pages["/a"] = Page(html("One, again"), etag='"2"')
    assert "Updated 1, skipped 1 (unchanged)" in add("--refetch").out
    assert "One, again" in text(kb, name_of(site, "a")) and "update" in git(kb, "log", "-2", "--format=%s")
    # What the server gave is not believed for another state of the document.
    assert run("undo", name_of(site, "a"), "--kb", kb).code == 0
    assert "# One\n" in text(kb, name_of(site, "a"))
    assert "Updated 1" in add("--refetch").out and "# One, again" in text(kb, name_of(site, "a"))


def test_failures_are_named_and_the_others_go_in(add: Command, site: Site, kb: Path) -> None:
    site.pages |= {
        "/a": Page(html("One")),
        "/cut": Page("<html>", promised=999),
        "/p.png": Page(png(), "image/png"),
        "/e": Page(""),
    }
    site.pages["/esc"] = Page(html("x\x1b[31mRed"))
    ran = add(*(f"{site.url}/{name}" for name in ("a", "gone", "cut", "p.png", "e", "esc")), "--json")
    assert ran.code == 3
    events = [json.loads(line) for line in ran.out.splitlines()]
    reasons = {event["source"].rpartition("/")[2]: event["reason"] for event in events[:-1]}
    assert "no such page (status 404)" in reasons["gone.html"] and "short read" in reasons["cut.html"]
    assert "convert.ocr" in reasons["p.png"] and "empty" in reasons["e.html"]
    assert (events[-1]["added"], events[-1]["skipped"], events[-1]["failed"]) == (2, 1, 3)
    assert "\x1b" not in text(kb, name_of(site, "esc"))


def test_a_dry_run_fetches_says_what_would_be_and_keeps_nothing(add: Command, site: Site, kb: Path, git: Any) -> None:
    site.pages["/a"] = Page(html("One"), etag='"1"')
    before = git(kb, "rev-parse", "HEAD")
    ran = add(f"{site.url}/a", f"{site.url}/gone", "--dry-run")
    assert f"added  {name_of(site, 'a')}  ({site.url}/a)" in ran.out and "failed 1" in ran.out
    assert f"failed  {site.url}/gone: there is no such page" in ran.err
    assert git(kb, "rev-parse", "HEAD") == before and not (kb / ".git" / "gitkb" / "web").exists()


def test_pages_and_files_may_be_added_together_on_a_branch(
    add: Command, site: Site, kb: Path, write_files: Any, tmp_path: Path, git: Any
) -> None:
    docs = write_files(tmp_path / "docs", {"x.md": "# X\n\nA file is a sequence of bytes.\n"})
    site.pages["/a"] = Page(html("One"))
    ran = add(docs, f"{site.url}/a", "--branch", "q3", "--into", "shelf")
    assert ran.code == 0 and "Added 2" in ran.out
    names = git(kb, "ls-tree", "-r", "--name-only", "q3", ".gitkb/documents").splitlines()
    assert names == [f".gitkb/documents/shelf/127-0-0-1-{site.port}/a.json", ".gitkb/documents/shelf/x.json"]
    assert git(kb, "status", "--short") == ""


def test_other_formats_are_taken_by_their_bytes(add: Command, site: Site, kb: Path) -> None:
    samples = ROOT / "tests" / "data" / "documents"
    pdf = next(iter(sorted(samples.rglob("*.pdf")))).read_bytes()
    docx = next(iter(sorted(samples.rglob("*.docx")))).read_bytes()
    site.pages |= {
        "/paper?v=2": Page(pdf, "application/octet-stream"),
        "/report": Page(docx, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        "/readme.md": Page("# Read me\n\nA readme is a text about a project.\n", "text/plain"),
    }
    ran = add(*(f"{site.url}{path}" for path in site.pages))
    assert ran.code == 0, ran.err
    assert record(kb, name_of(site, "paper-v-2")).converter.startswith("pdf/")
    assert record(kb, name_of(site, "report")).converter.startswith("word/")
    assert record(kb, name_of(site, "readme")).source.url == f"{site.url}/readme.md"


def test_the_canonical_address_names_the_document_where_it_is_another_spelling_of_the_same(
    add: Command, site: Site, kb: Path, run: Any
) -> None:
    site.pages |= {
        "/a?utm_source=x": Page(html("One", head='<link href="/a" rel="canonical">')),
        "/a": Page(html("One", head='<link href="/a" rel="canonical">')),
        "/b": Page(html("Two", head='<link rel=canonical href="https://evil.example/b">')),
        "/c": Page(html("Three", head='<link rel=canonical href="/">')),
        "/old": moved("/new", 301),
        "/new": Page(html("Four")),
        "/latest": moved("/v7", 302),
        "/v7": Page(html("Seven", head='<link rel=canonical href="/v7">')),
    }
    assert add(*(f"{site.url}/{name}" for name in ("a?utm_source=x", "b", "c", "old", "latest"))).code == 0
    urls = {row["document"]: row["url"] for row in json.loads(run("list", "--json", "--kb", kb).out)}
    assert urls == {name_of(site, name): f"{site.url}/{name}" for name in ("a", "b", "c", "new", "latest")}
    ran = add(f"{site.url}/a", f"{site.url}/a?utm_source=x", f"{site.url}/old")
    assert "Skipped 3 (2 unchanged, 1 same pages as others)" in ran.out
    assert f"skipped {site.url}/a?utm_source=x: same page as {site.url}/a\n" in ran.err


def test_no_page_takes_the_place_of_another_one(add: Command, site: Site, kb: Path) -> None:
    taking = '<link rel=canonical href="/ada">'
    site.pages |= {"/ada": Page(html("Ada")), "/eve": Page(html("Eve", head=taking))}
    site.pages["/ada?user=eve"] = Page(html("Eve", "<p>Also Eve.</p>", taking.replace("/ada", "/ada?user=ada")))
    assert "Added 2" in add(f"{site.url}/ada", f"{site.url}/eve").out
    assert "Added 1" in add(f"{site.url}/ada?user=eve").out
    assert "# Ada\n" in text(kb, name_of(site, "ada")) and "# Eve\n" in text(kb, name_of(site, "eve"))
    # Nor by what an address led to earlier.
    site.pages |= {"/old": moved("/ada")}
    assert "Skipped 1 (unchanged)" in add(f"{site.url}/old").out
    site.pages |= {"/old": moved("/mallory"), "/mallory": Page(html("Mallory"))}
    assert "Added 1" in add(f"{site.url}/old").out
    assert "# Ada\n" in text(kb, name_of(site, "ada"))


def test_every_address_that_leads_to_one_page_has_an_outcome(add: Command, site: Site, kb: Path) -> None:
    site.pages |= {"/a": Page(html("One"), etag="1"), "/b": moved("/a"), "/c": moved("/a"), "/d": moved("/a")}
    add(f"{site.url}/d")
    site.pages["/d"] = Page("no", status=500)
    events = [json.loads(line) for line in add(*(f"{site.url}/{name}" for name in "dabc"), "--json").out.splitlines()]
    assert [(each["outcome"], each["source"].rpartition("/")[2]) for each in events[:-1]] == [
        ("skipped", "a.html"),
        ("failed", "d"),
        ("skipped", "b"),
        ("skipped", "c"),
    ]
    assert events[2]["reason"] == f"same page as {site.url}/a" and events[2]["document"] == name_of(site, "a")
    assert (events[-1]["skipped"], events[-1]["failed"]) == (3, 1)


def test_pages_of_one_name_are_told_apart(add: Command, site: Site, kb: Path, run: Any) -> None:
    site.pages |= {"/a": Page(html("One")), "/a.html": Page(html("Second")), "/a/": Page(html("Folder"))}
    add(f"{site.url}/a")
    assert "Added 2" in add(f"{site.url}/a.html", f"{site.url}/a/").out
    titles = {row["url"]: row["title"] for row in json.loads(run("list", "--json", "--kb", kb).out)}
    assert titles == {f"{site.url}/a": "One", f"{site.url}/a.html": "Second", f"{site.url}/a/": "Folder"}
    assert "Skipped 3 (unchanged)" in add("--refetch").out


def test_a_folder_called_web_takes_over_no_fetched_page(add: Command, site: Site, kb: Path, tmp_path: Path, run: Any) -> None:
    site.pages |= {"/a": Page(html("One")), "/b": Page(html("Two")), "/c": Page(html("Three"))}
    add(f"{site.url}/a", f"{site.url}/b")
    host = tmp_path / "other" / "web" / f"127.0.0.1:{site.port}"
    host.mkdir(parents=True)
    (host.parent / "copy.html").write_text(html("One"), encoding="utf-8")
    (host / "b.html").write_text(html("Mine"), encoding="utf-8")
    (host / "c.html").write_text(html("Also mine"), encoding="utf-8")
    urls = {row["document"]: row["url"] for row in json.loads(run("list", "--json", "--kb", kb).out)}
    ran = add(host.parent, "--prune")
    assert ran.code == 3 and "Added 1, skipped 1 (same bytes as others), failed 1" in ran.out
    assert f"{name_of(site, 'b')} was fetched from {site.url}/b. Add the folder with --into PREFIX." in ran.err
    assert "Added 1" in add(f"{site.url}/c").out
    now = {row["document"]: row["url"] for row in json.loads(run("list", "--json", "--kb", kb).out)}
    assert now.items() > urls.items() and sorted(now[name] for name in now.keys() - urls.keys()) == ["", f"{site.url}/c"]


def test_the_pictures_of_a_page_come_with_it_and_links_between_pages_lead_to_documents(
    add: Command, run: Command, site: Site, kb: Path
) -> None:
    more = '<p><a href="b">the other</a>, <a href="c">a third</a></p><img src="p/wal.png" alt=WAL><img src="gone.png" alt=Gone>'
    site.pages |= {"/a": Page(html("One", more)), "/b": Page(html("Two")), "/p/wal.png": Page(png(), "image/png")}
    ran = add(f"{site.url}/a", f"{site.url}/b")
    assert ran.code == 0
    assert (
        f"a picture could not be had, so the page keeps its address: {site.url}/gone.png: there is no such page (status 404)."
        in ran.err
    )
    document = name_of(site, "a")
    made = text(kb, document)
    assert "![WAL](a--wal.png)" in made and (kb / "wiki" / "sources" / f"{document}--wal.png").read_bytes() == png()
    assert f"![Gone]({site.url}/gone.png)" in made
    assert "[the other](b.md)" in made and f"[a third]({site.url}/c)" in made
    ran = run("recompile", "--all", "--kb", kb)
    assert ran.code == 0 and "Unchanged 2" in ran.out, ran.out + ran.err


def test_a_changed_page_still_leads_to_documents_that_could_not_be_fetched_again(add: Command, site: Site, kb: Path) -> None:
    linked = '<p><a href="steam">steam</a></p>'
    site.pages |= {"/a": Page(html("One", linked)), "/steam": Page(html("Steam"))}
    add(f"{site.url}/a", f"{site.url}/steam")
    del site.pages["/steam"]
    site.pages["/a"] = Page(html("One, again", linked))
    ran = add("--refetch")
    assert ran.code == 3 and "Updated 1, failed 1" in ran.out and "[steam](steam.md)" in text(kb, name_of(site, "a"))
    site.pages["/new"] = Page(html("New", linked))
    add(f"{site.url}/new")
    assert "[steam](steam.md)" in text(kb, name_of(site, "new"))


def test_what_is_no_picture_is_not_stored(add: Command, site: Site, kb: Path) -> None:
    shown = "".join(f'<img src="/{name}" alt={name}>' for name in ("a.png", "b.png", "c.svg", "d.png"))
    site.pages |= {
        "/p": Page(html("One", shown)),
        "/a.png": Page("<script>alert(1)</script>", "image/png"),
        "/b.png": Page(png(8), "image/png"),
        "/c.svg": Page("<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        "/d.png": Page(png(), "text/html"),
    }
    ran = add(f"{site.url}/p")
    assert ran.code == 0 and "it is no picture" in ran.err
    assert sorted(path.name for path in (kb / "wiki" / "sources").rglob("*") if path.suffix in (".png", ".svg")) == []


def test_a_page_larger_than_the_limit_fails(site: Site, kb: Path, run: Command, git: Any) -> None:
    config = kb / ".gitkb" / "config.yaml"
    config.write_text(f"{config.read_text()}convert:\n  max_bytes: 2000\n")
    git(kb, "commit", "-qam", "limit")
    site.pages["/a"] = Page(html("One", "x" * 4000))
    ran = run("add", f"{site.url}/a", "--allow-private", "--kb", kb)
    assert ran.code == 3 and "which is the limit" in ran.err


def test_names_are_judged_by_the_resolver_that_connects(site: Site, kb: Path) -> None:
    """A name server that answers with a public address first and a private one later gets no connection to either."""
    answers = iter([("93.184.216.34", "127.0.0.1"), ("127.0.0.1",)])
    base = KnowledgeBase.open(kb, web=WebAccess(resolve=lambda host, port: next(answers)))
    for _ in range(2):
        summary = base.add([], AddOptions(urls=(f"http://rebinding.example:{site.port}/",)), Listener())
        assert summary.failed == 1
    assert site.asked == []


def test_nothing_was_fetched_so_there_is_nothing_to_fetch_again(add: Command) -> None:
    ran = add("--refetch")
    assert ran.code == 0 and "nothing to fetch again" in ran.err


def test_a_kill_while_a_page_is_awaited_leaves_nothing_that_stays(kb: Path, add: Command) -> None:
    """Also Ctrl-C does not wait for a server that never answers."""
    import subprocess
    import sys

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        for number, code in ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)):
            command = [sys.executable, "-m", "gitkb", "add", url, "--allow-private", "--kb", str(kb)]
            process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ)
            with silent.accept()[0] as asked:
                asked.recv(1)
                process.send_signal(number)
                _, err = process.communicate(timeout=20)
            assert process.returncode == code
            assert ("Stopped." in err) == (number == signal.SIGINT)
    with serving({"/": Page(html("Home"))}) as site:
        ran = add(f"{site.url}/")
        assert ran.code == 0 and "An earlier run (fetch http://127.0.0.1" in ran.err
    assert list((kb / ".git" / "gitkb" / "runs").iterdir()) == []


def test_a_page_made_again_is_read_and_linked_as_when_it_was_fetched(add: Command, run: Command, site: Site, kb: Path) -> None:
    """Its encoding stands in the server's reply alone, and its links count from where it was found in the end."""
    words = "ログ先行書き込みは、変更の記録を先に書く規則である。" * 8
    links = '<a href="sibling">sibling</a> <a href="other">other</a> <a href="#part">part</a><h2 id=part>Part</h2>'
    site.pages |= {
        "/latest": moved("/docs/v7/x", 302),
        "/docs/v7/x": Page(html("Seven", links)),
        "/docs/v7/other": Page(html("Other", '<a href="x">back</a>')),
        "/nippon": Page(f"<title>日本</title><h1>日本</h1><p>{words}".encode("iso-2022-jp"), "text/html; charset=ISO-2022-JP"),
        "/odd": Page(html("Odd"), "text/html; charset=base64"),
    }
    assert "Added 4" in add(*(f"{site.url}/{name}" for name in ("latest", "docs/v7/other", "nippon", "odd"))).out
    source = record(kb, name_of(site, "nippon")).source
    assert (source.charset, source.base) == ("iso-2022-jp", "")
    assert record(kb, name_of(site, "latest")).source.base == f"{site.url}/docs/v7/x"
    assert record(kb, name_of(site, "odd")).source.charset == ""
    made = text(kb, name_of(site, "latest"))
    assert f"[sibling]({site.url}/docs/v7/sibling)" in made and "[other](docs/v7/other.md)" in made and "[part](#part)" in made
    assert "規則である" in text(kb, name_of(site, "nippon")) and "[back](../../latest.md)" in text(
        kb, name_of(site, "docs/v7/other")
    )
    shutil.rmtree(kb / ".git" / "gitkb" / "cache")
    ran = run("recompile", "--all", "--kb", kb)
    assert ran.code == 0 and "Unchanged 4" in ran.out, ran.out + ran.err


@pytest.mark.parametrize("wrong", [{"charset": "base64"}, {"charset": "no such"}, {"base": "file:///etc/passwd"}, {"charset": 5}])
def test_what_a_record_says_of_a_page_is_checked(wrong: dict[str, object]) -> None:
    source = {"path": "web/h/a.html", "sha256": "0" * 64, "url": "http://h.example/a"}
    with pytest.raises(FormatError, match=next(iter(wrong))):
        decode(json.dumps({"format": 1, "document": "web/h/a", "source": source | wrong}).encode(), record_path("web/h/a"))
