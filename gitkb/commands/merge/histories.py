"""Unites two histories in memory: finds their bases, merges their trees, and names what a person has to decide.

Invariant: reads only; so a merge can be foreseen as well as made. A conflict names both sides, by commit, author and day.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from shlex import quote
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.branch.landed import landed_commit
from gitkb.commands.diff.wording import cut
from gitkb.commands.merge.document_words import words_of
from gitkb.commands.merge.page_merge import Side
from gitkb.commands.merge.remade import Files, NotMadeYet, Remake, Which, Wish
from gitkb.commands.merge.three_way import Clash, Sides, United, Uniting, plain, united_files
from gitkb.errors import MergeConflict, RepositoryError
from gitkb.model.listener import Listener
from gitkb.model.options import MergeChoices
from gitkb.pages import refresh
from gitkb.store.history import Ancestors, merge_lines
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot

T = TypeVar("T")
NAMED = 10
SHOWN = 3
_UNRELATED = "They are two knowledge bases. Add the documents of one to the other."


class Histories(Struct, frozen=True):
    """Two histories of one repository: that of a `branch` (its name) and any other. `command` is what a person types to merge
    again with a choice."""

    store: Store
    listener: Listener
    branch: str
    choices: MergeChoices
    command: str
    remake: Remake | None = None
    made: dict[Wish, Files | None] = field(default_factory=dict)

    def _chosen(self) -> dict[str, str]:
        sides = {"ours": self.choices.ours, "theirs": self.choices.theirs, "both": self.choices.both}
        return {plain(name): side for side, names in sides.items() for name in names}

    def making(self, ours: Callable[[], Snapshot], theirs: Snapshot, act: Callable[[], T]) -> T:
        """What `act` returns, which unites: before, the documents are made that have to be, and again where the branch moved."""
        while True:
            try:
                return act()
            except NotMadeYet as needed:
                wishes = needed.wishes
            self.listener.message(f"Making {', '.join(wish.document for wish in wishes[:SHOWN])} of both sides.")
            commits: dict[Which, str] = {"ours": ours().commit, "theirs": theirs.commit}
            self.made.update(self.remake(wishes, commits) if self.remake is not None else dict.fromkeys(wishes))

    def unite(self, ours: Snapshot, theirs: Snapshot, source: str) -> United:
        """What to change on our side, and what is chosen; `MergeConflict` names what both sides changed. `NotMadeYet` where
        documents must be made first: see `making`."""
        graph, choices = Ancestors(self.store.git_dir), self._chosen()
        bases = [self.store.snapshot(oid) for oid in graph.bases(ours.commit, theirs.commit)]
        # After a squash the branch's own older version is what this one has: then only what came since is merged.
        if len(bases) == 1 and (landed := landed_commit(self.store, ours, theirs, bases[0])):
            bases = [self.store.snapshot(landed)]
        if not bases:
            hint = "Fetch the rest of this clone's history: git fetch --unshallow" if graph.is_shallow() else ""
            raise RepositoryError(f"{source} and {self.branch} have no history in common.", hint or _UNRELATED)
        apart = graph.unusual(ours.oid, theirs.oid)
        self.refuse_unusual(source, {path for base in bases for path in graph.unusual(base.oid, theirs.oid)} & apart)
        sides = Sides(tuple(map(self._side, bases)), self._side(ours), self._side(theirs))
        united = Uniting(sides, theirs, choices, partial(merge_lines, self.store.git_dir), self.made)()
        if united.wishes:
            raise NotMadeYet(united.wishes)
        if ours.inside:
            self._unite_rest(united, bases, ours, theirs, source)
        if united.clashes:
            raise self._conflict(united.clashes, (bases[0], ours, theirs), source)
        for name in sorted(set(choices) - united.chosen):
            self.listener.message(f"{name} was not in conflict, so nothing had to be chosen.")
        return united

    def _unite_rest(self, united: United, bases: list[Snapshot], ours: Snapshot, theirs: Snapshot, source: str) -> None:
        """The rest of a repository in a folder of which the knowledge base is: file by file, line by line, as git would."""
        graph, own = Ancestors(self.store.git_dir), f"{ours.inside}/"
        apart = graph.unusual(ours.whole.oid, theirs.whole.oid)
        unusual = {path for base in bases for path in graph.unusual(base.whole.oid, theirs.whole.oid)} & apart
        self.refuse_unusual(source, {path for path in unusual if not path.startswith(own)})
        sides = Sides(tuple(map(_whole, bases)), _whole(ours), _whole(theirs))
        changed = [change.path for change in theirs.whole.changes_since(ours.whole.oid) if not change.path.startswith(own)]
        rest = united_files(sides, theirs.whole, changed, self._chosen(), partial(merge_lines, self.store.git_dir))
        united.changes.update({f"/{path}": content for path, content in rest.changes.items()})
        united.clashes.extend(replace(clash, name=f"/{clash.name}", path=f"/{clash.path}") for clash in rest.clashes)
        united.chosen.update(rest.chosen)

    def _side(self, snapshot: Snapshot) -> Side:
        return Side(snapshot, refresh.history_base(self.store, snapshot.commit))

    def refuse_unusual(self, source: str, paths: set[str]) -> None:
        """Raises where a merge would change what gitkb does not write."""
        if paths and self.store.worktree is not None:
            named = ", ".join(sorted(paths)[:NAMED])
            hint = f"Merge it with git itself, then bring the pages up to date: git merge {source}; gitkb refresh"
            raise RepositoryError(f"{source} changes what gitkb does not write (links, submodules, file modes): {named}.", hint)

    def _conflict(self, clashes: list[Clash], sides: tuple[Snapshot, Snapshot, Snapshot], source: str) -> MergeConflict:
        base, ours, theirs = sides
        lines = []
        for clash in clashes[:NAMED]:
            blocks = f" ({'; '.join(clash.blocks)})" if clash.blocks else ""
            here, there = (f"{self._did(clash, side)}{_words(clash, base, side)}" for side in (ours, theirs))
            lines.append(f"{clash.kind} {clash.name}{blocks}: here {here}; there {there}")
        lines += [f"and {len(clashes) - NAMED} more"] if len(clashes) > NAMED else []
        listed = "; ".join(lines) if len(lines) == 1 else "\n".join(f"  {line}" for line in lines)
        one = quote(clashes[0].name)
        both = next((f", or merge the two texts: --both {quote(each.name)}" for each in clashes if each.unitable), "")
        return MergeConflict(
            f"{self.branch} and {source} changed the same things:{' ' if len(lines) == 1 else chr(10)}{listed}",
            f"Nothing was changed. Choose a side for each: {self.command} --ours {one}, or --theirs {one}{both}. Or settle it"
            f" in an editor: git merge {quote(source)}, edit, git commit, gitkb refresh.",
        )

    def _did(self, clash: Clash, side: Snapshot) -> str:
        """The last commit of one side that changed the path of a clash, and its author."""
        commit = next(self.store.history(clash.path, side.commit), None)
        if commit is None:
            return "nothing is known"
        day = datetime.fromtimestamp(commit.time, UTC).date().isoformat()
        return f"{commit.oid[:7]} {commit.message.partition(chr(10))[0]!r} ({commit.author_name}, {day})"


def _whole(snapshot: Snapshot) -> Side:
    """All files of a side's repository, none of which gitkb made."""
    return Side(snapshot.whole, lambda _: None)


def _words(clash: Clash, base: Snapshot, side: Snapshot) -> str:
    """What a side says anew in a document, so that a person can choose."""
    found = words_of(base, side, clash.name) if clash.kind == "document" else []
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f": {'; '.join(cut(line, 120) for line in found[:SHOWN])}{more}" if found else ""
