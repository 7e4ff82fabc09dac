"""Clients of the web interface: the real application in this process, signed in as the address in the terminal does it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="pip install 'gitkb[web]'")
pytest.importorskip("nh3", reason="pip install 'gitkb[web]'")

from starlette.testclient import TestClient

from gitkb import KnowledgeBase
from gitkb.web.guard import Access
from gitkb.web.routes import application
from tests.support.isolation import ROOT

TOKEN = "a-token-of-some-length"
HOSTILE = """# Hostile

A hostile page is a page that tries to run something. <script>document.title = "taken"</script>

<img src="x" onerror="document.title='taken'"> <img src="https://example.org/seen.png">
<svg onload="document.title='taken'"></svg>

[click me](javascript:document.title='taken') and [data](data:text/html,<script>1</script>)

<iframe src="https://example.org/"></iframe><form action="https://example.org/"><button>Send</button></form>
<a name="gk-beside">here</a> <style>body { display: none }</style>

$$\\text{<script>document.title='taken'</script>}$$
"""
FILES = {
    "wal.md": "# Write-ahead logging\n\nWrite-ahead logging is the rule that the log record of a change must reach stable "
    "storage before the changed page does.\n\n## Flushing\n\nA flush of the log makes all earlier records durable at once.\n\n"
    "| step | cost |\n|---|---|\n| flush | 5 ms |\n\n```python\nlog.flush()  # <now>\n```\n\n"
    "The cost is $c = \\frac{n}{2}$ of it.\n",
    "recovery.md": "# Crash recovery\n\nCrash recovery is the process that brings a database back to a consistent state "
    "after a crash. It depends on write-ahead logging, which is described in [another text](wal.md).\n",
    "guide/checkpoints.txt": "Checkpoints\n\nA checkpoint is a point in the log from which crash recovery can start.\n",
    "hostile.md": HOSTILE,
    "hebrew.md": "# יומן\n\nיומן הוא רשימה של שינויים שנכתבת לפני הדף עצמו, כך שאפשר לשחזר אותם אחרי נפילה.\n",
    "aries.pdf": (ROOT / "tests/data/documents/papers/aries-notes.pdf").read_bytes(),
}
Serve = Callable[..., TestClient]


def client(kb: Path, **access: Any) -> TestClient:
    """A browser, without a cookie yet, in front of the application."""
    access = {"port": 80, "token": TOKEN, **access}

    def open_base(person: str) -> KnowledgeBase:
        return KnowledgeBase.open(kb, person=person)

    return TestClient(application(open_base, Access(**access)), base_url="http://127.0.0.1")


def signed_in(kb: Path, **access: Any) -> TestClient:
    """A browser that opened the address from the terminal."""
    made = client(kb, **access)
    assert made.get("/", params={"token": TOKEN}).status_code == 200
    return made


def form_token(browser: TestClient) -> str:
    """The secret of the forms, as a page has it."""
    return browser.get("/note").text.partition('name="form" value="')[2].partition('"')[0]


def send(browser: TestClient, place: str, **fields: str) -> Any:
    """The answer to a form, after where it leads."""
    return browser.post(place, data={"form": form_token(browser), **fields})


@pytest.fixture(scope="session")
def shown_kb(build: Callable[..., Path]) -> Path:
    """A knowledge base to look at; nobody may change it."""
    return build(FILES) / "kb"


@pytest.fixture(scope="session")
def browser(shown_kb: Path) -> Iterator[TestClient]:
    """A signed-in browser in front of `shown_kb`."""
    with signed_in(shown_kb) as made:
        yield made


@pytest.fixture
def kb(shown_kb: Path, tmp_path: Path, git: Callable[..., str]) -> Path:
    """A copy of it, to change as Ada."""
    copy = shutil.copytree(shown_kb, tmp_path / "kb", symlinks=True)
    git(copy, "config", "user.name", "Ada")
    git(copy, "config", "user.email", "ada@example.org")
    return copy


@pytest.fixture
def writer(kb: Path) -> Iterator[TestClient]:
    """A signed-in browser in front of `kb`."""
    with signed_in(kb) as made:
        yield made
