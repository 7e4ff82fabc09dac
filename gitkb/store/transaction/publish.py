"""One transaction on a branch, under gitkb's lock: build a group, make it durable, swap the ref; index and worktree follow.

Invariant: from before the swap until the index names the new files, `index.lock` is ours, so a person's `git commit` fails
cleanly instead of undoing the group; and a mark in the run's folder says so until it is over. What a person put in a path
meanwhile is rescued, never lost. `catch_up` brings any half-done state up to the branch and may itself be killed.

Order of a publication, and what a crash after each step leaves: pack in the run's folder (nothing); what others wrote and the
group builds upon is made durable (nothing); `index.lock` (a lock that is provably ours); mark (a note); pack under `.keep`
(unreachable objects); journal (a ref of the dead run); **swap of the branch: the one commit point**; files by rename, index,
lock and mark removed (index and worktree lag: recovery brings them up, and until then `index.lock` keeps a person's `git
commit` from undoing the group). Nothing a person has is changed before the swap.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from gitkb.errors import InTheWay, RefMoved, RepositoryError
from gitkb.store.local.durable_files import fsync_all, library_errors
from gitkb.store.local.local_folder import Note
from gitkb.store.local.locks import Wait, is_ours, new_token, release_git_lock, take_git_lock
from gitkb.store.local.signals import uninterrupted
from gitkb.store.objects import kept_packs
from gitkb.store.snapshot import Snapshot, TreeView, full_path
from gitkb.store.transaction.commit_group import Group, GroupPlanner, forward
from gitkb.store.transaction.index_file import IndexFile
from gitkb.store.transaction.refs import append_reflog, ref_oid, swap_ref
from gitkb.store.transaction.run_context import Place, Writer
from gitkb.store.transaction.worktree import Worktree
from gitkb.store.values import Edit, PathPlan, PlannedCommit, Version

_log = logging.getLogger(__name__)
Staged = list[tuple[PathPlan, Path | None]]


class Following(Struct, frozen=True):
    """One publication: who writes, the worktree that follows, the branch before and after, how to say that it waits."""

    writer: Writer
    worktree: Worktree
    note: Note
    on_wait: Wait | None


def publish_visibly(this: Following, group: Group, guard: Callable[[], None], swap: Callable[[], None]) -> None:
    """Check, `swap` the branch, and let index and worktree follow. `InTheWay` and `RefMoved` leave all as it was."""
    place = this.writer.place
    hold_index(place, this.on_wait)
    try:
        guard()
        index = this.writer.fresh_index()
        staged = _prepare(this.worktree, group, index)
        # `git switch` gives the index back a moment before it moves HEAD: by now it has.
        guard()
        # The lock must outlast a loss of power, as the mark does.
        fsync_all([place.git_dir])
        place.folder.mark(this.note)
        swap()
    except BaseException:
        if place.folder.marked() is not None and ref_oid(place.reader.repository, place.branch) == this.note.after:
            this.writer.index = None
            catch_up(place, this.worktree, this.note)
        else:
            _unlock(place, this.worktree, frozenset())
        raise
    # From here on the index in memory may differ from the file.
    this.writer.index = None
    try:
        _follow(place, this.worktree, index, group.plans, staged)
    except BaseException:
        catch_up(place, this.worktree, this.note)
        raise
    this.writer.index = index
    _unlock(place, this.worktree, frozenset(oid for plan in group.plans for oid in plan.accepted))


def hold_index(place: Place, on_wait: Wait | None) -> None:
    """Take `index.lock`, unless it is ours already: until it is freed, no `git commit` of a person moves the branch."""
    token = place.folder.index_token
    if not is_ours(place.index_lock, token, place.folder.keep_note):
        new_token(token, place.folder.keep_note)
        take_git_lock(place.index_lock, token, on_wait)


def free_index(place: Place) -> None:
    """Give `index.lock` back where it is held and no publication is half done; recovery needs it otherwise."""
    if place.folder.marked() is None:
        release_git_lock(place.index_lock, place.folder.index_token, place.folder.keep_note)


def _unlock(place: Place, worktree: Worktree, known: frozenset[str | None]) -> None:
    release_git_lock(place.index_lock, place.folder.index_token, place.folder.keep_note)
    worktree.clear(known, place.rescue)
    place.folder.unmark()


def _prepare(worktree: Worktree, group: Group, index: IndexFile) -> Staged:
    if index.conflicted():
        raise RepositoryError("The index has unresolved conflicts.", "Resolve and commit them, then run the command again.")
    worktree.check(group.plans, index)
    written = _to_write(worktree, group.plans, index)
    staged = [(plan, worktree.stage(plan)) for plan in written]
    # A power loss must not leave an empty file that looks like a person's edit.
    fsync_all([file for _, file in staged if file is not None])
    return staged


def _to_write(worktree: Worktree, plans: Iterable[PathPlan], index: IndexFile) -> list[PathPlan]:
    """The plans for files that are not yet as they shall be, without those that a sparse checkout does not show."""
    return [plan for plan in plans if worktree.version(plan.path, index) != plan.new.oid and not worktree.hides(plan.path, index)]


def _follow(place: Place, worktree: Worktree, index: IndexFile, plans: tuple[PathPlan, ...], staged: Staged) -> None:
    for plan, file in staged:
        try:
            worktree.replace(plan, file, place.rescue)
        except InTheWay:
            place.left.append(f"{plan.path} was not written: something else stands there now.")
    for plan in plans:
        if plan.new.oid is None:
            index.remove(plan.path)
        else:
            hidden = worktree.hides(plan.path, index)
            index.put(plan.path, plan.new.oid, plan.new.mode, worktree.stat(plan), hidden=hidden)
    draft = index.write()
    # Files, then the index that names them, then the end of mark and lock: after a loss of power a later one never stands
    # without an earlier one, or a person's next `git commit` would take the group back.
    fsync_all(worktree.folders_of(plans))
    draft.rename(place.index_file)
    fsync_all([place.git_dir])


def catch_up(place: Place, worktree: Worktree, note: Note) -> None:
    """Bring index and worktree up to the branch for what a publication that did not end may have left behind.

    An index entry that still shows the old version has not followed; any other has, or is a person's and stays.
    """
    hold_index(place, None)
    tip = ref_oid(place.reader.repository, place.branch)
    before, after, now = (_view(place, oid) for oid in (note.before, note.after, tip))
    # What came out of an exchange that nobody looked at, before anything new goes there.
    worktree.clear(_blobs(before, after, now), place.rescue)
    if before is None or now is None or not place.shown:
        _unlock(place, worktree, frozenset())
        return
    index = IndexFile(place.index_file, place.folder.index_draft)
    lagging = [plan for plan in _plans(before, after, now) if _lags(index, plan)]
    _log.debug("catching up %s at %s: %d paths of index and worktree lag", place.branch, tip or "nothing", len(lagging))
    lagging = [replace(plan, content=now.read(plan.path)) for plan in lagging]
    if lagging:
        staged = [(plan, worktree.stage(plan)) for plan in _to_write(worktree, lagging, index)]
        _follow(place, worktree, index, tuple(lagging), staged)
    _unlock(place, worktree, frozenset())


def _view(place: Place, oid: str) -> Snapshot | None:
    try:
        return Snapshot(place.reader, oid)
    except KeyError:
        return None


def _lags(index: IndexFile, plan: PathPlan) -> bool:
    entry = index.entry(plan.path)
    staged = entry.oid if entry is not None else None
    return staged != plan.new.oid and staged == plan.old.oid


def _plans(before: TreeView, after: TreeView | None, now: TreeView) -> list[PathPlan]:
    paths = {change.path: change.new for change in now.changes_since(before.oid)}
    between = {change.path: change.new for change in after.changes_since(before.oid)} if after is not None else {}
    plans = []
    for path in sorted(paths.keys() | between.keys()):
        old, new = _version(before, path), _version(now, path)
        plans.append(PathPlan(path, old, new, frozenset((old.oid, new.oid, between.get(path, old.oid)))))
    return sorted(plans, key=lambda plan: (plan.new.oid is not None, plan.path))


def _version(view: TreeView, path: str) -> Version:
    entry = view.entry(path)
    return Version(None) if entry is None or view.blob(path) is None else Version(entry[1], entry[0])


def _blobs(*views: TreeView | None) -> frozenset[str | None]:
    known = [view for view in views if view is not None]
    changes = [change for one in known for other in known for change in one.changes_since(other.oid)]
    return frozenset(oid for change in changes for oid in (change.old, change.new))


def _shown(place: Place, whole: Snapshot) -> Snapshot:
    """A commit as those see it who know the knowledge base alone."""
    return Snapshot(place.reader, whole.commit, place.inside) if place.inside else whole


class Transaction:
    """Holds the lock; made by `Run.locked`. `tip` is the branch as it is now, also after each `publish`."""

    def __init__(self, writer: Writer, tip: Snapshot, base: str, guard: Callable[[], None], on_wait: Wait | None) -> None:
        """`base` is the commit that a branch which does not exist yet starts from; `guard` raises where the branch may not
        be written (any more)."""
        self._ref_value = tip.commit
        self._whole = tip if tip.commit or not base else Snapshot(writer.place.reader, base)
        self.tip = (
            self._whole if not writer.place.inside else Snapshot(writer.place.reader, self._whole.commit, writer.place.inside)
        )
        self._writer, self._guard, self._on_wait = writer, guard, on_wait

    def full(self, path: str) -> str:
        """A path of the knowledge base as it counts from the root of the repository."""
        return full_path(self._writer.place.inside, path)

    def edits(self, paths: Iterable[str]) -> dict[str, Edit]:
        """Of these paths, those whose worktree file differs from the tip; none where the branch is not checked out.

        `InTheWay` where a folder or link stands at such a path: that is no edit that could be committed.
        """
        worktree = self._writer.place.worktree
        if worktree is None:
            return {}
        index, found = self._writer.fresh_index(), {}
        for path in sorted(set(paths)):
            full = self.full(path)
            tip, now = self.tip.blob(path), worktree.version(full, index)
            if now == tip:
                continue
            entry = index.entry(full)
            content = worktree.read(full) if now is not None else None
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
        inside = writer.place.inside
        if inside:
            named = [{self.full(path): content for path, content in each.changes.items()} for each in commits]
            commits = [replace(each, changes=changes) for each, changes in zip(commits, named, strict=True)]
        planner = GroupPlanner(writer.place.reader, writer.buffer, self._whole, writer.spill)
        return self._publish(lambda: planner.plan(commits, writer.signers), len(commits), progress)

    def advance(self, commit: str) -> None:
        """Move the branch forward to a commit that has the tip among its ancestors, as `publish` does with new ones.

        Links, submodules and changed modes among the files between them are not followed: the caller looks for them.
        """
        target = Snapshot(self._writer.place.reader, commit)
        self._publish(lambda: forward(self._whole, target), 0, "")

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
        _log.debug("run %s published %d commits on %s", place.folder.id, count, place.branch)
        writer.note = note
        self._whole = Snapshot(place.reader, after)
        self.tip = _shown(place, self._whole)
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
