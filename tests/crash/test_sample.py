"""A sample of the crash matrix, with a fixed seed; all of it is `python -m tests.crash.matrix`, see there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash import strace
from tests.isolation import ROOT

pytestmark = pytest.mark.skipif(strace.missing() != "", reason=strace.missing())
SEED = "20261125"


def _run(module: str, *words: str) -> str:
    command = [sys.executable, "-m", f"tests.crash.{module}", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | {"TMPDIR": _fast()})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip().splitlines()[-1]


def _fast() -> str:
    """A folder in memory, where flushing is quick: what dies here is a process, not the machine."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else str(Path(os.environ.get("TMPDIR", "/tmp")))


@pytest.mark.parametrize("scene", ["add", "change", "push", "recover new files"])
def test_a_kill_at_any_call_loses_nothing_and_leaves_nothing(scene: str) -> None:
    said = _run("matrix", "--kills", "--only", scene, "--sample", "5", "--seed", SEED)
    assert "kills: 5 points (5 ended with -9): 0 lost, 0 left over, 0 broken, 0 other end, 0 bad message" in said


@pytest.mark.parametrize("scene", ["add", "remove"])
def test_an_error_of_any_call_is_told_and_the_next_run_works(scene: str) -> None:
    said = _run("matrix", "--errors", "--only", scene, "--sample", "5", "--seed", SEED)
    assert "errors: 5 points" in said and "0 lost, 0 left over, 0 broken, 0 other end, 0 bad message" in said


def test_a_program_that_starts_anew_dies_as_well_as_a_forked_one() -> None:
    said = _run("matrix", "--kills", "--fresh", "--only", "refresh", "--sample", "2", "--seed", SEED)
    assert "kills: 2 points (2 ended with -9): 0 lost, 0 left over, 0 broken, 0 other end, 0 bad message" in said


def test_the_oracle_notices_what_is_broken_on_purpose() -> None:
    names = ["the journal stays", "recovery forgets the worktree", "documents are reported before they are durable"]
    assert _run("mutants", *names).startswith("3 of 3 mutations noticed")
