"""Refs: the compare-and-swap of a branch, its reflog, the journal refs and the rescue refs.

Invariant: a branch moves in one rename of a lock file that is provably ours, under git's own lock protocol, after its
old value was read under that lock. `refs/gitkb/` is ours; other refs than the run's branch are never written.
"""

import errno
import logging
import os
from contextlib import suppress
from pathlib import Path

import pygit2

from gitkb.errors import RepositoryError
from gitkb.store.git_program import attempt, environment
from gitkb.store.local.durable_files import fsync_all, library_errors
from gitkb.store.local.local_folder import RunFolder
from gitkb.store.local.locks import Wait, new_token, release_git_lock, take_git_lock, while_locked
from gitkb.store.objects import ObjectBuffer, encode_commit, kept_packs
from gitkb.store.snapshot import open_bare
from gitkb.store.tree_builder import EMPTY_TREE, TreeEditor
from gitkb.store.values import Rescued, Version

_log = logging.getLogger(__name__)
JOURNAL_REFS = "refs/gitkb/in-progress/"
RESCUE_REFS = "refs/gitkb/rescue/"
ZERO = "0" * 40
_TRIES = 5


def ref_oid(repository: pygit2.Repository, ref: str) -> str:
    """The commit that a ref names, "" where it does not exist; a symbolic branch is refused."""
    try:
        found = repository.lookup_reference(ref)
    except KeyError:
        return ""
    if isinstance(found.target, str):
        raise RepositoryError(f"{ref} is a symbolic ref to {found.target}.", f"Check out {found.target} itself.")
    return str(found.target)


def swap_ref(
    repository: pygit2.Repository, common: Path, ref: str, old: str, new: str, token: Path, on_wait: Wait | None
) -> bool:
    """Move a branch from `old` ("" for not existing) to `new` if it still is there: the one commit point of a group.

    Durable on return. False, with nothing changed, where somebody else moved the branch.
    """
    file = common / ref
    lock = file.with_name(file.name + ".lock")
    new_token(token, new.encode() + b"\n")
    file.parent.mkdir(parents=True, exist_ok=True)
    take_git_lock(lock, token, on_wait)
    try:
        found = ref_oid(repository, ref)
        if found != old:
            _log.debug("lost the race for %s: it is at %s, and was at %s when the group was made", ref, found, old)
            return False
        _rename_onto(lock, file)
        # The folders of a name like ingest/q3 are new with it.
        fsync_all([folder for folder in file.parents if folder.is_relative_to(common / "refs")])
    finally:
        release_git_lock(lock, token)
        # The token is the ref's own file now: it must lose this second name, and never be written again.
        token.unlink(missing_ok=True)
    _log.debug("moved %s from %s to %s", ref, old or "nothing", new)
    return True


def _rename_onto(lock: Path, file: Path) -> None:
    try:
        lock.rename(file)
    except OSError as error:
        if error.errno not in (errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST):
            raise
        # Git leaves empty folders behind where branches of the form name/... were deleted.
        file.rmdir()
        lock.rename(file)


def append_reflog(repository: pygit2.Repository, logs: Path, old: str, new: str, who: str, message: str) -> None:
    """Note a swap in a reflog as git would; `logs` is the log's file. A lost line is no damage: it is not fsynced, and where it
    cannot be written (a full disk) the group, which has happened, goes on without it."""
    if not logs.exists() and not _creates_reflogs(repository):
        return
    line = f"{old or ZERO} {new} {who}\t{' '.join(message.split())}\n"
    with suppress(OSError):
        logs.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(logs, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            os.write(descriptor, line.encode("utf-8", "surrogateescape"))
        finally:
            os.close(descriptor)


def _creates_reflogs(repository: pygit2.Repository) -> bool:
    setting = "core.logallrefupdates"
    if setting not in repository.config:
        return not repository.is_bare
    return (repository.config[setting] or "true").lower() in ("true", "always", "yes", "on", "1")


def delete_ref(common: Path, ref: str, on_wait: Wait | None) -> None:
    """Delete one of gitkb's refs, and a lock file that a killed or failed write of it left (nobody else writes it). Git may
    have packed the ref meanwhile: then the lock on the packed refs is waited for.
    """
    file = common / ref
    lock = file.with_name(file.name + ".lock")
    lock.unlink(missing_ok=True)

    def delete() -> None:
        with suppress(KeyError):
            # Each time with a handle of its own: after a failure libgit2 takes the ref for deleted.
            open_bare(common).references.delete(ref)

    with library_errors(f"delete {ref}"):
        while_locked(common / "packed-refs.lock", delete, on_wait)
    lock.unlink(missing_ok=True)


def keep_rescued(repository: pygit2.Repository, common: Path, folder: RunFolder, path: str, data: bytes, who: str) -> Rescued:
    """Keep a person's content under the next free `refs/gitkb/rescue/<n>`: a commit with this one file, durable."""
    buffer = ObjectBuffer()
    blob = buffer.put("blob", data)
    editor = TreeEditor(lambda _: b"", buffer, EMPTY_TREE)
    editor.put(path, Version(blob))
    tree = editor.write()
    commit = buffer.put("commit", encode_commit(tree, (), who, who, f"rescue: {path}"))
    packs = folder.folder / "rescue"
    packs.mkdir(exist_ok=True)
    buffer.drain(packs)
    # In a kept pack, because git may prune at any moment what no ref names yet.
    with kept_packs(packs, common / "objects", folder.keep_note):
        return Rescued(path, new_rescue_ref(repository, common, commit))


def new_rescue_ref(repository: pygit2.Repository, common: Path, commit: str) -> str:
    """Point the next free `refs/gitkb/rescue/<n>` at a commit, durably, and return its name."""
    for _ in range(_TRIES):
        number = 1
        while ref_oid(repository, f"{RESCUE_REFS}{number}"):
            number += 1
        if set_ref(common, f"{RESCUE_REFS}{number}", commit, new=True):
            return f"{RESCUE_REFS}{number}"
    hint = "Look at the disk space and at who may write there; a lock file that no git process holds may be removed."
    raise RepositoryError(f"{common / RESCUE_REFS}{number} could not be written.", hint)


def set_ref(git_dir: Path, ref: str, commit: str, *, new: bool = False) -> bool:
    """Point a ref at a commit, durably, with `new` only where there is none yet; says whether it was done.

    The git program does it: it ends what it began and removes its lock when this process is killed, where libgit2 would leave a
    lock that stops everybody.
    """
    expected = [ZERO] if new else []
    arguments = ["-c", "core.fsync=reference", "update-ref", "--no-deref", ref, commit, *expected]
    return attempt(git_dir, arguments, environment()).returncode == 0
