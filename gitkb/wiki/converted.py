"""The converted text of a document as pages: its chapters and their contents, its links led into the wiki, its pictures.

Invariant: the words are the document's; links that lead nowhere, or would run something, become words. What a relative link
of the original leads to is the resolver's answer, and the only thing here that depends on more than the document.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from posixpath import splitext
from typing import Protocol

from gitkb.model import Conversion, Digest, Picture
from gitkb.text import frontmatter
from gitkb.text.links import anchors, escape, is_external, one_line, relative, resolve
from gitkb.text.rewrite import retarget
from gitkb.text.slugs import slug
from gitkb.wiki.chapters import Chapter, Chapters
from gitkb.wiki.generated import seal

MAX_OUTLINE = 300
_MARKUP = re.compile(r"[\[\]<!&]")
_ALLOWED_SCHEMES = ("http:", "https:", "mailto:", "ftp:")


class Resolver(Protocol):
    """What the original's links lead to: relative ones in the folder that it was added from, addresses among what was fetched."""

    def link(self, target: str) -> str | None:
        """The path in the repository (optionally with `#fragment`), None where the target is not in the added folder."""

    def picture(self, target: str) -> Picture | None:
        """The picture file, None where there is none in the added folder, or it was not fetched."""


def source_path(document: str, suffix: str = "") -> str:
    """Where a document's converted text stands, or with a suffix one of its chapters."""
    return f"wiki/sources/{document}{suffix}.md"


@dataclass(slots=True)
class ConvertedText:
    """The pages of the converted text; collects the pictures that they show."""

    document: str
    chapters: Chapters
    conversion: Conversion
    resolver: Resolver
    url: str = ""
    pictures: dict[str, bytes] = field(default_factory=dict)

    def bodies(self) -> dict[str, str]:
        """The text of every chapter by suffix, with its links and pictures led into the wiki."""
        found: dict[str, str] = {}
        for chapter in self.chapters.chapters:
            path = source_path(self.document, chapter.suffix)
            found[chapter.suffix] = retarget(chapter.markdown, partial(self.link, path), partial(self.picture, path))
        return found

    def pages(self, digest: Digest, raw: str, bodies: Mapping[str, str], anchor_of: Callable[[str], str]) -> dict[str, bytes]:
        """All files below wiki/sources, with the pictures that the bodies show."""
        main = source_path(self.document)
        files: dict[str, bytes] = {}
        for chapter in self.chapters.chapters:
            path, body = source_path(self.document, chapter.suffix), bodies[chapter.suffix]
            if chapter.suffix:
                body = f"{body.rstrip()}\n\n{self.way_on(chapter)}"
            title = f"{digest.title}: {chapter.title}" if chapter.suffix else digest.title
            files[path] = self.page(path, title, "" if chapter.suffix else digest.description, raw, body)
        if main not in files:
            files[main] = self.page(main, digest.title, digest.description, raw, self.contents(main, digest, anchor_of))
        return {**files, **self.pictures}

    def page(self, path: str, title: str, description: str, raw: str, body: str) -> bytes:
        meta: dict[str, object] = {"type": "Source", "title": one_line(title)}
        if description:
            meta["description"] = description
        meta["resource"] = relative(path, raw)
        if self.url:
            meta["url"] = self.url
        body = body.strip("\n")
        return seal(frontmatter.join(meta, f"\n{body}\n"), self.conversion.converter)

    def contents(self, main: str, digest: Digest, anchor_of: Callable[[str], str]) -> str:
        """What the page of a long text holds instead of the text: its headings, as links into the chapters."""
        entries = [entry for chapter in self.chapters.chapters for entry in _entries(chapter)]
        depth = _depth([level for level, *_ in entries])
        lines: list[str] = []
        above: list[int] = []
        for level, title, suffix, anchor in entries:
            if level > depth:
                continue
            while above and above[-1] >= level:
                above.pop()
            fragment = f"#{anchor_of(anchor)}".rstrip("#")
            target = f"{source_path(self.document, suffix)}{fragment}"
            lines.append(f"{'  ' * len(above)}- [{escape(title)}]({relative(main, target)})")
            above.append(level)
        head = [f"# {escape(digest.title)}", *filter(None, [escape(digest.description)])]
        return "\n\n".join([*head, "\n".join(lines)])

    def way_on(self, chapter: Chapter) -> str:
        """The last line of a chapter: the way back to the contents and on to the next chapter."""
        page = source_path(self.document, chapter.suffix)
        contents = f"[Contents]({relative(page, source_path(self.document))})"
        following = self.chapters.chapters[self.chapters.chapters.index(chapter) + 1 :]
        if not following:
            return contents
        return (
            f"{contents}, next: [{escape(following[0].title)}]({relative(page, source_path(self.document, following[0].suffix))})"
        )

    def link(self, page: str, target: str) -> str | None:
        if is_external(target):
            known = self.resolver.link(target)
            if known:
                return relative(page, known)
            return _encoded(target) if target.lower().startswith((*_ALLOWED_SCHEMES, "//")) else None
        if target.startswith("#"):
            found = resolve(page, target)
            suffix = self.chapters.suffix_of.get(found[1]) if found else None
            return _encoded(target) if suffix is None else relative(page, f"{source_path(self.document, suffix)}{target}")
        path = self.resolver.link(target) if target else None
        return relative(page, path) if path else None

    def picture(self, page: str, target: str) -> str | None:
        own = next((picture for picture in self.conversion.pictures if picture.name == target), None)
        found = own or (self.resolver.picture(target) if target else None)
        if found:
            return relative(page, self.stored(found))
        fetchable = is_external(target) and target.lower().startswith(("http:", "https:", "//"))
        return _encoded(target) if fetchable else None

    def stored(self, picture: Picture) -> str:
        """Where the picture is kept; two of one name are told apart by their bytes."""
        stem, ending = splitext(picture.name.rpartition("/")[2])
        ending = re.sub(r"[^a-z0-9]", "", ending.lower())[:8]
        ending = ending if ending not in ("", "md") else "bin"
        path = f"wiki/sources/{self.document}--{slug(stem)}.{ending}"
        if self.pictures.get(path, picture.data) != picture.data:
            path = f"wiki/sources/{self.document}--{slug(stem)}-{sha256(picture.data).hexdigest()[:8]}.{ending}"
        self.pictures[path] = picture.data
        return path


def unreachable(conversion: Conversion, chapters: Chapters, bodies: Mapping[str, str]) -> frozenset[str]:
    """Anchors of headings that the rewritten text gives others: markup in a heading may have become words, or none."""
    lines = conversion.markdown.split("\n")
    doubtful = {h.anchor for h in conversion.headings if h.line <= len(lines) and _MARKUP.search(lines[h.line - 1])}
    if not doubtful:
        return frozenset()
    found: dict[str, set[str]] = {}
    for suffix in {chapters.suffix_of[anchor] for anchor in doubtful if anchor in chapters.suffix_of}:
        found[suffix] = anchors(bodies[suffix])
    return frozenset(a for a in doubtful if a not in found.get(chapters.suffix_of.get(a, ""), set()))


def _entries(chapter: Chapter) -> Iterator[tuple[int, str, str, str]]:
    """The headings of a chapter as (level, title, suffix, anchor); a chapter without any has itself."""
    if not chapter.headings:
        yield 0, chapter.title, chapter.suffix, ""
    for heading in chapter.headings:
        yield heading.level, heading.title, chapter.suffix, heading.anchor


def _depth(levels: Sequence[int]) -> int:
    """The deepest heading level of which a table of contents still has room for all."""
    depth = min(levels, default=0)
    for level in sorted(set(levels)):
        if sum(one <= level for one in levels) > MAX_OUTLINE:
            break
        depth = level
    return depth


def _encoded(target: str) -> str:
    """A destination that stays what it is: blanks and brackets encoded."""
    codes = {" ": "%20", "<": "%3C", ">": "%3E", "(": "%28", ")": "%29", "\\": "%5C", "\n": "", "\t": ""}
    return "".join(codes.get(c, c) for c in target if c.isprintable() or c in codes)
