"""Two histories become one: documents united, everybody's words kept, what really collides shown and settled by a person."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.clones import TOPICS, add, clone, documents, edit, git, gitkb, make_hub, state, text_of, tree, write

Run = Callable[..., Any]
SHARED = "wiki/concepts/replicated-log.md"


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    docs = {"raft.md": text_of("Raft"), "paxos.md": text_of("Paxos"), "zab.md": text_of("Zab")}
    hub = make_hub(tmp_path_factory.mktemp("merging"), docs)
    assert git(hub, "cat-file", "-t", f"main:{SHARED}") == "blob"
    return hub


@pytest.fixture
def kb(origin: Path, tmp_path: Path) -> Path:
    """A clone with a branch `other` at the same commit."""
    git(tmp_path, "clone", "-q", str(origin), "kb")
    git(tmp_path / "kb", "branch", "other")
    return tmp_path / "kb"


def _on(kb: Path, branch: str, change: Callable[[], None]) -> None:
    """Does something while a branch is checked out."""
    before = git(kb, "branch", "--show-current")
    git(kb, "checkout", "-q", branch)
    change()
    git(kb, "checkout", "-q", before)


def _edited(kb: Path, branch: str, page: str, old: str, new: str) -> None:
    """A person changes words of a page on a branch, and commits."""

    def change() -> None:
        text = (kb / page).read_text(encoding="utf-8")
        assert old in text, text
        edit(kb, page, lambda text: text.replace(old, new, 1))
        git(kb, "commit", "-q", "-am", f"edit {page}")

    _on(kb, branch, change)


def _noted(kb: Path, branch: str, page: str, note: str) -> None:
    """A person writes a note at the end of a page on a branch, and commits."""

    def change() -> None:
        edit(kb, page, lambda text: f"{text}\n## Notes\n\n{note}\n")
        git(kb, "commit", "-q", "-am", f"note on {page}")

    _on(kb, branch, change)


def test_documents_of_both_sides_are_united(kb: Path, tmp_path: Path, run: Run) -> None:
    add(kb, write(tmp_path / "one", {"gossip.md": text_of("Gossip")}))
    add(kb, write(tmp_path / "two", {"lease.md": text_of("Lease")}), "--branch", "other")
    done = json.loads(run("merge", "other", "--kb", kb, "--json").out)
    assert done["added"] == ["two/lease"] and done["moved"]
    assert documents(run, kb) == ["base/paxos", "base/raft", "base/zab", "one/gossip", "two/lease"]
    assert state(run, kb) == "whole" and git(kb, "status", "--porcelain") == ""
    assert git(kb, "log", "--merges", "--format=%s") == "merge other: 1 added"
    alone = tmp_path / "alone"
    gitkb("init", alone)
    for name in ("one", "two"):
        add(alone, tmp_path / name)
    add(alone, write(tmp_path / "base", {f"{t.lower()}.md": text_of(t) for t in ("Raft", "Paxos", "Zab")}))
    assert tree(alone) == tree(kb)
    assert run("merge", "other", "--kb", kb).out.startswith("main holds all of other.")


def test_a_branch_that_only_goes_on_moves_forward(kb: Path, tmp_path: Path, run: Run) -> None:
    add(kb, write(tmp_path / "two", {"lease.md": text_of("Lease")}), "--branch", "other")
    (kb / "mine.txt").write_text("mine", encoding="utf-8")
    git(kb, "add", "mine.txt")
    assert run("merge", "other", "--kb", kb).code == 0
    assert git(kb, "log", "--merges", "--format=%s") == "" and git(kb, "merge-base", "main", "other") == git(
        kb, "rev-parse", "other"
    )
    assert git(kb, "status", "--porcelain") == "A  mine.txt" and state(run, kb) == "whole"


def test_updates_and_removals_come_along(kb: Path, tmp_path: Path, run: Run) -> None:
    base = write(tmp_path / "base", {"raft.md": text_of("Raft", version=2)})
    add(kb, base, "--branch", "other")
    gitkb("remove", "base/paxos", "--branch", "other", "--kb", kb)
    add(kb, write(tmp_path / "one", {"gossip.md": text_of("Gossip")}))
    done = json.loads(run("merge", "other", "--kb", kb, "--json").out)
    assert (done["updated"], done["removed"]) == (["base/raft"], ["base/paxos"])
    assert not (kb / "raw" / "base" / "paxos.md").exists() and "version 2" in (kb / "raw" / "base" / "raft.md").read_text()
    assert state(run, kb) == "whole"


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_document_changed_on_both_sides_is_shown_and_settled(kb: Path, tmp_path: Path, run: Run, side: str) -> None:
    base = write(tmp_path / "base", {"raft.md": text_of("Raft", version=2)})
    add(kb, base)
    add(kb, write(base, {"raft.md": text_of("Raft", version=3)}), "--branch", "other")
    tip = git(kb, "rev-parse", "HEAD")
    refused = run("merge", "other", "--kb", kb)
    assert refused.code == 1 and git(kb, "rev-parse", "HEAD") == tip and git(kb, "status", "--porcelain") == ""
    for word in ("base/raft", git(kb, "rev-parse", "--short=7", "other"), "--ours", "--theirs"):
        assert word in refused.err
    assert run("merge", "other", "--kb", kb, f"--{side}", "base/raft").code == 0
    version = {"ours": "version 2", "theirs": "version 3"}[side]
    assert version in (kb / "raw" / "base" / "raft.md").read_text() and state(run, kb) == "whole"


def test_a_removal_against_an_update_is_a_conflict(kb: Path, tmp_path: Path, run: Run) -> None:
    add(kb, write(tmp_path / "base", {"raft.md": text_of("Raft", version=2)}))
    gitkb("remove", "base/raft", "--branch", "other", "--kb", kb)
    assert "remove base/raft" in run("merge", "other", "--kb", kb).err
    assert run("merge", "other", "--kb", kb, "--theirs", "base/raft").code == 0
    assert "base/raft" not in documents(run, kb) and state(run, kb) == "whole"


def test_the_same_change_on_both_sides_is_none(kb: Path, tmp_path: Path, run: Run) -> None:
    base = write(tmp_path / "base", {"raft.md": text_of("Raft", version=2)})
    add(kb, base)
    add(kb, base, "--branch", "other")
    assert run("merge", "other", "--kb", kb).code == 0 and state(run, kb) == "whole"


def test_two_people_edit_different_words_of_a_shared_page(kb: Path, tmp_path: Path, run: Run) -> None:
    _noted(kb, "other", SHARED, "Ask Bob about quorums.")
    _edited(kb, "main", SHARED, "# Replicated log", "# The replicated log")
    add(kb, write(tmp_path / "one", {"gossip.md": text_of("Gossip")}))
    assert run("merge", "other", "--kb", kb).code == 0
    text = (kb / SHARED).read_text(encoding="utf-8")
    assert "Ask Bob about quorums." in text and "# The replicated log" in text and "Gossip" in text
    assert state(run, kb) == "whole"


def test_two_people_edit_the_same_words_of_a_shared_page(kb: Path, run: Run) -> None:
    _edited(kb, "other", SHARED, "# Replicated log", "# Log of Bob")
    _edited(kb, "main", SHARED, "# Replicated log", "# Log of Ada")
    refused = run("merge", "other", "--kb", kb)
    assert refused.code == 1 and "concepts/replicated-log" in refused.err and "# Replicated log" in refused.err
    assert run("merge", "other", "--kb", kb, "--theirs", "concepts/replicated-log").code == 0
    assert "# Log of Bob" in (kb / SHARED).read_text(encoding="utf-8") and state(run, kb) == "whole"


def test_an_edit_meets_new_documents_on_the_other_side(kb: Path, tmp_path: Path, run: Run) -> None:
    _noted(kb, "other", SHARED, "Ask Bob.")
    add(kb, write(tmp_path / "one", {"gossip.md": text_of("Gossip")}))
    assert run("merge", "other", "--kb", kb).code == 0
    text = (kb / SHARED).read_text(encoding="utf-8")
    assert "Ask Bob." in text and "Gossip" in text and state(run, kb) == "whole"
    assert (kb / ".gitkb" / "edited" / SHARED).is_file()


def test_an_edited_summary_meets_a_new_version_of_its_document(kb: Path, tmp_path: Path, run: Run) -> None:
    page = "wiki/summaries/base/raft.md"
    _noted(kb, "main", page, "Read this first.")
    add(kb, write(tmp_path / "base", {"raft.md": text_of("Raft", version=2)}), "--branch", "other")
    assert run("merge", "other", "--kb", kb).code == 0
    text = (kb / page).read_text(encoding="utf-8")
    assert "Read this first." in text and "revision 2" in text and "revision 1" not in text
    assert state(run, kb) == "whole"


def test_an_edited_summary_of_a_removed_document_is_a_conflict(kb: Path, run: Run) -> None:
    _noted(kb, "main", "wiki/summaries/base/raft.md", "Read this first.")
    gitkb("remove", "base/raft", "--branch", "other", "--kb", kb)
    assert "base/raft" in run("merge", "other", "--kb", kb).err
    assert run("merge", "other", "--kb", kb, "--theirs", "base/raft").code == 0 and state(run, kb) == "whole"


def test_a_page_of_a_persons_own_is_merged_and_others_files_line_by_line(kb: Path, run: Run) -> None:
    def start() -> None:
        write(kb, {"wiki/howto.md": "# How\n\nFirst.\n\nSecond.\n", "NOTES.txt": "a\nb\nc\nd\ne\n"})
        git(kb, "add", ".")
        git(kb, "commit", "-q", "-m", "ours")

    start()
    git(kb, "branch", "-f", "other")
    _edited(kb, "other", "wiki/howto.md", "First.", "First of all.")
    _edited(kb, "other", "NOTES.txt", "a\n", "A\n")
    _edited(kb, "main", "wiki/howto.md", "Second.", "Second, then.")
    _edited(kb, "main", "NOTES.txt", "e\n", "E\n")
    assert run("merge", "other", "--kb", kb).code == 0
    assert (kb / "wiki/howto.md").read_text() == "# How\n\nFirst of all.\n\nSecond, then.\n"
    assert (kb / "NOTES.txt").read_text() == "A\nb\nc\nd\nE\n"
    _edited(kb, "main", "NOTES.txt", "c\n", "here\n")
    _edited(kb, "other", "NOTES.txt", "c\n", "there\n")
    assert "NOTES.txt" in run("merge", "other", "--kb", kb).err
    assert run("merge", "other", "--kb", kb, "--theirs", "NOTES.txt").code == 0
    assert "there" in (kb / "NOTES.txt").read_text()


def test_words_that_are_not_committed_are_committed_as_the_persons(kb: Path, tmp_path: Path, run: Run) -> None:
    add(kb, write(tmp_path / "one", {"gossip.md": text_of("Gossip")}), "--branch", "other")
    gitkb("merge", "other", "--kb", kb)
    git(kb, "branch", "third", "main~")
    git(kb, "reset", "-q", "--hard", "HEAD~2")
    edit(kb, SHARED, lambda text: f"{text}\n## Notes\n\nNot yet committed.\n")
    git(kb, "update-ref", "refs/heads/fourth", "HEAD@{1}")
    assert run("merge", "fourth", "--kb", kb).code == 0
    assert "Not yet committed." in (kb / SHARED).read_text() and git(kb, "status", "--porcelain") == ""
    assert f"edit {SHARED}" in git(kb, "log", "--format=%s") and state(run, kb) == "whole"


def test_an_untracked_file_in_the_way_stops_the_merge_by_name(kb: Path, tmp_path: Path, run: Run) -> None:
    add(kb, write(tmp_path / "one", {"gossip.md": text_of("Gossip")}), "--branch", "other")
    write(kb, {"wiki/summaries/one/gossip.md": "mine"})
    tip = git(kb, "rev-parse", "HEAD")
    done = run("merge", "other", "--kb", kb)
    assert done.code == 1 and "wiki/summaries/one/gossip.md" in done.err and git(kb, "rev-parse", "HEAD") == tip


def test_what_gitkb_does_not_write_is_left_to_git(kb: Path, tmp_path: Path, run: Run) -> None:
    def link() -> None:
        (kb / "link").symlink_to("wiki")
        git(kb, "add", "link")
        git(kb, "commit", "-q", "-m", "a link")

    _on(kb, "other", link)
    done = run("merge", "other", "--kb", kb)
    assert done.code == 1 and "link" in done.err and "git merge other" in done.err
    add(kb, write(tmp_path / "one", {"gossip.md": text_of("Gossip")}))
    assert "git merge other" in run("merge", "other", "--kb", kb).err
    git(kb, "merge", "-q", "--no-edit", "other")
    gitkb("refresh", "--kb", kb)
    assert (kb / "link").is_symlink() and state(run, kb) == "whole"


def test_a_branch_that_is_not_checked_out_takes_a_merge_too(kb: Path, tmp_path: Path, run: Run) -> None:
    add(kb, write(tmp_path / "one", {"gossip.md": text_of("Gossip")}))
    add(kb, write(tmp_path / "two", {"lease.md": text_of("Lease")}), "--branch", "other")
    index = (kb / ".git" / "index").read_bytes()
    assert run("merge", "main", "--branch", "other", "--kb", kb).code == 0
    assert documents(run, kb, "--at", "other") == ["base/paxos", "base/raft", "base/zab", "one/gossip", "two/lease"]
    assert (kb / ".git" / "index").read_bytes() == index and git(kb, "status", "--porcelain") == ""
    # The pages of main came along, so that a later merge back does not turn them back.
    assert git(kb, "rev-parse", f"other:{SHARED}") == git(kb, "rev-parse", f"main:{SHARED}")


def test_a_merge_in_a_bare_repository(origin: Path, tmp_path: Path, run: Run) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(origin), "bare.git")
    bare = tmp_path / "bare.git"
    add(bare, write(tmp_path / "two", {"lease.md": text_of("Lease")}), "--branch", "other")
    add(bare, write(tmp_path / "one", {"gossip.md": text_of("Gossip")}))
    assert run("merge", "other", "--kb", bare).code == 0
    assert len(documents(run, bare)) == 5 and state(run, bare) == "whole"


def test_histories_that_cross_merge_cleanly(kb: Path, tmp_path: Path, run: Run) -> None:
    """Each side has merged the other once: there are two best common ancestors."""
    base = write(tmp_path / "base", {"raft.md": text_of("Raft", version=2)})
    add(kb, base)
    add(kb, write(tmp_path / "two", {"lease.md": text_of("Lease")}), "--branch", "other")
    git(kb, "branch", "old-main")
    git(kb, "branch", "old-other", "other")
    gitkb("merge", "old-other", "--kb", kb)
    gitkb("merge", "old-main", "--branch", "other", "--kb", kb)
    add(kb, write(tmp_path / "three", {"gossip.md": text_of("Gossip")}), "--branch", "other")
    assert len(git(kb, "merge-base", "--all", "main", "other").split()) == 2
    assert run("merge", "other", "--kb", kb).code == 0 and state(run, kb) == "whole"
    assert documents(run, kb) == ["base/paxos", "base/raft", "base/zab", "three/gossip", "two/lease"]
    assert "version 2" in (kb / "raw/base/raft.md").read_text()


def test_unrelated_knowledge_bases_are_not_merged(kb: Path, tmp_path: Path, run: Run) -> None:
    gitkb("init", tmp_path / "stranger")
    add(tmp_path / "stranger", write(tmp_path / "x", {"gossip.md": text_of("Gossip")}))
    git(kb, "fetch", "-q", str(tmp_path / "stranger"), "main:stranger")
    done = run("merge", "stranger", "--kb", kb)
    assert done.code == 1 and "no history in common" in done.err


def test_a_choice_that_was_not_needed_is_said(kb: Path, tmp_path: Path, run: Run) -> None:
    add(kb, write(tmp_path / "one", {"gossip.md": text_of("Gossip")}), "--branch", "other")
    add(kb, write(tmp_path / "two", {"lease.md": text_of("Lease")}))
    assert "base/raft" in run("merge", "other", "--kb", kb, "--ours", "base/raft").err


# Plain git, in any order and way: no conflict, and always the same tree.


@pytest.mark.parametrize("seed", range(2))
def test_branches_merged_by_plain_git_in_any_order_give_one_tree(tmp_path: Path, run: Run, seed: int) -> None:
    chance = random.Random(seed)
    topics = chance.sample(TOPICS, len(TOPICS))
    base = {f"{topic.lower()}.md": text_of(topic) for topic in topics[:5]}
    hub = make_hub(tmp_path, base)
    branches = [f"b{number}" for number in range(chance.randint(2, 4))]
    wanted = _change_branches(clone(hub, "work"), tmp_path, branches, topics, chance)
    trees = set()
    for number in range(3):
        copy = clone(tmp_path / "work", f"copy{number}")
        for branch in chance.sample(branches, len(branches)):
            _merge_plainly(copy, branch, chance.choice(["merge", "squash", "rebase"]))
        assert state(run, copy) in ("pending", "whole")
        gitkb("refresh", "--kb", copy)
        assert state(run, copy) == "whole"
        trees.add(tree(copy))
    by_gitkb = clone(tmp_path / "work", "by-gitkb")
    for branch in branches:
        gitkb("merge", f"origin/{branch}", "--kb", by_gitkb)
    assert trees == {tree(by_gitkb)}
    assert _files(by_gitkb) == _files(_alone(tmp_path, wanted))


def _files(kb: Path) -> set[str]:
    """All files with their content, without the decisions that documents were removed."""
    return {line for line in git(kb, "ls-tree", "-r", "HEAD").splitlines() if ".gitkb/decisions/removed/" not in line}


def _change_branches(kb: Path, top: Path, branches: list[str], topics: list[str], chance: random.Random) -> dict[str, str]:
    """Random adds, changes and removes, each document on one branch at most, and a note on one own page; returns what all of
    them together should hold."""
    wanted = {f"base/{topic.lower()}.md": text_of(topic) for topic in topics[:5]}
    old, new = list(topics[:5]), list(topics[5:])
    for branch in branches:
        git(kb, "branch", branch, "origin/main")
        topic = new.pop()
        wanted[f"{branch}/{topic.lower()}.md"] = text_of(topic)
        add(kb, write(top / branch, {f"{topic.lower()}.md": text_of(topic)}), "--branch", branch)
        changed = old.pop(chance.randrange(len(old)))
        if chance.random() < 0.5:
            wanted[f"base/{changed.lower()}.md"] = text_of(changed, version=2)
            folder = write(top / f"{branch}-update" / "base", {f"{changed.lower()}.md": text_of(changed, version=2)})
            add(kb, folder, "--branch", branch)
        else:
            del wanted[f"base/{changed.lower()}.md"]
            gitkb("remove", f"base/{changed.lower()}", "--branch", branch, "--kb", kb)
    return wanted


def _merge_plainly(kb: Path, branch: str, way: str) -> None:
    if way == "rebase":
        git(kb, "checkout", "-q", "-b", f"{branch}-here", f"origin/{branch}")
        git(kb, "rebase", "-q", "main")
        git(kb, "checkout", "-q", "main")
        git(kb, "merge", "-q", "--ff-only", f"{branch}-here")
    elif way == "squash":
        git(kb, "merge", "-q", "--squash", f"origin/{branch}")
        git(kb, "commit", "-q", "-m", f"all of {branch}")
    else:
        git(kb, "merge", "-q", "--no-edit", f"origin/{branch}")


def _alone(top: Path, wanted: dict[str, str]) -> Path:
    """A knowledge base into which everything was added at once."""
    files = write(top / "wanted", wanted)
    gitkb("init", top / "alone")
    for folder in sorted(files.iterdir()):
        add(top / "alone", folder)
    return top / "alone"
