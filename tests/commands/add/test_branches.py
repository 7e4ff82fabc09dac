"""Documents go to a branch that is not checked out; everything that reads can look there."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.clones import add, clone, documents, git, make_hub, state, text_of, write

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_hub(tmp_path_factory.mktemp("branches"), {"raft.md": text_of("Raft"), "paxos.md": text_of("Paxos")})


@pytest.fixture
def kb(origin: Path, tmp_path: Path) -> Path:
    git(tmp_path, "clone", "-q", str(origin), "kb")
    return tmp_path / "kb"


def test_adding_to_a_branch_touches_neither_worktree_nor_index_nor_head(kb: Path, tmp_path: Path, run: Run) -> None:
    before = (git(kb, "rev-parse", "HEAD"), git(kb, "symbolic-ref", "HEAD"), (kb / ".git" / "index").read_bytes())
    (kb / "wiki" / "index.md").write_text("half a thought", encoding="utf-8")
    add(kb, write(tmp_path / "new", {"zab.md": text_of("Zab")}), "--branch", "ingest/q3")
    assert (git(kb, "rev-parse", "HEAD"), git(kb, "symbolic-ref", "HEAD"), (kb / ".git" / "index").read_bytes()) == before
    assert git(kb, "status", "--porcelain").strip() == "M wiki/index.md"
    assert git(kb, "log", "--format=%s", "main..ingest/q3") == "add new/zab: Zab in version 1"
    assert git(kb, "for-each-ref", "refs/gitkb") == "" and not list((kb / ".git" / "gitkb" / "runs").glob("*"))


def test_everything_that_reads_can_look_at_the_branch(kb: Path, tmp_path: Path, run: Run) -> None:
    add(kb, write(tmp_path / "new", {"zab.md": text_of("Zab")}), "--branch", "q3")
    assert documents(run, kb) == ["base/paxos", "base/raft"]
    assert documents(run, kb, "--at", "q3") == ["base/paxos", "base/raft", "new/zab"]
    assert json.loads(run("log", "--json", "--kb", kb, "--at", "q3").out)[0]["document"] == "new/zab"
    assert json.loads(run("log", "zab", "--json", "--kb", kb, "--at", "q3").out)[0]["operation"] == "add"
    assert json.loads(run("status", "--json", "--kb", kb, "--at", "q3").out)["documents"] == 3
    assert json.loads(run("status", "--json", "--kb", kb).out)["documents"] == 2
    assert "Zab" in run("show", "zab", "--kb", kb, "--at", "q3").out
    assert json.loads(run("search", "Zab", "--json", "--kb", kb, "--at", "q3").out)
    assert state(run, kb, "--at", "q3") == "pending" and state(run, kb) == "whole"


def test_a_second_add_goes_on_where_the_branch_is(kb: Path, tmp_path: Path, run: Run) -> None:
    new = write(tmp_path / "new", {"zab.md": text_of("Zab")})
    add(kb, new, "--branch", "q3")
    write(new, {"gossip.md": text_of("Gossip")})
    done = run("add", new, "--kb", kb, "--branch", "q3", "--json")
    summary = json.loads(done.out.splitlines()[-1])
    assert (summary["added"], summary["skipped"], summary["branch"]) == (1, 1, "q3")
    assert summary["commit"] == git(kb, "rev-parse", "q3")


def test_a_new_branch_starts_where_it_is_told_to(kb: Path, tmp_path: Path, run: Run) -> None:
    first = git(kb, "rev-list", "--max-parents=0", "main")
    new = write(tmp_path / "new", {"zab.md": text_of("Zab")})
    add(kb, new, "--branch", "q3", "--from", first)
    assert git(kb, "rev-parse", "q3~") == first
    again = run("add", new, "--kb", kb, "--branch", "q3", "--from", "main")
    assert again.code == 2 and "already" in again.err
    assert run("add", new, "--kb", kb, "--from", "main").code == 2
    assert run("add", new, "--kb", kb, "--branch", "q4", "--from", "nowhere").code == 1


def test_a_dry_run_makes_no_branch(kb: Path, tmp_path: Path, run: Run) -> None:
    new = write(tmp_path / "new", {"zab.md": text_of("Zab")})
    assert "new/zab" in run("add", new, "--kb", kb, "--branch", "q3", "--dry-run").out
    assert git(kb, "branch", "--list", "q3") == ""


def test_the_checked_out_branch_by_name_is_as_without(kb: Path, tmp_path: Path, run: Run) -> None:
    add(kb, write(tmp_path / "new", {"zab.md": text_of("Zab")}), "--branch", "main")
    assert (kb / "wiki" / "summaries" / "new" / "zab.md").is_file() and git(kb, "status", "--porcelain") == ""
    assert state(run, kb) == "whole"


def test_a_branch_that_another_worktree_shows_is_refused(kb: Path, tmp_path: Path, run: Run) -> None:
    git(kb, "worktree", "add", "-q", "-b", "q3", str(tmp_path / "elsewhere"))
    done = run("add", write(tmp_path / "new", {"zab.md": text_of("Zab")}), "--kb", kb, "--branch", "q3")
    assert done.code == 1 and "checked out" in done.err and "elsewhere" in done.err


def test_a_detached_head_is_no_hindrance(kb: Path, tmp_path: Path, run: Run) -> None:
    git(kb, "checkout", "-q", "--detach")
    add(kb, write(tmp_path / "new", {"zab.md": text_of("Zab")}), "--branch", "q3")
    assert documents(run, kb, "--at", "q3") == ["base/paxos", "base/raft", "new/zab"]


def test_a_tag_of_the_same_name_does_not_confuse(kb: Path, tmp_path: Path, run: Run) -> None:
    git(kb, "tag", "q3", git(kb, "rev-list", "--max-parents=0", "main"))
    new = write(tmp_path / "new", {"zab.md": text_of("Zab")})
    add(kb, new, "--branch", "q3")
    add(kb, write(new, {"gossip.md": text_of("Gossip")}), "--branch", "q3")
    assert documents(run, kb, "--at", "refs/heads/q3") == ["base/paxos", "base/raft", "new/gossip", "new/zab"]


def test_the_branch_merges_with_any_button(kb: Path, tmp_path: Path, run: Run) -> None:
    add(kb, write(tmp_path / "new", {"zab.md": text_of("Zab")}), "--branch", "q3")
    trees = set()
    for way in (("merge", "-q", "--no-ff", "--no-edit"), ("merge", "-q", "--squash"), ("rebase", "-q")):
        copy = clone(kb, f"copy-{len(trees)}-{way[1].strip('-')}-{way[-1].strip('-')}")
        git(copy, *way, "origin/q3")
        if "--squash" in way:
            git(copy, "commit", "-q", "-m", "squashed")
        assert state(run, copy) == "pending"
        subprocess.run(["git", "-C", copy, "diff", "--quiet"], check=True)
        assert run("refresh", "--kb", copy).code == 0 and state(run, copy) == "whole"
        trees.add(git(copy, "rev-parse", "HEAD^{tree}"))
    assert len(trees) == 1
