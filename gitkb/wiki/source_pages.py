"""Makes the pages of a document's converted text: chapters and their contents, links led into the wiki, pictures.

Invariant: the words are the document's. Every line of the text is in exactly one chapter, in order (the head of a table or fence
that is cut is repeated), and every anchor is known with the file it went to. A text below the limit is one chapter: the page
itself. Links that lead nowhere, or would run something, become words. The target of a relative link of the original is the
resolver's answer, the only thing here that depends on more than the document.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from posixpath import splitext
from typing import Protocol

from msgspec import Struct, field

from gitkb.formats.records import source_path
from gitkb.formats.topic_rows import shortened
from gitkb.model.documents import Conversion, Digest, Heading, Picture
from gitkb.text.markdown import frontmatter
from gitkb.text.markdown.links import anchors, escape, heading_anchor, is_external, named_anchors, one_line, relative, resolve
from gitkb.text.markdown.retarget import retarget
from gitkb.text.names.slugs import slug
from gitkb.wiki.hand_edits import seal

LIMIT = 400 * 1024
SMALL = 40 * 1024
SCRAP = 4 * 1024
PAGE_HEAD = 12
_PAGE = re.compile(r"<a name=\"(page|slide)-(\d+)\"></a>")
_DEFINITION = re.compile(r"^ {0,3}\[([^\[\]]{1,200})\]:[ \t]*\S.*$", re.MULTILINE)
_FENCE = re.compile(r" {0,3}(?:`{3,}[^`]*|~{3,}.*)$")
_USE = re.compile(r"\[([^\[\]]{1,200})\]")


class Chapter(Struct, frozen=True):
    """A part of a text: `suffix` of its file name ("" for the page itself, "--02-recovery"), what a reader calls it, its text."""

    suffix: str
    title: str
    markdown: str
    headings: tuple[Heading, ...] = ()


class Chapters(Struct, frozen=True):
    """A text in chapters; `suffix_of` tells for each anchor in which one it is."""

    chapters: tuple[Chapter, ...]
    suffix_of: Mapping[str, str]


def chapters_of(markdown: str, headings: Sequence[Heading], limit: int = LIMIT) -> Chapters:
    """The text in pieces of at most about `limit` bytes; `headings` with their lines in this text."""
    if len(markdown.encode("utf-8", "replace")) <= limit:
        only = Chapter("", "", markdown, tuple(headings))
        return Chapters((only,), dict.fromkeys([h.anchor for h in headings] + sorted(named_anchors(markdown)), ""))
    lines = markdown.split("\n")
    pieces = _joined(list(_cut(lines, range(len(lines)), headings, limit)), lines, limit)
    return _named(lines, pieces, headings)


def _size(lines: Sequence[str], span: range) -> int:
    return sum(len(lines[i].encode("utf-8", "replace")) + 1 for i in span)


def _cut(lines: Sequence[str], span: range, headings: Sequence[Heading], limit: int, level: int = 1) -> Iterator[range]:
    """Spans of lines, each within the limit: cut at headings of ever lower levels, then at pages, then between lines."""
    if _size(lines, span) <= limit:
        yield span
        return
    if level <= 6:
        taken = {h.line - 1 for h in headings}
        starts = [_start(lines, h.line - 1, taken) for h in headings if h.level == level]
        deeper = level + 1
    elif level == 7:
        starts, deeper = [i for i in span if _PAGE.search(lines[i])], 8
    else:
        yield from _between_lines(lines, span, limit)
        return
    inner = sorted({start for start in starts if span.start < start < span.stop})
    for start, stop in zip([span.start, *inner], [*inner, span.stop], strict=True):
        yield from _cut(lines, range(start, stop), headings, limit, deeper)


def _start(lines: Sequence[str], heading: int, headings: set[int]) -> int:
    """The line at which the chapter of a heading starts: that of its page, where the heading is the first on it."""
    for i in range(heading - 1, max(heading - PAGE_HEAD, 0) - 1, -1):
        if i in headings:
            break
        if _PAGE.fullmatch(lines[i].strip()):
            return i
    return heading


def _between_lines(lines: Sequence[str], span: range, limit: int) -> Iterator[range]:
    start, size = span.start, 0
    blank = start
    for i in span:
        size += len(lines[i].encode("utf-8", "replace")) + 1
        if size > limit and i > start:
            stop = blank + 1 if blank > start else i
            yield range(start, stop)
            start, size = stop, _size(lines, range(stop, i + 1))
        if not lines[i].strip():
            blank = i
    yield range(start, span.stop)


def _joined(pieces: list[range], lines: Sequence[str], limit: int) -> list[range]:
    """The pieces with small ones joined to the one before, so that no chapter is a scrap."""
    joined: list[range] = []
    sizes: list[int] = []
    for piece in pieces:
        size = _size(lines, piece)
        if joined and (sizes[-1] < SMALL or size < SCRAP) and sizes[-1] + size <= limit:
            joined[-1] = range(joined[-1].start, piece.stop)
            sizes[-1] += size
        else:
            joined.append(piece)
            sizes.append(size)
    return joined


def _named(lines: Sequence[str], pieces: Sequence[range], headings: Sequence[Heading]) -> Chapters:
    digits = max(2, len(str(len(pieces))))
    definitions = {name.casefold(): line for name, line in _definitions("\n".join(lines))}
    chapters: list[Chapter] = []
    suffix_of: dict[str, str] = {}
    fence = ""
    for number, piece in enumerate(pieces, 1):
        own = tuple(h for h in headings if piece.start < h.line <= piece.stop)
        part = _with_anchors(lines, piece, own)
        head = [fence] if fence else _table_head(lines, piece.start)
        fence = _open_fence([*head, *part])
        text = "\n".join([*head, *part, *([fence.strip().rstrip(_INFO)] if fence else [])]).strip("\n") + "\n"
        title = _title(own, text, number)
        suffix = f"--{number:0{digits}d}-{slug(title)}"
        suffix_of.update(dict.fromkeys([h.anchor for h in own] + sorted(named_anchors(text)), suffix))
        chapters.append(Chapter(suffix, title, _with_definitions(text, definitions), own))
    return Chapters(tuple(chapters), suffix_of)


_INFO = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _+-.,#{}="


def _with_anchors(lines: Sequence[str], piece: range, own: Sequence[Heading]) -> list[str]:
    """The lines of a chapter. A heading's anchor counts its namesakes above, which may be in other files: it is written out."""
    repeated = {h.line - 1: h.anchor for h in own if h.anchor != heading_anchor(h.title)}
    part: list[str] = []
    for i in piece:
        if i in repeated:
            part += [f'<a name="{repeated[i]}"></a>', ""]
        part.append(lines[i])
    return part


def _open_fence(part: Sequence[str]) -> str:
    """The line that opened the fence which these lines leave open, else ''."""
    opened = ""
    for line in part:
        found = _FENCE.match(line)
        if not opened and found:
            opened = line
        elif opened and found and line.strip().startswith(opened.strip().rstrip(_INFO)) and not line.strip().strip("`~"):
            opened = ""
    return opened


def _table_head(lines: Sequence[str], start: int) -> list[str]:
    """The two head lines of the table that is cut before this line, if one is."""
    if start == 0 or not (lines[start].startswith("|") and lines[start - 1].startswith("|")):
        return []
    first = start
    while first > 0 and lines[first - 1].startswith("|"):
        first -= 1
    return list(lines[first : first + 2])


def _title(own: Sequence[Heading], text: str, number: int) -> str:
    """What to call a chapter: its first heading, else its pages, else its number."""
    if own:
        return shortened(own[0].title)
    pages = [(found[1], int(found[2])) for found in _PAGE.finditer(text)]
    if not pages:
        return f"Part {number}"
    kind, first, last = pages[0][0].capitalize(), pages[0][1], pages[-1][1]
    return f"{kind} {first}" if first == last else f"{kind}s {first} to {last}"


def _definitions(text: str) -> list[tuple[str, str]]:
    return [(found[1], found[0]) for found in _DEFINITION.finditer(text)]


def _with_definitions(text: str, definitions: Mapping[str, str]) -> str:
    """The chapter with those link and footnote definitions that it uses and that stand in other chapters."""
    if not definitions:
        return text
    here = {name.casefold() for name, _ in _definitions(text)}
    used = dict.fromkeys(name.casefold() for name in _USE.findall(text))
    missing = [definitions[name] for name in used if name in definitions and name not in here]
    return text + ("\n" + "\n".join(missing) + "\n" if missing else "")


MAX_OUTLINE = 300
_MARKUP = re.compile(r"[\[\]<!&]")
_ALLOWED_SCHEMES = ("http:", "https:", "mailto:", "ftp:")


class Resolver(Protocol):
    """What the original's links lead to: relative ones in the folder that it was added from, addresses among what was fetched."""

    def link(self, target: str) -> str | None:
        """The path in the repository (optionally with `#fragment`), None where the target is not in the added folder."""

    def picture(self, target: str) -> Picture | None:
        """The picture file, None where there is none in the added folder, or it was not fetched."""


class ConvertedText(Struct):
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
            files[path] = self.page(path, title, "" if chapter.suffix else digest.description, raw, body, is_main=path == main)
        if main not in files:
            files[main] = self.page(
                main, digest.title, digest.description, raw, self.contents(main, digest, anchor_of), is_main=True
            )
        return {**files, **self.pictures}

    def page(self, path: str, title: str, description: str, raw: str, body: str, *, is_main: bool) -> bytes:
        meta: dict[str, object] = {"type": "Source", "title": one_line(title)}
        if description:
            meta["description"] = description
        for key, names in (("aliases", self.conversion.aliases), ("tags", self.conversion.tags)):
            if is_main and names:
                meta[key] = [one_line(name) for name in names]
        meta["resource"] = relative(path, raw)
        if self.url:
            meta["url"] = self.url
        if self.conversion.ocr:
            meta["ocr"] = one_line(self.conversion.ocr)
        if self.conversion.described:
            meta["described"] = one_line(self.conversion.described)
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
