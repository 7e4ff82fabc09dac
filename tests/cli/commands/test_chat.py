"""`gitkb chat`: through a pipe and on a terminal, with and without a model."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.model_server import Answer, Asked, Fault, Made, serving

Run = Callable[..., Any]
CITED = "It is a rule [Write-ahead logging](sources/docs/wal.md#write-ahead-logging)."
pexpect = pytest.importorskip("pexpect") if os.name == "posix" else None


PROMPT = "\x1b[?2004h"
"""What a terminal is told when a line is asked for."""


@pytest.fixture
def talk(program: Callable[..., Any]) -> Callable[..., Any]:
    """Sends lines to a chat through a pipe."""

    def run(kb: Path, *lines: str, options: tuple[str, ...] = (), env: dict[str, str] | None = None) -> Any:
        text = "".join(f"{line}\n" for line in lines)
        return program("chat", "--kb", kb, *options, env=env, input=text, stdin=None)

    return run


def _reaching(server: Any) -> dict[str, str]:
    return {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "test-key"}


def _kept(kb: Path) -> list[dict[str, Any]]:
    folder = kb / ".git" / "gitkb" / "chats"
    return [json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))] if folder.is_dir() else []


def test_questions_through_a_pipe_are_answered_and_kept(talk: Run, top: Path) -> None:
    ran = talk(top / "kb", "What is write-ahead logging?", "", "What is a checkpoint?")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("passages that a search found") == 2 and "> A checkpoint is a point" in ran.stdout
    assert "\x1b" not in ran.stdout
    [chat] = _kept(top / "kb")
    assert [turn["question"] for turn in chat["turns"]] == ["What is write-ahead logging?", "What is a checkpoint?"]


def test_each_turn_knows_those_before_it_and_reads_the_newest_state(talk: Run, top: Path) -> None:
    kb = top / "kb"
    (top / "new").mkdir()
    (top / "new" / "pager.md").write_text("# Pagers\n\nA pager is a program that shows a text page by page.\n")
    with serving(lambda asked: CITED) as server:
        lines = ("What is write-ahead logging?", f"/add {top / 'new'} --jobs 1", "And a pager?", "/exit", "never read")
        ran = talk(kb, *lines, options=("--model", "test-model"), env=_reaching(server))
    assert ran.returncode == 0, ran.stderr
    messages = server.seen[1].body["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[2]["content"] == CITED
    assert "page by page" in messages[3]["content"]
    assert server.calls == 2 and "Added 1" in ran.stdout


def test_what_a_model_is_shown_of_a_long_conversation_is_bounded(talk: Run, top: Path) -> None:
    config = Path(os.environ["HOME"]) / "elsewhere"
    (config / "gitkb").mkdir(parents=True)
    file = config / "gitkb" / "config.yaml"
    file.write_text("llm:\n  context_tokens: 4000\n")
    file.chmod(0o600)
    with serving(lambda asked: f"{CITED} " + "words and more words " * 150) as server:
        env = _reaching(server) | {"XDG_CONFIG_HOME": str(config)}
        talk(top / "kb", *(f"What is write-ahead logging, {n}?" for n in range(12)), options=("--model", "test-model"), env=env)
    sizes = [sum(len(message["content"]) for message in seen.body["messages"]) for seen in server.seen]
    assert len(sizes) == 12 and max(sizes) < 3 * 4000
    assert sizes[-1] < sizes[4] * 1.2


def test_a_failure_is_said_and_the_conversation_goes_on(talk: Run, top: Path) -> None:
    made: Iterator[Made] = iter([Fault(401, "Incorrect API key provided.", code="invalid_api_key"), CITED])
    with serving(lambda asked: next(made)) as server:
        ran = talk(top / "kb", "One?", "Two?", options=("--model", "test-model"), env=_reaching(server))
    assert ran.returncode == 1 and "error:" in ran.stderr
    assert CITED in ran.stdout
    assert [turn["question"] for turn in _kept(top / "kb")[0]["turns"]] == ["Two?"]


def test_the_commands_are_gitkbs_own(talk: Run, top: Path) -> None:
    ran = talk(top / "kb", "/help", "/search checkpoint -n 1", "/status", "/log docs/wal", "/list", "/nothing", "/search 'open")
    assert "/save" in ran.stdout and "wiki/" in ran.stdout and "3 documents" in ran.stdout and "add docs/wal" in ran.stdout
    assert "no command /nothing" in ran.stderr and "not closed" in ran.stderr
    assert ran.returncode == 1


def test_the_last_answer_or_all_of_it_is_saved(talk: Run, run: Run, top: Path) -> None:
    kb = top / "kb"
    ran = talk(
        kb, "/save", "What is write-ahead logging?", "/save", "/save all All of it", "What is a checkpoint?", "/save Points"
    )
    assert "no answer yet" in ran.stderr
    names = sorted(file.name for file in (kb / "wiki" / "explorations").iterdir() if file.name != "index.md")
    assert names == ["all-of-it.md", "points.md", "what-is-write-ahead-logging.md"]
    assert "# Points" in (kb / "wiki" / "explorations" / "points.md").read_text()
    assert run("check", "--kb", kb).code == 0


def test_a_conversation_is_listed_resumed_and_deleted(talk: Run, run: Run, top: Path) -> None:
    kb = top / "kb"
    talk(kb, "What is write-ahead logging?", "/clear", "What is a checkpoint?")
    listed = json.loads(run("chat", "--list", "--json", "--kb", kb).out)
    assert sorted(row["question"] for row in listed) == ["What is a checkpoint?", "What is write-ahead logging?"]
    one = next(row["id"] for row in listed if "logging" in row["question"])
    with serving(lambda asked: CITED) as server:
        talk(kb, "And then?", "/save", options=("--resume", one, "--model", "test-model"), env=_reaching(server))
    assert "What is write-ahead logging?" in [message["content"] for message in server.seen[0].body["messages"]]
    assert sorted(len(chat["turns"]) for chat in _kept(kb)) == [1, 2]
    assert run("chat", "--delete", one, "--kb", kb).code == 0
    assert one not in run("chat", "--list", "--kb", kb).out
    assert run("chat", "--resume", "nothing", "--kb", kb).code == 1
    assert run("chat", one, "--kb", kb).code == 2


def test_a_received_conversation_that_is_none_is_refused(run: Run, top: Path) -> None:
    folder = top / "kb" / ".git" / "gitkb" / "chats"
    run("status", "--kb", top / "kb")  # what came with a copied git folder is not believed, and gone with the first look
    folder.mkdir(parents=True)
    (folder / "x.json").write_text('{"format": 1, "id": "x", "turns": [{"question": 1}]}')
    ran = run("chat", "--resume", "x", "--kb", top / "kb")
    assert ran.code == 1 and "cannot be used" in ran.err
    assert "cannot be used" in run("chat", "--list", "--kb", top / "kb").err


def test_answers_as_json_are_one_object_a_line(talk: Run, top: Path) -> None:
    ran = talk(top / "kb", "What is a checkpoint?", "xylophone", options=("--json",))
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [bool(answer["answer"]) for answer in found] == [True, False]


@contextmanager
def _terminal(kb: Path, *options: str, env: dict[str, str] | None = None) -> Iterator[Any]:
    assert pexpect is not None
    arguments = ["-m", "gitkb", "chat", "--kb", str(kb), *options]
    environment = {**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", **(env or {})}
    child = pexpect.spawn(sys.executable, arguments, env=environment, encoding="utf-8", timeout=100, dimensions=(40, 200))
    try:
        yield child
    finally:
        child.close(force=True)


@pytest.mark.skipif(os.name != "posix", reason="pseudo terminals are POSIX")
def test_on_a_terminal_ctrl_c_stops_the_answer_and_ctrl_d_ends(top: Path) -> None:
    kb, release = top / "kb", threading.Event()

    def script(asked: Asked) -> Made:
        return (
            Answer(f"{CITED} {'and more ' * 60}", held=release)
            if asked.number == 1
            else "Then **surely** &#8238;[it](sources/docs/wal.md)."
        )

    with serving(script) as server, _terminal(kb, "--model", "test-model", env=_reaching(server)) as child:
        child.expect("Ctrl-D ends")
        child.expect_exact(PROMPT)
        child.send("What is it?\r")
        child.expect("It is a rule")
        child.kill(signal.SIGINT)
        child.expect("Stopped")
        release.set()
        child.expect_exact(PROMPT)
        child.send("\x03")  # at the prompt it only empties the line
        child.send("Go on\r")
        child.expect("Then ")
        child.expect_exact("\x1b[1msurely")
        child.expect_exact("\\u202e")
        child.expect_exact(PROMPT)
        child.send("\x04")
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 0
    [chat] = _kept(kb)
    assert [turn["stopped"] for turn in chat["turns"]] == [True, False]


@pytest.mark.skipif(os.name != "posix", reason="pseudo terminals are POSIX")
def test_on_a_terminal_commands_and_documents_are_completed_and_lines_remembered(top: Path) -> None:
    kb = top / "kb"
    with _terminal(kb) as child:
        child.expect_exact(PROMPT)
        child.send("/stat\t")
        child.expect("us")
        child.send("\r")
        child.expect("Conversation ")
        child.expect("3 documents")
        child.expect_exact(PROMPT)
        child.send("/show docs/w\t")
        child.expect("al")
        child.send("\r")
        child.expect("type: Summary")
        child.expect_exact(PROMPT)
        child.send("\x1b[A\r")
        child.expect("type: Summary")
        child.send("\x04")
        child.expect(pexpect.EOF)
    history = kb / ".git" / "gitkb" / "chat-history"
    assert "/show docs/wal" in history.read_text() and history.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.name != "posix", reason="descriptors are closed by a shell")
@pytest.mark.parametrize(("closed", "line"), [("<&-", ""), (">&-", "What is a checkpoint?\n"), ("2>&-", "nothing to find\n")])
def test_a_chat_with_a_closed_stream_ends_in_order(top: Path, closed: str, line: str) -> None:
    command = ["sh", "-c", f'"$0" -m gitkb chat --kb "$1" {closed}', sys.executable, str(top / "kb")]
    done = subprocess.run(command, input=line, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (1 if "nothing" in line else 0, "", "")
