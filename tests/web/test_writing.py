"""What people decide and write is one commit by the library, said beforehand, and refused in its words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from gitkb import KnowledgeBase
from gitkb.errors import ChangedSince, InTheWay, UsageError
from tests.web.conftest import form_token, send

PAGE = "wiki/concepts/write-ahead-logging.md"
Git = Callable[..., str]


def test_an_approval_is_the_persons_and_can_be_withdrawn(writer: TestClient, kb: Path, git: Git) -> None:
    done = send(writer, "/do/approve", page=PAGE)
    assert "Approved as ada@example.org" in done.text and "approved by ada@example.org" in done.text
    assert git(kb, "log", "-2", "--format=%an %s").count("Ada") == 2
    assert "approved" in writer.get("/pages?approval=approved").text
    assert "withdrawn" in send(writer, "/do/approve", page=PAGE, withdraw="yes").text


def test_two_names_are_made_one_after_it_was_said_what_that_does(writer: TestClient, kb: Path, git: Git) -> None:
    before = git(kb, "rev-parse", "HEAD")
    asked = {"page": PAGE, "other": "Crash recovery", "how": "same"}
    page = writer.get("/decide", params=asked).text
    assert "are the same thing" in page and "Pages that change" in page and git(kb, "rev-parse", "HEAD") == before
    done = send(writer, "/do/decide", **asked)
    assert "are the same" in done.text and "Write-ahead logging is the rule" in done.text
    assert "/wiki/concepts/crash-recovery.md" in str(done.url)


def test_a_name_gets_no_page(writer: TestClient, kb: Path) -> None:
    assert "gets no page" in writer.get("/decide", params={"page": PAGE, "how": "drop"}).text
    assert "has no page any more" in send(writer, "/do/decide", page=PAGE, how="drop").text
    assert "This name has no page, by decision" in (kb / PAGE).read_text(encoding="utf-8")
    assert "Write-ahead logging" not in writer.get("/pages").text


def test_a_document_is_removed_and_comes_back(writer: TestClient, kb: Path) -> None:
    said = writer.get("/remove?name=docs/wal").text
    assert "docs/wal: Write-ahead logging" in said and "Claims that go" in said and (kb / PAGE).exists()
    assert "Removed docs/wal" in send(writer, "/do/remove", name="docs/wal").text
    assert not (kb / "wiki/sources/docs/wal.md").exists()
    assert "remove docs/wal" in writer.get("/undo?what=docs/wal").text
    assert "Taken back" in send(writer, "/do/undo", what="docs/wal").text
    assert (kb / "wiki/sources/docs/wal.md").exists()


def test_a_page_is_edited_with_a_look_beforehand(writer: TestClient, kb: Path, git: Git) -> None:
    before = git(kb, "rev-parse", "HEAD")
    page = writer.get(f"/edit?path={PAGE}").text
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    text = (kb / PAGE).read_text(encoding="utf-8") + "\nA sentence of Ada.\n"
    fields = {"path": PAGE, "seen": seen, "text": text.replace("\n", "\r\n")}
    shown = send(writer, "/do/edit", **fields, preview="yes").text
    assert "So it will read" in shown and "<p>A sentence of Ada.</p>" in shown and git(kb, "rev-parse", "HEAD") == before
    done = send(writer, "/do/edit", **fields, save="yes")
    assert "Saved as" in done.text and "A sentence of Ada." in done.text
    assert "A sentence of Ada." in (kb / PAGE).read_text(encoding="utf-8")
    assert git(kb, "log", "-1", "--format=%an %s", "--", PAGE) == f"Ada edit {PAGE}"
    assert KnowledgeBase.open(kb).check().state == "whole"


def test_a_page_that_changed_meanwhile_is_shown_and_nothing_is_lost(writer: TestClient, kb: Path) -> None:
    base = KnowledgeBase.open(kb)
    seen, text = base.revisions.blob(PAGE), base.show(PAGE).text
    base.write_page(PAGE, text + "\nBen was here.\n", seen)
    for way in ("preview", "save"):
        answer = send(writer, "/do/edit", path=PAGE, seen=seen, text=text + "\nAda was here.\n", **{way: "yes"})
        assert answer.status_code == 409 and "by somebody else meanwhile" in answer.text
        assert "Ben was here." in answer.text and "Ada was here." in answer.text
    assert "Ada" not in base.show(PAGE).text
    new = answer.text.partition('name="seen" value="')[2].partition('"')[0]
    both = send(writer, "/do/edit", path=PAGE, seen=new, text=text + "\nBen was here.\n\nAda was here.\n", save="yes")
    assert both.status_code == 200 and "Ben was here." in both.text


def test_an_edit_goes_nowhere_but_to_pages_and_over_no_uncommitted_words(kb: Path) -> None:
    base = KnowledgeBase.open(kb)
    for path in ("README.md", ".gitkb/config.yaml", "wiki/../x.md", "wiki/.x.md", "wiki/new.md", "wiki/a/../b.md", "wiki/x.txt"):
        with pytest.raises(UsageError):
            base.write_page(path, "text", "")
    with pytest.raises(ChangedSince):
        base.write_page(PAGE, "text", "0" * 40)
    (kb / PAGE).write_text("mine, not committed", encoding="utf-8")
    with pytest.raises(InTheWay):
        base.write_page(PAGE, "text", base.revisions.blob(PAGE))
    assert (kb / PAGE).read_text(encoding="utf-8") == "mine, not committed"


def test_a_note_is_a_page_that_search_finds(writer: TestClient) -> None:
    done = send(writer, "/do/note", title="On flushing", text="Batch the flushes of the zebra log.")
    assert "Saved as notes/on-flushing" in done.text and "Batch the flushes" in done.text
    assert "On flushing" in writer.get("/search?q=zebra").text
    assert send(writer, "/do/note", title="On flushing", text="again").status_code == 409
    assert send(writer, "/do/note", title="///", text="x").status_code == 400


def _followed(writer: TestClient, answer: Any) -> str:
    """The page of a job once it has ended."""
    place = f"{answer.url.path}?part=job"
    for _ in range(2_000):
        page = writer.get(place).text
        if "data-ended" in page:
            return page
    raise AssertionError(page)


def test_files_are_added_on_a_branch_reviewed_thinned_and_merged(writer: TestClient, kb: Path, git: Git) -> None:
    before = git(kb, "rev-parse", "HEAD")
    files = [
        ("files", ("../../raft.md", b"# Raft\n\nRaft is a consensus algorithm that elects one leader for its log.\n")),
        ("files", ("paxos.md", b"# Paxos\n\nPaxos is a consensus algorithm that decides one value among peers.\n")),
        ("files", ("broken.pdf", b"%PDF-1.7 nothing of one")),
    ]
    fields = {"form": form_token(writer), "into": "inbox", "branch": "ingest/one"}
    page = _followed(writer, writer.post("/do/add", data=fields, files=files))
    assert "Added 2" in page and "failed 1" in page and "broken.pdf" in page and "Review ingest/one" in page
    assert git(kb, "rev-parse", "HEAD") == before
    assert "2 to review" in writer.get("/branches").text or "to review" in writer.get("/branches").text
    review = writer.get("/review?head=ingest/one").text
    assert "Raft is a consensus algorithm" in review and "Drop it from this branch" in review
    assert "add inbox/paxos" in writer.get("/undo?what=inbox/paxos&branch=ingest/one").text
    assert "Paxos" not in send(writer, "/do/undo", what="inbox/paxos", branch="ingest/one").text.partition("<h2>Documents")[2]
    page = "wiki/concepts/raft.md"
    assert f"path={page.replace('/', '%2F')}&amp;merged=yes" in writer.get("/review?head=ingest/one").text
    sides = writer.get("/sides", params={"base": "main", "head": "ingest/one", "path": page, "merged": "yes"}).text
    assert "There is no such page here" in sides and "elects one leader" in sides.partition("After the merge")[2]
    merged = send(writer, "/do/merge", branch="ingest/one").text
    assert "Merged ingest/one: 1 added" in merged
    assert (kb / "wiki/summaries/inbox/raft.md").exists() and not (kb / "wiki/summaries/inbox/paxos.md").exists()


def test_what_changed_stands_side_by_side(
    writer: TestClient, kb: Path, git: Git, tmp_path: Path, run: Callable[..., Any]
) -> None:
    file = tmp_path / "wal.md"
    file.write_text((kb / "raw/docs/wal.md").read_text(encoding="utf-8").replace("all earlier", "no earlier"), encoding="utf-8")
    run("add", file, "--into", "docs", "--update", "--branch", "fix", "--kb", kb, "--jobs", "1")
    page = writer.get("/review?head=fix").text
    assert "<del>all</del>" in page and "<ins>no</ins>" in page
    sides = writer.get("/sides?base=main&head=fix&path=wiki/sources/docs/wal.md").text
    assert "all earlier records" in sides and "no earlier records" in sides


def test_a_conflict_of_a_merge_is_told_and_changes_nothing(writer: TestClient, kb: Path, git: Git) -> None:
    base = KnowledgeBase.open(kb)
    git(kb, "branch", "other")
    for branch, word in (("other", "their"), ("", "our")):
        from gitkb.model.options import ChangeOptions

        text = base.revisions.file("wiki/sources/docs/recovery.md").decode().replace("consistent state", f"{word} state")
        base.write_page(
            "wiki/sources/docs/recovery.md",
            text,
            base.revisions.blob("wiki/sources/docs/recovery.md"),
            ChangeOptions(branch=branch),
        )
    before = git(kb, "rev-parse", "HEAD")
    answer = send(writer, "/do/merge", branch="other")
    assert answer.status_code == 409 and "docs/recovery" in answer.text and git(kb, "rev-parse", "HEAD") == before
    merged = send(writer, "/do/merge", branch="other", theirs="docs/recovery")
    assert "Merged other" in merged.text
    assert "their state" in base.revisions.file("wiki/sources/docs/recovery.md").decode()


def test_nothing_to_add_is_said(writer: TestClient) -> None:
    assert "nothing to add" in send(writer, "/do/add", into="x").text
    assert writer.get("/jobs/none").status_code == 404


def test_the_past_cannot_be_changed(writer: TestClient) -> None:
    assert "past cannot be changed" in writer.get("/remove?name=docs/wal&at=HEAD~1").text
