"""Finds the structure of a Markdown text: code fences, headings, and the anchors that GitHub gives to headings.

Invariant: anchors are unique within a text, and depend on the text alone. A fence that is never closed runs to the end of the
text, as in CommonMark; indented code is not recognised, because that takes the whole block structure. Headings inside code, HTML
blocks and tables do not count. To be fast with long documents, inline markup is parsed in headings only.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from gitkb.model.documents import Heading

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token


_FENCE = re.compile(r"^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}(?=[^`]*$)|~{3,})(.*)$")
_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")


def lines_with_code(text: str) -> Iterator[tuple[str, bool]]:
    """Each line of the text and whether it belongs to a fenced code block (its fences included)."""
    closing = ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if closing:
            yield line, True
            if found and found[1].startswith(closing) and not found[2].strip():
                closing = ""
        elif found:
            closing = found[1]
            yield line, True
        else:
            yield line, False


def outside_code_spans(line: str) -> Iterator[tuple[str, bool]]:
    """The parts of a line in order, each with True if it is a code span."""
    end = 0
    for found in _SPAN.finditer(line):
        if found.start() > end:
            yield line[end : found.start()], False
        yield found[0], True
        end = found.end()
    if end < len(line):
        yield line[end:], False


def code_block(code: str, language: str = "") -> str:
    """Code in a fence that is longer than any run of backticks in it."""
    runs = re.findall(r"`{3,}", code)
    fence = "`" * max(3, max((len(run) + 1 for run in runs), default=3))
    return f"{fence}{language}\n{code.strip(chr(10))}\n{fence}"


def code_span(code: str) -> str:
    """Code in a code span; backticks in it get a longer delimiter. Line breaks become blanks."""
    code = " ".join(code.split("\n")).strip()
    if not code:
        return ""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if code.startswith("`") or code.endswith("`") else ""
    return f"{ticks}{pad}{code}{pad}{ticks}"


_KEPT = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Pc"})


def outline(markdown: str) -> tuple[Heading, ...]:
    """The headings in text order; those without any text are left out, but count for the anchors of the others."""
    if not re.search(r"^[ >]*(?:[-*+] |\d+[.)] )*\s{0,3}(?:#{1,6}[ \t]|=+\s*$|-+\s*$)", markdown, re.MULTILINE):
        return ()
    tokens = _block_parser().parse(_shortened(markdown))
    anchors = Anchors()
    found: list[Heading] = []
    for token, content in pairwise(tokens):
        if token.type != "heading_open" or token.map is None:
            continue
        title = plain_text(content.content)
        anchor = anchors.take(title)
        if title and anchor:
            found.append(Heading(int(token.tag[1]), title, anchor, token.map[0] + 1))
    return tuple(found)


_OPEN_HTML = re.compile(r"<(?:[!?]|script|pre|style|textarea)", re.IGNORECASE)
_PROSE_BLOCK = re.compile(r"(?<=\n\n)(?:[^\W\d_]|\|).*(?:\n(?:[^\W\d_]|\|).*)*(?=\n\n)")


def _shortened(markdown: str) -> str:
    """A text with the same headings on the same lines, and less to read: blocks in which each line begins with a letter or a bar
    are paragraphs or tables wherever they stand, unless HTML is open that only a word in them would close."""
    if _OPEN_HTML.search(markdown):
        return markdown
    return _PROSE_BLOCK.sub(lambda found: "x" + "\nx" * found[0].count("\n"), markdown)


def plain_text(markdown: str) -> str:
    """The text of one line of Markdown without its markup, blanks collapsed."""
    if not re.search(r"[\\`*_\[\]<>&~!]", markdown):
        return " ".join(markdown.split())
    tokens = _inline_parser().parseInline(markdown)
    return " ".join("".join(_text(token) for token in tokens[0].children or ()).split())


def slug_of(title: str) -> str:
    """A heading's text as GitHub turns it into an anchor: lower case, punctuation dropped, blanks to hyphens."""
    kept = (c for c in title.strip().lower() if c in "- " or unicodedata.category(c) in _KEPT)
    return "".join(kept).replace(" ", "-")


class Anchors:
    """Gives out anchors in text order, and tells repeated ones apart with -1, -2, ..."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}

    def take(self, title: str) -> str:
        """The anchor of the next heading with this title."""
        base = slug_of(title)
        anchor = base
        while anchor in self._used:
            self._used[base] += 1
            anchor = f"{base}-{self._used[base]}"
        self._used[anchor] = 0
        return anchor


def _text(token: "Token") -> str:
    if token.type in ("text", "code_inline", "text_special"):
        return token.content
    return " " if token.type in ("softbreak", "hardbreak") else ""


@cache
def _block_parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


@cache
def _inline_parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("strikethrough")
