"""Sparse checkouts: which paths a worktree does not show, by the rules of `git sparse-checkout`.

Invariant: reads only. An entry of the index says itself whether its file is shown; the rules are asked about new paths alone.
They are matched as ignore patterns, the last that matches decides, as git does in cone mode and for all lists that do not
contradict themselves; where git would show a file that this leaves out, `git sparse-checkout reapply` shows it.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import pygit2

from gitkb.errors import RepositoryError

if TYPE_CHECKING:
    pass


class Sparse:
    """The rules of one worktree."""

    def __init__(self, lines: list[str]) -> None:
        from pathspec import GitIgnoreSpec

        self._shown: GitIgnoreSpec = GitIgnoreSpec.from_lines(lines)

    def hides(self, path: str) -> bool:
        """Whether a new file at a path would not be shown."""
        return not self._shown.match_file(path)


def sparse_rules(git_dir: Path, worktree: Path) -> Sparse | None:
    """The rules of a worktree whose own git folder is `git_dir`; None where it shows all files."""
    # Opened anew: the setting may have come into a file that was not there before.
    config = pygit2.Repository(str(worktree), pygit2.enums.RepositoryOpenFlag.NO_SEARCH).config
    if "core.sparsecheckout" not in config or not config.get_bool("core.sparsecheckout"):
        return None
    file = git_dir / "info" / "sparse-checkout"
    try:
        return Sparse(file.read_text(encoding="utf-8", errors="surrogateescape").splitlines())
    except FileNotFoundError:
        return None  # git shows all files then
    except OSError as error:
        raise RepositoryError(f"{file} cannot be read: {error}", "Look with: git sparse-checkout list") from error
