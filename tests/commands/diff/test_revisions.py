"""Which two revisions are compared: what a pull request would be made of, wherever the diff is asked for."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.clones import add, git, make_hub, text_of, write

Run = Callable[..., Any]


@pytest.fixture
def kb(tmp_path: Path) -> Path:
    """A clone of a hub with one document, whose branch `mine` and whose own main have two more that the hub has not."""
    hub = make_hub(tmp_path, {"raft.md": text_of("Raft")})
    git(tmp_path, "clone", "-q", str(hub), "kb")
    add(tmp_path / "kb", write(tmp_path / "one", {"gossip.md": text_of("Gossip")}))
    git(tmp_path / "kb", "branch", "mine")
    add(tmp_path / "kb", write(tmp_path / "two", {"lease.md": text_of("Lease")}), "--branch", "mine")
    return tmp_path / "kb"


def _documents(run: Run, kb: Path, *arguments: str) -> list[tuple[str, str]]:
    ran = run("diff", *arguments, "--kb", kb, "--json")
    assert ran.code == 0, ran.err
    return [(each["change"], each["document"]) for each in json.loads(ran.out)["documents"]]


def test_a_branch_is_compared_with_what_the_remote_has(kb: Path, run: Run) -> None:
    both = [("added", "one/gossip"), ("added", "two/lease")]
    assert _documents(run, kb, "..mine") == both
    assert run("diff", "..mine", "--kb", kb).out.startswith("origin/main (")
    assert _documents(run, kb, "main..mine") == [("added", "two/lease")]


def test_three_dots_leave_out_what_the_base_did_since(kb: Path, run: Run, tmp_path: Path) -> None:
    git(kb, "switch", "-q", "mine")
    add(kb, write(tmp_path / "three", {"shard.md": text_of("Shard")}), "--branch", "main")
    assert _documents(run, kb, "main..mine") == [("removed", "three/shard"), ("added", "two/lease")]
    assert _documents(run, kb, "main...mine") == _documents(run, kb, "main...") == [("added", "two/lease")]
    git(kb, "switch", "-q", "--orphan", "alone")
    git(kb, "commit", "-q", "--allow-empty", "-m", "nothing in common")
    git(kb, "switch", "-q", "mine")
    refused = run("diff", "alone...mine", "--kb", kb)
    assert refused.code != 0 and "no history in common" in refused.err


def test_a_detached_head_is_compared_like_the_branch_that_it_would_be(kb: Path, run: Run) -> None:
    git(kb, "switch", "-q", "--detach", "mine")
    assert _documents(run, kb) == [("added", "one/gossip"), ("added", "two/lease")]
    assert run("status", "--kb", kb).code == 0
    git(kb, "switch", "-q", "--detach", "origin/main")
    assert _documents(run, kb) == [("added", "base/raft")]


def test_a_shallow_checkout_without_branches_and_a_bare_repository_can_be_compared(kb: Path, run: Run, tmp_path: Path) -> None:
    git(kb, "push", "-q", "origin", "mine")
    hub = git(kb, "remote", "get-url", "origin")
    shallow = tmp_path / "ci"
    git(tmp_path, "init", "-q", "ci")
    git(shallow, "remote", "add", "origin", f"file://{hub}")
    git(shallow, "fetch", "-q", "--depth=1", "origin", "+main:refs/remotes/origin/main", "+mine:refs/remotes/pull/1/head")
    git(shallow, "checkout", "-q", "--detach", "refs/remotes/pull/1/head")
    assert _documents(run, shallow) == [("added", "one/gossip"), ("added", "two/lease")]
    ran = run("diff", "origin/main...HEAD", "--kb", shallow)
    assert ran.code == 0 and "since this clone is shallow" in ran.out.splitlines()[0]
    assert _documents(run, Path(hub), "main...mine") == [("added", "one/gossip"), ("added", "two/lease")]
    assert _documents(run, Path(hub), "..mine") == [("added", "one/gossip"), ("added", "two/lease")]


@pytest.mark.parametrize("way", ["squash", "rebase"])
def test_after_a_squash_more_commits_are_what_they_add_and_no_conflict(tmp_path: Path, run: Run, way: str) -> None:
    make_hub(tmp_path, {"raft.md": text_of("Raft")})
    kb = tmp_path / "kb"
    git(tmp_path, "clone", "-q", str(tmp_path / "hub.git"), "kb")
    docs = write(tmp_path / "docs", {"gossip.md": text_of("Gossip"), "lease.md": text_of("Lease"), "shard.md": text_of("Shard")})
    add(kb, docs, "--branch", "ingest")
    add(kb, write(tmp_path / "other", {"epoch.md": text_of("Epoch")}))
    if way == "squash":
        git(kb, "merge", "-q", "--squash", "ingest")
        git(kb, "commit", "-q", "-m", "Ingest (#1)")
    else:
        git(kb, "cherry-pick", f"{git(kb, 'merge-base', 'main', 'ingest')}..ingest")
    run("refresh", "--kb", kb)
    assert _documents(run, kb, "main...ingest") == []
    write(docs, {"gossip.md": text_of("Gossip", version=2), "replica.md": text_of("Replica")})
    add(kb, docs, "--branch", "ingest")
    assert _documents(run, kb, "main...ingest") == [("changed", "docs/gossip"), ("added", "docs/replica")]
    assert _documents(run, kb, "origin/main...ingest") == [
        ("added", f"docs/{name}") for name in ("gossip", "lease", "replica", "shard")
    ]
    merged = run("merge", "ingest", "--kb", kb, "--json")
    assert merged.code == 0, merged.err
    found = json.loads(merged.out)
    assert (found["updated"], found["added"]) == (["docs/gossip"], ["docs/replica"])
    assert "version 2" in (kb / "wiki/sources/docs/gossip.md").read_text(encoding="utf-8")


def test_what_was_squashed_and_then_changed_on_both_sides_is_still_a_conflict(tmp_path: Path, run: Run) -> None:
    make_hub(tmp_path, {"raft.md": text_of("Raft")})
    kb = tmp_path / "kb"
    git(tmp_path, "clone", "-q", str(tmp_path / "hub.git"), "kb")
    docs = write(tmp_path / "docs", {"gossip.md": text_of("Gossip")})
    add(kb, docs, "--branch", "ingest")
    git(kb, "merge", "-q", "--squash", "ingest")
    git(kb, "commit", "-q", "-m", "Ingest (#1)")
    add(kb, write(docs, {"gossip.md": text_of("Gossip", version=2)}), "--branch", "ingest")
    add(kb, write(docs, {"gossip.md": text_of("Gossip", version=3)}))
    refused = run("merge", "ingest", "--kb", kb)
    assert refused.code != 0 and "docs/gossip" in refused.err
