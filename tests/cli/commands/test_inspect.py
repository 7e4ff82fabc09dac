"""What the reading commands print, for people and for programs."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_list_has_one_line_a_document(run: Callable[..., Any], kb: Path) -> None:
    lines = run("list", "--kb", kb).out.splitlines()
    assert [line.split()[0] for line in lines] == ["docs/guide/checkpoints", "docs/recovery", "docs/wal"]
    assert lines[2].endswith("Write-ahead logging")


def test_list_as_json_says_where_each_document_comes_from(run: Callable[..., Any], kb: Path) -> None:
    rows = json.loads(run("list", "--json", "--kb", kb).out)
    known = {"document", "title", "source", "sha256", "media_type", "source_pages", "commit", "url", "origin"}
    known.add("changed_since_approval")
    assert all(set(row) == known for row in rows)
    row = rows[2]
    assert (row["document"], row["source"]) == ("docs/wal", "docs/wal.md")
    assert re.fullmatch("[0-9a-f]{64}", row["sha256"]) and re.fullmatch("[0-9a-f]{40}", row["commit"])


def test_list_at_an_older_revision(run: Callable[..., Any], git: Callable[..., str], kb: Path) -> None:
    root = git(kb, "rev-list", "--max-parents=0", "HEAD")
    assert json.loads(run("list", "--json", "--at", root, "--kb", kb).out) == []


def test_show_prints_the_page_as_it_is_stored(run: Callable[..., Any], kb: Path) -> None:
    ran = run("show", "docs/wal", "--kb", kb)
    assert ran.code == 0
    assert ran.out == (kb / "wiki" / "summaries" / "docs" / "wal.md").read_text(encoding="utf-8")


def test_show_says_why_the_title_is_the_title_when_asked(run: Callable[..., Any], kb: Path) -> None:
    ran = run("show", "docs/wal", "-v", "--kb", kb)
    assert ran.err == "Why “Write-ahead logging” is its title: heading 1 that opens the text.\n"
    assert run("show", "docs/wal", "--kb", kb).err == ""


def test_show_as_json_has_the_record(run: Callable[..., Any], kb: Path) -> None:
    shown = json.loads(run("show", "docs/wal", "--json", "--kb", kb).out)
    assert set(shown) == {"path", "text", "record"}
    assert shown["path"] == "wiki/summaries/docs/wal.md"
    assert shown["record"]["title"] == "Write-ahead logging"


def test_show_names_the_candidates_of_an_ambiguous_name(run: Callable[..., Any], kb: Path) -> None:
    ran = run("show", "docs/", "--kb", kb)
    assert ran.code == 2
    assert "docs/wal" in ran.err and "docs/recovery" in ran.err


def test_status_says_where_things_stand(run: Callable[..., Any], kb: Path) -> None:
    assert re.match(r"main is at [0-9a-f]{7}: 3 documents, \d+ shared pages?\.\n$", run("status", "--kb", kb).out)
    status = json.loads(run("status", "--json", "--kb", kb).out)
    assert (status["branch"], status["documents"], status["state"]) == ("main", 3, "whole")
    assert status["runs"] == status["living"] == status["edited"] == []


def test_status_names_pages_edited_by_hand(run: Callable[..., Any], top: Path) -> None:
    page = top / "kb" / "wiki" / "summaries" / "docs" / "wal.md"
    page.write_text(page.read_text(encoding="utf-8") + "\n## Notes\n\nMine.\n", encoding="utf-8")
    assert "Edited by hand, not yet committed: wiki/summaries/docs/wal.md" in run("status", "--kb", top / "kb").out


def test_status_judges_pending_pages_by_the_branch(run: Callable[..., Any], git: Callable[..., str], top: Path) -> None:
    kb = top / "kb"
    git(kb, "switch", "-qc", "side")
    (top / "docs" / "new.md").write_text("# Quorum\n\nA quorum is a set of machines that overlaps with every other one.\n")
    assert run("add", top / "docs", "--kb", kb).code == 0

    def state(*arguments: str) -> tuple[str, str]:
        found = json.loads(run("status", "--json", "--kb", kb, *arguments).out)
        return found["branch"], found["state"]

    assert state() == ("side", "whole")  # no pages are made on this branch
    git(kb, "branch", "-f", "main", "side")
    assert [state("--at", at) for at in ("main", "main~1", "side")] == [
        ("main", "pending"),
        ("main~1", "whole"),
        ("side", "whole"),
    ]
    git(kb, "switch", "-q", "main")
    git(kb, "commit", "-q", "--allow-empty", "-m", "mine")
    assert state("--at", "HEAD~1") == ("HEAD~1", "pending")


def test_status_of_a_detached_head_judges_the_commit(run: Callable[..., Any], git: Callable[..., str], kb: Path) -> None:
    git(kb, "checkout", "-q", "--detach")
    assert run("status", "--kb", kb).out.startswith("No branch is checked out; HEAD is at ")
    assert json.loads(run("status", "--json", "--kb", kb).out)["state"] == "whole"


def test_blame_tells_what_gitkb_made_from_what_a_person_wrote(run: Callable[..., Any], git: Callable[..., str], kb: Path) -> None:
    page = sorted((kb / "wiki/concepts").glob("[!i]*.md"))[0]
    lines = page.read_text().splitlines()
    page.write_text(page.read_text() + "\n## Notes\n\nMine.\n")
    git(kb, "commit", "-qam", "mine")
    name = f"concepts/{page.stem}"

    def told(line: int) -> str:
        return str(run("blame", f"{name}:{line}", "--kb", kb).out)

    assert "generated, not a claim" in told(lines.index("") + 1)
    assert "generated, not a claim" in told(lines.index(next(line for line in lines if line.startswith("# "))) + 1)
    assert "written by hand" in told(len(lines) + 4)


def test_log_is_newest_first_and_can_be_limited(run: Callable[..., Any], git: Callable[..., str], kb: Path) -> None:
    lines = run("log", "--kb", kb).out.splitlines()
    assert [line.split()[0] for line in lines] == git(kb, "log", "--format=%h", "--abbrev=7").splitlines()
    assert run("log", "-n", "2", "--kb", kb).out.splitlines() == lines[:2]


def test_log_of_a_document_has_its_own_commits(run: Callable[..., Any], kb: Path) -> None:
    entries = json.loads(run("log", "docs/wal", "--json", "--kb", kb).out)
    assert [(entry["operation"], entry["document"]) for entry in entries] == [("add", "docs/wal")]
    assert set(entries[0]) == {"commit", "time", "author", "subject", "operation", "document", "agent"}


def test_search_prints_page_line_and_snippet(run: Callable[..., Any], kb: Path) -> None:
    ran = run("search", "write-ahead", "logging", "--kb", kb)
    assert ran.code == 0
    page, line = re.match(r"(wiki/\S+\.md):(\d+)  ", ran.out).groups()  # type: ignore[union-attr]
    assert int(line) <= len((kb / page).read_text(encoding="utf-8").splitlines())


def test_search_as_json_has_one_result_a_page_best_first(run: Callable[..., Any], kb: Path) -> None:
    hits = json.loads(run("search", "checkpoint", "--in", "sources", "--json", "--kb", kb).out)
    assert all(set(hit) == {"page", "document", "title", "heading", "line", "score", "snippet"} for hit in hits)
    assert hits[0]["page"] == "wiki/sources/docs/guide/checkpoints.md"
    assert len({hit["page"] for hit in hits}) == len(hits)
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)


def test_search_that_finds_nothing_is_no_error(run: Callable[..., Any], kb: Path) -> None:
    ran = run("search", "xylophone", "--kb", kb)
    assert (ran.code, ran.out) == (0, "")
    assert json.loads(run("search", "xylophone", "--json", "--kb", kb).out) == []


def test_check_says_whole_and_with_a_problem_exits_with_4(run: Callable[..., Any], git: Callable[..., str], top: Path) -> None:
    kb = top / "kb"
    ran = run("check", "--kb", kb)
    assert ran.code == 0 and ran.out.endswith(" is whole.\n"), ran.out
    git(kb, "rm", "-q", "wiki/sources/docs/wal.md")
    git(kb, "commit", "-q", "-m", "lose a file")
    broken = run("check", "--json", "--kb", kb)
    assert broken.code == 4
    found = json.loads(broken.out)
    assert found["state"] == "broken"
    assert all(set(problem) == {"code", "path", "message"} for problem in found["problems"])
    assert run("check", "--at", "HEAD~", "--kb", kb).code == 0


def test_refresh_with_nothing_pending_changes_nothing(run: Callable[..., Any], git: Callable[..., str], top: Path) -> None:
    before = git(top / "kb", "rev-parse", "HEAD")
    assert run("refresh", "--kb", top / "kb").out.startswith("No pages were pending. main is at ")
    assert json.loads(run("refresh", "--json", "--kb", top / "kb").out)["commit"] == before


def test_recover_with_nothing_to_recover_says_so(run: Callable[..., Any], top: Path) -> None:
    assert run("recover", "--kb", top / "kb").out == "There is nothing to recover.\n"
    assert json.loads(run("recover", "--json", "--kb", top / "kb").out) == {"recovered": False}
