"""The names of revisions and the files of one, for interfaces that show a knowledge base; and how links in its pages read.

Invariant: reads only, and only pages, pictures and originals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitkb.text.markdown.links import heading_anchor as heading_anchor
from gitkb.text.markdown.links import is_external as is_external
from gitkb.text.markdown.links import resolve as resolve

if TYPE_CHECKING:
    from gitkb.catalog.catalog import Catalog
    from gitkb.model.rows import Graph, Original, RevisionName
    from gitkb.store.repository import Store


class Revisions:
    """The revisions of one knowledge base. Made by `KnowledgeBase.revisions`."""

    def __init__(self, store: Store, catalog: Catalog) -> None:
        self._store, self._catalog = store, catalog

    @property
    def branch(self) -> str:
        """The checked-out branch, "" where none is."""
        from gitkb.errors import RepositoryError

        try:
            return self._store.branch()
        except RepositoryError:
            return ""

    @property
    def person(self) -> str:
        """The e-mail address of whoever writes here, "" where git knows none."""
        return self._store.email()

    def names(self) -> list[RevisionName]:
        """Every branch and tag."""
        from gitkb.commands.inspect.revision_files import revision_names

        return list(revision_names(self._store))

    def of_day(self, day: str, at: str | None = None) -> str:
        """The commit (hex) at which a revision stood at the end of a day (ISO 8601). `NotFound`, `UsageError`."""
        from gitkb.commands.inspect.revision_files import commit_of_day

        return commit_of_day(self._store, self._store.snapshot(at), day)

    def file(self, path: str, at: str | None = None) -> bytes:
        """The bytes of a page, picture or original. `NotFound`."""
        from gitkb.commands.inspect.revision_files import file_of

        return file_of(self._store.snapshot(at), path)

    def blob(self, path: str, at: str | None = None) -> str:
        """The id (hex) of the bytes of a page, "" where there is none."""
        return self._store.snapshot(at).blob(path) or ""

    def original(self, document: str, at: str | None = None) -> Original:
        """The original of a document. `NotFound`, also where Git LFS has not got it here."""
        from gitkb.commands.inspect.revision_files import original_of

        return original_of(self._store, self._store.snapshot(at), document)

    def original_page(self, document: str, number: int, words: str = "", at: str | None = None) -> bytes:
        """A page of a PDF as a JPEG picture, with the words marked where they stand. `ConversionError` where it cannot be drawn,
        `NotFound` for what is no PDF or has no such page."""
        from gitkb.intake.prepare.pdf_picture import drawn

        found = self.original(document, at)
        return drawn(found.content, number, words)

    def graph(self, at: str | None = None) -> Graph:
        """Which documents speak of which concepts and entities."""
        from gitkb.commands.inspect.revision_files import graph_of

        return graph_of(self._catalog, self._store.snapshot(at), keep=at is None)
