"""What git knows of two commits that are to become one: common ancestors, differences beyond file contents, merged lines.

Invariant: reads only, takes no lock. What gitkb does not write (links, submodules, changed file modes) is named, so that
nobody loses it silently.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import DiffOption, FileMode

from gitkb.errors import RepositoryError
from gitkb.store.program import attempt, environment
from gitkb.store.snapshot import decode_path, open_bare
from gitkb.store.trees import EMPTY_TREE, FILE_MODES


@dataclass(frozen=True, slots=True)
class Ancestors:
    """The commit graph of one repository; `git_dir` is its common git folder."""

    git_dir: Path

    def bases(self, one: str, other: str) -> list[str]:
        """All best common ancestors of two commits, sorted; none where their histories have nothing in common."""
        done = attempt(self.git_dir, ["merge-base", "--all", one, other], environment())
        if done.returncode not in (0, 1):
            said = done.stderr.decode("utf-8", "replace").strip()
            raise RepositoryError(f"git could not compare the two histories: {said}", "Look with: git fsck")
        return sorted(done.stdout.decode("ascii").split())

    def holds(self, commit: str, ancestor: str) -> bool:
        """Whether a commit is another one, or has it among its ancestors."""
        if commit == ancestor:
            return True
        try:
            return open_bare(self.git_dir).descendant_of(commit, ancestor)
        except (KeyError, pygit2.GitError):
            return False  # one of them is not here at all

    def is_shallow(self) -> bool:
        """Whether the history of this clone was cut off."""
        return (self.git_dir / "shallow").is_file()

    def unusual(self, old: str, new: str) -> set[str]:
        """The paths that differ between two root trees in a way that is no file's content: a link, a submodule, a mode."""
        repository = open_bare(self.git_dir)
        before, after = (None if oid == EMPTY_TREE else repository[oid].peel(pygit2.Tree) for oid in (old, new))
        return set(_unusual(before, after))


def _unusual(old: pygit2.Tree | None, new: pygit2.Tree | None) -> Iterator[str]:
    whole = old or new
    if whole is None:
        return
    if old is None or new is None:
        changes = whole.diff_to_tree(swap=old is None)
    else:
        changes = old.diff_to_tree(new, flags=DiffOption.INCLUDE_TYPECHANGE)
    for delta in changes.deltas:
        before, after = int(delta.old_file.mode), int(delta.new_file.mode)
        known = all(mode in FILE_MODES for mode in (before, after) if mode)
        if not known or (before and after and before != after):
            yield decode_path(delta.new_file.raw_path or delta.old_file.raw_path)


def merge_lines(git_dir: Path, base: str, ours: str, theirs: str) -> bytes | None:
    """Three blobs of text merged line by line; None where both sides changed the same lines, or one is no text."""
    repository = open_bare(git_dir)
    one, two, three = (pygit2.IndexEntry("merged", pygit2.Oid(hex=oid), FileMode.BLOB) for oid in (base, ours, theirs))
    try:
        merged = repository.merge_file_from_index(one, two, three, use_deprecated=False)
    except (UnicodeDecodeError, pygit2.GitError):
        return None
    return merged.contents.encode() if merged.automergeable else None
