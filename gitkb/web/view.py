"""One request and what its answer is made of: the knowledge base at one commit, addresses, templates.

Invariant: everything that an answer shows is read at one commit. Addresses carry the revision that is looked at, so that they can
be handed on.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from msgspec import Struct
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gitkb.errors import GitkbError
from gitkb.web.backlinks import Backlinks

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from gitkb import KnowledgeBase
    from gitkb.model.rows import DocumentRow, Graph, PageRow, RevisionName, Status
    from gitkb.web.guard import Who

HERE = Path(__file__).resolve().parent
PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp"}
_MOST_NOTES, _MOST_COMMITS = 500, 6
_SHORTEST_HOLD, _LONGEST_HOLD, _NOTICED = 0.2, 30.0, 0.5
_PATIENCE = 5.0
"""Seconds that whoever asks first waits for what is looked at beside, where that took less than `_NOTICED` before."""
_BRIEFLY = 2.0
_MOST_KEPT = 24_000_000
T = TypeVar("T")


class Addresses(Protocol):
    """Where things are shown: on the server, or among static files. "" for what is not shown there."""

    def to(self, place: str, /, **query: object) -> str:
        """A page of the interface, such as "/documents"."""

    def page(self, path: str, anchor: str = "", /, **query: object) -> str:
        """The page of a Markdown file of the wiki."""

    def file(self, path: str) -> str:
        """A picture or an original."""

    def static(self, name: str) -> str:
        """A file of the interface itself."""


class Served(Addresses):
    """The addresses of the server; all carry the revision `at` that is looked at."""

    def __init__(self, at: str) -> None:
        self.at = at

    def to(self, place: str, /, **query: object) -> str:
        given = {"at": self.at, **query}
        asked = {name: str(value) for name, value in given.items() if value not in ("", None)}
        return place + (f"?{urlencode(asked)}" if asked else "")

    def page(self, path: str, anchor: str = "", /, **query: object) -> str:
        if path.startswith("raw/"):
            return self.file(path)
        if not path.startswith("wiki/"):
            return ""
        inside = path.startswith("wiki/sources/") and anchor
        address = self.to(f"/{quote(path)}", **({"place": anchor, **query} if inside else query))
        return address + (f"#{quote(anchor)}" if anchor else "")

    def file(self, path: str) -> str:
        return self.to(f"/file/{quote(path)}") if path.startswith(("wiki/", "raw/")) else ""

    def static(self, name: str) -> str:
        return f"/static/{name}?{_version(name)}"


@lru_cache(64)
def _version(name: str) -> str:
    return str(int((HERE / "static" / name).stat().st_mtime))


class Rows:
    """The documents and pages of a commit, and their titles by path."""

    def __init__(self, documents: list[DocumentRow], pages: list[PageRow]) -> None:
        self.documents, self.pages = documents, pages
        self.titles = {f"wiki/summaries/{row.document}.md": row.title for row in documents}
        self.titles |= {row.page: row.title for row in pages}
        self.page = {row.page: row for row in pages}


class _Looked(Struct, frozen=True):
    """A state, how many seconds it took to look at it, and until when it is good enough."""

    status: Status
    took: float
    until: float


def _looked(base: KnowledgeBase, rev: str | None) -> _Looked:
    began = time.monotonic()
    found = base.status(rev)
    now = time.monotonic()
    return _Looked(found, now - began, now + min(120.0, 30 * (now - began)))


class Near:
    """A graph, with the number of each node by its path, and the nodes beside each."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.number = {node.path: at for at, node in enumerate(graph.nodes)}
        self.beside: dict[int, list[int]] = defaultdict(list)
        for one, other in graph.edges:
            self.beside[one].append(other)
            self.beside[other].append(one)


class Remembered:
    """Results by what they were made of, the last used, up to so many characters. Safe for threads."""

    def __init__(self, most: int) -> None:
        self._most, self._total = most, 0
        self._kept: dict[tuple[object, ...], tuple[Any, int]] = {}
        self._lock = threading.Lock()

    def of(self, key: tuple[object, ...], build: Callable[[], T], size: Callable[[T], int] = lambda _: 4_000) -> T:
        """The result of a key; made where it is not known. Two who ask at once may both make it."""
        with self._lock:
            found = self._kept.pop(key, None)
            if found is not None:
                self._kept[key] = found
                made: T = found[0]
                return made
        made = build()
        weight = size(made)
        with self._lock:
            if key not in self._kept and weight < self._most:
                self._kept[key] = (made, weight)
                self._total += weight
            while self._total > self._most:
                self._total -= self._kept.pop(next(iter(self._kept)))[1]
        return made


class Interface:
    """What requests share: how the knowledge base is opened, and what is remembered of commits. Safe for threads."""

    def __init__(self, open_base: Callable[[str], KnowledgeBase], name: str) -> None:
        """`open_base` opens it anew, for a person whose name a proxy gave, "" for whoever started the server."""
        self._open, self.name = open_base, name
        self._first: KnowledgeBase | None = None
        self._notes: dict[str, str] = {}
        self._rows: dict[str, Rows] = {}
        self._graphs: dict[str, Graph] = {}
        self._states: dict[str, _Looked] = {}
        self._lock = threading.Lock()
        self.jobs: dict[str, Any] = {}
        self.talks: dict[str, Any] = {}
        self._building: dict[int, threading.Lock] = defaultdict(threading.Lock)
        self._tip = ("", 0.0)
        self._acting: set[str] = set()
        self.remembered = Remembered(_MOST_KEPT)
        self._costs: dict[str, float] = {}
        self._changes: dict[str, dict[str, str]] = {}
        self._linked: dict[str, dict[str, tuple[str, ...]]] = {}
        self._backlinks = Backlinks()
        self._near: dict[str, Near] = {}

    def open_base(self, person: str) -> KnowledgeBase:
        """The knowledge base, opened anew, for a person whose name a proxy gave, "" for whoever started the server."""
        base = self._open(person)
        with self._lock:
            base.revisions.keep_open(None if self._first is None else self._first.revisions)
            self._first = self._first or base
        return base

    def note(self, text: str) -> str:
        """Remembers a sentence that the next page shows, and returns its name."""
        name = secrets.token_urlsafe(9)
        with self._lock:
            while len(self._notes) >= _MOST_NOTES:
                self._notes.pop(next(iter(self._notes)))
            self._notes[name] = text
        return name

    def noted(self, name: str) -> str:
        """The sentence of that name, once."""
        with self._lock:
            return self._notes.pop(name, "")

    def current(self, base: KnowledgeBase, *, fresh: bool = False, moves: bool = False) -> str:
        """The commit that is looked at where nobody names one: the newest, but while somebody adds documents one after another an
        earlier one for a while, so that what is remembered of it serves more than one answer. A new one is looked at beside, and
        nobody waits for what takes long. `fresh`: the newest anyhow; `moves`: for everybody from now on."""
        tip, since = self._tip
        cost = self._costs.get(tip, 0.0)
        hold = min(_LONGEST_HOLD, max(_SHORTEST_HOLD, 10 * cost))
        if tip and not fresh and time.monotonic() < since + hold:
            return tip
        commit = base.commit()
        if commit == tip:
            return tip
        if not tip or moves:
            self._tip = (commit, time.monotonic())
        elif time.monotonic() >= since + hold:
            self._beside("follow", self.warm, cost)
        return self._tip[0] if not fresh else commit

    def _beside(self, name: str, act: Callable[[], None], cost: float, patience: float = _PATIENCE) -> None:
        """Does something in a thread of its own, one of a name at a time; whoever starts it waits for it if it costs little."""

        def acted() -> None:
            try:
                with suppress(GitkbError):
                    act()
            finally:
                with self._lock:
                    self._acting.discard(name)

        with self._lock:
            if name in self._acting:
                return
            self._acting.add(name)
        thread = threading.Thread(target=acted, name=name, daemon=True)
        thread.start()
        thread.join(patience if cost < _NOTICED else 0.0)

    def rows(self, base: KnowledgeBase, rev: str | None, commit: str) -> Rows:
        """All documents and pages at a commit."""
        return self._of(self._rows, commit, lambda: Rows(base.documents(rev, commits=False), base.pages(rev)))

    def last(self, base: KnowledgeBase, path: str, commit: str) -> RevisionName | None:
        """The last commit that changed a page; None also while the history is still being read, which is done beside."""
        if commit not in self._changes:
            self._beside("changes", lambda: self._last(self.open_base(""), commit), 0.0, _BRIEFLY)
        found = self._changes.get(commit, {}).get(path)
        return base.revisions.described(found) if found else None

    def _last(self, base: KnowledgeBase, commit: str) -> None:
        self._of(self._changes, commit, lambda: base.revisions.last_changes(commit))

    def graph(self, base: KnowledgeBase, rev: str | None, commit: str) -> Graph:
        """The graph at a commit."""
        return self._of(self._graphs, commit, lambda: base.revisions.graph(rev))

    def near(self, base: KnowledgeBase, rev: str | None, commit: str) -> Near:
        """The graph at a commit, to look around in."""
        return self._of(self._near, commit, lambda: Near(self.graph(base, rev, commit)))

    def linked(self, path: str, commit: str) -> tuple[str, ...] | None:
        """The pages that link to a page at a commit, but lists; None while the pages are still being read, which is done beside
        where there are many."""
        if commit not in self._linked:
            self._beside("links", lambda: self._links(self.open_base(""), commit), 0.0, _BRIEFLY)
        found = self._linked.get(commit)
        return None if found is None else found.get(path, ())

    def _links(self, base: KnowledgeBase, commit: str) -> None:
        def build() -> dict[str, tuple[str, ...]]:
            of = base.revisions
            return self._backlinks.of(of.wiki_blobs(commit), of.reader, of.memory)

        self._of(self._linked, commit, build)

    def status(self, base: KnowledgeBase, rev: str | None, commit: str) -> Status:
        """Where the knowledge base stands at a commit. What others do beside it (edits in the folder, runs) may be seen a little
        later: the longer it takes to look, the longer the answer is kept."""
        known = self._states.get(commit)
        if known is not None and time.monotonic() > known.until:  # whoever asks meanwhile is told what was

            def look() -> None:
                self._states[commit] = _looked(self.open_base(""), rev)

            self._beside("look", look, known.took)
        return self._of(self._states, commit, lambda: _looked(base, rev)).status

    def _of(self, kept: dict[str, T], commit: str, build: Callable[[], T]) -> T:
        """What is remembered of a commit, with what is known of a few others; built by one, while others who want it wait."""
        found = kept.get(commit)
        if found is not None:
            return found
        with self._building[id(kept)]:
            found = kept.get(commit)
            if found is None:
                began = time.monotonic()
                found = build()
                self._costs[commit] = self._costs.get(commit, 0.0) + time.monotonic() - began
                for each in (kept, self._costs):
                    while len(each) > _MOST_COMMITS:
                        each.pop(next(iter(each)))
                kept[commit] = found
        return found

    def begin(self) -> None:
        """Looks at the newest commit beside."""
        self._beside("follow", self.warm, _NOTICED)

    def warm(self) -> None:
        """Looks at what the first pages of the newest commit need, so that they need not wait for it; then moves to it."""
        base = self.open_base("")
        commit = base.commit()

        def rev() -> str | None:  # what is built of the newest commit is kept on disk
            return None if base.commit() == commit else commit

        self.rows(base, rev(), commit)
        self.status(base, rev(), commit)
        self.near(base, rev(), commit)
        self._last(base, commit)
        self._links(base, commit)
        began = time.monotonic()
        base.search("page", limit=1, at=rev())  # brings the index of the search up
        self._costs[commit] = self._costs.get(commit, 0.0) + time.monotonic() - began
        self._tip = (commit, time.monotonic())


class View:
    """A request at one commit. `rev` is None where the newest state is looked at."""

    def __init__(self, interface: Interface, request: Request, *, fresh: bool = False, moves: bool = False) -> None:
        """`fresh`: the newest state, for what leads to a change or is not remembered; `moves`: for everybody, after a change."""
        self.interface, self.request = interface, request
        self.who: Who = request.state.who
        self.at = request.query_params.get("at", "")[:200]
        self.to = Served(self.at)
        self.base = interface.open_base(self.who.user)
        self.commit = self.base.commit(self.at) if self.at else interface.current(self.base, fresh=fresh or moves, moves=moves)
        self.rev = self.commit if self.at or self.commit != self.base.commit() else None

    def query(self, name: str, limit: int = 2_000) -> str:
        """A parameter of the address, "" where it is not given."""
        return self.request.query_params.get(name, "").replace("\0", "")[:limit]

    def number(self, name: str, least: int = 1, most: int = 1_000_000) -> int:
        """A parameter as a number within bounds; the least where it is none."""
        given = self.query(name, 12)
        return max(least, min(int(given), most)) if given.isdecimal() and given.isascii() else least

    @property
    def back(self) -> str:
        """The address of this page without its revision, for whoever goes to another one; of the choice of revisions, that of the
        page from which it was reached."""
        if self.request.url.path == "/time":
            return self.query("back") or "/"
        kept = [each for each in self.request.url.query.split("&") if each and not each.startswith(("at=", "done="))]
        return self.request.url.path + (f"?{'&'.join(kept)}" if kept else "")

    @property
    def can_write(self) -> bool:
        """Whether this person may change the knowledge base, and looks at its present state."""
        return self.who.can_write and not self.at

    @property
    def titles(self) -> dict[str, str]:
        """Titles of pages by path."""
        return self.rows.titles

    @property
    def rows(self) -> Rows:
        """All documents and pages."""
        return self.interface.rows(self.base, self.rev, self.commit)

    def render(self, template: str, code: int = 200, **values: Any) -> Response:
        """A page of the interface."""
        whole = {"to": self.to, "view": self, "name": self.interface.name, "site": None, **values}
        whole["said"] = self.interface.noted(self.query("done", 40)) if "done" in self.request.query_params else ""
        return HTMLResponse(environment().get_template(template).render(whole), code)

    def done(self, place: str, text: str) -> Response:
        """Leads to a page that shows a sentence about what was done."""
        path, hash_, fragment = place.partition("#")
        joint = "&" if "?" in path else "?"
        return RedirectResponse(f"{path}{joint}done={self.interface.note(text)}{hash_}{fragment}", 303)


def steady(
    interface: Interface, request: Request, answer: Callable[[View], Response], *, fresh: bool = False, moves: bool = False
) -> Response:
    """The answer of one state: made again, of that commit by its name, where the branch moved meanwhile."""
    view = View(interface, request, fresh=fresh, moves=moves)
    response = answer(view)
    if view.rev is None and view.base.commit() != view.commit:
        view.rev = view.commit
        response = answer(view)
    return response


@lru_cache(1)
def environment() -> Environment:
    """The templates, which escape everything that is not said to be HTML."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "day": day,
        "ago": ago,
        "short": lambda commit: commit[:7],
        "name": name_of,
        "count": counted,
        "person": person,
    }
    made.globals["icon"] = _icon
    return made


def day(time: str) -> str:
    """The day of a time in ISO 8601."""
    return time[:10]


def ago(time: str) -> str:
    """How long ago a time (ISO 8601) was, in words."""
    try:
        then = datetime.fromisoformat(time)
    except ValueError:
        return time
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    seconds = (datetime.now(UTC) - then).total_seconds()
    for unit, length in (("year", 31_557_600), ("month", 2_629_800), ("week", 604_800), ("day", 86_400), ("hour", 3_600)):
        if seconds >= length:
            return counted(int(seconds // length), f"{unit}") + " ago"
    return counted(int(seconds // 60), "minute") + " ago" if seconds >= 60 else "just now"


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: "1 page", "2 pages"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def name_of(path: str) -> str:
    """A page's path as people write it: "concepts/raft"."""
    return path.removeprefix("wiki/").removesuffix(".md")


def person(author: str) -> str:
    """The name of an author without the address, or the address of whoever approved."""
    author = author.removeprefix("human:")
    return re.sub(r"\s*<[^>]*>\s*$", "", author) or author


_ICONS = {
    "search": "M10 4a6 6 0 1 0 3.7 10.7l4.8 4.8 1.4-1.4-4.8-4.8A6 6 0 0 0 10 4zm0 2a4 4 0 1 1 0 8 4 4 0 0 1 0-8z",
    "check": "M9 16.2 4.8 12l-1.4 1.4L9 19 21 7l-1.4-1.4z",
    "clock": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 2a7 7 0 1 1 0 14 7 7 0 0 1 0-14zm-1 2v6l4 3 1.2-1.6L13 12V7z",
}


def _icon(name: str) -> Markup:
    return Markup(f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{_ICONS[name]}"/></svg>')
