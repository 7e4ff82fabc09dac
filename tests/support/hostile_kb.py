"""A knowledge base that comes as a folder, `.git` included, and somebody whose files it must not reach."""

import hashlib
import os
import shutil
import stat
import zlib
from collections.abc import Callable
from pathlib import Path

Git = Callable[..., str]
FAULT = "failed where it should not have"
READING = (
    ("list",),
    ("show", "crash-recovery"),
    ("status",),
    ("log",),
    ("log", "docs/crash-recovery"),
    ("search", "log"),
    ("check",),
    ("diff",),
    ("blame", "crash-recovery"),
    ("hooks", "list"),
)
WRITING = (
    ("add", "more.md"),
    ("remove", "docs/crash-recovery"),
    ("undo",),
    ("refresh",),
    ("recover",),
    ("merge", "HEAD"),
    ("hooks", "install"),
    ("init", "kb"),
)
EVIL = "0123456789abcdef"


def received(template: Path, top: Path) -> Path:
    """A copy of a knowledge base in `top/kb`, beside `more.md` to add and the `home` of somebody else."""
    shutil.copytree(template / "kb", top / "kb", symlinks=True)
    (top / "more.md").write_text("# Checkpoint\n\nA checkpoint is a point in the log from which recovery starts.\n")
    (top / "home/papers").mkdir(parents=True)
    (top / "home/precious.txt").write_text("precious\n")
    (top / "home/papers/thesis.txt").write_text("ten years\n")
    return top / "kb"


def unchanged(top: Path) -> bool:
    """Whether the other's home is as it was, and nothing ran."""
    home = top / "home"
    found = {file.relative_to(home).as_posix(): file.read_text() for file in home.rglob("*") if file.is_file()}
    return found == {"precious.txt": "precious\n", "papers/thesis.txt": "ten years\n"} and not (top / "ran").exists()


def script(top: Path) -> Path:
    """A program that leaves `top/ran` behind."""
    file = top / "evil"
    file.write_text(f"#!/bin/sh\necho \"$0 $*\" >> '{top / 'ran'}'\nexit 1\n")
    file.chmod(0o755)
    return file


def write_object(kb: Path, kind: str, data: bytes) -> str:
    """The id of an object written as it is, whatever git would think of it."""
    whole = f"{kind} {len(data)}\0".encode() + data
    oid = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
    file = kb / ".git/objects" / oid[:2] / oid[2:]
    file.parent.mkdir(exist_ok=True)
    if not file.exists():
        file.write_bytes(zlib.compress(whole, 1))
    return oid


def pipe(file: Path) -> None:
    """A named pipe, which blocks whoever opens it."""
    file.unlink(missing_ok=True)
    os.mkfifo(file)
    assert stat.S_ISFIFO(file.lstat().st_mode)
