"""Whatever a model's server does: nothing is paid twice, nothing wrong is committed, and the end is that of a calm run.

Each test is one server of `tests/support/odd_servers.py` with troubles of its own and something against one document. Three
documents are added, a question is asked, a conversation held, and the documents are added again when the server has nothing more
against the one.
"""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pygit2
import pytest

from tests.support.model_server import serving
from tests.support.odd_servers import CITED, DOOMS, HABITS, Odd
from tests.support.small_documents import THREE, write

Run = Callable[..., Any]
Git = Callable[..., str]
FILES = {
    "wal.md": THREE["wal.md"],
    "recovery.md": "# Crash recovery\n\nWrite-ahead logging is the rule on which crash recovery stands, come what may.\n\n"
    "Without write-ahead logging a crash would leave a page that nobody can read.\n",
    "raft.md": "# Raft\n\nRaft is a consensus algorithm that elects one leader, which replicates its log to the followers.\n",
}
DOOMED = "raft"


def _new(run: Run, top: Path) -> Path:
    write(top / "docs", FILES)
    assert run("init", top / "kb", "--compiler", "llm", "--model", "test-model").code == 0
    return top / "kb"


def _add(run: Run, top: Path, code: int, *options: str) -> list[dict[str, Any]]:
    ran = run("add", top / "docs", "--kb", top / "kb", "--jobs", "1", "--json", *options)
    assert ran.code == code, ran
    return [json.loads(line) for line in ran.out.splitlines()]


def _tree(git: Git, top: Path) -> str:
    return git(top / "kb", "rev-parse", "HEAD^{tree}")


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The trees that a calm server leads to: "some" without the doomed document, "all" with it."""
    from gitkb.__main__ import run

    top = tmp_path_factory.mktemp("calm")
    write(top / "docs", FILES)
    trees = {}
    with serving(Odd(HABITS["calm"], word="never in a document")) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_BASE_URL", server.base_url)
        assert run(["init", str(top / "kb"), "--compiler", "llm", "--model", "test-model"]) == 0
        for name, options in (("some", ["--exclude", f"{DOOMED}.md"]), ("all", [])):
            assert run(["add", str(top / "docs"), "--kb", str(top / "kb"), "--jobs", "1", *options]) in (0, 3)
            trees[name] = str(pygit2.Repository(top / "kb").head.peel(pygit2.Tree).id)
    return trees


@pytest.mark.parametrize(("number", "name"), list(enumerate(HABITS)), ids=[name.replace(" ", "-") for name in HABITS])
def test_whatever_a_server_does_the_end_is_that_of_a_calm_run(
    run: Run, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calm: dict[str, str], number: int, name: str
) -> None:
    habit, (reason, doom) = HABITS[name], list(DOOMS.items())[number]
    _new(run, tmp_path)
    odd = Odd(habit, seed=number, word="consensus algorithm", doom=doom, breaks=number % 4 == 0)
    with serving(odd, **habit.settings) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        events = _add(run, tmp_path, 3)
        failed = {event["source"].rpartition("/")[2]: event["reason"] for event in events if event.get("outcome") == "failed"}
        assert list(failed) == [f"{DOOMED}.md"] and reason in failed[f"{DOOMED}.md"], failed
        assert events[-1]["unwritten"] == 0
        assert _tree(git, tmp_path) == calm["some"]
        asked = run("query", "What is write-ahead logging?", "--kb", tmp_path / "kb")
        assert (asked.code, asked.out) == (0, f"{CITED}\n"), asked
        lines = b"What is crash recovery?\nAnd who needs that rule?\n"
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines)))
        talk = run("chat", "--kb", tmp_path / "kb", "--model", "test-model")
        assert (talk.code, talk.out.split("\n")) == (0, [CITED, "", CITED, "", ""]), talk
        odd.word = ""
        assert _add(run, tmp_path, 0)[-1]["added"] == 1
    assert _tree(git, tmp_path) == calm["all"]
    assert run("check", "--kb", tmp_path / "kb").code == 0
    assert set(odd.delivered.values()) == {1}, odd.delivered
