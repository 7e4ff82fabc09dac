"""Where the links and pictures of a source lead: in the folder it was added from, in the knowledge base, on the web.

Invariant: whatever a document says, nothing is read but files below the added folder, the document's own files in the knowledge
base, and what this run fetched; a link that leads elsewhere gives None, or stays the address that it is. A document that is
made again from the knowledge base gets the answers that its folder gave, as far as they can be known: links lead to documents
by their source paths, pictures are its own files.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from gitkb.convert.formats import supported
from gitkb.convert.pictures import Gallery
from gitkb.intake.document_names import document_name
from gitkb.model.documents import Picture, SourceFile, WebPage
from gitkb.text.markdown.retarget import retarget
from gitkb.text.names import web_address
from gitkb.text.names.slugs import slug

PICTURE_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
}
_MAX_FILE_BYTES = 20 * 1024**2
"""A file that lies beside a document may be larger than a picture inside one: nothing has to be decoded."""
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
            if not file.is_file() or file.stat().st_size > _MAX_FILE_BYTES:
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


@dataclass(frozen=True, slots=True)
class WebLinks:
    """The `Resolver` of a fetched source; `pages` maps the addresses of documents to their names. `present` are (name, file) of
    the pictures that a document has which is made again."""

    page: WebPage
    pages: Mapping[str, str]
    present: Sequence[tuple[str, Path]] = ()

    def link(self, target: str) -> str | None:
        """The page that stands for an address, None where no document has it."""
        address = _address(target)
        document = self.pages.get(address) if address else None
        return f"wiki/sources/{document}.md" if document else None

    def picture(self, target: str) -> Picture | None:
        """The picture that was fetched from an address, None where it could not be had or is none that is kept."""
        address = _address(target)
        if not address:
            return None
        stem = PurePosixPath(unquote(address.partition("?")[0])).stem or "picture"
        file = (self.page.pictures or {}).get(address) or next((f for n, f in self.present if _is_of(n, stem)), None)
        if file is None:
            return None
        gallery = Gallery()
        try:
            name = gallery.add(file.read_bytes())
        except OSError:
            return None
        if not name:
            return None
        kept = gallery.pictures[0]
        return Picture(f"{stem}{PurePosixPath(kept.name).suffix}", kept.data, kept.media_type)


def _is_of(name: str, stem: str) -> bool:
    """Whether a document's picture is one that had this stem when it was fetched; two of one name are told apart by a hash."""
    own = PurePosixPath(name).stem
    return slug(stem) in (own, re.sub(r"-[0-9a-f]{8}\Z", "", own))


def picture_addresses(markdown: str) -> tuple[str, ...]:
    """The addresses of the pictures that a text shows, each once, in text order."""
    found: dict[str, None] = {}

    def note(target: str) -> None:
        if address := _address(target):
            found[address] = None

    retarget(markdown, lambda target: target, note)
    return tuple(found)


def _address(target: str) -> str:
    """The one spelling of an address, "" for what is none."""
    try:
        return str(web_address.parse(target.partition("#")[0]))
    except ValueError:
        return ""
