"""A sample of the crash matrix, with a fixed seed; all of it is `python -m tests.crash.matrix`, see there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash import strace
from tests.support.isolation import ROOT

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


def _reached(said: str, what: str) -> int:
    """How many points came to pass, where no rule was broken at any of them (a quick run makes fewer groups: some may not)."""
    found = re.search(rf"{what}: (\d+) points \([^)]*\): 0 lost, 0 left over, 0 broken, 0 other end, 0 bad message", said)
    assert found is not None, said
    return int(found[1])


def test_a_kill_or_an_error_at_any_call_loses_nothing_leaves_nothing_and_is_told() -> None:
    scenes = _only("add", "change", "push", "recover changed files")
    said = _run("matrix", "--kills", "--errors", "--others", *scenes, "--sample", "3", "--seed", SEED)
    assert _reached(said, "kills") >= 10
    assert _reached(said, "errors") >= 10
    assert _reached(said, "other processes") >= 4


def test_a_keep_file_that_cannot_be_removed_at_once_does_not_stay() -> None:
    said = _run("matrix", "--errors", *_only("refresh"), "--near", '.keep") = 0')
    assert _reached(said, "errors") == 5


def test_a_program_that_starts_anew_dies_as_a_forked_one_does() -> None:
    said = _run("matrix", "--kills", "--fresh", *_only("refresh"), "--sample", "2", "--seed", SEED)
    assert _reached(said, "kills") == 2


def test_the_oracle_notices_what_is_broken_on_purpose() -> None:
    names = ["the journal stays", "recovery forgets the worktree", "documents are reported before they are durable"]
    assert _run("mutants", *names).startswith("3 of 3 mutations noticed")
