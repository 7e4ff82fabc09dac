"""The small documents of a life: a few subjects that speak of the same concepts, each in several versions.

Invariant: a text depends on its subject and version alone; different ones differ. Some sentences stand in all versions, some come
and go, so that claims are added, lost and worded anew; links lead to neighbours that may or may not be there.
"""

FILES = ("wal.md", "sqlite.md", "raft.md", "paxos.md", "guide/recovery.md", "guide/checkpoints.md", "notes/aries.md")
VERSIONS = 4

_SUBJECTS = (
    (
        "Write-ahead logging",
        "Write-ahead logging is the rule that {what} is logged before its page is written.",
        ("every change", "each update", "every change", "any change"),
        ("A log record is a note of one change.", "Crash recovery reads the log from the last checkpoint."),
    ),
    (
        "SQLite",
        "SQLite is a small database that keeps {what} in one file.",
        ("all tables", "all tables", "tables and indexes", "its data"),
        ("Write-ahead logging makes SQLite faster.", "A checkpoint copies the pages of the log back into the database."),
    ),
    (
        "Raft",
        "Raft is a consensus algorithm that elects {what}.",
        ("a leader", "one strong leader", "a leader", "a leader for each term"),
        ("Leader election is the choice of one server that orders all changes.", "Raft keeps a replicated log."),
    ),
    (
        "Paxos",
        "Paxos is a consensus algorithm that agrees on {what}.",
        ("one value", "a single value", "one value", "a value"),
        ("A replicated log is a sequence of agreed values.", "Leader election makes Paxos faster."),
    ),
    (
        "Crash recovery",
        "Crash recovery is the work that brings a database back to {what}.",
        ("a consistent state", "the last consistent state", "a sound state", "a consistent state"),
        ("It depends on [write-ahead logging](../wal.md).", "Crash recovery begins at a checkpoint."),
    ),
    (
        "Checkpoints",
        "A checkpoint is a point in the log from which {what} can start.",
        ("crash recovery", "recovery", "crash recovery", "a restart"),
        ("WAL is the log that a checkpoint shortens.", "The [SQLite](../sqlite.md) database makes a checkpoint by itself."),
    ),
    (
        "ARIES",
        "ARIES is a recovery algorithm that repeats {what}.",
        ("history", "history", "the whole history", "what happened"),
        ("Write-ahead logging protects every change.", "A compensation log record is a log record of an undo."),
    ),
)


def text_of(subject: int, version: int) -> str:
    """The document of a subject in one of its versions."""
    title, definition, whats, more = _SUBJECTS[subject % len(_SUBJECTS)]
    version %= VERSIONS
    kept = more if version < 2 else more[version - 2 : version - 1]
    mark = f"Version {version} of {title} is a text that was revised {version + 2} times.\n"
    lines = [f"# {title}\n", definition.format(what=whats[version]) + "\n", "## Details\n", *(f"{line}\n" for line in kept), mark]
    return "\n".join(lines)
