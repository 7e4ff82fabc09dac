"""Clones of every kind: shallow and partial ones, branches that were merged, undone and merged again."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.clones import git, gitkb, text_of
from tests.support.small_documents import write

Run = Callable[..., Any]
PAGE = "replicated-log"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`kb/` with two documents, one of them in two versions. Nobody may change it."""
    top = tmp_path_factory.mktemp("clones")
    gitkb("init", top / "kb")
    for version in (1, 2):
        write(top / "docs", {"raft.md": text_of("Raft", version=version), "zab.md": text_of("Zab")})
        gitkb("add", top / "docs", "--kb", top / "kb", "--jobs", "1")
    return top


@pytest.fixture
def kb(made: Path, tmp_path: Path) -> Path:
    for name in ("kb", "docs"):
        shutil.copytree(made / name, tmp_path / name, symlinks=True)
    return tmp_path / "kb"


def _clone(kb: Path, *options: str) -> Path:
    git(kb, "config", "uploadpack.allowFilter", "true")
    git(kb.parent, "clone", "-q", *options, kb.resolve().as_uri(), "clone")
    return kb.parent / "clone"


@pytest.mark.parametrize(
    "command", [("blame", PAGE), ("undo", "--dry-run"), ("check",), ("check", "--at", "HEAD~2"), ("log", "docs/raft")]
)
def test_what_a_partial_clone_lacks_is_fetched(kb: Path, run: Run, command: tuple[str, ...]) -> None:
    clone = _clone(kb, "--filter=blob:none")
    done, there = run(*command, "--kb", clone), run(*command, "--kb", kb)
    assert (done.code, done.out) == (0, there.out)
    assert git(clone, "fsck") == ""


def test_a_partial_clone_whose_remote_is_gone_says_how_to_get_all(kb: Path, run: Run) -> None:
    clone = _clone(kb, "--filter=blob:none", "--no-checkout")
    kb.rename(kb.parent / "elsewhere")
    done = run("check", "--at", "HEAD", "--kb", clone)
    assert done.code == 1 and "partial clone" in done.err and "--no-filter" in done.err


def test_a_shallow_clone_names_nobody_whom_it_does_not_know(kb: Path, run: Run) -> None:
    clone = _clone(kb, "--depth", "1")
    said = run("blame", PAGE, "--kb", clone).out
    assert "not known here" in said and "git fetch --unshallow" in said and "Ada" not in said
    git(clone, "fetch", "-q", "--unshallow")
    assert run("blame", PAGE, "--kb", clone).out == run("blame", PAGE, "--kb", kb).out


def _branch(kb: Path, *topics: str) -> None:
    shutil.rmtree(kb.parent / "more", ignore_errors=True)
    write(kb.parent / "more", {f"{topic.lower()}.md": text_of(topic) for topic in topics})
    gitkb("add", kb.parent / "more", "--kb", kb, "--branch", "side", "--jobs", "1")
    git(kb, "merge", "-q", "--no-ff", "-m", "Merge side", "side")


def test_an_undo_of_a_branch_lists_what_was_changed_since_and_can_leave_it(kb: Path, run: Run) -> None:
    _branch(kb, "Paxos", "Gossip", "Quorum")
    merge = git(kb, "rev-parse", "HEAD")
    for topic in ("Paxos", "Gossip"):
        write(kb.parent / "more", {f"{topic.lower()}.md": text_of(topic, version=2)})
    gitkb("add", kb.parent / "more", "--kb", kb, "--jobs", "1")
    stopped = run("undo", merge, "--kb", kb)
    assert stopped.code == 1 and "--rest" in stopped.err
    assert "more/gossip (and 1 more: more/paxos) was changed since" in stopped.err
    done = run("undo", merge, "--rest", "--kb", kb)
    assert done.code == 0 and "left as it is" in done.err
    assert sorted(file.name for file in (kb / "raw/more").iterdir()) == ["gossip.md", "paxos.md"]
    assert run("check", "--kb", kb).code == 0


def test_merging_an_undone_branch_again_says_so_and_how_it_comes_back(kb: Path, run: Run) -> None:
    _branch(kb, "Paxos", "Gossip")
    gitkb("undo", "HEAD", "--kb", kb)
    undone = git(kb, "log", "-1", "--format=%H", "--grep=^undo")
    done = run("merge", "side", "--kb", kb)
    assert done.code == 0 and "taken away since" in done.err and f"gitkb undo {undone[:12]}" in done.err
    assert run("undo", undone[:12], "--kb", kb).code == 0
    assert (kb / "raw/more/paxos.md").is_file()


def test_a_pull_that_only_moves_forward_asks_for_no_signature(kb: Path, run: Run) -> None:
    clone = _clone(kb)
    git(kb, "commit", "-q", "--allow-empty", "-m", "news")
    git(clone, "config", "commit.gpgsign", "true")
    git(clone, "config", "gpg.format", "ssh")
    git(clone, "config", "user.signingkey", "/there/is/no/key")
    assert run("pull", "--kb", clone).code == 0
    assert git(clone, "rev-parse", "HEAD") == git(kb, "rev-parse", "HEAD")
    assert run("remove", "docs/raft", "--kb", clone).code == 1


def test_a_request_is_made_against_what_the_remote_has(kb: Path, run: Run) -> None:
    git(kb.parent, "init", "-q", "--bare", "-b", "main", "hub.git")
    git(kb, "remote", "add", "origin", "../hub.git")
    git(kb, "push", "-q", "-u", "origin", "main")
    write(kb.parent / "more", {"paxos.md": text_of("Paxos")})
    gitkb("add", kb.parent / "more", "--kb", kb, "--jobs", "1")
    git(kb, "branch", "mine")
    done = run("pr", "--branch", "mine", "--kb", kb)
    assert done.code == 0 and "more/paxos" in done.out, "a remote that is no hosting service has no requests"


def test_a_request_that_no_program_can_open_ends_with_one(kb: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    git(kb.parent, "init", "-q", "--bare", "-b", "main", "hub.git")
    git(kb, "remote", "add", "origin", "https://github.com/team/kb.git")
    git(kb, "config", "url.../hub.git.insteadOf", "https://github.com/team/kb.git")
    git(kb, "push", "-q", "-u", "origin", "main")
    write(kb.parent / "more", {"paxos.md": text_of("Paxos")})
    gitkb("add", kb.parent / "more", "--kb", kb, "--branch", "mine", "--jobs", "1")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    done = run("pr", "--branch", "mine", "--kb", kb)
    assert done.code == 1 and "https://github.com/team/kb/compare/main...mine" in done.err


@pytest.mark.parametrize("rules", [("--cone", "wiki"), ("--no-cone", "/wiki/", "!/wiki/sources/"), ("--cone", "raw")])
def test_a_sparse_checkout_is_read_and_written_and_shows_no_more_than_before(kb: Path, run: Run, rules: tuple[str, ...]) -> None:
    clone = _clone(kb)
    git(clone, "sparse-checkout", "set", *rules)
    shown = {path.name for path in clone.iterdir()}
    assert "Edited" not in run("status", "--kb", clone).out
    docs = write(kb.parent / "docs", {"raft.md": text_of("Raft", version=3), "lease.md": text_of("Lease")})
    for command in (("add", docs, "--jobs", "1"), ("remove", "docs/zab"), ("undo",)):
        done = run(*command, "--kb", clone)
        assert done.code == 0, done.err
        assert git(clone, "status", "--porcelain") == ""
    assert {path.name for path in clone.iterdir()} == shown
    assert git(clone, "ls-files", "-t", "raw").startswith("H" if "raw" in rules else "S")
    assert "docs/lease" in run("list", "--kb", clone).out and run("search", "Lease", "--kb", clone).out
    git(clone, "sparse-checkout", "disable")
    assert git(clone, "status", "--porcelain") == "" and run("check", "--kb", clone).code == 0
    assert (clone / "raw/docs/raft.md").read_text(encoding="utf-8") == text_of("Raft", version=3)


def test_a_person_who_edits_a_file_that_is_not_shown_keeps_the_words(kb: Path, run: Run) -> None:
    clone = _clone(kb)
    git(clone, "sparse-checkout", "set", "--cone", "raw")
    page = clone / "wiki/summaries/docs/raft.md"
    page.parent.mkdir(parents=True)
    page.write_text(f"{git(clone, 'show', 'HEAD:wiki/summaries/docs/raft.md')}\n\n## Notes\n\nAda: keep.\n", encoding="utf-8")
    docs = write(kb.parent / "docs", {"raft.md": text_of("Raft", version=3), "zab.md": text_of("Zab")})
    assert run("add", docs, "--jobs", "1", "--kb", clone).code == 0
    assert "Ada: keep." in git(clone, "show", "HEAD:wiki/summaries/docs/raft.md")


def test_a_linked_worktree_is_a_place_to_work_in(kb: Path, run: Run) -> None:
    git(kb, "worktree", "add", "-q", "-b", "side", "../side")
    docs, side = write(kb.parent / "docs", {"lease.md": text_of("Lease")}), kb.parent / "side"
    assert run("add", docs, "--jobs", "1", "--kb", side).code == 0
    assert git(side, "status", "--porcelain") == "" and (side / "raw/docs/lease.md").is_file()
    assert run("merge", "side", "--kb", kb).code == 0 and run("check", "--kb", kb).code == 0
    assert git(kb, "status", "--porcelain") == "" and (kb / "raw/docs/lease.md").is_file()


@pytest.mark.parametrize(
    ("extension", "remedy"), [("objectformat = sha256", "git fast-export --all"), ("refstorage = reftable", "git refs migrate")]
)
def test_what_libgit2_cannot_read_is_refused_with_a_way_out(kb: Path, run: Run, extension: str, remedy: str) -> None:
    with (kb / ".git" / "config").open("a", encoding="utf-8") as config:
        config.write(f"[core]\n\trepositoryformatversion = 1\n[extensions]\n\t{extension}\n")
    for command in (("status",), ("add", kb.parent / "docs")):
        refused = run(*command, "--kb", kb)
        assert refused.code == 1 and remedy in refused.err, refused.err
