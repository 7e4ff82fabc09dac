"""Which knowledge base a command works on, and that looking for one makes none."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def _count(ran: Any) -> int:
    assert ran.code == 0, ran.err
    return len(json.loads(ran.out))


def test_kb_is_understood_before_and_after_the_command(run: Callable[..., Any], kb: Path) -> None:
    assert _count(run("--kb", kb, "list", "--json")) == 3
    assert _count(run("list", "--json", "--kb", kb)) == 3


def test_kb_after_the_command_wins(run: Callable[..., Any], kb: Path) -> None:
    assert _count(run("--kb", "nowhere", "list", "--json", "--kb", kb)) == 3


def test_the_variable_names_one_and_the_option_wins_over_it(
    run: Callable[..., Any], kb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITKB_DIR", str(kb))
    assert _count(run("list", "--json")) == 3
    ran = run("list", "--kb", "nowhere")
    assert ran.code == 1 and "nowhere" in ran.err


def test_it_is_found_upwards_from_a_subfolder(run: Callable[..., Any], kb: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(kb / "wiki" / "summaries")
    assert _count(run("list", "--json")) == 3


@pytest.mark.parametrize("command", [("list",), ("add", "docs"), ("status",), ("recover",), ("refresh",), ("search", "log")])
def test_a_mistyped_folder_is_an_error_and_makes_nothing(
    run: Callable[..., Any], write_files: Callable[..., Path], tmp_path: Path, command: tuple[str, ...]
) -> None:
    write_files(tmp_path, {"docs/a.md": "# A\n\nText.\n"})
    ran = run(*command, "--kb", "mistyped")
    assert ran.code == 1
    assert "mistyped" in ran.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docs"]


def test_add_without_a_knowledge_base_prints_the_command_that_makes_one(
    program: Callable[..., Any], write_files: Callable[..., Path], tmp_path: Path
) -> None:
    write_files(tmp_path, {"my docs/a.md": "# A\n\nText.\n"})
    done = program("add", "my docs", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "gitkb init my-kb && gitkb add --kb my-kb 'my docs'" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my docs"]
