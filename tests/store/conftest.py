"""Real repositories; the isolation from this machine is in the common conftest."""

import os
import subprocess
from pathlib import Path

import pytest

from gitkb.store.repository import Store
from tests.store.scenes import Git, first_commit


@pytest.fixture
def git() -> Git:
    """Run git as a person, and return exactly what it says, blanks included."""
    person = {
        f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "Ada"), ("EMAIL", "a@b"))
    }

    def run(folder: Path, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, check=False, env=os.environ | person
        )
        if done.returncode:
            raise AssertionError(f"git {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    return run


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A knowledge base with a worktree and one commit."""
    made = Store.create(tmp_path / "kb", bare=False)
    first_commit(made)
    return made
