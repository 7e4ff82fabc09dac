"""The blocks of a Markdown text that hold words: paragraphs, list items, rows of tables, each with what stands above it.

Invariant: one pass over the lines, linear in their length. Code, HTML blocks, comments and what sites put around a text are no
blocks. An item knows the item it stands below, or the line that leads on to its list; a row knows the head of its table. Of a
long table only the first `MAX_ROWS` rows are given.
"""

import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct, field

MAX_ROWS = 38
"""Rows of one table: with its head and its rule as many as are read when a quote is searched (`grounding.quote`)."""

BlockKind = Literal["paragraph", "item", "row", "anchor"]

_FENCE = re.compile(r" {0,12}(?:>\s?)*(?:[-*+]\s+|\d+\.\s+)?(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(?:#{1,6}(?:\s|$)|(?:=+|-{2,})\s*$|(?:[*_-] ?){3,}$)")
_ITEM = re.compile(r"(\s*)(?:[-*+•‣▪●◦]|\d{1,3}[.)])\s+(?:\[[ xX/-]\]\s+)?(?:#{1,6}\s+)?")
_ANCHOR = re.compile(r"<a (?:name|id)=\"((?:page|slide|sheet)-[\w-]{1,40})\">\s*</a>")
_SKIPPED = re.compile(r"\s*(?:<!--|\[\^?[^\]]{1,200}\]:|\{\{[<%#]|:::|!!!|\?\?\?|\+[-=+]+\+|@|\$\$|\\\[|%%)")
_TAGS = re.compile(r"\s*(?:#[^\W\d_][\w/-]*\s*)+$")
_TABLE_RULE = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-*:?\s*)+$|\s*\|\s*:?-+:?\s*\|\s*$")
_QUOTE = re.compile(r"(?:\s{0,3}>\s?)+")
_CALLOUT = re.compile(r"\s*\[![\w-]{1,30}(?:\|[^\]]{0,50})?\][+-]?\s*")
_BLOCK_TAG = re.compile(
    r"\s*</?(?:div|table|tr|td|th|thead|tbody|ul|ol|li|p|img|details|summary|style|script|br|hr|center|picture|svg)\b", re.I
)
_DEFINED = re.compile(r" {0,3}:[ \t]+(?=\S)")
_CELL_BORDER = re.compile(r"(?<!\\)\|")


class Block(Struct, frozen=True):
    """A block as it is written, without the signs of its kind. `line` is its first (1-based); of an "anchor", `raw` is its name.

    `lead` is the item above a nested one, the term that a definition explains, or the paragraph that leads on to a list; "" for
    none. `cells` are those of a row, `head` those of its table's head ("" where it has none).
    """

    line: int
    kind: BlockKind
    raw: str
    lead: str = ""
    cells: tuple[str, ...] = ()
    head: tuple[str, ...] = ()


def blocks(markdown: str) -> Iterator[Block]:
    """The blocks of a Markdown body, in text order."""
    scan, number = _Scan(), 0
    for number, source in enumerate(markdown.split("\n"), 1):
        yield from scan.read(number, source.rstrip())
    yield from scan.end_table(number + 1)
    yield from scan.finish()


def cells_of(row: str) -> tuple[str, ...]:
    """The cells of a table's row as they are written."""
    bare = row.strip().removeprefix("|")
    bare = bare[:-1] if bare.endswith("|") and not bare.endswith("\\|") else bare
    return tuple(cell.strip().replace("\\|", "|") for cell in _CELL_BORDER.split(bare))


class _Scan(Struct):
    """The state between two lines. `buffer` holds the lines of the open block, `above` the items that it may stand below."""

    fence: str = ""
    buffer: list[str] = field(default_factory=list)
    first: int = 0
    kind: BlockKind = "paragraph"
    lead: str = ""
    after_blank: bool = True
    in_list: bool = False
    above: list[tuple[int, list[str]]] = field(default_factory=list)
    last: str = ""
    """The paragraph that was read last, as long as a list may follow from it."""
    head: tuple[str, ...] | None = None
    row: str = ""
    rows: int = 0

    def read(self, number: int, line: str) -> Iterator[Block]:
        opened = _FENCE.match(line)
        if self.fence:
            if opened and opened.group(1).startswith(self.fence) and line.strip("> `~") == "":
                self.fence = ""
            return
        if "<a " in line and (names := _ANCHOR.findall(line)):
            yield from self.finish()
            yield from (Block(number, "anchor", name) for name in names)
            line = _ANCHOR.sub("", line).rstrip()
        if line.lstrip().startswith(">"):
            line = _QUOTE.sub("", line, count=1)
            if found := _CALLOUT.match(line):
                yield from self.finish()
                yield from self.callout(number, line[found.end() :])
                return
        if "|" in line and not opened:
            if self.head is not None or line.lstrip().startswith("|") or _TABLE_RULE.match(line):
                yield from self.table(number, line)
                return
        elif self.head is not None or self.row:
            yield from self.end_table(number)
        yield from self.text(number, line, opened)

    def end_table(self, number: int) -> Iterator[Block]:
        """A table that is a head alone has one row."""
        if self.head and not self.rows:
            yield Block(number - 2, "row", "", cells=self.head)
        self.head, self.row = None, ""

    def callout(self, number: int, title: str) -> Iterator[Block]:
        """The title of a callout is a paragraph of its own, and leads on to a list in it."""
        self.above, self.in_list = [], False
        if title:
            yield Block(number, "paragraph", title)
        self.last = f"{title.rstrip(':')}:" if title else ""

    def table(self, number: int, line: str) -> Iterator[Block]:
        self.above, self.in_list, self.after_blank = [], False, False
        if _TABLE_RULE.match(line):
            head = self.row or (self.buffer[-1] if self.buffer else "")
            if self.buffer and not self.row:
                self.buffer.pop()  # the head of a table without outer bars
            yield from self.finish()
            self.head, self.row, self.rows, self.last = cells_of(head), "", 0, ""
            return
        yield from self.finish()
        if self.head is None:
            self.row = line
            return
        self.rows += 1
        if self.rows <= MAX_ROWS:
            yield Block(number, "row", line, cells=cells_of(line), head=self.head)

    def text(self, number: int, line: str, opened: re.Match[str] | None) -> Iterator[Block]:
        item = _ITEM.match(line)
        is_code = not self.in_list and self.after_blank and line.startswith(("    ", "\t"))
        if opened:
            self.fence = opened.group(1)
        if not line or opened or is_code or _is_markup(line):
            if set(line.strip()) <= {"=", "-"} and line and len(self.buffer) == 1 and self.kind == "paragraph":
                self.buffer.clear()  # the line above === is a heading
            yield from self.finish()
            self.after_blank = not line or is_code
            self.in_list = self.in_list and (not line or line.startswith(" "))
            if line:
                self.last = ""
            if line and not line.startswith((" ", "\t")):
                self.above = []
            return
        if defined := _DEFINED.match(line):
            yield from self.finish()
            self.open(number, "item", self.last, line[defined.end() :])
            return
        if item or not self.buffer:
            yield from self.finish()
            if item:
                self.open(number, "item", self.item_lead(len(item.group(1).expandtabs(4))), line[item.end() :])
                self.above.append((len(item.group(1).expandtabs(4)), self.buffer))
                self.in_list = True
                return
            self.in_list = self.in_list and line.startswith((" ", "\t"))
            self.above = self.above if self.in_list else []
            self.open(number, "paragraph", "", line.strip())
            return
        self.buffer.append(line.strip())
        self.after_blank = False

    def open(self, number: int, kind: BlockKind, lead: str, line: str) -> None:
        self.first, self.kind, self.lead, self.buffer, self.after_blank = number, kind, lead, [line], False

    def item_lead(self, indent: int) -> str:
        """What an item of this indent stands below."""
        while self.above and self.above[-1][0] >= indent:
            self.above.pop()
        if self.above:
            return "\n".join(self.above[-1][1])
        return self.last if self.last.rstrip(" *_").endswith((":", "?", "：")) else ""

    def finish(self) -> Iterator[Block]:
        if self.buffer:
            raw = "\n".join(self.buffer)
            if self.kind == "paragraph":
                self.last = raw
            yield Block(self.first, self.kind, raw, self.lead)
            self.buffer = []


def _is_markup(line: str) -> bool:
    return bool(_HEADING.match(line) or ("#" in line and _TAGS.match(line)) or _SKIPPED.match(line) or _BLOCK_TAG.match(line))
