"""What a model gets from its tools: bounded, citable as it stands, from one commit."""

import json
import re

import pytest

from gitkb.commands.answer.citations import Citations
from gitkb.commands.answer.page_reader import Pages
from gitkb.commands.answer.tools import MAX_RESULT, SPENT, TOOLS, Reader
from gitkb.llm.requests import ToolCall
from gitkb.model.rows import SearchHit
from tests.support.memory_tree import FilesTree

BOOK = "---\ntype: Source\ntitle: A book\n---\n\n" + "\n\n".join(
    f'<a name="page-{n}"></a>\n\n{"# Part one" if n == 1 else "## Logs" if n == 3 else ""}\n\nText of page {n}.'
    for n in range(1, 9)
)
TREE = FilesTree(
    {
        "wiki/sources/lib/book.md": BOOK,
        "wiki/summaries/lib/book.md": "# A book\n\n## Key points\n\nIn brief.\n",
        "wiki/sources/lib/long.md": "# Long\n\n- [One](long--01-one.md#one)\n- [Two](long--02-two.md#two)\n",
        "wiki/sources/lib/long--01-one.md": "---\ntitle: Long: One\n---\n\n# One\n\nFirst chapter.\n",
        "wiki/sources/lib/long--02-two.md": '# Two\n\n<a name="page-41"></a>\n\nSecond chapter.\n',
        "wiki/sources/lib/huge.md": "# Huge\n\n" + "words " * 50_000 + "\n" + "line\n" * 20_000,
        "wiki/concepts/log.md": "# Log\n\nIt is. [p. 3](../sources/lib/book.md#page-3)[^book]\n\n[^book]: [A book](x.md)\n",
        ".gitkb/config.yaml": "format: 1\n",
    }
)


def _reader(left: int = 100_000) -> Reader:
    pages = Pages(TREE)
    hit = SearchHit("wiki/sources/lib/book.md", "lib/book", "A book", "Logs", 22, 1.0, "Text of page 3.")
    return Reader(pages, lambda query, scope, limit: [hit] if query == "logs" else [], Citations(pages), left, lambda what: None)


def _call(name: str, left: int = 100_000, **arguments: object) -> str:
    return _reader(left).answer(ToolCall("1", name, json.dumps(arguments)))


@pytest.mark.parametrize(
    ("place", "pages"),
    [
        ("3", [3]),
        ("p. 3", [3]),
        ("pages 3-5", [3, 4, 5]),
        ("7-99", [7, 8]),
        ("8", [8]),
        ("logs", [3, 4, 5, 6, 7, 8]),
        ("page-2", [2]),
    ],
)
def test_a_place_of_a_source_gives_these_pages_and_no_others(place: str, pages: list[int]) -> None:
    text = _call("read_source", document="lib/book", place=place)
    assert [int(number) for number in re.findall(r"Text of page (\d)", text)] == pages
    assert f"({{#page-{pages[0]}}})" in text or place == "logs"


@pytest.mark.parametrize(("place", "text"), [("two", "Second chapter."), ("41", "Second chapter."), ("one", "First chapter.")])
def test_a_place_is_found_in_whichever_chapter_it_is(place: str, text: str) -> None:
    assert text in _call("read_source", document="sources/lib/long.md", place=place)


def test_the_outline_of_a_text_in_chapters_leads_into_them() -> None:
    assert "(sources/lib/long--02-two.md#two)" in _call("outline", page="lib/long")


def test_links_and_anchors_can_be_cited_as_they_stand() -> None:
    text = _call("read_page", page="concepts/log.md")
    assert "[p. 3](sources/lib/book.md#page-3)" in text and "[^" not in text
    found = _call("search", query="logs")
    target = re.findall(r"sources/\S+?(?= \()", found)[0]
    assert Citations(Pages(TREE)).resolve(target) == ("wiki/sources/lib/book.md", "page-3")
    outline = _call("outline", page="lib/book")
    assert "In brief." in _call("read_page", page="lib/book")
    assert "sources/lib/book.md#logs" in outline and "page-1 to page-8" in outline


@pytest.mark.parametrize("name", ["read_page", "outline"])
def test_a_result_is_bounded_and_says_how_to_go_on(name: str) -> None:
    text = _call(name, page="sources/lib/huge.md")
    assert len(text) < MAX_RESULT + 300
    if name == "read_page":
        number = re.search(r"Lines (\d+) to", text)
        assert number and "line" in _call("read_page", page="sources/lib/huge.md", first_line=int(number[1]))


def test_what_may_be_read_in_all_is_bounded() -> None:
    reader = _reader(left=20_000)
    results = [
        reader.answer(ToolCall("1", "read_page", json.dumps({"page": "sources/lib/huge.md", "first_line": 4 + 150 * n})))
        for n in range(60)
    ]
    assert sum(map(len, results)) < 20_000 + MAX_RESULT + 60 * len(SPENT) and results[-1] == SPENT


@pytest.mark.parametrize(
    "page", ["../.gitkb/config.yaml", ".gitkb/config.yaml", "/etc/passwd", "sources/lib", "", "x\0y", "%2e%2e/x"]
)
def test_nothing_but_the_wiki_can_be_read(page: str) -> None:
    for name, key in (("read_page", "page"), ("outline", "page"), ("read_source", "document")):
        assert "format: 1" not in _call(name, **{key: page}) and "no such page" in _call(name, **{key: page})


def test_every_tool_says_what_it_takes() -> None:
    for tool in TOOLS:
        schema = json.loads(tool.parameters)
        assert schema["type"] == "object" and set(schema["required"]) <= set(schema["properties"])


def test_documents_are_listed_with_their_day_and_chosen_by_words() -> None:
    files = {f"wiki/summaries/lib/{name}.md": f"---\ntitle: On {name}\ndescription: It is.\n---\n" for name in ("a", "b", "c")}
    pages = Pages(FilesTree(files | {"wiki/summaries/lib/index.md": "# Summaries\n"}), lambda kb: {"lib/a": "2026-11-02"})
    reader = Reader(pages, lambda query, scope, limit: [], Citations(pages), 100_000, lambda what: None)
    listed = reader.answer(ToolCall("1", "list_documents", "{}"))
    assert "3 in all" in listed and "- summaries/lib/a.md: On a. It is., here since 2026-11-02\n- summaries/lib/b.md" in listed
    assert "index" not in listed
    chosen = reader.answer(ToolCall("1", "list_documents", '{"words": "ON C"}'))
    assert "1 in all" in chosen and "lib/c" in chosen and "lib/a" not in chosen
    rest = reader.answer(ToolCall("1", "list_documents", '{"first": 3}'))
    assert "lib/c" in rest and "lib/b" not in rest
    assert "no such document" in reader.answer(ToolCall("1", "list_documents", '{"words": "nothing"}'))
