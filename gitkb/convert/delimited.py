"""Tables in text files (csv, tsv) to Markdown: the delimiter is found, quotes are understood.

Invariant: all rows up to the table's limit are kept, in order, and what is left out is said in the text.
"""

import csv
import io
from pathlib import Path

from gitkb.convert.decode import decode
from gitkb.convert.draft import Draft
from gitkb.convert.formats import ending_of
from gitkb.convert.tables import escape, table
from gitkb.errors import ConversionError

_DELIMITERS = ",;\t|"
_SAMPLE_LINES = 50


def read(file: Path, name: str, max_bytes: int) -> Draft:
    """The draft of a csv or tsv file: one table."""
    text = decode(file.read_bytes())
    delimiter = "\t" if ending_of(name) == ".tsv" and "\t" in text else _delimiter(text)
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error as error:
        raise ConversionError(f"the table cannot be read: {error}.", "Check its quotes, or save it again as CSV.") from error
    return Draft(markdown=table([[escape(cell) for cell in row] for row in rows]))


def _delimiter(text: str) -> str:
    """The delimiter that parts the first lines into the most even rows."""
    lines = [line for line in text.split("\n")[:_SAMPLE_LINES] if line.strip()]

    def score(delimiter: str) -> tuple[float, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        usual = max(set(widths), key=lambda width: (widths.count(width), width)) if widths else 1
        return (widths.count(usual) / len(widths) if usual > 1 else 0.0, usual)

    try:
        return max(_DELIMITERS, key=score)
    except csv.Error:
        return ","
