"""A stale copy does not win: what would turn documents back is said before anything lands, and left out unless it is wanted."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.clones import git, gitkb, write

Run = Callable[..., Any]
NAMES = ("keys", "audit", "gone", "move")


def _text(name: str, days: int = 30) -> str:
    return f"# {name}\n\nThe {name} rule is a plan of {days} days for {name}.\n"


@pytest.fixture
def kb(tmp_path: Path) -> Path:
    """A knowledge base whose documents were changed, moved and removed since `stale/docs` was copied."""
    new, kb = tmp_path / "new" / "docs", tmp_path / "kb"
    write(new, {f"{name}.md": _text(name) for name in NAMES})
    shutil.copytree(new, tmp_path / "stale" / "docs")
    gitkb("init", kb)
    gitkb("add", new, "--kb", kb)
    write(new, {"keys.md": _text("keys", 90), "sub/move.md": _text("move")})
    (new / "move.md").unlink()
    gitkb("add", new, "--kb", kb)
    gitkb("remove", "docs/gone", "--kb", kb)
    return kb


def _documents(run: Run, kb: Path, *options: str) -> list[str]:
    return sorted(row["document"] for row in json.loads(run("list", "--json", "--kb", kb, *options).out))


def test_what_is_older_is_named_with_who_replaced_it_and_left_out(kb: Path, run: Run, tmp_path: Path) -> None:
    before = git(kb, "rev-parse", "HEAD")
    write(tmp_path / "stale" / "docs", {"fresh.md": _text("fresh")})
    ran = run("add", tmp_path / "stale" / "docs", "--kb", kb)
    assert ran.code == 3
    assert "3 documents here are older than the knowledge base" in ran.err
    by = {
        each: git(kb, "log", "-1", "--format=%h", "--", f".gitkb/documents/docs/{each}.json")
        for each in ("keys", "gone", "sub/move")
    }
    replaced = git(kb, "log", "--format=%h", "-1", "--diff-filter=M", "--", ".gitkb/documents/docs/keys.json")
    assert "docs/keys  its bytes were replaced by " in ran.err and f"({replaced[:7]})" in ran.err
    assert "docs/gone  was removed by " in ran.err and f"({by['gone'][:7]})" in ran.err
    assert "docs/move  was renamed to docs/sub/move by " in ran.err and f"({by['sub/move'][:7]})" in ran.err
    assert _documents(run, kb) == ["docs/audit", "docs/fresh", "docs/keys", "docs/sub/move"]
    assert "90 days" in (kb / "wiki/sources/docs/keys.md").read_text(encoding="utf-8")
    assert git(kb, "log", "--format=%s", f"{before}..").splitlines()[-1].startswith("add docs/fresh")


def test_who_wants_it_gets_it_and_takes_the_removal_back(kb: Path, run: Run, tmp_path: Path) -> None:
    assert (kb / ".gitkb/decisions/removed/docs/gone.json").is_file()
    base = git(kb, "rev-parse", "HEAD")
    ran = run("add", tmp_path / "stale" / "docs", "--kb", kb, "--older")
    assert ran.code == 0, ran.err
    assert _documents(run, kb) == [f"docs/{name}" for name in sorted(NAMES)]
    assert "30 days" in (kb / "wiki/sources/docs/keys.md").read_text(encoding="utf-8")
    assert not (kb / ".gitkb/decisions/removed/docs/gone.json").exists()
    assert run("check", "--kb", kb).code == 0
    shown = run("diff", base, "--kb", kb).out
    screen = shown.partition("\nDetails\n")[0].splitlines()
    first = screen[screen.index("Look at these first:") + 1 :][:3]
    assert all("turned back" in line for line in first), screen
    assert any("docs/keys" in line and "replaced by" in line for line in first)
    assert any("docs/gone" in line and "was removed by" in line for line in first)
    assert any("docs/move" in line and "given up by" in line for line in first)


def test_a_removal_is_a_decision_that_an_undo_takes_back_and_a_check_accepts(kb: Path, run: Run, tmp_path: Path) -> None:
    assert run("check", "--kb", kb).code == 0
    write(tmp_path / "stale" / "docs", {"gone.md": _text("gone", 31)})
    ran = run("add", tmp_path / "stale" / "docs" / "gone.md", "--into", "docs", "--kb", kb)
    assert ran.code == 3 and "was removed by" in ran.err
    assert run("undo", "--kb", kb).code == 0
    assert "docs/gone" in _documents(run, kb) and not (kb / ".gitkb/decisions/removed/docs/gone.json").exists()
    assert run("check", "--kb", kb).code == 0


def test_an_older_folder_says_nothing_about_what_has_gone(kb: Path, run: Run, tmp_path: Path) -> None:
    write(tmp_path / "new" / "docs", {"later.md": _text("later")})
    (tmp_path / "new" / "docs" / "gone.md").unlink()
    gitkb("add", tmp_path / "new" / "docs", "--kb", kb)
    ran = run("add", tmp_path / "stale" / "docs", "--prune", "--kb", kb)
    assert ran.code == 3 and "Nothing was pruned" in ran.err
    assert "docs/later" in _documents(run, kb)


def test_a_program_is_told_in_json_and_a_dry_run_leaves_out_the_same(kb: Path, run: Run, tmp_path: Path) -> None:
    for options in (("--dry-run",), ()):
        ran = run("add", tmp_path / "stale" / "docs", "--kb", kb, "--json", *options)
        events = [json.loads(line) for line in ran.out.splitlines()]
        assert ran.code == 3
        assert sorted((e["document"], e["kind"]) for e in events if e["event"] == "older") == [
            ("docs/gone", "removed"),
            ("docs/keys", "replaced"),
            ("docs/move", "renamed"),
        ]
        assert events[-1]["older"] == 3 and events[-1]["updated"] == 0


def test_new_bytes_and_new_names_are_nobodys_past(kb: Path, run: Run, tmp_path: Path) -> None:
    write(tmp_path / "new" / "docs", {"keys.md": _text("keys", 120), "audit/audit.md": _text("audit")})
    (tmp_path / "new" / "docs" / "audit.md").unlink()
    ran = run("add", tmp_path / "new" / "docs" / "keys.md", "--into", "docs", "--kb", kb)
    assert ran.code == 0 and "older" not in ran.err
