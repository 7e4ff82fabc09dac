"""Runs the gitkb command line with small groups and, where it is asked to, broken on purpose: so the test is tested.

    python -m tests.crash.powerloss_broken BREAK ARGUMENTS...

BREAK is one of `BREAKS`, or "" for gitkb as it is. Each takes away one thing that a loss of power would show.
"""

import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gitkb.commands.add import commit_loop
from gitkb.store import objects
from gitkb.store.local import durable_files, local_folder
from gitkb.store.transaction import publish, refs, run, run_context

GROUP = 3


def _skipping(original: Callable[[Path], None], skip: Callable[[Path], bool]) -> Callable[[Path], None]:
    return lambda file: None if skip(file) else original(file)


def _no_pack_bytes() -> None:
    objects.fsync_file = durable_files.fsync_file = _skipping(durable_files.fsync_file, lambda file: file.suffix == ".pack")


def _no_pack_index_bytes() -> None:
    objects.fsync_file = durable_files.fsync_file = _skipping(durable_files.fsync_file, lambda file: file.suffix == ".idx")


def _no_pack_folder() -> None:
    objects.fsync_file = durable_files.fsync_file = _skipping(durable_files.fsync_file, lambda file: file.name == "pack")


def _no_ref_bytes() -> None:
    def new_token(file: Path, content: bytes = b"") -> Path:
        file.write_bytes(content)
        return file

    refs.new_token = new_token


def _no_ref_folder() -> None:
    refs.fsync_all = lambda files: None


def _ref_before_pack() -> None:
    kept = objects.kept_packs

    @contextmanager
    def late(folder: Path, where: Path, note: bytes) -> Any:
        yield
        with kept(folder, where, note):
            pass

    publish.kept_packs = late
    # libgit2 points no ref at an object that is not there.
    run_context.Writer.set_journal = lambda self, oid: None


def _no_hardening() -> None:
    """What others left in the object database without fsync is built upon as it is."""
    durable_files.Hardened.cover = lambda self, git_dir, root: durable_files.harden_repository(self._common, git_dir, root)


def _reused_object_left_out() -> None:
    """An object that is there already does not come into the pack, and nobody makes it durable where it is."""
    _no_hardening()
    plan = publish.GroupPlanner.plan

    def planned(self: Any, commits: Any, signers: Any) -> Any:
        group = plan(self, commits, signers)
        there = Path(sys.argv[-1]) / ".git/objects"
        known = self._buffer._objects
        for oid in [oid for oid in known if (there / oid[:2] / oid[2:]).is_file()]:
            del known[oid]
        return group

    publish.GroupPlanner.plan = planned


def _no_first_hardening() -> None:
    durable_files.harden_repository = lambda *arguments: None


def _no_worktree_folders() -> None:
    publish.fsync_all = lambda files: durable_files.fsync_all([file for file in files if not file.is_dir()])


def _no_worktree_bytes() -> None:
    publish.fsync_all = lambda files: durable_files.fsync_all([file for file in files if file.is_dir()])


def _no_mark() -> None:
    local_folder.RunFolder.mark = lambda self, note: None


def _run_folder_not_durable() -> None:
    run.fsync_all = lambda files: None


BREAKS: dict[str, Callable[[], None]] = {
    "no fsync of the pack": _no_pack_bytes,
    "no fsync of the pack's index": _no_pack_index_bytes,
    "no fsync of the folder of packs": _no_pack_folder,
    "no fsync of the ref": _no_ref_bytes,
    "no fsync of the ref's folder": _no_ref_folder,
    "ref before pack": _ref_before_pack,
    "objects of others not made durable": _no_hardening,
    "reused object left out of the pack": _reused_object_left_out,
    "a new repository not made durable": _no_first_hardening,
    "no fsync of the worktree's folders": _no_worktree_folders,
    "no fsync of the worktree's files": _no_worktree_bytes,
    "no mark": _no_mark,
    "run folder not made durable": _run_folder_not_durable,
}


def main() -> int:
    """The exit code of the command."""
    commit_loop.GROUP_DOCUMENTS = GROUP
    if sys.argv[1]:
        BREAKS[sys.argv[1]]()
    del sys.argv[1]
    from gitkb.__main__ import main as gitkb

    return gitkb()


if __name__ == "__main__":
    sys.exit(main())
