"""What a model is given to read: pieces of pages in which every link and place is written so that it can be cited as it stands.

Invariant: everything is bounded, comes from the one commit, and stands between marks that text of the knowledge base cannot
forge. Links are as seen from wiki/; headings and pages are followed by their anchors.
"""

import re
from collections.abc import Iterator

from gitkb.answer.citations import HOME
from gitkb.answer.pages import WIKI, Page, Pages
from gitkb.text.links import is_external, relative, resolve

MAX_LINE = 4_000
_LINK = re.compile(r"(?<!\\)\]\(([^()\s<>]+)\)")
_FOOTNOTE = re.compile(r"\[\^[^\]\n]+\](?!:)")
_DEFINITION = re.compile(r"^ {0,3}\[\^[^\]\n]+\]:")
_MARK = re.compile(r"<a name=\"([\w-]{1,80})\"></a>")
_FORGED = re.compile(r"<(?=/?data\b)", re.IGNORECASE)


def data(what: str, text: str) -> str:
    """A text of the knowledge base between its marks."""
    named = re.sub(r"[\"<>\n]", " ", what)
    return f'<data from="{named}">\n{_FORGED.sub("&lt;", text)}\n</data>'


def piece(pages: Pages, page: Page, first: int, last: int, most: int) -> tuple[str, int]:
    """Lines `first` to `last` of a page as a model reads them, at most `most` characters, and the last line that is in it."""
    anchors = {heading.line: heading.anchor for heading in pages.outline(page.path)}
    found: list[str] = []
    size, number = 0, max(first, 1) - 1
    for number in range(max(first, page.first), min(last, len(page.lines)) + 1):
        line = _line(page.path, page.lines[number - 1], anchors.get(number, ""))
        if size + len(line) > most and found:
            return "\n".join(found), number - 1
        found.append(line[: min(MAX_LINE, most)])
        size += len(found[-1]) + 1
    return "\n".join(found).strip("\n"), number


def outline(pages: Pages, page: Page, most: int) -> Iterator[str]:
    """The headings of a page as links, at most `most`, nested; and which source pages it has."""
    marks = [anchor for _, anchor in pages.marks(page.path)]
    if marks:
        yield f"It has {marks[0]} to {marks[-1]}; cite one as {link(page.path, marks[0])}."
    for heading in pages.outline(page.path)[:most]:
        yield f"{'  ' * (heading.level - 1)}- {heading.title}: {link(page.path, heading.anchor)} (line {heading.line})"


def link(path: str, anchor: str) -> str:
    """A place as a citation names it."""
    return relative(HOME, path + (f"#{anchor}" if anchor else ""))


def _line(path: str, line: str, anchor: str) -> str:
    if _DEFINITION.match(line):
        return ""
    line = _FOOTNOTE.sub("", line)
    line = _MARK.sub(lambda found: f"({{#{found[1]}}})", line)
    line = _LINK.sub(lambda found: f"]({_target(path, found[1])})", line)
    return f"{line} ({{#{anchor}}})" if anchor else line


def _target(path: str, target: str) -> str:
    found = None if is_external(target) else resolve(path, target)
    if found is None or not found[0].startswith(WIKI):
        return target
    return link(*found)
