"""A group of commits becomes real in one swap: branch, index and worktree say the same, and git agrees."""

import subprocess
from pathlib import Path

import pytest

from gitkb.errors import NotFound, RefMoved, RepositoryError
from gitkb.store.repository import OPEN_PACKS, Store
from gitkb.store.values import PlannedCommit
from tests.store.scenes import Git, first_commit, publish, root_of, traces


def test_each_commit_of_a_group_holds_its_own_files(store: Store, git: Git) -> None:
    root = root_of(store)
    with store.begin("add docs/") as run, run.locked() as transaction:
        picture = run.scratch / "picture"
        picture.write_bytes(b"\x89PNG")
        commits = [
            PlannedCommit("add a\n\nGitkb-Document: a", {"raw/a.png": picture, "wiki/sources/a.md": b"a\n"}),
            PlannedCommit("add b", {"raw/b b\n'\".txt": b"b", "wiki/sources/a.md": b"a again\n"}),
        ]
        first, second = transaction.publish(commits, "2 of 2 documents")
        assert transaction.tip.commit == second
    assert git(root, "show", f"{first}:wiki/sources/a.md") == "a\n"
    assert (
        git(root, "show", "--name-only", "--format=%B", first).split()
        == "add a Gitkb-Document: a raw/a.png wiki/sources/a.md".split()
    )
    assert git(root, "rev-list", "HEAD").split()[:2] == [second, first]
    assert git(root, "status", "--porcelain") == ""
    assert (root / "raw/a.png").read_bytes() == b"\x89PNG"
    git(root, "fsck", "--strict", "--no-dangling")
    assert traces(store) == []


def test_the_index_has_full_stat_data_so_that_git_reads_no_file_again(store: Store, git: Git) -> None:
    publish(store, {"wiki/sources/a.md": b"a\n"})
    shown = git(root_of(store), "ls-files", "--debug", "wiki/sources/a.md")
    found = (root_of(store) / "wiki/sources/a.md").stat()
    assert f"ino: {found.st_ino & 0xFFFFFFFF}" in shown
    assert "size: 2" in shown


def test_fixed_dates_give_the_same_commit_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_DATE", "@1700000000 +0200")
    stores = [Store.create(tmp_path / name, bare=bare) for name, bare in (("one", False), ("two", True))]
    assert first_commit(stores[0]) == first_commit(stores[1])


def test_without_an_identity_commits_have_a_neutral_one(store: Store, git: Git) -> None:
    assert git(root_of(store), "log", "-1", "--format=%an %ae %cn %ce") == "gitkb gitkb@localhost gitkb gitkb@localhost\n"


def test_the_configured_identity_is_used(store: Store, git: Git) -> None:
    git(root_of(store), "config", "user.name", "Zoë")
    git(root_of(store), "config", "user.email", "zoe@example.org")
    publish(store, {"wiki/a.md": b"a"})
    assert git(root_of(store), "log", "-1", "--format=%an %ce") == "Zoë zoe@example.org\n"


def test_empty_folders_vanish_with_their_last_file(store: Store) -> None:
    publish(store, {"wiki/sources/deep/er/a.md": b"a"})
    publish(store, {"wiki/sources/deep/er/a.md": None})
    assert not (root_of(store) / "wiki/sources").exists()


def test_a_folder_may_take_the_place_of_a_file_and_back(store: Store, git: Git) -> None:
    publish(store, {"raw/a": b"file"})
    publish(store, {"raw/a": None, "raw/a/b": b"below"})
    assert (root_of(store) / "raw/a/b").read_bytes() == b"below"
    publish(store, {"raw/a/b": None, "raw/a": b"file"})
    assert (root_of(store) / "raw/a").read_bytes() == b"file"
    assert git(root_of(store), "status", "--porcelain") == ""


def test_every_object_of_a_group_is_in_its_pack_even_one_that_is_loose_already(store: Store, git: Git) -> None:
    root = root_of(store)
    (root / "person.txt").write_text("the same bytes")
    oid = git(root, "hash-object", "-w", "person.txt").strip()
    publish(store, {"raw/a.txt": b"the same bytes"})
    listed = "".join(git(root, "verify-pack", "-v", str(pack)) for pack in store.git_dir.glob("objects/pack/*.idx"))
    assert oid in listed


def test_a_branch_that_moved_is_not_overwritten(store: Store, git: Git) -> None:
    root = root_of(store)
    with store.begin("add") as run, run.locked() as transaction:
        git(root, "commit", "--allow-empty", "-qm", "a person's")
        with pytest.raises(RefMoved):
            transaction.publish([PlannedCommit("mine", {"wiki/a.md": b"a"})])
        assert not (root / "wiki/a.md").exists()
    assert git(root, "log", "-1", "--format=%s") == "a person's\n"
    assert git(root, "status", "--porcelain") == ""
    assert traces(store) == []


def test_another_branch_is_written_without_touching_the_worktree(store: Store, git: Git) -> None:
    root = root_of(store)
    commit = publish(store, {"wiki/a.md": b"a"}, branch="ingest/q3")
    assert git(root, "rev-parse", "ingest/q3").strip() == commit
    assert git(root, "rev-parse", "ingest/q3~1") == git(root, "rev-parse", "main")
    assert not (root / "wiki/a.md").exists()
    assert git(root, "status", "--porcelain") == ""


def test_a_bare_repository_works(tmp_path: Path, git: Git) -> None:
    store = Store.create(tmp_path / "kb.git", bare=True, branch="trunk")
    first_commit(store)
    commit = publish(store, {"wiki/ä.md": b"a"})
    assert store.branch() == "trunk"
    assert store.snapshot().commit == commit
    git(tmp_path / "kb.git", "fsck", "--strict", "--no-dangling")
    git(tmp_path, "clone", "-q", "kb.git", "clone")
    assert (tmp_path / "clone/wiki/ä.md").read_bytes() == b"a"
    assert traces(store) == []


def test_a_linked_worktree_has_its_own_index_and_shares_the_lock(store: Store, tmp_path: Path, git: Git) -> None:
    git(root_of(store), "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = Store.open(tmp_path / "side")
    assert side.local == store.local
    publish(side, {"wiki/side.md": b"side"})
    assert (tmp_path / "side/wiki/side.md").exists()
    assert git(tmp_path / "side", "status", "--porcelain") == ""
    assert git(root_of(store), "status", "--porcelain") == ""
    with pytest.raises(RepositoryError, match="checked out in"):
        store.begin("add", branch="side")


def test_nothing_is_written_in_the_middle_of_a_merge(store: Store, git: Git) -> None:
    (store.git_dir / "MERGE_HEAD").write_text(store.snapshot().commit + "\n")
    with pytest.raises(RepositoryError, match="merge is in progress") as caught:
        store.begin("add")
    assert "git merge --abort" in caught.value.hint


def test_a_detached_head_is_refused(store: Store, git: Git) -> None:
    git(root_of(store), "checkout", "-q", "--detach")
    with pytest.raises(RepositoryError, match="detached"):
        store.begin("add")


def test_an_unborn_branch_is_refused_unless_asked_for(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "kb", bare=False)
    with pytest.raises(RepositoryError, match="no commit yet"):
        store.begin("add")
    with pytest.raises(NotFound):
        store.snapshot()


def test_a_switched_or_deleted_branch_is_an_error_not_damage(store: Store, git: Git) -> None:
    root = root_of(store)
    with store.begin("add") as run:
        git(root, "switch", "-qc", "other")
        with pytest.raises(RepositoryError, match="checked out meanwhile"), run.locked():
            pass
    with store.begin("add", branch="main") as run:
        git(root, "branch", "-qD", "main")
        with pytest.raises(RepositoryError, match="was deleted"), run.locked():
            pass
    assert traces(store) == []


def test_a_lock_of_a_living_git_is_waited_for_and_not_removed(store: Store, git: Git) -> None:
    lock = store.git_dir / "index.lock"
    said = []

    def git_ends(message: str) -> None:
        said.append(message)
        assert lock.read_text() == "somebody else's"
        lock.unlink()

    with store.begin("add") as run, run.locked(git_ends) as transaction:
        lock.write_text("somebody else's")
        transaction.publish([PlannedCommit("a", {"wiki/a.md": b"a"})])
    assert len(said) == 1
    assert git(root_of(store), "status", "--porcelain") == ""


def test_a_persons_commit_during_a_publication_fails_and_removes_nothing(store: Store, git: Git) -> None:
    root = root_of(store)
    tried = []

    def commit_now(_: str) -> None:
        done = subprocess.run(
            ["git", "commit", "--allow-empty", "-qm", "mine"], cwd=root, capture_output=True, text=True, check=False
        )
        tried.append(done.stderr)
        (store.git_dir / "refs/heads/main.lock").unlink()

    with store.begin("add") as run, run.locked(commit_now) as transaction:
        (store.git_dir / "refs/heads/main.lock").touch()
        transaction.publish([PlannedCommit("a", {"wiki/a.md": b"a"})])
    assert "index.lock" in tried[0]
    assert git(root, "log", "-1", "--format=%s") == "a\n"


def test_the_branch_may_be_packed_and_have_empty_folders_in_its_place(store: Store, git: Git) -> None:
    git(root_of(store), "pack-refs", "--all")
    (store.git_dir / "refs/heads/main").mkdir()
    commit = publish(store, {"wiki/a.md": b"a"})
    assert git(root_of(store), "rev-parse", "main").strip() == commit


def test_the_reflog_says_what_happened(store: Store, git: Git) -> None:
    publish(store, {"wiki/a.md": b"a"})
    assert "gitkb: test" in git(root_of(store), "reflog", "-1", "HEAD")
    assert "gitkb: test" in git(root_of(store), "reflog", "-1", "main")


def test_an_exception_in_a_run_leaves_nothing_of_it(store: Store, git: Git) -> None:
    with pytest.raises(KeyError), store.begin("add") as run:
        (run.scratch / "half").write_text("done")
        raise KeyError
    assert traces(store) == []
    assert git(root_of(store), "worktree", "list").count("\n") == 1


def test_paths_that_leave_the_tree_are_refused(store: Store) -> None:
    for path in ("../x", "/etc/x", ".git/config", "wiki/.GIT/x", "a//b", "wiki/git~1", "wiki/.git::$INDEX/x", "a\0b"):
        with pytest.raises(RepositoryError, match="cannot be the path"):
            publish(store, {path: b"x"})
    assert [item.name for item in root_of(store).parent.iterdir()] == ["kb"]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files as Linux shows them")
def test_a_long_run_does_not_keep_every_pack_open(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "kb.git", bare=True)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with store.begin("add", allow_unborn=True) as run:
        for number in range(OPEN_PACKS + 30):
            with run.locked() as transaction:
                transaction.publish([PlannedCommit("add", {f"raw/{number}": b"%d" % number})])
        assert len(list(Path("/proc/self/fd").iterdir())) - before < OPEN_PACKS + 10
