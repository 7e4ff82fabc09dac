"""Cuts a converted text that is too long for one page into chapter files, along its headings and pages.

Invariant: every line of the text is in exactly one chapter, in order (the head of a table or fence that is cut is repeated),
and every anchor is known with the file it went to. A text below the limit is one chapter: the page itself.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gitkb.model import Heading
from gitkb.text.links import heading_anchor, named_anchors
from gitkb.text.slugs import slug
from gitkb.topics import shortened

LIMIT = 400 * 1024
SMALL = 40 * 1024
SCRAP = 4 * 1024
PAGE_HEAD = 12
_PAGE = re.compile(r"<a name=\"(page|slide)-(\d+)\"></a>")
_DEFINITION = re.compile(r"^ {0,3}\[([^\[\]]{1,200})\]:[ \t]*\S.*$", re.MULTILINE)
_FENCE = re.compile(r" {0,3}(?:`{3,}[^`]*|~{3,}.*)$")
_USE = re.compile(r"\[([^\[\]]{1,200})\]")


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of a text: `suffix` of its file name ("" for the page itself, "--02-recovery"), what a reader calls it, its text."""

    suffix: str
    title: str
    markdown: str
    headings: tuple[Heading, ...] = ()


@dataclass(frozen=True, slots=True)
class Chapters:
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
