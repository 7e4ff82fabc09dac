"""A file that moved is the same document under another name: its commit, its history, its edits, and how it merges."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.small_documents import TEXTS, Git, note, subjects, tree, write

Run = Callable[..., Any]
PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d49484452")
DOCUMENTS = TEXTS | {
    "guide/pictured.md": "# Pictured\n\nA picture is a page of colours. ![dot](dot.png)\n\nSee [recovery](recovery.md).\n"
}
FILES = DOCUMENTS | {"guide/dot.png": PIXEL}


def _events(done: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.out.splitlines()]


def _fresh(run: Run, git: Git, docs: Path, where: Path) -> str:
    """The tree of a new knowledge base of the same folder."""
    assert run("init", where).code == 0 and run("add", docs, "--kb", where, "--jobs", "1").code == 0
    return tree(git, where)


def _is_whole(gitkb: Run, git: Git, kb: Path) -> bool:
    state = json.loads(gitkb("check", "--json").out)["state"]
    return state == "whole" and git(kb, "status", "--porcelain", "--untracked-files=all") == ""


def test_a_renamed_folder_is_the_knowledge_base_of_the_folder_as_it_is_now(
    kb: Path, docs: Path, tmp_path: Path, run: Run, gitkb: Run, git: Git
) -> None:
    (docs / "guide").rename(docs / "manual")
    before = git(kb, "rev-parse", "HEAD")
    dry = _events(gitkb("add", docs, "--dry-run", "--json"))[-1]
    assert git(kb, "rev-parse", "HEAD") == before and git(kb, "status", "--porcelain") == ""
    events = _events(gitkb("add", docs, "--json"))
    moved = {event["before"]: event["document"] for event in events if event.get("outcome") == "renamed"}
    names = ("checkpoints", "pictured", "recovery")
    assert moved == {f"docs/guide/{name}": f"docs/manual/{name}" for name in names}
    assert events[-1]["renamed"] == dry["renamed"] == 3 and events[-1]["added"] == 0
    done = git(kb, "diff", "--name-status", "--no-renames", before, "HEAD").splitlines()
    pages = dry["foreseen"]["pages"]
    foreseen = {f"D\t{path}" for path in dry["foreseen"]["deleted"] + pages["removed"]}
    foreseen |= {f"A\t{path}" for path in dry["foreseen"]["written"] + pages["created"]}
    assert set(done) == foreseen | {f"M\t{path}" for path in pages["changed"]}
    assert tree(git, kb) == _fresh(run, git, docs, tmp_path / "fresh")
    assert "rename docs/guide/recovery -> docs/manual/recovery: Crash recovery" in subjects(git, kb)
    assert _is_whole(gitkb, git, kb)


def test_the_log_of_a_document_goes_back_through_its_names(kb: Path, docs: Path, gitkb: Run, git: Git) -> None:
    for old, new in (("raft.md", "leader.md"), ("leader.md", "guide/raft-again.txt")):
        (docs / old).rename(docs / new)
        gitkb("add", docs)
    entries = json.loads(gitkb("log", "docs/guide/raft-again", "--json").out)
    assert [entry["operation"] for entry in entries] == ["rename", "rename", "add"]
    assert entries[-1]["subject"] == "add docs/raft: Raft"
    assert len(json.loads(gitkb("log", "docs/guide/raft-again", "--json", "-n", "2").out)) == 2
    # Neither a squash nor anything else that leaves only the trees breaks it.
    git(kb, "checkout", "-q", "-b", "squashed", entries[-1]["commit"])
    git(kb, "merge", "-q", "--squash", "main")
    git(kb, "commit", "-qm", "all in one")
    squashed = json.loads(gitkb("log", "docs/guide/raft-again", "--json").out)
    assert [entry["subject"] for entry in squashed] == ["all in one", "add docs/raft: Raft"]


def test_blame_names_the_commit_that_brought_a_claim_before_the_rename(kb: Path, docs: Path, gitkb: Run, git: Git) -> None:
    page = "wiki/concepts/write-ahead-logging.md"
    before = {
        line["text"]: line["commit"] for line in json.loads(gitkb("blame", page, "--json").out)["lines"] if line["document"]
    }
    own = "wiki/summaries/docs/wal.md"
    note(kb, own, "\nMy own thought about [Raft](raft.md).\n")
    git(kb, "commit", "-qam", "a thought")
    thought = git(kb, "rev-parse", "HEAD")
    (docs / "deep").mkdir()
    (docs / "wal.md").rename(docs / "deep" / "wal.md")
    gitkb("add", docs)
    lines = json.loads(gitkb("blame", page, "--json").out)["lines"]
    assert before and {line["text"]: line["commit"] for line in lines if line["document"]} == before
    mine = json.loads(gitkb("blame", "wiki/summaries/docs/deep/wal.md", "--json").out)["lines"]
    assert [line["commit"] for line in mine if "My own thought" in line["text"]] == [thought]


@pytest.mark.parametrize("committed", [False, True])
def test_a_persons_words_come_along(kb: Path, docs: Path, gitkb: Run, git: Git, committed: bool) -> None:
    summary, text = "wiki/summaries/docs/guide/recovery.md", "wiki/sources/docs/guide/recovery.md"
    note(kb, summary, "\n## Notes\n\nAsk Ada; see [Raft](../raft.md).\n")
    (kb / text).write_text((kb / text).read_text("utf-8").replace("consistent state", "sound state"), encoding="utf-8")
    if committed:
        git(kb, "commit", "-qam", "mine")
    (docs / "guide" / "recovery.md").rename(docs / "recovered.md")
    gitkb("add", docs)
    assert "Ask Ada; see [Raft](raft.md)." in (kb / "wiki/summaries/docs/recovered.md").read_text("utf-8")
    moved = (kb / "wiki/sources/docs/recovered.md").read_text("utf-8")
    assert "sound state" in moved and "resource: ../../../raw/docs/recovered.md" in moved
    assert git(kb, "ls-files", ".gitkb/edited").splitlines() == [
        ".gitkb/edited/wiki/sources/docs/recovered.md",
        ".gitkb/edited/wiki/summaries/docs/recovered.md",
    ]
    assert not (kb / summary).exists() and _is_whole(gitkb, git, kb)
    assert ("edit 2 pages" in subjects(git, kb)) is not committed
    # The next version merges with these words as it would have before.
    write(docs, {"recovered.md": DOCUMENTS["guide/recovery.md"].replace("after a crash", "after every crash")})
    gitkb("add", docs)
    again = (kb / "wiki/sources/docs/recovered.md").read_text("utf-8")
    assert "sound state" in again and "Ask Ada" in (kb / "wiki/summaries/docs/recovered.md").read_text("utf-8")


def test_a_persons_links_follow_what_moves_along(kb: Path, docs: Path, gitkb: Run, git: Git) -> None:
    links = "[next](checkpoints.md), [Raft](../raft.md), [text](../../../sources/docs/guide/recovery.md#crash-recovery)"
    note(kb, "wiki/summaries/docs/guide/recovery.md", f"\nMine: {links}.\n")
    (docs / "guide").rename(docs / "deep-guide")
    gitkb("add", docs)
    moved = links.replace("docs/guide/", "docs/deep-guide/")
    assert f"Mine: {moved}." in (kb / "wiki/summaries/docs/deep-guide/recovery.md").read_text("utf-8")
    assert _is_whole(gitkb, git, kb)


@pytest.mark.parametrize("what", ["HEAD~1", "docs/leader", "docs/raft"])
def test_a_rename_is_undone_as_one_change(kb: Path, docs: Path, gitkb: Run, git: Git, what: str) -> None:
    note(kb, "wiki/summaries/docs/raft.md", "\nMy own thought.\n")
    git(kb, "commit", "-qam", "a thought")
    before = tree(git, kb)
    (docs / "raft.md").rename(docs / "leader.md")
    gitkb("add", docs)
    renamed = tree(git, kb)
    gitkb("undo", git(kb, "rev-parse", what) if what == "HEAD~1" else what)
    assert tree(git, kb) == before
    assert "undo rename docs/raft -> docs/leader: Raft" in subjects(git, kb)
    gitkb("undo")
    assert tree(git, kb) == renamed


def test_a_name_in_other_letters_is_the_same_document(kb: Path, docs: Path, gitkb: Run, git: Git) -> None:
    (docs / "raft.md").rename(docs / "Raft.md")
    (docs / "paxos.md").rename(docs / "paxos.markdown")
    gitkb("add", docs)
    record = json.loads((kb / ".gitkb/documents/docs/raft.json").read_text("utf-8"))
    assert record["source"]["path"] == "docs/Raft.md" and _is_whole(gitkb, git, kb)
    assert (kb / "raw/docs/paxos.markdown").exists() and not (kb / "raw/docs/paxos.md").exists()
    assert [subject for subject in subjects(git, kb) if subject.startswith("rename")] == [
        "rename docs/paxos.md -> docs/paxos.markdown: Paxos",
        "rename docs/raft.md -> docs/Raft.md: Raft",
    ]
    assert [entry["operation"] for entry in json.loads(gitkb("log", "docs/raft", "--json").out)] == ["rename", "add"]
    assert _events(gitkb("add", docs, "--json"))[-1]["skipped"] == len(DOCUMENTS)


def test_exchanged_and_shifted_names_keep_every_text(
    kb: Path, docs: Path, tmp_path: Path, run: Run, gitkb: Run, git: Git
) -> None:
    (docs / "raft.md").rename(docs / "aside")
    (docs / "paxos.md").rename(docs / "raft.md")
    (docs / "aside").rename(docs / "paxos.md")
    (docs / "wal.md").rename(docs / "shifted.md")
    (docs / "sqlite.md").rename(docs / "wal.md")
    outcomes = {e["source"]: e["outcome"] for e in _events(gitkb("add", docs, "--prune", "--json")) if e["event"] == "document"}
    assert {outcomes[f"docs/{name}.md"] for name in ("raft", "paxos", "wal")} == {"updated"}
    assert outcomes["docs/shifted.md"] == "added" and outcomes["docs/sqlite.md"] == "removed"
    assert tree(git, kb) == _fresh(run, git, docs, tmp_path / "fresh") and _is_whole(gitkb, git, kb)


def test_a_file_that_is_only_left_out_of_the_scan_is_not_gone(kb: Path, docs: Path, gitkb: Run, git: Git) -> None:
    shutil.copy(docs / "raft.md", docs / "copy-of-raft.md")
    (docs / ".gitignore").write_text("/raft.md\nguide/\n", encoding="utf-8")
    before = tree(git, kb)
    for option in ((), ("--exclude", "paxos.md"), ("--include", "copy*")):
        last = _events(gitkb("add", docs, "--prune", "--json", *option))[-1]
        assert (last["renamed"], last["removed"]) == (0, 0)
    assert tree(git, kb) == before


def test_of_several_files_and_documents_of_the_same_bytes_each_finds_one(kb: Path, docs: Path, gitkb: Run, git: Git) -> None:
    for name in ("aa.md", "b/raft.md", "zz.md"):
        (docs / name).parent.mkdir(exist_ok=True)
        shutil.copy(docs / "raft.md", docs / name)
    assert _events(gitkb("add", docs, "--json"))[-1]["skipped"] == len(DOCUMENTS) + 3
    (docs / "raft.md").unlink()
    events = {e["source"]: e for e in _events(gitkb("add", docs, "--json")) if e["event"] == "document"}
    assert events["docs/b/raft.md"]["before"] == "docs/raft"
    assert {events[f"docs/{name}.md"]["reason"] for name in ("aa", "zz")} == {"same bytes as docs/b/raft"}
    (docs / "b" / "raft.md").unlink()
    gitkb("add", docs, "--prune")
    assert "rename docs/b/raft -> docs/aa: Raft" in subjects(git, kb) and _is_whole(gitkb, git, kb)


def test_prune_shows_what_is_gone_and_removes_it_before_the_one_pages_commit(
    kb: Path, docs: Path, tmp_path: Path, run: Run, gitkb: Run, git: Git
) -> None:
    gitkb("add", write(tmp_path / "notes", {"other.md": "# Other\n\nAnother folder is a place of its own.\n"}))
    (docs / "raft.md").unlink()
    (docs / "guide" / "checkpoints.txt").unlink()
    write(docs, {"new.md": "# New\n\nA new text is a text that was not there.\n"})
    before = git(kb, "rev-parse", "HEAD")
    dry = gitkb("add", docs, "--dry-run")
    assert "removed" not in dry.out and "2 documents whose file is gone stay; --prune removes them." in dry.err
    told = gitkb("add", docs, "--prune", "--dry-run", "-v").out
    assert git(kb, "rev-parse", "HEAD") == before
    assert "gone     docs/guide/checkpoints  (docs/guide/checkpoints.txt)" in told and "delete  raw/docs/raft.md" in told
    events = _events(gitkb("add", docs, "--prune", "--json"))
    gone = [event["document"] for event in events if event["event"] == "gone"]
    assert gone == ["docs/guide/checkpoints", "docs/raft"] and events[-1]["removed"] == 2
    made = subjects(git, kb, f"{before}..")
    assert made[0].startswith("pages: ") and sorted(made[1:]) == [
        "add docs/new: New",
        "remove docs/guide/checkpoints: Checkpoints",
        "remove docs/raft: Raft",
    ]
    (docs / "other").mkdir()
    (tmp_path / "notes").rename(docs / "other" / "notes")
    gitkb("remove", "notes/other")
    gitkb("add", docs)
    assert _is_whole(gitkb, git, kb)


def _foreseen(dry: dict[str, Any]) -> set[str]:
    """What a dry run says of every path, as `git diff --name-status` does."""
    files, pages = dry["foreseen"], dry["foreseen"]["pages"]
    found = {f"D\t{path}" for path in files["deleted"] + pages["removed"]}
    return found | {f"W\t{path}" for path in files["written"] + pages["created"] + pages["changed"]}


def _touched(git: Git, kb: Path, span: str) -> set[str]:
    lines = git(kb, "diff", "--name-status", "--no-renames", span).splitlines()
    return {line if line.startswith("D") else f"W{line[1:]}" for line in lines}


def test_a_dry_run_foresees_every_path_and_leaves_nothing(kb: Path, docs: Path, gitkb: Run, git: Git) -> None:
    (docs / "guide").rename(docs / "manual")
    (docs / "raft.md").unlink()
    write(docs, {"wal.md": f"{TEXTS['wal.md']}\nA checkpoint ends the replay of write-ahead logging.\n"})
    write(docs, {"new.md": "# Leases\n\nA lease is a lock that ends by itself. Raft needs no lease.\n"})
    write(docs, {"copy.md": TEXTS["paxos.md"], "broken.docx": "no document"})
    for page in ("wiki/sources/docs/wal.md", "wiki/concepts/write-ahead-logging.md"):
        note(kb, page, "\nA person's words.")
    before = git(kb, "rev-parse", "HEAD"), git(kb, "for-each-ref"), git(kb, "status", "--porcelain")
    dry = _events(gitkb("add", docs, "--prune", "--dry-run", "--json", code=3))
    aside = _events(gitkb("add", docs, "--prune", "--dry-run", "--json", "--branch", "aside", code=3))[-1]
    assert (git(kb, "rev-parse", "HEAD"), git(kb, "for-each-ref"), git(kb, "status", "--porcelain")) == before
    assert list((kb / ".git/gitkb/runs").iterdir()) == [] and git(kb, "worktree", "list").count("\n") == 0
    done = _events(gitkb("add", docs, "--prune", "--json", code=3))
    assert [(event.get("document"), event.get("outcome")) for event in dry] == [
        (event.get("document"), event.get("outcome")) for event in done
    ]
    assert {event.get("outcome") for event in done} > {"added", "updated", "renamed", "removed", "skipped", "failed"}
    assert _touched(git, kb, f"{before[0]}..HEAD") == _foreseen(dry[-1]) and dry[-1]["pages"] == done[-1]["pages"]
    assert aside["foreseen"]["pages"] == {"created": [], "changed": [], "removed": []}  # only the pages branch has them


def test_a_dry_run_says_each_line_with_dead_links_once_and_not_too_many(kb: Path, docs: Path, gitkb: Run, git: Git) -> None:
    lines = "".join(f"- [one](sources/docs/raft.md), [same](sources/docs/raft.md) of {n}\n" for n in range(25))
    write(kb / "wiki", {"howto.md": f"# How to\n\n{lines}"})
    git(kb, "add", "wiki")
    git(kb, "commit", "-qm", "my page")
    (docs / "raft.md").rename(docs / "leader.md")
    told = [line for line in gitkb("add", docs, "--dry-run").out.splitlines() if line.startswith("link")]
    assert len(told) == 21 and told[-1] == "link    and 5 more lines; -v shows them"
    assert told[0] == "link    wiki/howto.md:3 leads to wiki/sources/docs/raft.md"
    assert "wiki/howto.md:27 leads to" in gitkb("add", docs, "--dry-run", "-v").out


def test_prune_never_empties_a_root_and_leaves_other_roots(kb: Path, docs: Path, tmp_path: Path, gitkb: Run, git: Git) -> None:
    before = git(kb, "rev-parse", "HEAD")
    empty = tmp_path / "mounted" / "docs"
    empty.mkdir(parents=True)
    refused = gitkb("add", empty, "--prune", code=2)
    assert "has no document left" in refused.err and "mounted" in refused.err
    assert "single file" in gitkb("add", docs / "raft.md", "--prune", code=2).err
    gitkb("add", write(tmp_path / "notes", {"a.md": "# A\n\nA note is a short text.\n"}), "--prune")
    assert git(kb, "log", "--format=%s", f"{before}..", "--grep=^remove") == ""


def test_on_a_branch_and_in_a_bare_repository(kb: Path, docs: Path, tmp_path: Path, run: Run, gitkb: Run, git: Git) -> None:
    main = git(kb, "rev-parse", "HEAD")
    (docs / "raft.md").rename(docs / "leader.md")
    (docs / "paxos.md").unlink()
    gitkb("add", docs, "--prune", "--branch", "moved")
    assert git(kb, "rev-parse", "HEAD") == main and git(kb, "status", "--porcelain") == ""
    assert subjects(git, kb, "main..moved") == ["remove docs/paxos: Paxos", "rename docs/raft -> docs/leader: Raft"]
    report = gitkb("diff", "main..moved").out
    assert "renamed" in report
    git(tmp_path, "clone", "-q", "--bare", str(kb), "bare.git")
    assert run("add", docs, "--prune", "--kb", tmp_path / "bare.git", "--jobs", "1").code == 0
    merged = json.loads(gitkb("merge", "moved", "--json").out)
    assert (merged["renamed"], merged["removed"], merged["added"]) == (["docs/leader"], ["docs/paxos"], [])
    assert tree(git, kb) == tree(git, tmp_path / "bare.git") and _is_whole(gitkb, git, kb)


@pytest.mark.parametrize("renamer", ["ours", "theirs"])
def test_words_of_the_other_side_follow_a_rename(kb: Path, docs: Path, gitkb: Run, git: Git, renamer: str) -> None:
    git(kb, "checkout", "-q", "-b", "other")
    note(kb, "wiki/summaries/docs/raft.md", "\n## Notes\n\nAsk Ada; see [wal](wal.md).\n")
    git(kb, "commit", "-qam", "mine")
    git(kb, "checkout", "-q", "main")
    (docs / "deep").mkdir()
    (docs / "raft.md").rename(docs / "deep" / "raft.md")
    gitkb("add", docs)
    if renamer == "theirs":
        git(kb, "branch", "-q", "-m", "main", "aside")
        git(kb, "branch", "-q", "-m", "other", "main")
        git(kb, "checkout", "-q", "main")
    gitkb("merge", "other" if renamer == "ours" else "aside")
    page = (kb / "wiki/summaries/docs/deep/raft.md").read_text("utf-8")
    assert "Ask Ada; see [wal](../wal.md)." in page and "docs/deep/raft.md" in page
    assert not (kb / "wiki/summaries/docs/raft.md").exists() and _is_whole(gitkb, git, kb)


@pytest.mark.parametrize("side", ["ours", "theirs"])
@pytest.mark.parametrize("other", ["rename", "remove"])
def test_a_rename_against_another_change_is_one_conflict(
    kb: Path, docs: Path, tmp_path: Path, gitkb: Run, git: Git, side: str, other: str
) -> None:
    theirs = tmp_path / "theirs" / "docs"
    shutil.copytree(docs, theirs)
    if other == "rename":
        (theirs / "raft.md").rename(theirs / "another.md")
    else:
        (theirs / "raft.md").unlink()
    gitkb("add", theirs, "--prune", "--branch", "other")
    (docs / "raft.md").rename(docs / "leader.md")
    gitkb("add", docs)
    before = tree(git, kb)
    refused = gitkb("merge", "other", code=1).err
    assert tree(git, kb) == before and "document docs/raft" in refused and "rename docs/raft -> docs/leader" in refused
    gitkb("merge", "other", f"--{side}", "docs/raft")
    names = {row["document"]: row for row in json.loads(gitkb("list", "--json").out)}
    left = {"rename": "docs/another", "remove": ""}[other] if side == "theirs" else "docs/leader"
    assert {"docs/raft", "docs/another", "docs/leader"} & names.keys() == ({left} if left else set())
    assert _is_whole(gitkb, git, kb)
