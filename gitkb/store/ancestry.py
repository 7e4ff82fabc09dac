"""How commits descend from one another, and where a repository's remote is: what a review compares with.

Invariant: reads only, takes no lock, speaks to no network. A shallow clone's missing parents end a history.
"""

from collections.abc import Iterator
from pathlib import Path

import pygit2
from pygit2.enums import SortMode

from gitkb.store.failing import history_errors
from gitkb.store.history import describe
from gitkb.store.snapshot import open_bare
from gitkb.store.values import Commit


class Ancestry:
    """The graph of a repository's commits; `git_dir` is its common git folder."""

    def __init__(self, git_dir: Path) -> None:
        self._repository = open_bare(git_dir)

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor of two commits, None where they have none."""
        with history_errors():
            found = self._repository.merge_base(one, other)
        return None if found is None else str(found)

    def between(self, base: str, head: str) -> Iterator[Commit]:
        """The commits that the head has and the base has not, newest first."""
        with history_errors():
            walker = self._repository.walk(head, SortMode.TOPOLOGICAL | SortMode.TIME)
            walker.hide(base)
            yield from map(describe, walker)

    def first_parents(self, commit: str) -> Iterator[str]:
        """A commit and its line of first parents, by id."""
        oid: str | None = commit
        while oid is not None:
            with history_errors():
                found = self._repository.get(oid)
            if not isinstance(found, pygit2.Commit):
                return
            yield oid
            oid = str(found.parent_ids[0]) if found.parent_ids else None

    def branch(self, name: str) -> str | None:
        """The tip of a local branch, else of origin's branch of that name; None where there is neither."""
        for ref in (f"refs/heads/{name}", f"refs/remotes/origin/{name}"):
            found = self._repository.references.get(ref)
            if found is not None:
                with history_errors():
                    return str(found.peel(pygit2.Commit).id)
        return None

    def upstream(self, branch: str) -> str | None:
        """The last known tip of the branch that a local one follows, None where it follows none."""
        found = self._repository.branches.local.get(branch)
        try:
            followed = None if found is None else found.upstream
        except (KeyError, ValueError, pygit2.GitError):
            return None
        return None if followed is None else str(followed.peel(pygit2.Commit).id)

    def remote_url(self, name: str = "origin") -> str:
        """Where a remote is, empty where there is none."""
        try:
            return str(self._repository.config[f"remote.{name}.url"])
        except KeyError:
            return ""
