"""Links and text in Markdown: written so that they mean what they say, and read as a renderer reads them.

Invariant: what `relative` returns is one Markdown link destination, and what `escape` returns is plain words in any inline
position, whatever a document put into it. Paths are POSIX paths in the repository; nothing here looks at files.
"""

import posixpath
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from msgspec import Struct

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token


class Link(Struct, frozen=True):
    """A link or picture of a page: its `target` as written, what a reader sees, its 1-based line; `wiki` for `[[target]]`."""

    target: str
    text: str
    line: int
    image: bool = False
    wiki: bool = False


# What may stay as it is in a destination, besides letters and digits of any script.
_KEPT = "/-._~!$+,;=@'"
_PLAIN = re.compile(r"[A-Za-z0-9/\-._~!$+,;=@']*")
_WIKILINK = re.compile(r"(?P<image>!?)\[\[(?P<target>[^\[\]|\n]+)(?:\|(?P<text>[^\[\]\n]*))?\]\]")
_FOOTNOTE = re.compile(r"^([ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(\[\^[^\]\n]+\]:)", re.MULTILINE)
"""Where a footnote is defined, also in an item of a list or in a quote."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def relative(from_page: str, to: str) -> str:
    """The link from one page to another path of the repository (optionally with `#anchor`), percent-encoded where needed."""
    path, _, anchor = to.partition("#")
    fragment = f"#{_encode(anchor)}" if anchor else ""
    if path == from_page and fragment:
        return fragment
    return _encode(_steps(from_page, path)) + fragment


def _steps(from_page: str, path: str) -> str:
    """The way from one page to another path. Not `posixpath.relpath`, which asks for the working folder each time."""
    here, there = posixpath.normpath(from_page).split("/")[:-1], posixpath.normpath(path).split("/")
    same = 0
    while same < len(here) and same < len(there) and here[same] == there[same]:
        same += 1
    return "/".join([".."] * (len(here) - same) + there[same:]) or "."


def _encode(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    return "".join(c if _is_kept(c) else quote(c, safe="", errors="replace") for c in text)


def _is_kept(char: str) -> bool:
    return char.isalnum() or char in _KEPT or (not char.isascii() and char.isprintable())


def is_external(target: str) -> bool:
    """Whether a link's target names a scheme ("https:", "mailto:", ...) or a host, so that it is no path."""
    return bool(_SCHEME.match(target)) or target.startswith("//")


def resolve(from_page: str, target: str) -> tuple[str, str] | None:
    """The (path, anchor) a link of a page leads to; None where it is external or leaves the repository.

    A target that begins with "/" counts from the root of the repository. `path` is the page itself for "#anchor".
    """
    if is_external(target):
        return None
    raw, _, anchor = target.partition("#")
    path = unquote(raw.partition("?")[0])
    if not path:
        return from_page, unquote(anchor)
    joined = path.lstrip("/") if path.startswith("/") else posixpath.join(posixpath.dirname(from_page), path)
    normal = posixpath.normpath(joined)
    if normal == ".." or normal.startswith("../") or "\0" in normal:
        return None
    return ("" if normal == "." else normal), unquote(anchor)


def links(markdown: str) -> list[Link]:
    """All links and pictures of a Markdown text, in text order. Skips links in code; includes `[[wikilinks]]`."""
    found: list[Link] = []
    # CommonMark knows no footnotes and would take their definitions for those of links.
    for token in _parser().parse(_FOOTNOTE.sub(r"\1\\\2", markdown)):
        if token.type == "inline" and token.children and token.map:
            found.extend(_inline_links(token.children, token.map[0] + 1))
    return found


def _inline_links(tokens: "list[Token]", line: int) -> Iterator[Link]:
    target, line_of_link, text = "", line, ""
    for token in tokens:
        if token.type == "link_open":
            target, line_of_link, text = str(token.attrs.get("href", "")), line, ""
        elif token.type == "link_close":
            yield Link(target, text, line_of_link)
        elif token.type == "image":
            yield Link(str(token.attrs.get("src", "")), token.content, line, image=True)
        elif token.type in ("softbreak", "hardbreak"):
            line += 1
            text += " "
        else:
            text += token.content
            if token.type == "text":
                yield from _wikilinks(token.content, line)


def _wikilinks(text: str, line: int) -> Iterator[Link]:
    for found in _WIKILINK.finditer(text):
        target = found["target"].strip()
        yield Link(target, (found["text"] or target).strip(), line, image=bool(found["image"]), wiki=True)


_NAMED = re.compile(r"<a\s[^<>]{0,200}?\b(?:name|id)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')[^<>]{0,200}>", re.IGNORECASE)
_LETTERS = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Pc"})


def anchors(markdown: str) -> set[str]:
    """What a fragment can lead to: headings as GitHub names them, and `<a name="...">`."""
    found: set[str] = set()
    repeated: dict[str, int] = {}
    tokens = _parser().parse(markdown)
    for token, following in pairwise(tokens):
        if token.type == "heading_open":
            found.add(_unique(heading_anchor(_plain(following)), repeated))
        elif following.type in ("inline", "html_block"):
            found.update(named_anchors(following.content))
    return found | (named_anchors(tokens[0].content) if tokens else set())


def named_anchors(html: str) -> set[str]:
    """The names of all `<a name="...">` and `<a id="...">` in a text, without a look at what is code."""
    return {first or second for first, second in _NAMED.findall(html)} if "<a " in html or "<A " in html else set()


def heading_anchor(title: str) -> str:
    """A heading's text as GitHub turns it into an anchor: lower case, punctuation dropped, blanks to hyphens."""
    kept = (c for c in title.strip().lower() if c in "- " or unicodedata.category(c) in _LETTERS)
    return "".join(kept).replace(" ", "-")


def _unique(base: str, used: dict[str, int]) -> str:
    anchor = base
    while anchor in used:
        used[base] += 1
        anchor = f"{base}-{used[base]}"
    used[anchor] = 0
    return anchor


def _plain(inline: "Token") -> str:
    parts = (
        token.content if token.type in ("text", "code_inline", "text_special") else " " * ("break" in token.type)
        for token in inline.children or ()
    )
    return " ".join("".join(parts).split())


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    # Without text_join an escaped bracket stays apart from its neighbours, so that \\[[x]] is no wikilink.
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable("text_join")


# Characters that may be more than themselves; text without any is returned as it is.
_SUSPECT = re.compile(r"[\\`*_~\[\]<&|#$%:@]|www\.|^(?:[-+>=]|\d{1,9}[.)])|[^ -~\w]", re.IGNORECASE)
_RISK = re.compile(
    r"(?P<always>[`~|])"
    r"|(?P<backslash>\\)(?=[!-/:-@\[-`{-~]|$)"
    r"|(?P<star>\*+)"
    r"|(?P<underscore>_+)"
    r"|(?P<kept>(?<![\]\[!\\])\[(?![xX]?\])[\w.,'-]{1,40}\](?=[^(\[:\]]))"
    r"|(?P<bracket>[\[\]])"
    r"|<(?=[A-Za-z/!?]|$)"
    r"|&(?=#?\w{1,40};)"
    r"|(?<!\S)#(?=[\w#]|\s|$)"
    r"|%(?=%)"
    r"|(?<=[A-Za-z]):(?=//)"
    r"|(?<=www)\."
    r"|(?<=[\w.+-])@(?=\w)"
    r"|^(?:[-+](?=[-+\s]|$)|>|=(?==*$))"
    r"|(?<=^\d)[.)](?=\s|$)|(?P<number>^\d{2,9})[.)](?=\s|$)",
    re.IGNORECASE,
)
# A formula as people write it between dollar signs, of characters that mean nothing to Markdown: it stays a formula. Prices
# ("$5 and $6") are none, for a formula neither ends in a blank nor before a figure.
_MATH = re.compile(
    r"(?<![\w$\\])\$(?![\s$])(?:[^\W_]|[ ,.;:'!+=()^{}-]|/(?!/)|(?<=[^\W_])_(?=[\w{])|\\(?=[A-Za-z]))*(?<![\s\\])\$(?![\w$])"
)
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(text: str) -> str:
    """The text in one line: blanks collapsed; control characters, direction overrides and lone surrogates left out."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip(" ")
    kept = (c for c in " ".join(text.split()) if unicodedata.category(c) not in ("Cc", "Cs") and c not in _BIDI)
    return " ".join("".join(kept).split())


def escape(text: str) -> str:
    """Plain text as inline Markdown, in one line, that renders as that text and nothing else.

    Safe at the start of a paragraph, list item or heading, inside a link's text and in a table cell. What
    cannot mean anything is left alone: `snake_case`, `a * b`, `x < y`, `list[0]` inside a sentence. A formula `$P_n$` stays one.
    """
    text = one_line(text)
    if not _SUSPECT.search(text):
        return text
    if text.count("$") < 2:
        return _RISK.sub(_escaped, text)
    formulas = iter(_MATH.findall(text))
    text = _MATH.sub("\0\0", text).replace("$", "\0\1")
    return re.sub("\0\0", lambda _: next(formulas), _RISK.sub(_escaped, text).replace("\0\1", "\\$"))


def _escaped(found: re.Match[str]) -> str:
    mark = found[0]
    kind = found.lastgroup
    if kind == "kept":
        return mark.replace("_", "\\_") if mark[1] == "_" or mark[-2] == "_" else mark
    if kind in ("star", "underscore"):
        return mark if _is_inert(found, kind) else "".join(f"\\{c}" for c in mark)
    if kind == "number":
        return f"{mark[:-1]}\\{mark[-1]}"
    return f"\\{mark}"


def _is_inert(found: re.Match[str], kind: str) -> bool:
    """Whether a run of `*` or `_` can neither open nor close emphasis."""
    text, start, end = found.string, found.start(), found.end()
    before, after = text[start - 1 : start], text[end : end + 1]
    if kind == "underscore" and before.isalnum() and after.isalnum():
        return True
    return before == " " and after == " "
