"""Resolves the links and pictures of a fetched document: to other fetched documents, and to the pictures fetched for it.

Invariant: only what the run or one before it fetched is named, only what the run fetched is read; every other address stays an
address.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from gitkb.convert.pictures import Gallery
from gitkb.model import Picture, WebPage
from gitkb.text import webaddress
from gitkb.text.rewrite import retarget
from gitkb.text.slugs import slug


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
        return str(webaddress.parse(target.partition("#")[0]))
    except ValueError:
        return ""
