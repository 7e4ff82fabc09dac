"""What people read: the start page, lists, pages with the source of a claim beside them, originals, search.

Invariant: reads only, at the commit of the view. The functions that give the values of a page know no request, so static files
are made of the same values.
"""

from __future__ import annotations

import html
import re
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from markupsafe import Markup
from msgspec import Struct
from starlette.responses import RedirectResponse, Response

from gitkb.errors import GitkbError, NotFound, UsageError
from gitkb.web.rendering import Citation, Links, Rendered, marked, rendered
from gitkb.web.view import PICTURES, View, day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gitkb import KnowledgeBase
    from gitkb.model.documents import Record
    from gitkb.model.rows import BlameLine, PageRow, PageText, RevisionName, SearchHit
    from gitkb.web.view import Addresses

PART = 60_000
"""So many characters of a long text are shown at once."""
_BESIDE = 16_000
_ROWS = 100
_MOST_LINKS, _MOST_RELATED = 60, 8
SCOPES = (
    ("all", "Everything"),
    ("sources", "Full texts"),
    ("summaries", "Documents"),
    ("concepts", "Concepts"),
    ("entities", "Names"),
    ("explorations", "Saved answers"),
)
_NUMBERED = re.compile(r"page-(\d{1,6})")


class Entry(Struct, frozen=True):
    """A line of a list: where it leads, what it is called, and what is said of it."""

    address: str
    title: str
    note: str = ""
    kind: str = ""


def start(view: View) -> Response:
    """The start page: what is in, what is new, what waits."""
    base, to = view.base, view.to
    status = view.interface.status(base, view.rev, view.commit)
    log = view.interface.remembered.of(("log", view.commit, 8), lambda: list(base.log(None, 8, view.commit)))
    pages = sorted(view.rows.pages, key=lambda page: (-page.documents, page.page))
    folders = _subfolders((path[len("wiki/summaries/") : -3] for path in view.titles if path.startswith("wiki/summaries/")), "")
    waiting = [
        each for each in base.revisions.names() if each.kind == "branch" and each.ahead and each.name != base.revisions.branch
    ]
    return view.render(
        "start.html",
        status=status,
        log=log,
        best=[Entry(to.page(page.page), page.title, "", page.kind) for page in pages[:24]],
        folders=folders,
        waiting=waiting[:8] if not view.at else [],
    )


def _subfolders(documents: Iterable[str], folder: str) -> list[tuple[str, str, int]]:
    """(path, name, number of documents) of the folders directly in a folder ("" is the top)."""
    counts: dict[str, int] = {}
    prefix = f"{folder}/" if folder else ""
    for name in documents:
        rest = name.removeprefix(prefix) if name.startswith(prefix) else ""
        if "/" in rest:
            segment = rest.partition("/")[0]
            counts[segment] = counts.get(segment, 0) + 1
    return [(prefix + name, name, count) for name, count in sorted(counts.items())]


def documents(view: View) -> Response:
    """The documents of a folder, or all below it that a filter leaves."""
    folder, words = view.query("folder").strip("/"), view.query("q")
    rows = [row for row in view.rows.documents if not folder or row.document.startswith(f"{folder}/")]
    names = [row.document for row in rows]
    if words:
        shown = [row for row in rows if _holds(f"{row.document} {row.title} {row.source}", words)]
    else:
        depth = len(folder) + 1 if folder else 0
        shown = [row for row in rows if "/" not in row.document[depth:]]
    part, pager = _part(view, shown, "/documents", folder=folder, q=words)
    return view.render(
        "documents.html",
        folder=folder,
        words=words,
        total=len(rows),
        matched=len(shown),
        folders=[] if words else _subfolders(names, folder),
        rows=part,
        pager=pager,
        crumbs=_crumbs(view, folder),
    )


def pages(view: View) -> Response:
    """The pages of concepts and entities, filtered by name, kind and approval."""
    words, kind, approval, order = view.query("q"), view.query("kind"), view.query("approval"), view.query("order") or "name"
    rows = view.rows.pages
    shown = [
        row
        for row in rows
        if (not words or _holds(f"{row.title} {row.page}", words))
        and (not kind or row.kind == kind)
        and (not approval or row.approval == approval)
    ]
    shown.sort(key=(lambda row: (-row.documents, row.title.casefold())) if order == "documents" else _by_title)
    part, pager = _part(view, shown, "/pages", q=words, kind=kind, approval=approval, order=order)
    return view.render(
        "pages.html",
        words=words,
        kind=kind,
        approval=approval,
        order=order,
        rows=part,
        pager=pager,
        matched=len(shown),
        total=len(rows),
    )


def _by_title(row: PageRow) -> tuple[str, str]:
    return row.title.casefold(), row.page


def _holds(text: str, words: str) -> bool:
    folded = text.casefold()
    return all(word in folded for word in words.casefold().split())


def _part(view: View, rows: Sequence[Any], place: str, **query: object) -> tuple[Sequence[Any], dict[str, Any]]:
    """Some of the rows, and the links to those before and after."""
    start = view.number("from", 0, max(0, len(rows) - 1))
    before = view.to.to(place, **query, **{"from": max(0, start - _ROWS)}) if start else ""
    after = view.to.to(place, **query, **{"from": start + _ROWS}) if start + _ROWS < len(rows) else ""
    first, last = (start + 1, min(start + _ROWS, len(rows))) if rows else (0, 0)
    return rows[start : start + _ROWS], {"before": before, "after": after, "first": first, "last": last, "all": len(rows)}


def _crumbs(view: View, folder: str) -> list[Entry]:
    parts = folder.split("/") if folder else []
    made = [Entry(view.to.to("/documents"), "Documents")]
    return made + [Entry(view.to.to("/documents", folder="/".join(parts[: at + 1])), parts[at]) for at in range(len(parts))]


# Pages.


class Look(Struct, frozen=True):
    """How a page is looked at: the knowledge base at a revision, where links lead, the titles of pages by path."""

    base: KnowledgeBase
    rev: str | None
    to: Addresses
    titles: dict[str, str]


def page(view: View) -> Response:
    """A page of the wiki, with the source of a claim beside it where one is asked for."""
    path = str(view.request.path_params["path"])
    path = f"wiki/{path}"
    if not path.endswith(".md"):
        return _file_or_page(view, path)
    look = Look(view.base, view.rev, view.to, view.titles)
    claim = view.query("claim", 20)
    place, line = view.query("place"), view.number("line")
    try:
        text, whole = part_of_page(look, path, place, view.number("from"), line)
    except NotFound:
        if path in view.titles and view.query("part") != "beside":
            return _pending(view, path)
        raise
    blob = view.base.revisions.blob(text.path, view.rev)
    made = view.interface.remembered.of(
        ("page", text.path, blob, text.first, text.last, claim, view.at),
        lambda: rendered(text.path, text.text, text.first, links_of(look, text), claim),
        lambda found: len(found.html),
    )
    beside = _beside(look, text, made.citations.get(claim), blame=True) if claim else None
    if view.query("part") == "beside":
        return view.render("beside.html", beside=beside or _nothing_beside())
    values = page_values(look, text, made, whole=whole)
    if mark := view.query("mark", 200):
        values["body"] = Markup(marked(str(values["body"]), (mark,))[0])
    values["linked"], values["related"] = _linked(view, text.path), _related(view, text.path)
    values |= {"beside": beside, "approval": _approval(view, text.path), "last": _last(view, text)}
    return view.render("page.html", **values)


def _pending(view: View, path: str) -> Response:
    """A page that the documents of this commit call for, and that no refresh has made yet: the documents that speak of it."""
    graph = view.interface.graph(view.base, view.rev, view.commit)
    here = next((at for at, node in enumerate(graph.nodes) if node.path == path), -1)
    near = [graph.nodes[other] for one, other in graph.edges if one == here]
    documents = [Entry(view.to.page(node.path), node.title) for node in near]
    return view.render("pending.html", path=path, title=view.titles[path], documents=documents)


def _file_or_page(view: View, path: str) -> Response:
    """What is linked without its ending: a picture, or a page."""
    if "." in path.rpartition("/")[2]:
        return RedirectResponse(view.to.file(path), 303)
    found = view.base.show(path.removeprefix("wiki/"), view.rev)
    return RedirectResponse(view.to.page(found.path), 303)


def part_of_page(look: Look, path: str, place: str = "", first: int = 1, line: int = 1) -> tuple[PageText, bool]:
    """The page, and whether that is all of it: of a long one the part that begins at a line (`first`), or that has the page or
    heading of a place, or a line."""
    text = look.base.read(path, first=first, most=PART, at=look.rev)
    whole = first == 1 and text.next_line is None
    if whole or not (place or line > text.last):
        return text, whole
    with suppress(NotFound):
        found = look.base.read(path, place, most=PART, at=look.rev) if place else text
        start = found.first if place else max(1, line - 5)
        if place and found.path == path and first <= start <= text.last:
            return text, False
        text = look.base.read(found.path, first=start, most=PART, at=look.rev)
    return text, False


def links_of(look: Look, text: PageText, cite: Callable[[Citation], str] | None = None) -> Links:
    """Where the links of a page lead. Sentences are cited on all pages but the texts of documents themselves."""
    path = text.path

    def beside(found: Citation) -> str:
        return look.to.page(path, claim=found.key) + "#gk-beside"

    is_source = path.startswith("wiki/sources/")
    return Links(look.to.page, look.to.file, None if is_source else cite or beside)


def page_values(look: Look, text: PageText, made: Rendered, *, whole: bool) -> dict[str, Any]:
    """What the page of a Markdown file shows, without what depends on other pages."""
    kind = text.path.split("/")[1] if text.path.count("/") > 1 else ""
    record = _record(look, text.document) if text.document else None
    return {
        "path": text.path,
        "title": text.title,
        "kind": kind,
        "document": text.document,
        "body": Markup(untitled(made.html, text.title)),
        "outline": outline_of(look, text, made, whole=whole),
        "parts": None if whole else _parts(look, text),
        "record": record,
        "original": _original_path(record),
    }


_TITLE = re.compile(r"<h1 id=\"([^\"]*)\">(.*?)</h1>", re.DOTALL)


def untitled(body: str, title: str) -> str:
    """The body without a heading that says the title once more; links to it still find their place."""
    found = _TITLE.search(body)
    if found is None or html.unescape(re.sub(r"<[^>]*>", "", found[2])).strip() != title.strip():
        return body
    return f'{body[: found.start()]}<a id="{found[1]}"></a>{body[found.end() :]}'


def outline_of(look: Look, text: PageText, made: Rendered, *, whole: bool) -> list[tuple[int, str, str]]:
    """(depth from 0, address, title) of the headings of a page, also of those in other parts of a long one."""
    if whole:
        found = [(level, f"#{anchor}", title) for level, anchor, title in made.headings]
    else:
        found = [(level, look.to.page(text.path, anchor), title) for _, level, anchor, title in text.headings]
    levels = sorted({level for level, _, _ in found if level > 1})[:3]
    return [(levels.index(level), address, title) for level, address, title in found if level in levels][:120]


def _parts(look: Look, text: PageText) -> dict[str, Any]:
    """Links to the parts of a long text before and after this one."""
    after = look.to.page(text.path, **{"from": text.next_line}) if text.next_line else ""
    return {"first": text.first, "last": text.last, "lines": text.lines, "start": look.to.page(text.path), "after": after}


def _record(look: Look, document: str) -> Record | None:
    with suppress(GitkbError):
        return look.base.show(f"wiki/summaries/{document}.md", look.rev).record
    return None


def _original_path(record: Record | None) -> str:
    return next((file for file in record.files if file.startswith("raw/")), "") if record else ""


def _approval(view: View, path: str) -> PageRow | None:
    return view.rows.page.get(path)


def _last(view: View, text: PageText) -> RevisionName | None:
    """The last change of the page or document."""
    name = f"wiki/summaries/{text.document}.md" if text.document else text.path
    return view.interface.last(view.base, name, view.commit)


def _linked(view: View, path: str) -> tuple[list[Entry], int]:
    """The pages that link here, but lists, and how many there are; -1 while that is not known yet."""
    found = view.interface.linked(path, view.commit)
    if found is None:
        return [], -1
    return [_entry(view, each) for each in found[:_MOST_LINKS]], len(found)


def _entry(view: View, path: str) -> Entry:
    document = path.replace("wiki/sources/", "wiki/summaries/", 1) if path.startswith("wiki/sources/") else path
    title = view.titles.get(document) or path.rpartition("/")[2].removesuffix(".md")
    note = "full text" if document != path else ""
    return Entry(view.to.page(path), title, note, path.split("/")[1])


def _related(view: View, path: str) -> list[Entry]:
    """The pages of the same kind that share most with this one: rare things count more."""
    near = view.interface.near(view.base, view.rev, view.commit)
    graph, beside = near.graph, near.beside
    here = near.number.get(path.replace("wiki/sources/", "wiki/summaries/", 1), -1)
    scores: dict[int, float] = {}
    for between in beside.get(here, ()):
        for far in beside[between] if len(beside[between]) < 400 else ():
            if far != here:
                scores[far] = scores.get(far, 0.0) + 1 / len(beside[between])
    best = sorted(scores, key=lambda at: (-scores[at], graph.nodes[at].path))[:_MOST_RELATED]
    return [Entry(view.to.page(graph.nodes[at].path), graph.nodes[at].title, "", graph.nodes[at].kind) for at in best]


# The source beside a claim.


class Beside(Struct, frozen=True):
    """The place of a claim in its document: the text around it with the sentence marked. `exact` says whether the sentence was
    found in it, `page` is the number of the page of a PDF (0: none), `by` says which commit and person brought the claim."""

    title: str
    place: str
    claim: str
    html: Markup
    exact: bool
    whole: str
    document: str = ""
    page: int = 0
    picture: str = ""
    original: str = ""
    by: BlameLine | None = None
    said: str = ""


def _nothing_beside() -> Beside:
    return Beside("Nothing to show", "", "", Markup(), False, "", said="This page has no such claim any more.")


def _beside(look: Look, text: PageText, found: Citation | None, *, blame: bool) -> Beside:
    if found is None:
        return _nothing_beside()
    try:
        source = look.base.read(found.path, found.anchor, most=_BESIDE, at=look.rev)
    except NotFound:
        try:
            source = look.base.read(found.path, most=_BESIDE, at=look.rev)
        except NotFound as error:
            return Beside(found.label, "", found.text, Markup(), False, "", said=error.message)
    made = rendered(source.path, source.text, source.first, Links(look.to.page, look.to.file)).html
    record = _record(look, source.document) if source.document else None
    shown, exact = marked(made, (found.text, *_quotes(record, found.text)))
    numbered = _NUMBERED.fullmatch(found.anchor)
    is_pdf = record is not None and record.source.media_type == "application/pdf"
    page = int(numbered[1]) if numbered and is_pdf else 0
    by = None
    if blame:
        with suppress(GitkbError):
            by = next(iter(look.base.blame(text.path, found.line, look.rev).lines), None)
    original = _original_path(record)
    return Beside(
        record.title if record else source.title,
        found.label,
        found.text,
        Markup(shown),
        exact,
        look.to.page(found.path, found.anchor),
        source.document,
        page,
        look.to.to(f"/original/{quote(source.document)}", page=page, words=found.text[:400]) if page else "",
        look.to.file(original) if original else "",
        by,
    )


def _quotes(record: Record | None, text: str) -> list[str]:
    """The verbatim passages behind a claim, where they differ from its words."""
    topics = record.topics if record else ()
    return [claim.quote for topic in topics for claim in topic.claims if claim.text == text and claim.quote]


# Originals, pictures, search.


def original(view: View) -> Response:
    """The pages of a PDF as pictures, with the words of a claim marked."""
    document = str(view.request.path_params["document"])
    record = view.base.show(f"wiki/summaries/{document}.md", view.rev).record
    path = _original_path(record)
    if record is None or record.source.media_type != "application/pdf":
        raise UsageError(f"The original of {document} is shown as text alone.", "Download it to see it as it is.")
    count, number = max(record.source.pages, 1), 0
    number = view.number("page", 1, count)
    words = view.query("words", 400)
    picture = view.to.to(f"/drawn/{quote(document)}/{number}.jpg", words=words)
    place = f"/original/{quote(document)}"
    return view.render(
        "original.html",
        title=record.title,
        document=document,
        number=number,
        pages=count,
        picture=picture,
        words=words,
        file=view.to.file(path),
        before=view.to.to(place, page=number - 1) if number > 1 else "",
        after=view.to.to(place, page=number + 1) if number < count else "",
        text=view.to.page(f"wiki/sources/{document}.md", f"page-{number}"),
    )


def drawn(view: View) -> Response:
    """A page of a PDF as a picture."""
    params = view.request.path_params
    content = view.base.revisions.original_page(
        str(params["document"]), int(params["number"]), view.query("words", 400), view.rev
    )
    return Response(content, media_type="image/jpeg", headers={"cache-control": "private, max-age=600"})


def file(view: View) -> Response:
    """A picture of a page, shown; anything else as a download."""
    path = str(view.request.path_params["path"])
    ending = f".{path.rpartition('.')[2].lower()}"
    sealed = {"content-security-policy": "default-src 'none'; sandbox", "cache-control": "private, max-age=600"}
    if path.startswith("wiki/") and ending in PICTURES:
        return Response(view.base.revisions.file(path, view.rev), media_type=PICTURES[ending], headers=sealed)
    content = view.base.revisions.file(path, view.rev)
    name = path.rpartition("/")[2]
    sealed["content-disposition"] = f"attachment; filename*=utf-8''{quote(name)}"
    return Response(content, media_type="application/octet-stream", headers=sealed)


def search(view: View) -> Response:
    """What a search finds; with `part=hits` the results alone, for a page that asks while somebody types."""
    words, scope = view.query("q", 400), view.query("scope") or "all"
    known = dict(SCOPES)
    scope = scope if scope in known else "all"
    hits, said = [], ""
    if words.strip():
        try:
            hits = _found(view, words, scope)
        except UsageError as error:
            said = error.message
    values: dict[str, Any] = {"words": words, "scope": scope, "hits": hits, "scopes": SCOPES, "problem": said}
    values["places"] = [view.to.page(hit.page, line=hit.line, mark=_words_of(hit.snippet)) + "#gk-mark" for hit in hits]
    return view.render("hits.html" if view.query("part") == "hits" else "search.html", **values)


def _found(view: View, words: str, scope: str) -> list[SearchHit]:
    """What a search finds. While somebody types, the last word may be the beginning of one."""
    limit = view.number("limit", 20, 100)
    hits = view.base.search(words, scope=scope, limit=limit, at=view.rev)
    if not hits and view.query("part") == "hits" and words[-1:].isalnum():
        hits = view.base.search(f"{words}*", scope=scope, limit=limit, at=view.rev)
    return hits


def _words_of(snippet: str) -> str:
    """The longest piece of a snippet that stands as it is in the text."""
    return max(snippet.split("…"), key=len).strip()[:160]


def led(view: View) -> Response:
    """The time picker: leads to the page that somebody came from, at another revision."""
    back = view.query("back") or "/"
    back = back if back.startswith("/") and not back.startswith("//") and "\\" not in back else "/"
    chosen, date = view.query("rev"), view.query("day")
    if "rev" in view.request.query_params or date:
        rev = view.base.revisions.of_day(date, chosen or None) if date else chosen
        if rev:
            view.base.commit(rev)
        path, _, asked = back.partition("?")
        kept = "&".join(each for each in asked.split("&") if each and not each.startswith(("at=", "done=")))
        asked = "&".join(filter(None, (kept, f"at={quote(rev)}" if rev else "")))
        return RedirectResponse(path + (f"?{asked}" if asked else ""), 303)
    names = view.base.revisions.names()
    recent = list(islice(view.base.log(None, 30), 30))
    return view.render("time.html", names=names, recent=recent, back=back, today=day(recent[0].time) if recent else "")
