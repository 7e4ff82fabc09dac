"""Taking back any earlier change, however much came after, and refusing where it was changed since."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.small_documents import DOCUMENTS, PAGE, WAL, Git, note, subjects, tree, write

Run = Callable[..., Any]
SUMMARY = "wiki/summaries/docs/wal.md"
SECOND = WAL.replace("every change is logged", "every single change is logged")
THIRD = SECOND.replace("random ones", "scattered ones")


@pytest.fixture
def state(gitkb: Run) -> Callable[[], str]:
    return lambda: str(json.loads(gitkb("check", "--json").out)["state"])


def head(git: Git, kb: Path, rev: str = "HEAD") -> str:
    return git(kb, "rev-parse", rev)


def test_without_a_name_the_last_change_is_taken_back_and_again_gives_it_back(kb: Path, docs: Path, gitkb: Run, git: Git) -> None:
    before = tree(git, kb)
    write(docs, {"zab.md": "# Zab\n\nZab is an atomic broadcast protocol in which a leader orders all changes of state.\n"})
    gitkb("add", docs)
    after = tree(git, kb)
    done = json.loads(gitkb("undo", "--json").out)
    assert tree(git, kb) == before and git(kb, "status", "--porcelain") == ""
    assert done["documents"] == ["docs/zab"] and done["subject"] == "add docs/zab: Zab" and done["commit"] == head(git, kb)
    gitkb("undo")
    assert tree(git, kb) == after
    assert [line for line in subjects(git, kb)[:5] if not line.startswith("pages")][:2] == [
        "undo remove docs/zab: Zab",
        "undo add docs/zab: Zab",
    ]


@pytest.mark.parametrize("seed", range(3))
def test_what_was_removed_is_given_back_in_any_order(kb: Path, gitkb: Run, git: Git, seed: int) -> None:
    whole, choice = tree(git, kb), random.Random(seed)
    gone = choice.sample(DOCUMENTS, 4)
    commits = [json.loads(gitkb("remove", document, "--json").out)["documents"][0]["commit"] for document in gone]
    back = list(zip(gone, commits, strict=True))
    choice.shuffle(back)
    for document, commit in back:
        gitkb("undo", choice.choice([document, commit]))
    assert tree(git, kb) == whole


def test_an_update_is_taken_back_to_the_version_before(kb: Path, docs: Path, gitkb: Run, git: Git) -> None:
    trees = [tree(git, kb)]
    for text in (SECOND, THIRD):
        write(docs, {"wal.md": text})
        gitkb("add", docs)
        trees.append(tree(git, kb))
    second = head(git, kb, "HEAD~3")
    refused = gitkb("undo", second, code=1).err
    assert "docs/wal was changed since" in refused and head(git, kb, "HEAD~1")[:12] in refused
    assert tree(git, kb) == trees[2]
    gitkb("undo", "docs/wal")
    assert tree(git, kb) == trees[1]
    gitkb("undo", second)
    assert tree(git, kb) == trees[0]


def test_a_document_at_a_revision_is_its_last_change_there(kb: Path, docs: Path, gitkb: Run, git: Git) -> None:
    old = head(git, kb)
    write(docs, {"wal.md": SECOND})
    gitkb("add", docs)
    assert "was changed since" in gitkb("undo", f"docs/wal@{old}", code=1).err
    gitkb("undo", "docs/wal@HEAD")
    gitkb("undo", f"docs/wal@{old}")
    assert "docs/wal" not in gitkb("list").out
    assert "taken back already" in gitkb("undo", f"docs/wal@{old}", code=1).err


@pytest.mark.parametrize("how", ["--squash", "--no-ff"])
def test_one_document_of_a_merged_branch_or_the_whole_branch_is_taken_back(
    kb: Path, docs: Path, gitkb: Run, git: Git, how: str
) -> None:
    write(
        docs, {"zab.md": "# Zab\n\nZab is an atomic broadcast protocol.\n", "vsr.md": "# VSR\n\nVSR is a replication protocol.\n"}
    )
    before, main = tree(git, kb), head(git, kb)
    git(kb, "switch", "-qc", "more")
    gitkb("add", docs)
    git(kb, "switch", "-q", "main")
    gitkb("remove", "docs/raft")
    gitkb("undo")
    git(kb, "merge", "-q", how, *([] if how == "--squash" else ["--no-edit"]), "more")
    if how == "--squash":
        git(kb, "commit", "-qm", "more documents")
    merge = head(git, kb)
    gitkb("refresh")
    both = tree(git, kb)
    gitkb("undo", "docs/zab")
    assert "docs/zab" not in gitkb("list").out and "docs/vsr" in gitkb("list").out
    gitkb("undo", "docs/zab")
    assert tree(git, kb) == both
    told = json.loads(gitkb("undo", merge, "--dry-run", "--json").out)
    done = json.loads(gitkb("undo", merge, "--json").out)
    assert done["documents"] == ["docs/vsr", "docs/zab"] and told["pages"] == done["pages"]
    assert tree(git, kb) == before and main != head(git, kb)


def test_pages_follow_from_documents_and_are_nothing_to_undo(kb: Path, gitkb: Run, git: Git) -> None:
    before = head(git, kb)
    assert "follow from the documents" in gitkb("undo", "HEAD", code=1).err
    first = git(kb, "rev-list", "--max-parents=0", "HEAD")
    assert "made the knowledge base" in gitkb("undo", first, code=1).err
    assert head(git, kb) == before


def test_a_new_knowledge_base_has_nothing_to_undo(tmp_path: Path, run: Run) -> None:
    run("init", tmp_path / "new")
    done = run("undo", "--kb", tmp_path / "new")
    assert done.code == 1 and "Nothing has been changed" in done.err


def test_an_unknown_name_says_so(kb: Path, gitkb: Run) -> None:
    assert "There is no document 'zeppelin'" in gitkb("undo", "zeppelin", code=1).err
    assert "docs/guide/checkpoints, docs/guide/recovery" in gitkb("undo", "guide", code=2).err


def test_a_dry_run_changes_nothing(kb: Path, gitkb: Run, git: Git) -> None:
    before = git(kb, "for-each-ref") + git(kb, "count-objects")
    shown = gitkb("undo", "docs/raft", "--dry-run").out
    assert "delete  raw/docs/raft.md" in shown and "change  wiki/index.md" in shown and "Would have undone" in shown
    assert git(kb, "for-each-ref") + git(kb, "count-objects") == before and git(kb, "status", "--porcelain") == ""


def test_a_reviewer_drops_one_document_from_a_branch(kb: Path, docs: Path, gitkb: Run, git: Git) -> None:
    main = head(git, kb)
    git(kb, "switch", "-qc", "more")
    write(
        docs, {"zab.md": "# Zab\n\nZab is an atomic broadcast protocol.\n", "vsr.md": "# VSR\n\nVSR is a replication protocol.\n"}
    )
    gitkb("add", docs)
    git(kb, "switch", "-q", "main")
    gitkb("undo", "docs/zab", "--branch", "more")
    assert head(git, kb) == main and git(kb, "status", "--porcelain") == ""
    assert subjects(git, kb, "main..more")[0] == "undo add docs/zab: Zab"
    names = git(kb, "diff", "--name-only", "main", "more", "--", "raw").splitlines()
    assert names == ["raw/docs/vsr.md"]


# A person's own changes.


def test_an_edit_is_taken_back_to_the_byte(kb: Path, gitkb: Run, git: Git, state: Callable[[], str]) -> None:
    before = tree(git, kb)
    for page in (PAGE, SUMMARY):
        note(kb, page, "\n## Notes\n\nAsk Ada.\n")
        git(kb, "commit", "-qam", "a note")
        gitkb("undo")
        assert tree(git, kb) == before and state() == "whole"
        gitkb("undo")
        assert "Ask Ada." in (kb / page).read_text(encoding="utf-8") and state() == "whole"
        gitkb("undo")


def test_an_edit_is_taken_back_from_a_page_that_was_projected_anew(kb: Path, docs: Path, gitkb: Run, git: Git) -> None:
    note(kb, PAGE, "\n## Notes\n\nAsk Ada.\n")
    note(kb, SUMMARY, "\nMy own thought.\n")
    git(kb, "commit", "-qam", "notes")
    notes = head(git, kb)
    write(docs, {"wal.md": SECOND})
    gitkb("add", docs)
    edited = tree(git, kb)
    gitkb("undo", notes)
    clean = tree(git, kb)
    assert git(kb, "ls-files", ".gitkb/edited") == ""
    assert "every single change" in (kb / PAGE).read_text(encoding="utf-8")
    gitkb("undo", head(git, kb))
    assert "Ask Ada." in (kb / PAGE).read_text(encoding="utf-8")
    assert "My own thought." in (kb / SUMMARY).read_text(encoding="utf-8")
    assert git(kb, "diff", "--name-only", edited, "HEAD", "--", "wiki") == ""
    gitkb("undo")
    assert tree(git, kb) == clean
    gitkb("undo", "docs/wal")
    assert json.loads(gitkb("check", "--json").out)["state"] == "whole"


def test_an_edited_claim_is_taken_back_as_its_document_is_called_now(kb: Path, docs: Path, gitkb: Run, git: Git) -> None:
    before = (kb / PAGE).read_text(encoding="utf-8")
    (kb / PAGE).write_text(before.replace("every change", "every small change"), encoding="utf-8")
    git(kb, "commit", "-qam", "small changes")
    edit = head(git, kb)
    (docs / "wal.md").rename(docs / "journal.md")
    gitkb("add", docs)
    assert "every small change" in (kb / PAGE).read_text(encoding="utf-8")
    gitkb("undo", edit)
    assert (kb / PAGE).read_text(encoding="utf-8").count("docs/journal.md") == before.count("docs/wal.md")
    assert git(kb, "ls-files", ".gitkb/edited") == ""
    gitkb("undo", "docs/journal")
    assert (kb / PAGE).read_text(encoding="utf-8") == before


def test_undoing_an_update_keeps_a_persons_words_on_the_documents_pages(kb: Path, docs: Path, gitkb: Run, git: Git) -> None:
    note(kb, SUMMARY, "\nMy own thought.\n")
    git(kb, "commit", "-qam", "a thought")
    before = git(kb, "rev-parse", "HEAD:wiki")
    write(docs, {"wal.md": SECOND})
    gitkb("add", docs)
    note(kb, SUMMARY, "\nA second thought.\n")
    gitkb("undo", "docs/wal")
    text = (kb / SUMMARY).read_text(encoding="utf-8")
    assert "My own thought." in text and "A second thought." in text and "every single change" not in text
    assert f"edit {SUMMARY}" in subjects(git, kb) and git(kb, "status", "--porcelain") == ""
    (kb / SUMMARY).write_text(text.replace("\nA second thought.\n", ""), encoding="utf-8")
    git(kb, "commit", "-qam", "one thought less")
    assert git(kb, "rev-parse", "HEAD:wiki") == before


def test_an_added_document_whose_page_was_edited_since_is_not_undone_but_removed(kb: Path, gitkb: Run, git: Git) -> None:
    note(kb, SUMMARY, "\nMy own thought.\n")
    git(kb, "commit", "-qam", "a thought")
    refused = gitkb("undo", "docs/wal", code=1).err
    assert f"{SUMMARY} was changed since, by {head(git, kb)[:12]} (a thought)" in refused
    assert "gitkb remove docs/wal" in refused
    note(kb, "wiki/summaries/docs/raft.md", "\nNot committed.\n")
    assert "not committed" in gitkb("undo", "docs/raft", code=1).err
    assert "Not committed." in (kb / "wiki/summaries/docs/raft.md").read_text(encoding="utf-8")


def test_words_that_others_changed_since_are_not_taken_back(kb: Path, gitkb: Run, git: Git) -> None:
    own = kb / "wiki" / "howto.md"
    commits = []
    for text in (
        "One.\n\nTwo.\n",
        "One.\n\nTwo, and more.\n",
        "One, first.\n\nTwo, and more.\n",
        "One, first.\n\nTwo, and most.\n",
    ):
        own.write_text(text, encoding="utf-8")
        git(kb, "add", "wiki/howto.md")
        git(kb, "commit", "-qm", text.replace("\n", " ").strip())
        commits.append(head(git, kb))
    refused = gitkb("undo", commits[1], code=1).err
    assert f"wiki/howto.md was changed since, by {commits[3][:12]}" in refused and commits[2][:12] in refused
    gitkb("undo", commits[2])
    assert own.read_text(encoding="utf-8") == "One.\n\nTwo, and most.\n"
    gitkb("undo", commits[3])
    gitkb("undo", commits[1])
    assert own.read_text(encoding="utf-8") == "One.\n\nTwo.\n"
    gitkb("undo", commits[0])
    assert not own.exists()


def test_a_decision_is_taken_back_as_a_whole(kb: Path, gitkb: Run, git: Git) -> None:
    decision = kb / ".gitkb" / "decisions" / "same-as" / "wal.json"
    commits = []
    decision.parent.mkdir(parents=True)
    for text in ("{}\n", '{"a": 1}\n'):
        decision.write_text(text, encoding="utf-8")
        git(kb, "add", ".gitkb")
        git(kb, "commit", "-qm", f"decide {text.strip()}")
        commits.append(head(git, kb))
    assert f".gitkb/decisions/same-as/wal.json was changed since, by {commits[1][:12]}" in gitkb("undo", commits[0], code=1).err
    gitkb("undo")
    assert decision.read_text(encoding="utf-8") == "{}\n"
    gitkb("undo", commits[0])
    assert not decision.exists()


def test_a_commit_that_does_not_concern_the_knowledge_base_is_not_its_last_change(kb: Path, gitkb: Run, git: Git) -> None:
    (kb / "code.py").write_text("print()\n", encoding="utf-8")
    git(kb, "add", "code.py")
    git(kb, "commit", "-qm", "code")
    done = json.loads(gitkb("undo", "--json").out)
    assert done["documents"] == ["docs/wal"] and (kb / "code.py").exists()


def test_an_untracked_file_in_the_way_stops_it_by_name(kb: Path, gitkb: Run, git: Git) -> None:
    gitkb("remove", "docs/raft")
    mine = kb / "wiki" / "summaries" / "docs" / "raft.md"
    mine.write_text("mine", encoding="utf-8")
    assert "wiki/summaries/docs/raft.md" in gitkb("undo", code=1).err
    assert mine.read_text(encoding="utf-8") == "mine"


def test_a_large_original_comes_back_too(kb: Path, docs: Path, gitkb: Run, git: Git) -> None:
    write(docs, {"long.txt": "Long\n\n" + "A long text is a text that has more than a million characters in it. " * 20_000})
    gitkb("add", docs)
    before = tree(git, kb)
    gitkb("remove", "docs/long")
    gitkb("undo")
    assert tree(git, kb) == before and git(kb, "status", "--porcelain") == ""
