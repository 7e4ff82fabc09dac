"""Collects what the commits of a dry run would change.

Invariant: a path is noted only if the tree would differ.
"""

from collections.abc import Mapping
from pathlib import Path

from gitkb.model.documents import Tree
from gitkb.model.path_changes import PathChanges, PathChangesBuilder
from gitkb.store.objects import file_blob_id, object_id
from gitkb.store.values import Content, Stored


class ChangeNotes:
    """Gathers what the commits of a dry run would change, one after another. What no shared page is made of (originals, pictures,
    a document's own pages) is kept as the id of its blob and its file is deleted, so that a dry run of much takes little memory
    and disk."""

    def __init__(self) -> None:
        self._found = PathChangesBuilder()

    def note(self, tip: Tree, changes: Mapping[str, Content]) -> None:
        """Adds what a planned commit changes; deletes the files of the scratch folder that it names."""
        for path, content in changes.items():
            assert not isinstance(content, Stored)
            self._note(path, content, tip.blob(path))
            if isinstance(content, Path):
                content.unlink()

    def _note(self, path: str, content: bytes | Path | None, old: str | None) -> None:
        oid = _blob_id(content)
        if oid == old:
            self._found.forget(path)
        elif oid is None or not isinstance(content, Path):
            self._found.write(path, content if isinstance(content, bytes) else None)
        elif path.startswith(".gitkb/"):
            self._found.write(path, content.read_bytes())
        else:
            self._found.name(path, oid)

    def result(self) -> PathChanges:
        """The changes collected so far."""
        return self._found.result()


def _blob_id(content: bytes | Path | None) -> str | None:
    if content is None:
        return None
    return file_blob_id(content) if isinstance(content, Path) else object_id("blob", content)
