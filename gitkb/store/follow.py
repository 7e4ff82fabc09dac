"""Publication where the branch is checked out: index and worktree follow the branch, under git's `index.lock`.

Invariant: from before the swap until the index names the new files, `index.lock` is ours, so a person's `git commit` fails
cleanly instead of undoing the group; and a mark in the run's folder says so until it is over. What a person put in a path
meanwhile is rescued, never lost. `settle` brings any half-done state up to the branch and may itself be killed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from gitkb.errors import InTheWay, RepositoryError
from gitkb.store.group import Group
from gitkb.store.index import IndexFile
from gitkb.store.journal import Note
from gitkb.store.locks import Wait, is_ours, new_token, release_git_lock, take_git_lock
from gitkb.store.objects import fsync_all
from gitkb.store.refs import ref_oid
from gitkb.store.snapshot import Snapshot, TreeView
from gitkb.store.values import PathPlan, Version
from gitkb.store.worktree import Worktree
from gitkb.store.writer import Place, Writer

Staged = list[tuple[PathPlan, Path | None]]


@dataclass(frozen=True, slots=True)
class Following:
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
            settle(place, this.worktree, this.note)
        else:
            _unlock(place, this.worktree, frozenset())
        raise
    # From here on the index in memory may differ from the file.
    this.writer.index = None
    try:
        _follow(place, this.worktree, index, group.plans, staged)
    except BaseException:
        settle(place, this.worktree, this.note)
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
    written = [plan for plan in group.plans if worktree.version(plan.path, index) != plan.new.oid]
    staged = [(plan, worktree.stage(plan)) for plan in written]
    # A power loss must not leave an empty file that looks like a person's edit.
    fsync_all([file for _, file in staged if file is not None])
    return staged


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
            index.put(plan.path, plan.new.oid, plan.new.mode, worktree.stat(plan))
    draft = index.write()
    # Files, then the index that names them, then the end of mark and lock: after a loss of power a later one never stands
    # without an earlier one, or a person's next `git commit` would take the group back.
    fsync_all(worktree.folders_of(plans))
    draft.rename(place.index_file)
    fsync_all([place.git_dir])


def settle(place: Place, worktree: Worktree, note: Note) -> None:
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
    lagging = [replace(plan, content=now.read(plan.path)) for plan in lagging]
    if lagging:
        staged = [(plan, worktree.stage(plan)) for plan in lagging if worktree.version(plan.path, index) != plan.new.oid]
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
