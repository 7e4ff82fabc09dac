"""One transaction on a branch, under gitkb's lock: build a group, make it durable, publish it.

Order of a publication, and what a crash after each step leaves: pack in the run's folder (nothing); what others wrote and the
group builds upon is made durable (nothing); `index.lock` (a lock
that is provably ours); mark (a note); pack under `.keep` (unreachable objects); journal (a ref of the dead run); **swap of
the branch: the one commit point**; files by rename, index, lock and mark removed (index and worktree lag: recovery brings
them up, and until then `index.lock` keeps a person's `git commit` from undoing the group). Nothing a person has is changed
before the swap.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from gitkb.errors import RefMoved
from gitkb.store.failing import library_errors
from gitkb.store.follow import Following, publish_visibly
from gitkb.store.group import Group, GroupPlanner, forward
from gitkb.store.locks import Wait
from gitkb.store.objects import kept_packs
from gitkb.store.refs import append_reflog, swap_ref
from gitkb.store.signals import uninterrupted
from gitkb.store.snapshot import Snapshot
from gitkb.store.values import Edit, PlannedCommit
from gitkb.store.writer import Writer


class Transaction:
    """Holds the lock; made by `Run.locked`. `tip` is the branch as it is now, also after each `publish`."""

    def __init__(self, writer: Writer, tip: Snapshot, base: str, guard: Callable[[], None], on_wait: Wait | None) -> None:
        """`base` is the commit that a branch which does not exist yet starts from; `guard` raises where the branch may not
        be written (any more)."""
        self._ref_value = tip.commit
        self.tip = tip if tip.commit or not base else Snapshot(writer.place.reader, base)
        self._writer, self._guard, self._on_wait = writer, guard, on_wait

    def edits(self, paths: Iterable[str]) -> dict[str, Edit]:
        """Of these paths, those whose worktree file differs from the tip; none where the branch is not checked out.

        `InTheWay` where a folder or link stands at such a path: that is no edit that could be committed.
        """
        worktree = self._writer.place.worktree
        if worktree is None:
            return {}
        index, found = self._writer.fresh_index(), {}
        for path in sorted(set(paths)):
            tip, now = self.tip.blob(path), worktree.version(path, index)
            if now == tip:
                continue
            entry = index.entry(path)
            content = worktree.read(path) if now is not None else None
            found[path] = Edit(path, content, (entry.oid if entry is not None else None) != tip, tip is not None)
        return found

    def publish(self, commits: Sequence[PlannedCommit], progress: str = "") -> list[str]:
        """Make the commits real, durable and visible, all or none; returns their ids in order.

        `InTheWay` and `RefMoved` leave everything as it was; so does any error before the swap. After the swap the commits
        stay, and an error (a full disk) leaves at most worktree and index to the next writer's recovery. Files given as
        content are moved from the scratch folder.
        """
        if not commits:
            return []
        writer = self._writer
        planner = GroupPlanner(writer.place.reader, writer.buffer, self.tip, writer.spill)
        return self._publish(lambda: planner.plan(commits, writer.signers), len(commits), progress)

    def advance(self, commit: str) -> None:
        """Move the branch forward to a commit that has the tip among its ancestors, as `publish` does with new ones.

        Links, submodules and changed modes among the files between them are not followed: the caller looks for them.
        """
        target = Snapshot(self._writer.place.reader, commit)
        self._publish(lambda: forward(self.tip, target), 0, "")

    @uninterrupted()
    def _publish(self, plan: Callable[[], Group], count: int, progress: str) -> list[str]:
        writer, place = self._writer, self._writer.place
        self._guard()
        try:
            with library_errors("publish the commits"):
                group = plan()
                after = group.commits[-1]
                total = writer.note.commits + count
                note = replace(writer.note, progress=progress, commits=total, group=count, before=self._ref_value, after=after)
                journal = writer.journal(note, self.tip.commit)
                writer.spill()
                writer.hardened.cover(place.git_dir, place.root)
                if place.worktree is None:
                    self._swap(journal, after)
                else:
                    following = Following(writer, place.worktree, note, self._on_wait)
                    publish_visibly(following, group, self._guard, partial(self._swap, journal, after))
        finally:
            writer.discard()
        writer.note = note
        self.tip = Snapshot(place.reader, after)
        self._ref_value = after
        return list(group.commits)

    def _swap(self, journal: str, after: str) -> None:
        writer, place = self._writer, self._writer.place
        repository, before = place.reader.repository, self._ref_value
        with kept_packs(place.folder.packs, place.common / "objects", place.folder.keep_note):
            writer.set_journal(journal)
            if not swap_ref(repository, place.common, place.branch, before, after, place.folder.ref_token, self._on_wait):
                raise RefMoved(f"{place.branch} moved while gitkb prepared its commits.", "Run the command again.")
        who, message = writer.signers.committer(), f"gitkb: {writer.note.what}"
        append_reflog(repository, place.common / "logs" / place.branch, before, after, who, message)
        if place.shown:
            append_reflog(repository, place.git_dir / "logs" / "HEAD", before, after, who, message)
