"""Approving pages as people do it: what is written, what is refused, what an ingest, a merge and an undo do to an approval."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitkb.text.markdown import frontmatter
from tests.support.small_documents import PAGE, WAL, Git, note, subjects, write

pytestmark = pytest.mark.usefixtures("known_as_ada")
Run = Callable[..., Any]
FILE = ".gitkb/decisions/approved/concepts/write-ahead-logging.json"
DAY = ("--date", "2026-11-24")
AT = "2026-11-24T00:00:00Z"


def _verified(kb: Path, page: str = PAGE) -> object:
    return frontmatter.split((kb / page).read_text(encoding="utf-8"))[0].get("verified")


def _changed(gitkb: Run) -> dict[str, str]:
    """The pages that count as changed since approval, with the reasons."""
    return {each["page"]: each["reason"] for each in json.loads(gitkb("status", "--json").out)["changed_since_approval"]}


def _rewrite(top: Path, old: str, new: str) -> None:
    assert old in WAL
    (top / "docs" / "wal.md").write_text(WAL.replace(old, new), encoding="utf-8")


MORE = {"raft.md": "# Raft in practice\n\nRaft is a protocol whose leader renews its term by heartbeats to every follower.\n"}
SAID = "Databases use write-ahead logging because a sequential write is cheaper than many random ones."


def test_an_approval_is_one_commit_of_the_person_and_stands_on_the_page(kb: Path, gitkb: Run, git: Git) -> None:
    before = git(kb, "rev-parse", "HEAD")
    assert "Approved concepts/write-ahead-logging (" in gitkb("approve", "Write-ahead logging", *DAY).out
    assert subjects(git, kb, f"{before}..") == ["pages: 1 changed", "approve: concepts/write-ahead-logging"]
    assert git(kb, "show", "--name-only", "--format=%an <%ae>", "HEAD~").split("\n") == ["Ada <ada@example.org>", "", FILE]
    assert SAID in git(kb, "show", "--format=%B", "HEAD~")
    assert _verified(kb) == [{"by": "human:ada@example.org", "at": AT}]
    assert json.loads(gitkb("check", "--json").out)["state"] == "whole" and git(kb, "status", "--porcelain") == ""
    status = json.loads(gitkb("status", "--json").out)
    assert status["approved"] == 1 and status["changed_since_approval"] == []
    assert json.loads(gitkb("log", "--json").out)[1]["operation"] == "approve"


def test_approving_again_changes_nothing_and_says_so(kb: Path, gitkb: Run, git: Git) -> None:
    gitkb("approve", PAGE)
    before = git(kb, "rev-parse", "HEAD")
    assert "nothing to do" in gitkb("approve", "concepts/write-ahead-logging").out
    assert git(kb, "rev-parse", "HEAD") == before


def test_a_dry_run_says_exactly_what_would_be_written(kb: Path, gitkb: Run, git: Git) -> None:
    other = "wiki/concepts/raft.md"
    note(kb, other, "\n## Notes\n\nMine.\n")
    before = git(kb, "for-each-ref") + git(kb, "count-objects")
    told = json.loads(gitkb("approve", "--dry-run", "--json", "write-ahead-logging", "raft", *DAY).out)
    shown = gitkb("approve", "--dry-run", "write-ahead-logging", "raft", *DAY).out
    assert git(kb, "for-each-ref") + git(kb, "count-objects") == before
    tip = git(kb, "rev-parse", "HEAD")
    done = json.loads(gitkb("approve", "--json", "write-ahead-logging", "raft", *DAY).out)
    touched = set(git(kb, "diff", "--name-only", tip, "HEAD").splitlines())
    assert {*told["files"], *told["pages"]["changed"]} == touched
    assert done["pages"] == told["pages"] and told["edits"] == [other]
    assert all(path in shown for path in touched)
    assert subjects(git, kb, f"{tip}..") == [
        "pages: 2 changed",
        "approve: concepts/write-ahead-logging, concepts/raft",
        "edit wiki/concepts/raft.md",
    ]
    assert "Mine." in (kb / other).read_text(encoding="utf-8") and _verified(kb, other)


def test_a_changed_claim_counts_as_changed_everywhere_until_somebody_approves_again(
    top: Path, kb: Path, gitkb: Run, git: Git
) -> None:
    gitkb("approve", "write-ahead-logging", *DAY)
    _rewrite(top, SAID, "Databases like to write in order.")
    assert gitkb("add", top / "docs", "--jobs", "1").code == 0
    assert _verified(kb) is None
    assert _changed(gitkb) == {PAGE: "1 claim gone"}
    assert "Changed since approval: concepts/write-ahead-logging" in gitkb("status").out
    rows = {row["page"]: row for row in json.loads(gitkb("list", "--pages", "--json").out)}
    row = rows[PAGE]
    assert (row["approval"], row["approved_by"], row["approved_at"]) == ("changed", "human:ada@example.org", AT)
    assert (row["new_claims"], row["gone_claims"]) == (0, 1) and rows["wiki/concepts/raft.md"]["approval"] == "none"
    documents = {each["document"]: each["changed_since_approval"] for each in json.loads(gitkb("list", "--json").out)}
    assert documents["docs/wal"] == [PAGE] and documents["docs/raft"] == []
    first = json.loads(gitkb("diff", "HEAD~2", "--json").out)["attention"][0]
    assert (first["concern"], first["paths"]) == ("lost-approval", [PAGE])
    assert (
        "a claim approved on 2026-11-24 by ada@example.org has lost its source" in first["message"] and SAID in first["message"]
    )
    gitkb("approve", "write-ahead-logging", "--date", "2026-11-25")
    assert _verified(kb) == [{"by": "human:ada@example.org", "at": "2026-11-25T00:00:00Z"}] and _changed(gitkb) == {}
    (told,) = json.loads(gitkb("diff", "HEAD~4", "--json").out)["attention"]
    assert (told["concern"], told["message"]) == ("new-approval", "approved by ada@example.org on 2026-11-25")


def test_a_claim_that_came_counts_as_changed(top: Path, kb: Path, gitkb: Run) -> None:
    gitkb("approve", "raft", *DAY)
    write(
        top / "more",
        MORE,
    )
    gitkb("add", top / "more", "--jobs", "1")
    assert _changed(gitkb) == {"wiki/concepts/raft.md": "1 new claim"}
    message = json.loads(gitkb("diff", "--json").out)["attention"][0]["message"]
    assert "1 claim that is not among those approved on 2026-11-24" in message


def test_removing_and_undoing_the_document_takes_the_approval_away_and_gives_it_back(kb: Path, gitkb: Run, git: Git) -> None:
    gitkb("approve", "raft", *DAY)
    tree = git(kb, "rev-parse", "HEAD^{tree}")
    gitkb("remove", "docs/raft")
    assert set(_changed(gitkb)) == {"wiki/concepts/raft.md"}
    assert json.loads(gitkb("check", "--json").out)["state"] == "whole"
    gitkb("undo")
    assert _changed(gitkb) == {} and git(kb, "rev-parse", "HEAD^{tree}") == tree


def test_an_approval_can_be_undone_and_withdrawn(kb: Path, gitkb: Run, git: Git) -> None:
    tree = git(kb, "rev-parse", "HEAD^{tree}")
    gitkb("approve", "raft", *DAY)
    gitkb("undo")
    assert git(kb, "rev-parse", "HEAD^{tree}") == tree
    gitkb("approve", "raft", *DAY)
    assert "Taken back the approval of concepts/raft" in gitkb("approve", "--withdraw", "raft").out
    assert git(kb, "rev-parse", "HEAD^{tree}") == tree
    assert subjects(git, kb)[1] == "withdraw the approval of concepts/raft"
    assert "no approval of yours" in gitkb("approve", "--withdraw", "raft").out


def test_the_approval_of_a_page_that_is_gone_can_be_cleared(kb: Path, gitkb: Run) -> None:
    gitkb("approve", "raft", *DAY)
    gitkb("remove", "docs/raft", "docs/paxos")
    assert not (kb / "wiki/concepts/raft.md").exists() and _changed(gitkb) == {"wiki/concepts/raft.md": "the page is gone"}
    assert "not up to date" in gitkb("approve", "raft", code=1).err
    gitkb("approve", "--withdraw", "concepts/raft")
    assert _changed(gitkb) == {} and not (kb / ".gitkb/decisions/approved").exists()


def test_what_cannot_be_approved_is_told_and_changes_nothing(top: Path, kb: Path, gitkb: Run, git: Git, run: Run) -> None:
    (kb / "wiki/concepts/mine.md").write_text("# Mine\n", encoding="utf-8")
    git(kb, "add", "wiki/concepts/mine.md")
    git(kb, "commit", "-qm", "mine")
    gitkb("add", write(top / "more", MORE), "--branch", "side")
    before = git(kb, "for-each-ref")
    assert "no concept or entity 'nothing'" in gitkb("approve", "nothing", code=1).err
    assert "no concept or entity 'r'" in gitkb("approve", "r", code=1).err
    assert "no concept or entity" in gitkb("approve", "summaries/docs/raft", code=1).err
    assert "a person's own" in gitkb("approve", "concepts/mine", code=1).err
    assert "neither a date" in gitkb("approve", "concepts/raft", "--date", "soon", code=2).err
    pending = gitkb("approve", "concepts/raft", "--branch", "side", code=1).err
    assert "not up to date" in pending and "merge side there first" in pending
    git(kb, "config", "--unset", "user.email")
    assert "user.email" in gitkb("approve", "concepts/raft", code=1).err
    assert git(kb, "for-each-ref") == before


def test_pending_pages_are_brought_up_to_date_first(top: Path, kb: Path, gitkb: Run, git: Git) -> None:
    gitkb("add", write(top / "more", MORE), "--branch", "side")
    git(kb, "merge", "-q", "side")
    assert "gitkb refresh" in gitkb("approve", "concepts/raft", code=1).err
    gitkb("refresh")
    gitkb("approve", "concepts/raft")


def test_approving_on_a_branch_leaves_the_worktree_alone_and_merges_with_plain_git(kb: Path, gitkb: Run, git: Git) -> None:
    git(kb, "branch", "review")
    before = git(kb, "rev-parse", "HEAD")
    gitkb("approve", "raft", *DAY, "--branch", "review")
    gitkb("approve", "raft", "--date", "2026-11-25", "--branch", "review")  # that the page is pending there does not hinder
    assert git(kb, "rev-parse", "HEAD") == before and git(kb, "status", "--porcelain") == ""
    git(kb, "merge", "-q", "review")
    gitkb("refresh")
    assert _verified(kb, "wiki/concepts/raft.md") == [{"by": "human:ada@example.org", "at": "2026-11-25T00:00:00Z"}]


def test_two_people_approve_one_page_and_both_stand_after_a_merge(kb: Path, gitkb: Run, git: Git) -> None:
    git(kb, "branch", "review")
    gitkb("approve", "raft", "paxos", *DAY)
    git(kb, "config", "user.email", "bob@example.org")
    gitkb("approve", "raft", *DAY, "--branch", "review")
    git(kb, "config", "user.email", "ada@example.org")
    gitkb("approve", "raft", "--date", "2026-12-01", "--branch", "review")
    git(kb, "merge", "-q", "review", check=False)
    assert git(kb, "diff", "--name-only", "--diff-filter=U").endswith("approved/concepts/raft.json")
    git(kb, "merge", "--abort")
    gitkb("merge", "review")
    assert _verified(kb, "wiki/concepts/raft.md") == [
        {"by": "human:ada@example.org", "at": "2026-12-01T00:00:00Z"},
        {"by": "human:bob@example.org", "at": AT},
    ]
    assert json.loads(gitkb("check", "--json").out)["state"] == "whole"


def test_a_damaged_approval_is_named_by_check_and_counts_for_nothing(kb: Path, gitkb: Run, git: Git) -> None:
    gitkb("approve", "raft", *DAY)
    (kb / ".gitkb/decisions/approved/concepts/raft.json").write_text("<<<<<<< ours\n{}\n", encoding="utf-8")
    git(kb, "commit", "-qam", "damage")
    problems = json.loads(gitkb("check", "--json", code=4).out)["problems"]
    assert [(each["code"], each["path"]) for each in problems] == [
        ("bad-approval", ".gitkb/decisions/approved/concepts/raft.json")
    ]
    assert json.loads(gitkb("status", "--json").out)["approved"] == 0


def test_a_part_of_a_name_is_not_enough(gitkb: Run) -> None:
    ran = gitkb("approve", "write-ahead", code=2)
    assert "a part of concepts/write-ahead-logging" in ran.err
