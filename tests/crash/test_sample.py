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


def _only(*scenes: str) -> list[str]:
    return [word for scene in scenes for word in ("--only", scene)]


CLEAN = "0 lost, 0 left over, 0 broken, 0 other end, 0 bad message"


def test_a_kill_at_any_call_loses_nothing_and_leaves_nothing() -> None:
    scenes = _only("add", "change", "push", "recover new files")
    said = _run("matrix", "--kills", *scenes, "--sample", "4", "--seed", SEED)
    assert f"kills: 16 points (16 ended with -9): {CLEAN}" in said


def test_an_error_of_any_call_is_told_and_the_next_run_works() -> None:
    said = _run("matrix", "--errors", *_only("add", "remove", "recover changed files"), "--sample", "5", "--seed", SEED)
    assert "errors: 15 points" in said and CLEAN in said


def test_a_keep_file_that_cannot_be_removed_at_once_does_not_stay() -> None:
    said = _run("matrix", "--errors", *_only("refresh"), "--near", '.keep") = 0')
    assert "errors: 5 points" in said and CLEAN in said


def test_a_worker_or_the_git_program_may_die_as_well() -> None:
    said = _run("matrix", "--others", *_only("add", "push"), "--sample", "4", "--seed", SEED)
    assert "other processes: " in said and CLEAN in said


def test_a_program_that_starts_anew_dies_as_a_forked_one_does() -> None:
    said = _run("matrix", "--kills", "--fresh", *_only("refresh"), "--sample", "2", "--seed", SEED)
    assert f"kills: 2 points (2 ended with -9): {CLEAN}" in said


def test_the_oracle_notices_what_is_broken_on_purpose() -> None:
    names = ["the journal stays", "recovery forgets the worktree", "documents are reported before they are durable"]
    assert _run("mutants", *names).startswith("3 of 3 mutations noticed")
