"""EPUB books to Markdown: the chapters of the spine in order, each by the path of web pages.

Invariant: only members that the book's own manifest reaches are read, by key and never by path on disk; links between chapters
become links to headings or plain text, as all chapters end up in one document. A chapter that is missing or cut off says so.
"""

import posixpath
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from bs4 import Tag

from gitkb.convert.archive import damaged_as, date_of, open_archive, read_member, read_xml
from gitkb.convert.decode import decode
from gitkb.convert.draft import Draft
from gitkb.convert.html.clean import HEADINGS, headings_at, is_gone, links_share, parse, prepare_document, shape
from gitkb.convert.html.markdown import safe_target, to_markdown
from gitkb.convert.pictures import Gallery
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate

if TYPE_CHECKING:
    from lxml import etree


MAX_CHAPTERS = 5_000
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")
_ENCRYPTED = "META-INF/encryption.xml"
_MISSING = "<html><body><p>(A chapter of this book is missing: the file is damaged.)</p></body></html>"
_CUT = "<p>(The rest of this chapter is missing: the file is damaged.)</p>"
_ASIDE = re.compile(r"(?:^|/)(?:nav|toc|cover|titlepage|search|genindex)\.x?html?$", re.IGNORECASE)
_MIN_TEXT = 200
"""Characters: a cover or title page with more says something of its own."""


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of a book."""
    gallery = Gallery()
    with open_archive(file, settings.max_bytes) as archive:
        package_path = _package_path(archive)
        package = read_xml(archive, package_path)
        chapters = _chapters(archive, package, posixpath.dirname(package_path))
        _refuse_locked(archive, chapters)
        trees = [(path, prepare_document(parse(_chapter(archive, path)))) for path in chapters]
        trees = [(path, tree) for path, tree in trees if _has_own_text(path, tree)] or trees
        parts = _written(archive, trees, gallery)
    return Draft(
        markdown="\n\n".join(part for part in parts if part),
        titles=(TitleCandidate("stated", _first(package, "title"), "the book states it"),),
        language=_first(package, "language"),
        pictures=gallery.pictures,
        authors=tuple(_all(package, "creator")),
        dates=_dates(package),
        description=re.sub(r"<[^>]+>", " ", _first(package, "description")),
    )


def _package_path(archive: zipfile.ZipFile) -> str:
    root = read_xml(archive, "META-INF/container.xml")
    for element in root.iter("{*}rootfile"):
        path = str(element.get("full-path") or "")
        if path in archive.NameToInfo:
            return path
    raise ConversionError("the book names no package file.", "Save it again from the program that made it.")


def _chapters(archive: zipfile.ZipFile, package: "etree._Element", folder: str) -> list[str]:
    """The members of the spine in reading order, without the navigation."""
    items = {}
    for item in package.iter("{*}item"):
        if str(item.get("media-type")) in _PAGES and "nav" not in str(item.get("properties") or "").split():
            items[item.get("id")] = _inside(folder, str(item.get("href") or ""))
    spine = [items[ref.get("idref")] for ref in package.iter("{*}itemref") if ref.get("idref") in items]
    found = list(dict.fromkeys(spine))
    if len(found) > MAX_CHAPTERS:
        raise ConversionError(
            f"the book has {len(found):,} chapters; at most {MAX_CHAPTERS:,} are read.", "Split it, then add its parts."
        )
    if not any(path in archive.NameToInfo for path in found):
        raise damaged_as("all its chapters are missing")
    return found


def _has_own_text(path: str, tree: Tag) -> bool:
    """Whether a chapter is more than a cover, a title page or a list of links, as the names of some say they are."""
    return not _ASIDE.search(path) or (len(tree.get_text(strip=True)) > _MIN_TEXT and links_share(tree) < 0.5)


def _chapter(archive: zipfile.ZipFile, path: str) -> str:
    """The HTML of a chapter. Books are XML: one that does not close its root was cut off, though an HTML parser reads on."""
    if path not in archive.NameToInfo:
        return _MISSING
    html = decode(read_member(archive, path))
    if "<html" in html and "</html" not in html:
        return f"{html}\n{_CUT}" if html.rfind("<") < html.rfind(">") else f"{html[: html.rfind('<')]}\n{_CUT}"
    return html


def _refuse_locked(archive: zipfile.ZipFile, chapters: list[str]) -> None:
    """Raises `ConversionError` for copy protection: the book says which of its members are encrypted; fonts do not matter."""
    if _ENCRYPTED not in archive.NameToInfo:
        return
    members = (unquote(str(part.get("URI") or "")) for part in read_xml(archive, _ENCRYPTED).iter("{*}CipherReference"))
    if not {posixpath.normpath(member) for member in members}.isdisjoint(chapters):
        raise ConversionError("the book is protected against copying.", "Add an edition without copy protection (DRM).")


def _inside(folder: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(folder, unquote(urlsplit(href).path)))


def _fragment(target: str) -> str:
    return unquote(urlsplit(target).fragment) if "#" in target and len(target) < 4_000 else ""


def _written(archive: zipfile.ZipFile, trees: list[tuple[str, Tag]], gallery: Gallery) -> list[str]:
    """Markdown of all chapters; the headings of all are numbered through, so links can cross chapters."""
    starts: dict[str, int] = {}
    parts: dict[tuple[str, str], int] = {}
    total = 0
    wanted = {part for _, tree in trees for link in tree.find_all("a", href=True) if (part := _fragment(str(link["href"])))}
    depth = _depths(trees)
    for path, tree in trees:
        _demote(tree, depth)
        _drop_contents(tree)
        shape_chapter(tree, total)
        starts[path] = total
        headings = tree.find_all(HEADINGS)
        parts |= {(path, name): total + max(0, n) for name, n in headings_at(tree, headings, wanted).items() if headings}
        total += len(headings)
    out = []
    for path, tree in trees:
        folder = posixpath.dirname(path)

        def picture(source: str, folder: str = folder) -> str:
            if source.lstrip()[:5].lower() == "data:":
                return gallery.add_data_uri(source)
            member = _inside(folder, source) if "://" not in source else ""
            return gallery.add(read_member(archive, member)) if member in archive.NameToInfo else ""

        def link_target(target: str, folder: str = folder) -> str:
            if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", target):
                return safe_target(target)
            path = _inside(folder, target)
            start = parts.get((path, _fragment(target)), starts.get(path))
            return f"#@{start}" if start is not None and start < total else ""

        out.append(to_markdown(tree, picture, link_target))
    return out


def _drop_contents(tree: Tag) -> None:
    """A table of contents inside the book says again what its headings say."""
    for listing in tree.find_all(class_="toc"):
        if not is_gone(listing) and len(listing.find_all("a")) > 2:
            listing.decompose()


def shape_chapter(tree: Tag, first: int) -> None:
    """Shapes a chapter whose first heading is the book's `first`-th, its levels as they are."""
    levels = [(heading, heading.name) for heading in tree.find_all(HEADINGS)]
    shape(tree)
    for heading, name in levels:
        if not is_gone(heading) and heading.name in HEADINGS:
            heading.name = name
    for link in tree.find_all("a", href=True):
        if (href := str(link["href"])).startswith("#@"):
            link["href"] = f"#@{int(href[2:]) + first}"


def _depths(trees: list[tuple[str, Tag]]) -> int:
    """How far all headings must move so that the highest is at level 2."""
    levels = [int(tag.name[1]) for _, tree in trees for tag in tree.find_all(HEADINGS)]
    return 2 - min(levels) if levels else 0


def _demote(tree: Tag, by: int) -> None:
    for heading in tree.find_all(HEADINGS):
        heading.name = f"h{max(1, min(6, int(heading.name[1]) + by))}"


def _all(package: "etree._Element", name: str) -> list[str]:
    found = (
        "".join(str(part) for part in element.itertext())
        for element in package.iter(f"{{http://purl.org/dc/elements/1.1/}}{name}")
    )
    return [" ".join(text.split()) for text in found if text.strip()]


def _first(package: "etree._Element", name: str) -> str:
    return next(iter(_all(package, name)), "")


def _dates(package: "etree._Element") -> dict[str, str]:
    dates = {}
    if published := date_of(_first(package, "date")):
        dates["published"] = published
    for meta in package.iter("{*}meta"):
        if meta.get("property") == "dcterms:modified" and (modified := date_of(str(meta.text or ""))):
            dates["modified"] = modified
    return dates
