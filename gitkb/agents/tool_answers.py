"""What each tool answers: a result of the library, bounded, as plain data and as short text.

Invariant: a call reads one commit and names it. What documents say stands between marks that it cannot forge; everything that was
cut is counted, with the argument that goes on from there. Errors are the library's own words with their remedy.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any, NotRequired, TypeVar

from msgspec import to_builtins
from typing_extensions import TypedDict

from gitkb.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from gitkb import KnowledgeBase
    from gitkb.model.rows import SearchHit

SCHEME = "gitkb://"
CHARACTERS_PER_TOKEN = 4
MOST_TOKENS = 20_000
MOST_ROWS = 200
MOST_HITS = 50
MOST_DIFF = 8_000
MOST_OPEN = 8
MOST_NAMED = 20
MOST_HEADINGS = 60
FETCHED_TOKENS = 8_000
_TRIES = 5
_FORGED = re.compile(r"<(?=/?data\b)", re.IGNORECASE)
T = TypeVar("T")


class FoundPage(TypedDict):
    """A page that a search found."""

    id: str
    title: str
    url: str
    heading: str
    line: int
    snippet: str


class SearchAnswer(TypedDict):
    """What a search found, the best first; `more` says that there is more."""

    commit: str
    results: list[FoundPage]
    more: NotRequired[bool]


class PageAnswer(TypedDict):
    """Text of a page; `next_line` is there when more follows, `cut` counts the characters left out of a very long line."""

    commit: str
    id: str
    title: str
    url: str
    text: str
    first_line: int
    lines: int
    next_line: NotRequired[int]
    cut: NotRequired[int]
    metadata: NotRequired[dict[str, str]]
    headings: NotRequired[list[str]]


class FetchAnswer(TypedDict):
    """Text of a page as connectors ask for it."""

    id: str
    title: str
    url: str
    text: str
    metadata: dict[str, str]


class RowsAnswer(TypedDict):
    """Rows; `next` is the offset of the first that is not shown."""

    commit: str
    rows: list[dict[str, Any]]
    total: NotRequired[int]
    next: NotRequired[int]


class LinksAnswer(TypedDict):
    """The links of a page."""

    commit: str
    id: str
    title: str
    links_to: list[str]
    linked_from: list[str]
    next: NotRequired[int]


class ReportAnswer(TypedDict):
    """Lines of a text for people; `next_line` is there when more follows."""

    commit: str
    text: str
    next_line: NotRequired[int]


class StateAnswer(TypedDict):
    """Where the knowledge base stands."""

    commit: str
    status: dict[str, Any]


def found_page(hit: SearchHit) -> FoundPage:
    """A hit as agents are given it."""
    return FoundPage(id=hit.page, title=hit.title, url=SCHEME + hit.page, heading=hit.heading, line=hit.line, snippet=hit.snippet)


def quoted(source: str, text: str) -> str:
    """Text of the knowledge base between marks that say whose words these are."""
    named = re.sub(r"[\"<>\n]", " ", source)
    return f'<data from="{named}">\n{_FORGED.sub("&lt;", text)}\n</data>'


class _Bases:
    """Knowledge bases that stay open: the objects of git that one call has read are at hand for the next at the same commit.
    A call has its base for itself, so calls may come at once."""

    def __init__(self, open_base: Callable[[], KnowledgeBase]) -> None:
        self._open = open_base
        self._free: list[tuple[str, KnowledgeBase]] = []

    @contextmanager
    def borrowed(self) -> Iterator[KnowledgeBase]:
        """One that is opened since the last commit."""
        try:
            commit, base = self._free.pop()
            if base.commit() != commit:
                base = self._open()
        except IndexError:
            base = self._open()
        commit = base.commit()
        yield base
        if len(self._free) < MOST_OPEN:
            self._free.append((commit, base))


class Reader:
    """Answers the tools; calls may come at once. `open_base` opens the knowledge base anew."""

    def __init__(self, open_base: Callable[[], KnowledgeBase]) -> None:
        self._bases = _Bases(open_base)
        self._for_links, self._linking = open_base(), Lock()

    def search(self, query: str, scope: str, limit: int, at: str) -> SearchAnswer:
        """The pages that match a query best."""

        most = max(1, min(limit, MOST_HITS))

        def look(base: KnowledgeBase, rev: str | None) -> list[FoundPage]:
            hits = base.search(query, scope=scope, limit=most + 1, at=rev)
            return [found_page(hit) for hit in hits]

        commit, found = self._steady(at, look)
        answer = SearchAnswer(commit=commit, results=found[:most])
        if len(found) > most:
            answer["more"] = True
        return answer

    def read(self, page: str, place: str, first_line: int, max_tokens: int, at: str, *, outline: bool = True) -> PageAnswer:
        """A page, or the part of it that begins at a line or place."""
        most = max(1, min(max_tokens, MOST_TOKENS)) * CHARACTERS_PER_TOKEN
        page, place = page.removeprefix(SCHEME), place.rpartition(" > ")[2]
        commit, found = self._steady(at, lambda base, rev: base.read(page, place, first=max(1, first_line), most=most, at=rev))
        answer = PageAnswer(
            commit=commit,
            id=found.path,
            title=found.title,
            url=SCHEME + found.path,
            text=found.text,
            first_line=found.first,
            lines=found.lines,
        )
        if found.next_line is not None:
            answer["next_line"] = found.next_line
        if found.cut:
            answer["cut"] = found.cut
        if found.document:
            answer["metadata"] = {"document": found.document}
        # The top of a page that does not fit comes with its contents, any other part with the places that can be cited in it.
        whole = first_line <= 1 and not place and "next_line" in answer
        outline = outline and (whole or found.path.startswith("wiki/sources/"))
        shown = [each for each in found.headings if whole or found.first <= each[0] <= found.last]
        if outline and shown:
            listed = shown[:MOST_HEADINGS]
            answer["headings"] = [f"{'#' * level} {title} (line {line}, #{anchor})" for line, level, anchor, title in listed]
        return answer

    def fetch(self, id: str) -> FetchAnswer:
        """A page by the id of a search result; its metadata says where it goes on."""
        found = self.read(id, "", 1, FETCHED_TOKENS, "", outline=False)
        metadata = {"commit": found["commit"], **found.get("metadata", {})}
        if "next_line" in found:
            metadata["next"] = f"read with first_line={found['next_line']}"
        return FetchAnswer(id=found["id"], title=found["title"], url=found["url"], text=found["text"], metadata=metadata)

    def listing(self, kind: str, folder: str, offset: int, limit: int, at: str) -> RowsAnswer:
        """Documents, pages or folders, by name."""
        commit, found = self._steady(at, lambda base, rev: _listed(base, kind, folder.strip("/"), rev))
        return _part(commit, found, offset, limit)

    def links(self, page: str, offset: int, at: str) -> LinksAnswer:
        """What a page links to, and what links to it."""
        page = page.removeprefix(SCHEME)
        with self._linking:
            commit, found = _steady(self._for_links, at, lambda base, rev: base.links(page, rev))
        start = max(0, offset)
        end = start + MOST_ROWS
        answer = LinksAnswer(
            commit=commit,
            id=found.path,
            title=found.title,
            links_to=list(found.to[start:end]),
            linked_from=list(found.of[start:end]),
        )
        if end < max(len(found.to), len(found.of)):
            answer["next"] = end
        return answer

    def history(self, name: str, offset: int, limit: int, at: str) -> RowsAnswer:
        """Commits, newest first: all, or those of one page or document."""
        most = max(1, min(limit, MOST_ROWS))
        start = max(0, offset)

        def look(base: KnowledgeBase, rev: str | None) -> list[dict[str, Any]]:
            entries = base.log(name.removeprefix(SCHEME) or None, start + most + 1, rev)
            return [_plain(entry) for entry in islice(entries, start, start + most + 1)]

        commit, found = self._steady(at, look)
        answer = RowsAnswer(commit=commit, rows=found[:most])
        if len(found) > most:
            answer["next"] = start + most
        return answer

    def diff(self, base: str, head: str, first_line: int, max_tokens: int) -> ReportAnswer:
        """What leads from one revision to another, for a reviewer."""
        commit, whole = self._steady(head, lambda kb, rev: kb.diff_as_text(kb.diff(base or None, rev)))
        most = max(1, min(max_tokens, MOST_TOKENS)) * CHARACTERS_PER_TOKEN
        text, following = _bounded(whole.split("\n"), max(1, first_line), most)
        answer = ReportAnswer(commit=commit, text=text)
        if following:
            answer["next_line"] = following
        return answer

    def blame(self, page: str, line: int, offset: int, limit: int, at: str) -> RowsAnswer:
        """Which document, place, commit and person each claim of a page comes from."""
        page = page.removeprefix(SCHEME)
        commit, found = self._steady(at, lambda base, rev: base.blame(page, line or None, rev))
        return _part(commit, [_plain(each) for each in found.lines], offset, limit)

    def status(self, at: str) -> StateAnswer:
        """Where the knowledge base stands."""
        commit, found = self._steady(at, lambda base, rev: base.status(rev))
        return StateAnswer(commit=commit, status={name: _short_list(value) for name, value in _plain(found).items()})

    def paths(self) -> list[str]:
        """The pages below wiki/ that people look for: those of documents first."""
        with self._bases.borrowed() as base:
            documents = {row.document for row in base.documents(commits=False)}
            return [f"summaries/{name}.md" if name in documents else f"{name}.md" for name in base.names()]

    def _steady(self, at: str, look: Callable[[KnowledgeBase, str | None], T]) -> tuple[str, T]:
        with self._bases.borrowed() as base:
            return _steady(base, at, look)


def _steady(base: KnowledgeBase, at: str, look: Callable[[KnowledgeBase, str | None], T]) -> tuple[str, T]:
    """(commit, answer) of one state: asked again where the branch moved meanwhile. A revision that is named is looked at as the
    commit that it is now."""
    if at:
        commit = base.commit(at)
        return commit, look(base, commit)
    for _ in range(_TRIES):
        commit, answer = base.commit(), look(base, None)
        if base.commit() == commit:
            return commit, answer
    commit = base.commit()
    return commit, look(base, commit)


def _listed(base: KnowledgeBase, kind: str, folder: str, rev: str | None) -> list[dict[str, Any]]:
    """The rows of one kind below a folder ("": everywhere)."""
    if kind == "documents":
        rows = base.documents(rev, commits=False)
        return [
            {"id": each.document, "title": each.title, "source": each.source} for each in rows if _below(each.document, folder)
        ]
    if kind == "pages":
        pages = [each for each in base.pages(rev) if _below(each.page.removeprefix("wiki/"), folder)]
        return [{"id": each.page, "title": each.title, "kind": each.kind, "documents": each.documents} for each in pages]
    if kind == "folders":
        return _folders((each.document for each in base.documents(rev, commits=False)), folder)
    raise UsageError(f"There is no kind {kind!r}.", "Ask for documents, pages or folders.")


def _below(name: str, folder: str) -> bool:
    return not folder or name.startswith(f"{folder}/")


def _folders(documents: Iterable[str], folder: str) -> list[dict[str, Any]]:
    counts: dict[str, int] = {}
    for name in documents:
        if _below(name, folder):
            parts = name.split("/")
            for depth in range(1, len(parts)):
                counts["/".join(parts[:depth])] = counts.get("/".join(parts[:depth]), 0) + 1
    return [{"id": name, "documents": count} for name, count in sorted(counts.items())]


def _bounded(lines: Sequence[str], first: int, most: int) -> tuple[str, int]:
    """Lines from the first on, of so many characters at most, and the line where it goes on, 0 at the end."""
    kept: list[str] = []
    size = 0
    for line in lines[first - 1 :]:
        size += len(line) + 1
        if kept and size > most:
            return "\n".join(kept), first + len(kept)
        kept.append(line[:most])
    return "\n".join(kept), 0


def _part(commit: str, rows: Sequence[dict[str, Any]], offset: int, limit: int) -> RowsAnswer:
    """Some of the rows, and where to go on."""
    start, most = max(0, offset), max(1, min(limit, MOST_ROWS))
    answer = RowsAnswer(commit=commit, rows=list(rows[start : start + most]), total=len(rows))
    if start + most < len(rows):
        answer["next"] = start + most
    return answer


def _short_list(value: Any) -> Any:
    """A value that is shown; of a long list its beginning, and how many more there are."""
    if not isinstance(value, list) or len(value) <= MOST_NAMED:
        return value
    return [*value[:MOST_NAMED], f"and {len(value) - MOST_NAMED} more"]


def _plain(value: Any) -> dict[str, Any]:
    plain: dict[str, Any] = to_builtins(value)
    return plain
