"""A small knowledge base that reading commands share; commands that write get a copy."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FILES = {
    "wal.md": "# Write-ahead logging\n\nWrite-ahead logging is the rule that the log record of a change must reach stable "
    "storage before the changed page does.\n\n## Flushing\n\nA flush of the log makes all earlier records durable at once.\n",
    "recovery.md": "# Crash recovery\n\nCrash recovery is the process that brings a database back to a consistent state "
    "after a crash. It depends on write-ahead logging, which is described in [another text](wal.md).\n",
    "guide/checkpoints.txt": "Checkpoints\n\nA checkpoint is a point in the log from which crash recovery can start.\n",
}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `docs/` and the knowledge base `kb/` made of it. Nobody may change it."""
    top = tmp_path_factory.mktemp("made")
    for name, text in FILES.items():
        file = top / "docs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    for arguments in (["init", "kb"], ["add", "docs", "--kb", "kb", "--jobs", "1"]):
        subprocess.run([sys.executable, "-m", "gitkb", *arguments], cwd=top, check=True, capture_output=True)
    return top


@pytest.fixture
def kb(made: Path) -> Path:
    """The shared knowledge base, to read."""
    return made / "kb"


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Path:
    """A copy of the folder with `docs/` and `kb/`, to write."""
    shutil.copytree(made, tmp_path / "own", symlinks=True)
    return tmp_path / "own"
