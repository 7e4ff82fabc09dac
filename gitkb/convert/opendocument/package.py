"""The parts of an OpenDocument file: its content, styles, properties, pictures and embedded objects.

Invariant: each part is read once however often the content names it, so a small file cannot ask for a large part again and again.
"""

import posixpath
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from msgspec import Struct

from gitkb.convert.archive import Properties, authors_of, damaged_as, date_of, open_archive, read_member, read_xml
from gitkb.convert.pictures import Gallery
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings

if TYPE_CHECKING:
    from lxml import etree

_MAX_PARENTS = 10
_FEW_ELEMENTS = 12_000
_ELEMENTS_A_BYTE = 2
"""The limit for packed files. Real ones have 7 to 18 bytes for each element; a hostile one of a few kilobytes would take
minutes."""


def local(element: "etree._Element") -> str:
    """An element's name without its namespace; '' for a comment."""
    return str(element.tag).rpartition("}")[2] if isinstance(element.tag, str) else ""


def attribute(element: "etree._Element", name: str) -> str:
    """The value of an attribute by its name without the namespace; '' where there is none."""
    return next((str(value) for key, value in element.attrib.items() if str(key).rpartition("}")[2] == name), "")


def count_of(element: "etree._Element", name: str) -> int:
    """A number that an attribute states, 1 where it states none."""
    value = attribute(element, name)
    return max(1, int(value)) if value.isdecimal() and len(value) < 9 else 1


class Style(Struct, frozen=True):
    """A style as far as the text's meaning depends on it; a property that it does not state is its parent's."""

    parent: str
    properties: dict[str, str]


class Package:
    """An opened OpenDocument file."""

    def __init__(self, archive: zipfile.ZipFile, gallery: Gallery) -> None:
        self._archive = archive
        self._gallery = gallery
        self._refuse_locked()
        if "content.xml" not in archive.NameToInfo:
            raise damaged_as("a part that it needs is missing")
        self.content = read_xml(archive, "content.xml")
        self.packed = sum(info.compress_size for info in archive.infolist())
        self._styles: dict[str, Style] = {}
        self._ordered: dict[tuple[str, int], bool] = {}
        for root in (read_xml(archive, "styles.xml") if "styles.xml" in archive.NameToInfo else None, self.content):
            if root is not None:
                self._take_styles(root)
        self._pictures: dict[str, str] = {}
        self._seen: set[str] = set()

    def _refuse_locked(self) -> None:
        manifest = "META-INF/manifest.xml"
        if manifest in self._archive.NameToInfo and b"encryption-data" in read_member(self._archive, manifest):
            raise ConversionError("the file is protected by a password.", "Save it without a password, then add it again.")

    def _take_styles(self, root: "etree._Element") -> None:
        for style in root.iter("{*}style"):
            parts = [part for part in style if local(part).endswith("-properties")]
            properties = {str(key).rpartition("}")[2]: str(value) for part in parts for key, value in part.attrib.items()}
            self._styles[attribute(style, "name")] = Style(attribute(style, "parent-style-name"), properties)
        for listing in root.iter("{*}list-style"):
            for level in listing:
                number = count_of(level, "level")
                is_ordered = local(level) == "list-level-style-number" and bool(attribute(level, "num-format"))
                self._ordered[attribute(listing, "name"), number] = is_ordered

    def property_of(self, style: str, name: str) -> str:
        """A property of a style as it or the nearest of its parents states it; '' where none does."""
        return next((one.properties[name] for _, one in self._chain(style) if name in one.properties), "")

    def named(self, style: str) -> list[str]:
        """The names of a style and of its parents, the nearest first."""
        return [style, *(one.parent for _, one in self._chain(style) if one.parent)]

    def _chain(self, style: str) -> Iterator[tuple[str, Style]]:
        for _ in range(_MAX_PARENTS):
            found = self._styles.get(style)
            if found is None:
                return
            yield style, found
            style = found.parent

    def is_ordered(self, style: str, level: int) -> bool:
        """Whether the items of a list of this style have numbers at a level, counted from 1."""
        return self._ordered.get((style, level), False)

    def picture(self, target: str) -> str:
        """The name under which a picture of the file is kept, '' where it has none of that name or it is not worth keeping."""
        member = posixpath.normpath(unquote(target))
        if member not in self._pictures:
            known = member in self._archive.NameToInfo
            self._pictures[member] = self._gallery.add(read_member(self._archive, member)) if known else ""
        return self._pictures[member]

    def embedded(self, target: str) -> "etree._Element | None":
        """The content of an embedded object (a formula, a chart) when it is asked for the first time."""
        member = posixpath.join(posixpath.normpath(unquote(target)), "content.xml")
        if member in self._seen or member not in self._archive.NameToInfo:
            return None
        self._seen.add(member)
        try:
            return read_xml(self._archive, member)
        except ConversionError:
            return None  # a damaged chart is no reason to refuse the text around it; its picture is shown instead

    def properties(self) -> Properties:
        """What the file says about itself."""
        try:
            root = read_xml(self._archive, "meta.xml")
        except ConversionError:
            return Properties()
        values: dict[str, str] = {}
        for element in root.iter():
            if element.text and element.text.strip() and local(element):
                values.setdefault(local(element), element.text.strip())
        dates = {"created": date_of(values.get("creation-date", "")), "modified": date_of(values.get("date", ""))}
        return Properties(
            title=values.get("title", ""),
            language=values.get("language", ""),
            description=values.get("description", ""),
            authors=authors_of(values.get("initial-creator", "") or values.get("creator", "")),
            dates={name: value for name, value in dates.items() if value},
        )


@contextmanager
def opened(file: Path, settings: ConversionSettings, gallery: Gallery) -> Iterator[Package]:
    """The package of a file; pictures that are asked for go into the gallery."""
    with open_archive(file, settings.max_bytes) as archive:
        yield Package(archive, gallery)


def body_of(package: Package, kind: str) -> "etree._Element":
    """The element with a file's text ("text", "spreadsheet", "presentation"); `ConversionError` where it has none."""
    body = package.content.find(f"{{*}}body/{{*}}{kind}")
    if body is None:
        raise damaged_as("a part that it needs is missing")
    elements = sum(1 for _ in body.iter()) if kind != "spreadsheet" else 0
    if elements > max(_FEW_ELEMENTS, _ELEMENTS_A_BYTE * package.packed):
        raise ConversionError(
            f"the file has {elements:,} elements in {package.packed:,} bytes, which no honest document does.",
            "Save it again from the program that made it.",
        )
    return body
