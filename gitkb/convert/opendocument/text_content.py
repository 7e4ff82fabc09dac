"""Makes HTML, and of that Markdown, of the elements of OpenDocument files: headings, lists, tables, notes, pictures.

Invariant: what tracked changes deleted is gone, hidden text is left out, and a table of contents does not repeat the headings.
Repeated cells cost a document no more than `MAX_REPEATED` of them, whatever a small file states.
"""

import re
from collections.abc import Callable, Iterator
from html import escape
from typing import TYPE_CHECKING

from gitkb.convert.draft import one_line
from gitkb.convert.html.reader import from_html
from gitkb.convert.opendocument.package import Package, attribute, count_of, local
from gitkb.convert.pictures import Gallery

if TYPE_CHECKING:
    from lxml import etree

MAX_REPEATED = 2_000
MAX_SPAN = 100
MAX_TABLES = 4
"""So many tables may be nested: converting each takes a multiple of the time of the one around it."""
_LEFT_OUT = frozenset(
    "tracked-changes table-of-content illustration-index table-index object-index user-index alphabetical-index forms "
    "sequence-decls variable-decls user-field-decls annotation-end title desc notes scripts ruby-text shapes".split()
)
_GROUPS = frozenset(("table-header-rows", "table-rows", "table-row-group"))
_HEADING = re.compile(r"Heading_20_([1-9])$")
_SINGLE_ITEM = re.compile(r"\A<[ou]l><li>([^<>]*)</li></[ou]l>\Z")
_MARK = re.compile("\ue000(\\d+)\ue001")


class TextContent:
    """Reads elements of one document; notes and comments are collected while it reads."""

    def __init__(self, package: Package, gallery: Gallery) -> None:
        self._package = package
        self._gallery = gallery
        self._later: list[str] = []
        self._notes: list[str] = []
        self._repeated = MAX_REPEATED
        self._tables = 0
        self.comments: list[str] = []
        self.titles: list[str] = []
        self.below = 0
        """How many levels all headings are below what they say: 1 in a text with a title above them."""

    def markdown(self, parent: "etree._Element") -> str:
        """The Markdown of all that is in an element."""
        return self._marked(self.blocks(parent))

    def _marked(self, html: str) -> str:
        return _MARK.sub(r"[^\1]", from_html(f"<html><body>{html}</body></html>", self._gallery))

    def closing(self) -> Iterator[str]:
        """What stands below the text: notes, then comments."""
        if self._notes:
            yield "\n".join(f"[^{number}]: {text}" for number, text in enumerate(self._notes, 1))
        if self.comments:
            yield "**Comments:**\n\n" + "\n".join(f"- {comment}" for comment in self.comments)

    def blocks(self, parent: "etree._Element", style: str = "", level: int = 0) -> str:
        """The HTML of the blocks in an element; `style` and `level` are those of the list that they are in."""
        return "".join(self._block(element, style, level) for element in parent)

    def _block(self, element: "etree._Element", style: str, level: int) -> str:
        kind = local(element)
        if kind in _LEFT_OUT or not kind:
            return ""
        if kind in ("p", "h"):
            return self._paragraph(element, kind)
        if kind == "list":
            return self._list(element, attribute(element, "style-name") or style, level + 1)
        if kind == "table":
            return self._table(element)
        if kind == "frame":
            return f"<div>{self.frame(element)}</div>"
        if kind == "annotation":
            return self.comment(element)
        if kind == "section" and attribute(element, "display") == "none":
            return ""
        return self.blocks(element, style, level)

    def _paragraph(self, element: "etree._Element", kind: str) -> str:
        outer, self._later = self._later, []
        inner = self.inline(element)
        later, self._later = "".join(self._later), outer
        style = attribute(element, "style-name")
        names = self._package.named(style)
        found = next((match for name in names if (match := _HEADING.match(name))), None)
        if not inner.strip():
            return later
        if kind == "p" and "Title" in names:
            self.titles.append(one_line("".join(str(text) for text in element.itertext())))
            return f"<h1>{inner}</h1>{later}"
        if kind == "h" or found:
            number = count_of(element, "outline-level") if kind == "h" else int(found[1]) if found else 1
            return f"<h{min(6, number + self.below)}>{inner}</h{min(6, number + self.below)}>{later}"
        return f"<p>{inner}</p>{later}"

    def inline(self, element: "etree._Element") -> str:
        """The HTML of the text in an element."""
        parts = [escape(element.text or "")]
        for child in element:
            parts.append(self._inline(child))
            parts.append(escape(child.tail or ""))
        return "".join(parts)

    def _inline(self, element: "etree._Element") -> str:
        kind = local(element)
        if reading := _INLINE.get(kind):
            return reading(self, element)
        if kind in ("text-box", "p", "list", "table"):
            self._later.append(self._block(element, "", 0))
            return ""
        return "" if kind in _LEFT_OUT or not kind else self.inline(element)

    def _bookmark(self, element: "etree._Element") -> str:
        return f'<a id="{escape(attribute(element, "name"))}"></a>'

    def _span(self, element: "etree._Element") -> str:
        style, inner = attribute(element, "style-name"), self.inline(element)
        if self._package.property_of(style, "display") == "none":
            return ""
        if not inner.strip():
            return inner
        position = self._package.property_of(style, "text-position")
        if position.startswith(("super", "sub")):
            tag = "sup" if position.startswith("super") else "sub"
            inner = f"<{tag}>{inner}</{tag}>"
        if self._package.property_of(style, "text-line-through-style") not in ("", "none"):
            inner = f"<del>{inner}</del>"
        if self._package.property_of(style, "font-style") in ("italic", "oblique"):
            inner = f"<em>{inner}</em>"
        return f"<strong>{inner}</strong>" if self._package.property_of(style, "font-weight") == "bold" else inner

    def _link(self, element: "etree._Element") -> str:
        target, inner = attribute(element, "href"), self.inline(element)
        return inner if not target or target.endswith("|outline") else f'<a href="{escape(target)}">{inner}</a>'

    def _note(self, element: "etree._Element") -> str:
        body = element.find("{*}note-body")
        text = self.markdown(body) if body is not None else ""
        if not text.strip():
            return ""
        self._notes.append(" ".join(text.split()))
        return f"\ue000{len(self._notes)}\ue001"

    def comment(self, element: "etree._Element") -> str:
        """Collects a comment on the text; nothing stays in its place."""
        author = next((one_line(child.text or "") for child in element if local(child) == "creator"), "")
        texts = (one_line("".join(map(str, child.itertext()))) for child in element if local(child) in ("p", "list"))
        text = " ".join(one for one in texts if one)
        if text:
            self.comments.append(_MARK.sub("", f"{author}: {text}" if author else text))
        return ""

    def frame(self, element: "etree._Element") -> str:
        """The HTML of a frame: a text box, a table, a formula, a chart or a picture; boxes come behind the paragraph."""
        drawn = [child for child in element if local(child) == "object"]
        for child in element:
            if local(child) in ("text-box", "table"):
                self._later.append(self._block(child, "", 0))
                return self._flushed(element)
        for child in drawn:
            if (made := self._object(child)) is not None:
                return made
        for child in element:
            if local(child) == "image" and (name := self._package.picture(attribute(child, "href"))):
                said = next(
                    (part.text for kind in ("title", "desc") for part in element if local(part) == kind and part.text), ""
                )
                return f'<img src="{name}" alt="{escape(one_line(said or "")[:200])}"/>'
        return ""

    def _flushed(self, element: "etree._Element") -> str:
        """What waits for the end of a paragraph, at once where the frame is in none."""
        parent = element.getparent()
        if parent is not None and local(parent) in ("p", "h", "span", "a"):
            return ""
        later, self._later = "".join(self._later), []
        return later

    def framed(self, element: "etree._Element") -> str:
        """The Markdown of a frame that stands in no paragraph."""
        return self._marked(self.frame(element))

    def _object(self, element: "etree._Element") -> str | None:
        """A formula as it is written, a chart as its title and its numbers; None if only its picture can be shown."""
        root = self._package.embedded(attribute(element, "href"))
        if root is None:
            return None
        formula = next((part.text for part in root.iter("{*}annotation") if part.text), "")
        if formula:
            return f"<code>{escape(one_line(formula))}</code>"
        title = next(("".join(map(str, part.itertext())) for part in root.iter("{*}title")), "")
        tables = "".join(self._table(table) for table in root.iter("{*}table"))
        if tables:
            said = escape(one_line(f"Chart: {title}" if title.strip() else "Chart"))
            self._later.append(f"<p><strong>{said}</strong></p>{tables}")
            frame = element.getparent()
            return self._flushed(frame) if frame is not None else ""
        return None

    def _list(self, element: "etree._Element", style: str, level: int) -> str:
        items = [child for child in element if local(child) in ("list-item", "list-header")]
        if any(local(part) == "h" for item in items for part in item) or all(_holds_lists_only(item) for item in items):
            return "".join(self.blocks(item, style, level) for item in items)
        tag = "ol" if self._package.is_ordered(style, level) else "ul"
        made: list[str] = []
        for item in items:
            inner = self._item(item, style, level)
            if made and _holds_lists_only(item):  # the deeper items of the item above, as programs write them
                made[-1] += inner
            elif inner:
                made.append(inner)
        return f"<{tag}>{''.join(f'<li>{inner}</li>' for inner in made)}</{tag}>" if made else ""

    def _item(self, item: "etree._Element", style: str, level: int) -> str:
        blocks = self.blocks(item, style, level)
        return re.sub(r"^<p>(.*?)</p>", r"\1", blocks, count=1, flags=re.DOTALL)

    def _table(self, element: "etree._Element") -> str:
        """A table. The contents of one that is nested too deeply come without its cells, because no page could show them."""
        if self._tables == MAX_TABLES:
            return "".join(self.blocks(cell) for row, _ in rows_of(element) for cell in row)
        self._tables += 1
        try:
            return self._drawn_table(element)
        finally:
            self._tables -= 1

    def _drawn_table(self, element: "etree._Element") -> str:
        rows = "".join(self._row(row, is_header) for row, is_header in rows_of(element))
        return f"<table>{rows}</table>" if rows else ""

    def _row(self, row: "etree._Element", is_header: bool) -> str:
        tag = "th" if is_header else "td"
        cells = []
        for cell in row:
            if local(cell) != "table-cell":
                continue
            spans = "".join(
                f' {name}="{min(MAX_SPAN, count_of(cell, said))}"'
                for name, said in (("colspan", "number-columns-spanned"), ("rowspan", "number-rows-spanned"))
                if count_of(cell, said) > 1
            )
            inner = _SINGLE_ITEM.sub(r"\1", self.blocks(cell))
            made = f"<{tag}{spans}>{inner}</{tag}>"
            more = min(count_of(cell, "number-columns-repeated") - 1, self._repeated)
            self._repeated -= more
            cells += [made] * (1 + more)
        more = min(count_of(row, "number-rows-repeated") - 1, self._repeated // max(1, len(cells)))
        self._repeated -= more * len(cells)
        return f"<tr>{''.join(cells)}</tr>" * (1 + more) if cells else ""


_INLINE: dict[str, Callable[[TextContent, "etree._Element"], str]] = {
    "s": lambda text, element: " ",
    "tab": lambda text, element: " ",
    "line-break": lambda text, element: "<br/>",
    "span": TextContent._span,
    "a": TextContent._link,
    "bookmark": TextContent._bookmark,
    "bookmark-start": TextContent._bookmark,
    "note": TextContent._note,
    "annotation": TextContent.comment,
    "frame": TextContent.frame,
}


def _holds_lists_only(item: "etree._Element") -> bool:
    return all(local(child) == "list" for child in item if local(child)) and len(item) > 0


def rows_of(table: "etree._Element") -> Iterator[tuple["etree._Element", bool]]:
    """The rows of a table in order, with whether they are its header."""
    for child in table:
        if local(child) == "table-row":
            yield child, local(table) == "table-header-rows"
        elif local(child) in _GROUPS:
            yield from rows_of(child)
