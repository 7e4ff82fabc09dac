"""The headings of a Markdown text, with the anchors that GitHub gives them.

Invariant: anchors are unique within a text, and depend on the text alone. Headings inside code, HTML blocks and tables are
none. Only blocks are parsed, and inline markup of the headings themselves, so that long documents stay cheap.
"""

import re
import unicodedata
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from gitkb.model import Heading

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_KEPT = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Pc"})


def outline(markdown: str) -> tuple[Heading, ...]:
    """The headings in text order; those without any text are left out, but count for the anchors of the others."""
    if not re.search(r"^[ >]*(?:[-*+] |\d+[.)] )*\s{0,3}(?:#{1,6}[ \t]|=+\s*$|-+\s*$)", markdown, re.MULTILINE):
        return ()
    tokens = _block_parser().parse(markdown)
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


def plain_text(markdown: str) -> str:
    """The text of one line of Markdown without its markup, blanks collapsed."""
    if not re.search(r"[\\`*_\[\]<>&~!]", markdown):
        return " ".join(markdown.split())
    tokens = _inline_parser().parseInline(markdown)
    return " ".join("".join(_text(token) for token in tokens[0].children or ()).split())


def slug_of(title: str) -> str:
    """A heading's text as GitHub turns it into an anchor: lower case, punctuation dropped, blanks to hyphens."""
    kept = (c for c in title.lower() if c in "- " or unicodedata.category(c) in _KEPT)
    return "".join(kept).strip(" ").replace(" ", "-")


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
