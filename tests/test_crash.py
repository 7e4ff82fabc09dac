"""A run that is killed at any step loses nothing that it reported and leaves nothing behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")

KILLED = Path(__file__).with_name("killed.py")
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
POINTS = 14


PERSON = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")


def _documents(folder: Path) -> None:
    folder.mkdir()
    for number in range(6):
        text = [
            f"# Case {number}\n",
            f"A write-ahead log is a file that holds every change number {number} before the page does.\n",
            "## Recovery from the write-ahead log\n",
            "The recovery process reads the write-ahead log from the last checkpoint and applies each change again.\n",
        ]
        (folder / f"case-{number}.md").write_text("\n".join(text), encoding="utf-8")
    html = "<html><body><h1>Logs</h1><p>A checkpoint is a point in the log from which recovery starts its work again.</p>"
    (folder / "logs.html").write_text(
        f'{html}<p>See <img alt="dot" src="data:image/png;base64,{PIXEL}"></p></body></html>', encoding="utf-8"
    )


def _gitkb(*arguments: str | Path, kill: int = 0, count: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(KILLED), str(count), str(kill), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def _git(kb: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(kb), *arguments], capture_output=True, text=True, check=True).stdout


def _left_over(kb: Path) -> list[str]:
    git = kb / ".git"
    left = [str(path) for path in git.rglob("*.lock") if path.name != "lock"]
    left += [str(path) for path in (git / "objects" / "pack").glob("*.keep")]
    left += [str(path) for path in (git / "objects").rglob("tmp_*")]
    left += [str(path) for path in (git / "worktrees").glob("*")] if (git / "worktrees").exists() else []
    left += [str(path) for path in (git / "gitkb" / "runs").glob("*")]
    return left + _git(kb, "for-each-ref", "refs/gitkb").splitlines()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str, int]:
    """(an empty knowledge base, the documents, the tree of an undisturbed run, its number of steps)"""
    top = tmp_path_factory.mktemp("undisturbed")
    _documents(top / "docs")
    assert _gitkb("init", top / "empty", count=top / "n").returncode == 0
    shutil.copytree(top / "empty", top / "kb", symlinks=True)
    done = _gitkb("add", top / "docs", "--kb", top / "kb", count=top / "n")
    assert done.returncode == 0, done.stderr
    return top / "empty", top / "docs", _git(top / "kb", "rev-parse", "HEAD^{tree}"), int((top / "n").read_text())


@pytest.mark.parametrize("point", range(POINTS))
def test_a_killed_add_loses_nothing_and_the_next_one_finishes(
    undisturbed: tuple[Path, Path, str, int], point: int, tmp_path: Path
) -> None:
    empty, docs, tree, steps = undisturbed
    kb = tmp_path / "kb"
    shutil.copytree(empty, kb, symlinks=True)
    killed = _gitkb("add", docs, "--kb", kb, "--json", kill=1 + point * (steps - 1) // (POINTS - 1), count=tmp_path / "n")
    assert killed.returncode in (-signal.SIGKILL, 0)
    reported = [json.loads(line) for line in killed.stdout.splitlines() if line.endswith("}")]
    added = {event["document"] for event in reported if event.get("outcome") == "added"}

    (kb / "mine.txt").write_text("mine", encoding="utf-8")
    before = set(_git(kb, "ls-tree", "-r", "--name-only", "HEAD").splitlines())
    subprocess.run(["git", "-C", kb, "add", "mine.txt"], capture_output=True, check=False)
    subprocess.run(["git", "-C", kb, *PERSON, "commit", "-q", "-m", "mine"], capture_output=True, check=False)
    assert before <= set(_git(kb, "ls-tree", "-r", "--name-only", "HEAD").splitlines())

    assert _gitkb("recover", "--kb", kb, count=tmp_path / "n").returncode == 0
    assert _left_over(kb) == []
    assert _git(kb, "status", "--porcelain", "--untracked-files=no").replace("A  mine.txt\n", "") == ""
    listed = json.loads(_gitkb("list", "--json", "--kb", kb, count=tmp_path / "n").stdout)
    assert added <= {row["document"] for row in listed}
    assert _gitkb("check", "--kb", kb, count=tmp_path / "n").returncode == 0
    _git(kb, "fsck", "--strict")

    done = _gitkb("add", docs, "--kb", kb, count=tmp_path / "n")
    assert done.returncode == 0, done.stderr
    subprocess.run(["git", "-C", kb, "rm", "-q", "-f", "--ignore-unmatch", "mine.txt"], check=True)
    subprocess.run(["git", "-C", kb, *PERSON, "commit", "-q", "-m", "mine is gone"], capture_output=True, check=False)
    assert _git(kb, "rev-parse", "HEAD^{tree}") == tree
    assert _left_over(kb) == []
    assert json.loads(_gitkb("check", "--json", "--kb", kb, count=tmp_path / "n").stdout)["state"] == "whole"


def test_a_killed_recovery_is_recovered_from(undisturbed: tuple[Path, Path, str, int], tmp_path: Path) -> None:
    empty, docs, tree, steps = undisturbed
    for point in (steps // 2, steps - 12):
        kb = tmp_path / f"kb-{point}"
        shutil.copytree(empty, kb, symlinks=True)
        _gitkb("add", docs, "--kb", kb, kill=point, count=tmp_path / "n")
        for step in range(1, 60, 7):
            if _gitkb("recover", "--kb", kb, kill=step, count=tmp_path / "n").returncode == 0:
                break
        assert _gitkb("add", docs, "--kb", kb, count=tmp_path / "n").returncode == 0
        assert _left_over(kb) == []
        assert _git(kb, "rev-parse", "HEAD^{tree}") == tree
