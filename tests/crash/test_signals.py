"""A sample of `python -m tests.crash.signals`, and what needs a worker that does not come back."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.signals import MARK, WORDS, Scene, descendants, disturb, git, gitkb, left_over, prepare, write_documents

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

# In the worker: the document "slow" tells that its conversion has begun and does not end. "busy" lets no other thread run. The
# pipe is opened before the worker is confined to its folders.
STUCK = """
import os, sys
if "gitkb.intake.prepare.worker" in sys.orig_argv:
    pipe = os.open(BEGUN, os.O_RDWR)
    from gitkb.intake.prepare import document as prepare
    converted = prepare.convert
    def convert(copy, name, *settings, **options):
        if name == "slow.md":
            os.write(pipe, b"x")
            if BUSY:
                import re
                re.match("(a+)+$", "a" * 60 + "b")
            import time
            time.sleep(600)
        return converted(copy, name, *settings, **options)
    prepare.convert = convert
"""


@pytest.fixture(scope="module")
def adding(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return prepare("add", tmp_path_factory.mktemp("add"))


@pytest.mark.parametrize(("share", "number"), [(0.3, signal.SIGINT), (0.75, signal.SIGTERM), (0.97, signal.SIGHUP)])
def test_a_signal_at_any_moment_of_an_add_leaves_nothing(adding: Scene, tmp_path: Path, share: float, number: int) -> None:
    disturb(adding, "add", tmp_path, number, int(adding.steps * share))


def test_a_second_signal_stops_at_once_and_the_next_run_clears_up(adding: Scene, tmp_path: Path) -> None:
    ended = disturb(adding, "add", tmp_path, signal.SIGTERM, int(adding.steps * 0.85), second=1)
    assert ended.code in (-signal.SIGTERM, 143)


@pytest.mark.parametrize("command", ["push", "refresh"])
def test_other_commands_stop_as_cleanly(command: str, tmp_path: Path) -> None:
    (tmp_path / "scene").mkdir()
    scene = prepare(command, tmp_path / "scene")
    disturb(scene, command, tmp_path / "disturbed", signal.SIGINT, int(scene.steps * 0.8))


def _stuck_add(tmp_path: Path, busy: bool) -> "tuple[Path, subprocess.Popen[str]]":
    """An `add` whose last document is being converted for ever; the others are committed."""
    kb, docs, begun = tmp_path / "kb", tmp_path / "docs", tmp_path / "begun"
    gitkb("init", kb)
    write_documents(docs, ["one", "two", "slow"])
    os.mkfifo(begun)
    (tmp_path / "site").mkdir()
    script = STUCK.replace("BEGUN", repr(str(begun))).replace("BUSY", repr(busy))
    (tmp_path / "site/sitecustomize.py").write_text(script, encoding="utf-8")
    path = f"{tmp_path / 'site'}{os.pathsep}{os.environ['PYTHONPATH']}"
    command = [sys.executable, "-m", "gitkb", "add", str(docs), "--kb", str(kb), "--jobs", "2"]
    process = subprocess.Popen(
        command, env=os.environ | {"PYTHONPATH": path, MARK: str(tmp_path)}, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    # Waits until a worker opens the other end and writes.
    with begun.open("rb", buffering=0) as pipe:
        assert pipe.read(1) == b"x"
    return kb, process


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_during_a_slow_conversion_ends_the_worker_too(tmp_path: Path, number: int, code: int) -> None:
    kb, process = _stuck_add(tmp_path, busy=False)
    process.send_signal(number)
    _, words = process.communicate(timeout=120)
    assert process.returncode == code, words
    assert WORDS in words
    assert descendants(tmp_path) == []
    assert left_over(kb) == []
    assert git(kb, "status", "--porcelain") == ""
    gitkb("check", "--kb", kb)


def test_a_worker_deep_in_c_code_does_not_outlive_its_killed_owner(tmp_path: Path) -> None:
    kb, process = _stuck_add(tmp_path, busy=True)
    process.kill()
    process.communicate(timeout=120)
    gitkb("recover", "--kb", kb)
    assert descendants(tmp_path, patience=60) == []
    assert left_over(kb) == []
    assert "docs/slow" not in gitkb("list", "--kb", kb)


def test_a_signal_while_git_waits_for_a_remote_ends_git_too(tmp_path: Path) -> None:
    kb, asked = tmp_path / "kb", tmp_path / "asked"
    gitkb("init", kb)
    os.mkfifo(asked)
    hang = tmp_path / "hang"
    hang.write_text(f"#!/bin/sh\n: > {asked}\nexec sleep 600\n", encoding="utf-8")
    hang.chmod(0o755)
    git(kb, "remote", "add", "origin", "ssh://nobody@localhost/hub.git")
    env = os.environ | {"GIT_SSH_COMMAND": str(hang), "GIT_SSH_VARIANT": "simple", MARK: str(tmp_path)}
    command = [sys.executable, "-m", "gitkb", "push", "--kb", str(kb)]
    process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    with asked.open("rb"):
        pass
    process.send_signal(signal.SIGTERM)
    _, words = process.communicate(timeout=120)
    assert process.returncode == 143, words
    assert WORDS in words
    assert [line for line in descendants(tmp_path) if "git" in line.split()[0]] == []
    assert left_over(kb) == []
