"""Rows of cells to a GitHub table, and Markdown's special characters in plain text.

Invariant: a table has one line per row and the same number of cells in each; nothing in a cell can end it early. Text is
escaped only where Markdown would read it as markup, so that it stays good to read.
"""

import re
from collections.abc import Sequence

MAX_ROWS = 20_000
_INLINE = re.compile(
    r"\\(?=[!-/:-@\[-`{-~])"
    r"|`"
    r"|<(?=[A-Za-z/!?])"
    r"|(?<=\])[(\[]|\[(?=\^)"
    r"|~~"
    r"|&(?=#?\w{1,32};)"
)
_STARS = re.compile(r"\*(?=\S)|(?<=\S)\*")
_UNDERSCORES = re.compile(r"(?<!\w)_(?=\S)|(?<=[^\s_])_(?!\w)")
_OPENED = re.compile(r"(?<!\w)_+(?=[^\s_])")
_CLOSED = re.compile(r"(?<=[^\s_])_+(?!\w)")
_LINE_START = re.compile(r"^([#]{1,6}(?=\s|$)|[-+](?=\s|$)|>|={2,}\s*$|-{2,}\s*$|~{3,}|\d{1,9}(?=[.)](?:\s|$)))")


def escape(text: str) -> str:
    """Plain text for use inside a Markdown paragraph: one line, markup characters escaped where they would count."""
    line = _INLINE.sub(_escaped, " ".join(text.split()))
    if line.count("*") > 1:
        line = _STARS.sub(_escaped, line)
    return _UNDERSCORES.sub(_escaped, line) if "_" in line and _has_emphasis(line) else line


def _has_emphasis(line: str) -> bool:
    """Whether underscores open an emphasis and others close one behind it; two searches, as one would try every pair."""
    opened = _OPENED.search(line)
    return opened is not None and _CLOSED.search(line, opened.end() + 1) is not None


def _escaped(found: re.Match[str]) -> str:
    return "\\" + found[0]


def paragraph(text: str) -> str:
    """Plain text as a paragraph of its own."""
    return guarded(escape(text))


def guarded(line: str) -> str:
    """A paragraph's Markdown whose first characters no longer begin another block (heading, list, quote, rule)."""
    found = _LINE_START.match(line)
    if not found:
        return line
    if found[1][0].isdigit():
        return f"{found[1]}\\{line[found.end() :]}"
    return "\\" + line


def table(rows: Sequence[Sequence[str]], header: bool = True) -> str:
    """A GitHub table of cells in Markdown; without a `header` row an empty one is put above, as GitHub demands one.

    Empty columns at the right and empty rows are left out; above `MAX_ROWS` the rest is counted in a line below.
    """
    filled = [[cell_text(cell) for cell in row] for row in rows]
    filled = [row for row in filled if any(row)]
    width = max((index + 1 for row in filled for index, cell in enumerate(row) if cell), default=0)
    if not width:
        return ""
    left_out = max(0, len(filled) - MAX_ROWS)
    padded = [[*row[:width], *[""] * (width - len(row))] for row in filled[:MAX_ROWS]]
    if not header:
        padded.insert(0, [""] * width)
    lines = [_row(padded[0]), _row(["---"] * width), *(_row(row) for row in padded[1:])]
    if left_out:
        lines += ["", f"({left_out:,} more rows of this table are left out.)"]
    return "\n".join(lines)


def cell_text(markdown: str) -> str:
    """Markdown on one line for a table cell: pipes escaped, paragraphs parted by <br>."""
    parts = [" ".join(part.split()) for part in re.split(r"\n{2,}|<br>", markdown)]
    text = "<br>".join(part for part in parts if part)
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
