"""`-vv` shows what the library logs; less shows none of it, and nothing shows a key."""

import os
import subprocess
import sys
from pathlib import Path

KEY = "sk-0123456789-secret"


def added(folder: Path, *options: str) -> str:
    """Adds a changed document; what stands on stderr."""
    with (folder / "docs" / "wal.md").open("a", encoding="utf-8") as file:
        file.write("A log record is a description of one change.\n")
    command = [sys.executable, "-m", "gitkb", *options, "add", "docs", "--kb", "kb", "--jobs", "1"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True, env={**os.environ, "OPENAI_API_KEY": KEY}
    )
    assert KEY not in done.stdout + done.stderr
    return done.stderr


def test_two_vs_show_the_librarys_log_and_one_does_not(top: Path) -> None:
    lines = added(top, "-vv").splitlines()
    for words in (
        "gitkb.intake.prepare.pool: worker ",
        "from the cache: nothing",
        "gitkb.store.transaction.refs: moved refs/heads/",
    ):
        assert any(words in line for line in lines), words
    assert "gitkb.store" not in added(top, "-v") and "gitkb.store" not in added(top)


def test_what_is_given_twice_is_shown_once_and_after_the_command_too(top: Path) -> None:
    with (top / "docs" / "wal.md").open("a", encoding="utf-8") as file:
        file.write("A log record is a description of one change.\n")
    command = [sys.executable, "-m", "gitkb", "-vv", "add", "docs", "--kb", "kb", "--jobs", "1", "-vv"]
    said = subprocess.run(command, cwd=top, capture_output=True, text=True, check=True).stderr
    assert said.count("docs/wal took worker") == 1
