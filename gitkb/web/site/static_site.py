"""The pages of a wiki as static files that any host can publish, with a search that needs no server.

Invariant: the pages are made by the same functions and templates as those of the server. Nothing is published but the wiki and
its pictures; originals are not. Links are relative, so the folder can stand anywhere. A folder that holds something else stays as
it is.
"""

from __future__ import annotations

import gc
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from markupsafe import Markup
from msgspec import Struct

from gitkb.api.named_revisions import body_of, page_of
from gitkb.errors import InTheWay, UsageError
from gitkb.web.reading import Entry, untitled
from gitkb.web.rendering import Citation, Links, rendered, targets
from gitkb.web.site import search_index
from gitkb.web.site.kept_pages import Facts, Kept, KeptPages, Made, among, text_id
from gitkb.web.view import HERE, PICTURES, environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

MARK = ".gitkb-site"
OWN = (
    "wiki",
    "search",
    "static",
    "documents",
    "index.html",
    "documents.html",
    "pages.html",
    "search.html",
    "sitemap.xml",
    ".nojekyll",
)
"""What a site has at its top, and what goes when it is written anew."""
_BATCH, _ALONE = 24, 150
_MOST_LINKED, _MOST_NOTE = 60, 140
_GARBAGE = 50_000
"""How many new objects are looked through at once: pages leave few circles behind, and looking for them takes time."""


class Site(Struct, frozen=True):
    """What is to be published: the `name` of the knowledge base, what reads each file of its wiki, a sentence `said` on each
    page, and the address at which it will stand, "" if that is not known. `memory` is a folder in which pages are kept for the
    next time, None for nowhere."""

    name: str
    files: Mapping[str, Callable[[], bytes]]
    said: str = ""
    base_url: str = ""
    memory: Path | None = None


class Written(Struct, frozen=True):
    """A site that was written: its folder, how many pages and how many other files of the wiki it has."""

    folder: str
    pages: int
    files: int


class Shared(Struct, frozen=True):
    """What every page of a site is made with."""

    name: str
    said: str
    base_url: str
    published: frozenset[str]


class Task(Struct, frozen=True):
    """A page to be made: its file in the site, its text from the line `first`, and (path, title) of the pages that link to it,
    the first of `linked_count`."""

    path: str
    file: str
    title: str
    text: str
    first: int
    document: str
    linked: tuple[tuple[str, str], ...]
    linked_count: int


class Relative:
    """The addresses of a site as seen from one of its pages."""

    at = ""

    def __init__(self, here: str, published: frozenset[str]) -> None:
        self._up, self._published = "../" * here.count("/"), published
        self.led: set[str] = set()
        self.missed: set[str] = set()

    def way(self, path: str) -> str:
        """The way to a file of the site."""
        return self._up + quote(path)

    def to(self, place: str, /, **query: object) -> str:
        """A page of the interface; "" for what needs the server."""
        folder = str(query.get("folder") or "")
        if place == "/documents" and folder:
            return self.way(f"documents/{folder}.html")
        found = {"/": "index.html", "/documents": "documents.html", "/pages": "pages.html", "/search": "search.html"}.get(place)
        return self.way(found) if found else ""

    def page(self, path: str, anchor: str = "", /, **query: object) -> str:
        """The page of a Markdown file, "" where it is not published."""
        if not self._is_published(path):
            return ""
        if not path.endswith(".md"):
            return self.way(path)
        return self.way(f"{path.removesuffix('.md')}.html") + (f"#{quote(anchor)}" if anchor else "")

    def file(self, path: str) -> str:
        """A picture; originals are not published."""
        return self.way(path) if self._is_published(path) and path.startswith("wiki/") else ""

    def _is_published(self, path: str) -> bool:
        found = path in self._published
        (self.led if found else self.missed).add(path)
        return found

    def static(self, name: str) -> str:
        """A file of the interface itself."""
        return self.way(f"static/{name}")

    def quoted(self, found: Citation) -> str:
        """The place of a claim, with the words that a browser marks there."""
        address = self.page(found.path, found.anchor)
        words = found.text.rstrip(".").split()
        start, end = " ".join(words[:5]), " ".join(words[-4:]) if len(words) > 9 else ""
        marked = ",".join(quote(part, safe="").replace("-", "%2D") for part in (start, end) if part)
        return address and f"{address}{'' if found.anchor else '#'}:~:text={marked}"


class Folder:
    """The folder of a site. A file that is there with the same bytes is left as it is; `sweep` removes what an earlier site had
    more."""

    def __init__(self, folder: Path) -> None:
        """Takes a folder that is new, empty or an earlier site; `InTheWay` for another."""
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise InTheWay(f"{folder} is no folder.", "Name a new one.")
        if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
            raise InTheWay(f"{folder} holds something else than a site.", "Name a new or empty folder.")
        self.folder, self._written = folder, {MARK}
        for file in self._own():
            if file.is_symlink():
                file.unlink()
        put(folder / MARK, b"")

    def put(self, path: str, content: bytes) -> None:
        """Writes a file."""
        put(self.folder / path, content)
        self.keep(path)

    def keep(self, path: str) -> None:
        """Says that a file belongs to the site."""
        self._written.add(path)

    def sweep(self) -> None:
        """Removes the files and folders of an earlier site that this one has not."""
        for file in sorted(self._own(), reverse=True):
            if file.is_dir():
                if not any(file.iterdir()):
                    file.rmdir()
            elif file.relative_to(self.folder).as_posix() not in self._written:
                file.unlink()

    def _own(self) -> Iterator[Path]:
        for name in OWN:
            top = self.folder / name
            if top.is_symlink() or top.exists():
                yield top
            if top.is_dir() and not top.is_symlink():
                for at, folders, files in os.walk(top):
                    yield from (Path(at, each) for each in (*folders, *files))


def put(file: Path, content: bytes) -> None:
    """Writes a file, unless it has these bytes."""
    try:
        if file.is_file() and file.read_bytes() == content:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror or error}.", "Choose another folder.") from error


def write(site: Site, folder: Path, jobs: int = 0) -> Written:
    """Writes a site into a folder that is new, empty or an earlier site; `InTheWay` otherwise. `jobs` 0 is one per core."""
    out = Folder(folder)
    published = frozenset(path for path in site.files if path.endswith(".md") or _is_picture(path))
    pages = {path: site.files[path]() for path in sorted(published) if path.endswith(".md")}
    for path in published - pages.keys():
        out.put(path, site.files[path]())
    shared = Shared(site.name, site.said, site.base_url.rstrip("/"), published)
    facts, made = _all(shared, out, pages, KeptPages(site.memory), jobs or os.cpu_count() or 1)
    searched = [path for path in sorted(made) if _is_searched(path)]
    told = [(f"{quote(path.removesuffix('.md'))}.html", facts[path].title, facts[path].note) for path in searched]
    for name, content in search_index.files(told, [made[path].words for path in searched]):
        out.put(f"search/{name}", content)
    _lists(shared, out, facts)
    for file in (HERE / "static").iterdir():
        if file.name != "graph.js":
            out.put(f"static/{file.name}", file.read_bytes())
    if shared.base_url:
        out.put("sitemap.xml", _sitemap(shared, sorted(pages)).encode())
    out.put(".nojekyll", b"")
    out.sweep()
    return Written(str(folder), len(pages), len(published) - len(pages))


def _is_picture(path: str) -> bool:
    return f".{path.rpartition('.')[2].lower()}" in PICTURES


def _is_searched(path: str) -> bool:
    return not path.startswith("wiki/summaries/") and not path.rpartition("/")[2].startswith("index")


def _facts(path: str, content: bytes) -> Facts:
    text = page_of(path, content)
    note = (text.description or " ".join(text.text[:400].split()))[:_MOST_NOTE]
    to = () if path.rpartition("/")[2].startswith("index") else tuple(sorted(targets(path, text.text)))
    return Facts(text.title, note, to)


# Pages, in several processes where there are many.


def _all(
    shared: Shared, out: Folder, pages: Mapping[str, bytes], known: KeptPages, jobs: int
) -> tuple[dict[str, Facts], dict[str, Made]]:
    """Writes all pages: those that would be made the same as last time without making them again."""
    ids = {path: text_id(content) for path, content in pages.items()}
    facts = {path: known.facts(path, ids[path]) or _facts(path, content) for path, content in pages.items()}
    linked = _linked(facts)
    made: dict[str, Made] = {}
    amidst: dict[str, str] = {}
    tasks: list[Task] = []
    for path, content in pages.items():
        link, count = tuple(linked.get(path, ())[:_MOST_LINKED]), len(linked.get(path, ()))
        document = _document(path, shared.published)
        amidst[path] = among(shared.name, shared.said, shared.base_url, document, link, count)
        file = f"{path.removesuffix('.md')}.html"
        out.keep(file)
        found = known.made(path, ids[path], amidst[path], shared.published)
        if found is None:
            text, first = body_of(content)
            tasks.append(Task(path, str(out.folder / file), facts[path].title, text, first, document, link, count))
        else:
            put(out.folder / file, found.html)
            made[path] = found
    made |= _made(shared, tasks, jobs)
    for path in pages:
        known.keep(path, Kept(ids[path], facts[path], amidst[path], made[path]))
    known.save()
    return facts, made


def _linked(facts: Mapping[str, Facts]) -> dict[str, list[tuple[str, str]]]:
    """For each page the paths and titles of the pages that link to it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for path, each in facts.items():
        for target in each.targets:
            found.setdefault(target, []).append((path, each.title))
    return found


_shared: list[Shared] = []


def _made(shared: Shared, tasks: Sequence[Task], jobs: int) -> dict[str, Made]:
    """Makes and writes pages."""
    batches = list(_batches(tasks))
    if len(tasks) < _ALONE or jobs < 2:
        _shared[:] = [shared]
        made = [each for batch in batches for each in _batch(batch)]
    else:
        with ProcessPoolExecutor(jobs, get_context("spawn"), _start, (shared,)) as pool:
            made = [each for found in pool.map(_batch, batches) for each in found]
    return dict(zip((task.path for batch in batches for task in batch), made, strict=True))


def _batches(tasks: Sequence[Task]) -> Iterator[list[Task]]:
    """The tasks in parts that take about the same time."""
    items = sorted(tasks, key=lambda task: (-len(task.text), task.path))
    count = max(1, len(items) // _BATCH)
    for start in range(count):
        yield items[start::count]


def _start(shared: Shared) -> None:
    gc.set_threshold(_GARBAGE)
    _shared[:] = [shared]


def _batch(tasks: Sequence[Task]) -> list[Made]:
    found = []
    for task in tasks:
        to = Relative(task.path, _shared[0].published)
        page = _page(_shared[0], task, to).encode("utf-8", "replace")
        put(Path(task.file), page)
        words = search_index.words_of(task.title, task.text) if _is_searched(task.path) else {}
        found.append(Made(page, words, tuple(sorted(to.led)), tuple(sorted(to.missed))))
    return found


def _page(shared: Shared, task: Task, to: Relative) -> str:
    path = task.path
    is_source = path.startswith("wiki/sources/")
    made = rendered(path, task.text, task.first, Links(to.page, to.file, None if is_source else to.quoted))
    levels = sorted({level for level, _, _ in made.headings if level > 1})[:3]
    linked = [Entry(to.page(each), title, "full text" if each.startswith("wiki/sources/") else "") for each, title in task.linked]
    return _template(
        shared,
        "page.html",
        path,
        to,
        title=task.title,
        path=path,
        kind=path.split("/")[1] if path.count("/") > 1 else "",
        document=task.document,
        body=Markup(untitled(made.html, task.title)),
        outline=[(levels.index(level), f"#{anchor}", title) for level, anchor, title in made.headings if level in levels][:120],
        parts=None,
        record=None,
        original="",
        linked=(linked, task.linked_count),
        related=[],
        beside=None,
        approval=None,
        last=None,
    )


def _template(shared: Shared, name: str, here: str, to: Relative, **values: Any) -> str:
    address = f"{shared.base_url}/{quote(here.removesuffix('.md'))}.html" if shared.base_url and here.endswith(".md") else ""
    site = {"index": to.way("search/"), "said": shared.said, "canonical": address}
    whole = {"to": to, "view": None, "name": shared.name, "site": site, "said": "", **values}
    return environment().get_template(name).render(whole)


def _document(path: str, published: frozenset[str]) -> str:
    """The document of whose pages this is one, "" for none."""
    for folder in ("wiki/summaries/", "wiki/sources/"):
        name = path[len(folder) : -3].split("--")[0] if path.startswith(folder) else ""
        if name and f"wiki/summaries/{name}.md" in published and not name.rpartition("/")[2].startswith("index"):
            return name
    return ""


# Lists.


def _lists(shared: Shared, out: Folder, facts: Mapping[str, Facts]) -> None:
    """Writes the start page, the lists, and the page of the search."""
    documents = sorted(
        path[len("wiki/summaries/") : -3] for path in facts if _document(path, shared.published) and "/summaries/" in path
    )
    folders = sorted({"/".join(name.split("/")[:depth]) for name in documents for depth in range(1, name.count("/") + 1)})
    topics = sorted(
        (
            path
            for path in facts
            if path.startswith(("wiki/concepts/", "wiki/entities/")) and not path.endswith("/index.md") and "/index--" not in path
        ),
        key=lambda path: (facts[path].title.casefold(), path),
    )
    for folder in ("", *folders):
        here = f"documents/{folder}.html" if folder else "documents.html"
        _list(shared, out, here, "documents.html", **_folder(facts, folder, documents, Relative(here, shared.published)))
    to = Relative("pages.html", shared.published)
    rows = [{"address": to.page(path), "title": facts[path].title, "kind": path.split("/")[1]} for path in topics]
    _list(shared, out, "pages.html", "site_pages.html", rows=rows)
    _list(shared, out, "search.html", "site_search.html")
    to = Relative("index.html", shared.published)
    weight = Counter(target for path in facts for target in facts[path].targets)
    best = sorted(topics, key=lambda path: (-weight[path], path))[:40]
    top = _folder(facts, "", documents, to)
    _list(
        shared,
        out,
        "index.html",
        "site_start.html",
        documents=len(documents),
        pages=len(topics),
        folders=top["folders"],
        rows=top["rows"],
        best=[Entry(to.page(path), facts[path].title) for path in best],
    )


def _list(shared: Shared, out: Folder, here: str, template: str, **values: Any) -> None:
    text = _template(shared, template, here, Relative(here, shared.published), **values)
    out.put(here, text.encode("utf-8", "replace"))


def _folder(facts: Mapping[str, Facts], folder: str, documents: Sequence[str], to: Relative) -> dict[str, Any]:
    """The values of the list of one folder."""
    prefix = f"{folder}/" if folder else ""
    inside = [name for name in documents if name.startswith(prefix)]
    counts = Counter(name[len(prefix) :].partition("/")[0] for name in inside if "/" in name[len(prefix) :])
    rows = [
        {"document": name, "title": facts[f"wiki/summaries/{name}.md"].title, "source_pages": 0, "changed_since_approval": ()}
        for name in inside
        if "/" not in name[len(prefix) :]
    ]
    parts = folder.split("/") if folder else []
    crumbs = [Entry(to.to("/documents"), "Documents")]
    crumbs += [Entry(to.to("/documents", folder="/".join(parts[: at + 1])), parts[at]) for at in range(len(parts))]
    return {
        "folder": folder,
        "words": "",
        "total": len(inside),
        "matched": len(inside),
        "folders": [(prefix + name, name, count) for name, count in sorted(counts.items())],
        "rows": rows,
        "crumbs": crumbs,
        "pager": {"before": "", "after": ""},
    }


def _sitemap(shared: Shared, pages: Sequence[str]) -> str:
    from html import escape

    lines = [f"<url><loc>{escape(f'{shared.base_url}/{quote(path[:-3])}.html')}</loc></url>" for path in pages]
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        + "\n".join(lines)
        + "\n</urlset>\n"
    )
