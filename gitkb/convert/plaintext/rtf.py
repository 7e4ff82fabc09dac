r"""Converts Rich Text documents (RTF): striprtf extracts the text, and its lines show paragraphs, lists and tables.

Invariant: what would make the patterns of striprtf slow is changed or refused first. Pictures and embedded objects are left out.
There are no headings: in RTF they are only styles, which striprtf does not report.
"""

import re
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Any

from gitkb.convert.archive import damaged, damaged_as
from gitkb.convert.draft import Draft
from gitkb.convert.tables import escape, paragraph, table
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate

_HEX = re.compile(rb"[0-9a-fA-F\r\n]{256,}")
_INFO = {name: re.compile(rf"\\{name} ([^{{}}\\]{{1,250}})\}}") for name in ("title", "author", "operator")}
_FONT = re.compile(r"\\f\d")
_BRACES = re.compile(r"\\[\\{}]|[{}]")
_CUT = "(The rest of this document is missing: the file is cut off.)"
_MAX_STEPS = 20_000_000
_ITEM = re.compile(r"\s*(?:([•·▪◦‣\uf0b7\uf0a7o–-])|(\d{1,3}[.)]))\t+(\S.*)")


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of a Rich Text document."""
    text = _HEX.sub(b"\n", file.read_bytes()).decode("latin-1")
    about = {key: found[1].strip() for key, pattern in _INFO.items() if (found := pattern.search(text[:100_000]))}
    body = _markdown(_plain(text))
    return Draft(
        markdown=f"{body}\n\n{_CUT}" if body and _is_cut(text) else body,
        titles=(TitleCandidate("metadata", about.get("title", "")),),
        authors=(about.get("author", "") or about.get("operator", ""),),
    )


def text_of(data: bytes) -> str:
    """The text of Rich Text without any layout: a line for each paragraph."""
    return _plain(_HEX.sub(b"\n", data).decode("latin-1"))


def _is_cut(text: str) -> bool:
    """Whether a group is left open, so that the end of the file is missing; braces among binary data tell nothing."""
    braces = Counter(_BRACES.findall(text))
    return braces["{"] > braces["}"] and "\\bin" not in text


def _plain(text: str) -> str:
    """The text that striprtf finds: a line for each paragraph, and one for each row of a table, whose cells end in `|`."""
    from striprtf import striprtf

    library: Any = striprtf  # it says nothing about its types
    text = text.replace("\\fldinst", "\\fldinst\n")  # its pattern for links takes cubic time, and needs the two on one line
    text = text.replace("\\footnote", "\\chftn ")  # else notes would be left out
    lines = library.font_table_group(text[: 8 * 1024**2]).split("\n")
    if any(len(line) * len(_FONT.findall(line)) > _MAX_STEPS for line in lines):
        raise damaged_as("its list of fonts has no end")
    try:
        found: str = library.rtf_to_text(text, errors="replace")
    except (RecursionError, MemoryError):
        raise
    except Exception as error:  # numbers that are invalid or too large, code pages whose decoder gives no text
        raise damaged(error) from error
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _markdown(text: str) -> str:
    blocks = []
    for kind, lines in groupby(filter(str.strip, text.split("\n")), _kind):
        if kind == "table":
            blocks.append(table([[escape(cell) for cell in line.rstrip()[:-1].split("|")] for line in lines]))
        elif kind == "list":
            items = [found for line in lines if (found := _ITEM.match(line))]
            blocks.append("\n".join(f"{found[2] or '-'} {escape(found[3])}" for found in items))
        else:
            blocks += [paragraph(line) for line in lines]
    return "\n\n".join(blocks)


def _kind(line: str) -> str:
    if line.rstrip().endswith("|"):
        return "table"
    return "list" if _ITEM.match(line) else "text"
