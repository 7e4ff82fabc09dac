"""What was read in a picture, as lines of a page: put upright, pieces of one row joined, sizes evened out.

Pure. Invariant: every piece is in exactly one line. The height of a box depends on its letters, so
sizes that differ little from the usual one are taken for it; only what stands out may become a heading.
"""

import math
from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from gitkb.convert.ocr.pieces import Piece
from gitkb.convert.pdf.columns import in_columns
from gitkb.convert.pdf.layout import Page
from gitkb.convert.pdf.lines import CELL_GAP, Line, Word, cells_of

if TYPE_CHECKING:
    from PIL.Image import Image

_TYPE = 0.72
"""The size of a font by the height of the box around a line of it."""
_BELOW = 0.22
"""How much of a box is below the baseline."""
_MOST_SKEW = math.radians(15)
_COLUMN_ROWS = 4
_PROSE_CHARACTERS = 18
_MOST_CUTS = 60
_FEWEST_LINES, _MANY_SIZES = 12, 8
"""A page with so many lines and sizes, none of them usual, has sizes that were measured in a picture."""
_USUAL = 10.0
"""Points: the size that the text of a picture is taken to have, as a picture has none of its own."""


class _Box(Struct, frozen=True):
    """A piece that stands upright: pixels from the top left."""

    x0: float
    top: float
    x1: float
    bottom: float
    text: str

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        return self.bottom - self.top


class Seen(NamedTuple):
    """What was read on a page: its lines, and the texts that run up or down it."""

    lines: tuple[Line, ...]
    turned: tuple[str, ...]


def lines_on(pieces: Sequence[Piece], width: float, height: float, scale: float) -> Seen:
    """The lines that pieces make on a page of so many points, column by column; `scale` is points to the pixel."""
    boxes = _upright(pieces, width / scale / 2, height / scale / 2)
    turned = [box for box in boxes if box.height > 2 * (box.x1 - box.x0) and len(box.text) > 3]
    if sum(len(box.text) for box in turned) > 0.3 * sum(len(box.text) for box in boxes):
        turned = []  # a page that is written from top to bottom
    rows = [row for part in _parts([box for box in boxes if box not in turned]) for row in _rows(part)]
    lines = [line for row in rows if (line := _line(row, height, scale)) is not None]
    return Seen(tuple(in_columns(evened(lines))), tuple(box.text for box in turned))


def page_of(pieces: Sequence[Piece], number: int, picture: "Image") -> Page:
    """The page that a picture is."""
    boxes = _upright(pieces, picture.width / 2, picture.height / 2)
    usual = median([box.height for box in boxes]) * _TYPE if boxes else _USUAL
    scale = _USUAL / max(1.0, usual)
    width, height = picture.width * scale, picture.height * scale
    seen = lines_on(pieces, width, height, scale)
    return Page(number, height, seen.lines, turned=seen.turned)


def _upright(pieces: Sequence[Piece], x: float, y: float) -> list[_Box]:
    """The boxes of pieces, turned back around a point by as much as the lines are askew."""
    angles = [
        math.atan2(right[1] - left[1], right[0] - left[0])
        for piece in pieces
        for left, right in [(piece.corners[0], piece.corners[1])]
        if len(piece.text) > 8
    ]
    skew = median(angles) if angles else 0.0
    skew = skew if abs(skew) < _MOST_SKEW else 0.0
    cos, sin = math.cos(-skew), math.sin(-skew)
    boxes = []
    for piece in pieces:
        corners = [((a - x) * cos - (b - y) * sin + x, (a - x) * sin + (b - y) * cos + y) for a, b in piece.corners]
        left, right = sorted(a for a, _ in corners)[::3]
        heights = sorted(b for _, b in corners)
        boxes.append(_Box(left, sum(heights[:2]) / 2, right, sum(heights[2:]) / 2, " ".join(piece.text.split())))
    return [box for box in boxes if box.text and box.height > 0 and box.x1 > box.x0]


def _parts(boxes: Sequence[_Box], depth: int = 0) -> list[list[_Box]]:
    """The boxes in parts that are read one after the other: columns of prose, and what stands above and below them.

    A part is cut between two columns where it can be, else across, at its widest gap, as long as columns may be left in it.
    """
    beside = sum(any(_stand_beside(box, other) for other in boxes) for box in boxes)
    if beside < 2 * _COLUMN_ROWS or depth > _MOST_CUTS:
        return [list(boxes)]
    ordered = sorted(boxes, key=lambda box: box.x0)
    for number, gap in _gaps([(box.x0, box.x1) for box in ordered]):
        left, right = ordered[:number], ordered[number:]
        if gap > 0.4 * median([box.height for box in boxes]) and _is_prose(left) and _is_prose(right):
            return [*_parts(left, depth + 1), *_parts(right, depth + 1)]
    ordered = sorted(boxes, key=lambda box: box.top)
    across = _gaps([(box.top, box.bottom) for box in ordered])
    if not across:
        return [list(boxes)]
    number = across[0][0]
    return [*_parts(ordered[:number], depth + 1), *_parts(ordered[number:], depth + 1)]


def _stand_beside(box: _Box, other: _Box) -> bool:
    apart = box.x1 <= other.x0 or other.x1 <= box.x0
    return apart and abs(box.middle - other.middle) < max(box.height, other.height)


def _gaps(spans: Sequence[tuple[float, float]]) -> list[tuple[int, float]]:
    """The gaps that no span bridges, the widest first: before which of the spans, in order of their beginning, and how wide."""
    found, reach = [], spans[0][1]
    for number, (start, end) in enumerate(spans[1:], 1):
        if start > reach:
            found.append((number, start - reach))
        reach = max(reach, end)
    return sorted(found, key=lambda gap: -gap[1])


def _is_prose(boxes: Sequence[_Box]) -> bool:
    """Whether boxes read like the lines of a text, and not like cells of a table."""
    rows = [box for box in boxes if len(box.text) >= _PROSE_CHARACTERS and (" " in box.text or not box.text.isascii())]
    return len(rows) >= _COLUMN_ROWS and sum(len(box.text) for box in rows) > 0.7 * sum(len(box.text) for box in boxes)


def _rows(boxes: Sequence[_Box]) -> list[list[_Box]]:
    """The boxes that stand at one height each, from the top, each row from the left."""
    rows: list[list[_Box]] = []
    for box in sorted(boxes, key=lambda box: (box.middle, box.x0)):
        row = rows[-1] if rows else None
        if row is not None:
            middle, least = median([other.middle for other in row]), min(box.height, *(other.height for other in row))
            free = all(box.x0 > other.x1 - 0.5 * least or box.x1 < other.x0 + 0.5 * least for other in row)
            if abs(box.middle - middle) < 0.5 * least and free:
                row.append(box)
                continue
        rows.append([box])
    return [sorted(row, key=lambda box: box.x0) for row in rows]


def _line(row: Sequence[_Box], height: float, scale: float) -> Line | None:
    words = tuple(Word(x0 * scale, x1 * scale, text) for box in row for x0, x1, text in _words(box))
    if not words:
        return None
    tall = median([box.height for box in row]) * scale
    bottom = height - median([box.bottom for box in row]) * scale
    size = max(1.0, min(200.0, tall * _TYPE))
    return Line(cells_of(words, CELL_GAP * size), bottom + _BELOW * tall, size, words=words)


def _words(box: _Box) -> list[tuple[float, float, str]]:
    """The words of a box, each with its share of the width."""
    step = (box.x1 - box.x0) / len(box.text)
    found, start = [], 0
    for word in box.text.split(" "):
        found.append((box.x0 + start * step, box.x0 + (start + len(word)) * step, word))
        start += len(word) + 1
    return found


def with_measured_sizes_evened(lines: Sequence[Line]) -> list[Line]:
    """The lines of a page; where each has a size of its own, as in the hidden text of scans, with those that differ little evened
    out."""
    sizes = Counter(line.size for line in lines)
    if len(lines) < _FEWEST_LINES or len(sizes) < max(_MANY_SIZES, 0.2 * len(lines)) or max(sizes.values()) > 0.25 * len(lines):
        return list(lines)
    even = evened(lines)
    return [replace(line, cells=cells_of(line.words, CELL_GAP * line.size) or line.cells, text="") for line in even]


def evened(lines: Sequence[Line]) -> list[Line]:
    """Lines whose sizes differ little with exactly one size: the usual one, and from there up and down."""
    left = sorted({line.size for line in lines}, reverse=True)
    if not left:
        return []
    usual = _usual(lines)
    size_of = {size: usual for size in left if 0.75 * usual < size < 1.3 * usual}
    left = [size for size in left if size not in size_of]
    while left:
        alike = [size for size in left if size > left[0] / 1.3 and (size > usual) == (left[0] > usual)]
        size_of.update(dict.fromkeys(alike, median(alike)))
        left = left[len(alike) :]
    return [replace(line, size=max(0.5, round(size_of[line.size] * 2) / 2)) for line in lines]


def _usual(lines: Sequence[Line]) -> float:
    """The size that half of the characters do not exceed."""
    sizes = sorted((line.size, len(line.text)) for line in lines)
    half, passed = sum(length for _, length in sizes) / 2, 0
    for size, length in sizes:
        passed += length
        if passed >= half:
            return size
    return sizes[-1][0]
