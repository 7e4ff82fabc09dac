"""Works out which decisions make two names mean the same, or keep them apart: which to write, and which older ones to delete.

Invariant: reads a tree and what its documents list; writes nothing. Applied to that tree, the result has the effect that was
asked for, whatever chains and circles of decisions and aliases there are.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from gitkb.branch.overlay import Overlay
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.name_resolution import Resolution
from gitkb.catalog.queries import RecordCorpus
from gitkb.catalog.record_tables import RECORDS
from gitkb.errors import RepositoryError, UsageError
from gitkb.formats import decisions
from gitkb.formats.decisions import KeepApart, NoPage, OtherSense, SameAs
from gitkb.model.documents import Tree
from gitkb.model.path_changes import PathChanges, PathChangesBuilder

MAX_STEPS = 50


class DecisionPlanner(Struct, frozen=True):
    """Works out which decision files to write or delete on top of a tree; writes none. `by` is the person who decides, such as
    "human:ada@example.org"."""

    catalog: Catalog
    tree: Tree
    by: str

    def same(self, name: str, key: str) -> PathChanges:
        """Decision files that put the claims of `name` on the page of `key`, and those to delete. Empty if the claims are
        there already."""
        with self._names() as names:
            if names.target(name) == names.target(key) and (key in names.way(name) or name not in names.way(key)):
                return PathChanges()
            changes = PathChangesBuilder()
            if name in names.way(key) and names.decided(key):
                changes.delete(SameAs(key, name, self.by).path)  # the other way round from now on
            decision = SameAs(name, key, self.by)
            changes.write(decision.path, decisions.encode(decision))
            changes.delete(*apart_paths(names, name, key))
            told_apart = OtherSense(key, name, "", (), self.by).path
            if self.tree.blob(told_apart):
                changes.delete(told_apart)  # what documents were told to mean is one thing again
        return self._checked(changes.result(), name, key, together=True)

    def apart(self, one: str, other: str) -> PathChanges:
        """Decision files that give two names a page each, and those to delete. Empty if that is decided already. If they
        share a page, the name that leads to the other moves off; otherwise `one` does."""
        decision = KeepApart(min(one, other), max(one, other), self.by)
        changes = PathChangesBuilder()
        changes.write(decision.path, decisions.encode(decision))
        for _ in range(MAX_STEPS):
            with self._names(changes.result()) as names:
                if names.target(one) != names.target(other):
                    break
                leaving = other if one in names.way(other) else one
                step = names.following(leaving)
                if names.decided(leaving):
                    changes.delete(SameAs(leaving, step, self.by).path)
                elif step != leaving:
                    listed = KeepApart(min(leaving, step), max(leaving, step), self.by)
                    changes.write(listed.path, decisions.encode(listed))
        made = changes.result()
        with self._names() as names:
            if made.paths == {decision.path} and names.apart(one, other):
                return PathChanges()
        return self._checked(made, one, other, together=False)

    def other_sense(self, name: str, key: str, title: str, documents: Collection[str]) -> PathChanges:
        """The decision file that says that `name` means `title`, whose key is `key`, in these documents and those decided so
        before. Empty if that is decided already. `UsageError` where a document does not speak of the name, or all do."""
        known = self._sense(name, key)
        wanted = {*documents, *(known.documents if known else ())}
        with self._names() as names:
            self._check_sense(names, name, key, documents, wanted)
        decision = OtherSense(name, key, title, tuple(sorted(wanted)), self.by)
        if known is not None and (known.documents, known.title) == (decision.documents, title):
            return PathChanges()
        apart = KeepApart(min(name, key), max(name, key), self.by)
        return PathChanges.of((each.path, decisions.encode(each)) for each in (decision, apart))

    def _sense(self, name: str, key: str) -> OtherSense | None:
        path = OtherSense(name, key, "", (), self.by).path
        content = self.tree.read(path)
        found = decisions.decode(content, path) if content is not None else None
        return found if isinstance(found, OtherSense) else None

    def _check_sense(self, names: Resolution, name: str, key: str, documents: Collection[str], wanted: Collection[str]) -> None:
        speaking = {*names.documents(name), *names.documents(key)}
        if strange := sorted(set(documents) - speaking):
            raise UsageError(f"{strange[0]} does not speak of {names.title(name)}.", "gitkb show PAGE says which documents do.")
        if not set(names.documents(name)) - set(wanted):
            raise UsageError(
                f"No other document speaks of {names.title(name)}, so there is nothing to tell apart.",
                "Leave out the documents in which the name keeps its meaning.",
            )

    def drop(self, key: str) -> PathChanges:
        """The decision file that leaves `key` without a page. Empty if that is decided already."""
        decision = NoPage(key, self.by)
        if self.tree.blob(decision.path):
            return PathChanges()
        return PathChanges.of([(decision.path, decisions.encode(decision))])

    def restore(self, key: str) -> PathChanges:
        """Takes that decision back. Empty if nothing was decided."""
        path = NoPage(key, self.by).path
        return PathChanges.of([(path, None)]) if self.tree.blob(path) else PathChanges()

    def _checked(self, changes: PathChanges, one: str, other: str, *, together: bool) -> PathChanges:
        with self._names(changes) as names:
            if (names.target(one) == names.target(other)) is not together:
                raise RepositoryError(
                    f"What was decided about {one} and {other} before contradicts itself.", f"Look into {decisions.DECISIONS}/."
                )
        return changes

    @contextmanager
    def _names(self, changes: PathChanges | None = None) -> Iterator[Resolution]:
        tree = Overlay(self.tree, changes) if changes else self.tree
        with self.catalog.at(tree, RECORDS, keep=False) as db:
            yield RecordCorpus(db).names


def apart_paths(names: Resolution, name: str, key: str) -> list[str]:
    """Paths of the keep-apart decisions that prevent `name` from going onto `key`'s page."""
    target = names.target(key)
    ours = {name, *names.leading_to(name)}
    theirs = {target, key, *names.leading_to(target)} - ours
    pairs = [(min(one, other), max(one, other)) for one in ours for other in theirs if names.apart(one, other)]
    return sorted(KeepApart(*pair, by="").path for pair in pairs)


def joined_groups(pairs: Iterable[tuple[str, str]], names: Resolution) -> dict[str, frozenset[str]]:
    """For each name, its group after all pairs are joined; pairs that were decided to be apart are skipped."""
    group: dict[str, frozenset[str]] = {}
    for one, other in pairs:
        ours, theirs = (group.get(each, frozenset((each,))) for each in (one, other))
        if ours != theirs and not any(apart_paths(names, first, second) for first in ours for second in theirs):
            group.update(dict.fromkeys(ours | theirs, ours | theirs))
    return group
