"""A Markdown body as blocks, the units in which pages are merged: headings, paragraphs, list items, claims, footnotes, code.

Invariant: `assemble` of all blocks of a body gives the body again, up to blank lines at its end. A block's key is its text, so
equal blocks are equal wherever they stand.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

_NEW_BLOCK = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+|#{1,6}(?:[ \t]|$)|\[\^[^\]]+\]:|(?:`{3,}|~{3,})|.*\[\^[^\]]+\]\s*$")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})")
_ONE_LINE = re.compile(r"#{1,6}(?:[ \t]|$)|.*\[\^[^\]]+\]\s*$")
_LISTED = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]|\[\^[^\]]+\]:")
_NOTES = re.compile(r"##[ \t]+Notes[ \t]*#*[ \t]*$")
_SECTION = re.compile(r"#{1,2}[ \t]")
_FOOTNOTE = re.compile(r"\[\^[^\]]+\]:")


@dataclass(frozen=True, slots=True)
class Block:
    """`text` without the line ends behind it, `gap` how many there are; `kept` marks the person's Notes, which match nothing."""

    text: str
    gap: int
    kept: bool = False

    @property
    def key(self) -> str:
        return f"\0{self.text}" if self.kept else self.text


def blocks(body: str) -> list[Block]:
    """The blocks of a body in order."""
    found: list[Block] = []
    for lines in _groups(body.split("\n")):
        text = "\n".join(lines)
        if text.strip():
            found.append(Block(text.rstrip(), 1))
        elif found:
            found[-1] = Block(found[-1].text, found[-1].gap + len(lines))
    return found


def _groups(lines: Sequence[str]) -> Iterator[list[str]]:
    """The lines of each block; blank lines come as groups of their own."""
    group: list[str] = []
    fence = ""
    for line in lines:
        if fence:
            group.append(line)
            if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                yield group
                group, fence = [], ""
            continue
        starts = not group or not line.strip() or not group[-1].strip() or _NEW_BLOCK.match(line) or _ONE_LINE.match(group[-1])
        if group and starts:
            yield group
            group = []
        group.append(line)
        opening = _FENCE.match(line)
        fence = opening[1] if opening else ""
    if group:
        yield group


def mark_notes(blocks: Sequence[Block], known: set[str]) -> list[Block]:
    """The person's blocks with those of Notes sections marked; footnotes of the projection that stand below them are not."""
    marked: list[Block] = []
    inside = False
    for block in blocks:
        if _SECTION.match(block.text):
            inside = bool(_NOTES.match(block.text)) and block.text not in known
        projected = bool(_FOOTNOTE.match(block.text)) and block.text in known
        marked.append(Block(block.text, block.gap, kept=inside and not projected))
    return marked


def kind_of(text: str) -> str:
    """Of what kind a block is; only blocks of one kind can be versions of each other."""
    return next((name for name, pattern in _KINDS if pattern.match(text)), "")


_KINDS = (("heading", re.compile(r"#{1,6}[ \t]")), ("footnote", _FOOTNOTE), ("fence", _FENCE), ("item", _LISTED))


def name_of(block: Block) -> str:
    """How a message names a block: its first words."""
    line = " ".join(block.text.split())
    return line if len(line) <= 80 else f"{line[:79].rstrip()}…"


def assemble(blocks: Sequence[Block], orders: Sequence[Sequence[Block]], texts: tuple[str, str]) -> str:
    """The blocks with the line ends between them that the first text has in which the two are neighbours."""
    gaps: dict[tuple[str, str], int] = {}
    for order in reversed(orders):
        gaps.update({(a.text, b.text): a.gap for a, b in pairwise(order)})
    first = next((text for text in texts if text.strip()), "")
    parts = ["\n" * (len(first) - len(first.lstrip("\n")))]
    for block, following in pairwise(blocks):
        listed = _LISTED.match(block.text) and kind_of(block.text) == kind_of(following.text)
        parts += [block.text, "\n" * gaps.get((block.text, following.text), 1 if listed else 2)]
    return "".join([*parts, *(f"{block.text}\n" for block in blocks[-1:])])
