"""Converts web pages: the main content, with title, language, description, authors and dates as the page states them.

Invariant: nothing is fetched; pictures inside the page (data: URIs) are taken out, all others keep their relative or http target.
"""

import re
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from msgspec.structs import replace

from gitkb.convert.decode import decode
from gitkb.convert.draft import Draft, one_line
from gitkb.convert.html.clean import main_content, parse, prepare_document, shape
from gitkb.convert.html.markdown import safe_target, to_markdown
from gitkb.convert.pictures import Gallery
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate

_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
_SITE = re.compile(r"\s+(?:[|—–·»]|::|-)\s+")
_AUTHORS = ("author", "article:author", "citation_author", "dc.creator", "dcterms.creator", "parsely-author")
_DATES = {
    "published": ("article:published_time", "date", "dc.date", "dcterms.date", "citation_publication_date", "datepublished"),
    "modified": ("article:modified_time", "last-modified", "dcterms.modified", "og:updated_time", "datemodified"),
}
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?")


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of a web page."""
    data = file.read_bytes()
    soup = parse(decode(data, charset_of(data)))
    facts = facts_of(soup)
    return draft(main_content(soup), facts)


def charset_of(data: bytes) -> str:
    """The charset that a page names itself, "" for none."""
    found = _CHARSET.search(data[:4096])
    return found[1].decode("ascii") if found else ""


def draft(root: Tag, facts: Draft) -> Draft:
    """The draft of what is below an element of a page, with the facts that the page states about itself."""
    gallery = Gallery()
    shape(root)
    tops = root.find_all("h1") or root.find_all("h2")[:1]
    return replace(
        facts,
        markdown=to_markdown(root, picture_target(gallery)),
        titles=(TitleCandidate("style", one_line(tops[0].get_text()), "only heading of its level"), *facts.titles)
        if len(tops) == 1
        else facts.titles,
        pictures=gallery.pictures,
    )


def facts_of(soup: BeautifulSoup) -> Draft:
    """What a page says about itself: a draft without a text."""
    meta = _meta(soup)
    language = str(soup.html.get("lang") or soup.html.get("xml:lang") or "") if soup.html else ""
    return Draft(
        markdown="",
        titles=(TitleCandidate("page", _page_title(soup)),),
        language=language or meta.get("og:locale", "") or meta.get("content-language", ""),
        authors=tuple(value for key in _AUTHORS if (value := meta.get(key, "")) and not value.startswith("http")),
        dates={key: found for key, names in _DATES.items() if (found := _first_date(meta, names))},
        description=meta.get("description", "") or meta.get("og:description", ""),
    )


def from_html(html: str, gallery: Gallery) -> str:
    """Markdown of HTML that another converter made: all of it, no boilerplate looked for."""
    root = prepare_document(parse(html))
    shape(root)
    return to_markdown(root, picture_target(gallery))


def picture_target(gallery: Gallery, known: frozenset[str] = frozenset()) -> "PictureTarget":
    """The function that says what an image's source becomes: taken out, kept as it is, or dropped."""
    return PictureTarget(gallery, known)


class PictureTarget:
    """Data URIs go into the gallery, names already in it (`known`) and safe targets stay."""

    def __init__(self, gallery: Gallery, known: frozenset[str]) -> None:
        self._gallery = gallery
        self._known = known

    def __call__(self, source: str) -> str:
        if source.lstrip()[:5].lower() == "data:":
            return self._gallery.add_data_uri(source)
        target = safe_target(source)
        return "" if target.startswith(("mailto:", "#")) else target


def _meta(soup: BeautifulSoup) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag in soup.find_all("meta"):
        key = str(tag.get("name") or tag.get("property") or tag.get("itemprop") or tag.get("http-equiv") or "").lower()
        content = one_line(str(tag.get("content") or ""))
        if key and content:
            found.setdefault(key, content)
    return found


def _page_title(soup: BeautifulSoup) -> str:
    """The page's title without the name of the site behind it."""
    tag = soup.find("title")
    title = one_line(tag.get_text()) if isinstance(tag, Tag) else ""
    return _SITE.split(title)[0] if len(_SITE.split(title)[0]) > 3 else title


def date_in(text: str) -> str:
    """The ISO date (with its time) at the start of a text, "" for none."""
    found = _ISO.match(text.strip())
    return found[0] if found else ""


def _first_date(meta: dict[str, str], names: tuple[str, ...]) -> str:
    return next((found for name in names if (found := date_in(meta.get(name, "")))), "")
