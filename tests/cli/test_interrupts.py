"""Ctrl-C and SIGTERM end a run cleanly, with a word on how to go on."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are a POSIX matter")

MANY = 120


def _stopped(top: Path, number: signal.Signals) -> tuple[int, str, str]:
    """An `add` that got a signal after its first document was reported. Its pipe is full by then, so it cannot have ended."""
    command = [sys.executable, "-m", "gitkb", "add", str(top / "docs"), "--kb", str(top / "kb"), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(number)
    out, err = process.communicate(timeout=120)
    return process.returncode, first + out, err


@pytest.fixture
def many(top: Path, write_files: Callable[..., Path]) -> Path:
    name = "n" * 200
    texts = {f"{name}/{name}/{number:04}.md": f"# N{number}\n\nBuffer {number} is a part of memory.\n" for number in range(MANY)}
    write_files(top / "docs", texts)
    return top


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_the_run_and_the_same_command_goes_on(
    many: Path, git: Callable[..., str], run: Callable[..., Any], number: signal.Signals, code: int
) -> None:
    kb = many / "kb"
    ended, out, err = _stopped(many, number)
    assert ended == code, err
    assert "the same command goes on from there" in err and "Traceback" not in err
    assert all(json.loads(line) for line in out.splitlines() if line.endswith("}"))
    assert git(kb, "status", "--porcelain") == ""
    assert git(kb, "for-each-ref", "refs/gitkb") == ""
    assert run("check", "--kb", kb).code == 0
    assert run("add", many / "docs", "--kb", kb).code == 0
    assert len(json.loads(run("list", "--json", "--kb", kb).out)) == MANY + 3


SECOND = """
import os, signal
from gitkb.cli.interrupts import Terminated, stoppable
with stoppable():
    try:
        os.kill(os.getpid(), {number})
    except (KeyboardInterrupt, Terminated):
        print("clearing up", flush=True)
        os.kill(os.getpid(), {number})
        print("still here", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_the_process_at_once(number: signal.Signals) -> None:
    done = subprocess.run([sys.executable, "-c", SECOND.format(number=int(number))], capture_output=True, text=True)
    assert done.returncode == -number
    assert done.stdout == "clearing up\n"


def test_a_signal_that_the_caller_ignores_stays_ignored() -> None:
    script = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" + SECOND.format(number=int(signal.SIGINT))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
