"""On a terminal a run shows its progress and asks; elsewhere it does neither."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitkb.cli.progress import pace
from gitkb.model.listener import Progress

pty = pytest.importorskip("pty", reason="terminals are a POSIX matter")


def _on_a_terminal(*arguments: str | Path, cwd: Path, keys: str = "") -> tuple[int, str, str]:
    """Runs the program with stdin and stderr on a terminal: (exit code, stdout, what the terminal showed)."""
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "gitkb", *map(str, arguments)]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen(command, cwd=cwd, env=environment, stdin=slave, stderr=slave, stdout=subprocess.PIPE, text=True)
    os.close(slave)
    os.write(master, keys.encode())
    shown = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # how Linux says that the last writer has gone
            break
        if not part:
            break
        shown += part
    os.close(master)
    out, _ = process.communicate(timeout=60)
    return process.returncode, out, shown.decode()


def test_a_terminal_shows_counts_and_stdout_stays_clean(top: Path, write_files: Callable[..., Path]) -> None:
    write_files(
        top / "docs", {f"n{number}.md": f"# N{number}\n\nA buffer is a part of memory {number}.\n" for number in range(4)}
    )
    code, out, shown = _on_a_terminal("add", top / "docs", "--kb", top / "kb", cwd=top)
    assert code == 0, shown
    assert "\x1b" not in out and out.startswith("Added 4, ")
    assert "committed" in shown and "failed" in shown


@pytest.mark.parametrize(
    ("prepared", "elapsed", "shown"),
    [(0, 9.0, ""), (3, 0.1, ""), (40, 4.0, "10.0/s   about 6 s left"), (1, 4.0, "0.2/s   about 7 min left")],
)
def test_the_rate_and_the_time_left_come_from_the_whole_run(prepared: int, elapsed: float, shown: str) -> None:
    assert pace(Progress(total=100, prepared=prepared), elapsed) == shown


def test_without_a_terminal_there_is_no_display(top: Path, write_files: Callable[..., Path], program: Callable[..., Any]) -> None:
    write_files(top / "docs", {"n.md": "# N\n\nA buffer is a part of memory.\n"})
    done = program("add", top / "docs", "--kb", top / "kb")
    assert done.stderr == "Found 4 documents in docs/.\n"


def test_add_offers_to_make_a_knowledge_base(tmp_path: Path, write_files: Callable[..., Path]) -> None:
    write_files(tmp_path, {"docs/a.md": "# A\n\nA buffer is a part of memory.\n", "here/.keep": ""})
    code, out, shown = _on_a_terminal("add", "../docs", cwd=tmp_path / "here", keys="y\n")
    assert code == 0, shown
    assert "Make one in this folder? [y/N]" in shown
    assert out.startswith("Added 1 ")
    assert (tmp_path / "here" / "wiki" / "index.md").is_file()


def test_an_offer_that_is_declined_makes_nothing(tmp_path: Path, write_files: Callable[..., Path]) -> None:
    write_files(tmp_path, {"docs/a.md": "# A\n\nA buffer is a part of memory.\n"})
    code, out, shown = _on_a_terminal("add", "docs", cwd=tmp_path, keys="n\n")
    assert (code, out) == (1, "")
    assert "Nothing was added." in shown
    assert [path.name for path in tmp_path.iterdir()] == ["docs"]


def test_what_is_shown_on_a_terminal_cannot_steer_it(top: Path, git: Callable[..., str]) -> None:
    page = top / "kb" / "wiki" / "note.md"
    page.write_text("# Note\n\n\x1b]0;owned\x07\n", encoding="utf-8")
    git(top / "kb", "add", ".")
    git(top / "kb", "commit", "-q", "-m", "note")
    master, slave = pty.openpty()
    done = subprocess.run([sys.executable, "-m", "gitkb", "show", "wiki/note.md"], cwd=top / "kb", stdout=slave, stdin=slave)
    os.close(slave)
    shown = os.read(master, 65536)
    os.close(master)
    assert done.returncode == 0
    assert b"\x1b" not in shown and b"\\x1b]0;owned" in shown
