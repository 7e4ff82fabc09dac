"""Questions are answered with passages or by the model that the settings name, as they come or as a page, and saved."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from gitkb import KnowledgeBase
from gitkb.cli.locate import read_user_settings
from gitkb.web.guard import Access
from gitkb.web.routes import application
from tests.support.model_server import Answer, serving
from tests.web.conftest import TOKEN, form_token, send


def test_without_a_model_the_passages_answer_and_lead_to_their_places(writer: TestClient, kb: Path) -> None:
    asked = writer.get("/ask").text
    assert "No model is asked" in asked
    page = send(writer, "/do/ask", question="What is write-ahead logging?")
    assert "is the rule that the log record" in page.text and "/wiki/sources/docs/wal.md" in page.text
    talk = page.text.partition('name="talk" value="')[2].partition('"')[0]
    saved = send(writer, "/do/save", talk=talk)
    assert "Saved." in saved.text and "/wiki/explorations/" in str(saved.url)
    assert list((kb / "wiki/explorations").glob("*.md"))


def test_an_answer_streams(writer: TestClient) -> None:
    fields = {"form": form_token(writer), "question": "What is a checkpoint?", "talk": ""}
    answer = writer.post("/do/ask?stream=1", data=fields)
    news = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert "".join(each.get("text", "") for each in news).count("checkpoint")
    assert "/wiki/sources/docs/guide/checkpoints.md" in news[-1]["html"] and news[-1]["talk"]


def test_a_conversation_is_nobody_elses(writer: TestClient, kb: Path) -> None:
    page = send(writer, "/do/ask", question="What is a checkpoint?").text
    talk = page.partition('name="talk" value="')[2].partition('"')[0]
    assert "point in the log" in writer.get("/ask", params={"talk": talk}).text
    other = TestClient(writer.app, base_url="http://127.0.0.1")
    other.get("/", params={"token": "a-token-of-some-length"})
    assert "point in the log" not in other.get("/ask", params={"talk": talk}).text
    assert other.post("/do/save", data={"form": form_token(other), "talk": talk}).status_code == 404


def test_an_empty_question_and_one_without_an_answer(writer: TestClient) -> None:
    assert send(writer, "/do/ask", question="  ").status_code == 400
    assert "Nothing in the knowledge base answers this" in send(writer, "/do/ask", question="Zebra giraffe?").text


@pytest.mark.parametrize("named", [True, False])
def test_a_model_is_asked_only_if_the_settings_name_one(
    kb: Path, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    said = "It is a rule [Write-ahead logging](sources/docs/wal.md#write-ahead-logging). See [this](javascript:alert(1))."
    if named:
        (kb / ".gitkb/config.yaml").write_text("compiler: llm\nmodel: some-model\n", encoding="utf-8")
        git(kb, "commit", "-qam", "settings")
    with serving(lambda asked: Answer(said), models=("some-model",)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "test-key")

        def open_base(person: str) -> KnowledgeBase:
            return KnowledgeBase.open(kb, user=lambda: read_user_settings(warn=False), person=person)

        browser = TestClient(application(open_base, Access(port=80, token=TOKEN)), base_url="http://127.0.0.1")
        browser.get("/", params={"token": TOKEN})
        page = send(browser, "/do/ask", question="What is write-ahead logging?").text.partition("<main")[2]
        assert ("some-model" in page, server.calls > 0) == (named, named)
        assert ("It is a rule" in page) == named and "/wiki/sources/docs/wal.md" in page and "javascript:" not in page
