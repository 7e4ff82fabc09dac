"""Questions about what changed between two revisions, with and without a model."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.model_server import serving
from tests.support.small_documents import THREE, Git, write

Run = Callable[..., Any]
OLD = "Crash recovery is the process that replays at most 10 segments of the log after a crash."
NEW = "Crash recovery is the process that replays at most 25 segments of the log after a crash."
PLACE = "[Crash recovery](sources/docs/recovery.md#crash-recovery)"


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A knowledge base whose last commits changed a number, and brought a document. Nobody may change it."""
    from gitkb.__main__ import run

    top = tmp_path_factory.mktemp("changed")
    write(top / "docs", THREE | {"recovery.md": f"# Crash recovery\n\n{OLD}\n"})
    added = ["add", str(top / "docs"), "--kb", str(top / "kb"), "--jobs", "1"]
    assert run(["init", str(top / "kb")]) == 0 and run(added) == 0
    write(top / "docs", {"recovery.md": f"# Crash recovery\n\n{NEW}\n", "raft.md": "# Raft\n\nRaft is a way to agree.\n"})
    assert run(added) == 0
    return top / "kb"


@pytest.fixture
def span(changed: Path, git: Git) -> str:
    """From before the changes to now."""
    first = git(changed, "rev-list", "--topo-order", "--reverse", "--grep=^update docs/recovery", "--grep=^add docs/raft", "HEAD")
    return f"{first.splitlines()[0]}~1..HEAD"


def test_the_changed_claims_of_which_a_question_speaks_are_shown(run: Run, changed: Path, span: str) -> None:
    ran = run("query", "how many segments does recovery replay", "--at", span, "--kb", changed)
    assert ran.code == 0, ran
    assert "changes from " in ran.out.splitlines()[0] and "not an answer that a model wrote" in ran.out.splitlines()[0]
    assert f"> Before: {OLD}\n>\n> Now: {NEW} {PLACE}" in ran.out and "Raft" not in ran.out
    assert run("query", "write-ahead logging", "--at", span, "--kb", changed).code == 1, "it did not change"


def test_a_question_without_a_subject_gets_all_changes(run: Run, changed: Path, span: str) -> None:
    ran = run("query", "What is new?", "--at", span.replace("HEAD", ""), "--kb", changed)
    assert f"> Before: {OLD}" in ran.out and "> New: Raft is a way to agree." in ran.out
    assert ran.out.count("> New:") == 1 and "stable storage" not in ran.out


def test_a_revision_that_is_none_is_refused(run: Run, changed: Path) -> None:
    assert run("query", "What is new?", "--at", "nothing..HEAD", "--kb", changed).code == 1
    assert run("chat", "--at", "HEAD..nothing", "--kb", changed).code == 1


def test_a_model_is_given_the_changes_and_what_was_counts_as_borne_out(
    run: Run, changed: Path, span: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = f"Crash recovery replayed at most 10 segments of the log and now replays at most 25 segments {PLACE}."
    with serving(lambda asked: said) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        ran = run("query", "What changed in recovery?", "--json", "--at", span, "--kb", changed, "--model", "test-model")
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"What changed in recovery?\n/search segments -n 1\n")))
        talk = run("chat", "--at", span, "--kb", changed, "--model", "test-model")
    assert json.loads(ran.out)["unsupported"] == []
    for seen in server.seen:
        asked = seen.body["messages"][-1]["content"]
        assert "about what changed from " in asked and f"before: {OLD}; now: {NEW} (sources/docs/recovery.md" in asked
    assert talk.code == 0 and said in talk.out and "wiki/" in talk.out and server.calls == 2
