"""What people do beside gitkb: edit, stage and add files, by hand and in any editor. Nothing of it is lost or committed by
surprise.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

WAL = """# Write-ahead logging

Write-ahead logging is a technique in which every change is logged before the page is written.

Databases use write-ahead logging because a sequential write is cheaper than many random ones.

## Recovery with write-ahead logging

After a crash, write-ahead logging lets the server replay the changes that the pages have not seen yet.

"""
SQLITE = """# SQLite notes

SQLite has supported write-ahead logging since version 3.7.
With write-ahead logging, readers continue while one writer appends changes to the log.

## Write-ahead logging in practice

In practice write-ahead logging needs shared memory on the machine.
"""
RAFT = """# Raft

Raft is a consensus algorithm that elects one leader, and the leader replicates its log to the followers.
"""
FILES = {"wal.md": WAL, "sqlite.md": SQLITE, "raft.md": RAFT}


Gitkb = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def gitkb(in_process: Gitkb) -> Gitkb:
    """The program, which ends with the exit code that is expected."""

    def call(*arguments: str | Path, code: int = 0) -> "subprocess.CompletedProcess[str]":
        done = in_process(*arguments, *(("--jobs", "1") if arguments[0] == "add" else ()))
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done

    return call


def git(kb: Path, *arguments: str) -> str:
    command = ["git", "-C", str(kb), "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def state(gitkb: Gitkb, kb: Path) -> str:
    return str(json.loads(gitkb("check", "--json", "--kb", kb).stdout)["state"])


@pytest.fixture
def page(kb: Path) -> Path:
    page = kb / "wiki" / "concepts" / "write-ahead-logging.md"
    assert page.is_file(), git(kb, "ls-files")
    return page


def _new_version(docs: Path) -> None:
    text = (
        WAL.replace("every change is logged", "every single change is logged")
        + "The log is truncated by a checkpoint of the server.\n"
    )
    (docs / "wal.md").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("committed", [False, True])
def test_a_persons_words_on_a_page_survive_the_next_ingest(
    gitkb: Gitkb, kb: Path, docs: Path, page: Path, committed: bool
) -> None:
    page.write_text(page.read_text(encoding="utf-8") + "\n## Notes\n\nAsk Ada about group commit.\n", encoding="utf-8")
    if committed:
        git(kb, "commit", "-q", "-am", "a note")
    _new_version(docs)
    gitkb("add", docs, "--kb", kb)
    text = page.read_text(encoding="utf-8")
    assert "Ask Ada about group commit." in text
    assert "every single change is logged" in text and "every change is logged" not in text
    assert git(kb, "status", "--porcelain") == ""
    assert state(gitkb, kb) == "whole"
    subjects = git(kb, "log", "--format=%s").splitlines()
    assert committed or "edit wiki/concepts/write-ahead-logging.md" in subjects


def test_an_update_leaves_nothing_of_the_old_version(gitkb: Gitkb, kb: Path, docs: Path) -> None:
    _new_version(docs)
    gitkb("add", docs, "--kb", kb)
    assert subprocess.run(["git", "-C", kb, "grep", "-q", "every change is logged"], check=False).returncode == 1


def test_staged_work_stays_staged(gitkb: Gitkb, kb: Path, docs: Path) -> None:
    (kb / "mine.txt").write_text("mine", encoding="utf-8")
    git(kb, "add", "mine.txt")
    _new_version(docs)
    gitkb("add", docs, "--kb", kb)
    assert git(kb, "status", "--porcelain") == "A  mine.txt\n"
    assert "mine.txt" not in git(kb, "log", "--name-only", "--format=")


def test_an_untracked_file_in_the_way_stops_the_run_by_name(gitkb: Gitkb, kb: Path, docs: Path) -> None:
    (docs / "new.md").write_text("# New\n\nA new document is a document that was not there before this test.\n", encoding="utf-8")
    mine = kb / "wiki" / "summaries" / "docs" / "new.md"
    mine.write_text("mine", encoding="utf-8")
    done = gitkb("add", docs, "--kb", kb, code=1)
    assert "wiki/summaries/docs/new.md" in done.stderr
    assert mine.read_text(encoding="utf-8") == "mine"
    mine.unlink()
    gitkb("add", docs, "--kb", kb)


def test_a_staged_page_is_not_committed_for_its_author(gitkb: Gitkb, kb: Path, docs: Path, page: Path) -> None:
    page.write_text(page.read_text(encoding="utf-8") + "\n## Notes\n\nHalf a thought\n", encoding="utf-8")
    git(kb, "add", str(page))
    page.write_text(page.read_text(encoding="utf-8") + "and more\n", encoding="utf-8")
    _new_version(docs)
    done = gitkb("add", docs, "--kb", kb, code=1)
    assert "write-ahead-logging.md" in done.stderr
    assert "Half a thought\nand more\n" in page.read_text(encoding="utf-8")
    assert "Half a thought\n" in git(kb, "show", ":wiki/concepts/write-ahead-logging.md")
    git(kb, "commit", "-q", "-am", "my thought")
    gitkb("refresh", "--kb", kb)
    assert "and more" in page.read_text(encoding="utf-8") and state(gitkb, kb) == "whole"


def test_a_page_of_a_persons_own_is_searched_and_left_alone(gitkb: Gitkb, kb: Path, docs: Path) -> None:
    own = kb / "wiki" / "howto.md"
    own.write_text("---\ntype: Note\n---\n\n# How we deploy\n\nThe zeppelin leaves at noon.\n", encoding="utf-8")
    git(kb, "add", "wiki/howto.md")
    git(kb, "commit", "-q", "-m", "how we deploy")
    _new_version(docs)
    gitkb("add", docs, "--kb", kb)
    assert "zeppelin" in own.read_text(encoding="utf-8")
    hits = json.loads(gitkb("search", "zeppelin", "--json", "--kb", kb).stdout)
    assert [hit["page"] for hit in hits] == ["wiki/howto.md"]


def test_a_bare_repository_and_a_clone_of_it(gitkb: Gitkb, tmp_path: Path, docs: Path) -> None:
    gitkb("init", "--bare", tmp_path / "kb.git")
    gitkb("add", docs, "--kb", tmp_path / "kb.git")
    subprocess.run(["git", "clone", "-q", tmp_path / "kb.git", tmp_path / "clone"], check=True)
    assert state(gitkb, tmp_path / "kb.git") == state(gitkb, tmp_path / "clone") == "whole"
    assert json.loads(gitkb("search", "consensus", "--json", "--kb", tmp_path / "kb.git").stdout)


def test_another_branch_carries_documents_and_the_pages_branch_the_pages(gitkb: Gitkb, kb: Path, docs: Path) -> None:
    git(kb, "checkout", "-q", "-b", "ingest")
    (docs / "paxos.md").write_text(
        "# Paxos\n\nPaxos is a consensus algorithm that decides one value among peers.\n", encoding="utf-8"
    )
    gitkb("add", docs, "--kb", kb)
    assert git(kb, "log", "--format=%s", "main..ingest").splitlines() == ["add docs/paxos: Paxos"]
    assert state(gitkb, kb) == "pending"
    git(kb, "checkout", "-q", "main")
    git(kb, "merge", "-q", "--no-edit", "ingest")
    assert state(gitkb, kb) == "pending"
    gitkb("refresh", "--kb", kb)
    assert state(gitkb, kb) == "whole"


def test_every_commit_passes_check(gitkb: Gitkb, kb: Path) -> None:
    for commit in git(kb, "log", "--format=%H").split():
        gitkb("check", "--kb", kb, "--at", commit)


def test_no_configured_identity_is_needed(gitkb: Gitkb, tmp_path: Path, docs: Path) -> None:
    gitkb("init", tmp_path / "kb")
    git(tmp_path / "kb", "config", "user.useConfigOnly", "true")
    gitkb("add", docs, "--kb", tmp_path / "kb")


def test_an_existing_repository_keeps_its_files(gitkb: Gitkb, tmp_path: Path, docs: Path) -> None:
    project = tmp_path / "project"
    subprocess.run(["git", "init", "-q", "-b", "trunk", project], check=True)
    (project / "AGENTS.md").write_text("Be kind.", encoding="utf-8")
    (project / "code.py").write_text("print()\n", encoding="utf-8")
    git(project, "add", ".")
    git(project, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-q", "-m", "first")
    done = gitkb("init", project)
    assert "AGENTS.md" in done.stdout + done.stderr
    assert (project / "AGENTS.md").read_text(encoding="utf-8").startswith("Be kind.\n\n<!-- gitkb: begin -->\n")
    again = gitkb("init", project)
    assert "already" in again.stdout + again.stderr
    gitkb("add", docs, "--kb", project)
    assert state(gitkb, project) == "whole" and git(project, "status", "--porcelain") == ""


@pytest.mark.skipif(sys.platform != "linux", reason="file names of any bytes")
def test_file_names_of_any_kind(gitkb: Gitkb, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    names = [
        b"a b.md",
        b"quote'\".md",
        b"new\nline.md",
        "知識.md".encode(),
        b"bytes-\xff.md",
        b"x" * 252 + b".md",
        b"Case.md",
        b"case.md",
        b"%41.md",
    ]
    for number, name in enumerate(names):
        text = f"# Name {number}\n\nA file name {number} is a sequence of bytes that the system lets people choose.\n"
        Path(os.fsdecode(os.fsencode(docs) + b"/" + name)).write_text(text, encoding="utf-8")
    gitkb("init", tmp_path / "kb")
    done = gitkb("add", docs, "--kb", tmp_path / "kb", "--json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[-1]["added"] == len(names)
    assert state(gitkb, tmp_path / "kb") == "whole"
    again = [json.loads(line) for line in gitkb("add", docs, "--kb", tmp_path / "kb", "--json").stdout.splitlines()]
    assert again[-1]["skipped"] == len(names)


def test_from_a_subfolder_and_the_environment(gitkb: Gitkb, kb: Path, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(kb / "wiki" / "concepts")
    assert len(json.loads(gitkb("list", "--json").stdout)) == 3
    monkeypatch.chdir(docs)
    gitkb("list", code=1)
    monkeypatch.setenv("GITKB_DIR", str(kb))
    assert len(json.loads(gitkb("list", "--json").stdout)) == 3


def test_a_folder_all_of_whose_files_changed_is_the_same_folder(gitkb: Gitkb, kb: Path, tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    for text in ("A log is a file that only grows.", "A log is a file that grows at its end alone."):
        (tmp_path / "book/log.md").write_text(f"# Log\n\n{text}\n", encoding="utf-8")
        gitkb("add", tmp_path / "book", "--kb", kb)


def test_another_folder_of_the_same_name_is_refused(gitkb: Gitkb, kb: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "docs"
    other.mkdir(parents=True)
    (other / "x.md").write_text("# X\n\nAnother folder is a folder that shares no file with the first one.\n", encoding="utf-8")
    assert "--into" in gitkb("add", other, "--kb", kb, code=2).stderr
    gitkb("add", other, "--kb", kb, "--into", "other")


def test_a_failing_document_does_not_stop_the_others(gitkb: Gitkb, kb: Path, docs: Path) -> None:
    (docs / "empty.md").write_text("", encoding="utf-8")
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7 nothing")
    (docs / "fine.md").write_text(
        "# Fine\n\nA fine document is one that converts without any complaint at all.\n", encoding="utf-8"
    )
    events = [json.loads(line) for line in gitkb("add", docs, "--kb", kb, "--json", code=3).stdout.splitlines()]
    outcomes = {event["source"]: event["outcome"] for event in events[:-1]}
    assert (outcomes["docs/empty.md"], outcomes["docs/broken.pdf"], outcomes["docs/fine.md"]) == ("skipped", "failed", "added")
    assert [event["source"] for event in events[:-1]] == sorted(outcomes)
    assert all(event["reason"] for event in events[:-1] if event["outcome"] == "failed")


def test_a_person_who_takes_back_an_edit_leaves_nothing_of_it(gitkb: Gitkb, kb: Path, page: Path) -> None:
    before = page.read_text(encoding="utf-8")
    tree = git(kb, "rev-parse", "HEAD^{tree}")
    page.write_text(before + "\n## Notes\n\nNever mind.\n", encoding="utf-8")
    git(kb, "commit", "-q", "-am", "a note")
    gitkb("refresh", "--kb", kb)
    assert state(gitkb, kb) == "whole" and git(kb, "rev-parse", "HEAD^{tree}") != tree
    page.write_text(before, encoding="utf-8")
    git(kb, "commit", "-q", "-am", "no note")
    gitkb("refresh", "--kb", kb)
    assert state(gitkb, kb) == "whole" and git(kb, "rev-parse", "HEAD^{tree}") == tree
