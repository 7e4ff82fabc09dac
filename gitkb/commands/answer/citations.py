"""Checks the links of an answer against the commit, and writes the pieces of pages that a model reads so that they can be cited.

Invariant: a link is kept only if its file and anchor exist. An address of the web that occurs in what was read from the knowledge
base is shown as text, never as a link; every other link is reduced to its words and counted. Links are relative to wiki/. What a
model reads is of one commit, bounded, and between marks that text of the knowledge base cannot forge; headings and pages are
followed by their anchors.
"""

import re
from collections.abc import Iterator
from posixpath import normpath

from msgspec import Struct, field

from gitkb.commands.answer.page_reader import WIKI, Page, Pages
from gitkb.model.answers import Citation
from gitkb.text.markdown.links import escape, is_external, relative, resolve

HOME = "wiki/index.md"
LEFT_OUT = "(address left out)"
_ADDRESS = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]{0,31}://|www\.)[^\s<>()\[\]\"'`]*[^\s<>()\[\]\"'`.,;:!?*_]", re.IGNORECASE)
_SCHEMES = ("http://", "https://", "ftp://", "mailto:", "www.")
_PLACE = re.compile(
    r"[\[(]?(?:(?:pp?|pages?|slides?|sheets?|sections?|sec|ch|chapters?|seiten?|s|§{1,2})\.? ?)?#?\d[\d.,–-]*[\])]?",
    re.IGNORECASE,
)
MOST_ADDRESSES = 20_000


def addresses(text: str) -> set[str]:
    """The addresses in a text, without the punctuation around them."""
    return {found[0] for found in _ADDRESS.finditer(text)} if "://" in text or "www." in text.lower() else set()


def target_of(citation: Citation) -> str:
    """The link to a citation's place as seen from wiki/, percent-encoded; of several knowledge bases it begins with the name."""
    folder = f"{WIKI}{citation.kb}/" if citation.kb else WIKI
    return relative(HOME, f"{folder}{citation.path}" + (f"#{citation.anchor}" if citation.anchor else ""))


class Citations(Struct):
    """Judges the links of one answer. `known` are the addresses that were read; `found` and `removed` collect, in text order."""

    pages: Pages
    known: set[str] = field(default_factory=set)
    found: dict[tuple[str, str], Citation] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)

    def read(self, text: str) -> None:
        """Takes the addresses of a text that came from the knowledge base or from the person."""
        if len(self.known) < MOST_ADDRESSES:
            self.known |= addresses(text)

    def link(self, label: str, target: str, *, picture: bool = False) -> str | None:
        """The Markdown of a link that exists, otherwise the words that remain of it; None if nothing should remain."""
        label = self.scrubbed(" ".join(label.split()))
        mark = "!" if picture else ""
        if is_external(target):
            if target in self.known and target.lower().startswith(_SCHEMES):
                return as_text(target) if label in ("", target) else f"{_words(label)} ({as_text(target)})"
            return self._without(label, target)
        place = self.resolve(target) if target.strip() else None
        if place is None:
            return self._without(label, target)
        citation = self.cite(*place, label)
        return f"{mark}[{_words(label) or citation.title}]({target_of(citation)})"

    def cite(self, path: str, anchor: str, label: str) -> Citation:
        """Notes a place that exists as cited."""
        page = self.pages.page(path)
        title = page.title if page is not None else path.rpartition("/")[2]
        kb, inside = self.pages.split(path)
        citation = Citation(title, inside.removeprefix(WIKI), anchor, self.pages.document_of(path), label, kb)
        return self.found.setdefault((path, anchor), citation)

    def resolve(self, target: str) -> tuple[str, str] | None:
        """(path in the repository, anchor) of a link that is relative to wiki/ or to a page near it; None if it leads nowhere."""
        found = resolve(HOME, target.strip())
        if found is None:
            raw, hash_, anchor = target.partition("#")
            found = resolve(HOME, normpath(raw).lstrip("./") + hash_ + anchor)
        if found is None:
            return None
        path, anchor = found
        inside = re.sub(r"^(?:wiki/)+", "", path)
        for each in (f"{WIKI}{inside}", f"{WIKI}{inside}.md"):
            if self.pages.exists(each) and (not each.endswith(".md") or self.pages.has(each, anchor)):
                return each, anchor
        return None

    def address(self, address: str) -> str:
        """An address without link text: itself if it was read in the knowledge base, otherwise a note that it was left out."""
        if address in self.known or not address:
            return address
        self.removed.append(address)
        return LEFT_OUT

    def unlinked(self, text: str) -> str:
        """A text outside of code in which addresses that were read are text, and no others are left."""
        if "://" not in text and "www." not in text.lower():
            return text
        return _ADDRESS.sub(lambda found: as_text(shown) if (shown := self.address(found[0])) == found[0] else shown, text)

    def scrubbed(self, text: str) -> str:
        """A text in which no address is left that was not read."""
        return _ADDRESS.sub(lambda found: self.address(found[0]), text) if "://" in text or "www." in text.lower() else text

    def _without(self, label: str, target: str) -> str | None:
        self.removed.append(target)
        return None if _PLACE.fullmatch(label) or not label else _words(label)


def as_text(address: str) -> str:
    """An address as code, of which no reader of Markdown makes a link."""
    return f"`{address}`"


def _words(label: str) -> str:
    """The text of a link, with nothing in it that could be a link."""
    return escape(label) if re.search(r"(?<!\\)[\[\]<>]", label) else label


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


def as_of(pages: Pages, path: str) -> str:
    """How old what a page says is, for a heading."""
    dated, day = pages.dated(path), pages.day(path)
    return (f", dated {dated}" if dated else "") + (f", here since {day}" if day else "")


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


def page_outline(pages: Pages, page: Page, most: int) -> Iterator[str]:
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
