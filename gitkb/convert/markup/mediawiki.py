"""MediaWiki text to Markdown: mwparserfromhell parses it, and the HTML that it means is read as all HTML is.

Invariant: nothing is fetched, and no template is filled in: those that only mark words show their words, an infobox its values,
all others are left out, as their text is elsewhere. Raw HTML in a text is as little trusted as a web page's.
"""

import html
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gitkb.convert.archive import damaged_as
from gitkb.convert.decode import decode, normal_lines
from gitkb.convert.draft import Draft
from gitkb.convert.html.reader import from_html
from gitkb.convert.pictures import Gallery
from gitkb.formats.settings import ConversionSettings

_ITEM, _BLOCK = "\ue010", "\ue011"
"""What stands before the mark of a list item, and around a block of HTML on a line of its own."""
_MARKS = re.compile(rf"(?:{_ITEM}[*#:;])+")
_LISTS = {"*": "ul", "#": "ol", ":": "ul", ";": "ul"}
_KEPT = frozenset("b i u s em strong code sub sup small big tt del ins kbd var blockquote br".split())
_CODE = frozenset(("pre", "syntaxhighlight", "source"))
_SHOWING = {"lang": 1, "nowrap": 0, "nobold": 0, "em": 0, "strong": 0, "tlx": 0, "abbr": 0, "main": 0, "see also": 0, "code": 0}
"""Templates that show words, and which of their values these are, counted from 0."""
_INFOBOX = re.compile(r"infobox|taxobox|steckbrief|ficha|scheda", re.IGNORECASE)
_PICTURE = re.compile(r"(?:file|image|datei|bild|fichier|archivo|immagine|bestand|media)\s*:", re.IGNORECASE)
_CATEGORY = re.compile(r"(?:category|kategorie|catégorie|categoría|categoria|categorie)\s*:\s*", re.IGNORECASE)
_LAYOUT = re.compile(
    r"(?:thumb|frame|frameless|border|left|right|center|none|upright.*|\d+(?:x\d+)?px|x\d+px|alt=.*|link=.*|mini)$"
)
_REDIRECT = re.compile(r"\s*#\s*(?:redirect|weiterleitung|redirection)\s*:?\s*\[\[([^\[\]|]{1,200})", re.IGNORECASE)
_SWITCH = re.compile(r"__[A-Z]{3,20}__")


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of a MediaWiki text."""
    import mwparserfromhell

    text = _SWITCH.sub("", normal_lines(decode(file.read_bytes())))
    if redirect := _REDIRECT.match(text):
        return Draft(markdown=f"See {redirect[1].strip()}.")
    page = _Page()
    gallery = Gallery()
    try:
        flow = page.flow(mwparserfromhell.parse(text).nodes)
    except (RecursionError, MemoryError):
        raise
    except Exception as error:  # what the parser stumbles over is no text that anybody wrote
        raise damaged_as("its marks contradict each other") from error
    return Draft(markdown=from_html("\n".join(_blocks(flow)), gallery), pictures=gallery.pictures, tags=tuple(page.categories))


class _Page:
    """Makes the HTML of a text's nodes; `categories` are the names of those that it says it belongs to."""

    def __init__(self) -> None:
        self.categories: list[str] = []

    def flow(self, nodes: Iterable[Any]) -> str:
        """Text with HTML in its lines; blocks of HTML and marks of items are marked as such."""
        return "".join(map(self._node, nodes))

    def _node(self, node: Any) -> str:
        made = getattr(self, f"_{type(node).__name__.lower()}", None)
        return made(node) if made is not None else ""

    def _text(self, node: Any) -> str:
        return html.escape(str(node.value), quote=False)

    def _htmlentity(self, node: Any) -> str:
        return str(node)

    def _heading(self, node: Any) -> str:
        return _block(f"<h{node.level}>{self._line(node.title)}</h{node.level}>")

    def _wikilink(self, node: Any) -> str:
        title = str(node.title).strip()
        if found := _CATEGORY.match(title):
            self.categories.append(title[found.end() :])
            return ""
        if _PICTURE.match(title):
            last = str(node.text or "").rpartition("|")[2].strip()
            return "" if not last or _LAYOUT.match(last) else _block(f"<p>{html.escape(last, quote=False)}</p>")
        return self._line(node.text) if node.text is not None else html.escape(title.lstrip(":"), quote=False)

    def _externallink(self, node: Any) -> str:
        address = html.escape(str(node.url).strip())
        return f'<a href="{address}">{self._line(node.title) if node.title is not None else address}</a>'

    def _template(self, node: Any) -> str:
        name = str(node.name).strip().lower()
        if name in _SHOWING:
            shown = [value for value in node.params if not value.showkey]
            return self._line(shown[_SHOWING[name]].value) if len(shown) > _SHOWING[name] else ""
        if not _INFOBOX.search(name):
            return ""
        pairs = [(str(each.name).strip(), self._line(each.value).strip()) for each in node.params if each.showkey]
        return _block(f"<ul>{''.join(f'<li>{html.escape(key)}: {value}</li>' for key, value in pairs if value)}</ul>")

    def _tag(self, node: Any) -> str:
        tag = str(node.tag).strip().lower()
        if node.wiki_markup and tag in ("li", "dd", "dt"):
            return f"{_ITEM}{node.wiki_markup}"
        if tag == "table":
            return _block(self._table(node))
        if tag in _CODE:
            return _block(f"<pre>{html.escape(str(node.contents), quote=False)}</pre>", keeps_lines=True)
        if tag == "nowiki":
            return html.escape(str(node.contents), quote=False)
        if tag == "math":
            return f"${html.escape(str(node.contents), quote=False)}$"
        if tag in ("ref", "references", "gallery", "script", "style", "hr"):
            return ""
        inner = self.flow(node.contents.nodes) if node.contents is not None else ""
        return f"<{tag}>{inner}</{tag}>" if tag in _KEPT and inner else "<br>" if tag == "br" else inner

    def _table(self, table: Any) -> str:
        rows = [self._row(table)]  # cells above the first mark of a row
        for row in table.contents.filter_tags(recursive=False, matches=lambda tag: str(tag.tag).strip() == "tr"):
            rows.append(self._row(row))
        return f"<table>{''.join(rows)}</table>"

    def _row(self, row: Any) -> str:
        cells = row.contents.filter_tags(recursive=False, matches=lambda tag: str(tag.tag).strip() in ("td", "th"))
        made = "".join(f"<{cell.tag}>{self._line(cell.contents)}</{cell.tag}>" for cell in cells)
        return f"<tr>{made}</tr>" if made else ""

    def _line(self, code: Any) -> str:
        """Code as one line of HTML."""
        return " ".join(_MARKS.sub(" ", self.flow(code.nodes)).replace(_BLOCK, " ").split())


def _block(made: str, *, keeps_lines: bool = False) -> str:
    """HTML on a line of its own."""
    return f"\n{_BLOCK}{made.replace(chr(10), '&#10;') if keeps_lines else ' '.join(made.split())}\n"


def _blocks(flow: str) -> Iterator[str]:
    """The blocks of HTML that lines make: paragraphs up to a blank line, lists up to a line that is no item."""
    paragraph: list[str] = []
    items: list[tuple[str, str]] = []
    for line in (*flow.split("\n"), ""):
        found = _MARKS.match(line)
        if found:
            items.append((found[0].replace(_ITEM, ""), line[found.end() :].strip()))
        if items and not found:
            yield _list(items)
            items = []
        if paragraph and (found or not line.strip() or line.startswith(_BLOCK)):
            yield f"<p>{' '.join(paragraph)}</p>"
            paragraph = []
        if line.startswith(_BLOCK):
            yield line[1:]
        elif line.strip() and not found:
            paragraph.append(line.strip())
    if items:
        yield _list(items)


def _list(items: list[tuple[str, str]]) -> str:
    """The list of items with their marks ("*", "**", ";"); what a term explains stands behind it."""
    out: list[str] = []
    opened: list[str] = []
    for marks, text in items:
        depth = min(len(marks), 8)
        while len(opened) > depth:
            out.append(f"</li></{opened.pop()}>")
        if marks[-1] == ":" and out and out[-1].endswith("</b>"):
            out.append(f": {text}")
            continue
        if len(opened) == depth and opened[-1] != _LISTS[marks[depth - 1]]:
            out.append(f"</li></{opened.pop()}>")
        elif len(opened) == depth:
            out.append("</li>")
        while len(opened) < depth:
            kind = _LISTS[marks[len(opened)]]
            out.append(f"<{kind}>" if len(opened) + 1 == depth else f"<{kind}><li>")
            opened.append(kind)
        term, colon, meaning = text.partition(f"{_ITEM}:") if marks[-1] == ";" else (text, "", "")
        shown = f"<b>{term.strip()}</b>{colon and f': {meaning}'}" if marks[-1] == ";" else text.replace(_ITEM, "")
        out.append(f"<li>{shown}")
    while opened:
        out.append(f"</li></{opened.pop()}>")
    return "".join(out)
