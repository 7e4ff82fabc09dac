"""Makes HTML of a Markdown page: sanitised, with highlighted code, formulas as MathML, and links that the caller leads.

Invariant: nothing that a page says runs, loads anything from elsewhere or looks like a part of the interface. What a document
wrote goes through nh3; what is made here (code, formulas, citations, frames of tables) is put in afterwards, at marks that no
document can write, and is escaped where it is made.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from xml.etree import ElementTree

import nh3
from markdown_it import MarkdownIt, helpers
from markdown_it.common.normalize_url import normalizeLink
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin
from msgspec import Struct, field

from gitkb.api.named_revisions import heading_anchor, is_external, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from markdown_it.token import Token

OWN = "gk-"
"""How the ids of the interface begin; no document can have such a one."""
_OPEN, _CLOSE = "\ue010", "\ue011"
_RESERVED = re.compile(f"[{_OPEN}{_CLOSE}]")
_PLACE = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_ALONE = re.compile(f"<p>({_OPEN}\\d+{_CLOSE})</p>")
_SOURCE_NOTE = re.compile(r"^\[\^([^\]\s]{1,300})\]:[ \t]*\[(?:[^\]\\]|\\.)*\]\([^()\s]*sources/[^()\s]*\)[ \t]*$", re.MULTILINE)
_MOST_CODE, _MOST_FORMULA, _MOST_BRACKETS = 60_000, 2_000, 2_000
_TAGS = set(
    "a abbr b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption figure h1 h2 h3 h4"
    " h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp section small span strong sub summary sup table tbody td tfoot"
    " th thead time tr u ul var wbr".split()
)
_CLASSES = {"ol": {"footnotes-list"}, "section": {"footnotes"}, "a": {"footnote-backref"}, "sup": {"footnote-ref"}}
_ATTRIBUTES = {
    "*": {"dir", "lang", "title", "id"},
    "a": {"href", "name"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align", "scope"},
}
_UNREAD = {"script", "style", "iframe", "object", "embed", "template", "noscript", "textarea", "title"}
_MATH = frozenset(
    "math mrow mi mn mo ms mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mtable mtr mtd mstyle mpadded"
    " mphantom menclose mmultiscripts mprescripts none semantics".split()
)
_MATH_ATTRIBUTES = frozenset(
    "display mathvariant stretchy fence separator accent accentunder largeop movablelimits lspace rspace columnalign"
    " linethickness minsize maxsize width height depth notation displaystyle scriptlevel form".split()
)


class Citation(Struct, frozen=True):
    """A link of a page into the text of a document, with the words before it that it backs. `line` is that of the page, `number`
    counts the citations of the line from 1."""

    line: int
    number: int
    text: str
    path: str
    anchor: str
    label: str

    @property
    def key(self) -> str:
        """How an address names it."""
        return f"{self.line}.{self.number}"


class Rendered(Struct, frozen=True):
    """A page as HTML, its headings (level, id, title), and its citations by their keys."""

    html: str
    headings: tuple[tuple[int, str, str], ...] = ()
    citations: Mapping[str, Citation] = field(default_factory=dict)


class Links(Struct, frozen=True):
    """Where the links of a page lead: `page` an address for a path and an anchor, `file` one for a picture; "" for nowhere.
    `cite` is the address that shows a citation beside the page; None where citations are links like others."""

    page: Callable[[str, str], str]
    file: Callable[[str], str]
    cite: Callable[[Citation], str] | None = None


def rendered(path: str, text: str, first: int, links: Links, shown: str = "") -> Rendered:
    """The page at a path in the repository; `text` begins at its line `first`. `shown` is the key of the open citation."""
    body = _calm(_RESERVED.sub("", text))
    dropped = _SOURCE_NOTE.findall(body)
    if dropped:
        body = _SOURCE_NOTE.sub("", body)
        for label in set(dropped):
            body = body.replace(f"[^{label}]", "")
    page = _Page(path, first, links, shown)
    tokens = _markdown().parse(body, page.env)
    page.prepare(tokens)
    raw = str(_markdown().renderer.render(tokens, _markdown().options, page.env))
    return Rendered(page.filled(page.cleaned(raw)), tuple(page.headings), page.citations)


def _calm(text: str) -> str:
    """The text without brackets of links in paragraphs that have thousands: to look for their other ends takes a parser time that
    grows with the square of their number."""
    if text.count("[") < _MOST_BRACKETS:
        return text
    paragraphs = text.split("\n\n")
    return "\n\n".join(each.replace("[", "\\[") if each.count("[") >= _MOST_BRACKETS else each for each in paragraphs)


_TARGET = re.compile(r"\]\(<?([^()\s<>]+\.md)(?:#[^()\s<>]*)?>?\)")


def targets(path: str, text: str) -> frozenset[str]:
    """The pages to which the links of a page lead, judged quickly: code may be among them."""
    found = (resolve(path, unquote(target)) for target in set(_TARGET.findall(text)))
    return frozenset(place[0] for place in found if place is not None and place[0] != path)


class _Page:
    """One page while it is rendered."""

    def __init__(self, path: str, first: int, links: Links, shown: str) -> None:
        self.path, self.first, self.links, self.shown = path, first, links, shown
        self.headings: list[tuple[int, str, str]] = []
        self.citations: dict[str, Citation] = {}
        self.made: list[str] = []
        self.env: dict[str, Any] = {"page": self}
        self.tables = 0
        self._used: dict[str, int] = {}

    def put(self, made: str) -> str:
        """The mark at which something that is made here will stand."""
        self.made.append(made)
        return f"{_OPEN}{len(self.made) - 1}{_CLOSE}"

    def filled(self, cleaned: str) -> str:
        """The page with all that was made here in its place."""
        cleaned = _ALONE.sub(r"\1", cleaned)
        for _ in range(3):
            if _OPEN not in cleaned:
                break
            cleaned = _PLACE.sub(lambda mark: self.made[int(mark[1])], cleaned)
        return cleaned

    def prepare(self, tokens: Sequence[Token]) -> None:
        """Gives headings their ids, and links into documents their citations."""
        for at, token in enumerate(tokens):
            if token.type == "heading_open" and at + 1 < len(tokens):
                self._heading(token, tokens[at + 1])
            elif token.type == "inline" and token.children and self.links.cite is not None:
                line = (token.map[0] if token.map else 0) + self.first
                self._cite(token.children, line)

    def _heading(self, token: Token, inline: Token) -> None:
        title = "".join(part.content for part in inline.children or () if part.type in ("text", "code_inline")).strip()
        base = heading_anchor(title)
        number = self._used.get(base, 0)
        self._used[base] = number + 1
        anchor = f"{base}-{number}" if number else base
        token.attrSet("id", anchor)
        if title:
            self.headings.append((int(token.tag[1:]), anchor, title))

    def _cite(self, children: list[Token], line: int) -> None:
        """Turns the links of one line into the texts of documents into citations of the words before them."""
        said: list[str] = []
        number, at = 0, 0
        while at < len(children):
            token = children[at]
            if token.type == "softbreak":
                line += 1
                said.append(" ")
            elif token.type == "link_open":
                end = next((to for to in range(at, len(children)) if children[to].type == "link_close"), at)
                label = "".join(part.content for part in children[at + 1 : end])
                target = resolve(self.path, str(token.attrs.get("href", "")))
                words = " ".join("".join(said).split()).lstrip(":- ")
                if target is not None and target[0].startswith("wiki/sources/") and len(words) > 15:
                    number += 1
                    self._citation(children, (at, end), Citation(line, number, words, *target, label))
                    said = []
                else:
                    said.append(label)
                at = end
            else:
                said.append(token.content)
            at += 1

    def _citation(self, children: list[Token], span: tuple[int, int], found: Citation) -> None:
        assert self.links.cite is not None
        self.citations[found.key] = found
        current = ' aria-current="true"' if found.key == self.shown else ""
        address, label = html.escape(self.links.cite(found)), html.escape(found.label)
        made = f'<a class="cite" id="{OWN}c-{found.key}" data-beside href="{address}"{current}>{label}</a>'
        first = children[span[0]]
        first.type, first.tag, first.nesting, first.content, first.attrs = "text", "", 0, self.put(made), {}
        for token in children[span[0] + 1 : span[1] + 1]:
            token.type, token.tag, token.nesting, token.content, token.children = "text", "", 0, "", None

    def cleaned(self, raw: str) -> str:
        """The HTML without anything that a page may not have, and with its links led."""
        return nh3.clean(
            raw,
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            attribute_filter=self._attribute,
            allowed_classes=_CLASSES,
            clean_content_tags=_UNREAD,
            link_rel=None,
            url_schemes={"http", "https", "mailto"},
        )

    def _attribute(self, tag: str, name: str, value: str) -> str | None:
        if name in ("id", "name"):
            return None if value.startswith(OWN) else value
        if tag == "a" and name == "href":
            return self._led(value)
        if tag == "img" and name == "src":
            place = None if is_external(value) else resolve(self.path, value)
            return (self.links.file(place[0]) or None) if place is not None else None
        return value

    def _led(self, target: str) -> str | None:
        if target.startswith("#"):
            return target
        if is_external(target):
            return target
        place = resolve(self.path, target)
        return (self.links.page(*place) or None) if place is not None else None


class _Destination(Struct):
    """Where a link leads, as `parseLinkDestination` tells it."""

    ok: bool
    pos: int
    str: str


_PLAIN_DESTINATION = re.compile(r"[A-Za-z0-9/._#%~=+-]+(?=\))")


def _destination(text: str, pos: int, maximum: int) -> Any:
    """The destination of a link. Nearly all are plain: these are read at once, not sign by sign."""
    found = _PLAIN_DESTINATION.match(text, pos, maximum)
    return _Destination(True, found.end(), found[0]) if found else helpers.parseLinkDestination(text, pos, maximum)


class _Parser(MarkdownIt):
    """The parser, quicker at links: pages cite the same places again and again."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": True})
        self.helpers: Any = SimpleNamespace(
            parseLinkDestination=_destination, parseLinkLabel=helpers.parseLinkLabel, parseLinkTitle=helpers.parseLinkTitle
        )

    def normalizeLink(self, url: str) -> str:  # noqa: N802 (the name that the parser calls)
        return _normalized(url)


@lru_cache(16_384)
def _normalized(url: str) -> str:
    return normalizeLink(url)


@lru_cache(1)
def _markdown() -> MarkdownIt:
    made = _Parser().enable(["table", "strikethrough"])
    made.use(footnote_plugin).use(dollarmath_plugin, allow_space=False, allow_digits=False, double_inline=True)
    made.add_render_rule("fence", _fence)
    made.add_render_rule("code_block", _fence)
    made.add_render_rule("math_inline", _formula)
    made.add_render_rule("math_inline_double", _formula)
    made.add_render_rule("math_block", _formula_block)
    made.add_render_rule("table_open", _table_open)
    made.add_render_rule("table_close", _table_close)
    return made


def _fence(_renderer: Any, tokens: Sequence[Token], at: int, _options: Any, env: Any) -> str:
    token = tokens[at]
    name = token.info.strip().split(" ")[0].lower() if token.info else ""
    page: _Page = env["page"]
    said = f'<span class="lang">{html.escape(name[:30])}</span>' if name else ""
    return (
        page.put(f'<div class="code">{said}<pre tabindex="0"><code>{_highlighted(token.content, name)}</code></pre></div>') + "\n"
    )


@lru_cache(1_024)
def _highlighted(code: str, name: str) -> str:
    """Code as HTML. The same code stands in a document and in the pages that are made of it."""
    if not name or name in ("text", "mermaid", "math") or len(code) > _MOST_CODE:
        return html.escape(code)
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(name, stripnl=False)
    except ClassNotFound:
        return html.escape(code)
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True, classprefix="hl-")))


def _formula(_renderer: Any, tokens: Sequence[Token], at: int, _options: Any, env: Any) -> str:
    page: _Page = env["page"]
    return page.put(_mathml(tokens[at].content, "inline"))


def _formula_block(_renderer: Any, tokens: Sequence[Token], at: int, _options: Any, env: Any) -> str:
    page: _Page = env["page"]
    return page.put(f'<div class="scroll">{_mathml(tokens[at].content, "block")}</div>') + "\n"


@lru_cache(4_096)
def _mathml(formula: str, display: str) -> str:
    """A formula as MathML of harmless elements alone; as code where it is none that can be read."""
    as_code = f"<code>{html.escape(formula)}</code>"
    if len(formula) > _MOST_FORMULA:
        return as_code
    from latex2mathml.converter import convert

    try:
        root = ElementTree.fromstring(convert(formula, display=display))
    except Exception:  # the boundary of a foreign parser: whatever it raises, the formula is shown as it was written
        return as_code
    kept = _harmless(root)
    if kept is None:
        return as_code
    kept.set("xmlns", "http://www.w3.org/1998/Math/MathML")
    return ElementTree.tostring(kept, encoding="unicode")


def _harmless(element: ElementTree.Element) -> ElementTree.Element | None:
    tag = element.tag.rpartition("}")[2]
    if tag not in _MATH:
        return None
    kept = ElementTree.Element(tag, {name: value for name, value in element.attrib.items() if name in _MATH_ATTRIBUTES})
    kept.text = element.text
    for child in element:
        found = _harmless(child)
        if found is not None:
            kept.append(found)
    return kept


def _table_open(_renderer: Any, _tokens: Sequence[Token], _at: int, _options: Any, env: Any) -> str:
    page: _Page = env["page"]
    page.tables += 1
    return page.put(f'<div class="scroll" role="region" aria-label="Table {page.tables}" tabindex="0">') + "<table>\n"


def _table_close(_renderer: Any, _tokens: Sequence[Token], _at: int, _options: Any, env: Any) -> str:
    page: _Page = env["page"]
    return "</table>\n" + page.put("</div>")


_PIECES = re.compile(r"(<[^>]*>)|(&(?:#\d+|#x[0-9a-fA-F]+|\w+);)|([^<&]+|[<&])")
_LEAST = 12


def marked(page: str, words: Sequence[str]) -> tuple[str, bool]:
    """The HTML with the first of some wordings marked where it stands, and whether it stands there. Spaces, case and punctuation
    do not count; where the whole is not found, its beginning is."""
    pieces, kept = _letters(page)
    hay = "".join(letter for letter, _, _ in kept)
    for wanted in words:
        needle = _bare(wanted)
        for length in (len(needle), len(needle) * 3 // 4, len(needle) // 2):
            at = hay.find(needle[:length]) if length >= min(len(needle), _LEAST) > 0 else -1
            if at >= 0:
                return _with_mark(pieces, kept[at][1:], kept[at + length - 1][1:]), True
    return page, False


def _letters(page: str) -> tuple[list[str], list[tuple[str, int, int]]]:
    """The pieces of some HTML (tags, entities, texts), and each letter with its piece and its position there."""
    pieces: list[str] = []
    kept: list[tuple[str, int, int]] = []
    for found in _PIECES.finditer(page):
        number = len(pieces)
        pieces.append(found[0])
        if found[2]:
            kept += [(letter, number, 0) for letter in _bare(html.unescape(found[2]))]
        elif found[3]:
            kept += [(letter, number, at) for at, char in enumerate(found[3]) for letter in _bare(char)]
    return pieces, kept


def _with_mark(pieces: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    made, first = [], True
    for number, piece in enumerate(pieces):
        if not start[0] <= number <= end[0] or piece.startswith("<"):
            made.append(piece)
            continue
        left = start[1] if number == start[0] else 0
        right = len(piece) if number != end[0] or piece.startswith("&") else end[1] + 1
        mark = f' id="{OWN}mark"' if first else ""
        made.append(f"{piece[:left]}<mark{mark}>{piece[left:right]}</mark>{piece[right:]}" if piece[left:right] else piece)
        first = False
    return "".join(made)


@lru_cache(65_536)
def _bare_char(char: str) -> str:
    import unicodedata

    return "".join(each for each in unicodedata.normalize("NFKC", char).casefold() if each.isalnum())


def _bare(text: str) -> str:
    return "".join(map(_bare_char, text))
