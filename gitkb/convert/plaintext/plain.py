"""Plain text to Markdown: paragraphs joined, underlined headings and lists recognised, layout kept as code.

Invariant: no word of the text is lost. What looks neither like prose nor like a list stays exactly as it was, in a fence.
"""

import re
import textwrap
from itertools import pairwise
from pathlib import Path

from gitkb.convert.decode import decode
from gitkb.convert.draft import Draft
from gitkb.convert.outline import code_block, outside_code_spans
from gitkb.convert.tables import escape as escape_all
from gitkb.convert.tables import guarded
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate

_UNDERLINE = re.compile(r"^([=\-~^*+#\"])\1+\s*$")
_HYPHENATED = re.compile(r"[a-zà-ÿ]{2}-$")
_GOES_ON = re.compile("[a-zà-ÿ]")
_END = 12
"""Characters at the end of a line that tell whether its last word goes on in the next."""
_ITEM = re.compile(r"^(\s*)([-*+•o]|\d{1,3}[.)]|\([a-z0-9]{1,2}\))\s+(\S.*)$")
_HASHED = re.compile(r"^(#{1,6}|={1,5})\s+(\S.*?)\s*(?:[#=]+)?$")

_LONGEST_TITLE = 100


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of a plain text file in any encoding."""
    text = decode(file.read_bytes())
    return Draft(markdown=to_markdown(text), titles=_opening(text))


def _opening(text: str) -> tuple[TitleCandidate, ...]:
    """The first line, if it stands alone above the text and is no sentence."""
    first, _, rest = text.lstrip("\ufeff\r\n").partition("\n")
    line = first.strip()
    alone = not rest.split("\n", 1)[0].strip() and bool(rest.strip())
    if not alone or not 3 <= len(line) <= _LONGEST_TITLE or line[-1] in ".!?:;,。！？":
        return ()
    return (TitleCandidate("opening", line, "first line, which stands alone"),)


def to_markdown(text: str) -> str:
    """Plain text as Markdown."""
    blocks = [block.split("\n") for block in re.split(r"\n(?:[ \t]*\n)+", text.expandtabs(8).strip("\n"))]
    levels: dict[str, int] = {}
    margin = min((_indent(line) for block in blocks for line in block if line.strip()), default=0)
    out: list[str] = []
    code: list[str] = []
    for lines in blocks:
        lines = [line[margin:].rstrip() for line in lines if line.strip()]
        if lines and _is_layout(lines):
            code.append("\n".join(lines))
            continue
        out += _code(code)
        code = []
        if lines:
            out += _block(lines, levels)
    return "\n\n".join(out + _code(code))


def _code(blocks: list[str]) -> list[str]:
    lines = "\n\n".join(blocks).split("\n")
    while lines and re.fullmatch(r"\s*(?:-{4,}|\.{4,}|={4,}|)", lines[0]):  # AsciiDoc's delimiters
        lines.pop(0)
    while lines and re.fullmatch(r"\s*(?:-{4,}|\.{4,}|={4,}|)", lines[-1]):
        lines.pop()
    return [code_block(textwrap.dedent("\n".join(lines)))] if lines else []


def _block(lines: list[str], levels: dict[str, int]) -> list[str]:
    out: list[str] = []
    if len(lines) > 1 and (rule := _UNDERLINE.match(lines[1])) and len(lines[1].strip()) >= len(lines[0].strip()) * 0.6:
        level = levels.setdefault(rule[1], min(len(levels) + 1, 6))
        out.append("#" * level + " " + escape(lines[0]))
        lines = lines[2:]
    elif found := _HASHED.match(lines[0]):
        out.append("#" * len(found[1]) + " " + escape(found[2]))
        lines = lines[1:]
    if not lines:
        return out
    return out + ([_items(lines)] if _ITEM.match(lines[0]) else [_joined(lines)])


def escape(text: str) -> str:
    """Text with its markup characters escaped, but for what stands between backticks: people mean code by it."""
    text = " ".join(text.split())
    if text.count("`") < 2:
        return escape_all(text)
    parts = (part if is_code else _with_ends(part) for part, is_code in outside_code_spans(text))
    return "".join(parts)


def _with_ends(part: str) -> str:
    return " " * part.startswith(" ") + escape_all(part) + " " * (part.endswith(" ") and bool(part.strip()))


def paragraph(text: str) -> str:
    """Text as a paragraph of its own."""
    return guarded(escape(text))


def _joined(lines: list[str]) -> str:
    """A paragraph on one line, its hyphenation undone; lines that are short on purpose keep their breaks."""
    if len(lines) > 2 and max(map(len, lines)) < 45:
        return "\\\n".join(paragraph(line) for line in lines)
    parts, length, end = [lines[0].strip()], len(lines[0].strip()), lines[0].strip()[-_END:]
    for line in map(str.strip, lines[1:]):
        if length > 40 and _HYPHENATED.search(end) and _GOES_ON.match(line) and "-" not in end[:-1]:
            parts[-1], length, end, joint = parts[-1][:-1], length - 1, end[:-1], ""
        else:
            joint = " "
        parts.append(joint + line)
        length, end = length + len(joint) + len(line), (end + joint + line)[-_END:]
    return paragraph("".join(parts))


def _items(lines: list[str]) -> str:
    out: list[tuple[int, str, str]] = []
    for line in lines:
        if found := _ITEM.match(line):
            marker = found[2] if found[2][0].isdigit() else "-"
            prefix = "" if not found[2].startswith("(") else found[2] + " "
            out.append((len(found[1]), marker, prefix + found[3]))
        else:
            indent, marker, text = out[-1]
            out[-1] = (indent, marker, f"{text} {line.strip()}")
    indents = sorted({indent for indent, _, _ in out})
    return "\n".join("   " * indents.index(indent) + f"{marker} {escape(text)}" for indent, marker, text in out)


def _is_layout(lines: list[str]) -> bool:
    """Whether a block is laid out with blanks (code, a figure, columns), so that joining its lines would destroy it."""
    if _ITEM.match(lines[0]):
        return False
    if all(_indent(line) >= 4 for line in lines) or lines[0].startswith(("/*", "#!", "+--", "|")):
        return True
    gaps = sum(1 for line in lines if re.search(r"\S {3,}\S", line))
    symbols = sum(1 for line in lines if re.search(r"[{};]\s*$|^\s*[$>%] \S|^\s*</?\w+", line))
    ragged = sum(1 for a, b in pairwise(lines) if abs(_indent(a) - _indent(b)) >= 2)
    return len(lines) > 1 and max(gaps * 2, symbols * 2, ragged * 2) > len(lines)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
