"""`gitkb diff` and `gitkb blame` on real knowledge bases: what a reviewer sees of an ingest, and where a line comes from."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RULE = "Write-ahead logging is the rule that the log record of a change must reach stable storage before the changed page does."
FILES = {
    "wal.md": f"# Write-ahead logging\n\n{RULE}\n\n## Flushing\n\nA flush of the log makes all earlier records durable at once. "
    "Write-ahead logging needs one sequential write for each commit.\n\nSee [recovery](recovery.md).\n",
    "recovery.md": "# Crash recovery\n\nCrash recovery is the process that brings a database back to a consistent state after a "
    "crash. It depends on write-ahead logging.\n\n## Checkpoints\n\nA checkpoint is a point in the log from which crash recovery "
    "can start.\n",
    "paxos.md": "# Paxos\n\nPaxos is a protocol with which a group of machines agrees on one value.\n\n## Leaders\n\nA leader "
    "makes Paxos cheaper because it skips the first phase.\n",
}
PROTOCOL = (
    "# The Paxos protocol\n\nThe Paxos protocol is an agreement protocol that lets a group of machines choose one value.\n\n"
    "## Proposers\n\nA proposer of the Paxos protocol sends a number to all acceptors.\n"
)
MACHINE = (
    "# Machine {0}\n\n## Hall {0}\n\nMachine number {0} was built in the year 190{0} and is painted in colour {0}.\n\n"
    "## Acme Press Company\n\nThe Acme Press Company is a manufacturer of printing machines that has its seat in Leeds. The Acme "
    "Press Company may change the design of any machine.\n"
)
PARTS = {"Flywheel": "rollers", "Crankshaft": "plates", "Gearbox": "drums", "Camshaft": "ink", "Bed": "paper"}
TERMS = "\n".join(
    f"## {name}\n\nThe {name} is a part of a press that moves {other} at a speed which the makers of presses choose.\n"
    for name, other in PARTS.items()
)
WAL = "wiki/concepts/write-ahead-logging.md"
Run = Callable[..., Any]
Git = Callable[..., str]


@pytest.fixture
def top(top: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commands run in it and find the knowledge base by `GITKB_DIR`."""
    monkeypatch.setenv("GITKB_DIR", str(top / "kb"))
    return top


def _first_screen(run: Run, *arguments: str) -> str:
    ran = run("diff", *arguments)
    assert ran.code == 0, ran.err
    return "\n".join(ran.out.splitlines()[:24])


def _report(run: Run, *arguments: str) -> Any:
    ran = run("diff", "--json", *arguments)
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def _rewrite(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def _take_out(git: Git, kb: Path, document: str) -> None:
    """Removes a document's own files and commits that, as a person with git would."""
    paths = [f"raw/{document}.md", f".gitkb/documents/{document}.json"]
    paths += [f"wiki/{folder}/{document}.md" for folder in ("sources", "summaries")]
    git(kb, "rm", "-q", *paths)
    git(kb, "commit", "-q", "-m", f"take {document} out")


def test_what_was_planted_in_three_ingests_is_on_the_first_screen(run: Run, top: Path) -> None:
    _rewrite(top / "docs" / "wal.md", RULE, "The log comes first.")
    assert run("add", "docs").code == 0
    lost = _first_screen(run)
    assert "definition lost" in lost and "concepts/write-ahead-logging" in lost

    (top / "docs" / "protocol.md").write_text(PROTOCOL, encoding="utf-8")
    assert run("add", "docs").code == 0
    double = _first_screen(run)
    assert "duplicate?" in double and "concepts/paxos-protocol" in double, double

    for number in range(1, 5):
        (top / "docs" / f"machine-{number}.md").write_text(MACHINE.format(number), encoding="utf-8")
    assert run("add", "docs").code == 0
    dull = _first_screen(run)
    assert "boilerplate?" in dull and "entities/acme-press-company" in dull
    whole = _first_screen(run, "HEAD~9..")
    assert all(words in whole for words in ("definition lost", "duplicate?", "boilerplate?"))


def test_a_branch_is_compared_with_where_it_left_the_pages_branch(run: Run, git: Git, top: Path) -> None:
    git(top / "kb", "switch", "-q", "-c", "ingest/q3")
    (top / "docs" / "protocol.md").write_text(PROTOCOL, encoding="utf-8")
    assert run("add", "docs").code == 0
    report = _report(run)
    assert report["base"] == git(top / "kb", "rev-parse", "main")
    assert [(item["change"], item["document"]) for item in report["documents"]] == [("added", "docs/protocol")]
    page = next(page for page in report["pages"] if page["path"] == "wiki/concepts/paxos-protocol.md")
    assert page["change"] == "added" and not page["committed"]
    assert page["claims"]["added"][0]["place"]["path"] == "sources/docs/protocol.md"
    git(top / "kb", "switch", "-q", "main")
    assert _report(run, "main..ingest/q3")["pages"] == report["pages"]


def test_a_claim_in_other_words_is_one_change_shown_word_by_word(run: Run, top: Path) -> None:
    _rewrite(top / "docs" / "wal.md", "must reach stable storage", "has to reach stable storage")
    assert run("add", "docs").code == 0
    ran = run("diff")
    assert "the log record of a change [must -> has to] reach stable storage" in ran.out
    assert "1 document changed, 1 claim reworded, 1 page touched." in ran.out
    report = _report(run)
    assert [item["concern"] for item in report["attention"]] == ["changed-definition"]
    assert report["pages"][0]["claims"]["lost"] == []


def test_a_removed_document_shows_what_goes_with_it_and_the_links_that_break(run: Run, git: Git, top: Path) -> None:
    kb = top / "kb"
    (kb / "wiki" / "reading.md").write_text("# Reading\n\n[Recovery](concepts/crash-recovery.md)\n", encoding="utf-8")
    git(kb, "add", "wiki/reading.md")
    git(kb, "commit", "-q", "-m", "a page of ours")
    _take_out(git, kb, "docs/recovery")
    report = _report(run, "HEAD~")
    assert [item["change"] for item in report["documents"]] == ["removed"]
    assert {"page": "wiki/reading.md", "target": "wiki/concepts/crash-recovery.md"} in report["broken"]
    assert {"page": "wiki/sources/docs/wal.md", "target": "wiki/sources/docs/recovery.md"} in report["broken"]
    assert "link broken" in _first_screen(run, "HEAD~")
    assert _report(run, "HEAD..HEAD~")["mended"] == report["broken"]


def test_people_s_pages_and_edits_are_named_and_generated_ones_are_not(run: Run, git: Git, top: Path) -> None:
    kb = top / "kb"
    with (kb / WAL).open("a", encoding="utf-8") as page:
        page.write("\n## Notes\n\nWe disagree.\n")
    (kb / "wiki" / "ours.md").write_text("# Ours\n", encoding="utf-8")
    git(kb, "add", "wiki")
    git(kb, "commit", "-q", "-m", "notes")
    (top / "docs" / "protocol.md").write_text(PROTOCOL, encoding="utf-8")
    assert run("add", "docs").code == 0
    edited = {item["path"]: (item["change"], item["gained"], item["lost"]) for item in _report(run, "HEAD~3..")["edited"]}
    assert edited["wiki/ours.md"] == ("added", 1, 0)
    assert edited[WAL][0] == "changed" and edited[WAL][1] >= 2
    assert set(edited) == {"wiki/ours.md", WAL}


def test_a_page_that_was_approved_and_loses_a_claim_comes_first(run: Run, git: Git, top: Path) -> None:
    kb = top / "kb"
    _rewrite(kb / WAL, "type: Concept\n", "type: Concept\nverified: {by: Ada, on: 2026-09-02}\n")
    git(kb, "commit", "-q", "-am", "approve")
    _rewrite(top / "docs" / "wal.md", "Write-ahead logging needs one sequential write for each commit.", "It is quick.")
    assert run("add", "docs").code == 0
    first = _report(run)["attention"][0]
    assert first["concern"] == "lost-approval" and "2026-09-02" in first["message"]


def test_no_difference_says_so(run: Run, top: Path) -> None:
    ran = run("diff", "HEAD..HEAD")
    assert ran.code == 0
    assert "No document differs" in ran.out


def test_an_unknown_revision_is_an_error_that_names_it(run: Run, top: Path) -> None:
    ran = run("diff", "nowhere..HEAD")
    assert ran.code == 1 and "nowhere" in ran.err


def test_markdown_links_the_commit_on_the_hosting_service(run: Run, git: Git, top: Path) -> None:
    git(top / "kb", "remote", "add", "origin", "https://ada:secret@github.com/team/kb.git")
    ran = run("diff", "--format", "markdown")
    head = git(top / "kb", "rev-parse", "HEAD")
    assert f"[Crash recovery](https://github.com/team/kb/blob/{head}/wiki/summaries/docs/recovery.md)" in ran.out
    assert f"(https://github.com/team/kb/blob/{head}/{WAL})" in ran.out
    assert "secret" not in ran.out


def test_the_upstream_is_what_a_pages_branch_is_compared_with(run: Run, git: Git, top: Path) -> None:
    git(top, "clone", "-q", "--bare", "kb", "shared.git")
    git(top / "kb", "remote", "add", "origin", "../shared.git")
    git(top / "kb", "fetch", "-q")
    git(top / "kb", "branch", "-q", "--set-upstream-to=origin/main")
    for number in (1, 2):
        (top / "docs" / f"protocol-{number}.md").write_text(f"{PROTOCOL}\nNumber {number}.\n", encoding="utf-8")
        assert run("add", "docs").code == 0
    report = _report(run)
    assert report["base"] == git(top / "kb", "rev-parse", "origin/main")
    assert len(report["documents"]) == 2


def test_diff_writes_nothing(run: Run, git: Git, top: Path) -> None:
    before = git(top / "kb", "status", "--porcelain"), git(top / "kb", "for-each-ref")
    assert run("diff", "HEAD~2..").code == 0
    assert (git(top / "kb", "status", "--porcelain"), git(top / "kb", "for-each-ref")) == before


def _blamed(run: Run, name: str) -> list[Any]:
    ran = run("blame", name, "--json")
    assert ran.code == 0, ran.err
    return list(json.loads(ran.out)["lines"])


def test_blame_tells_document_place_commit_and_compiler_of_each_claim(run: Run, git: Git, top: Path) -> None:
    line = _blamed(run, "write-ahead-logging")[0]
    assert line["text"] == RULE
    assert (line["document"], line["place"], line["source"]) == ("docs/wal", "Write-ahead logging", "docs/wal.md")
    assert line["compiler"].startswith("gitkb-extractive/")
    assert git(top / "kb", "log", "-1", "--format=%s", line["commit"]) == "add docs/wal: Write-ahead logging"
    shown = run("blame", f"concepts/write-ahead-logging:{line['line']}").out
    assert shown.startswith(f"{line['line']}: {RULE[:40]}") and line["commit"][:7] in shown


def test_blame_keeps_the_commit_of_a_sentence_that_an_update_left_alone(run: Run, git: Git, top: Path) -> None:
    _rewrite(top / "docs" / "wal.md", "needs one sequential write", "needs a single sequential write")
    assert run("add", "docs").code == 0
    subjects = {line["text"]: git(top / "kb", "log", "-1", "--format=%s", line["commit"]) for line in _blamed(run, WAL)}
    assert subjects[RULE].startswith("add docs/wal")
    assert subjects["Write-ahead logging needs a single sequential write for each commit."].startswith("update docs/wal")


@pytest.mark.parametrize("way", ["squash", "rebase"])
def test_blame_has_an_answer_right_after_a_squash_or_rebase_merge(run: Run, git: Git, top: Path, way: str) -> None:
    kb = top / "kb"
    git(kb, "switch", "-q", "-c", "ingest/q3")
    (top / "docs" / "protocol.md").write_text(PROTOCOL, encoding="utf-8")
    assert run("add", "docs").code == 0
    git(kb, "switch", "-q", "main")
    git(kb, "commit", "-q", "--allow-empty", "-m", "meanwhile")
    if way == "squash":
        git(kb, "merge", "-q", "--squash", "ingest/q3")
        git(kb, "commit", "-q", "-m", "ingest q3 (#7)")
    else:
        git(kb, "rebase", "-q", "main", "ingest/q3")
        git(kb, "switch", "-q", "main")
        git(kb, "merge", "-q", "--ff-only", "ingest/q3")
    merged = git(kb, "rev-parse", "HEAD")
    assert run("refresh").code == 0
    lines = _blamed(run, "concepts/paxos-protocol")
    assert lines and {line["commit"] for line in lines} == {merged}


def test_blame_names_the_person_who_wrote_a_line(run: Run, git: Git, top: Path) -> None:
    kb = top / "kb"
    with (kb / WAL).open("a", encoding="utf-8") as page:
        page.write("\n## Notes\n\nWe disagree.\n")
    git(kb, "commit", "-q", "-am", "a note")
    mine = git(kb, "rev-parse", "HEAD")
    _rewrite(top / "docs" / "wal.md", "needs one sequential write", "needs a single sequential write")
    assert run("add", "docs").code == 0
    note = next(line for line in _blamed(run, WAL) if line["text"] == "We disagree.")
    assert (note["commit"], note["document"], note["author"]) == (mine, "", "Ada Tester <ada@example.org>")


def test_blame_of_a_line_that_is_not_there_names_how_many_there_are(run: Run, top: Path) -> None:
    ran = run("blame", "concepts/write-ahead-logging:9999")
    assert ran.code == 1 and "9999" in ran.err


PAGE = """# Rule {n}

Rule {n} is the {name} rule of the house, and this sentence tells what it is about in more words than are needed.

Everybody who works in hall {n} gets {days} days of rest, counted from the first of the month in which the work began.

Visitors must ask the porter of hall {n} before they go in, and should leave by the same door.

## Costs of rule {n}

The yearly fee is ${fee}.50 a head and is paid by the office of hall {n}.

## Exceptions to rule {n}

Nobody may open the gate of hall {n} at night. The {name} guard keeps the only key.
"""
NAMES = (
    "amber brass cedar delta ember flint grove heron iris jade kelp larch maple north opal pine quartz reed slate topaz".split()
)


def test_every_change_planted_in_twenty_pages_is_on_the_first_screen(run: Run, top: Path) -> None:
    folder = top / "rules"
    folder.mkdir()
    for n, name in enumerate(NAMES, 40):
        text = PAGE.format(n=n, name=name, days=n + 60, fee=n * 7)
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    assert run("add", "rules").code == 0
    seen = []
    for n, name in enumerate(NAMES, 40):
        file = folder / f"{name}.md"
        _rewrite(file, "in more words than are needed", "in as many words as it takes")
        kind = n % 4
        if kind == 0:
            _rewrite(file, f"{n + 60} days", f"{n + 6} days")
            seen.append(f"[{n + 60} -> {n + 6}]")
        elif kind == 1:
            _rewrite(file, f"${n * 7}.50", f"${n * 70}.50")
            seen.append(f"[${n * 7}.50 -> ${n * 70}.50]")
        elif kind == 2:
            _rewrite(file, f"hall {n} before", f"hall {n} not before")
            seen.append(f"{name}")
        else:
            file.write_text(file.read_text(encoding="utf-8").partition(f"## Exceptions to rule {n}")[0], encoding="utf-8")
            seen.append(f'section gone: "Exceptions to rule {n}"')
    assert run("add", "rules").code == 0
    ran = run("diff")
    screen = ran.out.partition("\nDetails\n")[0]
    assert screen.count("\n") <= 40 and screen.startswith("before the last run")
    assert [words for words in seen if words not in screen] == []
    assert screen.count("[+not]") == 5
    assert all("not before" not in line for line in screen.splitlines())


def test_a_policy_shows_its_numbers_in_text_markdown_and_json(run: Run, top: Path, git: Git) -> None:
    git(top / "kb", "remote", "add", "origin", "https://github.com/team/kb.git")
    _rewrite(top / "docs" / "paxos.md", "skips the first phase", "needs 2 phases and never 3")
    assert run("add", "docs").code == 0
    changed = "it [skips the first phase -> needs 2 phases and never 3]."
    assert changed in _first_screen(run)
    found = run("diff", "--format", "markdown").out
    assert "~~skips the first phase~~ **needs 2 phases and never 3**" in found
    base, head = (git(top / "kb", "rev-parse", rev) for rev in ("HEAD~2", "HEAD"))
    assert f"([diff](https://github.com/team/kb/compare/{base}..{head}#diff-" in found
    (document,) = _report(run)["documents"]
    (change,) = document["text"]["changes"]
    assert (change["weight"], change["section"], document["path"]) == ("number", "Leaders", "wiki/sources/docs/paxos.md")
    assert 0.1 < document["text"]["share"] < 0.5


def test_claims_that_are_counted_can_be_read_and_edits_show_their_words(run: Run, top: Path, git: Git) -> None:
    _rewrite(top / "docs" / "recovery.md", "brings a database back", "returns a database")
    assert run("add", "docs").code == 0
    page = top / "kb" / WAL
    page.write_text(page.read_text(encoding="utf-8") + "\n## Notes\n\nWe keep 14 days of logs.\n", encoding="utf-8")
    git(top / "kb", "commit", "-qam", "a note")
    _rewrite(page, "14 days", "4 days")
    git(top / "kb", "commit", "-qam", "another number")
    out = run("diff", "HEAD~").out
    assert "We keep [14 -> 4] days of logs." in out.partition("Details")[0]
    ran = run("diff", "HEAD~4", "--format", "markdown").out
    assert "- reworded: " in ran and "~~brings~~ **returns** a database" in ran and "We keep 4 days of logs." in ran


def test_new_documents_show_their_description_and_three_claims(run: Run, top: Path) -> None:
    (top / "docs" / "protocol.md").write_text(PROTOCOL, encoding="utf-8")
    assert run("add", "docs").code == 0
    (document,) = _report(run)["documents"]
    assert document["description"].startswith("The Paxos protocol is an agreement protocol") and 1 <= len(document["best"]) <= 3
    out = run("diff").out
    screen, _, details = out.partition("\nDetails\n")
    claim = document["best"][0]["text"]
    assert document["description"] in screen and claim[:60] in screen
    assert f"  {claim}" in details  # its whole text, as it is short


def test_a_document_that_moved_and_was_edited_is_one_change_with_its_words(run: Run, git: Git, top: Path) -> None:
    _rewrite(top / "docs" / "recovery.md", "can start.\n", "can start.\n\nIt keeps 3 checkpoints.\n\nThe log is cut behind it.\n")
    assert run("add", "docs").code == 0
    before = git(top / "kb", "rev-parse", "HEAD")
    _rewrite(top / "docs" / "recovery.md", "It keeps 3 checkpoints.", "It keeps 8 checkpoints.")
    (top / "docs" / "recovery.md").rename(top / "docs" / "restart.md")
    assert run("add", "docs", "--prune").code == 0
    report = _report(run, f"{before}..")
    changed = [(each["change"], each["before"], each["document"]) for each in report["documents"] if each["change"] != "changed"]
    assert changed == [("renamed", "docs/recovery", "docs/restart")]
    assert "It keeps [3 -> 8] checkpoints." in _first_screen(run, f"{before}..")
    assert not any(each["claims"]["lost"] for each in report["documents"])


def test_a_definition_that_is_denied_now_is_told_as_that(run: Run, top: Path) -> None:
    _rewrite(top / "docs" / "paxos.md", "Paxos is a protocol", "Paxos is not a protocol")
    assert run("add", "docs").code == 0
    told = [each["message"] for each in _report(run)["attention"] if each["concern"] == "lost-definition"]
    assert told
    assert all(message.startswith("Paxos says otherwise now: Paxos is [+not] a protocol") for message in told), told


def test_a_short_new_document_is_shown_whole_and_of_a_long_one_what_is_in_it(run: Run, top: Path) -> None:
    (top / "docs" / "note.md").write_text("# A note\n\nKeep tapes for 90 days.\n\nAsk Dana first.\n", encoding="utf-8")
    (top / "docs" / "halls.md").write_text("# Halls\n\n" + PROTOCOL.replace("# ", "## ") * 9 + TERMS, encoding="utf-8")
    assert run("add", "docs").code == 0
    out = run("diff").out
    assert "\n  * The " in out.partition("\nDetails\n")[2]
    assert "  Keep tapes for 90 days.\n" in out
    assert "  Ask Dana first.\n" in out
    assert "Headings: The Paxos protocol, Proposers" in out
    assert re.search(r"and \d+ claims? more: gitkb show docs/halls --at [0-9a-f]{10}\n", out)
    markdown = run("diff", "--format", "markdown").out
    assert "> Ask Dana first." in markdown


def test_versions_of_one_document_are_told_once_for_all_their_pages(run: Run, top: Path) -> None:
    for number in range(5):
        (top / "docs" / f"handbook-{number}.md").write_text(
            f"# Handbook {number}\n\nEdition {number}.\n\n{TERMS}", encoding="utf-8"
        )
    assert run("add", "docs").code == 0
    items = [each for each in _report(run)["attention"] if each["concern"] == "boilerplate"]
    assert [len(each["paths"]) for each in items] == [4]
    assert "and 2 more: documents may be versions of one another" in run("diff").out
