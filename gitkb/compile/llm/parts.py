"""Cuts a document into parts that a model can read at once: at its headings, and long sections at their paragraphs.

Invariant: parts are in text order, hold all of the text, and share a line only where it is too long for one of them. Where a
part ends is decided by the text around that place, never by an offset: an edit in one section changes the part with that section,
and not those after it.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from msgspec import Struct

from gitkb.compile.grounding.quote import Span
from gitkb.model.documents import Heading
from gitkb.text.markdown.prose import inline_text, plain

T = TypeVar("T")
MOST_TOKENS = 12_000
"""The most tokens of a part. Larger parts would be slower, because parts are read at the same time."""
_LEAST_TOKENS = 400
_FINE = 3
"""A section is not cut if it is no larger than 1/_FINE of a part."""
_ONE_IN = 4
_MOST_HEADINGS, _DEEPEST = 24, 3
_BLANK_LINES = re.compile(r"\n{3,}")


class Part(Struct, frozen=True):
    """Lines `first` to `last` (1-based) of a document as text; `above` are the titles of the headings around it, the outermost
    first; `headings` those inside of it, for each of which a key point is wanted. Where its `sentences` are numbered, `shown` is
    the text with the numbers."""

    first: int
    last: int
    text: str
    above: tuple[str, ...]
    headings: tuple[str, ...]
    shown: str = ""
    sentences: tuple[Span, ...] = ()


class _Unit(Struct, frozen=True):
    """A section with all below it, or a piece of one: lines from `first` to `last`; `number` indexes the heading that opens it or
    stands above it (-1 for none), `level` is 7 for a piece without a heading of its own. `text` is set where it is a piece of
    one line."""

    first: int
    last: int
    number: int
    level: int
    tokens: int
    text: str = ""


def estimate_tokens(text: str) -> int:
    """How many tokens a text has, estimated rather too high: a third of its ASCII characters, more in other scripts."""
    size = len(text.encode("utf-8", "surrogatepass"))
    plain_size = len(text.encode("ascii", "ignore"))
    return plain_size // 3 + (size - plain_size) * 3 // 5 + 1


def in_batches(items: Sequence[T], room: int, tokens: Callable[[T], int]) -> Iterator[list[T]]:
    """The items in as few batches of at most `room` tokens as fit; at least two items each, so that every round of questions
    leaves fewer."""
    batch: list[T] = []
    size = 0
    for item in items:
        own = tokens(item)
        if len(batch) >= 2 and size + own > room:
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += own
    if batch:
        yield batch


def split_parts(text: str, headings: Sequence[Heading], limit: int = MOST_TOKENS) -> list[Part]:
    """The parts of a text (as `readable` gives it) of at most about `limit` tokens each; [] where it says nothing."""
    limit = max(_LEAST_TOKENS, min(limit, MOST_TOKENS))
    lines = text.split("\n")
    wanted = [heading for heading in headings if 1 <= heading.line <= len(lines)]
    kept = [unit for unit in _units(lines, wanted, limit) if unit.tokens > 1]
    groups = [kept] if sum(unit.tokens for unit in kept) <= limit else list(_packed(kept, wanted, lines, limit))
    parts = [_part(lines, wanted, group) for group in groups if group]
    return [part for part in parts if any(map(str.isalnum, part.text))]


def _units(lines: list[str], headings: Sequence[Heading], limit: int) -> Iterator[_Unit]:
    first = headings[0].line if headings else len(lines) + 1
    if first > 1:
        yield from _pieces(lines, 1, first - 1, -1, limit)
    number = 0
    while number < len(headings):
        end = _subtree_end(headings, number)
        last = headings[end].line - 1 if end < len(headings) else len(lines)
        tokens = _tokens(lines, headings[number].line, last)
        if tokens <= limit // _FINE:
            yield _Unit(headings[number].line, last, number, headings[number].level, tokens)
            number = end
        else:
            own = headings[number + 1].line - 1 if number + 1 < len(headings) else len(lines)
            yield from _pieces(lines, headings[number].line, own, number, limit, headings[number].level)
            number += 1


def _subtree_end(headings: Sequence[Heading], number: int) -> int:
    end = number + 1
    while end < len(headings) and headings[end].level > headings[number].level:
        end += 1
    return end


def _tokens(lines: list[str], first: int, last: int) -> int:
    return estimate_tokens("\n".join(lines[first - 1 : last]))


def _pieces(lines: list[str], first: int, last: int, number: int, limit: int, level: int = 7) -> Iterator[_Unit]:
    """Lines without a heading, cut at blank lines if they are many, and at any line inside of a long paragraph."""
    if first > last:
        return
    start, tokens = first, 0
    for at in range(first, last + 1):
        own = estimate_tokens(lines[at - 1]) if lines[at - 1] else 0
        if own > limit // _FINE:
            if tokens:
                yield _Unit(start, at - 1, number, level if start == first else 7, tokens)
            for text in _of_line(lines[at - 1], len(lines[at - 1]) * limit // (_FINE * own)):
                yield _Unit(at, at, number, 7, estimate_tokens(text), text)
            start, tokens = at + 1, 0
            continue
        is_gap = not lines[at - 1].strip()
        full = tokens + own > limit // _FINE or (is_gap and tokens > limit // (2 * _FINE) and _is_mark(lines, at + 1))
        if full and at > start:
            yield _Unit(start, at - 1, number, level if start == first else 7, tokens)
            start, tokens = at, 0
        tokens += own
    if tokens:
        yield _Unit(start, last, number, level if start == first else 7, tokens)


def _of_line(line: str, size: int) -> Iterator[str]:
    """A huge line in pieces of at most `size` characters, cut at the end of a sentence or at a blank if there is one."""
    start = 0
    while len(line) - start > size:
        cut = max(line.rfind(mark, start + size // 2, start + size) + len(mark) for mark in (". ", "。"))
        if cut < start + size // 2:
            cut = line.rfind(" ", start + size // 2, start + size) + 1
        cut = cut if cut > start + size // 2 else start + size
        yield line[start:cut]
        start = cut
    yield line[start:]


def _is_mark(lines: list[str], line: int) -> bool:
    """Whether a part should end before a line. Its words decide, so the place stays the same when text before it changes."""
    words = lines[line - 1][:60] if line <= len(lines) else ""
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).digest()[0] % _ONE_IN == 0


def _packed(units: list[_Unit], headings: Sequence[Heading], lines: list[str], limit: int) -> Iterator[list[_Unit]]:
    """Puts neighbours together as far as they fit. A new part begins with a chapter, or where `_is_mark` says so of a heading."""
    top = min((heading.level for heading in headings), default=7)
    if sum(heading.level == top for heading in headings) < 2:
        top += 1  # the one heading of the first level is the title
    group: list[_Unit] = []
    tokens = 0
    for unit in units:
        opens = unit.level <= top and tokens > limit // 4
        marked = unit.level < 7 and tokens > limit // 3 and _is_mark(lines, unit.first)
        if group and (tokens + unit.tokens > limit or opens or marked):
            yield group
            group, tokens = [], 0
        group.append(unit)
        tokens += unit.tokens
    if group:
        yield group


def _part(lines: list[str], headings: Sequence[Heading], group: list[_Unit]) -> Part:
    first, last = group[0].first, group[-1].last
    text = "\n".join(unit.text or "\n".join(lines[unit.first - 1 : unit.last]) for unit in group)
    text = _BLANK_LINES.sub("\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip("\n")
    inside = [heading for heading in headings if any(unit.first <= heading.line <= unit.last for unit in group)]
    return Part(first, last, text, _above(headings, group[0]), _wanted(inside))


def _above(headings: Sequence[Heading], unit: _Unit) -> tuple[str, ...]:
    """The titles of the headings around a unit."""
    above: list[Heading] = []
    level = unit.level if unit.number >= 0 and headings[unit.number].line == unit.first else 7
    for heading in reversed(headings[: unit.number + 1]):
        if heading.level < level and heading.line < unit.first:
            above.append(heading)
            level = heading.level
    return tuple(title for heading in reversed(above) if (title := heading_title(heading)))


def _wanted(inside: list[Heading]) -> tuple[str, ...]:
    """The headings for which a key point is wanted; deeper levels are dropped if there are too many."""
    for deepest in range(_DEEPEST, 0, -1):
        chosen = [heading for heading in inside if heading.level <= deepest]
        if len(chosen) <= _MOST_HEADINGS:
            break
    return tuple(title for heading in chosen[:_MOST_HEADINGS] if (title := heading_title(heading)))


def heading_title(heading: Heading) -> str:
    """A heading's title as plain text, bounded."""
    return plain(inline_text(heading.title)[0])[:120]
