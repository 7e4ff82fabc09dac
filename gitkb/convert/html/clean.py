"""Prepares a parsed web page for conversion: finds the main content, removes boilerplate and everything active.

Invariant: after this no script, style, form, frame or event handler is left in the tree, and headings are numbered in text
order, so that links to ids inside the page can be led to headings. Of the main content only boilerplate is dropped.
"""

import re

from bs4 import BeautifulSoup, Comment, Tag

from gitkb.convert.draft import one_line
from gitkb.errors import ConversionError

_DROPPED = (
    "script style noscript template nav iframe frame frameset object embed applet canvas audio video svg form "
    "button input select textarea dialog link meta base head title map area portal "
).split()
_DROPPED_DOCUMENT = [tag for tag in _DROPPED if tag not in ("form", "nav")]
_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "complementary", "menu", "dialog", "alert", "doc-toc"})
_BOILERPLATE = frozenset(
    (
        "navheader navfooter sphinxsidebar sidebar breadcrumb breadcrumbs headerlink anchorjs-link skip-link "
        "skiplink viewcode-link sphinxsidebarwrapper site-header site-footer page-header page-footer navbar "
        "mobile-nav mw-editsection mw-jump-link noprint catlinks printfooter navbox vector-header mw-portlet "
        "screen-reader-text visually-hidden visuallyhidden edit-link editsection advert advertisement social- "
        "share-buttons sharing pagination prev-next prevnext post-navigation cookie-banner cookie-consent "
        "newsletter subscribe comments-area comment-respond related-posts toctoggle copybtn linenos lineno gutter "
        "footer-nav sidebar-nav menu-wrapper related-pages inline-search clipboard-button sphx-glr-timing "
    ).split()
)
_DOUBTFUL = frozenset("related navigation nav menu ads ad share cookies".split())
"""Class names that pages give to blocks of links, but also to their content: the menu of a restaurant, related work."""
_LINE_NUMBERS = frozenset(
    "ln lnt lineno linenos line-number line-numbers linenumber linenumbers linenodiv line-numbers-rows gutter blob-num "
    "hljs-ln-numbers hljs-ln-n code-line-number".split()
)
_FOOTERS = frozenset({"footer", "header"})
_TOCS = frozenset({"toc", "contents", "table-of-contents", "localtoc", "toc-container"})
_ADMONITION = re.compile(
    r"^(?:admonition(?:block)?|note|tip|warning|important|caution|hint|danger|error|attention|seealso|alert|callout)$"
)
_NO_DIGITS = str.maketrans("", "", "0123456789:.|")
_HIDDEN = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_TITLE = re.compile(r"<title\b[^<>]{0,200}>", re.IGNORECASE)
_TITLE_END = re.compile(r"</title\s*>", re.IGNORECASE)
MAX_DEPTH = 200
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


def parse(html: str) -> BeautifulSoup:
    """The tree of an HTML text, by lxml's forgiving parser; nothing is fetched and no entity is loaded."""
    html = re.sub(r"^\s*<\?xml[^>]*\?>", "", html)
    if _TITLE.search(html) and not _TITLE_END.search(html):
        html = _TITLE.sub(" ", html)  # a title that is never closed would hold the whole page
    soup = BeautifulSoup(html, "lxml")
    _check_depth(soup)
    return soup


def _check_depth(soup: BeautifulSoup) -> None:
    """Refuses trees that are so deep that walking them would exhaust the stack."""
    level: list[Tag] = [soup]
    for _ in range(MAX_DEPTH):
        level = [child for tag in level for child in tag.children if isinstance(child, Tag)]
        if not level:
            return
    raise ConversionError("the document is nested too deeply to be read.", "Simplify it, or save it in another format.")


def main_content(soup: BeautifulSoup) -> Tag:
    """The element that holds what the page is about, boilerplate around it removed."""
    body = soup.body or soup
    whole = len(body.get_text())
    for form in body.find_all("form"):
        if len(form.get_text()) > whole * 0.5:  # some servers put the whole page into such an element
            form.unwrap()
    drop_active(body, _DROPPED)
    _drop_asides(body)
    _drop_boilerplate(body)
    whole = len(body.get_text())
    for selector in ("main, [role=main]", "article", "#main-content, #content, #mw-content-text, .markdown-body, .post-content"):
        found = [tag for tag in body.select(selector) if not tag.find_parent(_is_main)]
        if len(found) == 1 and len(found[0].get_text()) > max(60, whole * 0.3):
            return found[0]
    return body


def prepare_document(soup: BeautifulSoup) -> Tag:
    """The body of HTML that another converter made, or a book's chapter: no boilerplate is looked for."""
    body = soup.body or soup
    drop_active(body, _DROPPED_DOCUMENT)
    for literal in body.find_all("span", class_="literal"):  # the name that docutils gives to code
        literal.name = "code"
    return body


def drop_active(body: Tag, names: list[str]) -> None:
    """Removes comments, hidden elements and everything that a browser would run or fetch."""
    for comment in body.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    _keep_content(body)
    for tag in body.find_all(names):
        if not is_gone(tag):
            tag.decompose()
    for tag in body.find_all(
        lambda t: t.has_attr("hidden") or t.get("aria-hidden") == "true" or bool(_HIDDEN.search(str(t.get("style", ""))))
    ):
        if not is_gone(tag) and not (tag.name == "a" and tag.find("img")):
            tag.decompose()


def _keep_content(body: Tag) -> None:
    """Keeps the text of active elements (headings of accordions, the state of check boxes, formulas), and removes line
    numbers."""
    for button in body.find_all("button"):
        if button.find_parent([*HEADINGS, "summary", "dt"]) or (
            button.has_attr("aria-controls") and button.has_attr("aria-expanded")
        ):
            button.unwrap()
    for box in body.find_all("input", type="checkbox"):
        following = box.next_sibling
        blank = "" if following is None or str(following)[:1].isspace() else " "
        box.replace_with(("[x]" if box.has_attr("checked") else "[ ]") + blank)
    for script in body.find_all("script", type=re.compile(r"^math/tex")):
        script.name = "math"
        script["class"] = "tex display" if "display" in str(script.get("type")) else "tex"
    for number in body.find_all(_is_line_number):
        if not is_gone(number) and number.find_parent(["pre", "code", "table"]):
            number.decompose()


def _is_line_number(tag: Tag) -> bool:
    """Whether an element holds nothing but the numbers of lines of code."""
    named = not _LINE_NUMBERS.isdisjoint(classes(tag)) or tag.has_attr("data-line-number")
    return named and not tag.get_text().translate(_NO_DIGITS).strip()


def _drop_asides(body: Tag) -> None:
    """Removes asides that stand beside the content or are full of links; notes and tips inside of it stay."""
    for tag in body.find_all("aside"):
        if not is_gone(tag) and (tag.find_parent(["main", "article"]) is None or links_share(tag) > 0.3) and not _is_note(tag):
            tag.decompose()


def _is_note(tag: Tag) -> bool:
    return any(_ADMONITION.match(name.lower()) for name in classes(tag))


def links_share(tag: Tag) -> float:
    """How much of an element's text is that of links; 1 for one without text."""
    whole = len(tag.get_text(strip=True))
    return sum(len(a.get_text(strip=True)) for a in tag.find_all("a")) / whole if whole else 1.0


def shape(root: Tag) -> None:
    """Gives the tree the structure that its Markdown will have: levels of headings, admonitions as quotes, links to headings."""
    _admonitions(root)
    for listing in root.find_all("dl"):
        if not is_gone(listing) and listing.find_parent(_is_toc):
            _as_list(listing)
    for heading in root.find_all(HEADINGS):
        if is_gone(heading):
            continue
        if not heading.get_text(strip=True) and not heading.find("img"):
            heading.decompose()
        elif heading.find_parent(["td", "th", "li", "dt", "dd", "blockquote", "a", "summary", *HEADINGS]):
            heading.name = "strong"
    headings = root.find_all(HEADINGS)
    _level(headings)
    _local_links(root, headings)


def classes(tag: Tag) -> list[str]:
    """The class names of an element."""
    found = tag.get("class")
    return [str(name) for name in found] if isinstance(found, list) else str(found or "").split()


def is_gone(tag: Tag) -> bool:
    """Whether an element was decomposed. Tag.decomposed would search the whole tree for an element of that name."""
    return bool(tag.__dict__.get("_decomposed", False))


def _is_toc(tag: Tag) -> bool:
    return not _TOCS.isdisjoint(classes(tag))


def _as_list(listing: Tag) -> None:
    """DocBook writes tables of contents as definition lists: their terms become items, what is below a term its inner list."""
    listing.name = "ul"
    item: Tag | None = None
    for child in listing.find_all(["dt", "dd"], recursive=False):
        if child.name == "dt":
            child.name, item = "li", child
        elif item is not None:
            for part in list(child.contents):
                item.append(part.extract())
            child.decompose()


def _is_main(tag: Tag) -> bool:
    return tag.name == "main" or tag.get("role") == "main"


def _drop_boilerplate(body: Tag) -> None:
    whole = len(body.get_text()) or 1
    for tag in body.find_all(True):
        if is_gone(tag) or tag is body or not _is_boilerplate(tag):
            continue
        if len(tag.get_text()) < whole * 0.5:
            tag.decompose()


def _is_boilerplate(tag: Tag) -> bool:
    names = {name.lower() for name in (*classes(tag), str(tag.get("id", "")))}
    if names & _BOILERPLATE or str(tag.get("role", "")) in _ROLES:
        return tag.name not in ("body", "html", "main", "article", *HEADINGS)
    if names & _DOUBTFUL and tag.name not in ("body", "html", "main", "article", *HEADINGS) and links_share(tag) > 0.5:
        return True
    if tag.name == "footer" or (names & _FOOTERS and "footer" in names):
        return tag.find_parent("blockquote") is None
    if tag.name != "header" and "header" in names and tag.find_parent(["main", "article"]):
        return False
    if tag.name == "header" or "header" in names:
        return tag.find(["h1", "h2"]) is None and tag.name not in (*HEADINGS, "th", "tr", "td", "p", "span")
    if names & _TOCS and tag.name not in HEADINGS:
        links = [str(a.get("href", "")) for a in tag.find_all("a")]
        return bool(links) and all(link.startswith("#") for link in links)
    return False


def _admonitions(root: Tag) -> None:
    """Makes notes, tips and warnings of Sphinx, DocBook and Asciidoctor quotes that begin with their kind."""
    for tag in root.find_all(["div", "aside", "section"]):
        if is_gone(tag):
            continue
        kinds = [name for name in classes(tag) if _ADMONITION.match(name.lower())]
        if not kinds or tag.find_parent("blockquote") or tag.find(["h1", "h2"]):
            continue
        title = tag.find(class_=["admonition-title", "title", "alert-heading"]) or tag.find(["h3", "h4", "h5", "h6"])
        label = one_line(title.get_text()) if isinstance(title, Tag) else ""
        if isinstance(title, Tag):
            title.decompose()
        label = (label or next((k for k in kinds if not k.startswith(("admonition", "alert", "callout"))), "note")).strip(" :")
        for cell in tag.find_all(["table", "tbody", "tr", "td"]) if "admonitionblock" in kinds else []:
            cell.unwrap()
        strong = BeautifulSoup("", "lxml").new_tag("strong")
        strong.string = f"{label[:1].upper()}{label[1:]}:"
        first = tag.find("p")
        if isinstance(first, Tag) and _begins_with(tag, first):
            first.insert(0, strong, " ")
        else:
            tag.insert(0, strong, " ")
        tag.name = "blockquote"


def _begins_with(tag: Tag, first: Tag) -> bool:
    """Whether no text of an element stands before this part of it."""
    for part in tag.descendants:
        if part is first:
            return True
        if not isinstance(part, Tag) and str(part).strip():
            return False
    return False


def _level(headings: list[Tag]) -> None:
    """The first level used becomes 1 where a single heading has it, else 2; no level is skipped on the way down."""
    if not headings:
        return
    levels = [int(tag.name[1]) for tag in headings]
    top = min(levels)
    start = 1 if levels.count(top) == 1 and levels[0] == top else 2
    path: list[int] = []
    for tag, level in zip(headings, levels, strict=True):
        while path and path[-1] >= level:
            path.pop()
        path.append(level)
        tag.name = f"h{min(6, len(path) - 1 + (start if path[0] == top else start + 1))}"


def _local_links(root: Tag, headings: list[Tag]) -> None:
    """Links to an id in the page lead to the heading at, in or above the element with that id: `#@n` for the n-th."""
    wanted = {str(a["href"])[1:] for a in root.find_all("a", href=True) if str(a["href"]).startswith("#")}
    if not wanted:
        return
    numbers = headings_at(root, headings, wanted)
    for link in root.find_all("a", href=True):
        href = str(link["href"])
        if href.startswith("#"):
            number = numbers.get(href[1:], -1)
            link["href"] = f"#@{number}" if number >= 0 and not link.find_parent(HEADINGS) else ""


def headings_at(root: Tag, headings: list[Tag], wanted: set[str]) -> dict[str, int]:
    """The number of the heading at, in or above each element with a wanted id; -1 for one above all headings."""
    numbers: dict[str, int] = {}
    seen = -1
    order = {id(tag): number for number, tag in enumerate(headings)}
    for tag in root.find_all(True):
        if id(tag) in order:
            seen = order[id(tag)]
        for name in (tag.get("id"), tag.get("name") if tag.name == "a" else None):
            if name and str(name) in wanted:
                numbers.setdefault(str(name), _heading_of(tag, seen, order))
    return numbers


def _heading_of(tag: Tag, seen: int, order: dict[int, int]) -> int:
    """A section leads to the heading it begins with, an empty anchor to the heading after it, all else to the one above."""
    if tag.name in ("section", "div", "article"):
        first = tag.find(HEADINGS)
        begins = isinstance(first, Tag) and next((text.strip() for text in tag.strings if text.strip()), "") in first.get_text()
        return order.get(id(first), seen) if begins else seen
    if tag.name in ("a", "span") and not tag.get_text(strip=True):
        following = tag.find_next_sibling(True)
        if isinstance(following, Tag) and id(following) in order:
            return order[id(following)]
    return seen
