"""Blocks of PDF pages to Markdown: hyphenation undone, sentences kept whole across pages, page anchors set.

Pure. Invariant: every page has its anchor exactly once, on a line of its own, in order.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from msgspec.structs import replace

from gitkb.convert.outline import code_block
from gitkb.convert.pdf.headings import Headings
from gitkb.convert.pdf.layout import Look, Page, PdfBlock, blocks_of, continues, marker_of, run_in_of
from gitkb.convert.pdf.lines import RAISED, Line, unlinked_break, without_links
from gitkb.convert.tables import escape, paragraph, table
from gitkb.text.language.frequency import zipf

_SENTENCE_END = re.compile(r"[.!?。！？]['\"”’)\]]*(?:\s+(?=[\"“‘(\[]?[^\Wa-z])|$)")
_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2}){1,4})\.?\s+[^\W\d]")
_LETTERS = re.compile(r"[^\W\d_]+")
_NOTE_NUMBER = re.compile(r"^\d{1,2}(?=[^\d\s]\D)")
_PART = re.compile(r"([^\W\d_]+)-$")
_LONGEST_PART = 200
"""Letters: a part of a word that is longer is none."""
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def to_markdown(pages: Sequence[Page], headings: Headings, look: Look, title: str = "") -> str:
    """The Markdown of all pages; `title` is the text for the heading of level 1."""
    words = _vocabulary(pages)
    blocks: list[PdfBlock] = []
    for index, page in enumerate(pages):
        fresh = _mend_flow(blocks_of(page, headings.get(index, {}), look), look)
        for block in fresh:
            if block.kind == "heading" and block.level == 1:
                block.text = title
        _join_over_page(blocks, fresh, look, words)
        blocks += fresh
    return "\n".join(_written(blocks, words)).strip("\n")


def joined(lines: Sequence[Line], words: frozenset[str]) -> str:
    """The text of lines as one line, hyphenation undone."""
    text = ""
    for line in lines:
        text = _append(text, line.text, words)
    return text


def _append(text: str, more: str, words: frozenset[str]) -> str:
    """Text and its continuation; a hyphen between them goes where the word is known without it, or unknown with it."""
    if not text:
        return more
    text, more = unlinked_break(text, more)
    if not text.endswith("-"):
        return f"{text} {more}"
    found, start = _PART.search(text[-_LONGEST_PART:]), _LETTERS.match(more)
    if not found or not start:
        return text + more if more[:1].isalnum() else f"{text} {more}"
    first, second = found[1].lower(), start[0].lower()
    if text[: -len(found[0])].endswith("-") or _is_compound(first, second):
        return text + more
    if not start[0][0].islower() or f"{first}-{second}" in words:
        return text + more
    both_words = len(first) > 2 and len(second) > 3 and first in words and second in words
    if first + second in words or not both_words:
        return text[:-1] + more
    return text + more


def _is_compound(first: str, second: str) -> bool:
    """Whether two halves are parted by a hyphen of their own ("well-known"): common English words that make no word together."""
    if len(first) < 3 or len(second) < 3 or not (first + second).isascii():
        return False
    return min(zipf(first.lower(), "en"), zipf(second.lower(), "en")) >= 4.2 and zipf((first + second).lower(), "en") == 0


def _vocabulary(pages: Sequence[Page]) -> frozenset[str]:
    """The words of the document, and those with a hyphen, as they stand inside lines."""
    words: set[str] = set()
    broken = False
    for page in pages:
        for line in page.lines:
            parts = line.text.lower().split()
            whole = parts[1 if broken else 0 : -1 if line.text.endswith("-") else None]
            words.update(whole)
            broken = line.text.endswith("-")
    return frozenset(_WORD.findall(" ".join(words)))


def _join_over_page(blocks: list[PdfBlock], fresh: list[PdfBlock], look: Look, words: frozenset[str]) -> None:
    """Moves the end of a sentence to the page where it began; what follows stays behind the anchor of its own page."""
    for aside in (_floats, _stands_aside):
        block = next((one for one in fresh if not aside(one, look)), None)
        last = next((one for one in reversed(blocks) if one.kind == "anchor" or not aside(one, look)), None)
        if last and block and continues(last, block, look) and (aside is _floats or _is_cut(last, block)):
            break
    else:
        return
    before = last.text or joined(last.lines, words)
    text = _append(before, joined(block.lines, words), words)
    end = _SENTENCE_END.search(text, len(before))
    cut = end.end() if end else len(text)
    last.text, rest = text[:cut].strip(), text[cut:].strip()
    if rest:
        block.text = rest
    else:
        fresh.remove(block)


_FLOATS = ("picture", "caption", "note", "table")
"""Blocks that may stand between two halves of a sentence."""
_WORDS = re.compile(r"[^\W\d_]{3}")
_LABEL = re.compile(r"[\w .,:/%-]{1,30}(?<![,.:])")


def _floats(block: PdfBlock, look: Look) -> bool:
    return block.kind in (*_FLOATS, "anchor")


def _stands_aside(block: PdfBlock, look: Look) -> bool:
    """Whether a block is no part of the flow of a text: a float, small print, a label of a figure."""
    if _floats(block, look) or block.kind not in ("paragraph", "item", "entry") or not block.lines:
        return _floats(block, look)
    small = all(line.size < 0.94 * look.size for line in block.lines)
    return small or (block.kind == "paragraph" and all(_LABEL.fullmatch(line.text) for line in block.lines))


def _is_cut(last: PdfBlock, block: PdfBlock) -> bool:
    """Whether a paragraph stops at the end of a full line, inside of a sentence that goes on in a block."""
    end = last.lines[-1]
    full = end.hyphen or end.x1 > max(line.x1 for line in last.lines) - 2 * end.size
    more = block.lines[0].text
    return full and sum(len(line.text) for line in last.lines) > 60 and more[:1].islower() and bool(_WORDS.search(more))


def _mend_flow(blocks: list[PdfBlock], look: Look) -> list[PdfBlock]:
    """The blocks of a page, with paragraphs joined that a figure, a table, small print or the end of a column split inside of a
    sentence."""
    out: list[PdfBlock] = []
    last: PdfBlock | None = None
    for block in blocks:
        if block.kind == "paragraph" and last and last is not out[-1] and continues(last, block, look) and _is_cut(last, block):
            last.lines += block.lines
            continue
        out.append(block)
        last = last if _stands_aside(block, look) and block.kind != "anchor" else block
    return out


def _written(blocks: Iterable[PdfBlock], words: frozenset[str]) -> Iterable[str]:
    previous = ""
    indents: list[float] = []
    for block in blocks:
        if not (block.kind == previous and block.kind in ("item", "entry")):
            yield ""
            indents = []
        if block.kind == "anchor":
            yield f'<a name="{block.text}"></a>'
        elif block.kind == "heading":
            yield f"{'#' * block.level} {escape(_heading(block, words))}"
        elif block.kind in ("item", "entry"):
            yield _item(block, indents, words)
        elif block.kind == "code":
            yield code_block(_code(block.lines))
        elif block.kind == "table":
            yield table([[escape(cell) for cell in row] for row in block.rows])
        elif block.kind == "picture":
            yield f"![]({block.text})"
        else:
            yield _paragraph(block, words)
        previous = block.kind


def _heading(block: PdfBlock, words: frozenset[str]) -> str:
    return without_links(block.text or joined(block.lines, words))


def _paragraph(block: PdfBlock, words: frozenset[str]) -> str:
    """A paragraph, the heading that runs into its text in bold; a heading without a mark at its end is a paragraph of its own."""
    text = block.text or joined(block.lines, words)
    if block.kind == "note":
        return paragraph(_NOTE_NUMBER.sub(lambda number: number[0].translate(RAISED), text))
    head, rest, marked = _parted(text, block, words)
    if not head:
        return paragraph(text)
    if number := _NUMBERED.match(head):
        shown = escape(without_links(head)).rstrip(" .:")
        return f"{'#' * min(6, 2 + number[1].count('.'))} {shown}\n\n{paragraph(rest)}"
    return f"**{escape(head)}** {escape(rest)}" if marked else f"**{escape(head)}**\n\n{paragraph(rest)}"


def _parted(text: str, block: PdfBlock, words: frozenset[str]) -> tuple[str, str, bool]:
    """(the heading that runs into a text, the rest, whether a mark ends it); ("", text, False) where there is none."""
    found = run_in_of(block.lines) if block.lines and block.kind in ("paragraph", "item") else None
    if found is not None:
        last = block.lines[found.lines - 1]
        cut = replace(last, text=" ".join([word.text for word in last.words[: -found.rest]]), words=last.words[: -found.rest])
        head = joined([*block.lines[: found.lines - 1], cut], words)
        if text.startswith(head) and not any(mark in without_links(head) for mark in "*`") and text[len(head) :].strip():
            return head, text[len(head) :].strip(), found.marked
    return "", text, False


def _item(block: PdfBlock, indents: list[float], words: frozenset[str]) -> str:
    """A list item, deeper than the one before where it stands further right."""
    x0 = block.lines[0].x0
    while indents and x0 < indents[-1] - 3:
        indents.pop()
    if not indents or x0 > indents[-1] + 6:
        indents.append(x0)
    depth = min(len(indents), 5) - 1
    if block.kind == "entry":
        return "   " * depth + "- " + escape(block.text)
    whole = block.text or joined(block.lines, words)
    head, rest, marked = _parted(whole, block, words)
    marker, text = marker_of(head or whole)
    if head and marked and text:
        return "   " * depth + f"{marker} **{escape(text)}** {escape(rest)}"
    marker, text = marker_of(whole)
    return "   " * depth + f"{marker} {escape(text)}"


def _code(lines: Sequence[Line]) -> str:
    """Lines of code with their indentation and gaps, measured in characters; a blank line where the gap is wide."""
    widths = [(line.x1 - line.x0) / len(line.text) for line in lines if len(line.text) > 8 and len(line.cells) == 1]
    width = sorted(widths)[len(widths) // 2] if widths else lines[0].size * 0.55
    left = min(line.x0 for line in lines)
    steps = sorted(a.y - b.y for a, b in pairwise(lines) if a.y > b.y)
    step = steps[len(steps) // 3] if steps else 0.0
    out: list[str] = []
    for number, line in enumerate(lines):
        if number and step and lines[number - 1].y - line.y > step * 1.6:
            out.append("")
        text = ""
        for cell in line.cells:
            column = round((cell.x0 - left) / width) if width > 0 else 0
            text += " " * max(1 if text else 0, min(column - len(text), 120)) + cell.text
        out.append(text)
    return "\n".join(out)
