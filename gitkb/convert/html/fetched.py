"""Converts pages that were fetched from the web: the part that holds their content, and what they say about themselves.

Invariant: nothing is fetched here. An extractor (trafilatura) says which text is the content; what is converted is the smallest
element of our own tree that holds it. So tables, code, links and pictures stay, and text that the extractor loses is not lost
here. Facts about a page are those that it states in the forms made for programs; no date is guessed from running text, and what
is malformed counts as not stated.
"""

import codecs
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag

from bs4 import BeautifulSoup, Tag
from msgspec.structs import replace

from gitkb.convert.decode import decode
from gitkb.convert.draft import Draft, one_line
from gitkb.convert.html.clean import main_content, parse
from gitkb.convert.html.reader import charset_of, date_in, draft, facts_of
from gitkb.model.documents import WebPage
from gitkb.text.names import web_address
from gitkb.text.names.web_address import WebAddress

_MAX_JSON = 400_000
_MAX_NODES = 5_000
_MAX_AUTHORS = 20
_MAX_NAME = 120
_PAGES = ("article", "webpage", "posting", "report", "howto", "faqpage", "recipe", "course", "dataset", "book", "creativework")
_DATES = {"published": ("datePublished", "dateCreated"), "modified": ("dateModified",)}


def with_own_facts(facts: Draft, soup: BeautifulSoup) -> Draft:
    """The facts, completed from JSON-LD and `<time>` elements; the meta tags come first."""
    nodes = [node for node in _nodes(soup) if _is_page(node)]
    dates = {
        name: found
        for name, keys in _DATES.items()
        if (found := next((d for node in nodes for key in keys if (d := date_in(_text(node.get(key))))), ""))
    }
    if "published" not in dates and (written := _time(soup)):
        dates["published"] = written
    authors = facts.authors or tuple(dict.fromkeys(name for node in nodes for name in _names(node.get("author"))))[:_MAX_AUTHORS]
    return replace(facts, dates={**dates, **facts.dates}, authors=authors)


def _nodes(soup: BeautifulSoup) -> Iterator[dict[str, Any]]:
    """All objects of the page's JSON-LD, a limited number."""
    left = _MAX_NODES
    for script in soup.find_all("script", type="application/ld+json"):
        text = script.get_text()
        if len(text) > _MAX_JSON:
            continue
        try:
            pending = [json.loads(text)]
        except (ValueError, RecursionError):
            continue
        while pending and left:
            left -= 1
            value = pending.pop(0)
            if isinstance(value, dict):
                yield value
                pending += [value[key] for key in ("@graph", "mainEntity", "mainEntityOfPage") if key in value]
            elif isinstance(value, list):
                pending += value


def _is_page(node: dict[str, Any]) -> bool:
    kinds = node.get("@type")
    return any(_text(kind).lower().endswith(_PAGES) for kind in (kinds if isinstance(kinds, list) else [kinds]))


def _names(author: Any) -> Iterator[str]:
    for one in author if isinstance(author, list) else [author]:
        name = one_line(_text(one.get("name") if isinstance(one, dict) else one))
        if name and len(name) <= _MAX_NAME and not name.startswith("http"):
            yield name


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _time(soup: BeautifulSoup) -> str:
    """The date of the first `<time>` that is marked as that of publication, or stands in the only article."""
    marked = soup.find("time", attrs={"itemprop": "datePublished"}) or soup.find("time", pubdate=True)
    articles = soup.find_all("article")
    inner = articles[0].find("time") if len(articles) == 1 else None
    for tag in (marked, inner):
        if isinstance(tag, Tag) and (found := date_in(str(tag.get("datetime") or tag.get_text()))):
            return found
    return ""


MAX_EXTRACTED = 4 * 1024**2
"""In characters: of a longer page all is converted but the boilerplate, without asking the extractor."""
MAX_ATTRIBUTES = 1_000
"""Of one element. Of a page that has more everything but the boilerplate is taken: the extractor's parser takes time quadratic
in their number."""
_MIN_WORDS = 40
_SHARE = 0.9
_WORD = re.compile(r"\w+")
_WHOLE = frozenset("p table pre ul ol dl blockquote figure tbody tr td th li dd".split())
_KEPT_SCHEMES = ("mailto:",)
_LATIN = frozenset({"iso8859-1", "ascii"})


def read_page(file: Path, page: WebPage) -> Draft:
    """The draft of a fetched page."""
    data = file.read_bytes()
    html = _decoded(data, page.charset)
    soup = parse(html)
    facts = with_own_facts(facts_of(soup), soup)
    base = _base(soup, page)
    _show_pictures(soup)
    said = _extracted(html) if max((len(tag.attrs) for tag in soup.find_all(True)), default=0) <= MAX_ATTRIBUTES else ""
    root = _narrowed(main_content(soup), said)
    _lead_elsewhere(root, base, page)
    return draft(root, facts)


def _decoded(data: bytes, charset: str) -> str:
    """The page's text. What the server says comes before what the page says; UTF-8 shows itself before either, unless the
    server names an encoding whose bytes look like ASCII."""
    try:
        name = codecs.lookup(charset).name if charset else ""
    except LookupError:
        name = ""
    if name.startswith(("iso2022", "hz", "utf-16", "utf-32")):
        try:
            return decode(data.decode(name).encode("utf-8"))
        except (UnicodeError, ValueError):
            name = ""
    return decode(data, "cp1252" if name in _LATIN else name or charset_of(data))


def _base(soup: BeautifulSoup, page: WebPage) -> WebAddress:
    base = web_address.parse(page.base)
    tag = soup.find("base", href=True)
    if isinstance(tag, Tag):
        try:
            return web_address.join(base, str(tag["href"]))
        except ValueError:
            return base
    return base


def _show_pictures(soup: BeautifulSoup) -> None:
    """Gives pictures that scripts would load their source, and removes those of one pixel, which only count readers."""
    for image in soup.find_all("img"):
        sides = {str(image.get("width", "")).strip(), str(image.get("height", "")).strip()}
        if sides & {"0", "1", "2"}:
            image.decompose()
            continue
        source = str(image.get("src", "")).strip()
        if not source or source.startswith(("data:image/gif", "data:image/svg")):
            listed = str(image.get("srcset") or image.get("data-srcset") or "").split(",")[0].split()
            later = str(image.get("data-src") or image.get("data-original") or "").strip() or "".join(listed[:1])
            image["src"] = later or source


def _narrowed(root: Tag, extracted: str) -> Tag:
    """The smallest element that holds nearly all of what the extractor takes for the page's own text; `root` where it takes
    next to nothing for it."""
    said = Counter(_WORD.findall(extracted))
    have = _common(root, said)
    if have < _MIN_WORDS:
        return root
    found = root
    while (inner := next((c for c in _parts(found) if _common(c, said) >= _SHARE * have), None)) is not None:
        found = inner
    titles = root.find_all("h1")
    if found is not root and len(titles) == 1 and found not in titles[0].parents:
        found.insert(0, titles[0].extract())
    return found


def _parts(tag: Tag) -> list[Tag]:
    return [child for child in tag.find_all(True, recursive=False) if child.name not in _WHOLE]


def _common(tag: Tag, said: Counter[str]) -> int:
    """How many words an element has in common with a text."""
    return sum((Counter(_WORD.findall(tag.get_text(" "))) & said).values())


def _extracted(html: str) -> str:
    if len(html) > MAX_EXTRACTED:
        return ""
    import trafilatura

    try:
        return trafilatura.extract(html, output_format="txt", include_comments=False, with_metadata=False) or ""
    except Exception:  # a page on which the extractor fails is converted without it
        return ""


def _lead_elsewhere(root: Tag, base: WebAddress, page: WebPage) -> None:
    """Gives links and pictures whole addresses; links to the page itself lead to its own headings."""
    for tag, name in [
        *((a, "href") for a in root.find_all("a", href=True)),
        *((i, "src") for i in root.find_all("img", src=True)),
    ]:
        target = str(tag[name]).strip()
        if target.startswith("#") or target.lower().startswith(_KEPT_SCHEMES) or target[:5].lower() == "data:":
            continue
        bare, fragment = urldefrag(target)
        try:
            address = str(web_address.join(base, bare))
        except ValueError:
            del tag[name]
            continue
        fragment = re.sub(r"[\s<>()\[\]\"\\]", "", fragment)
        if fragment and name == "href" and address in (page.url, page.base):
            tag[name] = f"#{fragment}"
        else:
            tag[name] = f"{address}#{fragment}" if fragment else address
