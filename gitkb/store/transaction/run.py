"""One run of a writing command: its liveness, its journal, its scratch worktree, and its transactions.

Invariant: the run's folder exists, with its liveness lock held, before anything else of the run does, and goes last: so
whatever a killed run leaves is found and cleared by the next writer. A run whose publication could not be finished leaves its
mark and lock to that writer on purpose. Git's folder for the scratch worktree appears and vanishes whole, by one rename: `git
worktree add` makes it file by file, and any git command that looks at all worktrees in that moment fails, which happens with
many runs starting at once. Its layout is that of gitrepository-layout(5).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import pygit2

from gitkb.errors import GitkbError, RefMoved, RepositoryError
from gitkb.store.local.durable_files import fsync_all, library_errors, naming
from gitkb.store.local.local_folder import Note, RunFolder, remove_tree
from gitkb.store.local.locks import Liveness, Wait, exclusive, release_git_lock
from gitkb.store.local.signals import uninterrupted
from gitkb.store.objects import release_keep
from gitkb.store.snapshot import Snapshot
from gitkb.store.transaction.publish import Transaction, catch_up, free_index, hold_index
from gitkb.store.transaction.refs import JOURNAL_REFS, delete_ref, ref_oid
from gitkb.store.transaction.run_context import Place, Writer
from gitkb.store.values import Rescued

_REGISTER_TRIES = 100
_ATTEMPTS = 50
T = TypeVar("T")


def _admin(common: Path, folder: RunFolder) -> Path:
    return common / "worktrees" / folder.scratch.name


def add_worktree(common: Path, folder: RunFolder, commit: str) -> None:
    """Register the run's scratch folder as a worktree whose detached HEAD is `commit`."""
    admin, made = _admin(common, folder), folder.folder / "admin"
    made.mkdir()
    files = {"HEAD": commit, "commondir": "../..", "gitdir": str(folder.scratch / ".git"), "locked": "a run of gitkb"}
    contents = {folder.scratch / ".git": f"gitdir: {admin}", **{made / name: content for name, content in files.items()}}
    for file, content in contents.items():
        with naming(file):
            file.write_text(f"{content}\n", encoding="utf-8", errors="surrogateescape")
    for _ in range(_REGISTER_TRIES):
        admin.parent.mkdir(exist_ok=True)
        # Another run that ends removes the folder of all worktrees when it is empty.
        with suppress(FileNotFoundError):
            made.rename(admin)
            return
    made.rename(admin)


def remove_worktree(common: Path, folder: RunFolder) -> None:
    """Take the scratch worktree out of git's sight; may be repeated. The run's folder takes the rest with it."""
    admin, out = _admin(common, folder), folder.folder / "admin-out"
    if out.exists():
        remove_tree(out)
    with suppress(FileNotFoundError):
        admin.rename(out)
    with suppress(OSError):
        # Git removes the folder with its last worktree too.
        admin.parent.rmdir()


LOCK_MESSAGE = "Waiting: another gitkb process is writing to this knowledge base."


class Run:
    """Made by `Store.begin`; a context manager that leaves nothing of the run behind, whatever happened."""

    def __init__(
        self, writer: Writer, lock: Path, alive: Liveness, guard: Callable[[], None], base: str, on_wait: Wait | None = None
    ) -> None:
        """`guard` raises where the branch may not be written; `base` is where a branch that does not exist yet starts."""
        self._writer, self._lock, self._alive, self._guard = writer, lock, alive, guard
        self._base, self._on_wait = base, on_wait
        self._known = ref_oid(writer.place.reader.repository, writer.place.branch)
        self._lost = False

    @property
    def id(self) -> str:
        """The run's name: sixteen hexadecimal digits, different for each."""
        return self._folder.id

    @property
    def branch(self) -> str:
        """The short name of the branch that the run writes."""
        return self._writer.place.branch.removeprefix("refs/heads/")

    @property
    def scratch(self) -> Path:
        """The folder for what is prepared: on the same file system as the knowledge base, gone when the run ends."""
        return self._folder.scratch

    @property
    def worker_lock(self) -> Path:
        """The file that each worker process holds a shared lock on while it may write into the scratch folder."""
        return self._folder.workers

    @property
    def rescued(self) -> tuple[Rescued, ...]:
        """A person's files that came in the way at the last moment and are kept under refs."""
        return tuple(self._writer.place.rescued)

    @property
    def left(self) -> tuple[str, ...]:
        """Sentences about worktree files that could not follow the branch."""
        return tuple(self._writer.place.left)

    @property
    def _folder(self) -> RunFolder:
        return self._writer.place.folder

    def keep_original(self, file: Path, sha256: str, size: int) -> None:
        """Take a file of the scratch folder into the local Git LFS store, durably, so that a commit may hold its pointer. May
        be repeated; takes no lock."""
        self._writer.place.originals.keep(file, sha256, size)

    def prepare(self) -> None:
        """Make the scratch worktree."""
        tip = self._known or self._base
        self.worker_lock.touch()
        self.scratch.mkdir()
        if tip:
            # Its HEAD also keeps git from collecting the commit that the run begins with.
            add_worktree(self._writer.place.common, self._folder, tip)

    @contextmanager
    def locked(self, on_wait: Wait | None = None, timeout: float = 600) -> Iterator[Transaction]:
        """Hold gitkb's lock for one transaction. `LockTimeout` after `timeout` seconds; `RepositoryError` where the branch
        was switched, deleted or is in the middle of a merge. `on_wait` gets a sentence when there is a wait."""
        with exclusive(self._lock, on_wait, timeout, LOCK_MESSAGE):
            self._guard()
            place = self._writer.place
            if self._lost and place.worktree is not None:
                # A person who commits faster than a group is planned must not win for ever: git waits from here on.
                hold_index(place, on_wait)
            tip = ref_oid(place.reader.repository, place.branch)
            if self._known and not tip:
                raise RepositoryError(
                    f"Branch {self.branch} was deleted.", f"Make it again: git branch {self.branch} {self._known[:12]}"
                )
            transaction = Transaction(self._writer, Snapshot(place.reader, tip), self._base, self._guard, on_wait)
            try:
                self._lost = False
                yield transaction
            except RefMoved:
                self._lost = True
                raise
            finally:
                self._known = transaction.tip.commit or self._known
                free_index(place)

    def transact(self, act: Callable[[Transaction], T]) -> T:
        """What `act` returns: done under the lock, and done again where the branch moved meanwhile, so that it plans anew on the
        tip that it finds. `RepositoryError` where the branch moved each time; else as `locked`."""
        for _ in range(_ATTEMPTS):
            try:
                with self.locked(self._on_wait) as transaction:
                    return act(transaction)
            except RefMoved:
                continue
        raise RepositoryError(
            "The branch kept moving under every attempt to commit.", "Wait for the other writers, then run the command again."
        )

    @uninterrupted()
    def close(self) -> None:
        """End the run: nothing of it stays. What could not be finished is left to the next writer."""
        try:
            with library_errors("end the run"):
                if self._writer.place.worktree is not None and (note := self._folder.marked()) is not None:
                    with exclusive(self._lock, None, 60, LOCK_MESSAGE):
                        catch_up(self._writer.place, self._writer.place.worktree, note)
                release_locks(self._writer.place)
                remove_run(self._writer.place, self._folder, self._on_wait)
        finally:
            self._alive.release()

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self.close()
        except (OSError, GitkbError, pygit2.GitError):
            # The first error says more; what is left here is cleared by the next writer.
            if error is None:
                raise


def release_locks(place: Place, note: Note | None = None) -> None:
    """Remove the lock files and the `.keep` files that are provably the run's own: what it could not remove itself when it was
    done with them, or did not come to. May be repeated; the caller has brought index and worktree up to the branch. `note` is
    what a dead run said last."""
    folder = place.folder
    release_git_lock(place.index_lock, folder.index_token, folder.keep_note)
    if place.branch:
        file = place.common / place.branch
        # Only the dead run knew the commit that it was about to publish.
        content = f"{note.after}\n".encode() if note is not None and note.after else b""
        release_git_lock(file.with_name(file.name + ".lock"), folder.ref_token, content)
    for keep in sorted((place.common / "objects" / "pack").glob("pack-*.keep")):
        with suppress(FileNotFoundError):
            if keep.read_bytes() == folder.keep_note:
                release_keep(keep)


def remove_run(place: Place, folder: RunFolder, on_wait: Wait | None) -> None:
    """Remove a run's journal, scratch worktree and folder, in that order; may be repeated."""
    common = place.common
    delete_ref(common, f"{JOURNAL_REFS}{folder.id}", on_wait)
    remove_worktree(common, folder)
    # What is gone must not come back after its owner: locks, marks and refs go durably before the folder that explains them.
    journals = common / JOURNAL_REFS
    refs = [folder for folder in (journals, *journals.parents) if folder.is_relative_to(common / "refs")]
    fsync_all([place.git_dir, common, *refs, common / "worktrees", common / "objects" / "pack"])
    with suppress(FileNotFoundError):
        folder.remove()


def open_folder(local: Path, run_id: str, note: Note, on_wait: Wait | None, timeout: float) -> tuple[RunFolder, Liveness]:
    """Make a run's folder with its liveness held, under gitkb's lock: recovery never sees it without a holder."""
    local.mkdir(parents=True, exist_ok=True)
    with exclusive(local / "lock", on_wait, timeout, LOCK_MESSAGE):
        folder = RunFolder(local / "runs" / run_id)
        try:
            folder.folder.mkdir(parents=True)
            alive = Liveness(folder.alive)
            folder.write(note)
            # Whoever comes after a loss of power must find the run before he finds its traces.
            fsync_all([folder.folder, local / "runs", local, local.parent])
        except BaseException:
            with suppress(FileNotFoundError):
                folder.remove()
            raise
    return folder, alive
