"""`watch`: what is there, then what changes, each time in a run of its own; and nothing held in between."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from gitkb.api.knowledge_base import KnowledgeBase
from gitkb.cli.commands.sources import Following
from gitkb.errors import UsageError
from gitkb.intake.folder_events import Changes
from gitkb.model.listener import Listener, WatchListener
from gitkb.model.options import AddOptions, WatchOptions
from gitkb.model.results import AddSummary, DocumentResult, Outcome, PageChanges

PATIENCE = 120


class Done(Exception):
    """The story is over."""


class Story(WatchListener):
    """Plays a story: a step is taken when the run before it did what was waited for, or an error was told."""

    def __init__(self, steps: Iterator[str]) -> None:
        self.steps = steps
        self.wanted = ""
        self.happened: list[str] = []
        self.before: list[str] = []
        self.begun = False

    def idle(self, folders: Sequence[Path]) -> None:
        if not self.begun:
            self.begun = True
            self._step()

    def document(self, result: DocumentResult) -> None:
        self.happened.append(f"{result.outcome} {result.source}")

    def ran(self, summary: AddSummary) -> None:
        self._look()

    def message(self, text: str) -> None:
        self.happened.append(text)
        self._look()

    def failed(self, message: str, hint: str) -> None:
        self.happened.append(f"error: {message}")
        self._look()

    def missing_folder(self, folder: Path) -> None:
        self.message(f"missing {folder.name}")

    def _look(self) -> None:
        if self.begun and any(self.wanted in line for line in self.happened):
            self._step()

    def _step(self) -> None:
        self.before, self.happened = self.happened, []
        try:
            self.wanted = next(self.steps)
        except StopIteration:
            raise Done from None


@pytest.fixture
def kb(tmp_path: Path) -> KnowledgeBase:
    KnowledgeBase.init(tmp_path / "kb", listener=Listener())
    return KnowledgeBase.open(tmp_path / "kb")


def play(kb: KnowledgeBase, folder: Path, story: Story) -> None:
    """Watches until the story is over; what does not come in time is named, so that no run waits for ever."""

    def too_late(number: int, frame: object) -> None:
        raise AssertionError(f"{story.wanted!r} did not come within {PATIENCE} s, but: {story.happened}")

    before = signal.signal(signal.SIGALRM, too_late)
    signal.alarm(PATIENCE)
    try:
        with pytest.raises(Done):
            kb.watch([folder], WatchOptions(AddOptions(jobs=1), settle=0.1), story)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_a_watch_adds_what_is_there_and_then_what_changes(kb: KnowledgeBase, tmp_path: Path, write_files: Any, git: Any) -> None:
    docs = write_files(tmp_path / "docs", {"a.md": "# Log\n\nA log is a list of records.\n"})
    top = tmp_path / "kb"

    def nothing_is_held() -> None:
        assert list((top / ".git" / "gitkb" / "runs").iterdir()) == []
        assert git(top, "for-each-ref", "refs/gitkb") == "" and not (top / ".git" / "index.lock").exists()
        with (top / ".git" / "gitkb" / "lock").open("a") as lock:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def steps() -> Iterator[str]:
        assert git(top, "log", "-2", "--format=%s").splitlines()[1] == "add docs/a: Log"
        nothing_is_held()
        (docs / ".b.md.swp").write_text("x")
        (docs / "c.md~").write_text("left over by an editor")
        (docs / "new").mkdir()
        (docs / "new" / "b.md").write_text("# Page\n\nA page is a block of a file.\n")
        yield "added docs/new/b.md"
        nothing_is_held()
        (docs / "a.md").write_text("# Log\n\nA log is a list of records, in order.\n")
        (docs / "bad.txt").write_bytes(b"\0\1\2\xff" * 50)
        yield "failed docs/bad.txt"
        (docs / "d.md").write_text("# Disk\n\nA disk is a device that keeps blocks.\n")
        yield "added docs/d.md"
        assert not any("bad.txt" in line for line in story.before)  # it did not change
        (docs / "bad.txt").write_text("Checkpoints are points in the log.\n")
        yield "added docs/bad.txt"

    story = Story(steps())
    play(kb, docs, story)
    names = git(top, "ls-files", ".gitkb/documents").splitlines()
    assert names == [f".gitkb/documents/docs/{name}.json" for name in ("a", "bad", "d", "new/b")]
    assert "update docs/a: Log" in git(top, "log", "--format=%s")


def test_errors_are_told_and_overcome(kb: KnowledgeBase, tmp_path: Path, write_files: Any, git: Any) -> None:
    docs = write_files(tmp_path / "docs", {"a.md": "# Log\n\nA log is a list of records.\n"})
    top = tmp_path / "kb"

    def steps() -> Iterator[str]:
        (top / ".git" / "MERGE_HEAD").write_text(git(top, "rev-parse", "HEAD"))
        (docs / "b.md").write_text("# Page\n\nA page is a block of a file.\n")
        yield "error: "
        (top / ".git" / "MERGE_HEAD").unlink()
        git(top, "checkout", "-qb", "other")
        (docs / "c.md").write_text("# Lock\n\nA lock is a promise between processes.\n")
        yield "error: Branch other is checked out instead of main"
        git(top, "checkout", "-q", "main")
        docs.rename(tmp_path / "away")
        yield "missing docs"
        (tmp_path / "away").rename(docs)
        yield "added docs/c.md"

    play(kb, docs, Story(steps()))
    assert len(git(top, "ls-tree", "-r", "--name-only", "main", ".gitkb/documents").splitlines()) == 3
    assert git(top, "rev-parse", "other") != git(top, "rev-parse", "main")


def test_moved_files_rename_their_documents_and_deleted_ones_go_with_prune(
    kb: KnowledgeBase, tmp_path: Path, write_files: Any, git: Any
) -> None:
    words = {f"{name}.md": f"# {name}\n\nThe {name} is a part of a database.\n" for name in ("log", "page", "lock")}
    docs = write_files(tmp_path / "docs", words)

    def steps() -> Iterator[str]:
        (docs / "log.md").rename(docs / "journal.md")
        yield "renamed docs/journal.md"
        (docs / "page.md").unlink()
        yield "removed docs/page.md"
        (docs / "lock.md").unlink()
        (docs / "journal.md").unlink()
        yield "error: "
        assert "would remove all 2" in story.happened[-1] if story.happened else "would remove all 2" in story.before[-1]

    story = Story(steps())
    with pytest.raises(Done):
        kb.watch([docs], WatchOptions(AddOptions(jobs=1, prune=True), settle=0.1), story)
    names = git(tmp_path / "kb", "ls-files", ".gitkb/documents").splitlines()
    assert names == [".gitkb/documents/docs/journal.json", ".gitkb/documents/docs/lock.json"]


def test_only_folders_are_watched(kb: KnowledgeBase, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("words")
    with pytest.raises(UsageError, match=r"a\.md is no folder"):
        kb.watch([tmp_path / "a.md"], WatchOptions(), WatchListener())


@pytest.mark.parametrize("poll", [False, True])
def test_a_change_is_told_by_the_system_or_by_looking(tmp_path: Path, poll: bool) -> None:
    (tmp_path / "docs").mkdir()
    with Changes([tmp_path / "docs"], print, poll=poll) as changes:
        (tmp_path / "docs" / "a.docx").write_text("x")
        assert changes.wait(60) == tmp_path / "docs"


def test_what_programs_write_beside_a_file_is_not_told(tmp_path: Path) -> None:
    (tmp_path / "docs" / ".git").mkdir(parents=True)
    with Changes([tmp_path / "docs"], print) as changes:
        (tmp_path / "docs" / ".git" / "index").write_text("x")
        (tmp_path / "docs" / "~$a.docx").write_text("x")
        assert changes.wait(0.3) is None


def test_the_command_prints_json_lines_and_ends_cleanly_on_ctrl_c(
    tmp_path: Path, kb: KnowledgeBase, write_files: Callable[..., Path], git: Any, run: Any
) -> None:
    docs = write_files(tmp_path / "docs", {"a.md": "# Log\n\nA log is a list of records.\n"})
    ran = run("watch", docs, "--kb", "kb", "--dry-run")
    assert ran.code == 0 and "added  docs/a  (docs/a.md)" in ran.out
    command = [sys.executable, "-m", "gitkb", "watch", "docs", "--kb", "kb", "--json", "--settle", "0.1", "--branch", "inbox"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=os.environ)
    assert process.stdout is not None
    events: list[dict[str, Any]] = []
    for line in process.stdout:
        events.append(json.loads(line))
        if events[-1] == {"event": "watching", "folders": ["docs"]}:
            (docs / "b.md").write_text("# Page\n\nA page is a block of a file.\n")
        if events[-1]["event"] == "summary" and any(event.get("source") == "docs/b.md" for event in events):
            (docs / "a.md").unlink()
        if events[-1] == {"event": "staying", "document": "docs/a", "source": "docs/a.md"}:
            docs.rename(tmp_path / "away")
        if events[-1] == {"event": "missing", "folder": "docs"}:
            process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert "Found 1 document: docs/." in err and "1 document whose file" not in err and "docs is gone; it is waited for." in err
    assert process.returncode == 130 and "Stopped. What was committed is kept" in err
    assert [event["outcome"] for event in events if event["event"] == "document"] == ["added", "added"]
    assert list((tmp_path / "kb" / ".git" / "gitkb" / "runs").iterdir()) == []
    assert len(git(tmp_path / "kb", "ls-tree", "-r", "--name-only", "inbox", ".gitkb/documents").splitlines()) == 2
    assert git(tmp_path / "kb", "ls-files", ".gitkb/documents") == ""


def test_a_run_says_what_it_did_and_not_each_time_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    following = Following(json=False)
    following.document(DocumentResult("docs/a", "docs/a.md", Outcome.ADDED))
    following.ran(AddSummary("main", "4be1c02" * 5, added=1, updated=0, skipped=0, failed=0, pages=PageChanges(), seconds=0.5))
    assert capsys.readouterr().out == "Added 1 in 0.5 s.\n"
