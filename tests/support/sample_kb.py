"""Four of the sample documents for a small knowledge base, and the program on the path as hooks find it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.isolation import ROOT

DOCUMENTS = ROOT / "tests" / "data" / "documents"
FILES = {
    name: (DOCUMENTS / name).read_bytes()
    for name in ("crash-recovery.md", "write-ahead-logging.md", "notes/b-trees.md", "notes/lsm-trees.md")
}


def gitkb(cwd: Path, *arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """The program, in a process of its own."""
    command = [sys.executable, "-m", "gitkb", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, check=check, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def put_on_path(folder: Path) -> str:
    """A folder with the program `gitkb` in it, and the PATH that begins with it."""
    folder.mkdir(exist_ok=True)
    program = folder / "gitkb"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gitkb "$@"\n')
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
