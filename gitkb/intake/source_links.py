"""Where the links and pictures of a source lead: in the folder it was added from, in the knowledge base, on the web.

Invariant: whatever a document says, nothing is read but files below the added folder, the document's own files in the knowledge
base, and what this run fetched; a link that leads elsewhere gives None, or stays the address that it is. A document that is
made again from the knowledge base gets the answers that its folder gave, as far as they can be known: links lead to documents
by their source paths, pictures are its own files. A
`[[wikilink]]` ("note:" and a name) leads to the note or picture of that name wherever it lies in the folder, by Obsidian's
rules: the path as it is written, else the one beside the note, else the shortest.
"""

import os
import posixpath
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct, field

from gitkb.convert.formats import BY_ENDING, supported
from gitkb.convert.pictures import Gallery
from gitkb.intake.document_names import document_name
from gitkb.model.documents import Picture, SourceFile, WebPage
from gitkb.text.markdown.retarget import NOTE, retarget
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
FOLDER_PAGES = ("README.md", "index.md", "index.html", "index.rst", "readme.md", "_index.md", "index.mdx")
_PAGE_ENDINGS = (".md", ".mdx", ".rst", ".markdown")
_Index = Mapping[str, tuple[str, ...]]
"""The files of a folder by their names in small letters, without their ending too where they are Markdown."""


class FolderLinks(Struct, frozen=True):
    """The `Resolver` of one source; `names` maps the source paths of this run to their documents."""

    source: SourceFile
    names: Mapping[str, str]

    def link(self, target: str) -> str | None:
        """The page (and fragment) that a relative link leads to, None where it leaves the folder or leads nowhere."""
        if target.startswith(NOTE):
            path, fragment = _note(target)
            named = _named(path, self._here(), _files_of(str(self.source.folder)))
            return self._page(named, fragment) if named else None
        return next((page for each in _spellings(target, self._here()) if (page := self._linked(each))), None)

    def _linked(self, target: str) -> str | None:
        found = self._find(target)
        if found is None:
            return None
        relative, fragment = found
        file = self.source.folder / relative
        if file.is_dir():
            relative = next((f"{relative}/{name}" for name in FOLDER_PAGES if (file / name).is_file()), "")
        if not relative or not (self.source.folder / relative).is_file():
            return None
        if not supported(PurePosixPath(relative).name) and self._stored(relative) not in self.names:
            return None
        return self._page(relative, fragment)

    def _stored(self, relative: str) -> str:
        return f"{self.source.root}/{relative}" if self.source.root else relative

    def _page(self, relative: str, fragment: str) -> str:
        stored = self._stored(relative)
        document = self.names.get(stored) or document_name(stored)
        return f"wiki/sources/{document}.md" + (f"#{fragment}" if fragment else "")

    def picture(self, target: str) -> Picture | None:
        """A picture file of the folder, None where there is none, or it is too large."""
        if target.startswith(NOTE):
            named = _named(_note(target)[0], self._here(), _files_of(str(self.source.folder)))
            found = (named, "") if named else None
        else:
            found = self._find(target) or self._find(target.lstrip("/"), top=True)
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

    def _here(self) -> str:
        """The source's own folder below the added one, "" for that itself."""
        return posixpath.dirname(self.source.file.relative_to(self.source.folder).as_posix())

    def _find(self, target: str, *, top: bool = False) -> tuple[str, str] | None:
        """(path below the folder, fragment) of a relative target that exists inside the folder; `top`: it counts from there."""
        try:
            parts = urlsplit(target)
        except ValueError:
            return None
        if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/") or "\0" in target:
            return None
        here = "" if top else self._here()
        relative = posixpath.normpath(posixpath.join(here, unquote(parts.path).replace("\\", "/")))
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


def _note(target: str) -> tuple[str, str]:
    """(name, fragment) of the target of a wikilink."""
    name, _, fragment = target.removeprefix(NOTE).partition("#")
    return unquote(name).replace("\\", "/").strip().strip("/"), fragment


def _spellings(target: str, here: str) -> Iterator[str]:
    """A relative link, and what sites mean by it that write pages without their ending or count from the site's top."""
    yield target
    path, mark, fragment = target.partition("#")
    path = path.partition("?")[0]
    if not path or "://" in path or path.startswith(("//", ".//")) or len(path) > 500:
        return
    up = "/".join([".."] * (here.count("/") + 1)) + "/" if here else ""
    bases = [path]
    if path.startswith("/"):
        steps = path.strip("/").split("/")
        bases = [f"{up}{top}{'/'.join(steps[skip:])}" for skip in range(min(3, len(steps))) for top in ("", "content/", "docs/")]
    elif path.startswith("../"):
        bases.append(path.removeprefix("../"))  # a page that is served as a folder of its own
    ending = posixpath.splitext(path.rstrip("/"))[1].lower()
    for base in bases:
        bare = base.rstrip("/")
        if base != path or path.startswith("/"):
            yield bare + mark + fragment
        if ending in (".html", ".htm"):
            yield from (posixpath.splitext(bare)[0] + each + mark + fragment for each in _PAGE_ENDINGS)
        elif ending not in BY_ENDING:
            yield from (bare + each + mark + fragment for each in _PAGE_ENDINGS)


def _named(name: str, here: str, files: _Index) -> str:
    """The file that a name means by Obsidian's rules, or "": the path from the top, else beside the note, else the shortest.

    Logseq writes the slashes of a name as "___" or "%2F", wikis of hosting services its blanks as hyphens.
    """
    folded = unicodedata.normalize("NFC", name).lower()
    for wanted in dict.fromkeys((folded, folded.replace("/", "___"), quote(folded, safe=" "), folded.replace(" ", "-"))):
        found = [path for path in files.get(wanted.rpartition("/")[2], ()) if _ends_with(path, wanted)]
        if found:
            return min(
                found, key=lambda path: (_bare(path) != wanted, posixpath.dirname(path) != here, path.count("/"), len(path), path)
            )
    return ""


def _bare(path: str) -> str:
    low = unicodedata.normalize("NFC", path).lower()
    return low.removesuffix(".md")


def _ends_with(path: str, wanted: str) -> bool:
    low = unicodedata.normalize("NFC", path).lower()
    return any(f"/{each}".endswith(f"/{wanted}") for each in (low, _bare(path)))


def _index(paths: Iterable[str]) -> _Index:
    found: dict[str, tuple[str, ...]] = {}
    for path in paths:
        name = unicodedata.normalize("NFC", posixpath.basename(path)).lower()
        for key in {name, name.removesuffix(".md")}:
            found[key] = (*found.get(key, ()), path)
    return found


@lru_cache(maxsize=4)
def _files_of(folder: str) -> _Index:
    """The documents and pictures of a folder, without what is hidden; a worker process looks once, as a run is one look at it."""
    paths: list[str] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = posixpath.relpath(place, folder)
        for name in sorted(names):
            is_read = (BY_ENDING.keys() | PICTURE_TYPES.keys()) & {posixpath.splitext(name)[1].lower()}
            if is_read and not name.startswith(".") and not Path(place, name).is_symlink():
                paths.append(name if below == "." else f"{below}/{name}")
    return _index(paths)


_known: list[tuple[Mapping[str, str], dict[str, _Index]]] = []
"""The source paths of one knowledge base, and what was made of them: they are the same for all jobs of a worker."""


def _known_below(root: str, names: Mapping[str, str]) -> _Index:
    """The source paths of one root by their names."""
    if not _known or _known[0][0] is not names:
        _known[:] = [(names, {})]
    made = _known[0][1]
    if root not in made:
        made[root] = _index(sorted(path for path in names if path.startswith(f"{root}/")))
    return made[root]


def links_of(source: SourceFile, names: Mapping[str, str]) -> FolderLinks:
    """The resolver of a source; the folder is made absolute first, so that links cannot lead out of it by another name."""
    folder = Path(source.folder).resolve()
    return FolderLinks(SourceFile(source.path, folder / source.file.relative_to(source.folder), source.root, folder), names)


_VARIANT = re.compile(r"-[0-9a-f]{8}\Z")


class Present(Struct, frozen=True):
    """`pictures` are (name, file of this machine) of a document's pictures in the order in which its text shows them, `links` the
    pages of the wiki that its text links; `is_large` says that its original is in Git LFS."""

    pictures: tuple[tuple[str, Path], ...] = ()
    links: frozenset[str] = frozenset()
    is_large: bool = False


class PresentLinks(Struct, frozen=True):
    """The `Resolver` of a document that is made again; `names` maps all source paths of the knowledge base to their documents."""

    source: str
    present: Present
    names: Mapping[str, str]
    given: dict[str, tuple[str, Path]] = field(default_factory=dict)

    def link(self, target: str) -> str | None:
        """The page (and fragment) that a relative link leads to, None where it leads to no document."""
        if target.startswith(NOTE):
            return self._noted(*_note(target))
        root = self.source.partition("/")[0]
        here = posixpath.dirname(self.source.removeprefix(f"{root}/")) if "/" in self.source else ""
        return next((page for each in _spellings(target, here) if (page := self._linked(each))), None)

    def _noted(self, name: str, fragment: str) -> str | None:
        """The page of a note by its name; one that became no document is known by the page that the text links now."""
        root = self.source.partition("/")[0]
        named = _named(name, posixpath.dirname(self.source), _known_below(root, self.names))
        page = self._page(named) if named else None
        if page is None:
            ending = f"/{document_name(name if posixpath.splitext(name)[1] else f'{name}.md')}.md"
            page = next((each for each in sorted(self.present.links) if each.endswith(ending)), None)
        return page + (f"#{fragment}" if page and fragment else "") if page else None

    def _linked(self, target: str) -> str | None:
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
        found = _note(target) if target.startswith(NOTE) else self._find(target.lstrip("/"))
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


class WebLinks(Struct, frozen=True):
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
    """The canonical spelling of an address, "" if it is not one."""
    try:
        return str(web_address.parse(target.partition("#")[0]))
    except ValueError:
        return ""
