"""A repository that lost an object, or holds a torn one: each command answers, or says what cannot be read and where to look."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.small_documents import THREE

Run = Callable[..., Any]
Git = Callable[..., str]
FILES = THREE
COMMANDS = (
    ("status",),
    ("check",),
    ("list",),
    ("log",),
    ("log", "docs/wal"),
    ("search", "recovery"),
    ("show", "docs/wal"),
    ("diff", "BASE"),
    ("blame", "docs/wal"),
    ("refresh",),
    ("remove", "docs/wal", "--dry-run"),
    ("undo", "--dry-run"),
    ("add", "../docs", "--dry-run"),
)


def _unpack(kb: Path) -> None:
    """Each object in a file of its own."""
    for pack in (kb / ".git/objects/pack").glob("*.pack"):
        content = pack.read_bytes()
        for ending in (".pack", ".idx", ".rev", ".keep"):
            pack.with_suffix(ending).unlink(missing_ok=True)
        subprocess.run(["git", "-C", kb, "unpack-objects", "-q"], input=content, check=True)


@pytest.mark.parametrize("torn", [False, True], ids=["gone", "torn"])
@pytest.mark.parametrize(
    "name", ["HEAD", "HEAD~1", "HEAD~2", "HEAD^{tree}", "HEAD:wiki", "HEAD:.gitkb/documents/docs/wal.json", "HEAD:wiki/index.md"]
)
def test_an_object_that_cannot_be_read_is_named(top: Path, run: Run, git: Git, name: str, torn: bool) -> None:
    kb = top / "kb"
    _unpack(kb)
    oid, base = git(kb, "rev-parse", name), git(kb, "rev-parse", "HEAD~2")
    file = kb / ".git/objects" / oid[:2] / oid[2:]
    file.chmod(0o644)
    if torn:
        file.write_bytes(file.read_bytes()[:9])
    else:
        file.unlink()
    for words in COMMANDS:
        ran = run(*({"../docs": top / "docs", "BASE": base}.get(word, word) for word in words), "--kb", kb)
        assert "should not have" not in ran.err, (words, ran.err)
        if ran.code == 1:
            assert "fsck" in ran.err, (words, ran.err)
            assert "no commit yet" not in ran.err, (words, ran.err)
