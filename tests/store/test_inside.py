"""A knowledge base in a folder of its repository, killed while it writes: the next run brings files and index up, no more."""

import shutil
from pathlib import Path

import pytest

from gitkb.store.repository import Store
from tests.store.scenes import Git, publish, traces
from tests.store.test_crash import KILLED, start


@pytest.fixture
def scene(tmp_path: Path, git: Git) -> Path:
    """A repository with somebody's code, edited and not committed, and a knowledge base in `team/kb`."""
    top = tmp_path / "repo"
    Store.create(top, bare=False)
    (top / "code.py").write_text("code\n")
    git(top, "add", "-A")
    git(top, "commit", "-q", "-m", "code")
    files = {"wiki/old/0.md": b"0\n", "wiki/old/1.md": b"1\n", "wiki/turn": b"a file\n", ".gitkb/config.yaml": b"format: 1\n"}
    publish(Store.at(top, "team/kb"), files)
    (top / "code.py").write_text("edited\n")
    return top


def test_a_kill_between_branch_and_files_is_made_good(scene: Path, tmp_path: Path, git: Git) -> None:
    whole = tmp_path / "whole"
    shutil.copytree(scene, whole, symlinks=True)
    assert start(whole / "team/kb", 0, "add") == 0
    wanted = git(whole, "rev-parse", "HEAD^{tree}")
    for moment in (20, 60, "after:heads/main.lock"):
        copy = tmp_path / f"killed-{str(moment).replace('/', '-').replace(':', '-')}"
        shutil.copytree(scene, copy, symlinks=True)
        assert start(copy / "team/kb", moment, "add") in (KILLED, 0)
        Store.open(copy / "team/kb").recover(lambda _: None)
        assert git(copy, "status", "--porcelain", "--untracked-files=all") == " M code.py\n"
        assert traces(Store.open(copy)) == []
        assert start(copy / "team/kb", 0, "add") == 0
        assert git(copy, "rev-parse", "HEAD^{tree}") == wanted and not (copy / "wiki").exists()
