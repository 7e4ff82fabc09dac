"""What the knowledge base holds of a document that is made again: its pictures, and what its links led to.

Invariant: answers as the folder did that the document was added from, as far as the knowledge base can tell: links lead to
documents by their source paths, pictures are the document's own files. Nothing outside of the knowledge base is read.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from gitkb.convert import supported
from gitkb.ingest.links import FOLDER_PAGES, PICTURE_TYPES
from gitkb.ingest.names import document_name
from gitkb.model import Picture
from gitkb.text.slugs import slug

_VARIANT = re.compile(r"-[0-9a-f]{8}\Z")


@dataclass(frozen=True, slots=True)
class Present:
    """`pictures` are (name, file of this machine) of a document's pictures in the order in which its text shows them, `links` the
    pages of the wiki that its text links; `is_large` says that its original is in Git LFS."""

    pictures: tuple[tuple[str, Path], ...] = ()
    links: frozenset[str] = frozenset()
    is_large: bool = False


@dataclass(frozen=True, slots=True)
class PresentLinks:
    """The `Resolver` of a document that is made again; `names` maps all source paths of the knowledge base to their documents."""

    source: str
    present: Present
    names: Mapping[str, str]
    given: dict[str, tuple[str, Path]] = field(default_factory=dict)

    def link(self, target: str) -> str | None:
        """The page (and fragment) that a relative link leads to, None where it leads to no document."""
        found = self._find(target)
        if found is None:
            return None
        path, fragment = found
        for each in (path, *(posixpath.join(path, name) for name in FOLDER_PAGES)):
            page = self._page(each)
            if page is not None:
                return page + (f"#{fragment}" if fragment else "")
        return None

    def _page(self, path: str) -> str | None:
        """The page of a source path: a document's, or one that the text links now, of a file that became no document."""
        document = self.names.get(path)
        if document is not None:
            return f"wiki/sources/{document}.md"
        page = f"wiki/sources/{document_name(path)}.md"
        return page if page in self.present.links and supported(PurePosixPath(path).name) else None

    def picture(self, target: str) -> Picture | None:
        """The document's picture that a target became when it was added, None where there is none."""
        found = self._find(target)
        media_type = PICTURE_TYPES.get(PurePosixPath(found[0]).suffix.lower()) if found else None
        if found is None or media_type is None:
            return None
        if found[0] not in self.given:
            left = next((each for each in self._alike(found[0]) if each not in self.given.values()), None)
            left = left or next(self._alike(found[0]), None)
            if left is None:
                return None
            self.given[found[0]] = left
        return Picture(PurePosixPath(found[0]).name, self.given[found[0]][1].read_bytes(), media_type)

    def _alike(self, path: str) -> Iterator[tuple[str, Path]]:
        """The pictures that a file of this name may have become; two of one name are told apart by a hash."""
        stem, ending = posixpath.splitext(path.rpartition("/")[2])
        wanted, ending = slug(stem), re.sub(r"[^a-z0-9]", "", ending.lower())[:8]
        for name, file in self.present.pictures:
            own, own_ending = posixpath.splitext(name)
            if own_ending == f".{ending}" and wanted in (own, _VARIANT.sub("", own)):
                yield name, file

    def _find(self, target: str) -> tuple[str, str] | None:
        """(source path, fragment) of a relative target within the root that the document was added below."""
        try:
            parts = urlsplit(target)
        except ValueError:
            return None
        if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/") or "\0" in target:
            return None
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.source), unquote(parts.path).replace("\\", "/")))
        root = self.source.partition("/")[0]
        if path.split("/")[0] in ("..", ".") or (path != root and "/" in self.source and not path.startswith(f"{root}/")):
            return None
        return None if any(part.startswith(".") for part in path.split("/")) else (path, parts.fragment)
