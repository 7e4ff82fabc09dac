"""A small knowledge base to hook, and the program on the path as hooks find it."""

import os
import subprocess
import sys
from pathlib import Path

WAL = "# Write-ahead logging\n\nWrite-ahead logging is the rule that the log record of a change must reach stable storage " + (
    "before the changed page does.\n\n## Flushing\n\nA flush of the log makes all earlier records durable at once.\n"
)
FILES = {
    "wal.md": WAL,
    "recovery.md": "# Crash recovery\n\nCrash recovery is the process that brings a database back to a consistent state "
    "after a crash. It depends on write-ahead logging, which is described in [another text](wal.md).\n",
    "guide/checkpoints.txt": "Checkpoints\n\nA checkpoint is a point in the log from which crash recovery can start.\n",
}


def gitkb(cwd: Path, *arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """The program, in a process of its own."""
    command = [sys.executable, "-m", "gitkb", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, check=check, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def make(top: Path) -> Path:
    """A knowledge base of three documents in `top/kb`, made from `top/docs`."""
    for name, text in FILES.items():
        file = top / "docs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    gitkb(top, "init", "kb")
    gitkb(top, "add", "docs", "--kb", "kb", "--jobs", "1")
    return top / "kb"


def put_on_path(folder: Path) -> str:
    """A folder with the program `gitkb` in it, and the PATH that begins with it."""
    folder.mkdir(exist_ok=True)
    program = folder / "gitkb"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gitkb "$@"\n')
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
