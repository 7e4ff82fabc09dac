"""The names of revisions and the files of one, for interfaces that show a knowledge base; and how links in its pages read.

Invariant: reads only, and only pages, pictures and originals.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gitkb.text.markdown.links import heading_anchor as heading_anchor
from gitkb.text.markdown.links import is_external as is_external
from gitkb.text.markdown.links import resolve as resolve

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gitkb.catalog.catalog import Catalog
    from gitkb.commands.merge.merged_wiki import MergedWiki
    from gitkb.commands.merge.remade import Remake
    from gitkb.model.listener import Listener
    from gitkb.model.rows import Graph, Original, PageText, RevisionName
    from gitkb.store.repository import Store


def page_of(path: str, content: bytes) -> PageText:
    """The whole text of a page that is at hand, as `KnowledgeBase.read` gives it, but without the headings."""
    from gitkb.errors import FormatError
    from gitkb.model.rows import PageText
    from gitkb.text.markdown import frontmatter

    text = content.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n")
    header, _ = frontmatter.cut(text)
    body, first = body_of(content)
    try:
        meta = frontmatter.split(f"---\n{header}---\n")[0] if header else {}
    except FormatError:
        meta = {}  # a person's page is read all the same
    title = str(meta.get("title") or "") or path.rpartition("/")[2].removesuffix(".md")
    lines = text.count("\n") + 1
    return PageText(path, "", title, body, first, lines, lines, str(meta.get("description") or ""))


def body_of(content: bytes) -> tuple[str, int]:
    """The text of a page without its front matter, and the line at which it begins: that of `page_of`, read quickly."""
    from gitkb.text.markdown import frontmatter

    text = content.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n")
    header, body = frontmatter.cut(text)
    return body, 1 if header is None else header.count("\n") + 3


class Revisions:
    """The revisions of one knowledge base. Made by `KnowledgeBase.revisions`."""

    def __init__(self, store: Store, catalog: Catalog, remaking: Callable[[Listener | None], Remake]) -> None:
        """`remaking` gives what makes documents again that stand on neither side of a merge."""
        self._store, self._catalog, self._remaking = store, catalog, remaking

    def keep_open(self, other: Revisions | None = None) -> None:
        """Keeps open for a while what is looked up of the few revisions that are asked for, in a process with many readers: the
        same as another one of this knowledge base."""
        from gitkb.catalog.kept_trees import KeptTrees

        self._catalog.kept = other._catalog.kept if other is not None else KeptTrees()

    @property
    def branch(self) -> str:
        """The checked-out branch, "" where none is."""
        from gitkb.errors import RepositoryError

        try:
            return self._store.branch()
        except RepositoryError:
            return ""

    @property
    def memory(self) -> Path | None:
        """A folder for what an interface remembers from run to run, None where none can be kept. Anybody may empty it."""
        folder = self._store.derived
        return folder / "interface" if folder else None

    def forget(self) -> None:
        """Empties that folder."""
        import shutil

        if self.memory is not None:
            shutil.rmtree(self.memory, ignore_errors=True)

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

    def last_changes(self, at: str | None = None) -> dict[str, str]:
        """For each file of the wiki the commit (hex) that changed it last."""
        return self._store.last_changes("wiki", at)

    def described(self, commit: str) -> RevisionName:
        """A commit by its id (hex)."""
        from gitkb.commands.inspect.revision_files import described
        from gitkb.store.history import Ancestry

        return described(Ancestry(self._store.git_dir), commit)

    def wiki_blobs(self, at: str | None = None) -> dict[str, str]:
        """The id (hex) of the bytes of each file of the wiki, by path."""
        return dict(self._store.snapshot(at).files("wiki"))

    def reader(self) -> Callable[[str], bytes]:
        """What reads the bytes of an id (hex)."""
        return self._store.snapshot().read_blob

    def wiki(self, at: str | None = None) -> dict[str, Callable[[], bytes]]:
        """What reads each file of the wiki, by path."""
        tip = self._store.snapshot(at)
        return {path: partial(tip.read_blob, oid) for path, oid in tip.files("wiki")}

    def merged(self, rev: str | None = None, listener: Listener | None = None) -> MergedWiki:
        """The wiki as it would be after a merge of a revision into what is checked out, by default after a refresh.
        `MergeConflict` as from a merge."""
        from gitkb.commands.merge.merged_wiki import merged
        from gitkb.model.listener import Listener

        return merged(self._store, self._catalog, listener or Listener(), rev, self._remaking(listener))

    def graph(self, at: str | None = None) -> Graph:
        """Which documents speak of which concepts and entities."""
        from gitkb.commands.inspect.revision_files import graph_of

        return graph_of(self._catalog, self._store.snapshot(at), keep=at is None)
