"""Turns a page of the wiki into HTML that any web server can publish.

Invariant: pure; nothing that a document says runs or becomes markup, and no page loads anything from elsewhere. Links between
pages stay relative and lead to their HTML; links to what is not published, such as originals, become plain words.
"""

import html
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from posixpath import splitext
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

from gitkb.errors import FormatError
from gitkb.text.markdown import frontmatter
from gitkb.text.markdown.links import heading_anchor, is_external, resolve

PICTURES = frozenset((".png", ".jpg", ".jpeg", ".gif", ".webp"))
_ANCHOR = re.compile(r"<a (?:name|id)=\"([\w.:-]{1,200})\">\s*</a>")
_NOTE = re.compile(r"^\[\^([^\]\s]{1,200})\]:[ \t]*(.*)$", re.MULTILINE)
_USE = re.compile(r"\[\^([^\]\s]{1,200})\]")
_OPEN, _CLOSE = "\ue010", "\ue011"
_MARK = re.compile(f"{_OPEN}([\\w.:-]*){_CLOSE}")
_PAGE = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self'; style-src 'unsafe-inline'">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>
body {{ max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 sans-serif; overflow-wrap: break-word }}
img {{ max-width: 100% }} pre {{ overflow-x: auto }}
td, th {{ padding: 0 .5rem; text-align: left; border-bottom: 1px solid #ccc }}
.said {{ color: #555 }}
</style>
<p class="said">{said}</p>
{body}
</html>
"""


def is_picture(path: str) -> bool:
    """Whether a file is a picture that may be published as it is."""
    return splitext(path)[1].lower() in PICTURES


def html_path(path: str) -> str:
    """Where the page of a Markdown file is published."""
    return f"{path.removesuffix('.md')}.html" if path.endswith(".md") else path


def html_page(path: str, content: bytes, is_published: Callable[[str], bool], said: str) -> str:
    """A page as HTML; `is_published` tells which files a link may lead to, `said` stands above the page."""
    text = content.decode("utf-8", "replace")
    header, body = frontmatter.cut(text)
    meta = _meta(header)
    body = _ANCHOR.sub(rf"{_OPEN}\1{_CLOSE}", re.sub(f"[{_OPEN}{_CLOSE}]", "", body))
    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    tokens = markdown.parse(_with_notes(body))
    _anchored(tokens)
    for token in _links(tokens):
        _led(token, path, is_published)
    rendered = str(markdown.renderer.render(tokens, markdown.options, {}))
    rendered = re.sub(r"<a>(.*?)</a>", r"\1", rendered, flags=re.DOTALL)
    rendered = _MARK.sub(lambda mark: f'<a id="{html.escape(mark[1])}"></a>', rendered)
    title = html.escape(str(meta.get("title") or path))
    language = html.escape(str(meta.get("language") or "en"))
    return _PAGE.format(title=title, language=language, said=html.escape(said), body=rendered)


def _meta(header: str | None) -> dict[str, object]:
    try:
        return dict(frontmatter.split(f"---\n{header}---\n")[0]) if header else {}
    except FormatError:
        return {}


def _with_notes(body: str) -> str:
    """The body with its footnotes as a list at the end, in the order of their definitions."""
    notes = dict(_NOTE.findall(body))
    if not notes:
        return body
    numbers = {label: number for number, label in enumerate(notes, 1)}
    body = _NOTE.sub("", body)
    body = _USE.sub(lambda use: f" [\\[{numbers[use[1]]}\\]](#note-{numbers[use[1]]})" if use[1] in numbers else use[0], body)
    listed = "\n".join(f"{numbers[label]}. {_OPEN}note-{numbers[label]}{_CLOSE}{text}" for label, text in notes.items())
    return f"{body.rstrip()}\n\n{listed}\n"


def _anchored(tokens: list[Token]) -> None:
    """Headings get the anchors by which links reach them."""
    used: dict[str, int] = {}
    for token, inline in pairwise(tokens):
        if token.type == "heading_open":
            base = heading_anchor("".join(part.content for part in inline.children or () if part.type in ("text", "code_inline")))
            number = used.get(base, 0)
            used[base] = number + 1
            token.attrSet("id", f"{base}-{number}" if number else base)


def _links(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from (part for part in token.children or () if part.type in ("link_open", "image"))


def _led(token: Token, path: str, is_published: Callable[[str], bool]) -> None:
    """The link or picture led to what is published, or without a target."""
    attribute = "src" if token.type == "image" else "href"
    target = str(token.attrs.get(attribute, ""))
    if target.startswith("#") or (is_external(target) and attribute == "href"):
        return
    place = None if is_external(target) else resolve(path, unquote(target))
    if place is None or not is_published(place[0]):
        token.attrs.pop(attribute, None)
    elif place[0].endswith(".md"):
        bare, hash_, fragment = target.partition("#")
        token.attrs[attribute] = f"{bare.removesuffix('.md')}.html{hash_}{fragment}"
