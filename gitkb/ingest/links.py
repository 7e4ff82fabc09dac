"""Resolves the relative links and pictures of one source against the folder it was added from.

Invariant: nothing outside the added folder is read or named, whatever a document says; links that lead out of it resolve
to None.
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from gitkb.convert import supported
from gitkb.ingest.names import document_name
from gitkb.model import Picture, SourceFile

PICTURE_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
}
MAX_PICTURE_BYTES = 20 * 1024**2
FOLDER_PAGES = ("README.md", "index.md", "index.html", "index.rst", "readme.md")


@dataclass(frozen=True, slots=True)
class FolderLinks:
    """The `Resolver` of one source; `names` maps the source paths of this run to their documents."""

    source: SourceFile
    names: Mapping[str, str]

    def link(self, target: str) -> str | None:
        """The page (and fragment) that a relative link leads to, None where it leaves the folder or leads nowhere."""
        found = self._find(target)
        if found is None:
            return None
        relative, fragment = found
        file = self.source.folder / relative
        if file.is_dir():
            relative = next((f"{relative}/{name}" for name in FOLDER_PAGES if (file / name).is_file()), "")
        if not relative or not supported(PurePosixPath(relative).name) or not (self.source.folder / relative).is_file():
            return None
        stored = f"{self.source.root}/{relative}" if self.source.root else relative
        document = self.names.get(stored) or document_name(stored)
        return f"wiki/sources/{document}.md" + (f"#{fragment}" if fragment else "")

    def picture(self, target: str) -> Picture | None:
        """A picture file of the folder, None where there is none, or it is too large."""
        found = self._find(target)
        media_type = PICTURE_TYPES.get(PurePosixPath(found[0]).suffix.lower()) if found else None
        if found is None or media_type is None:
            return None
        file = self.source.folder / found[0]
        try:
            if not file.is_file() or file.stat().st_size > MAX_PICTURE_BYTES:
                return None
            data = file.read_bytes()
        except OSError:
            return None
        return Picture(PurePosixPath(found[0]).name, data, media_type)

    def _find(self, target: str) -> tuple[str, str] | None:
        """(path below the folder, fragment) of a relative target that exists inside the folder."""
        try:
            parts = urlsplit(target)
        except ValueError:
            return None
        if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/") or "\0" in target:
            return None
        here = PurePosixPath(self.source.file.relative_to(self.source.folder).as_posix()).parent
        relative = posixpath.normpath((here / unquote(parts.path).replace("\\", "/")).as_posix())
        if (
            relative.startswith("../")
            or relative == ".."
            or any(part.startswith(".") for part in relative.split("/") if part != ".")
        ):
            return None
        try:
            if not (self.source.folder / relative).exists():
                return None  # by far the cheapest answer, should a document name a hundred thousand files
            inside = (self.source.folder / relative).resolve(strict=True).is_relative_to(self.source.folder)
        except (OSError, RuntimeError, ValueError):
            return None
        return (relative, parts.fragment) if inside else None


def links_of(source: SourceFile, names: Mapping[str, str]) -> FolderLinks:
    """The resolver of a source; the folder is made absolute first, so that links cannot lead out of it by another name."""
    folder = Path(source.folder).resolve()
    return FolderLinks(SourceFile(source.path, folder / source.file.relative_to(source.folder), source.root, folder), names)
