"""Old and new: newer formats are refused by number, older ones migrated in one commit, and versions do not fight over pages."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitkb.api.knowledge_base import KnowledgeBase
from gitkb.branch.migrate import only_migrated
from gitkb.errors import FormatError, NewerFormat
from gitkb.formats import records
from gitkb.formats.settings import parse_settings
from gitkb.formats.versions import FORMATS, Formats, Kind, Step, made_by_newer
from gitkb.model.listener import Listener
from gitkb.wiki.hand_edits import seal, unsealed
from gitkb.wiki.projection import PROJECTION
from tests.support.small_documents import PAGE, WAL, Git, note, subjects, write

pytestmark = pytest.mark.usefixtures("known_as_ada")
Run = Callable[..., Any]
CONFIG, MADE, RECORD = ".gitkb/config.yaml", ".gitkb/pages.json", ".gitkb/documents/docs/raft.json"
NEWEST = FORMATS.newest
MORE = {"zab.md": "# Zab\n\nZab is a broadcast protocol that keeps the order of every change of its leader.\n"}


def _renamed(data: dict[str, Any]) -> dict[str, Any]:
    return {("written_in" if key == "language" else key): value for key, value in data.items()}


def _back(data: dict[str, Any]) -> dict[str, Any]:
    return {("language" if key == "written_in" else key): value for key, value in data.items()}


NEXT = Formats(
    (*FORMATS.steps, Step(NEWEST + 1, "nothing but a test", {Kind.RECORD: _back}, lambda text: f"{text}# from the next format\n"))
)
"""The formats of a version to come, whose records hold `language` where those of today (for this test) hold `written_in`."""


def _commit(git: Git, kb: Path, files: dict[str, str | None], message: str = "another version") -> str:
    for path, text in files.items():
        if text is None:
            (kb / path).unlink()
        else:
            (kb / path).write_text(text, encoding="utf-8")
    git(kb, "add", "-A", *files)
    git(kb, "commit", "-qm", message, "--", *files)
    return git(kb, "rev-parse", "HEAD")


def _older(git: Git, kb: Path) -> str:
    """Makes it what a gitkb of format 1 left: no number of the projection, and settings that a person has commented."""
    text = "# Ours.\nformat: 1   # the format\nlanguage: en\n"
    return _commit(git, kb, {CONFIG: text, MADE: None}, "as it was")


# Newer formats.

READERS = ("search raft", "show docs/raft", "list", "status", "log", "check", "diff", "query raft", "config", f"blame {PAGE}")
WRITERS = ("add more", "remove docs/raft", "undo", "refresh", "migrate", "approve raft", "merge HEAD", "recover")


def test_settings_of_a_newer_format_are_refused_by_every_command(kb: Path, gitkb: Run, git: Git) -> None:
    tip = _commit(git, kb, {CONFIG: f"format: {NEWEST + 7}\nshape: unknown\n"})
    for command in (*READERS, *WRITERS):
        done = gitkb(*command.split(), code=1)
        assert f"format {NEWEST + 7}" in done.err and f"formats 1 to {NEWEST}" in done.err and "Upgrade gitkb" in done.err
        assert git(kb, "rev-parse", "HEAD") == tip and not done.out, command


def test_a_revision_of_a_newer_format_is_refused_too(kb: Path, gitkb: Run, git: Git) -> None:
    git(kb, "checkout", "-q", "-b", "next")
    _commit(git, kb, {CONFIG: f"format: {NEWEST + 7}\n"})
    git(kb, "checkout", "-q", "main")
    before = git(kb, "rev-parse", "HEAD")
    for command in ("search raft --at next", "show docs/raft --at next", "merge next"):
        assert f"format {NEWEST + 7}" in gitkb(*command.split(), code=1).err
    assert git(kb, "rev-parse", "HEAD") == before
    gitkb("status")


def test_a_record_of_a_newer_format_is_an_error_that_names_file_and_number(
    kb: Path, gitkb: Run, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(kb)
    data = json.loads((kb / RECORD).read_text())
    tip = _commit(git, kb, {RECORD: json.dumps(data | {"format": 9})})
    for command in ("list", "show docs/raft", "status", "add ../docs", "refresh", "approve paxos"):
        done = gitkb(*command.split(), code=1)
        assert RECORD in done.err and "format 9" in done.err and "Upgrade gitkb" in done.err, command
    assert git(kb, "rev-parse", "HEAD") == tip
    assert "format 9" in gitkb("check", code=4).out


@pytest.mark.parametrize("number", ["0", "-1", "two", "1.5", "true", "[1]"])
def test_what_is_no_number_of_a_format_is_told(number: str) -> None:
    with pytest.raises(FormatError, match="no number of a format"):
        parse_settings(f"format: {number}\n")


# Older formats.


def test_a_writing_command_migrates_first_in_one_commit_that_changes_no_page(top: Path, kb: Path, gitkb: Run, git: Git) -> None:
    tip = _older(git, kb)
    for command in ("list", "status", "check", "search raft", "show docs/raft", "log", "diff"):
        gitkb(*command.split())
    assert git(kb, "rev-parse", "HEAD") == tip and gitkb("check").out.endswith("is whole.\n")
    done = gitkb("add", write(top / "more", MORE), "--jobs", "1")
    assert f"from format 1 to {NEWEST}" in done.err
    made = subjects(git, kb, f"{tip}..")
    assert made[-2:] == ["add more/zab: Zab", f"migrate: format 1 to {NEWEST}"] and made[0].startswith("pages: ")
    migration = git(kb, "rev-list", f"{tip}..").splitlines()[-1]
    assert git(kb, "show", "--name-only", "--format=", migration) == CONFIG
    assert git(kb, "show", f"HEAD:{CONFIG}") == f"# Ours.\nformat: {NEWEST}   # the format\nlanguage: en"
    assert json.loads(git(kb, "show", f"HEAD:{MADE}")) == {"projection": PROJECTION}
    assert git(kb, "status", "--porcelain") == "" and gitkb("check").out.endswith("is whole.\n")


def test_migrate_by_hand_on_a_branch_and_before_as_a_dry_run(kb: Path, gitkb: Run, git: Git) -> None:
    tip = _older(git, kb)
    git(kb, "branch", "side")
    told = json.loads(gitkb("migrate", "--dry-run", "--json").out)
    assert (told["before"], told["after"], told["files"]) == (1, NEWEST, [CONFIG])
    said = gitkb("remove", "docs/raft", "--dry-run").err
    assert "would be migrated" in said and CONFIG in said
    assert git(kb, "rev-parse", "HEAD") == tip
    gitkb("migrate", "--branch", "side")
    assert git(kb, "rev-parse", "HEAD") == tip and git(kb, "status", "--porcelain") == ""
    assert "Migrated from format 1" in gitkb("migrate").out and "Nothing to migrate" in gitkb("migrate").out
    git(kb, "merge", "-q", "side")  # both sides were migrated: plain git sees no conflict
    assert gitkb("check").out.endswith("is whole.\n")


def test_a_new_branch_that_starts_at_an_older_revision_is_migrated_and_goes_on(top: Path, kb: Path, gitkb: Run, git: Git) -> None:
    tip = _older(git, kb)
    gitkb("add", write(top / "more", MORE), "--jobs", "1", "--branch", "side", "--from", "HEAD")
    assert subjects(git, kb, f"{tip}..side") == ["add more/zab: Zab", f"migrate: format 1 to {NEWEST}"]
    assert git(kb, "rev-parse", "HEAD") == tip and git(kb, "status", "--porcelain") == ""


def test_settings_that_a_person_is_editing_stop_the_migration_by_name(kb: Path, gitkb: Run, git: Git) -> None:
    tip = _older(git, kb)
    (kb / CONFIG).write_text("format: 1\nlanguage: de\n", encoding="utf-8")
    assert CONFIG in gitkb("refresh", code=1).err
    assert git(kb, "rev-parse", "HEAD") == tip and "language: de" in (kb / CONFIG).read_text(encoding="utf-8")
    _commit(git, kb, {CONFIG: "{format: 1}\n"})
    assert f"format: {NEWEST}" in gitkb("refresh", code=1).err


def test_a_migration_is_no_change_that_undo_takes_back(top: Path, kb: Path, gitkb: Run, git: Git) -> None:
    (kb / CONFIG).write_text("language: en\n", encoding="utf-8")  # without a number it is the first format
    git(kb, "commit", "-qam", "settings")
    gitkb("remove", "docs/raft")
    done = json.loads(gitkb("undo", "--json").out)
    assert done["documents"] == ["docs/raft"]
    assert git(kb, "show", f"HEAD:{CONFIG}") == f"format: {NEWEST}\nlanguage: en"


def test_records_of_an_older_form_are_read_as_they_are_and_migrated_in_the_same_commit(kb: Path, git: Git) -> None:
    paths = git(kb, "ls-files", ".gitkb/documents").splitlines()
    known = {path: records.decode((kb / path).read_bytes(), path) for path in paths}
    old = {path: json.dumps(_renamed(json.loads((kb / path).read_text()))) for path in paths}
    tip = _commit(git, kb, dict(old))
    assert {path: records.decode(old[path].encode(), path, NEXT) for path in paths} == known
    base = KnowledgeBase.open(kb)
    assert base.migrate(Listener(), dry_run=True, formats=NEXT).files == tuple(sorted([CONFIG, *paths]))
    done = base.migrate(Listener(), formats=NEXT)
    assert subjects(git, kb, f"{tip}..") == [f"migrate: format {NEWEST} to {NEWEST + 1}"]
    assert (done.before, done.after, done.files) == (NEWEST, NEWEST + 1, tuple(sorted([CONFIG, *paths])))
    assert "# from the next format" in git(kb, "show", f"HEAD:{CONFIG}")
    for path in paths:
        new = (kb / path).read_bytes()
        assert records.decode(new, path, NEXT) == known[path] and f'"format": {NEWEST + 1}'.encode() in new
        assert only_migrated(path, old[path].encode(), new, NEXT) and not only_migrated(path, new, new, NEXT)
        with pytest.raises(NewerFormat, match=f"format {NEWEST + 1}"):
            records.decode(new, path)
    assert base.migrate(Listener(), formats=NEXT).files == ()


def test_a_record_that_cannot_be_read_stays_as_it_is_when_others_are_migrated(kb: Path, git: Git) -> None:
    _commit(git, kb, {RECORD: "{damaged\n"})
    done = KnowledgeBase.open(kb).migrate(Listener(), formats=NEXT)
    assert RECORD not in done.files and (kb / RECORD).read_text() == "{damaged\n"


def test_a_step_that_fails_on_what_somebody_wrote_is_an_error_that_names_the_file() -> None:
    steps = Formats((Step(2, "", {Kind.RECORD: lambda data: {"x": data["missing"]}}),))
    with pytest.raises(Exception, match=r"documents/x\.json is not a valid record: 'missing'"):
        records.decode(b'{"format": 1}', ".gitkb/documents/x.json", steps)


# Two versions.


def _by_another_version(kb: Path, page: str) -> str:
    """A page as another version would have made it: other words under a right seal."""
    text = unsealed((kb / page).read_text(encoding="utf-8")).replace("## What the documents say", "## Claims\n\nAs they stand.")
    assert "As they stand." in text
    return seal(text, "gitkb-extractive/0").decode()


def test_a_page_of_an_older_version_is_replaced_and_not_taken_for_a_hand_edit(kb: Path, gitkb: Run, git: Git) -> None:
    wanted = git(kb, "rev-parse", f"HEAD:{PAGE}")
    _older(git, kb)
    _commit(git, kb, {PAGE: _by_another_version(kb, PAGE)}, "pages: 1 changed")
    done = gitkb("refresh")
    assert git(kb, "rev-parse", f"HEAD:{PAGE}") == wanted and "your words" not in done.err
    assert git(kb, "ls-files", ".gitkb/edited") == "" and not any(line.startswith("edit ") for line in subjects(git, kb))


@pytest.mark.parametrize("committed", [True, False])
def test_of_a_page_edited_under_an_older_version_exactly_the_persons_words_stay(
    kb: Path, gitkb: Run, git: Git, committed: bool
) -> None:
    _older(git, kb)
    fresh = (kb / PAGE).read_text(encoding="utf-8")
    _commit(git, kb, {PAGE: _by_another_version(kb, PAGE)}, "pages: 1 changed")
    note(kb, PAGE, "\n## Notes\n\nOnly these words are mine.\n")
    if committed:
        git(kb, "commit", "-qam", "mine")
    gitkb("refresh")
    page = (kb / PAGE).read_text(encoding="utf-8")
    assert "As they stand." not in page and page.count("Only these words are mine.") == 1
    mine = [line for line in unsealed(page).splitlines() if line.strip() and line not in unsealed(fresh).splitlines()]
    assert mine == ["## Notes", "Only these words are mine."]


def test_pages_of_a_newer_version_are_left_alone_while_documents_still_land(top: Path, kb: Path, gitkb: Run, git: Git) -> None:
    ours = (kb / PAGE).read_text(encoding="utf-8")
    theirs = _by_another_version(kb, PAGE)
    newer = json.dumps({"projection": PROJECTION + 3})
    tip = _commit(git, kb, {PAGE: theirs, MADE: newer}, "pages: 1 changed")
    done = gitkb("add", write(top / "more", MORE), "--jobs", "1")
    assert f"projection {PROJECTION + 3}" in done.err and "upgrade gitkb" in done.err
    gitkb("remove", "docs/raft")
    assert subjects(git, kb, f"{tip}..") == ["remove docs/raft: Raft", "add more/zab: Zab"]
    assert (kb / PAGE).read_text(encoding="utf-8") == theirs and (kb / MADE).read_text() == newer
    for command in ("refresh", "approve paxos"):
        assert f"projection {PROJECTION + 3}" in gitkb(*command.split(), code=1).err
    status = json.loads(gitkb("status", "--json").out)
    assert f"projection {PROJECTION + 3}" in status["newer"] and "newer gitkb" in gitkb("status").out
    assert json.loads(gitkb("check", "--json").out)["state"] == "pending"
    # Somebody with the newest version again: the pages of all documents, in one commit.
    _commit(git, kb, {MADE: json.dumps({"projection": PROJECTION})})
    gitkb("refresh")
    assert gitkb("check").out.endswith("is whole.\n") and "As they stand." not in (kb / PAGE).read_text(encoding="utf-8")
    assert ours != theirs


def test_the_number_rises_with_the_first_pages_commit_and_not_before(top: Path, kb: Path, gitkb: Run, git: Git) -> None:
    _commit(git, kb, {MADE: json.dumps({"projection": PROJECTION - 1})})
    tip = git(kb, "rev-parse", "HEAD")
    gitkb("refresh")
    assert git(kb, "rev-parse", "HEAD") == tip  # nothing differs, so nothing is committed
    gitkb("add", write(top / "more", MORE), "--jobs", "1")
    assert json.loads((kb / MADE).read_text()) == {"projection": PROJECTION}
    (kb / MADE).write_text("{}")
    git(kb, "commit", "-qam", "damage")
    assert MADE in gitkb("refresh", code=1).err
    assert [each["path"] for each in json.loads(gitkb("check", "--json", code=4).out)["problems"]] == [MADE]


def test_a_merge_keeps_the_larger_number(kb: Path, gitkb: Run, git: Git) -> None:
    git(kb, "checkout", "-q", "-b", "side")
    _commit(git, kb, {MADE: json.dumps({"projection": PROJECTION + 3}), "wiki/a.md": "# A\n"})
    git(kb, "checkout", "-q", "main")
    _commit(git, kb, {MADE: json.dumps({"projection": PROJECTION + 1}), "wiki/b.md": "# B\n"})
    gitkb("merge", "side")
    assert json.loads((kb / MADE).read_text()) == {"projection": PROJECTION + 3}


def test_a_document_that_another_version_compiled_is_not_compiled_again(top: Path, kb: Path, gitkb: Run, git: Git) -> None:
    data = json.loads((kb / RECORD).read_text())
    tip = _commit(git, kb, {RECORD: json.dumps(data | {"compiler": "gitkb-extractive/9", "converter": "markdown/9"}, indent=1)})
    assert "Skipped 6 (unchanged)" in gitkb("add", top / "docs", "--jobs", "1").out
    (top / "docs" / "wal.md").write_text(f"{WAL}\nA torn write is a write of which only a part arrived.\n")
    gitkb("add", top / "docs", "--jobs", "1")
    assert json.loads((kb / RECORD).read_text())["compiler"] == "gitkb-extractive/9"
    assert "update docs/wal: Write-ahead logging" in subjects(git, kb, f"{tip}..")


def test_a_newer_version_of_a_maker_is_told_from_another_maker() -> None:
    assert made_by_newer("markdown/10", "markdown/9") and made_by_newer("gitkb-llm/2 gpt-4.1", "gitkb-llm/1 llama3")
    for made in ("markdown/9", "markdown/8", "html/10", "markdown/x", "markdown", ""):
        assert not made_by_newer(made, "markdown/9")
