"""What `gitkb add` prints, for people and for programs, and how it ends."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

EVENT = {"event", "document", "source", "outcome", "reason", "commit", "seconds"}
COUNTS = {"added", "updated", "renamed", "removed", "skipped", "failed"}
SUMMARY = COUNTS | {"event", "branch", "commit", "pages", "seconds", "model", "older", "private", "unwritten"}


def _events(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_json_is_one_object_a_line_in_scan_order_and_a_summary_at_the_end(
    run: Callable[..., Any], write_files: Callable[..., Path], top: Path
) -> None:
    write_files(
        top / "docs",
        {"b.md": "# B\n\nA buffer is a part of memory.\n", "a.pdf": "no PDF", "guide/c.md": "# C\n\nA cache is a copy.\n"},
    )
    ran = run("add", top / "docs", "--kb", top / "kb", "--json")
    assert ran.code == 3
    *documents, summary = _events(ran.out)
    assert all(set(event) == (EVENT | {"skipped"} if event["outcome"] == "skipped" else EVENT) for event in documents)
    assert set(summary) == SUMMARY and set(summary["pages"]) == {"created", "changed", "removed"}
    sources = [event["source"] for event in documents]
    assert sources == sorted(sources, key=str.encode)
    outcomes = {event["source"]: event["outcome"] for event in documents}
    assert outcomes["docs/b.md"] == outcomes["docs/guide/c.md"] == "added"
    assert outcomes["docs/a.pdf"] == "failed" and outcomes["docs/wal.md"] == "skipped"
    assert (summary["added"], summary["skipped"], summary["failed"], summary["branch"]) == (2, 3, 1, "main")
    assert all(re.fullmatch("[0-9a-f]{40}", event["commit"]) for event in documents if event["outcome"] == "added")


def test_failures_are_named_on_stderr_with_their_reason(
    run: Callable[..., Any], write_files: Callable[..., Path], top: Path
) -> None:
    write_files(top / "docs", {"broken.pdf": "no PDF"})
    ran = run("add", top / "docs", "--kb", top / "kb")
    assert ran.code == 3
    assert re.search(r"^  failed  docs/broken\.pdf: \S", ran.err, re.MULTILINE)
    assert "failed 1" in ran.out and "failed  docs" not in ran.out


def test_a_duplicate_names_what_it_repeats(run: Callable[..., Any], write_files: Callable[..., Path], top: Path) -> None:
    write_files(top / "docs", {"z.md": (top / "docs" / "wal.md").read_bytes()})
    ran = run("add", top / "docs", "--kb", top / "kb")
    assert ran.code == 0
    assert "  skipped docs/z.md: same bytes as docs/wal" in ran.err
    assert "Skipped 4 (3 unchanged, 1 same bytes as others)" in ran.out


def test_adding_the_same_folder_again_says_that_nothing_changed(
    run: Callable[..., Any], git: Callable[..., str], top: Path
) -> None:
    before = git(top / "kb", "rev-parse", "HEAD")
    ran = run("add", top / "docs", "--kb", top / "kb")
    assert ran.code == 0
    assert ran.out.startswith("Skipped 3 (unchanged) in ")
    assert git(top / "kb", "rev-parse", "HEAD") == before


def test_the_summary_says_where_the_branch_is_and_what_to_do_next(
    run: Callable[..., Any], git: Callable[..., str], write_files: Callable[..., Path], top: Path
) -> None:
    write_files(top / "docs", {"b.md": "# B\n\nA buffer is a part of memory.\n"})
    ran = run("add", top / "docs", "--kb", top / "kb")
    tip = git(top / "kb", "rev-parse", "--short=7", "HEAD")
    assert ran.out.startswith("Added 1, skipped 3 (unchanged) in ")
    assert f"main is at {tip}. Read {top / 'kb' / 'wiki' / 'index.md'}, or: gitkb search" in ran.out


def test_a_dry_run_says_what_it_would_add_and_changes_nothing(
    run: Callable[..., Any], git: Callable[..., str], write_files: Callable[..., Path], top: Path
) -> None:
    write_files(top / "docs", {"b.md": "# B\n\nA buffer is a part of memory.\n"})
    before = git(top / "kb", "rev-parse", "HEAD")
    ran = run("add", top / "docs", "--kb", top / "kb", "--dry-run")
    assert ran.code == 0
    assert "added  docs/b  (docs/b.md)" in ran.out and "Would have added 1" in ran.out
    assert git(top / "kb", "rev-parse", "HEAD") == before
    assert git(top / "kb", "status", "--porcelain") == ""


def test_phases_are_logged_with_v_only(run: Callable[..., Any], write_files: Callable[..., Path], top: Path) -> None:
    write_files(top / "docs", {"b.md": "# B\n\nA buffer is a part of memory.\n"})
    assert "prepare" not in run("add", top / "docs", "--kb", top / "kb").err
    write_files(top / "docs", {"c.md": "# C\n\nA cache is a copy.\n"})
    err = run("add", top / "docs", "--kb", top / "kb", "-v").err
    assert re.search(r"^  time    docs/c: .*prepare \d+\.\d+", err, re.MULTILINE)
    for phase in ("lock_wait", "hash", "prepare", "digest", "commit", "publish", "pages"):
        assert re.search(rf"\b{phase} \d", err), phase


def test_file_names_cannot_steer_the_terminal(run: Callable[..., Any], write_files: Callable[..., Path], top: Path) -> None:
    write_files(top / "docs", {"\x1b[2Jx.pdf": "no PDF", "\x1b[2Jy.txt": ""})
    ran = run("add", top / "docs", "--kb", top / "kb")
    assert "\x1b" not in ran.err + ran.out
    assert re.search(r"^  failed  docs/\S*\[2Jx\.pdf: ", ran.err, re.MULTILINE)
    assert re.search(r"^Nothing to read in docs/\S*\[2Jy\.txt", ran.err, re.MULTILINE)
