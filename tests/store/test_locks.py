"""Locks of living processes are waited for and never removed; what cannot be waited for is named with its remedy."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitkb.errors import LockTimeout, RepositoryError
from gitkb.store.local.locks import new_token, take_git_lock, while_locked
from gitkb.store.repository import Store
from gitkb.store.values import PlannedCommit
from tests.store.scenes import Git, publish, root_of, traces

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs named pipes")

HOLDER = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


class _Living:
    """A git process that keeps its locks until it is let go: its hook waits."""

    def __init__(self, root: Path, hook: str, *arguments: str) -> None:
        self._go, held = root.parent / "go", root.parent / "held"
        os.mkfifo(self._go)
        os.mkfifo(held)
        file = root / ".git/hooks" / hook
        file.parent.mkdir(exist_ok=True)
        # reference-transaction is called for several states; in this one the locks are held.
        only = '[ "$1" = prepared ] || exit 0\n' if hook == "reference-transaction" else ""
        file.write_text(f"#!/bin/sh\n{only}: > {held}\nread answer < {self._go}\nexit 1\n")
        file.chmod(0o755)
        self._process = subprocess.Popen(["git", *arguments], cwd=root, stderr=subprocess.DEVNULL)
        with held.open("rb"):
            pass

    def let_go(self) -> None:
        self._go.write_text("go\n")
        self._process.wait(timeout=60)


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        for what in ("NAME", "EMAIL"):
            monkeypatch.setenv(f"GIT_{role}_{what}", "ada")


@pytest.mark.parametrize(
    ("name", "hook", "command"),
    [
        ("index.lock", "commit-msg", ("commit", "-q", "-m", "mine", "mine.txt")),
        ("refs/heads/main.lock", "reference-transaction", ("update-ref", "refs/heads/main", "HEAD")),
    ],
)
def test_a_lock_of_a_living_git_is_waited_for_with_a_message(
    store: Store, git: Git, person: None, name: str, hook: str, command: tuple[str, ...]
) -> None:
    root, said = root_of(store), []
    (root / "mine.txt").write_text("mine")
    git(root, "add", "mine.txt")
    living = _Living(root, hook, *command)

    def wait(text: str) -> None:
        said.append(text)
        assert (store.git_dir / name).exists()
        living.let_go()

    with store.begin("add") as run, run.locked(wait) as transaction:
        transaction.publish([PlannedCommit("a", {"wiki/a.md": b"a"})])
    assert said == [f"Waiting for git: {Path(name).name} is held by another process."]
    assert git(root, "status", "--porcelain") == "A  mine.txt\n"
    assert traces(store) == []


def test_a_lock_on_the_packed_refs_is_waited_for_where_git_packed_the_journal(store: Store, git: Git, person: None) -> None:
    root, said, begun = root_of(store), [], []
    git(root, "branch", "other")

    def wait(text: str) -> None:
        said.append(text)
        begun[0].let_go()

    with store.begin("add", on_wait=wait) as run:
        with run.locked() as transaction:
            transaction.publish([PlannedCommit("a", {"wiki/a.md": b"a"})])
        git(root, "pack-refs", "--all")
        begun.append(_Living(root, "reference-transaction", "update-ref", "-d", "refs/heads/other"))
        assert (store.git_dir / "packed-refs.lock").exists()
    assert said == ["Waiting for git: packed-refs.lock is held by another process."]
    assert "gitkb" not in git(root, "for-each-ref")
    assert traces(store) == []


def test_a_lock_of_a_dead_git_is_named_with_the_remedy_and_left(store: Store) -> None:
    lock, said = store.git_dir / "index.lock", []
    lock.write_text("")
    with pytest.raises(LockTimeout) as caught:
        take_git_lock(lock, new_token(store.git_dir / "token"), said.append, seconds=0)
    assert str(lock) in caught.value.message
    assert caught.value.hint == f"If no git process runs in this repository, remove {lock}."
    assert len(said) == 1
    assert lock.read_text() == ""


def test_what_fails_without_a_lock_is_no_wait(tmp_path: Path) -> None:
    def fail() -> None:
        raise OSError("a disk on fire")

    with pytest.raises(OSError, match="fire"):
        while_locked(tmp_path / "packed-refs.lock", fail, None)


def test_a_lock_on_head_is_nothing_that_gitkb_needs(store: Store, git: Git) -> None:
    (store.git_dir / "HEAD.lock").write_text("")
    publish(store, {"wiki/a.md": b"a"})
    assert (store.git_dir / "HEAD.lock").read_text() == ""
    assert git(root_of(store), "status", "--porcelain") == ""


def test_gitkbs_own_lock_is_waited_for_and_named(store: Store) -> None:
    held = store.local / "lock"
    said: list[str] = []
    with store.begin("add") as run:
        other = subprocess.Popen([sys.executable, "-c", HOLDER, str(held)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with other:
            assert other.stdin is not None and other.stdout is not None
            other.stdout.readline()
            with pytest.raises(LockTimeout, match="has held") as caught, run.locked(said.append, timeout=0.1):
                pass
            other.stdin.close()
        with run.locked(said.append):
            pass
    assert str(held) in caught.value.message
    assert caught.value.hint == "Wait for the other gitkb process to end, or end it."
    assert said == ["Waiting: another gitkb process is writing to this knowledge base."]
    assert traces(store) == []


@pytest.mark.parametrize("command", [("gc", "-q", "--prune=now"), ("repack", "-adq"), ("prune", "--expire=now")])
def test_git_may_repack_and_prune_between_pack_and_ref(store: Store, git: Git, command: tuple[str, ...]) -> None:
    root = root_of(store)
    lock = store.git_dir / "refs/heads/main.lock"

    def clean_up(_: str) -> None:
        # The pack is there, and no ref names anything in it.
        assert list((store.git_dir / "objects/pack").glob("*.keep"))
        lock.unlink()
        git(root, *command)

    with store.begin("add") as run, run.locked(clean_up) as transaction:
        lock.write_text("")
        transaction.publish([PlannedCommit("a", {"wiki/a.md": b"a"})])
    assert git(root, "show", "main:wiki/a.md") == "a"
    git(root, "fsck", "--strict", "--no-dangling")
    assert traces(store) == []


def test_a_branch_that_is_switched_while_the_index_is_waited_for_is_an_error_not_damage(store: Store, git: Git) -> None:
    root, lock = root_of(store), store.git_dir / "index.lock"
    git(root, "branch", "other")
    before = git(root, "rev-parse", "main", "other")

    def switched(_: str) -> None:
        lock.unlink()
        git(root, "symbolic-ref", "HEAD", "refs/heads/other")

    with store.begin("add") as run, run.locked(switched) as transaction:
        lock.write_text("")
        with pytest.raises(RepositoryError, match="Another branch than main") as caught:
            transaction.publish([PlannedCommit("a", {"wiki/a.md": b"a"})])
    assert caught.value.hint == "git switch main, or start again."
    assert git(root, "rev-parse", "main", "other") == before
    assert git(root, "status", "--porcelain") == ""
    assert traces(store) == []
