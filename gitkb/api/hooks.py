"""The git hooks and CI templates of a repository: put in place, listed, taken away; and what the hooks themselves ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitkb.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gitkb.catalog.catalog import Catalog
    from gitkb.commands.share.hooks import CiWishes
    from gitkb.model.findings import RefUpdate, Refused
    from gitkb.model.options import HookChoice
    from gitkb.model.rows import InstalledHook
    from gitkb.store.repository import Store


class Hooks:
    """The hooks of one repository. `python` is always the program that runs gitkb in them."""

    def __init__(self, store: Store, catalog: Catalog) -> None:
        self._store, self._catalog = store, catalog

    @staticmethod
    def templates() -> Path:
        """The folder of hooks and CI templates that belongs to this gitkb."""
        from gitkb.commands.share.hooks import templates

        return templates()

    def install(self, choice: HookChoice, python: str) -> list[InstalledHook]:
        """Puts hooks and CI templates in place, and returns them. `InTheWay` where somebody else's file stands there that cannot
        be kept beside; `RepositoryError` where git takes hooks from a folder that others share."""
        from gitkb.commands.share.hooks import install

        return install(self._store, choice, python, self._wishes())

    def installed(self, python: str) -> list[InstalledHook]:
        """The hooks and CI templates that stand."""
        from gitkb.commands.share.hooks import installed

        return installed(self._store, python, self._wishes())

    def remove(self, choice: HookChoice, python: str) -> list[InstalledHook]:
        """Takes hooks and CI templates away and returns them; those that were there before come back."""
        from gitkb.commands.share.hooks import remove

        return remove(self._store, choice, python, self._wishes())

    def judge_push(self, updates: Sequence[RefUpdate]) -> list[Refused]:
        """What of a push that arrives here must be refused, and why."""
        from gitkb.commands.share.receive import judge_push

        return judge_push(self._store, self._catalog, updates)

    def check_push(self, remote: str, pushed: Sequence[tuple[str, str]]) -> list[Refused]:
        """The commits (`Refused.ref`) of a push from here, given as (new, old), that are broken in what the remote does not
        have."""
        from gitkb.commands.share.receive import check_push

        return check_push(self._store, self._catalog, self._configured_branch(), remote, pushed)

    def bases_of_edits(self, commit: str) -> list[tuple[str, str]]:
        """(path in the repository, blob) of the projections to keep beneath the hand edits of a commit."""
        from gitkb.commands.share.hooks import bases_of_edits

        found = bases_of_edits(self._store.snapshot(f"{commit}^"), self._store.snapshot(commit))
        return [(self._store.full(path), oid) for path, oid in found]

    def _configured_branch(self) -> str:
        from gitkb.branch.tips import settings_at

        return settings_at(self._store.snapshot()).pages.branch

    def _wishes(self) -> CiWishes:
        """What CI templates depend on here."""
        from gitkb.branch.tips import settings_at
        from gitkb.commands.share.hooks import CiWishes

        try:
            install = settings_at(self._store.snapshot()).ci.install
        except NotFound:
            install = ""
        return CiWishes(self._pages_branch(), install)

    def _pages_branch(self) -> str:
        """The branch on which CI refreshes the pages."""
        try:
            branch = self._configured_branch()
        except NotFound:
            return self._store.branch()
        return self._store.branch() if branch == "*" else branch
