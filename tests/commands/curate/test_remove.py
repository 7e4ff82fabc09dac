"""Removing documents: what remains is as if they had never come, and nobody's words are lost."""

import json
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.small_documents import DOCUMENTS, PAGE, WAL, Git, note, subjects, tree

Run = Callable[..., Any]


def test_what_remains_is_the_knowledge_base_of_the_other_documents(
    kb: Path, docs: Path, tmp_path: Path, run: Run, gitkb: Run, git: Git
) -> None:
    run("init", tmp_path / "without")
    left_out = ("--exclude", "wal.md", "--exclude", "guide/checkpoints.txt")
    assert run("add", docs, "--kb", tmp_path / "without", "--jobs", "1", *left_out).code == 0
    gitkb("remove", "docs/wal", "docs/guide/checkpoints")
    assert git(kb, "ls-files", ".gitkb/decisions").split() == [
        f".gitkb/decisions/removed/docs/{name}.json" for name in ("guide/checkpoints", "wal")
    ]
    git(kb, "rm", "-rq", ".gitkb/decisions/removed")
    git(kb, "commit", "-qm", "no decisions")
    assert tree(git, kb) == tree(git, tmp_path / "without")
    assert json.loads(gitkb("check", "--json").out)["state"] == "whole"
    assert git(kb, "status", "--porcelain") == ""


@pytest.mark.parametrize("seed", range(3))
def test_adding_and_removing_is_the_identity(kb: Path, gitkb: Run, git: Git, seed: int) -> None:
    order = DOCUMENTS.copy()
    random.Random(seed).shuffle(order)
    trees = []
    for document in order:
        trees.append(tree(git, kb))
        gitkb("remove", document)
    assert git(kb, "ls-files", "raw", ".gitkb/documents", "wiki/sources", "wiki/summaries") == ""
    for document in reversed(order):
        gitkb("undo", document)
        assert tree(git, kb) == trees.pop()


def test_each_document_has_a_commit_of_its_own_and_the_pages_come_last(kb: Path, gitkb: Run, git: Git) -> None:
    before = git(kb, "rev-parse", "HEAD")
    done = json.loads(gitkb("remove", "--json", "docs/raft", "docs/paxos", "docs/raft").out)
    assert subjects(git, kb, f"{before}..")[1:] == ["remove docs/paxos: Paxos", "remove docs/raft: Raft"]
    assert subjects(git, kb)[0].startswith("pages: ")
    assert [each["document"] for each in done["documents"]] == ["docs/raft", "docs/paxos"]
    changed = git(kb, "show", "--name-only", "--format=", done["documents"][0]["commit"]).splitlines()
    assert (
        changed == [".gitkb/decisions/removed/docs/raft.json", *done["documents"][0]["files"]]
        and ".gitkb/documents/docs/raft.json" in changed
    )
    assert done["commit"] == git(kb, "rev-parse", "HEAD")


@pytest.mark.parametrize(
    "name", ["docs/guide/recovery", "docs/guide/recovery.md", "recovery", "wiki/summaries/docs/guide/recovery.md", "Recovery.MD"]
)
def test_a_document_is_found_by_name_path_and_part_that_was_agreed_to(kb: Path, gitkb: Run, name: str) -> None:
    gitkb("remove", name, "--yes")
    assert not (kb / "raw" / "docs" / "guide" / "recovery.md").exists()


def test_an_ambiguous_or_unknown_name_changes_nothing_and_says_what_there_is(kb: Path, gitkb: Run, git: Git) -> None:
    before = git(kb, "rev-parse", "HEAD")
    assert "docs/guide/checkpoints, docs/guide/recovery" in gitkb("remove", "docs/raft", "guide", code=2).err
    assert "'nothing'" in gitkb("remove", "nothing", code=1).err
    gitkb("remove", "", code=1)
    gitkb("remove", PAGE, code=1)
    assert git(kb, "rev-parse", "HEAD") == before and git(kb, "status", "--porcelain") == ""


def test_a_dry_run_tells_what_will_happen_and_changes_nothing(kb: Path, gitkb: Run, git: Git) -> None:
    documents = ("docs/wal", "docs/guide/checkpoints")
    pages = json.loads(gitkb("remove", "--dry-run", "--json", *documents).out)["pages"]["removed"]
    page = next(path for path in pages if not path.endswith("index.md"))
    (kb / "wiki" / "howto.md").write_text(f"See [it]({page.removeprefix('wiki/')}) and [[docs/wal]].\n", encoding="utf-8")
    git(kb, "add", "wiki/howto.md")
    git(kb, "commit", "-qm", "how to")
    before = git(kb, "for-each-ref") + git(kb, "count-objects")
    told = json.loads(gitkb("remove", "--dry-run", "--json", *documents).out)
    shown = gitkb("remove", "--dry-run", *documents).out
    assert git(kb, "for-each-ref") + git(kb, "count-objects") == before and git(kb, "status", "--porcelain") == ""
    links = {(link["page"], link["target"]) for link in told["links"]}
    assert ("wiki/howto.md", page) in links
    assert ("wiki/sources/docs/sqlite.md", "wiki/sources/docs/wal.md") in links
    assert any(page == "wiki/howto.md" and target.endswith("docs/wal.md") for page, target in links)
    assert f"{PAGE}  (3 claims of it)" in shown and f"link    wiki/howto.md:1 leads to {page}" in shown
    done = json.loads(gitkb("remove", "--json", *documents).out)
    assert told["pages"] == done["pages"]
    assert [each["files"] for each in told["documents"]] == [each["files"] for each in done["documents"]]
    assert all(path in shown for path in (*done["pages"]["removed"], *done["documents"][0]["files"]))


def test_a_persons_words_stay_on_a_page_that_nothing_supports_any_more(kb: Path, gitkb: Run, git: Git) -> None:
    whole = tree(git, kb)
    page = note(kb, PAGE, "\n## Notes\n\nAsk Ada about group commit.\n")
    told = json.loads(gitkb("remove", "--dry-run", "--json", *DOCUMENTS).out)["pages"]
    gitkb("remove", *DOCUMENTS)
    text = page.read_text(encoding="utf-8")
    assert "Ask Ada about group commit." in text and "status: deprecated" in text and "every change is logged" not in text
    assert json.loads(gitkb("check", "--json").out)["state"] == "whole"
    assert f"edit {PAGE}" in subjects(git, kb)
    assert PAGE not in told["removed"]
    for document in DOCUMENTS:
        gitkb("undo", document)
    assert "Ask Ada about group commit." in page.read_text(encoding="utf-8")
    assert "every change is logged" in page.read_text(encoding="utf-8") and "deprecated" not in page.read_text(encoding="utf-8")
    gitkb("undo", git(kb, "log", "--format=%H", "--grep", f"^edit {PAGE}"))
    assert tree(git, kb) == whole


@pytest.mark.parametrize("committed", [False, True])
def test_edits_of_a_documents_own_pages_stay_in_the_history(kb: Path, gitkb: Run, git: Git, committed: bool) -> None:
    note(kb, "wiki/summaries/docs/raft.md", "\nMy own thought.\n")
    if committed:
        git(kb, "commit", "-qam", "a thought")
    done = gitkb("remove", "docs/raft")
    assert not (kb / "wiki" / "summaries" / "docs" / "raft.md").exists()
    command = next(line for line in done.err.splitlines() if "git show" in line).partition("git show ")[2]
    assert "My own thought." in git(kb, "show", command)
    gitkb("undo")
    assert "My own thought." in (kb / "wiki" / "summaries" / "docs" / "raft.md").read_text(encoding="utf-8")


def test_the_kept_projection_of_an_edited_page_goes_with_its_document(kb: Path, docs: Path, gitkb: Run, git: Git) -> None:
    note(kb, "wiki/summaries/docs/wal.md", "\nMy own thought.\n")
    (docs / "wal.md").write_text(WAL.replace("every change", "every single change"), encoding="utf-8")
    gitkb("add", docs)
    before = tree(git, kb)
    assert git(kb, "ls-files", ".gitkb/edited") == ".gitkb/edited/wiki/summaries/docs/wal.md"
    gitkb("remove", "docs/wal")
    assert git(kb, "ls-files", ".gitkb/edited") == ""
    gitkb("undo")
    assert tree(git, kb) == before


def test_a_staged_page_of_the_document_stops_the_run_by_name(kb: Path, gitkb: Run, git: Git) -> None:
    note(kb, "wiki/summaries/docs/raft.md", "\nHalf a thought\n")
    git(kb, "add", "wiki")
    before = git(kb, "rev-parse", "HEAD")
    assert "wiki/summaries/docs/raft.md" in gitkb("remove", "docs/raft", code=1).err
    assert git(kb, "rev-parse", "HEAD") == before and git(kb, "diff", "--cached", "--name-only") != ""


def test_a_file_that_a_person_has_deleted_is_no_obstacle(kb: Path, gitkb: Run, git: Git) -> None:
    (kb / "wiki" / "summaries" / "docs" / "raft.md").unlink()
    (kb / "raw" / "docs" / "raft.md").unlink()
    gitkb("remove", "docs/raft")
    assert git(kb, "status", "--porcelain") == ""


def test_on_a_branch_nothing_checked_out_moves(kb: Path, gitkb: Run, git: Git) -> None:
    main = git(kb, "rev-parse", "HEAD")
    done = json.loads(gitkb("remove", "docs/raft", "--branch", "less", "--json").out)
    assert done["branch"] == "less" and done["commit"] == git(kb, "rev-parse", "less")
    assert git(kb, "rev-parse", "HEAD") == main and git(kb, "status", "--porcelain") == ""
    assert subjects(git, kb, "main..less") == ["remove docs/raft: Raft"]
    gitkb("remove", "docs/raft", "--branch", "less", code=1)
    gitkb("remove", "docs/paxos", "--branch", "less")
    git(kb, "merge", "-q", "less")
    assert json.loads(gitkb("check", "--json").out)["state"] == "pending"
    gitkb("refresh")
    merged = tree(git, kb)
    git(kb, "reset", "-q", "--hard", main)
    gitkb("remove", "docs/raft", "docs/paxos")
    assert tree(git, kb) == merged


def test_a_document_whose_record_cannot_be_read_is_removed(kb: Path, gitkb: Run, git: Git) -> None:
    gitkb("remove", "docs/raft")
    whole = tree(git, kb)
    gitkb("undo")
    (kb / ".gitkb" / "documents" / "docs" / "raft.json").write_text("{", encoding="utf-8")
    git(kb, "commit", "-qam", "broken")
    gitkb("remove", "docs/raft")
    assert tree(git, kb) == whole


def test_a_bare_repository_loses_a_document(kb: Path, tmp_path: Path, run: Run, git: Git) -> None:
    subprocess.run(["git", "clone", "-q", "--bare", str(kb), str(tmp_path / "bare.git")], check=True)
    assert run("remove", "docs/raft", "--kb", tmp_path / "bare.git").code == 0
    assert run("undo", "--kb", tmp_path / "bare.git").code == 0
    assert tree(git, tmp_path / "bare.git") == tree(git, kb)
