"""Snapshots and history show what git shows."""

import subprocess
from pathlib import Path

import pytest

from gitkb.errors import NotFound, RepositoryError
from gitkb.model.documents import TreeChange
from gitkb.store.repository import Store
from tests.store.scenes import Git, publish, root_of


def test_a_snapshot_reads_files_of_any_revision(store: Store, git: Git) -> None:
    old = store.snapshot().commit
    publish(store, {"wiki/index.md": b"# New\n", "wiki/ünï/x y.md": b"x"})
    assert store.snapshot().read("wiki/index.md") == b"# New\n"
    assert store.snapshot(old).read("wiki/index.md") == b"# Index\n"
    assert store.snapshot("HEAD~1").commit == old
    assert store.snapshot().read("wiki") is None
    assert store.snapshot().read("wiki/none/x") is None
    assert [path for path, _ in store.snapshot().files("wiki")] == ["wiki/index.md", "wiki/ünï/x y.md"]
    assert store.snapshot().blob("wiki/index.md") == git(root_of(store), "rev-parse", "HEAD:wiki/index.md").strip()
    assert store.snapshot().author == "gitkb <gitkb@localhost>"


def test_an_unknown_revision_is_not_found(store: Store) -> None:
    for rev in ("nowhere", "--all", "HEAD~99", "0" * 40, ""):
        if rev:
            with pytest.raises(NotFound):
                store.snapshot(rev)
    with pytest.raises(KeyError):
        store.tree("0" * 40)


def test_changes_between_trees_are_exact(store: Store) -> None:
    before = store.snapshot()
    publish(store, {"wiki/index.md": None, "wiki/index.md/a": b"1", "raw/b": b"2"})
    after = store.snapshot()
    changes = after.changes_since(before.oid)
    assert changes == [
        TreeChange("raw/b", None, after.blob("raw/b")),
        TreeChange("wiki/index.md", before.blob("wiki/index.md"), None),
        TreeChange("wiki/index.md/a", None, after.blob("wiki/index.md/a")),
    ]
    assert len(after.changes_since(None)) == 3
    with pytest.raises(KeyError):
        after.changes_since("1" * 40)


def test_a_snapshot_survives_a_repack_by_git(store: Store, git: Git) -> None:
    publish(store, {"wiki/a.md": b"a"})
    snapshot = store.snapshot()
    publish(store, {"wiki/b.md": b"b"})
    git(root_of(store), "repack", "-adq")
    git(root_of(store), "prune-packed")
    assert snapshot.read("wiki/a.md") == b"a"
    assert store.snapshot().read("wiki/b.md") == b"b"


def test_history_follows_a_path_as_git_log_does(store: Store, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    root = root_of(store)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_DATE", "@2000000000 +0000")
    publish(store, {"wiki/a.md": b"1", "wiki/b/c.md": b"1"}, "one")
    publish(store, {"wiki/a.md": b"2"}, "two", branch="side")
    publish(store, {"wiki/b/c.md": b"2"}, "three")
    git(root, "merge", "-q", "-m", "merge", "side")
    publish(store, {"wiki/b/c.md": None}, "four")
    for path in ("wiki/a.md", "wiki/b", "wiki/b/c.md"):
        assert [commit.oid for commit in store.history(path)] == git(root, "log", "--format=%H", "--", path).split()
    assert {commit.oid for commit in store.log()} == set(git(root, "log", "--format=%H").split())
    assert [commit.message for commit in store.history("wiki/a.md")] == ["two\n", "one\n"]


def test_a_knowledge_base_is_found_from_a_folder_below(store: Store, tmp_path: Path, git: Git) -> None:
    root = root_of(store)
    (root / "wiki/deep").mkdir()
    assert Store.discover(root / "wiki/deep") == root
    git(tmp_path, "clone", "-q", "--bare", str(root), "kb.git")
    assert Store.discover(tmp_path / "kb.git/objects") == tmp_path / "kb.git"
    git(tmp_path, "init", "-q", "plain")
    assert Store.discover(tmp_path / "plain") is None


def test_opening_what_is_no_repository_says_so(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="not a git repository"):
        Store.open(tmp_path)


def test_a_repository_with_other_object_ids_is_refused(tmp_path: Path, git: Git) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256", "kb")
    with pytest.raises(RepositoryError, match="cannot write"):
        Store.open(tmp_path / "kb")


def test_a_folder_of_thousands_is_read_once_and_not_for_each_look_up(store: Store, git: Git, tmp_path: Path) -> None:
    publish(store, {f"wiki/concepts/{number}.md": b"same" for number in range(3_000)})
    for pack in (store.git_dir / "objects" / "pack").iterdir():
        pack.rename(tmp_path / pack.name)
    for pack in tmp_path.glob("*.pack"):
        with pack.open("rb") as content:
            subprocess.run(["git", "-C", root_of(store), "unpack-objects", "-q"], stdin=content, check=True)
    snapshot = Store.open(root_of(store)).snapshot()
    folder = snapshot.folder("wiki/concepts")
    assert folder and snapshot.blob("wiki/concepts/7.md")
    (store.git_dir / "objects" / folder[:2] / folder[2:]).unlink()
    assert snapshot.blob("wiki/concepts/2999.md") == snapshot.blob("wiki/concepts/7.md")
