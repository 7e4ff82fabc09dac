"""Which commits changed a path, newest first, read from the commits' trees alone.

Invariant: a merge that took one side's state of the path whole is followed along that side only, as `git log` does, so
a history survives merges, squashes and rebases. Costs one path look-up per commit; takes no lock.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from pathlib import Path

import pygit2

from gitkb.errors import MissingObject, RepositoryError
from gitkb.store.program import attempt, environment
from gitkb.store.snapshot import ObjectReader
from gitkb.store.values import Commit


def describe(commit: pygit2.Commit) -> Commit:
    """The plain data of a commit."""
    author = commit.author
    parents = tuple(str(oid) for oid in commit.parent_ids)
    message = commit.raw_message.decode("utf-8", "replace")
    return Commit(str(commit.id), message, author.name, author.email, commit.commit_time, parents)


def last_changes(git_dir: Path, folder: str, commit: str) -> dict[str, str]:
    """For every path below a folder the last commit in a history that changed it: {path: commit id}. Asks the git program,
    which reads thousands of commits in the time that libgit2 takes for hundreds."""
    arguments = ["log", "--format=%x01%H", "--name-only", "-z", "--no-renames", commit, "--", f":(top,literal){folder}"]
    done = attempt(git_dir, arguments, environment())
    if done.returncode:
        raise RepositoryError(
            f"git could not read the history: {done.stderr.decode('utf-8', 'replace').strip()}", "Try git fsck."
        )
    found: dict[str, str] = {}
    current = ""
    for token in done.stdout.decode("utf-8", "surrogateescape").split("\0"):
        name = token.removeprefix("\n")
        if name.startswith("\x01"):
            current = name[1:]
        elif name:
            found.setdefault(name, current)
    return found


def changes_of(reader: ObjectReader, tip: str, path: str) -> Iterator[Commit]:
    """The commits that changed a file or folder ("" for every commit), newest first."""
    queue: list[tuple[int, int, pygit2.Commit]] = []
    seen: set[str] = set()

    def push(oid: str) -> None:
        if oid not in seen:
            seen.add(oid)
            commit = reader.commit(oid)
            heappush(queue, (-commit.commit_time, len(seen), commit))

    push(tip)
    while queue:
        commit = heappop(queue)[2]
        state = _state(reader, commit, path)
        parents = _parents(reader, commit)
        same = [parent for parent in parents if path and _state(reader, parent, path) == state]
        for parent in same[:1] or parents:
            push(str(parent.id))
        if not path or (not same and (parents or state is not None)):
            yield describe(commit)


def _parents(reader: ObjectReader, commit: pygit2.Commit) -> list[pygit2.Commit]:
    found = []
    for oid in commit.parent_ids:
        try:
            found.append(reader.commit(str(oid)))
        except KeyError:
            # The end of a shallow clone.
            continue
    return found


def _state(reader: ObjectReader, commit: pygit2.Commit, path: str) -> tuple[int, str] | None:
    if not path:
        return None
    tree = reader.tree(str(commit.tree_id))
    try:
        entry = tree[path]
    except (KeyError, ValueError):
        return None
    except pygit2.GitError as error:
        raise MissingObject(path) from error
    return (int(entry.filemode), str(entry.id))
