"""A repository's own configuration, refs and surroundings are somebody else's data."""

from pathlib import Path

import pytest

from gitkb.errors import RepositoryError
from gitkb.store.local.local_folder import Note, decode_note
from gitkb.store.repository import Store
from tests.store.scenes import Git, publish, root_of, traces


def test_no_hook_filter_or_monitor_of_the_repository_runs(store: Store, tmp_path: Path, git: Git) -> None:
    root, witness = root_of(store), tmp_path / "ran"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\necho $0 >> {witness}\n")
    script.chmod(0o755)
    hooks = store.git_dir / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "pre-commit", "reference-transaction", "post-index-change", "post-commit", "update"):
        (hooks / name).symlink_to(script)
    (root / ".gitattributes").write_text("* filter=evil diff=evil\n")
    settings = ("core.fsmonitor", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.command")
    for name in (*settings, "core.sshCommand", "core.pager", "diff.external", "core.alternateRefsCommand", "gpg.program"):
        git(root, "config", name, str(script))
    publish(store, {"wiki/a.md": b"a"})
    store.status()
    store.recover(lambda _: None)
    assert not witness.exists()


def test_a_worktree_elsewhere_in_the_configuration_is_refused(store: Store, tmp_path: Path, git: Git) -> None:
    git(root_of(store), "config", "core.worktree", str(tmp_path))
    with pytest.raises(RepositoryError, match="its files are in"):
        Store.open(root_of(store))


def test_variables_of_a_calling_hook_are_not_followed(
    store: Store, tmp_path: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other/.git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "other/index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "other"))
    again = Store.open(root_of(store))
    publish(again, {"wiki/a.md": b"a"})
    assert (root_of(store) / "wiki/a.md").exists()
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == [".git"]


def test_a_journal_without_a_local_run_is_somebody_elses(store: Store, git: Git) -> None:
    git(root_of(store), "update-ref", "refs/gitkb/in-progress/0123456789abcdef", "HEAD")
    assert not store.recover(lambda _: None)
    assert store.status().runs == ()
    assert "0123456789abcdef" in git(root_of(store), "for-each-ref")


def test_a_lock_that_is_not_provably_a_dead_runs_is_left(store: Store) -> None:
    folder = store.local / "runs/0123456789abcdef"
    folder.mkdir(parents=True)
    (folder / "run.json").write_bytes(Note("add", "refs/heads/main").encode())
    for name in ("index.lock", "refs/heads/main.lock"):
        (store.git_dir / name).write_text("")
    assert store.recover(lambda _: None).cleared
    assert sorted(path.name for path in traces(store)) == ["index.lock", "main.lock"]


def test_a_sparse_index_is_refused_with_the_command_that_makes_it_whole(store: Store, git: Git) -> None:
    publish(store, {"wiki/a.md": b"a", "raw/b/c.md": b"b"})
    git(root_of(store), "sparse-checkout", "set", "--cone", "--sparse-index", "wiki")
    for act in (lambda: publish(store, {"wiki/a.md": b"c"}), store.status):
        with pytest.raises(RepositoryError) as refused:
            act()
        assert "git sparse-checkout reapply --no-sparse-index" in refused.value.hint
    git(root_of(store), "sparse-checkout", "reapply", "--no-sparse-index")
    publish(store, {"wiki/a.md": b"c"})
    assert git(root_of(store), "status", "--porcelain") == ""


def test_a_split_index_is_refused_without_damage(store: Store, git: Git) -> None:
    git(root_of(store), "update-index", "--split-index")
    with pytest.raises(RepositoryError, match="split"):
        publish(store, {"wiki/a.md": b"a"})
    assert git(root_of(store), "status", "--porcelain") == ""
    assert traces(store) == []


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"[]", b"{}", b"\xff", b"[" * 100_000),
        *(Note("x", branch).encode() for branch in ("refs/heads/../../x", "HEAD", "refs/heads/a b")),
        *(Note("x", "refs/heads/m", admin="/etc").encode(), Note("x", "refs/heads/m", before="x").encode()),
    ],
)
def test_a_note_of_another_shape_is_not_trusted(data: bytes) -> None:
    assert decode_note(data) is None
