"""A document's own files: its converted text in the wiki (in chapters when it is long), its pictures, its summary, its record.

Invariant: they are a function of the document alone, its name, its bytes and the files beside it; nothing here knows the
knowledge base. No text of the document can reach markup, a path or a link that the document did not have.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from posixpath import splitext
from typing import Protocol

from gitkb.model import Claim, Conversion, Digest, Picture, Place, Record, Source, SummarySection, Topic
from gitkb.text import frontmatter
from gitkb.text.links import anchors, escape, is_external, one_line, relative, resolve
from gitkb.text.rewrite import retarget
from gitkb.text.slugs import slug
from gitkb.wiki.chapters import Chapter, Chapters, chapters_of
from gitkb.wiki.generated import seal
from gitkb.wiki.summary import summary_page

MAX_OUTLINE = 300
_MARKUP = re.compile(r"[\[\]<!&]")
_ALLOWED_SCHEMES = ("http:", "https:", "mailto:", "ftp:")


class Resolver(Protocol):
    """What the original's relative links lead to, in the folder that it was added from."""

    def link(self, target: str) -> str | None:
        """The path in the repository (optionally with `#fragment`), None where the target is not in the added folder."""

    def picture(self, target: str) -> Picture | None:
        """The picture file, None where there is none in the added folder."""


@dataclass(frozen=True, slots=True)
class DocumentFiles:
    """A document's record and the contents of its files in the wiki by path; its original is not among them."""

    record: Record
    files: Mapping[str, bytes]


def raw_path(document: str, source_path: str) -> str:
    """Where the original is kept: `raw/<document>` with the original's ending; never a folder's name."""
    ending = re.sub(r"[^a-z0-9]", "", splitext(source_path.rpartition("/")[2])[1].lower())[:16]
    return f"raw/{document}.{ending or 'original'}"


def build(document: str, source: Source, conversion: Conversion, digest: Digest, resolver: Resolver) -> DocumentFiles:
    """All files of one document but its original, and its record."""
    chapters = chapters_of(conversion.markdown, conversion.headings)
    title = one_line(digest.title or conversion.title) or document.rpartition("/")[2]
    text = _Text(document, chapters, conversion, resolver)
    bodies = text.bodies()
    placed = _Placed(document, chapters, _unreachable(conversion, chapters, bodies))
    clean = placed.digest(replace(digest, title=title))
    files = text.pages(clean, raw_path(document, source.path), bodies, placed)
    record = _record(document, source, conversion, clean, files)
    files[summary_path(document)] = summary_page(record, clean)
    return DocumentFiles(replace(record, files=tuple(sorted({*record.files, *files}))), files)


def summary_path(document: str) -> str:
    """Where a document's summary stands."""
    return f"wiki/summaries/{document}.md"


def source_path(document: str, suffix: str = "") -> str:
    """Where a document's converted text stands, or with a suffix one of its chapters."""
    return f"wiki/sources/{document}{suffix}.md"


def _record(document: str, source: Source, conversion: Conversion, digest: Digest, files: Mapping[str, bytes]) -> Record:
    return Record(
        document=document,
        title=digest.title,
        description=digest.description,
        language=digest.language,
        source=source,
        converter=conversion.converter,
        compiler=digest.compiler,
        files=tuple(sorted([raw_path(document, source.path), *files])),
        topics=digest.topics,
        authors=tuple(filter(None, map(one_line, conversion.authors))),
        dates={one_line(name): one_line(date) for name, date in sorted(conversion.dates.items()) if one_line(date)},
    )


@dataclass(frozen=True, slots=True)
class _Placed:
    """Makes a digest's texts single lines, and its places lead to the files and anchors that the text has."""

    document: str
    chapters: Chapters
    unreachable: frozenset[str]

    def digest(self, digest: Digest) -> Digest:
        return replace(
            digest,
            description=one_line(digest.description),
            summary=self.claims(digest.summary),
            outline=tuple(self.section(section) for section in digest.outline if one_line(section.title)),
            topics=tuple(self.topic(topic) for topic in digest.topics if one_line(topic.name)),
        )

    def section(self, section: SummarySection) -> SummarySection:
        return replace(
            section, title=one_line(section.title), place=self.place(section.place), sentences=self.claims(section.sentences)
        )

    def topic(self, topic: Topic) -> Topic:
        aliases = tuple(filter(None, map(one_line, topic.aliases)))
        return replace(topic, name=one_line(topic.name), aliases=aliases, claims=self.claims(topic.claims))

    def claims(self, claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
        cleaned = (
            replace(claim, text=one_line(claim.text), quote=one_line(claim.quote), place=self.place(claim.place))
            for claim in claims
        )
        return tuple(claim for claim in cleaned if claim.text)

    def anchor(self, anchor: str) -> str:
        """The anchor where a link can reach it, else ''."""
        return anchor if anchor in self.chapters.suffix_of and anchor not in self.unreachable else ""

    def place(self, place: Place) -> Place:
        """The place with its file; an anchor that the text does not have leads to the top of the page."""
        suffix = self.chapters.suffix_of.get(place.anchor)
        anchor = self.anchor(place.anchor)
        path = source_path(self.document, suffix or "").removeprefix("wiki/")
        return Place(path, anchor, one_line(place.label))


@dataclass(slots=True)
class _Text:
    """The pages of the converted text; collects the pictures that they show."""

    document: str
    chapters: Chapters
    conversion: Conversion
    resolver: Resolver
    pictures: dict[str, bytes] = field(default_factory=dict)

    def bodies(self) -> dict[str, str]:
        """The text of every chapter by suffix, with its links and pictures led into the wiki."""
        found: dict[str, str] = {}
        for chapter in self.chapters.chapters:
            path = source_path(self.document, chapter.suffix)
            found[chapter.suffix] = retarget(chapter.markdown, partial(self.link, path), partial(self.picture, path))
        return found

    def pages(self, digest: Digest, raw: str, bodies: Mapping[str, str], placed: _Placed) -> dict[str, bytes]:
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
            files[main] = self.page(main, digest.title, digest.description, raw, self.contents(main, digest, placed))
        return {**files, **self.pictures}

    def page(self, path: str, title: str, description: str, raw: str, body: str) -> bytes:
        meta: dict[str, object] = {"type": "Source", "title": one_line(title)}
        if description:
            meta["description"] = description
        meta["resource"] = relative(path, raw)
        body = body.strip("\n")
        return seal(frontmatter.join(meta, f"\n{body}\n"), self.conversion.converter)

    def contents(self, main: str, digest: Digest, placed: _Placed) -> str:
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
            fragment = f"#{placed.anchor(anchor)}".rstrip("#")
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
            return _encoded(target) if target.lower().startswith((*_ALLOWED_SCHEMES, "//")) else None
        if target.startswith("#"):
            found = resolve(page, target)
            suffix = self.chapters.suffix_of.get(found[1]) if found else None
            return _encoded(target) if suffix is None else relative(page, f"{source_path(self.document, suffix)}{target}")
        path = self.resolver.link(target) if target else None
        return relative(page, path) if path else None

    def picture(self, page: str, target: str) -> str | None:
        if is_external(target):
            return _encoded(target) if target.lower().startswith(("http:", "https:", "//")) else None
        own = next((picture for picture in self.conversion.pictures if picture.name == target), None)
        found = own or (self.resolver.picture(target) if target else None)
        return relative(page, self.stored(found)) if found else None

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


def _unreachable(conversion: Conversion, chapters: Chapters, bodies: Mapping[str, str]) -> frozenset[str]:
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
