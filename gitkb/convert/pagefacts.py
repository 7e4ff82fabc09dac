"""What a fetched page says about itself beside its meta tags: in JSON-LD and in `<time>` elements.

Invariant: only what the page itself states, in the forms made for programs; no date is guessed from running text. What is
malformed says nothing.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bs4 import BeautifulSoup, Tag

from gitkb.convert.draft import Draft
from gitkb.convert.finish import one_line
from gitkb.convert.webpage import date_in

_MAX_JSON = 400_000
_MAX_NODES = 5_000
_MAX_AUTHORS = 20
_MAX_NAME = 120
_PAGES = ("article", "webpage", "posting", "report", "howto", "faqpage", "recipe", "course", "dataset", "book", "creativework")
_DATES = {"published": ("datePublished", "dateCreated"), "modified": ("dateModified",)}


def with_own_facts(facts: Draft, soup: BeautifulSoup) -> Draft:
    """The facts with what JSON-LD and times add; what the meta tags say comes first."""
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
