"""Clears what killed runs left behind. Never moves a branch: the last good commit is the tip, and the rest follows it.

Invariant: every step may be repeated, the run's folder goes last, and only files that are provably the run's own are
removed: lock files by identity with its tokens, packs' `.keep` by their note, everything else by its id. What belongs to
nobody known is reported and left. Must be called with gitkb's lock held.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pygit2
from msgspec import Struct, field

from gitkb.store.local.local_folder import JOURNAL_FILE, Note, RunFolder, decode_note, run_folders
from gitkb.store.local.locks import Liveness, wait_for_workers
from gitkb.store.snapshot import ObjectReader, Snapshot
from gitkb.store.transaction.publish import catch_up
from gitkb.store.transaction.refs import JOURNAL_REFS, ref_oid
from gitkb.store.transaction.run import release_locks, remove_run
from gitkb.store.transaction.run_context import Place
from gitkb.store.values import Recovery, Rescued, RunState

_log = logging.getLogger(__name__)
WORKER_SECONDS = 60.0
Report = Callable[[str], None]


def run_states(local: Path, reader: ObjectReader) -> list[RunState]:
    """All unfinished runs with a folder here; a journal ref without one is somebody else's."""
    states = []
    for folder in run_folders(local):
        note = described(folder, reader)
        if note is not None:
            states.append(RunState(folder.id, note.what, note.progress, note.commits, Liveness.probe(folder.alive)))
    return states


def described(folder: RunFolder, reader: ObjectReader) -> Note | None:
    """The newest note of a run: its journal's where that can be read, else the one in its folder."""
    oid = ref_oid(reader.repository, f"{JOURNAL_REFS}{folder.id}")
    with suppress(KeyError):
        data = Snapshot(reader, oid).read(JOURNAL_FILE) if oid else None
        note = decode_note(data) if data is not None else None
        if note is not None:
            return note
    return folder.note() or folder.marked()


def sentence(state: RunState) -> str:
    """The sentence about a run that was cleared."""
    doing = ", ".join(part for part in (state.what, state.progress) if part)
    commits = {0: "It made no commit", 1: "Its 1 commit is kept"}.get(state.commits, f"Its {state.commits} commits are kept")
    return f"An earlier run ({doing}) did not end. {commits}, its unfinished work was cleared."


class Recoverer(Struct):
    """Clears dead runs one by one; `place_of` finds where a run wrote (its worktree may be gone)."""

    common: Path
    reader: ObjectReader
    place_of: Callable[[RunFolder, Note | None], Place]
    report: Report
    _cleared: list[RunState] = field(default_factory=list)
    _rescued: list[Rescued] = field(default_factory=list)
    _left: list[str] = field(default_factory=list)

    def clear(self, local: Path) -> Recovery:
        """Clear every run without a living process."""
        for folder in run_folders(local):
            if not Liveness.probe(folder.alive):
                self._clear_run(folder)
        return Recovery(tuple(self._cleared), tuple(self._rescued), tuple(self._left))

    def _clear_run(self, folder: RunFolder) -> None:
        if not wait_for_workers(folder.workers, WORKER_SECONDS):
            self._leave(f"Worker processes of the dead run {folder.id} still work; end them, then run `gitkb recover`.")
            return
        note = described(folder, self.reader)
        place = self.place_of(folder, note)
        marked = folder.marked() is not None
        _log.debug("clearing the dead run %s on %s; it died while publishing: %s", folder.id, place.branch or "no branch", marked)
        self._catch_up(place, folder)
        release_locks(place, note)
        remove_run(place, folder, self.report)
        if note is not None:
            state = RunState(folder.id, note.what, note.progress, self._published(note), False)
            self._cleared.append(state)
            self.report(sentence(state))

    def _published(self, note: Note) -> int:
        # The journal is written before the swap: the last group may not have happened.
        tip = ref_oid(self.reader.repository, note.branch) if note.branch else ""
        return note.commits if not note.after or self._contains(tip, note.after) else max(0, note.commits - note.group)

    def _contains(self, tip: str, commit: str) -> bool:
        if not tip:
            return False
        try:
            return tip == commit or self.reader.repository.descendant_of(tip, commit)
        except (KeyError, ValueError, pygit2.GitError):
            return False

    def _catch_up(self, place: Place, folder: RunFolder) -> None:
        marked = folder.marked()
        if marked is not None and place.worktree is not None:
            catch_up(place, place.worktree, marked)
        elif place.worktree is not None:
            place.worktree.clear(frozenset(), place.rescue)
        for rescued in place.rescued:
            self.report(f"{rescued.path} stood in the way; it is kept: git show {rescued.ref}:{rescued.path}")
        self._rescued.extend(place.rescued)
        for line in place.left:
            self._leave(line)

    def _leave(self, line: str) -> None:
        _log.debug("left alone: %s", line)
        self._left.append(line)
        self.report(line)
