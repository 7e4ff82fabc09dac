"""The hooks stop a commit or a push that would break a knowledge base, and nothing else."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HOOKS = Path(__file__).resolve().parents[2] / "hooks"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the hooks are shell scripts")


@pytest.fixture
def hooked(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A knowledge base with both hooks, and the program on the path."""
    program = tmp_path / "bin" / "gitkb"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gitkb "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    for hook in HOOKS.iterdir():
        (own / "kb" / ".git" / "hooks").mkdir(exist_ok=True)
        (own / "kb" / ".git" / "hooks" / hook.name).symlink_to(hook)
    return own / "kb"


def _edit(kb: Path) -> None:
    page = kb / "wiki" / "summaries" / "docs" / "wal.md"
    page.write_text(page.read_text(encoding="utf-8") + "\n## Notes\n\nMine.\n", encoding="utf-8")


def test_a_sound_commit_passes_and_keeps_the_staging(hooked: Path, git: Callable[..., str]) -> None:
    _edit(hooked)
    git(hooked, "commit", "-q", "-a", "-m", "a note")
    assert git(hooked, "status", "--porcelain") == ""
    assert git(hooked, "show", "--format=", "--name-only", "HEAD") == "wiki/summaries/docs/wal.md"


def test_a_commit_that_loses_a_file_is_stopped(hooked: Path, git: Callable[..., str]) -> None:
    before = git(hooked, "rev-parse", "HEAD")
    git(hooked, "rm", "-q", "raw/docs/wal.md")
    with pytest.raises(subprocess.CalledProcessError) as stopped:
        git(hooked, "commit", "-q", "-m", "lose a file")
    assert "docs/wal" in stopped.value.stdout + stopped.value.stderr
    assert git(hooked, "rev-parse", "HEAD") == before


def test_what_is_not_staged_does_not_count(hooked: Path, git: Callable[..., str]) -> None:
    (hooked / "raw" / "docs" / "wal.md").unlink()
    (hooked / "mine.txt").write_text("mine\n")
    git(hooked, "add", "mine.txt")
    git(hooked, "commit", "-q", "-m", "mine")
    assert git(hooked, "log", "-1", "--format=%s") == "mine"


def test_a_push_of_a_broken_tip_is_stopped(hooked: Path, git: Callable[..., str], tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    remote = str(tmp_path / "remote.git")
    git(hooked, "push", "-q", remote, "main")
    git(hooked, "rm", "-q", "raw/docs/wal.md")
    git(hooked, "commit", "-q", "--no-verify", "-m", "lose a file")
    with pytest.raises(subprocess.CalledProcessError):
        git(hooked, "push", "-q", remote, "main")
    assert git(hooked, "ls-remote", remote, "main").split()[0] == git(hooked, "rev-parse", "HEAD~")


def test_a_repository_that_is_no_knowledge_base_is_left_alone(hooked: Path, git: Callable[..., str], tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "plain")
    shutil.copytree(hooked / ".git" / "hooks", tmp_path / "plain" / ".git" / "hooks", symlinks=True, dirs_exist_ok=True)
    git(tmp_path / "plain", "commit", "-q", "--allow-empty", "-m", "first")
    git(tmp_path / "plain", "commit", "-q", "--allow-empty", "-m", "second")
    assert git(tmp_path / "plain", "log", "--format=%s") == "second\nfirst"
