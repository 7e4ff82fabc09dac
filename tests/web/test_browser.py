"""Stories in a real browser: what needs a script works, nothing is asked of another host, no script of a document runs."""

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

pytest.importorskip("selenium", reason="pip install 'gitkb[dev]'")

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.wait import WebDriverWait

from gitkb import KnowledgeBase
from gitkb.model.options import AddOptions
from gitkb.web.guard import Access
from gitkb.web.listen import serve
from tests.support import hostile_pages

CHROMIUM, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))
if not (CHROMIUM and DRIVER):
    pytest.skip("chromium and chromedriver are not installed", allow_module_level=True)
PAGE = "/wiki/concepts/write-ahead-logging.md"


@pytest.fixture(scope="module")
def address(shown_kb: Path) -> str:
    """The address that a server of `shown_kb` says; the server ends with the tests."""
    return served(shown_kb, read_only=True)


def served(kb: Path, *, read_only: bool) -> str:
    """Serves a knowledge base until the tests end, and gives the address that the server says."""
    told: list[str] = []
    ready = threading.Event()

    def said(where: str) -> None:
        told.append(where)
        ready.set()

    def run() -> None:
        serve(lambda person: KnowledgeBase.open(kb, person=person), Access(read_only=read_only), said)

    threading.Thread(target=run, daemon=True).start()
    assert ready.wait(30)
    return told[0]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser without a window."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    profile = tmp_path_factory.mktemp("profile")
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    os.environ.setdefault("SE_OFFLINE", "true")
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def chromium(browser: Any) -> Any:
    """The browser on an empty page, without what it noted of other tests."""
    browser.get("about:blank")
    for kind in ("browser", "performance"):
        browser.get_log(kind)
    return browser


@pytest.fixture
def at(chromium: Any, address: str) -> Iterator[Callable[[str], Any]]:
    """Goes to a page of the server. At the end the browser must have complained about nothing and asked nobody else."""
    host = address.partition("//")[2].partition("/")[0]
    chromium.get(address)

    def go(place: str) -> Any:
        chromium.get(f"http://{host}{place}")
        return chromium

    yield go
    quiet(chromium, host)


def quiet(chromium: Any, host: str) -> None:
    """Asserts that the browser complained about nothing, and asked nobody but the server."""
    severe = [each for each in chromium.get_log("browser") if each["level"] == "SEVERE"]
    asked = [json.loads(each["message"])["message"] for each in chromium.get_log("performance")]
    urls = [each["params"]["request"]["url"] for each in asked if each["method"] == "Network.requestWillBeSent"]
    assert severe == []
    assert [url for url in urls if url.startswith("http") and not url.startswith(f"http://{host}/")] == []


def wait(driver: Any, what: Callable[[Any], Any]) -> Any:
    """What becomes true in a while."""
    return WebDriverWait(driver, 15, poll_frequency=0.05).until(what)


def test_a_claim_opens_its_source_beside_and_marks_it(at: Callable[[str], Any]) -> None:
    driver = at(PAGE)
    driver.find_element(By.CSS_SELECTOR, "a.cite").click()
    mark = wait(driver, lambda page: page.find_elements(By.CSS_SELECTOR, "[data-pane] mark"))[0]
    assert "Write-ahead logging is the rule" in mark.text and mark.is_displayed() and "claim=" in driver.current_url
    driver.find_element(By.TAG_NAME, "body").send_keys(Keys.ESCAPE)
    assert not driver.find_element(By.CSS_SELECTOR, "[data-pane]").is_displayed() and "claim=" not in driver.current_url


def test_words_are_found_while_they_are_typed_and_chosen_by_keys(at: Callable[[str], Any]) -> None:
    driver = at("/")
    driver.find_element(By.TAG_NAME, "body").send_keys("/")
    field = driver.switch_to.active_element
    assert field.get_attribute("name") == "q"
    field.send_keys("durable")
    wait(driver, lambda page: page.find_elements(By.CSS_SELECTOR, ".found li"))
    field.send_keys(Keys.ARROW_DOWN, Keys.ENTER)
    wait(driver, lambda page: "/wiki/" in page.current_url)
    driver = at("/search")
    driver.find_element(By.ID, "gk-words").send_keys("checkpoint")
    wait(driver, lambda page: "point in the log" in page.find_element(By.CSS_SELECTOR, "[data-hits]").text)


def test_no_script_of_a_document_runs(at: Callable[[str], Any]) -> None:
    for place in ("/wiki/sources/docs/hostile.md", "/wiki/summaries/docs/hostile.md", "/search?q=hostile"):
        driver = at(place)
        assert "taken" not in driver.title and driver.find_element(By.TAG_NAME, "h1").is_displayed()
        assert driver.find_elements(By.CSS_SELECTOR, "main script, main iframe, main style, main [onerror]") == []


def test_an_answer_comes_without_a_new_page(at: Callable[[str], Any]) -> None:
    driver = at("/ask")
    driver.find_element(By.ID, "gk-question").send_keys("What is a checkpoint?", Keys.ENTER)
    answer = wait(driver, lambda page: page.find_elements(By.CSS_SELECTOR, ".answer a"))
    assert "/wiki/" in answer[0].get_attribute("href")


def test_a_branch_that_waits_is_thinned_merged_and_brought_up_to_date(
    chromium: Any, kb: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    base = KnowledgeBase.open(kb)
    for name, branch in (("raft", "ingest/new"), ("paxos", "ingest/new"), ("zab", "ingest/late")):
        text = f"# {name.title()}\n\n{name.title()} is a consensus algorithm that elects one leader for its log.\n"
        (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
        base.add([tmp_path / f"{name}.md"], AddOptions(into="inbox", branch=branch, jobs=1))
    address = served(kb, read_only=False)
    host = address.partition("//")[2].partition("/")[0]

    def press(query: str) -> None:
        page = chromium.find_element(By.TAG_NAME, "html")
        chromium.find_element(By.CSS_SELECTOR, query).send_keys(Keys.ENTER)
        wait(chromium, staleness_of(page))

    chromium.get(address)
    chromium.find_element(By.LINK_TEXT, "ingest/new").click()
    chromium.find_element(By.LINK_TEXT, "Drop it from this branch").click()
    press("form[action='/do/undo'] button")
    assert "Taken back" in chromium.find_element(By.CSS_SELECTOR, ".bar.good").text
    assert len(chromium.find_elements(By.LINK_TEXT, "Drop it from this branch")) == 1
    press("form[action='/do/merge'] button")
    assert "Merged ingest/new: 1 added" in chromium.find_element(By.CSS_SELECTOR, ".bar.good").text
    git(kb, "merge", "-q", "ingest/late")  # git itself makes no pages
    chromium.get(f"http://{host}/branches")
    press("form[action='/do/refresh'] button")
    assert "The pages are up to date" in chromium.find_element(By.CSS_SELECTOR, ".bar.good").text
    assert git(kb, "log", "-3", "--format=%an", "--first-parent").splitlines()[0] == "Ada"
    assert (kb / "wiki/concepts/zab.md").exists() and "Ada" in git(kb, "log", "-1", "--format=%an", "ingest/new")
    quiet(chromium, host)


def test_the_graph_is_drawn_and_a_node_is_found(at: Callable[[str], Any]) -> None:
    driver = at("/graph")
    wait(driver, lambda page: page.find_elements(By.CSS_SELECTOR, "[data-drawn]"))
    driver.find_element(By.ID, "gk-node").send_keys("crash recovery")
    wait(driver, lambda page: "Crash recovery" in page.find_element(By.CSS_SELECTOR, ".graph output").text)


def test_a_narrow_window_needs_no_scrolling_sideways(at: Callable[[str], Any]) -> None:
    driver = at("/")
    size = {"width": 400, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        for place in (
            "/",
            "/documents",
            PAGE,
            "/wiki/sources/docs/wal.md",
            "/history",
            "/search?q=log",
            "/branches",
            "/ask",
            "/graph",
        ):
            at(place)
            assert driver.execute_script("return document.documentElement.scrollWidth") <= 400, place
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_search_of_a_static_site_works_from_any_host(chromium: Any, shown_kb: Path, tmp_path: Path) -> None:
    from gitkb.web.site.static_site import Site, write

    write(Site("kb", KnowledgeBase.open(shown_kb).revisions.wiki()), tmp_path / "public")
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=str(tmp_path))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        chromium.get(f"http://127.0.0.1:{server.server_address[1]}/public/wiki/concepts/write-ahead-logging.html")
        chromium.find_element(By.ID, "gk-find").send_keys("checkpoint recover")
        found = wait(chromium, lambda page: page.find_elements(By.CSS_SELECTOR, ".found li a"))
        assert any("checkpoints.html" in each.get_attribute("href") for each in found)
        chromium.get(f"http://127.0.0.1:{server.server_address[1]}/public/search.html?q=checkpoint")
        wait(chromium, lambda page: page.find_elements(By.CSS_SELECTOR, ".hits li a"))
        server.shutdown()


@pytest.fixture(scope="module")
def hostile_kb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A knowledge base of a hostile document of each kind."""
    top = tmp_path_factory.mktemp("hostile")
    for name, content in hostile_pages.documents().items():
        (top / "docs").mkdir(exist_ok=True)
        (top / "docs" / name).write_bytes(content)
    KnowledgeBase.init(top / "kb")
    done = KnowledgeBase.open(top / "kb").add([top / "docs"], AddOptions(into="docs", jobs=1))
    assert done.added == len(hostile_pages.documents()), done
    return top / "kb"


def test_no_document_of_any_kind_runs_or_loads_anything(chromium: Any, hostile_kb: Path) -> None:
    address = served(hostile_kb, read_only=False)
    host = address.partition("//")[2].partition("/")[0]
    base = KnowledgeBase.open(hostile_kb)
    places = [f"/{quote(path)}" for path in base.revisions.wiki_blobs() if path.startswith("wiki/") and path.endswith(".md")]
    rows = base.documents(commits=False)
    places += [f"/original/{quote(row.document)}" for row in rows if row.media_type == "application/pdf"]
    places += ["/", "/documents?folder=docs", "/pages", "/history", "/search?q=trap"]
    places += [f"/compare?base=HEAD~{len(rows)}&head=HEAD"]
    chromium.get(address)
    claims: set[str] = set()
    for place in places:
        chromium.get(f"http://{host}{place}")
        _harmless(chromium, place)
        found = [each.get_attribute("href") for each in chromium.find_elements(By.CSS_SELECTOR, "a.cite")]
        claims |= set(found[:1])
    assert len(claims) > 10
    for claim in sorted(claims)[::2]:
        chromium.get(claim)
        _harmless(chromium, claim)
    for row in rows[::2]:
        chromium.get(f"http://{host}/edit?path=wiki/sources/{quote(row.document)}.md")
        chromium.find_element(By.NAME, "preview").send_keys(Keys.ENTER)
        wait(chromium, lambda page: page.find_elements(By.CSS_SELECTOR, ".card.body, .bar.warn"))
        _harmless(chromium, row.document)
    quiet(chromium, host)


def _harmless(driver: Any, place: str) -> None:
    """Asserts that the page is one of ours, whole, and nothing in it is alive."""
    assert hostile_pages.TAKEN not in driver.title.replace(f"document.title='{hostile_pages.TAKEN}'", ""), place
    assert driver.find_element(By.TAG_NAME, "h1").is_displayed(), place
    alive = (
        "main script, main iframe, main style, main object, main link, main base, main meta, main video, main svg[onload]",
        "[onerror], [onload], [onfocus], [onmouseover], [autofocus]:not(#gk-words)",
        "main a[href^='javascript:'], main form[action^='http'], main img[src^='http']:not([src*='127.0.0.1'])",
    )
    assert driver.find_elements(By.CSS_SELECTOR, ", ".join(alive)) == [], place
    assert driver.execute_script("return document.querySelectorAll('main').length") == 1, place


def test_no_page_of_a_site_runs_or_loads_anything(chromium: Any, hostile_kb: Path, tmp_path: Path) -> None:
    from gitkb.web.site.static_site import Site, write

    write(Site("kb", KnowledgeBase.open(hostile_kb).revisions.wiki()), tmp_path / "public", 1)
    silent = type("Silent", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(silent, directory=str(tmp_path / "public"))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host = f"127.0.0.1:{server.server_address[1]}"
        for file in sorted((tmp_path / "public").rglob("*.html"))[::3]:
            place = quote(file.relative_to(tmp_path / "public").as_posix())
            chromium.get(f"http://{host}/{place}")
            _harmless(chromium, place)
        quiet(chromium, host)
        server.shutdown()
