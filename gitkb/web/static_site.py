"""The pages of a wiki as static files that any host can publish, with a search that needs no server.

Invariant: the pages are made by the same functions and templates as those of the server. Nothing is published but the wiki and
its pictures; originals are not. Links are relative, so the folder can stand anywhere. A folder that holds something else stays as
it is.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import unicodedata
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from markupsafe import Markup
from msgspec import Struct, field

from gitkb.api.named_revisions import page_of
from gitkb.errors import InTheWay, UsageError
from gitkb.web.reading import Entry, untitled
from gitkb.web.rendering import Citation, Links, rendered, targets
from gitkb.web.view import HERE, PICTURES, environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gitkb.model.rows import PageText

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
_MOST_LINKED, _MOST_WORDS, _MOST_NOTE = 60, 3_000, 140
_WORD = re.compile(r"[^\W_]+")
_APART = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


class Site(Struct, frozen=True):
    """What is to be published: the `name` of the knowledge base, what reads each file of its wiki, a sentence `said` on each
    page, and the address at which it will stand, "" if that is not known."""

    name: str
    files: Mapping[str, Callable[[], bytes]]
    said: str = ""
    base_url: str = ""


class Written(Struct, frozen=True):
    """A site that was written: its folder, how many pages and how many other files of the wiki it has."""

    folder: str
    pages: int
    files: int


class Shared(Struct, frozen=True):
    """What every page of a site is made with."""

    folder: str
    name: str
    said: str
    base_url: str
    published: frozenset[str]
    titles: dict[str, str]
    linked: dict[str, tuple[str, ...]]
    words: dict[str, Any] = field(default_factory=dict)


class Relative:
    """The addresses of a site as seen from one of its pages."""

    at = ""

    def __init__(self, here: str, published: frozenset[str]) -> None:
        self._up, self._published = "../" * here.count("/"), published

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
        if path in self._published and not path.endswith(".md"):
            return self.way(path)
        if path not in self._published:
            return ""
        return self.way(f"{path.removesuffix('.md')}.html") + (f"#{quote(anchor)}" if anchor else "")

    def file(self, path: str) -> str:
        """A picture; originals are not published."""
        return self.way(path) if path in self._published and path.startswith("wiki/") else ""

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


def write(site: Site, folder: Path, jobs: int = 0) -> Written:
    """Writes a site into a folder that is new, empty or an earlier site; `InTheWay` otherwise. `jobs` 0 is one per core."""
    _clear(folder)
    published = frozenset(path for path in site.files if path.endswith(".md") or _is_picture(path))
    pages = {path: site.files[path]() for path in sorted(published) if path.endswith(".md")}
    texts = {path: page_of(path, content) for path, content in pages.items()}
    titles = {path: text.title for path, text in texts.items()}
    shared = Shared(str(folder), site.name, site.said, site.base_url.rstrip("/"), published, titles, _linked(texts))
    for path in published - pages.keys():
        _put(folder / path, site.files[path]())
    found = _rendered(shared, pages, jobs or os.cpu_count() or 1)
    _index(folder, shared, texts, found)
    _lists(shared, texts)
    for file in (HERE / "static").iterdir():
        if file.name != "graph.js":
            _put(folder / "static" / file.name, file.read_bytes())
    if shared.base_url:
        _put(folder / "sitemap.xml", _sitemap(shared, sorted(pages)).encode())
    _put(folder / ".nojekyll", b"")
    return Written(str(folder), len(pages), len(published) - len(pages))


def _is_picture(path: str) -> bool:
    return f".{path.rpartition('.')[2].lower()}" in PICTURES


def _clear(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise InTheWay(f"{folder} is no folder.", "Name a new one.")
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / MARK).is_file():
            raise InTheWay(f"{folder} holds something else than a site.", "Name a new or empty folder.")
        for name in OWN:
            old = folder / name
            shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink(missing_ok=True)
    _put(folder / MARK, b"")


def _put(file: Path, content: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror or error}.", "Choose another folder.") from error


def _linked(texts: Mapping[str, PageText]) -> dict[str, tuple[str, ...]]:
    """For each page the pages that link to it, but lists."""
    found: dict[str, set[str]] = {}
    for path, text in texts.items():
        if path.rpartition("/")[2].startswith("index"):
            continue
        for target in targets(path, text.text):
            found.setdefault(target, set()).add(path)
    return {path: tuple(sorted(pages)) for path, pages in found.items()}


# Pages, in several processes where there are many.

_shared: list[Shared] = []


def _rendered(shared: Shared, pages: Mapping[str, bytes], jobs: int) -> list[tuple[str, dict[str, int]]]:
    """Writes all pages; returns the words of those that are searched."""
    batches = list(_batches(pages))
    if len(pages) < _ALONE or jobs < 2:
        _start(shared)
        return [each for batch in batches for each in _batch(batch)]
    with ProcessPoolExecutor(jobs, get_context("spawn"), _start, (shared,)) as pool:
        return [each for found in pool.map(_batch, batches) for each in found]


def _batches(pages: Mapping[str, bytes]) -> Iterator[list[tuple[str, bytes]]]:
    items = sorted(pages.items(), key=lambda item: (-len(item[1]), item[0]))
    count = max(1, len(items) // _BATCH)
    for start in range(count):
        yield items[start::count]


def _start(shared: Shared) -> None:
    _shared[:] = [shared]


def _batch(batch: Sequence[tuple[str, bytes]]) -> list[tuple[str, dict[str, int]]]:
    shared, found = _shared[0], []
    for path, content in batch:
        text = page_of(path, content)
        _put(Path(shared.folder) / f"{path.removesuffix('.md')}.html", _page(shared, path, text).encode("utf-8", "replace"))
        if _is_searched(path):
            found.append((path, words_of(text)))
    return found


def _page(shared: Shared, path: str, text: PageText) -> str:
    to = Relative(path, shared.published)
    is_source = path.startswith("wiki/sources/")
    made = rendered(path, text.text, text.first, Links(to.page, to.file, None if is_source else to.quoted))
    document = _document(path, shared.published)
    levels = sorted({level for level, _, _ in made.headings if level > 1})[:3]
    linked = [
        Entry(to.page(each), shared.titles[each], "full text" if each.startswith("wiki/sources/") else "")
        for each in shared.linked.get(path, ())
    ]
    return _template(
        shared,
        "page.html",
        path,
        to,
        title=text.title,
        path=path,
        kind=path.split("/")[1] if path.count("/") > 1 else "",
        document=document,
        body=Markup(untitled(made.html, text.title)),
        outline=[(levels.index(level), f"#{anchor}", title) for level, anchor, title in made.headings if level in levels][:120],
        parts=None,
        record=None,
        original="",
        linked=(linked[:_MOST_LINKED], len(linked)),
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


# Search.


def _is_searched(path: str) -> bool:
    return not path.startswith("wiki/summaries/") and not path.rpartition("/")[2].startswith("index")


def words_of(text: PageText) -> dict[str, int]:
    """How often each word stands in a page, folded; those of the title count ten times."""
    counts = Counter(folded(text.text))
    for word in folded(text.title):
        counts[word] += 10
    return dict(counts.most_common(_MOST_WORDS))


def folded(text: str) -> Iterator[str]:
    """The words of a text as search compares them: lower case, without accents, each sign of Chinese or Japanese alone."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(char for char in plain if not unicodedata.combining(char)).lower() if not plain.isascii() else plain.lower()
    for word in _WORD.findall(plain):
        if _APART.search(word):
            yield from word
        elif len(word) < 40:
            yield word


def shard(word: str) -> str:
    """The file of the index that has a word."""
    return "w-" + "-".join(_base36(ord(char)) for char in word[:2])


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits


def _index(folder: Path, shared: Shared, texts: Mapping[str, PageText], found: Sequence[tuple[str, dict[str, int]]]) -> None:
    """Writes the index: the pages, and for each beginning of words a file of where these stand."""
    ordered = sorted(found)
    pages = [[f"{quote(path.removesuffix('.md'))}.html", shared.titles[path], _note(texts[path])] for path, _ in ordered]
    _put(folder / "search" / "pages.json", _json(pages))
    shards: dict[str, dict[str, list[int]]] = {}
    for number, (_, words) in enumerate(ordered):
        for word, count in words.items():
            shards.setdefault(shard(word), {}).setdefault(word, []).extend((number, min(count, 99)))
    for name, places in shards.items():
        _put(folder / "search" / f"{name}.json", _json(places))


def _note(text: PageText) -> str:
    return (text.description or " ".join(text.text[:400].split()))[:_MOST_NOTE]


def _json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


# Lists.


def _lists(shared: Shared, texts: Mapping[str, PageText]) -> None:
    """Writes the start page, the lists, and the page of the search."""
    documents = sorted(
        path[len("wiki/summaries/") : -3] for path in texts if _document(path, shared.published) and "/summaries/" in path
    )
    folders = sorted({"/".join(name.split("/")[:depth]) for name in documents for depth in range(1, name.count("/") + 1)})
    topics = sorted(
        (
            path
            for path in texts
            if path.startswith(("wiki/concepts/", "wiki/entities/")) and not path.endswith("/index.md") and "/index--" not in path
        ),
        key=lambda path: (shared.titles[path].casefold(), path),
    )
    for folder in ("", *folders):
        here = f"documents/{folder}.html" if folder else "documents.html"
        _list(shared, here, "documents.html", **_folder(shared, folder, documents, Relative(here, shared.published)))
    to = Relative("pages.html", shared.published)
    rows = [{"address": to.page(path), "title": shared.titles[path], "kind": path.split("/")[1]} for path in topics]
    _list(shared, "pages.html", "site_pages.html", rows=rows)
    _list(shared, "search.html", "site_search.html")
    to = Relative("index.html", shared.published)
    weight = {path: len(shared.linked.get(path, ())) for path in topics}
    best = sorted(topics, key=lambda path: (-weight[path], path))[:40]
    top = _folder(shared, "", documents, to)
    _list(
        shared,
        "index.html",
        "site_start.html",
        documents=len(documents),
        pages=len(topics),
        folders=top["folders"],
        rows=top["rows"],
        best=[Entry(to.page(path), shared.titles[path]) for path in best],
    )


def _list(shared: Shared, here: str, template: str, **values: Any) -> None:
    text = _template(shared, template, here, Relative(here, shared.published), **values)
    _put(Path(shared.folder) / here, text.encode("utf-8", "replace"))


def _folder(shared: Shared, folder: str, documents: Sequence[str], to: Relative) -> dict[str, Any]:
    """The values of the list of one folder."""
    prefix = f"{folder}/" if folder else ""
    inside = [name for name in documents if name.startswith(prefix)]
    counts = Counter(name[len(prefix) :].partition("/")[0] for name in inside if "/" in name[len(prefix) :])
    rows = [
        {"document": name, "title": shared.titles[f"wiki/summaries/{name}.md"], "source_pages": 0, "changed_since_approval": ()}
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
