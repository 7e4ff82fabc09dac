"""Every failure is a sentence on stderr and an exit code; stdout holds results only."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from gitkb.cli import boundary
from gitkb.cli.common_options import VerboseOption
from tests.conftest import Ran


def test_a_wrong_option_is_a_usage_error_that_names_the_help(run: Callable[..., Any]) -> None:
    ran = run("list", "--jsno")
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("error: ") and "--jsno" in ran.err
    assert "hint:  gitkb list --help" in ran.err


def test_a_mistyped_command_names_the_nearest_one(run: Callable[..., Any]) -> None:
    ran = run("serach", "log")
    assert ran.code == 2
    assert "'search'" in ran.err


def test_no_command_prints_the_help(run: Callable[..., Any]) -> None:
    ran = run()
    assert ran.code == 0 and "recover  " in ran.out


def test_an_error_with_json_leaves_stdout_empty(run: Callable[..., Any], kb: Path) -> None:
    ran = run("show", "no-such-page", "--json", "--kb", kb)
    assert ran.code == 1
    assert ran.out == ""
    assert ran.err.startswith("error: ")


def test_a_path_that_does_not_exist_is_a_usage_error_that_names_it(run: Callable[..., Any], kb: Path) -> None:
    ran = run("add", "nowhere", "--kb", kb)
    assert ran.code == 2
    assert "nowhere" in ran.err


def test_an_unknown_revision_is_named(run: Callable[..., Any], kb: Path) -> None:
    ran = run("list", "--at", "no-such-rev", "--kb", kb)
    assert ran.code == 1
    assert "no-such-rev" in ran.err


def _ended(capsys: pytest.CaptureFixture[str], error: Exception, *arguments: str) -> Ran:
    """How a program ends whose command `raise` raises an error."""
    program = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    program.callback()(lambda: None)

    @program.command("raise")
    def raises(verbose: VerboseOption = False) -> None:
        raise error

    code = boundary.run(["raise", *arguments], lambda: program)
    seen = capsys.readouterr()
    return Ran(int(code), seen.out, seen.err)


def test_a_fault_of_the_program_is_one_line_and_with_v_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    quiet, loud = _ended(capsys, ZeroDivisionError("a fault")), _ended(capsys, ZeroDivisionError("a fault"), "-v")
    assert quiet.code == loud.code == 1
    assert "ZeroDivisionError: a fault" in quiet.err and "Traceback" not in quiet.err
    assert "report it" in quiet.err
    assert "Traceback" in loud.err


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "Free some space"),
        (errno.EACCES, "ls -ld"),
        (errno.EMFILE, "ulimit -n"),
        (errno.EIO, "dmesg"),
        (errno.ENXIO, "Look at that file"),
    ],
)
def test_an_error_of_the_system_names_the_files_and_a_remedy(
    capsys: pytest.CaptureFixture[str], number: int, remedy: str
) -> None:
    ran = _ended(capsys, OSError(number, os.strerror(number), "/kb/draft", None, "/kb/page"))
    assert ran.code == 1
    assert ran.err.startswith(f"error: /kb/draft -> /kb/page: {os.strerror(number).lower()}.\nhint:  ")
    assert remedy in ran.err


@pytest.mark.skipif(os.name != "posix", reason="pipes that close are a POSIX matter")
def test_a_reader_that_goes_away_is_no_noise(kb: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "gitkb", "list", "--json", "--kb", str(kb)]
    try:
        done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True)
    finally:
        os.close(writer)
    assert done.returncode == 1
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_messages_that_cannot_be_written_end_no_command_and_results_do(program: Callable[..., Any], top: Path) -> None:
    (top / "docs/new.md").write_text("# New\n\nA new page is a page that was not there before.\n", encoding="utf-8")
    with open("/dev/full", "w") as full:
        added = program("add", "docs", "--kb", "kb", cwd=top, capture_output=False, stdout=subprocess.PIPE, stderr=full)
        listed = program("list", "--kb", top / "kb", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert added.returncode == 0 and "Added 1" in added.stdout
    assert listed.returncode == 1
    assert listed.stderr.splitlines() == [
        "error: The system refused: no space left on device.",
        "hint:  Free some space on that disk, then run the command again: it goes on where it stopped.",
    ]


def test_a_terminal_that_lacks_a_character_gets_it_spelled_out(program: Callable[..., Any], kb: Path) -> None:
    done = program("show", "nö-such", "--kb", kb, env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert done.returncode == 1
    assert "n\\xf6-such" in done.stderr
