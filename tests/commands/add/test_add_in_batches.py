"""`add --batch`: questions go to the server in files, the run waits or is ended, and nothing is paid twice."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gitkb import KnowledgeBase
from gitkb.formats.user_settings import UserSettings
from tests.support.batch_server import Batches
from tests.support.compiling_model import writing
from tests.support.model_server import ModelServer, serving

Program = Callable[..., subprocess.CompletedProcess[str]]
TEXTS = {
    "wal": "A write-ahead log is a file that takes every change before the pages of a table do",
    "latch": "A latch is a short lock that protects a page in memory while it is changed",
}


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four small documents about two subjects, so that pages have claims of two of them."""
    folder = tmp_path_factory.mktemp("batched") / "docs"
    folder.mkdir()
    for number, (name, text) in enumerate(TEXTS.items()):
        (folder / f"{name}.md").write_text(f"# {name.title()}\n\n{text}.\n", encoding="utf-8")
        notes = f"# Notes on {name}\n\n{text}, say the notes of the year {1990 + number}.\n"
        (folder / f"notes-{name}.md").write_text(notes, encoding="utf-8")
    return folder


@pytest.fixture
def program(in_process: Program) -> Program:
    return in_process


@pytest.fixture
def kb(program: Program, tmp_path: Path) -> Path:
    assert program("init", "kb", "--compiler", "llm", "--model", "test-model", cwd=tmp_path).returncode == 0
    return tmp_path / "kb"


def _reach(server: ModelServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "x"}


def _tree(git: Callable[..., str], kb: Path) -> str:
    return git(kb, "rev-parse", "HEAD^{tree}")


@pytest.fixture(scope="module")
def calm(docs: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The tree of a run that asks question by question."""
    folder = tmp_path_factory.mktemp("calm") / "kb"
    with serving(writing) as server:
        KnowledgeBase.init(folder, compiler="llm", model="test-model")
        user = UserSettings(api_key="x", base_url=server.base_url)
        base = KnowledgeBase.open(folder, user=lambda: user)
        assert base.add([docs]).added == 4
    shown = subprocess.run(["git", "rev-parse", "HEAD^{tree}"], cwd=folder, capture_output=True, text=True, check=True)
    return shown.stdout.strip()


def _paid_once(server: ModelServer) -> bool:
    """Whether no question was answered twice, in batches or one by one."""
    assert server.batches is not None
    return max(server.batches.answered.values()) == 1 and not server.repeated


def test_a_run_in_batches_ends_in_the_tree_of_a_calm_one(
    program: Program, git: Callable[..., str], kb: Path, docs: Path, calm: str
) -> None:
    with serving(writing, batches=Batches()) as server:
        assert server.batches is not None
        done = program("add", docs, "--kb", kb, "--jobs", "1", "--batch", "--json", env=_reach(server))
        assert done.returncode == 0, done.stderr
        summary = json.loads(done.stdout.splitlines()[-1])
        assert _tree(git, kb) == calm
        assert server.calls == 1, "only how to ask was found out in the ordinary way"
        assert _paid_once(server)
        asked = sum(server.batches.answered.values())
        assert summary["model"]["calls"] == asked + 1 and summary["model"]["cached"] == 0
        assert 0 < summary["model"]["batch_in"] < summary["model"]["tokens_in"]
        assert "3 questions are in the batch batch_1" in done.stderr
        assert not server.batches.files, "nothing is left at the server"
        assert json.loads(program("status", "--kb", kb, "--json").stdout)["batches"] == []
        again = program("add", docs, "--kb", kb, "--jobs", "1", "--batch", "--json", env=_reach(server))
        assert json.loads(again.stdout.splitlines()[-1])["model"]["calls"] == 0


def _killed_after_sending(kb: Path, docs: Path, server: ModelServer) -> None:
    """Runs `add --batch` and kills it while the server begins the batch, before it has named its id."""
    assert server.batches is not None
    running: list[subprocess.Popen[bytes]] = []

    def kill() -> None:
        running[0].kill()
        running[0].wait()

    server.batches.on_begin = kill
    command = [sys.executable, "-m", "gitkb", "add", str(docs), "--kb", str(kb), "--jobs", "1", "--batch"]
    quiet = subprocess.DEVNULL
    running.append(subprocess.Popen(command, env=os.environ | _reach(server), stdout=quiet, stderr=quiet))
    assert running[0].wait() != 0
    server.batches.on_begin = lambda: None


def test_a_kill_after_sending_pays_nothing_twice(
    program: Program, git: Callable[..., str], kb: Path, docs: Path, calm: str
) -> None:
    with serving(writing, batches=Batches()) as server:
        assert server.batches is not None
        _killed_after_sending(kb, docs, server)
        [waiting] = json.loads(program("status", "--kb", kb, "--json").stdout)["batches"]
        assert waiting["questions"] == 3 and waiting["model"] == "test-model"
        assert "gitkb recover --cancel-batches" in program("status", "--kb", kb).stdout
        done = program("add", docs, "--kb", kb, "--jobs", "1", "--batch", env=_reach(server))
        assert done.returncode == 0, done.stderr
        assert _tree(git, kb) == calm
        assert len(server.batches.batches) == 2 and _paid_once(server)
        assert [file.name for file in (kb / ".git/gitkb/batches").iterdir()] == ["lock"]


def test_a_plain_add_leaves_out_what_still_waits_and_takes_what_is_there(
    program: Program, git: Callable[..., str], kb: Path, docs: Path, calm: str
) -> None:
    with serving(writing, batches=Batches(looks=99)) as server:
        assert server.batches is not None
        _killed_after_sending(kb, docs, server)
        done = program("add", docs, "--kb", kb, "--jobs", "1", env=_reach(server))
        assert done.returncode == 3 and "its question is in the batch batch_1, which is not done" in done.stderr + done.stdout
        server.batches.looks = 1
        assert program("add", docs, "--kb", kb, "--jobs", "1", env=_reach(server)).returncode == 0
        assert _tree(git, kb) == calm and _paid_once(server) and len(server.batches.batches) == 1
        gone = program("recover", "--cancel-batches", "--kb", kb, env=_reach(server))
        assert gone.returncode == 0 and gone.stdout == "Cancelled: 0 batches. What was answered is kept.\n"


def test_two_at_once_send_each_question_once(git: Callable[..., str], kb: Path, docs: Path, calm: str, program: Program) -> None:
    with serving(writing, batches=Batches()) as server:
        command = [sys.executable, "-m", "gitkb", "add", str(docs), "--kb", str(kb), "--jobs", "1", "--batch"]
        pipe = subprocess.PIPE
        running = [subprocess.Popen(command, env=os.environ | _reach(server), stdout=pipe, stderr=pipe) for _ in range(2)]
        said = [each.communicate() for each in running]
        assert [each.returncode for each in running] == [0, 0], said
        assert _tree(git, kb) == calm and _paid_once(server)


def test_batches_want_a_model(program: Program, kb: Path, docs: Path) -> None:
    done = program("add", docs, "--kb", kb, "--jobs", "1", "--batch", "--compiler", "extractive")
    assert done.returncode == 2 and "asks none" in done.stderr


def test_an_estimate_knows_the_price_of_batches(
    program: Program, kb: Path, docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config/gitkb/config.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("llm:\n  price_in: 100\n  price_out: 100\n  batch_price: 0.25\n", encoding="utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    said = [program("add", docs, "--kb", kb, "--estimate", *how).stdout for how in ((), ("--batch",))]
    costs = [float(each.split("(")[1].split(" ")[0]) for each in said]
    assert "at your prices) in batches" in said[1] and costs[1] == pytest.approx(costs[0] / 4, abs=0.01)
