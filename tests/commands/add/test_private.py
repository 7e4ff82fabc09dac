"""Documents that look private go to a model elsewhere only if a person says so.

The server elsewhere is reached through a proxy, which is the scripted server on loopback.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.compiling_model import writing
from tests.support.model_server import ModelServer, serving
from tests.support.small_documents import RAFT, write

Run = Callable[..., Any]
CV = "# Curriculum Vitae\n\nAda Lovely, ada@example.org\n\n## Education\n\nMaths is a thing.\n\n## Experience\n\nEngines.\n"
LEFT_OUT = "it looks like a CV. It is not sent to a model elsewhere unless you say so: --yes, or llm.private: send."


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    """A server that is not on this machine, as far as its name tells."""
    with serving(writing) as found:
        monkeypatch.setenv("HTTP_PROXY", found.base_url.removesuffix("/v1"))
        monkeypatch.setenv("OPENAI_BASE_URL", "http://models.example.org/v1")
        yield found


@pytest.fixture
def top(run: Run, tmp_path: Path) -> Path:
    write(tmp_path / "docs", {"cv.md": CV, "raft.md": RAFT})
    assert run("init", tmp_path / "kb", "--compiler", "llm", "--model", "test-model").code == 0
    return tmp_path


def _add(run: Run, top: Path, *options: str) -> Any:
    return run("add", top / "docs", "--kb", top / "kb", "--jobs", "1", *options)


def _sent(server: ModelServer) -> str:
    return json.dumps([seen.body for seen in server.seen])


def test_what_looks_private_is_left_out_and_said_and_the_others_go_in(run: Run, top: Path, server: ModelServer) -> None:
    ran = _add(run, top)
    assert ran.code == 3 and f"skipped docs/cv.md: {LEFT_OUT}" in ran.err and "skipped 1 (likely private)" in ran.out, ran
    assert "consensus algorithm" in _sent(server) and "Ada Lovely" not in _sent(server)
    events = [json.loads(line) for line in _add(run, top, "--json").out.splitlines()]
    [event] = [event for event in events if event.get("skipped") == "private"]
    assert event["source"] == "docs/cv.md" and event["reason"] == LEFT_OUT and events[-1]["private"] == 1
    assert _add(run, top, "--yes").code == 0 and "Ada Lovely" in _sent(server)
    assert run("show", "docs/cv", "--kb", top / "kb").code == 0
    again = run("recompile", "docs/cv", "--compiler", "extractive", "--kb", top / "kb")
    assert again.code == 0, again
    calls = server.calls
    again = run("recompile", "docs/cv", "--kb", top / "kb")
    assert again.code == 3 and LEFT_OUT in again.err and server.calls == calls
    assert run("recompile", "docs/cv", "--yes", "--kb", top / "kb").code == 0


def test_a_setting_of_ones_own_or_a_server_here_sends_everything(
    run: Run, top: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("config", "llm.private", "never").code != 0
    assert run("config", "llm.private", "send").code == 0
    try:
        assert _add(run, top).code == 0 and "Ada Lovely" in _sent(server)
    finally:
        assert run("config", "llm.private", "--unset").code == 0
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    (top / "docs" / "cv.md").write_text(CV.replace("Ada Lovely", "Bea Lovely"))
    assert _add(run, top).code == 0 and "Bea Lovely" in _sent(server)


@pytest.mark.skipif(os.name != "posix", reason="pseudo terminals are POSIX")
def test_on_a_terminal_they_are_named_and_asked_for(run: Run, top: Path, server: ModelServer) -> None:
    pexpect = pytest.importorskip("pexpect")
    arguments = ["-m", "gitkb", "add", str(top / "docs"), "--kb", str(top / "kb"), "--jobs", "1"]
    child = pexpect.spawn(sys.executable, arguments, env={**os.environ, "TERM": "xterm"}, encoding="utf-8", timeout=60)
    child.expect("1 document looks private:")
    child.expect_exact("docs/cv.md  (a CV)")
    child.expect_exact("Send it to the model's server, which is not on this machine?")
    assert "Ada Lovely" not in _sent(server)
    child.sendline("y")
    child.expect("Added 2")
    child.expect(pexpect.EOF)
    child.wait()
    assert child.exitstatus == 0 and "Ada Lovely" in _sent(server)
