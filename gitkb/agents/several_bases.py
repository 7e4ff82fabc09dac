"""The tools of a server for several knowledge bases: search looks into all of them, each other tool into the one that is named.

Invariant: every answer names its knowledge base. The id of a result begins with that name, so it can be passed on by itself. They
only read: an agent can write where one knowledge base is served.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from mcp.types import CallToolResult

from gitkb.agents import mcp_server
from gitkb.agents.mcp_server import TOOLS, Kind, Scope, server_with
from gitkb.agents.tool_answers import (
    MOST_HITS,
    SCHEME,
    FetchAnswer,
    FoundPage,
    LinksAnswer,
    PageAnswer,
    Reader,
    ReportAnswer,
    RowsAnswer,
    SearchAnswer,
    StateAnswer,
    found_page,
)
from gitkb.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mcp.server.mcpserver import MCPServer

    from gitkb.api.knowledge_bases import KnowledgeBases

INSTRUCTIONS = """
Here are several knowledge bases: {names}. search looks into all of them unless kb names one; ids of results begin with the name
of theirs and are passed on as they stand. Every other tool wants such an id, or a page with kb. A link in a page leads to a page
of the same knowledge base. at is a revision of one knowledge base, so it needs kb.
"""
_TRIES = 5


class FoundIn(FoundPage):
    """A page that a search found in one of them."""

    kb: str


class SearchedAnswer(SearchAnswer):
    """What a search found; the commit of each knowledge base that was searched."""

    commits: dict[str, str]


class PageIn(PageAnswer):
    """Text of a page of one of them."""

    kb: str


class FetchedIn(FetchAnswer):
    """Text of a page of one of them, as connectors ask for it."""

    kb: str


class RowsIn(RowsAnswer):
    """Rows of one of them."""

    kb: str


class LinksIn(LinksAnswer):
    """The links of a page of one of them."""

    kb: str


class ReportIn(ReportAnswer):
    """Lines of a text about one of them."""

    kb: str


class StateIn(StateAnswer):
    """Where one of them stands."""

    kb: str


class SeveralReaders:
    """A reader for each knowledge base, and a search over all. `open_all` opens them anew."""

    def __init__(self, open_all: Callable[[], KnowledgeBases]) -> None:
        self._open_all = open_all
        self.readers: Mapping[str, Reader] = {name: Reader(_reopened(open_all, name)) for name in open_all().by_name}

    def search(self, query: str, scope: str, limit: int) -> SearchAnswer:
        """The pages of all that match best, at one state of each."""
        most = max(1, min(limit, MOST_HITS))
        for _ in range(_TRIES):
            bases = self._open_all()
            commits = {name: base.commit() for name, base in bases.by_name.items()}
            hits = bases.search(query, scope=scope, limit=most + 1)
            if all(base.commit() == commits[name] for name, base in bases.by_name.items()):
                break
        results: list[FoundPage] = [_found_in(hit.kb, found_page(hit)) for hit in hits[:most]]
        answer: SearchAnswer = SearchedAnswer(commit="", commits=commits, results=results)
        if len(hits) > most:
            answer["more"] = True
        return answer

    def at(self, page: str, kb: str) -> tuple[str, Reader, str]:
        """(knowledge base, its reader, the page there) that a page and a name mean; `UsageError` where neither names one."""
        page = page.removeprefix(SCHEME)
        first, _, rest = page.partition("/")
        name = kb or (first if rest else "")
        if name not in self.readers:
            raise UsageError(f"There is no knowledge base {name!r}." if name else "Which knowledge base?", self._choice())
        return name, self.readers[name], rest if first == name else page

    def _choice(self) -> str:
        return f"Say one with kb: {', '.join(self.readers)}."


def _reopened(open_all: Callable[[], KnowledgeBases], name: str) -> Callable[[], Any]:
    return lambda: open_all().by_name[name]


def _found_in(kb: str, found: FoundPage) -> FoundPage:
    return FoundIn(**{**found, "id": f"{kb}/{found['id']}", "url": f"{SCHEME}{kb}/{found['id']}"}, kb=kb)  # type: ignore[typeddict-item]


def _named(kb: str, answer: Any) -> Any:
    """An answer of one knowledge base, with its name."""
    named = {**answer, "kb": kb}
    if "id" in answer:
        named["id"] = f"{kb}/{answer['id']}"
    if "url" in answer:
        named["url"] = f"{SCHEME}{kb}/{answer['id']}"
    return named


class SeveralTools:
    """The tools by name, as those of one knowledge base, with `kb` besides."""

    def __init__(self, readers: SeveralReaders) -> None:
        self._readers = readers

    def search(
        self, query: str, scope: Scope = "evidence", limit: int = 10, kb: str = "", at: str = ""
    ) -> Annotated[CallToolResult, SearchedAnswer]:
        """Finds pages of all knowledge bases, or of kb, by their words, best first, each with its best passage. Quotes make a
        phrase, -word excludes, word* takes any ending. scope evidence: all but answers that somebody saved (explorations)."""
        if not kb and not at:
            return mcp_server.as_json(self._readers.search(query, scope, limit))
        name, reader, _ = self._readers.at("", kb)
        answer = reader.search(query, scope, limit, at)
        answer["results"] = [_found_in(name, each) for each in answer["results"]]
        return mcp_server.as_json({**answer, "commits": {name: answer["commit"]}})

    def fetch(self, id: str) -> Annotated[CallToolResult, FetchedIn]:
        """The text of a search result, by its id."""
        name, reader, page = self._readers.at(id, "")
        return mcp_server.as_json(_named(name, reader.fetch(page)))

    def list(
        self, kb: str, kind: Kind = "documents", folder: str = "", offset: int = 0, limit: int = 50, at: str = ""
    ) -> Annotated[CallToolResult, RowsIn]:
        """Lists documents, pages (concepts and entities), or folders of documents of kb, by name, all or below a folder."""
        name, reader, _ = self._readers.at("", kb)
        return mcp_server.as_rows(_named(name, reader.listing(kind, folder, offset, limit, at)))

    def read(
        self, page: str, place: str = "", first_line: int = 1, max_tokens: int = 2_000, kb: str = "", at: str = ""
    ) -> Annotated[CallToolResult, PageIn]:
        """Reads a page or document by id, or by path or name in kb. place: a heading, an anchor, or pages of a source ("12-14");
        sources are wiki/sources/NAME.md."""
        name, reader, inside = self._readers.at(page, kb)
        return mcp_server.as_page(_named(name, reader.read(inside, place, first_line, max_tokens, at)))

    def links(self, page: str, offset: int = 0, kb: str = "", at: str = "") -> Annotated[CallToolResult, LinksIn]:
        """What a page links to and which pages link to it, as paths of its knowledge base."""
        name, reader, inside = self._readers.at(page, kb)
        return mcp_server.as_links(_named(name, reader.links(inside, offset, at)))

    def history(
        self, kb: str, name: str = "", offset: int = 0, limit: int = 20, at: str = ""
    ) -> Annotated[CallToolResult, RowsIn]:
        """Commits of kb, newest first: of everything, or of one page or document."""
        base, reader, inside = self._readers.at(name, kb)
        return mcp_server.as_rows(_named(base, reader.history(inside, offset, limit, at)))

    def diff(
        self, kb: str, base: str = "", head: str = "", first_line: int = 1, max_tokens: int = 2_000
    ) -> Annotated[CallToolResult, ReportIn]:
        """What changed in kb between two revisions, what deserves attention first. Without them: what is not shared yet, or the
        last run."""
        name, reader, _ = self._readers.at("", kb)
        return mcp_server.as_report(_named(name, reader.diff(base, head, first_line, max_tokens)))

    def blame(
        self, page: str, line: int = 0, offset: int = 0, limit: int = 50, kb: str = "", at: str = ""
    ) -> Annotated[CallToolResult, RowsIn]:
        """For each claim of a page: its document, place, and the commit and person that brought it. line: only that one."""
        name, reader, inside = self._readers.at(page, kb)
        return mcp_server.as_rows(_named(name, reader.blame(inside, line, offset, limit, at)))

    def status(self, kb: str, at: str = "") -> Annotated[CallToolResult, StateIn]:
        """Counts of documents and pages of kb, and whether pages wait to be made."""
        name, reader, _ = self._readers.at("", kb)
        return mcp_server.as_state(_named(name, reader.status(at)))


def server_of_several(open_all: Callable[[], KnowledgeBases]) -> MCPServer[Any]:
    """A server for several knowledge bases, from which an agent reads."""
    readers = SeveralReaders(open_all)
    return server_with(SeveralTools(readers), TOOLS, INSTRUCTIONS.format(names=", ".join(readers.readers)))
