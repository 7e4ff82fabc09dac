"""What the system or libgit2 refuses, told so that a person knows which file it was and what to do.

Invariant: an error keeps its cause and its number. Must not swallow anything.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pygit2

from gitkb.errors import GitkbError, RepositoryError


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """Around work on one file: an `OSError` that does not say which file it is about (as those of write and fsync) gets it."""
    try:
        yield
    except OSError as error:
        if error.filename is None or not Path(os.fsdecode(error.filename)).is_absolute():
            error.filename = os.fspath(file)
        raise


@contextmanager
def library_errors(doing: str) -> Iterator[None]:
    """Around calls of libgit2 that write: its errors become a `RepositoryError` that says what could not be done."""
    try:
        yield
    except (pygit2.GitError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        hint = "Look at the disk space, at who may write to the repository, and at `git fsck`; then run the command again."
        raise RepositoryError(f"git's library could not {doing}: {error}.", hint) from error


@contextmanager
def history_errors() -> Iterator[None]:
    """Around calls of libgit2 that read the graph of commits: what is missing or damaged in it becomes a `RepositoryError`."""
    try:
        yield
    except (KeyError, ValueError, pygit2.GitError) as error:
        if isinstance(error, GitkbError):
            raise
        said = str(error).strip("'")
        raise RepositoryError(
            f"The history cannot be read: {said}.", "Look with: git fsck. A fresh clone may have it."
        ) from error
