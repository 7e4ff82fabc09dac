"""A part of a name: whole words of it, and never enough for a command that changes something unless a person says so."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitkb.text.names.name_parts import has_words

Run = Callable[..., Any]
FILES = {
    "cryptography.md": "# Cryptography\n\nCryptography is the practice of hiding what a message says.\n",
    "water-log.md": "# Water log\n\nA water log is a list of levels. Cryptography protects it.\n",
    "daily-log.md": "# Daily log\n\nA daily log is a list of what happened. Cryptography protects it.\n",
}


@pytest.mark.parametrize(
    ("name", "part", "holds"),
    [
        ("docs/cryptography", "pto", False),
        ("docs/cryptography", "crypto", False),
        ("docs/write-ahead-log", "log", True),
        ("docs/write-ahead-log", "ahead-log", True),
        ("docs/catalog", "log", False),
        ("docs/log_file", "file", True),
        ("docs/log_file", "LOG", True),
        ("docs/日本語", "本", True),
        ("docs/aa-a", "a", True),
        ("docs/a", "", False),
    ],
)
def test_a_part_is_whole_words(name: str, part: str, holds: bool) -> None:
    assert has_words(name, part) is holds


@pytest.mark.parametrize("command", [["undo"], ["remove"], ["recompile"], ["approve"], ["same", "cryptography"]])
@pytest.mark.usefixtures("known_as_ada")
def test_a_part_of_a_word_changes_nothing(kb: Path, run: Run, git: Callable[..., str], command: list[str]) -> None:
    before = git(kb, "rev-parse", "HEAD")
    done = run(*command, "pto", "--yes", "--kb", kb)
    assert done.code == 1 and "'pto'" in done.err
    assert git(kb, "rev-parse", "HEAD") == before


@pytest.mark.parametrize("command", [["undo"], ["remove"], ["recompile"]])
def test_one_name_is_shown_and_waits_for_a_yes(kb: Path, run: Run, git: Callable[..., str], command: list[str]) -> None:
    before = git(kb, "rev-parse", "HEAD")
    done = run(*command, "water", "--kb", kb)
    assert done.code == 2 and "docs/water-log" in done.err and "--yes" in done.err
    assert git(kb, "rev-parse", "HEAD") == before
    assert run(*command, "water", "--yes", "--kb", kb).code == 0


def test_several_names_are_listed_whatever_is_said(kb: Path, run: Run) -> None:
    done = run("remove", "log", "--yes", "--kb", kb)
    assert done.code == 2 and "docs/daily-log, docs/water-log" in done.err


def test_what_only_reads_takes_the_one_name_that_has_the_words(kb: Path, run: Run) -> None:
    assert "Water log" in run("show", "docs/water", "--kb", kb).out
    several = run("show", "log", "--kb", kb)
    assert several.code == 2 and "summaries/docs/daily-log" in several.err
    assert run("show", "pto", "--kb", kb).code == 1


@pytest.mark.skipif(os.name != "posix", reason="a terminal is needed")
@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"\n", 2)])
def test_on_a_terminal_a_person_is_asked(kb: Path, git: Callable[..., str], answer: bytes, code: int) -> None:
    before = git(kb, "rev-parse", "HEAD")
    owner, terminal = pty.openpty()
    command = [sys.executable, "-m", "gitkb", "remove", "water", "--kb", str(kb)]
    os.write(owner, answer)
    done = subprocess.run(command, stdin=terminal, stderr=terminal, stdout=subprocess.PIPE, check=False)
    os.close(terminal)
    said = os.read(owner, 10_000).decode()
    os.close(owner)
    assert done.returncode == code and "'water' is a part of docs/water-log" in said
    assert (git(kb, "rev-parse", "HEAD") == before) is (code == 2)
