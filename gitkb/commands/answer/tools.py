"""The tools with which a model looks into the knowledge base: search, pages, outlines, places of sources.

Invariant: they only read, and only below wiki/ at the one commit; whatever arguments come, there is an answer in words and no
error. Each result and all together are bounded; an equal call is not made twice.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from gitkb.commands.answer.citations import Citations, as_of, data, link, page_outline, piece
from gitkb.commands.answer.page_reader import WIKI, Page, Pages, lines_of
from gitkb.errors import UsageError
from gitkb.llm.requests import Tool, ToolCall
from gitkb.model.rows import SearchHit

MAX_RESULT = 12_000
MAX_HITS = 8
MAX_HEADINGS = 200
LINES = 150
MOST_TITLES = 2_000
"""Of more documents only the names are looked at, as each title is a page to read."""
_FOLDERS = ("summaries", "sources", "concepts", "entities", "explorations")
SPENT = "Nothing more can be read. Answer now, with what you have read."
_AGAIN = "You made this call before; its result stands above."

Search = Callable[[str, str, int], list[SearchHit]]
"""From (query, scope, limit) to hits."""


def _tool(name: str, description: str, required: str, **properties: str) -> Tool:
    kinds = {
        key: {"type": "integer" if key in ("first_line", "lines", "first") else "string", "description": text}
        for key, text in properties.items()
    }
    return Tool(
        name, description, json.dumps({"type": "object", "properties": kinds, "required": [required] if required else []})
    )


TOOLS = (
    _tool(
        "search",
        "Finds pages by their words, best first, each with its best passage. Try other words when nothing fits.",
        "query",
        query='Words; "a phrase" in quotes; -word excludes.',
        scope="sources (the full texts), summaries, concepts, entities, explorations (answers that were saved: no evidence) or"
        " all but these (the default).",
    ),
    _tool(
        "read_page",
        "Reads a page of the wiki by its path, such as concepts/b-tree.md or sources/papers/aries.md.",
        "page",
        page="The page's path.",
        first_line="Where to begin; 1 by default.",
        lines=f"How many lines; {LINES} by default.",
    ),
    _tool(
        "list_documents",
        "Lists the documents with their titles and what they are about, by name: what there is, how many, and since when.",
        "",
        words="Only those with these words in their name or title; all by default.",
        first="The number of the first one to list; 1 by default.",
    ),
    _tool(
        "outline", "Lists the headings of a document or page with their anchors, and its pages.", "page", page="Its path or name."
    ),
    _tool(
        "read_source",
        "Reads a place in a document's full text: some of its pages, or one section.",
        "document",
        document="The document's name or path, such as papers/aries.",
        place='Pages such as "12" or "12-14", or the anchor of a section, such as "checkpointing".',
    ),
)


class Reader(Struct):
    """Answers a model's calls; `left` is how many characters may still be read, `step` is told what is done."""

    pages: Pages
    search: Search
    citations: Citations
    left: int
    step: Callable[[str], None]
    calls: int = 0
    _known: set[str] = field(default_factory=set)

    def answer(self, call: ToolCall) -> str:
        """The result of one call, in words."""
        if self.left <= 0:
            return SPENT
        arguments = _arguments(call)
        if arguments is None:
            return "The arguments must be one JSON object that fits the tool's schema."
        key = f"{call.name} {json.dumps(arguments, sort_keys=True, ensure_ascii=False)}"
        if key in self._known:
            return _AGAIN
        self._known.add(key)
        self.calls += 1
        result = self._result(call.name, {name: str(value) for name, value in arguments.items() if value is not None})
        self.citations.read(result)
        self.left -= len(result)
        return result

    def _result(self, name: str, arguments: Mapping[str, str]) -> str:
        most = min(MAX_RESULT, self.left)
        if name == "search":
            return self._search(arguments.get("query", ""), arguments.get("scope", "all"), most)
        if name == "read_page":
            page = self._page(arguments.get("page", ""))
            first = _number(arguments.get("first_line"), 1)
            return self._read(page, first, first + _number(arguments.get("lines"), LINES) - 1, most)
        if name == "list_documents":
            return self._documents(arguments.get("words", ""), _number(arguments.get("first"), 1), most)
        if name == "outline":
            return self._outline(self._page(arguments.get("page", ""), ("sources", *_FOLDERS)), most)
        if name == "read_source":
            return self._source(arguments.get("document", ""), arguments.get("place", "").strip(), most)
        return f"There is no tool {name!r}; there are {', '.join(tool.name for tool in TOOLS)}."

    def _search(self, query: str, scope: str, most: int) -> str:
        self.step(f"search  {query}")
        try:
            hits = self.search(query, scope or "all", MAX_HITS)
        except UsageError as error:
            return f"{error.message} {error.hint}"
        if not hits:
            return "Nothing found. Try fewer or other words."
        lines = []
        for hit in hits:
            place = self.pages.place(hit.page, hit.line)
            heading = f" > {hit.heading}" if hit.heading and hit.heading != hit.title else ""
            at = f"{link(hit.page, place.anchor)} (line {hit.line}{as_of(self.pages, hit.page)})"
            lines.append(f"- {hit.title}{heading}: {at}\n  {hit.snippet}")
        return data("search", "\n".join(lines)[:most])

    def _documents(self, words: str, first: int, most: int) -> str:
        """The documents whose names or titles have all these words, from the `first` on."""
        self.step(f"list    {words}".rstrip())
        wanted = words.casefold().split()
        found = [path for path in self.pages.summaries() if all(word in self._named(path).casefold() for word in wanted)]
        lines: list[str] = []
        for path in found[max(first, 1) - 1 :]:
            page = self.pages.page(path)
            about = f": {page.title}. {page.description}" if page is not None else ""
            line = f"- {path.removeprefix(WIKI)}{about[:300]}{as_of(self.pages, path)}"
            most -= len(line) + 1
            if most < 0:
                break
            lines.append(line)
        end = max(first, 1) + len(lines) - 1
        more = f"\n{len(found) - end} more; list_documents takes first." if end < len(found) and lines else ""
        return data(f"documents, {len(found)} in all", "\n".join(lines)) + more if lines else "There is no such document."

    def _named(self, path: str) -> str:
        page = self.pages.page(path) if len(self.pages.summaries()) <= MOST_TITLES else None
        return f"{self.pages.document_of(path)} {page.title if page is not None else ''}"

    def _outline(self, page: Page | None, most: int) -> str:
        if page is None:
            return _no_page()
        self.step(f"outline {page.path.removeprefix(WIKI)}")
        chapters = self.pages.is_source(page.path) and any(self.pages.chapters(page.path))
        lines = [] if chapters else list(page_outline(self.pages, page, MAX_HEADINGS))
        text = "\n".join(lines) if lines else piece(self.pages, page, 1, len(page.lines), most)[0]
        return data(f"outline of {page.path.removeprefix(WIKI)}", f"{page.title}. {page.description}\n{text}"[:most])

    def _source(self, document: str, place: str, most: int) -> str:
        page = self._page(document, ("sources", "summaries"))
        if page is None:
            return _no_page()
        if not place:
            return self._read(page, 1, LINES, most)
        for each in (page.path, *self.pages.chapters(page.path)):
            found = self.pages.page(each)
            lines = lines_of(self.pages, each, place) if found is not None else None
            if found is not None and lines is not None:
                return self._read(found, *lines, most)
        return f"{page.path.removeprefix(WIKI)} has no place {place!r}; outline lists them."

    def _read(self, page: Page | None, first: int, last: int, most: int) -> str:
        if page is None:
            return _no_page()
        text, end = piece(self.pages, page, first, last, most)
        name = page.path.removeprefix(WIKI)
        self.step(f"read    {name}, lines {first} to {end}")
        more = (
            f"\nLines {end + 1} to {len(page.lines)} are not shown; read_page takes first_line." if end < len(page.lines) else ""
        )
        return (
            data(f"{name}, lines {first} to {end} of {len(page.lines)}: {page.title}{as_of(self.pages, page.path)}", text) + more
        )

    def _page(self, name: str, folders: Sequence[str] = _FOLDERS) -> Page | None:
        """The page that a path or a bare name means, in these folders in turn."""
        found = self.citations.resolve(name.partition("#")[0]) if name else None
        kb, inside = self.pages.split(WIKI + name.partition("#")[0].removeprefix(WIKI))
        bare = re.sub(r"^(?:sources/|summaries/)?", "", inside.removeprefix(WIKI)).removesuffix(".md").strip("/")
        candidates = list(self.pages.named(f"{kb}/{bare}" if kb else bare, folders))
        if found is not None and len(folders) >= len(_FOLDERS):
            candidates.insert(0, found[0])
        return next((page for path in candidates if (page := self.pages.page(path)) is not None), None)


def _arguments(call: ToolCall) -> dict[str, Any] | None:
    try:
        found = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _number(text: str | None, default: int) -> int:
    return min(int(text), 10_000_000) if text and text.isdecimal() and len(text) < 12 else default


def _no_page() -> str:
    return "There is no such page or document. search finds pages; the paths it gives can be read."
