"""What people read: lists, pages, the source of a claim beside it, originals, search, at any revision."""

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from gitkb import KnowledgeBase
from tests.web.conftest import signed_in

WAL = "/wiki/concepts/write-ahead-logging.md"


def links(page: str) -> list[str]:
    """The addresses of all links, pictures, styles and scripts of a page."""
    return [html.unescape(found) for found in re.findall(r' (?:href|src)="([^"]*)"', page)]


def claim_link(page: str) -> str:
    """The address of the first claim's source."""
    return html.unescape(re.findall(r'class="cite"[^>]* href="([^"]*)"', page)[0])


def test_the_start_page_says_what_is_in_and_what_is_new(browser: TestClient) -> None:
    page = browser.get("/").text
    assert "6 documents" in page and "guide" in browser.get("/documents?folder=docs").text
    assert "What is new" in page and ">Write-ahead logging</a>" in page and 'title="docs/wal">docs/wal<' in page


def test_every_link_of_every_page_leads_somewhere(browser: TestClient) -> None:
    seen, left = set(), ["/"]
    while left:
        place = left.pop()
        bare = place.partition("#")[0]
        if bare in seen or not bare.startswith("/") or len(seen) > 50 or re.search(r"^/undo|^/time\?rev|at=", bare):
            continue
        seen.add(bare)
        answer = browser.get(bare)
        assert answer.status_code == 200, place
        if answer.headers["content-type"].startswith("text/html"):
            left += links(answer.text)
    assert len(seen) > 50


def test_documents_are_filtered_by_their_words(browser: TestClient) -> None:
    page = browser.get("/documents", params={"q": "crash"}).text
    assert "Crash recovery" in page and ">Write-ahead logging<" not in page and "1 of 6" in page
    assert "guide/" in browser.get("/documents", params={"folder": "docs"}).text


def test_pages_are_filtered_and_ordered(browser: TestClient) -> None:
    assert "Write-ahead logging" in browser.get("/pages", params={"q": "ahead", "order": "documents"}).text
    assert "No page fits" in browser.get("/pages", params={"approval": "approved"}).text


def test_a_claim_opens_its_source_with_the_sentence_marked(browser: TestClient) -> None:
    page = browser.get(WAL).text
    beside = browser.get(claim_link(page)).text
    pane = beside.partition('id="gk-beside"')[2]
    marked = "".join(re.findall(r"<mark[^>]*>([^<]*)</mark>", pane))
    assert marked.startswith("Write-ahead logging is the rule that the log record of a change must reach stable")
    assert "found by gitkb-extractive" in pane
    alone = browser.get(claim_link(page).replace("#gk-beside", "&part=beside")).text
    assert "<mark" in alone and "<html" not in alone


def test_a_claim_that_is_gone_is_said_to_be(browser: TestClient) -> None:
    assert "no such claim any more" in browser.get(WAL, params={"claim": "999.1"}).text


def test_a_page_shows_where_it_stands(browser: TestClient) -> None:
    page = browser.get(WAL).text
    side = page.partition('class="side"')[2].partition("</aside>")[0]
    assert "Linked from 1 page" in side and "/wiki/summaries/docs/wal.md" in side and "last changed" in page
    assert page.count("<h1") == 1 and "Who says what" in page


def test_a_text_shows_tables_code_and_formulas(browser: TestClient) -> None:
    page = browser.get("/wiki/sources/docs/wal.md").text
    assert "<td>flush</td>" in page and 'class="hl-' in page and "&lt;now&gt;" in page
    assert "<mfrac>" in page and 'dir="auto"' in page


def test_what_a_document_says_cannot_run_or_load_anything(browser: TestClient) -> None:
    for place in (
        "/wiki/sources/docs/hostile.md",
        "/wiki/summaries/docs/hostile.md",
        "/search?q=hostile",
        "/documents?q=hostile",
    ):
        main = browser.get(place).text.partition("<main")[2]
        for forbidden in (
            "<script",
            "onerror",
            "onload",
            "javascript:",
            "data:text",
            "<iframe",
            "<style",
            "example.org/seen",
            'name="gk-',
        ):
            assert forbidden not in re.sub(r"<code>.*?</code>", "", main), (place, forbidden)
    assert "Send" in browser.get("/wiki/sources/docs/hostile.md").text


def test_an_original_is_a_download_and_never_a_page(browser: TestClient) -> None:
    for path in ("raw/docs/hostile.md", "raw/docs/aries.pdf"):
        answer = browser.get(f"/file/{path}")
        assert (
            answer.headers["content-disposition"].startswith("attachment")
            and "sandbox" in answer.headers["content-security-policy"]
        )
        assert answer.headers["content-type"] == "application/octet-stream"
    for path in (".gitkb/config.yaml", "../secret", "wiki/../.git/config", "README.md"):
        assert browser.get(f"/file/{path}").status_code == 404


def test_a_page_of_a_pdf_is_drawn_with_the_words_marked(browser: TestClient) -> None:
    words = "A checkpoint writes the dirty page table and the transaction table to the log"
    plain, marked = (browser.get("/drawn/docs/aries/4.jpg", params=asked) for asked in ({}, {"words": words}))
    assert plain.content[:3] == marked.content[:3] == b"\xff\xd8\xff" and plain.content != marked.content
    page = browser.get("/original/docs/aries", params={"page": 2}).text
    assert "page 2 of" in page and "/drawn/docs/aries/2.jpg" in page
    assert browser.get("/drawn/docs/aries/99.jpg").status_code == 404
    assert browser.get("/drawn/docs/wal/1.jpg").status_code == 404


def test_search_finds_with_a_page_and_with_its_results_alone(browser: TestClient) -> None:
    whole, alone = browser.get("/search?q=durable").text, browser.get("/search?q=durable&part=hits").text
    assert ("makes all earlier records durable" in whole and alone.startswith("<ol")) or "<ol" in alone
    assert "<html" not in alone
    hit = next(each for each in links(alone) if "mark=" in each)
    assert "<mark" in browser.get(hit.partition("#")[0]).text
    assert "Nothing is found" in browser.get("/search?q=zebra").text
    assert browser.get('/search?q="').status_code == 200


@pytest.mark.parametrize(
    "place", ["/wiki/concepts/nothing.md", "/wiki/../../etc/passwd", "/history?name=nothing", "/?at=nothing"]
)
def test_what_is_not_there_is_said_in_the_words_of_the_library(browser: TestClient, place: str) -> None:
    answer = browser.get(place)
    assert answer.status_code in (400, 404) and "Traceback" not in answer.text


def test_everything_can_be_seen_as_it_was(kb: Path, git: Callable[..., str], run: Callable[..., object]) -> None:
    git(kb, "tag", "before")
    run("remove", "docs/wal", "--kb", kb)
    with signed_in(kb) as browser:
        assert browser.get("/wiki/summaries/docs/wal.md").status_code == 404
        then = browser.get("/wiki/summaries/docs/wal.md?at=before").text
        assert "Write-ahead logging" in then and "You see the state of" in then and "Edit</a>" not in then
        inside = [each for each in links(then.partition("<article")[2]) if each.startswith("/wiki/")]
        assert inside and all("at=before" in each for each in inside)
        assert "durable" in browser.get("/search?q=durable&at=before").text
        led = browser.get("/time", params={"rev": "before", "back": "/documents?q=wal"}, follow_redirects=False)
        assert led.headers["location"] == "/documents?q=wal&at=before"
        day = git(kb, "log", "-1", "--format=%cs")
        assert "at=" in browser.get("/time", params={"day": day, "back": "/"}, follow_redirects=False).headers["location"]
        assert browser.get("/time", params={"day": "1999-01-01", "back": "/"}).status_code == 404
        assert (
            browser.get("/time", params={"rev": "before", "back": "//evil.example"}, follow_redirects=False)
            .headers["location"]
            .startswith("/?at=")
        )


def test_history_tells_which_claims_a_page_gained_and_lost(kb: Path, run: Callable[..., object]) -> None:
    run("remove", "docs/wal", "--kb", kb)
    with signed_in(kb) as browser:
        page = browser.get("/history", params={"name": "wiki/concepts/crash-recovery.md"}).text
        assert "<ins>Crash recovery is the process" in page and "more</summary>" in page
        assert ">remove</span>" in browser.get("/history").text
        blame = browser.get("/blame", params={"name": "concepts/crash-recovery"}).text
        assert "Crash recovery is the process" in blame and "gitkb-extractive" in blame


def test_the_history_of_some_days_alone_is_shown(kb: Path, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    for day, text in (("2026-03-01", "one"), ("2026-03-05", "two"), ("2026-03-09", "three")):
        (kb / "wiki/notes").mkdir(exist_ok=True)
        (kb / f"wiki/notes/{text}.md").write_text(f"# {text}\n", encoding="utf-8")
        git(kb, "add", "-A")
        when = f"{day}T12:00:00 +0000"
        monkeypatch.setenv("GIT_COMMITTER_DATE", when)
        git(kb, "commit", "-qm", f"note {text}", "--date", when)
    with signed_in(kb) as browser:
        page = browser.get("/history", params={"since": "2026-03-02", "until": "2026-03-05"}).text
        assert "note two" in page and "note one" not in page and "note three" not in page
        assert 'value="2026-03-02"' in page and "All days" in page
        assert "note three" in browser.get("/history", params={"since": "2026-03-06"}).text
        assert "Nothing changed in these days" in browser.get("/history", params={"until": "1999-01-01"}).text
        assert "note one" in browser.get("/history", params={"since": "no day"}).text


def test_readers_are_not_held_up_by_a_new_commit_that_takes_long_to_look_at(kb: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    from gitkb.web import view

    interface = view.Interface(lambda _: KnowledgeBase.open(kb), "kb")
    base = KnowledgeBase.open(kb)
    before = interface.current(base)
    interface.rows(base, None, before)
    monkeypatch.setattr(view, "_NOTICED", 0.0)
    monkeypatch.setattr(view, "_SHORTEST_HOLD", 0.0)
    monkeypatch.setattr(view, "_LONGEST_HOLD", 0.0)
    looked, go_on = threading.Event(), threading.Event()
    real = view.Interface.graph

    def slow(self: view.Interface, *given: Any) -> Any:
        looked.set()
        assert go_on.wait(30)
        return real(self, *given)

    monkeypatch.setattr(view.Interface, "graph", slow)
    after = base.write_page("wiki/notes/own.md", "# Own\n", "").commit
    assert interface.current(base) == before and looked.wait(30)
    assert interface.current(base, fresh=True) == after and interface.current(base) == before
    go_on.set()
    for thread in threading.enumerate():
        if thread.name == "follow":
            thread.join(30)
    assert interface.current(base) == base.commit() == interface.current(base, moves=True)


def test_what_is_remembered_stays_within_bounds_and_keeps_what_is_used() -> None:
    from gitkb.web.view import Remembered

    made: list[int] = []
    kept = Remembered(3)

    def of(number: int) -> int:
        return kept.of((number,), lambda: made.append(number) or number, lambda _: 1)

    assert [of(1), of(2), of(3), of(1), of(4), of(1), of(2)] == [1, 2, 3, 1, 4, 1, 2]
    assert made == [1, 2, 3, 4, 2]


def test_pages_that_link_to_a_page_are_known_again_without_reading_them(kb: Path, tmp_path: Path) -> None:
    from gitkb.web import backlinks

    base = KnowledgeBase.open(kb)
    blobs = base.revisions.wiki_blobs()
    first = backlinks.Backlinks().of(blobs, base.revisions.reader, None)
    text = next(path for path in blobs if path.endswith("/wal.md") and path.startswith("wiki/sources/"))
    assert "wiki/concepts/write-ahead-logging.md" in first[text]
    many = {f"wiki/notes/{number}.md": f"{number}" for number in range(backlinks._WORTH)}

    def linking(blob: str) -> bytes:
        return f"[next]({int(blob) + 1}.md)".encode()

    made = backlinks.Backlinks().of(many, lambda: linking, tmp_path)
    again = backlinks.Backlinks().of(many, lambda: pytest.fail("pages were read again"), tmp_path)
    assert again == made and made["wiki/notes/1.md"] == ("wiki/notes/0.md",)
    (tmp_path / "links").write_bytes(b"damaged")
    assert backlinks.Backlinks().of({**many, "wiki/notes/0.md": "7"}, lambda: linking, tmp_path) != made


def test_a_page_is_shown_while_it_is_not_known_yet_who_links_to_it(kb: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    from gitkb.web import view

    monkeypatch.setattr(view, "_BRIEFLY", 0.0)
    go_on = threading.Event()
    real = view.Interface._links

    def slow(self: view.Interface, *given: Any) -> None:
        assert go_on.wait(30)
        real(self, *given)

    monkeypatch.setattr(view.Interface, "_links", slow)
    with signed_in(kb) as browser:
        place = f"/{next(path for path in KnowledgeBase.open(kb).revisions.wiki_blobs() if path.endswith('/wal.md'))}"
        assert "Which pages link here is still being looked up" in browser.get(place).text
        go_on.set()
        for thread in threading.enumerate():
            if thread.name == "links":
                thread.join(30)
        page = browser.get(place).text
        assert "still being looked up" not in page and "Linked from" in page


def test_while_somebody_types_the_beginning_of_a_word_finds_it(browser: TestClient) -> None:
    assert "/wiki/" in browser.get("/search", params={"q": "checkpo", "part": "hits"}).text
