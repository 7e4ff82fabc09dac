"""A real process is killed before each change it makes to the file system; then everything is looked at."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gitkb.store.repository import Store
from gitkb.store.values import Recovery
from tests.store.scenes import Git, publish, root_of, traces

CHILD = Path(__file__).with_name("crash_child.py")
STEPS = 200
STRIDE = 47
"""Every step was tried; the suite takes a sample that moves along the whole run."""
KILLED = -9


def start(root: Path, moment: int | str, task: str) -> int:
    return subprocess.run([sys.executable, str(CHILD), str(root), str(moment), task], check=False).returncode


@pytest.fixture
def scene(store: Store, git: Git) -> Path:
    """A knowledge base with pages to change and remove, where a person has staged a file and edited another."""
    root = root_of(store)
    publish(store, {"wiki/old/0.md": b"0\n", "wiki/old/1.md": b"1\n", "wiki/turn": b"a file\n", "wiki/mine.md": b"mine\n"})
    (root / "staged.txt").write_text("staged")
    git(root, "add", "staged.txt")
    (root / "wiki/mine.md").write_text("edited\n")
    return root


def look(root: Path, git: Git, expected_status: str) -> Recovery:
    """Recover and check all that must hold afterwards."""
    store = Store.open(root)
    recovery = store.recover(lambda _: None)
    assert git(root, "status", "--porcelain", "--untracked-files=all") == expected_status
    git(root, "fsck", "--strict", "--no-dangling")
    assert traces(store) == []
    assert recovery.rescued == ()
    assert recovery.left == ()
    return recovery


EDITED = " M wiki/mine.md\n"
STATUS = "A  staged.txt\n M wiki/mine.md\n"


def test_a_kill_at_any_step_loses_nothing_and_the_next_run_finishes(scene: Path, tmp_path: Path, git: Git) -> None:
    whole = tmp_path / "whole"
    shutil.copytree(scene, whole, symlinks=True)
    assert start(whole, 0, "add") == 0
    wanted = git(whole, "rev-parse", "HEAD^{tree}")
    base = git(scene, "rev-parse", "HEAD")
    killed = 0
    for number in range(3, STEPS, STRIDE):
        root = tmp_path / f"kb-{number}"
        shutil.copytree(scene, root, symlinks=True)
        if start(root, number, "add") != KILLED:
            break
        killed += 1
        look(root, git, STATUS)
        assert git(root, "merge-base", "HEAD", base.strip()) == base
        assert start(root, 0, "add") == 0
        assert git(root, "rev-parse", "HEAD^{tree}") == wanted
        look(root, git, STATUS)
    assert killed >= 3


def test_a_persons_commit_right_after_a_kill_removes_nothing(scene: Path, tmp_path: Path, git: Git) -> None:
    refused = 0
    for number in range(40, STEPS, STRIDE):
        root = tmp_path / f"kb-{number}"
        shutil.copytree(scene, root, symlinks=True)
        if start(root, number, "add") != KILLED:
            break
        try:
            git(root, "commit", "-qm", "mine")
        except AssertionError:
            refused += 1
            look(root, git, STATUS)
        else:
            assert git(root, "diff", "--name-status", "HEAD~1", "HEAD") == "A\tstaged.txt\n"
            look(root, git, EDITED)
    assert refused >= 1


def test_recovery_may_itself_be_killed_at_any_step(scene: Path, tmp_path: Path, git: Git) -> None:
    for second in range(2, STEPS, STRIDE):
        root = tmp_path / f"kb-{second}"
        shutil.copytree(scene, root, symlinks=True)
        assert start(root, "after:refs/heads/main.lock", "add") == KILLED
        if start(root, second, "recover") != KILLED:
            break
        look(root, git, STATUS)


def test_what_a_dead_run_did_not_write_out_is_no_edit_by_hand(scene: Path) -> None:
    assert start(scene, "after:refs/heads/main.lock", "add") == KILLED
    assert Store.open(scene).status().edited == ("wiki/mine.md",)


def test_a_run_that_died_in_another_worktree_is_recovered_from_here(store: Store, tmp_path: Path, git: Git) -> None:
    side = tmp_path / "side"
    git(root_of(store), "worktree", "add", "-q", "-b", "side", str(side))
    assert start(side, "after:refs/heads/side.lock", "add") == KILLED
    assert git(side, "status", "--porcelain") != ""
    assert store.recover(lambda _: None).cleared
    assert git(side, "status", "--porcelain") == ""
    assert (side / "wiki/index.md").read_text() == "# Index 0\n"
    assert git(root_of(store), "status", "--porcelain") == ""
    assert [path.name for path in traces(store)] == ["side"]


def test_a_bare_repository_is_recovered_too(store: Store, tmp_path: Path, git: Git) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(root_of(store)), "kb.git")
    assert start(tmp_path / "kb.git", "after:refs/heads/main.lock", "add") == KILLED
    bare = Store.open(tmp_path / "kb.git")
    (cleared,) = bare.recover(lambda _: None).cleared
    assert (cleared.what, cleared.commits) == ("add docs/", 2)
    assert traces(bare) == []
    git(tmp_path / "kb.git", "fsck", "--strict", "--no-dangling")


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second file system")
def test_a_worktree_on_another_file_system_works_and_recovers(store: Store, git: Git) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        side = Path(folder) / "side"
        git(root_of(store), "worktree", "add", "-q", "-b", "side", str(side))
        assert start(side, "after:refs/heads/side.lock", "add") == KILLED
        assert start(side, 0, "add") == 0
        assert git(side, "status", "--porcelain") == ""
        assert (side / "raw/1.bin").read_bytes() == b"original 1"
        assert sorted(item.name for item in side.iterdir()) == [".git", ".gitkb", "raw", "wiki"]
