"""Small documents that speak of the same things, and how to look at the knowledge base that is made of them."""

from collections.abc import Callable, Mapping
from pathlib import Path

WAL = """# Write-ahead logging

Write-ahead logging is a technique in which every change is logged before the page is written.

Databases use write-ahead logging because a sequential write is cheaper than many random ones.

## Recovery with write-ahead logging

After a crash, write-ahead logging lets the server replay the changes that the pages have not seen yet.
"""
SQLITE = """# SQLite notes

SQLite has supported write-ahead logging since version 3.7. With write-ahead logging, readers continue while one writer
appends changes to the log.

## Write-ahead logging in practice

In practice write-ahead logging needs shared memory on the machine. See [how it works](wal.md).
"""
RAFT = """# Raft

Raft is a consensus algorithm that elects one leader, and the leader replicates its log to the followers.
"""
PAXOS = """# Paxos

Paxos is a consensus algorithm that decides one value among peers. Raft is easier to teach than Paxos.
"""
RECOVERY = """# Crash recovery

Crash recovery is the process that brings a database back to a consistent state after a crash. It depends on write-ahead
logging, which is described in [another text](../wal.md).
"""
TEXTS = {
    "wal.md": WAL,
    "sqlite.md": SQLITE,
    "raft.md": RAFT,
    "paxos.md": PAXOS,
    "guide/recovery.md": RECOVERY,
    "guide/checkpoints.txt": "Checkpoints\n\nA checkpoint is a point in the log from which crash recovery can start.\n",
}
THREE = {
    "wal.md": "# Write-ahead logging\n\nWrite-ahead logging is the rule that the log record of a change must reach stable "
    "storage before the changed page does.\n\n## Flushing\n\nA flush of the log makes all earlier records durable at once.\n",
    "recovery.md": "# Crash recovery\n\nCrash recovery is the process that brings a database back to a consistent state "
    "after a crash. It depends on write-ahead logging, which is described in [another text](wal.md).\n",
    "guide/checkpoints.txt": "Checkpoints\n\nA checkpoint is a point in the log from which crash recovery can start.\n",
}
"""Fewer of them, with a heading of their own each."""
DOCUMENTS = sorted(f"docs/{name.rpartition('.')[0]}" for name in TEXTS)
PAGE = "wiki/concepts/write-ahead-logging.md"

Git = Callable[..., str]


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Writes files below a folder, by relative path, and returns the folder."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def tree(git: Git, kb: Path, rev: str = "HEAD") -> str:
    """The id of a commit's root tree: equal trees are equal to the byte."""
    return git(kb, "rev-parse", f"{rev}^{{tree}}")


def subjects(git: Git, kb: Path, span: str = "HEAD") -> list[str]:
    """The first lines of commits, newest first."""
    return git(kb, "log", "--format=%s", span).splitlines()


def note(kb: Path, page: str, text: str) -> Path:
    """Adds a person's words at the end of a page."""
    file = kb / page
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")
    return file
