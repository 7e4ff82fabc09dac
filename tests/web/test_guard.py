"""Nobody is answered who may not be: other names, other sites, no token; and what is answered carries its headers."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from gitkb.errors import UsageError
from gitkb.web.guard import Access
from tests.support.isolation import ROOT
from tests.web.conftest import TOKEN, client, form_token, send, signed_in

PLACES = ("/", "/documents", "/search?q=log", "/wiki/concepts/write-ahead-logging.md", "/file/raw/docs/wal.md", "/graph.json")


@pytest.mark.parametrize("place", PLACES)
def test_without_the_token_nothing_is_told(shown_kb: Path, place: str) -> None:
    stranger = client(shown_kb)
    for address in (place, place + ("&" if "?" in place else "?") + "token=wrong"):
        answer = stranger.get(address)
        assert answer.status_code == 401 and "gitkb web" in answer.text and "Write-ahead" not in answer.text


def test_the_token_becomes_a_cookie_and_leaves_the_address(shown_kb: Path) -> None:
    browser = client(shown_kb)
    first = browser.get("/search", params={"q": "log", "token": TOKEN}, follow_redirects=False)
    assert first.status_code == 303 and first.headers["location"] == "/search?q=log"
    cookie = first.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and TOKEN not in cookie
    assert browser.get("/search?q=log").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", ""])
def test_another_name_is_refused_also_with_the_token(shown_kb: Path, host: str) -> None:
    browser = signed_in(shown_kb)
    answer = browser.get("/", params={"token": TOKEN}, headers={"host": host})
    assert answer.status_code == 421 and "Write-ahead" not in answer.text


def test_this_machine_may_be_called_by_its_names_and_those_that_were_given(shown_kb: Path) -> None:
    browser = client(shown_kb, names=("kb.example.org",))
    for host in ("127.0.0.1:8787", "localhost:8787", "[::1]:8787", "kb.example.org"):
        assert browser.get("/static/style.css", headers={"host": host}).status_code == 200, host


def test_a_form_of_another_site_is_refused(writer: TestClient, kb: Path, git: Callable[..., str]) -> None:
    before, token = git(kb, "rev-parse", "HEAD"), form_token(writer)
    fields = {"name": "docs/wal", "form": token}
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        assert writer.post("/do/remove", data=fields, headers=headers).status_code == 403
    assert writer.post("/do/remove", data={"name": "docs/wal"}).status_code == 400
    assert writer.post("/do/remove", data={"name": "docs/wal", "form": "0" * 64}).status_code == 400
    assert git(kb, "rev-parse", "HEAD") == before
    assert writer.get("/do/remove", params=fields).status_code == 405


def test_read_only_shows_no_form_and_takes_none(kb: Path, git: Callable[..., str]) -> None:
    before = git(kb, "rev-parse", "HEAD")
    with signed_in(kb, read_only=True) as reader:
        page = reader.get("/wiki/concepts/write-ahead-logging.md").text
        assert "Edit</a>" not in page and "Approve</a>" not in page and ">Add</a>" not in page
        for place in ("/add", "/edit?path=wiki/index.md", "/remove?name=docs/wal"):
            assert "change nothing" in reader.get(place).text
        token = reader.get("/ask").text.partition('name="form" value="')[2].partition('"')[0]
        answer = reader.post("/do/remove", data={"name": "docs/wal", "form": token})
        assert answer.status_code == 400 and "change nothing" in answer.text
    assert git(kb, "rev-parse", "HEAD") == before


@pytest.mark.parametrize("place", [*PLACES, "/static/app.js", "/no-such-page", "/wiki/no/such.md"])
def test_every_answer_carries_the_policy(browser: TestClient, place: str) -> None:
    headers = browser.get(place).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin" and headers["x-frame-options"] == "DENY"


def test_no_page_has_an_inline_script_or_style(browser: TestClient) -> None:
    for place in (*PLACES[:4], "/history", "/branches", "/ask", "/graph", "/add", "/time"):
        page = browser.get(place).text
        assert "<script>" not in page and " style=" not in page and " onclick=" not in page
        assert "http://" not in page.replace("http://www.w3.org/", "") and "https://" not in page, place


def test_beyond_this_machine_it_must_know_who_asks() -> None:
    with pytest.raises(UsageError, match="know who asks"):
        Access(host="0.0.0.0").check()
    with pytest.raises(UsageError, match="fewer than"):
        Access(host="0.0.0.0", password="short").check()
    Access(host="0.0.0.0", password="a long password").check()
    Access(host="0.0.0.0", user_header="X-Forwarded-User").check()


def test_a_password_is_asked_for_and_then_remembered(shown_kb: Path) -> None:
    browser = client(shown_kb, password="a long password")
    assert browser.get("/", params={"token": TOKEN}, follow_redirects=False).headers["location"] == "/login"
    wrong = browser.post("/login", data={"password": "a long passwort"})
    assert wrong.status_code == 403 and browser.get("/", follow_redirects=False).status_code == 303
    assert "documents" in browser.post("/login", data={"password": "a long password"}).text


def test_a_proxy_names_the_user_who_reads_or_writes_under_their_own_name(kb: Path, git: Callable[..., str]) -> None:
    roles = {
        "user_header": "X-User",
        "proxies": ("testclient",),
        "readers": ("ben@example.org",),
        "writers": ("eve@example.org",),
    }
    ben, eve, joe = ({"X-User": f"{name}@example.org"} for name in ("ben", "eve", "joe"))
    browser = client(kb, **roles)
    assert browser.get("/").status_code == 403 and browser.get("/", headers=joe).status_code == 403
    assert ">Add</a>" not in browser.get("/", headers=ben).text and ">Add</a>" in browser.get("/", headers=eve).text
    browser.headers.update(eve)
    assert "Removed docs/wal" in send(browser, "/do/remove", name="docs/wal").text
    assert git(kb, "log", "-1", "--format=%an <%ae>, %cn", "HEAD~1") == "eve@example.org <eve@example.org>, Ada"
    forged = client(kb, **{**roles, "proxies": ("10.0.0.1",)})
    assert forged.get("/", headers=eve).status_code == 403


def test_the_command_serves_until_it_is_interrupted(shown_kb: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gitkb", "web", "--no-open", "--read-only", "--port", str(port), "--kb", str(shown_kb)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}) as server:
        assert server.stderr is not None
        address = re.findall(r"http://\S+", server.stderr.readline())[0]
        assert address.startswith(f"http://127.0.0.1:{port}/?token=")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(address.partition("?")[0], timeout=30)
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        assert b"6 documents" in opener.open(address, timeout=30).read()
        server.send_signal(signal.SIGINT)
        assert server.wait(30) == 130 and "Traceback" not in server.stderr.read()


@pytest.mark.parametrize("arguments", [("web", "--no-open"), ("export", "site", "x"), ("preview", "--site", "--to", "x")])
def test_without_the_extra_the_command_says_how_to_install_it(
    shown_kb: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    for name in [name for name in sys.modules if name.startswith("gitkb.web")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("starlette", "starlette.requests", "starlette.responses", "nh3", "jinja2"):
        monkeypatch.setitem(sys.modules, name, None)
    done = run(*arguments, "--kb", shown_kb)
    assert done.code == 2 and "pip install 'gitkb[web]'" in done.err
