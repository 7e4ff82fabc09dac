"""Tables in text files (csv, tsv) to Markdown: the delimiter is found, quotes are understood.

Invariant: all rows up to the table's limit are kept, in order, and what is left out is said in the text.
"""

import csv
from itertools import islice
from pathlib import Path

from gitkb.convert.decode import decode
from gitkb.convert.draft import Draft
from gitkb.convert.formats import ending_of
from gitkb.convert.tables import escape, table
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings

_DELIMITERS = ",;\t|"
_SAMPLE_LINES = 50
_MAX_FIELD = 2**31 - 1
_MAX_OPEN_QUOTES = 20
_END = "the end of all rows"


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of a csv or tsv file: one table."""
    csv.field_size_limit(_MAX_FIELD)
    text = decode(file.read_bytes())
    delimiter = "\t" if ending_of(name) == ".tsv" and "\t" in text else _delimiter(text)
    try:
        rows = _rows(text.split("\n"), delimiter)
    except csv.Error as error:
        raise ConversionError("the table cannot be read.", "Check its quotes, or save it again as CSV.") from error
    return Draft(markdown=table([[escape(cell) for cell in row] for row in rows]))


def _rows(lines: list[str], delimiter: str) -> list[list[str]]:
    """The rows of all lines. A quote that is never closed would swallow all lines behind it: it counts as a character."""
    rows: list[list[str]] = []
    start = 0
    for _ in range(_MAX_OPEN_QUOTES):
        unclosed = _append_rows(lines, start, delimiter, rows)
        if unclosed is None:
            return rows
        rows += csv.reader([lines[unclosed]], delimiter=delimiter, quoting=csv.QUOTE_NONE)
        start = unclosed + 1
    return rows + list(csv.reader(lines[start:], delimiter=delimiter, quoting=csv.QUOTE_NONE))


def _append_rows(lines: list[str], start: int, delimiter: str, rows: list[list[str]]) -> int | None:
    """Appends the rows from `start` on to `rows`. Returns the line whose quote never closes, else None."""
    count = len(lines) - start
    reader = csv.reader((f"{line}\n" for line in islice([*lines, _END], start, None)), delimiter=delimiter)
    begun = 0
    for row in reader:
        if reader.line_num > count:
            return None if row == [_END] else start + begun
        rows.append(row)
        begun = reader.line_num
    return None


def _delimiter(text: str) -> str:
    """The delimiter with which the first lines become the most even rows."""
    lines = [line for line in text.split("\n")[:_SAMPLE_LINES] if line.strip()]

    def score(delimiter: str) -> tuple[float, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        usual = max(set(widths), key=lambda width: (widths.count(width), width)) if widths else 1
        return (widths.count(usual) / len(widths) if usual > 1 else 0.0, usual)

    try:
        return max(_DELIMITERS, key=score)
    except csv.Error:
        return ","
