"""How a text says what a model saw in a picture, and which of its lines are therefore not the document's own words.

Invariant: a description is a quotation that begins with one of the marks here, so that people and programs see who speaks. What a
model says about a picture is no evidence: `own_words` takes it out for whoever looks for statements. The text that a model read
from a page that is a picture is the document's; `read_pages` names these pages, as letters and figures may be wrong there.
"""

import re

PICTURE = "Picture, described by a model:"
TEXT = "Text in it, read by a model:"
PAGE = "Page {} is a picture; its text was read by a model:"
UNREAD = "(This page is a picture that was not read.)"
_BEGINS = re.compile(r"> \*\*(?:Picture, described by a model:|Page \d{1,6} is a picture; its text was read by a model:)\*\*")
_READ = re.compile(r"> \*\*Page (\d{1,6}) is a picture; its text was read by a model:\*\*")


def quotation(*parts: str) -> str:
    """Paragraphs of Markdown, one line each, as one quotation."""
    return "\n>\n".join(f"> {part}" for part in parts if part)


def own_words(markdown: str) -> str:
    """The text with the lines of descriptions empty."""
    if "> **P" not in markdown:
        return markdown
    lines, inside = markdown.split("\n"), False
    for number, line in enumerate(lines):
        inside = line.startswith(">") and (inside or _BEGINS.match(line) is not None)
        if inside:
            lines[number] = ""
    return "\n".join(lines)


def read_pages(markdown: str) -> frozenset[str]:
    """The anchors ("page-3") of the pages whose text a model read."""
    return frozenset(f"page-{number}" for number in _READ.findall(markdown)) if "> **Page" in markdown else frozenset()
