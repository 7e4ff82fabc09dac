"""What a person edited, staged or added is never lost, overwritten or committed by surprise."""

import subprocess
import sys
from pathlib import Path

import pytest

from gitkb.errors import InTheWay
from gitkb.store.repository import Store
from gitkb.store.values import Edit, PlannedCommit
from tests.store.scenes import Git, publish, root_of, traces

CHILD = Path(__file__).with_name("crash_child.py")


def test_untracked_edited_and_staged_files_stop_the_group_by_name(store: Store, git: Git) -> None:
    root = root_of(store)
    publish(store, {"wiki/edited.md": b"1\n", "wiki/staged.md": b"1\n", "wiki/gone.md": b"1\n"})
    (root / "wiki/untracked.md").write_text("mine")
    (root / "wiki/edited.md").write_text("mine")
    (root / "wiki/staged.md").write_text("mine")
    git(root, "add", "wiki/staged.md")
    (root / "wiki/staged.md").write_text("1\n")
    (root / "wiki/gone.md").unlink()
    before = git(root, "status", "--porcelain"), git(root, "rev-parse", "HEAD")
    names = ("untracked", "edited", "staged", "gone")
    with pytest.raises(InTheWay) as caught:
        publish(store, {f"wiki/{name}.md": b"2\n" for name in names} | {"wiki/free.md": b"2\n"})
    assert all(f"wiki/{name}.md" in caught.value.message for name in names)
    assert "free" not in caught.value.message
    assert (git(root, "status", "--porcelain"), git(root, "rev-parse", "HEAD")) == before
    assert (root / "wiki/untracked.md").read_text() == "mine"
    assert traces(store) == []


def test_an_untracked_file_with_the_same_bytes_is_not_in_the_way(store: Store, git: Git) -> None:
    (root_of(store) / "wiki/a.md").write_bytes(b"same")
    publish(store, {"wiki/a.md": b"same"})
    assert git(root_of(store), "status", "--porcelain") == ""


def test_a_persons_edit_may_be_the_groups_first_commit(store: Store, git: Git) -> None:
    root = root_of(store)
    (root / "wiki/index.md").write_text("# Mine\n")
    git(root, "add", "wiki/index.md")
    with store.begin("add") as run, run.locked() as transaction:
        edits = transaction.edits(["wiki/index.md", ".gitkb/config.yaml"])
        assert edits == {"wiki/index.md": Edit("wiki/index.md", b"# Mine\n", staged=True, tracked=True)}
        commits = [PlannedCommit("edit", {"wiki/index.md": b"# Mine\n"}), PlannedCommit("pages", {"wiki/index.md": b"# Both\n"})]
        edit, _ = transaction.publish(commits)
    assert git(root, "show", f"{edit}:wiki/index.md") == "# Mine\n"
    assert (root / "wiki/index.md").read_text() == "# Both\n"
    assert git(root, "status", "--porcelain") == ""


def test_deleted_and_untracked_files_are_edits_too(store: Store) -> None:
    root = root_of(store)
    (root / "wiki/index.md").unlink()
    (root / "wiki/new.md").write_text("new")
    with store.begin("add") as run, run.locked() as transaction:
        edits = transaction.edits(["wiki/new.md", "wiki/index.md", "wiki/none.md"])
    assert edits["wiki/index.md"] == Edit("wiki/index.md", None, staged=False, tracked=True)
    assert edits["wiki/new.md"] == Edit("wiki/new.md", b"new", staged=False, tracked=False)
    assert len(edits) == 2


def test_staged_changes_to_other_paths_stay_staged(store: Store, git: Git) -> None:
    root = root_of(store)
    (root / "notes.txt").write_text("mine")
    git(root, "add", "notes.txt")
    (root / "wiki/index.md").write_text("staged\n")
    git(root, "add", "wiki/index.md")
    (root / "wiki/index.md").write_text("edited further\n")
    publish(store, {"wiki/a.md": b"a"})
    assert git(root, "status", "--porcelain") == "A  notes.txt\nMM wiki/index.md\n"


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_what_stands_on_the_way_is_neither_followed_nor_replaced(store: Store, tmp_path: Path, kind: str) -> None:
    root, outside = root_of(store), tmp_path / "outside"
    outside.mkdir()
    if kind == "file":
        (root / "raw").write_text("a file")
    elif kind == "link":
        (root / "raw").symlink_to(outside)
    else:
        (root / "raw/a.txt/mine").mkdir(parents=True)
        (root / "raw/a.txt/mine/x").write_text("x")
    with pytest.raises(InTheWay):
        publish(store, {"raw/a.txt": b"a"})
    assert list(outside.iterdir()) == []


def test_a_link_in_the_tree_is_neither_read_nor_written_through(store: Store, tmp_path: Path, git: Git) -> None:
    root = root_of(store)
    (root / "raw").symlink_to(tmp_path)
    git(root, "add", "raw")
    git(root, "commit", "-qm", "a link")
    with pytest.raises(InTheWay):
        publish(store, {"raw/a.txt": b"a"})
    assert store.snapshot().read("raw") is None
    assert not (tmp_path / "a.txt").exists()


def test_a_file_edited_after_a_kill_is_rescued_not_lost(store: Store, git: Git) -> None:
    root = root_of(store)
    publish(store, {"wiki/old/0.md": b"0\n", "wiki/turn": b"a file\n"})
    assert (
        subprocess.run([sys.executable, str(CHILD), str(root), "after:refs/heads/main.lock", "add"], check=False).returncode == -9
    )
    assert (root / "wiki/index.md").read_text() == "# Index\n"
    (root / "wiki/index.md").write_text("typed after the crash\n")
    said: list[str] = []
    recovery = store.recover(said.append)
    assert [rescued.path for rescued in recovery.rescued] == ["wiki/index.md"]
    assert git(root, "show", f"{recovery.rescued[0].ref}:wiki/index.md") == "typed after the crash\n"
    assert "An earlier run (add docs/, 1 of 2) did not end. Its 2 commits are kept, its unfinished work was cleared." in said
    assert git(root, "status", "--porcelain") == ""
    assert (root / "wiki/index.md").read_text() == "# Index 0\n"


def test_hand_edits_below_the_wiki_are_in_the_status(store: Store, git: Git) -> None:
    root = root_of(store)
    (root / "wiki/index.md").write_text("mine")
    (root / "wiki/new page.md").write_text("mine")
    (root / "elsewhere.md").write_text("mine")
    (root / "wiki/staged.md").write_text("mine")
    git(root, "add", "wiki/staged.md")
    assert store.status().edited == ("wiki/index.md", "wiki/new page.md", "wiki/staged.md")


def test_an_unfinished_run_of_a_living_process_is_shown_and_left_alone(store: Store) -> None:
    with store.begin("add docs/") as run:
        (found,) = store.status().runs
        assert (found.id, found.what, found.living) == (run.id, "add docs/", True)
        assert not store.recover(lambda _: None)
        assert run.scratch.is_dir()
    assert store.status().runs == ()


def test_edits_are_found_however_deep_the_folders_are(store: Store) -> None:
    deep = "wiki/" + "d/" * 110
    publish(store, {f"{deep}edited.md": b"1\n", f"{deep}gone.md": b"1\n", f"{deep}kept.md": b"1\n"})
    root = root_of(store)
    assert store.edited_below("wiki") == ()
    (root / f"{deep}edited.md").write_text("mine")
    (root / f"{deep}gone.md").unlink()
    (root / f"{deep}new.md").write_text("mine")
    assert store.edited_below("wiki") == tuple(f"{deep}{name}.md" for name in ("edited", "gone", "new"))
