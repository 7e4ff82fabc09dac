"""The declared sources of a knowledge base: named, listed, taken away, and synced."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gitkb.catalog.catalog import Catalog
    from gitkb.model.listener import Listener
    from gitkb.model.options import DeclaredSource, SyncOptions
    from gitkb.model.results import SourceSummary, SyncSummary
    from gitkb.model.rows import SourceRow
    from gitkb.model.web_access import WebAccess
    from gitkb.pages.model_session import Asking
    from gitkb.store.repository import Store


class Sources:
    """The declared sources of one knowledge base."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        asking: Callable[[Listener | None], Asking],
        access: Callable[[], WebAccess],
    ) -> None:
        self._store, self._catalog, self._asking, self._access = store, catalog, asking, access

    def path_of(self, folder: Path) -> str | None:
        """A folder of this machine as a source names it: by its path from the top of the repository; None where it is not in
        there."""
        top, found = (self._store.top or self._store.git_dir).resolve(), folder.resolve()
        return found.relative_to(top).as_posix() if found.is_relative_to(top) else None

    def listed(self, at: str | None = None) -> list[SourceRow]:
        """The sources at a revision, by name."""
        from gitkb.commands.sync.declare import listed_sources

        return listed_sources(self._catalog, self._store.snapshot(at), keep=at is None)

    def add(self, source: DeclaredSource, listener: Listener | None = None, *, branch: str = "") -> SourceSummary:
        """Declares a source, in a commit. `UsageError` where it cannot be one, or where its name is taken."""
        from gitkb.commands.change import change_context
        from gitkb.commands.sync.declare import DeclareRun

        with change_context(self._asking(listener), branch) as context:
            return DeclareRun(context).add(source)

    def remove(self, name: str, listener: Listener | None = None, *, branch: str = "") -> SourceSummary:
        """Takes a declaration away; the documents stay. `NotFound` where there is none."""
        from gitkb.commands.change import change_context
        from gitkb.commands.sync.declare import DeclareRun

        with change_context(self._asking(listener), branch) as context:
            return DeclareRun(context).remove(name)

    def sync(
        self, names: Sequence[str] = (), options: SyncOptions | None = None, listener: Listener | None = None
    ) -> SyncSummary:
        """Adds what the sources with these names hold now, all without a name, and removes the documents whose file is gone.
        Errors as from `add`; `RepositoryError` where a repository cannot be fetched."""
        from gitkb.branch.tips import start_of
        from gitkb.commands.sync.sync_run import SyncRun
        from gitkb.model.options import SyncOptions

        how = options or SyncOptions()
        return SyncRun(self._asking(listener), how, self._access())(start_of(self._store, how.branch, ""), names)
