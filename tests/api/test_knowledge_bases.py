"""Several knowledge bases are searched and asked as one; what is found names the one that it is from."""

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitkb.api.knowledge_bases import KnowledgeBases, names_of
from gitkb.errors import GitkbError, NotAKnowledgeBase
from tests.support.model_server import Answer, Asked, serving

Run = Callable[..., Any]
ENGINES = {
    "wal.md": "# Write-ahead logging\n\nWrite-ahead logging is the rule that the log record of a change must reach stable "
    "storage before the changed page does.\n\n## Flushing\n\nA flush of the log makes all earlier records durable at once.\n",
    "cache.md": "# Page cache\n\nA page cache is a pool of pages in memory. It holds what was read last.\n",
}
TEAMS = {
    "rules.md": "# House rules\n\nThe kitchen is closed at night. A change of the rules needs a vote.\n",
    "storage.md": "# Stable storage\n\nStable storage is storage that keeps its content when power is lost. A log needs it.\n",
}


@pytest.fixture(scope="module")
def both(build: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A knowledge base about engines and one about teams, each in a folder of its own name."""
    top = tmp_path_factory.mktemp("both")
    return [
        shutil.copytree(build(files) / "kb", top / name, symlinks=True)
        for name, files in (("engines", ENGINES), ("teams", TEAMS))
    ]


def test_one_ranking_names_the_knowledge_base_of_each_page(run: Run, both: list[Path]) -> None:
    ran = run("search", "stable storage", "--kb", both[0], "--kb", both[1], "--json")
    hits = json.loads(ran.out)
    assert ran.code == 0 and {hit["kb"] for hit in hits} == {"engines", "teams"} and hits[0]["kb"] == "teams"
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)
    assert all((both[0].parent / hit["kb"] / hit["page"]).is_file() for hit in hits)
    shown = run("--kb", both[0], "--kb", both[1], "search", "stable storage", "-n", "1").out.splitlines()
    assert shown[0].startswith(f"teams  {hits[0]['page']}:") and len(shown) == 2


def test_a_word_weighs_what_it_weighs_in_all_of_them(run: Run, both: list[Path]) -> None:
    """ "cache" is rare in both together; alone in its own it is common, so its pages score less there."""
    alone = json.loads(run("search", "cache", "--kb", both[0], "--json").out)
    together = json.loads(run("search", "cache", "--kb", both[0], "--kb", both[1], "--json").out)
    assert [hit["page"] for hit in together] == [hit["page"] for hit in alone] and "kb" not in alone[0]
    assert together[0]["score"] > alone[0]["score"]


def test_the_same_knowledge_base_twice_is_searched_once(run: Run, both: list[Path]) -> None:
    hits = json.loads(run("search", "kitchen", "--kb", both[0], "--kb", both[1], "--kb", both[1] / ".", "--json").out)
    assert len({(hit["kb"], hit["page"]) for hit in hits}) == len(hits) > 0


def test_the_passages_of_an_answer_link_into_their_knowledge_bases(run: Run, both: list[Path]) -> None:
    ran = run("query", "What needs stable storage?", "--kb", both[0], "--kb", both[1], "--json")
    found = json.loads(ran.out)
    assert ran.code == 0 and [each["kb"] for each in found["kbs"]] == ["engines", "teams"] and found["commit"] is None
    assert {each["kb"] for each in found["citations"]} == {"engines", "teams"}
    assert all((both[0].parent / each["kb"] / "wiki" / each["path"]).is_file() for each in found["citations"])
    assert "](teams/sources/docs/storage.md#stable-storage)" in found["answer"]
    assert "](engines/sources/docs/wal.md#write-ahead-logging)" in found["answer"]


def test_a_model_searches_and_reads_all_of_them(both: list[Path], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def script(asked: Asked) -> Any:
        told.append(asked.text)
        if asked.number == 1:
            return Answer(calls=(("search", {"query": "kitchen"}), ("read_page", {"page": "teams/sources/docs/rules.md"})))
        return Answer(
            "It is closed at night [House rules](teams/sources/docs/rules.md#house-rules), as "
            "[the log](engines/sources/docs/wal.md#flushing) is not, and [this](sources/docs/wal.md) is nowhere."
        )

    with serving(script) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "test-key")
        ran = run("query", "When is the kitchen closed?", "--model", "test-model", "--kb", both[0], "--kb", both[1], "--json")
    found = json.loads(ran.out)
    assert "engines, teams" in told[0] and "teams/sources/docs/rules.md#house-rules" in told[1]
    assert told[1].count("The kitchen is closed at night") > told[0].count("The kitchen is closed at night")
    assert [(each["kb"], each["path"]) for each in found["citations"]] == [
        ("teams", "sources/docs/rules.md"),
        ("engines", "sources/docs/wal.md"),
    ]
    assert found["removed"] == ["sources/docs/wal.md"]


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("status",),
        ("check",),
        ("add", "x.md"),
        ("chat",),
        ("web", "--no-open"),
        ("search", "log", "--at", "HEAD"),
        ("query", "log", "--save"),
        ("mcp", "--write"),
    ],
)
def test_what_means_one_knowledge_base_refuses_several(run: Run, both: list[Path], words: tuple[str, ...]) -> None:
    ran = run(*words, "--kb", both[0], "--kb", both[1])
    assert ran.code == 2 and "one knowledge base" in ran.err and "--kb" in ran.err and not ran.out


def test_one_that_cannot_be_opened_is_named(run: Run, both: list[Path], tmp_path: Path) -> None:
    ran = run("search", "log", "--kb", both[0], "--kb", tmp_path)
    assert ran.code == 1 and f"{tmp_path} is not a knowledge base" in ran.err
    with pytest.raises(NotAKnowledgeBase, match="nowhere"):
        KnowledgeBases.open([both[0], tmp_path / "nowhere"])


def test_one_that_breaks_later_is_named(both: list[Path], tmp_path: Path) -> None:
    copies = [shutil.copytree(each, tmp_path / each.name, symlinks=True) for each in both]
    bases = KnowledgeBases.open(copies)
    shutil.rmtree(copies[1] / ".git" / "refs")
    (copies[1] / ".git" / "packed-refs").unlink(missing_ok=True)
    with pytest.raises(GitkbError, match="teams"):
        bases.search("log")


def test_names_are_those_of_folders_and_differ() -> None:
    assert names_of([Path("/a/x/wiki"), Path("/a/y/wiki"), Path("/b/notes.git")]) == ["x-wiki", "y-wiki", "notes"]
    assert names_of([Path("/a/x.git"), Path("/a/x"), Path("/")]) == ["a-x", "a-x-2", "root"]


def test_an_agent_searches_all_and_reads_one(both: list[Path]) -> None:
    pytest.importorskip("mcp", reason="pip install 'gitkb[mcp]'")
    from mcp import Client

    from gitkb.agents.several_bases import server_of_several

    async def held() -> Any:
        async with Client(server_of_several(lambda: KnowledgeBases.open(both))) as client:
            found = (await client.call_tool("search", {"query": "stable storage"})).structured_content
            first = found["results"][0]
            pages = (await client.call_tool("list", {"kb": "teams", "kind": "pages"})).structured_content["rows"]
            read = [
                (await client.call_tool("fetch", {"id": first["id"]})).structured_content,
                (await client.call_tool("read", {"page": first["id"]})).structured_content,
                (await client.call_tool("read", {"page": "wiki/sources/docs/rules.md", "kb": "teams"})).structured_content,
                (await client.call_tool("blame", {"page": pages[0]["id"], "kb": "teams"})).structured_content,
                (await client.call_tool("links", {"page": first["id"]})).structured_content,
                (await client.call_tool("list", {"kb": "engines"})).structured_content,
                (await client.call_tool("history", {"kb": "engines"})).structured_content,
                (await client.call_tool("status", {"kb": "engines"})).structured_content,
            ]
            refused = [
                await client.call_tool("read", {"page": "wiki/sources/docs/rules.md"}),
                await client.call_tool("search", {"query": "log", "at": "HEAD"}),
                await client.call_tool("status", {"kb": "nobody"}),
            ]
            one = (await client.call_tool("search", {"query": "storage", "kb": "engines"})).structured_content
            return found, read, refused, one

    found, read, refused, one = asyncio.run(held())
    assert {each["kb"] for each in found["results"]} == {"engines", "teams"} and set(found["commits"]) == {"engines", "teams"}
    assert found["results"][0]["id"].startswith("teams/wiki/") and found["results"][0]["url"].startswith("gitkb://teams/wiki/")
    assert [each["kb"] for each in read] == ["teams"] * 5 + ["engines"] * 3
    assert "kitchen" in read[2]["text"] and read[5]["rows"][0]["id"].startswith("docs/")
    assert all(each.is_error and "engines, teams" in each.content[0].text for each in refused)
    assert {each["kb"] for each in one["results"]} == {"engines"}
