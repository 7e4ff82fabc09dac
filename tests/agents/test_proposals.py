"""What agents write goes to a branch, names them, and can be taken back; nothing else can be written or read through it."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="pip install 'gitkb[mcp]'")

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import Implementation

from gitkb import KnowledgeBase
from gitkb.agents.mcp_server import INSTRUCTIONS, WRITING_INSTRUCTIONS, WRITING_TOOLS, server
from gitkb.agents.proposals import Agent, Writer
from gitkb.errors import NotFound

FILES = {
    "valve.md": "# Valve\n\nA valve is a part that closes a line.\n\n## Limits\n\nThe valve holds 18 bar for 30 days.\n",
    "pump.md": "# Pump\n\nA pump is a machine that moves water through a line. See [the valve](valve.md).\n",
}
pytestmark = pytest.mark.usefixtures("known_as_ada")
Call = Callable[..., Awaitable[Any]]


def session(
    kb: Path, talk: Callable[[Call], Awaitable[Any]], *, branch: str = "", roots: tuple[Path, ...] = (), name: str = "A Client"
) -> Any:
    """What one client learns that may write."""
    writer = Writer(lambda agent: KnowledgeBase.open(kb, agent=agent), branch, roots)

    async def held() -> Any:
        made = server(lambda: KnowledgeBase.open(kb), writer)
        async with Client(made, client_info=Implementation(name=name, version="1.2")) as client:

            async def call(tool: str, **arguments: Any) -> Any:
                done = await client.call_tool(tool, arguments)
                return f"refused: {done.content[0].text}" if done.is_error else done.structured_content

            return await talk(call)

    return asyncio.run(held())


def once(kb: Path, tool: str, roots: tuple[Path, ...] = (), **arguments: Any) -> Any:
    """The answer to one call."""
    return session(kb, lambda call: call(tool, **arguments), roots=roots)


def test_a_document_goes_to_a_branch_of_the_client_that_is_read_there(kb: Path, git: Callable[..., str]) -> None:
    before = git(kb, "rev-parse", "main")

    async def talk(call: Call) -> Any:
        done = await call("add_document", title="Check valve", text="A check valve is a valve that lets water flow one way.")
        return done, await call("read", page=done["id"], at=done["branch"]), await call("read", page=done["id"])

    done, there, here = session(kb, talk)
    assert done["branch"].startswith("agents/a-client/") and done["branch"].endswith("-1") and done["id"] == "agents/check-valve"
    assert "lets water flow one way" in done["diff"] and "lets water flow one way" in there["text"]
    assert there["commit"] == done["at"] and here.startswith("refused")
    said = git(
        kb,
        "log",
        "-1",
        "--format=%cn|%(trailers:key=Gitkb-Agent,valueonly)|%(trailers:key=Gitkb-Operation,valueonly)",
        done["at"],
    )
    assert said.replace("\n", "") == "Ada|A Client/1.2|add"
    assert git(kb, "rev-parse", "main") == before and git(kb, "status", "--porcelain") == ""


def test_every_write_says_what_it_did_and_can_be_taken_back(kb: Path, git: Callable[..., str]) -> None:
    async def talk(call: Call) -> Any:
        done = [
            await call("add_document", title="Gate", text="A gate is a valve that slides."),
            await call("edit_page", page="concepts/valve", old_text="# Valve", new_text="# Valve\n\nSee [it](pump.md)."),
            await call("edit_page", page="notes/flow", new_text="# Flow\n\nFlow is what [valves](../concepts/valve.md) stop."),
            await call("save_answer", question="What holds 18 bar?", answer="[The valve](sources/docs/valve.md#limits)."),
        ]
        tree = git(kb, "ls-tree", "-r", "--name-only", done[-1]["branch"])
        return done, tree, [await call("undo") for _ in done], await call("undo")

    done, tree, undone, more = session(kb, talk)
    assert [each["id"] for each in done[1:]] == [
        "wiki/concepts/valve.md",
        "wiki/notes/flow.md",
        "wiki/explorations/what-holds-18-bar.md",
    ]
    assert all(each["diff"] and "gitkb undo" in each["undo"] for each in done)
    assert "wiki/notes/flow.md" in tree and "raw/agents/" in tree
    assert more.startswith("refused") and len({each["at"] for each in undone}) == 4
    assert git(kb, "diff", "--stat", "main", done[0]["branch"], "--", "wiki", "raw", ".gitkb/documents") == ""
    agents = git(kb, "log", "--format=%(trailers:key=Gitkb-Agent,valueonly)", f"main..{done[0]['branch']}")
    assert set(agents.split("\n")) - {""} == {"A Client/1.2"} and len(agents.split("\n\n")) == 8


def test_a_person_takes_back_by_the_command_that_the_answer_names(
    kb: Path, git: Callable[..., str], run: Callable[..., Any]
) -> None:
    done = once(kb, "edit_page", page="notes/flow", new_text="# Flow\n\nWater that moves.")
    words = done["undo"].partition("gitkb ")[2].split()
    assert run(*words, "--kb", kb).code == 0
    assert git(kb, "diff", "main", done["branch"]) == ""


def test_the_history_and_each_claim_name_the_agent(kb: Path, run: Callable[..., Any]) -> None:
    async def talk(call: Call) -> Any:
        done = await call("edit_page", page="notes/flow", new_text="# Flow\n\nWater that moves.")
        page = {"page": "notes/flow", "at": done["branch"]}
        return done, (await call("blame", **page))["rows"], (await call("history", at=done["branch"], limit=2))["rows"]

    done, claims, commits = session(kb, talk)
    assert {claim["agent"] for claim in claims} == {"A Client/1.2"} and [row["agent"] for row in commits] == ["A Client/1.2", ""]
    assert "(by A Client/1.2)" in run("log", "--at", done["branch"], "--kb", kb).out
    shown = run("blame", "notes/flow", "--at", done["branch"], "--kb", kb).out
    assert "Ada <ada@example.org> (by A Client/1.2)" in shown


def test_each_session_has_a_branch_of_its_own_unless_one_is_named(kb: Path) -> None:
    page = {"page": "notes/flow", "new_text": "# Flow\n\nWater that moves."}
    first, second = (once(kb, "edit_page", **page)["branch"] for _ in range(2))
    assert first.endswith("-1") and second.endswith("-2")
    named = session(kb, lambda call: call("edit_page", **page), branch="proposals/ada")
    assert named["branch"] == "proposals/ada"


@pytest.mark.parametrize("branch", ["main", "trunk"])
def test_the_branch_that_people_read_is_not_written(kb: Path, git: Callable[..., str], branch: str) -> None:
    if branch == "trunk":
        git(kb, "switch", "-qc", "trunk")
    with pytest.raises(Exception, match="Agents do not write to"):
        session(kb, lambda call: call("status"), branch=branch)


@pytest.mark.parametrize(("taken", "branch"), [("agents", "agents/x"), ("agents/x/y", "agents/x"), ("", "a..b")])
def test_a_name_that_git_cannot_have_is_refused_in_words(kb: Path, git: Callable[..., str], taken: str, branch: str) -> None:
    if taken:
        git(kb, "branch", taken)
    answer = session(kb, lambda call: call("edit_page", page="notes/flow", new_text="# Flow\n\nWater that moves."), branch=branch)
    assert answer.startswith("refused") and "Choose another name." in answer


def test_an_agent_takes_back_only_what_it_wrote_itself(kb: Path) -> None:
    writer = Writer(lambda agent: KnowledgeBase.open(kb, agent=agent))
    done = writer.edit_page(Agent("one", "1"), "notes/flow", "# Flow\n\nWater that moves.", "")
    with pytest.raises(NotFound, match="nothing that you wrote"):
        writer.undo(Agent("two"), done["at"])
    assert writer.undo(Agent("one"), "")["id"] == "wiki/notes/flow.md"


def test_a_write_of_an_earlier_session_can_be_taken_back_once(kb: Path, git: Callable[..., str]) -> None:
    first = once(kb, "edit_page", page="notes/flow", new_text="# Flow\n\nWater that moves.")
    second = once(kb, "edit_page", page="notes/ebb", new_text="# Ebb\n\nWater that leaves.")
    commit = first["undo"].partition("with commit ")[2].partition(",")[0]
    assert once(kb, "undo", commit=commit)["id"] == "wiki/notes/flow.md"
    assert git(kb, "diff", "main", first["branch"]) == ""
    assert once(kb, "undo")["branch"] == second["branch"]
    for again in ({"commit": commit}, {}):
        assert once(kb, "undo", **again).endswith("That is nothing that you wrote here.")
    assert session(kb, lambda call: call("undo"), name="Another").startswith("refused")


def test_a_write_says_at_which_branch_its_own_began(kb: Path, git: Callable[..., str]) -> None:
    git(kb, "switch", "-qc", "draft")
    assert once(kb, "edit_page", page="notes/flow", new_text="# Flow\n\nWater that moves.")["start"] == "draft"


def test_a_branch_that_is_checked_out_meanwhile_is_left_to_the_person(kb: Path, git: Callable[..., str]) -> None:
    async def talk(call: Call) -> Any:
        first = await call("edit_page", page="notes/flow", new_text="# Flow\n\nWater that moves.")
        git(kb, "switch", "-q", first["branch"])
        return first, await call("edit_page", page="notes/ebb", new_text="# Ebb\n\nWater that leaves.")

    first, second = session(kb, talk)
    assert first["branch"].endswith("-1") and second["branch"].endswith("-2")


def test_a_page_is_made_only_where_pages_of_people_are(kb: Path, git: Callable[..., str]) -> None:
    pages = ("../outside", ".gitkb/config", "notes/../../x", "notes/.hidden", "AGENTS", "sources/docs/valve", "summaries/new")

    async def talk(call: Call) -> Any:
        refused = [await call("edit_page", page=page, new_text="# New\n\nSome words.") for page in pages]
        return refused, await call("edit_page", page="concepts/index", new_text="# New\n\nSome words.")

    refused, done = session(kb, talk)
    assert all(str(answer).startswith("refused") for answer in refused), refused
    assert git(kb, "diff", "--name-only", "main", done["branch"]) == "wiki/concepts/index-page.md"


def test_what_documents_say_and_who_approved_a_page_is_not_edited(kb: Path) -> None:
    async def talk(call: Call) -> Any:
        return [
            await call("edit_page", page="wiki/sources/docs/valve.md", old_text="18 bar", new_text="80 bar"),
            await call("edit_page", page="wiki/summaries/docs/valve.md", old_text="18 bar", new_text="80 bar"),
            await call("edit_page", page="wiki/index.md", old_text="Valve", new_text="Gate"),
            await call("edit_page", page="concepts/valve", old_text="type: Concept", new_text="verified: human:ada@example.org"),
            await call("edit_page", page="concepts/valve", old_text="# Valve", new_text="# Valve\n\n<script>alert(1)</script>"),
            await call("edit_page", page="concepts/valve", old_text="# Valve", new_text="# Valve\n\n[x](../sources/none.md)"),
            await call("edit_page", page="concepts/valve", old_text="a", new_text="b"),
            await call("edit_page", page="concepts/valve", new_text="# Valve\n\nAnother."),
            await call("save_answer", question="", answer="x"),
            await call("add_document", title="", text="x"),
            await call("undo", commit="main"),
        ]

    answers = session(kb, talk)
    assert all(str(answer).startswith("refused") for answer in answers), answers
    assert "lead nowhere" in answers[5] and "times" in answers[6] and "old_text" in answers[7]


def test_files_come_only_from_below_the_granted_folders(kb: Path, tmp_path: Path, git: Callable[..., str]) -> None:
    inbox, secret = tmp_path / "inbox", tmp_path / "secret.md"
    (inbox / "new").mkdir(parents=True)
    secret.write_text("# Secret\n\nA secret is a thing that nobody may read.\n", encoding="utf-8")
    (inbox / "new" / "gate.md").write_text("# Gate\n\nA gate is a valve that slides.\n", encoding="utf-8")
    (inbox / ".env.md").write_text("# Key\n\nA key is a secret word of somebody.\n", encoding="utf-8")
    (inbox / "link.md").symlink_to(secret)

    async def talk(call: Call) -> Any:
        named = (str(secret), "../secret.md", "link.md", ".env.md", "new", "none.md")
        return [await call("add_document", file=name) for name in ("new/gate.md", *named)]

    first, *others = session(kb, talk, roots=(inbox,))
    assert first["id"] == "inbox/new/gate"
    assert all(str(answer).startswith("refused") for answer in others), others
    assert "nobody may read" not in git(kb, "log", "-p", first["branch"])
    assert "--root" in once(kb, "add_document", file="gate.md")


def test_a_text_under_a_known_title_is_its_new_version_and_the_same_again_is_refused(kb: Path) -> None:
    async def talk(call: Call) -> Any:
        texts = ("A gate is a valve that slides.", "A gate is a valve that slides.", "A gate is a valve that slides up.")
        return [await call("add_document", title="Gate", text=text) for text in texts]

    first, same, other = session(kb, talk)
    assert same.startswith("refused") and other["id"] == first["id"] and "slides up" in other["diff"]


def test_the_tools_that_write_say_so_and_all_cost_few_tokens(kb: Path) -> None:
    import json

    writer = Writer(lambda agent: KnowledgeBase.open(kb, agent=agent))

    async def held() -> Any:
        async with Client(server(lambda: KnowledgeBase.open(kb), writer)) as client:
            tools = (await client.list_tools()).tools
            return client.instructions, [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]

    told, tools = asyncio.run(held())
    assert len(json.dumps(tools)) / 4 <= 2_500 and len(told.split()) <= 400
    assert told.startswith(INSTRUCTIONS) and told.endswith(WRITING_INSTRUCTIONS)
    writing = [tool for tool in tools if not tool["annotations"]["readOnlyHint"]]
    assert tuple(tool["name"] for tool in writing) == WRITING_TOOLS
    assert [tool["name"] for tool in writing if tool["annotations"]["destructiveHint"]] == ["undo"]
    assert all(len(tool["description"].split()) <= 60 and tool["outputSchema"]["required"] for tool in tools)


def test_a_client_writes_over_the_pipe(kb: Path, tmp_path: Path) -> None:
    (tmp_path / "gate.md").write_text("# Gate\n\nA gate is a valve that slides.\n", encoding="utf-8")
    arguments = ["-m", "gitkb", "mcp", "--kb", str(kb), "--write", "--branch", "proposals/gate", "--root", str(tmp_path)]
    parameters = StdioServerParameters(command=sys.executable, args=arguments, env=dict(os.environ))

    async def held() -> Any:
        async with Client(stdio_client(parameters)) as client:
            return await client.call_tool("add_document", {"file": "gate.md"})

    assert asyncio.run(held()).structured_content["branch"] == "proposals/gate"


def test_how_agents_write_is_part_of_their_settings(kb: Path, tmp_path: Path, run: Callable[..., Any]) -> None:
    done = run("mcp", "--kb", kb, "--print-config", "cursor", "--write", "--root", tmp_path)
    assert done.code == 0 and '"--write"' in done.out and str(tmp_path.resolve()) in done.out
    assert run("mcp", "--kb", kb, "--branch", "x").code == 2
    refused = run("mcp", "--kb", kb, "--write", "--http", "127.0.0.1:8765")
    assert refused.code == 2 and "token" in refused.err
    assert run("mcp", "--kb", kb, "--write", "--root", tmp_path / "none").code == 2
