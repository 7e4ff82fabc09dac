"""How quickly the server of agents answers on a knowledge base of 2,000 documents, and what an agent pays for answers.

    python tests/benchmarks/agents.py [--kb KB] [--documents 2000] [--inspector PROGRAM] [--second-client PYTHON]

Without `--kb` a knowledge base of made-up documents is made first, which takes minutes. Printed are the seconds from the start of
the process to the list of tools, those of the import of the SDK alone, which no server can do without, and the median of the
milliseconds that each tool takes over the pipe. Wanted: a start within a second, and a median of all calls below 50 ms; the exit
code is 1 where one is missed.

A scripted agent then answers twenty questions, once through the tools (search, read what was found) and once with grep (the
telling words, then the best files whole), until it has read the sentence that answers: how many calls and tokens each took. A
token is four characters of all that the agent is sent; the list of tools is counted for the tools.

`--inspector` asks with the command line of the MCP Inspector too (`mcp-inspector`, from npm's @modelcontextprotocol/inspector),
`--second-client` with fastmcp's client, in the environment of the Python that is named.
"""

import argparse
import asyncio
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from make_markdown import make
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

ROOT = Path(__file__).resolve().parents[2]
ROUNDS, QUESTIONS, MOST_READ = 15, 20, 5
WANTED_MS, WANTED_START = 50.0, 1.0
SECOND = """
import asyncio, json, sys
from fastmcp import Client
async def main():
    server = {"mcpServers": {"gitkb": {"command": sys.argv[1], "args": sys.argv[2:], "env": {"PYTHONPATH": sys.path[0]}}}}
    async with Client(server) as client:
        names = [tool.name for tool in await client.list_tools()]
        found = (await client.call_tool("list", {"limit": 9})).structured_content["rows"]
        text = (await client.call_tool("read", {"page": found[0]["id"]})).structured_content
        page = await client.read_resource("gitkb://wiki/index.md")
        print(json.dumps({"tools": names, "listed": len(found), "read": len(text["text"]), "index": len(page[0].text)}))
asyncio.run(main())
"""


def gitkb(*arguments: str | Path) -> list[str]:
    """The command line of gitkb."""
    return [sys.executable, "-m", "gitkb", *map(str, arguments)]


def made(folder: Path, documents: int) -> Path:
    """A knowledge base of made-up documents below a folder."""
    make(folder / "docs", documents, size=4_000)
    for command in (gitkb("init", folder / "kb"), gitkb("add", folder / "docs", "--kb", folder / "kb")):
        subprocess.run(command, env=environment(), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return folder / "kb"


def environment() -> dict[str, str]:
    """The variables of a process that runs this checkout."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def server(kb: Path) -> StdioServerParameters:
    """How a client starts the server."""
    program, *arguments = gitkb("mcp", "--kb", kb)
    return StdioServerParameters(command=program, args=arguments, env=environment())


async def speeds(kb: Path) -> tuple[float, dict[str, list[float]]]:
    """The seconds of a start, and the milliseconds of calls by tool."""
    started = time.perf_counter()
    async with Client(stdio_client(server(kb))) as client:
        await client.list_tools()
        start = time.perf_counter() - started
        rows = (await client.call_tool("list", {"limit": 200})).structured_content["rows"]
        pages = (await client.call_tool("list", {"kind": "pages", "limit": 200})).structured_content["rows"]
        commits = (await client.call_tool("history", {"limit": 50})).structured_content["rows"]
        chance = random.Random(1)
        calls: dict[str, Callable[[], dict[str, Any]]] = {
            "search": lambda: {"query": f"{chance.choice(rows)['title']} copies"},
            "fetch": lambda: {"id": f"wiki/sources/{chance.choice(rows)['id']}.md"},
            "list": lambda: {"offset": chance.randrange(len(rows))},
            "read": lambda: {"page": chance.choice(rows)["id"]},
            "links": lambda: {"page": chance.choice(pages)["id"]},
            "history": lambda: {"name": chance.choice(rows)["id"]},
            "diff": lambda: {"base": commits[-1]["commit"], "head": commits[-3]["commit"]},
            "blame": lambda: {"page": chance.choice(pages)["id"]},
            "status": dict,
        }
        taken = {
            tool: [await seconds(client, tool, arguments()) * 1_000 for _ in range(ROUNDS)] for tool, arguments in calls.items()
        }
        return start, taken


def sdk() -> float:
    """The seconds that a process takes to import the SDK."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import mcp.server.mcpserver"], check=True)
    return time.perf_counter() - started


async def seconds(client: Client, tool: str, arguments: dict[str, Any]) -> float:
    """The wall seconds of one call that must succeed."""
    started = time.perf_counter()
    done = await client.call_tool(tool, arguments)
    taken = time.perf_counter() - started
    assert not done.is_error, (tool, arguments, done.content)
    return taken


def questions(wiki: Path) -> list[tuple[str, str, str]]:
    """(document, question, answer) of sentences that stand in one document only: the answer is its number."""
    files = sorted(file for file in (wiki / "sources").rglob("*.md") if file.name != "index.md")
    chosen = random.Random(2).sample(files, QUESTIONS)
    found = []
    for file in chosen:
        sentence = re.findall(r"[A-Z][^.]{60,300}\.", file.read_text(encoding="utf-8"))[3]
        words = " ".join(sentence.split()[:-1])
        title = next(line[2:] for line in file.read_text(encoding="utf-8").split("\n") if line.startswith("# "))
        found.append((file.relative_to(wiki).as_posix(), f"{title}: {words}", sentence))
    return found


async def through_tools(kb: Path, asked: Sequence[tuple[str, str, str]]) -> tuple[int, int, int]:
    """(answered, calls, tokens) of an agent that searches and reads."""
    answered = calls = size = 0
    async with Client(stdio_client(server(kb))) as client:
        tools = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in (await client.list_tools()).tools]
        size += len(json.dumps(tools)) + len(client.instructions or "")

        async def call(tool: str, **arguments: Any) -> Any:
            nonlocal calls, size
            done = await client.call_tool(tool, arguments)
            calls += 1
            size += len(done.content[0].text)
            return done.structured_content

        for _, question, answer in asked:
            answered += await _searched(call, question, answer)
    return answered, calls, size // 4


async def _searched(call: Callable[..., Awaitable[Any]], question: str, answer: str) -> bool:
    words = " ".join(re.findall(r"\w+", question))
    for scope in ("sources", "all"):
        for hit in (await call("search", query=words, scope=scope, limit=MOST_READ))["results"]:
            if answer in hit["snippet"]:
                return True
            text = (await call("read", page=hit["id"], first_line=max(1, hit["line"] - 2), max_tokens=600))["text"]
            if answer in text:
                return True
    return False


def with_grep(wiki: Path, asked: Sequence[tuple[str, str, str]]) -> tuple[int, int, int]:
    """(answered, calls, tokens) of an agent that greps for the telling words and reads the files that have most of them."""
    answered = calls = size = 0
    for _, question, answer in asked:
        words = sorted({word for word in re.findall(r"\w+", question) if len(word) > 5}, key=lambda word: (-len(word), word))[:4]
        counted: dict[str, int] = {}
        for word in words:
            done = subprocess.run(["grep", "-ril", word, "sources"], cwd=wiki, capture_output=True, text=True, check=False)
            calls += 1
            size += min(len(done.stdout), 30_000)
            for path in done.stdout.split():
                counted[path] = counted.get(path, 0) + 1
        for path in sorted(counted, key=lambda path: (-counted[path], path))[:MOST_READ]:
            text = (wiki / path).read_text(encoding="utf-8")
            calls += 1
            size += len(text)
            if answer in text:
                answered += 1
                break
    return answered, calls, size // 4


def inspected(program: str, kb: Path) -> str:
    """What the command line of the MCP Inspector finds."""
    asked = [program, "--cli", "-e", f"PYTHONPATH={ROOT}", *gitkb("mcp", "--kb", kb), "--method"]

    def answer(*arguments: str) -> Any:
        return json.loads(subprocess.run([*asked, *arguments], check=True, capture_output=True, text=True).stdout)

    tools = answer("tools/list")["tools"]
    rows = answer("tools/call", "--tool-name", "list", "--tool-arg", "limit=9")["structuredContent"]["rows"]
    page = answer("resources/read", "--uri", "gitkb://wiki/index.md")["contents"][0]["text"]
    return f"{len(tools)} tools, {len(rows)} rows, a resource of {len(page)} characters"


def asked_by_second(python: str, kb: Path) -> str:
    """What fastmcp's client finds."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "client.py"
        script.write_text(SECOND.replace("sys.path[0]", repr(str(ROOT))), encoding="utf-8")
        command = [python, str(script), *gitkb("mcp", "--kb", kb)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def main() -> int:
    """Prints the figures; 1 where a speed is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kb", type=Path)
    parser.add_argument("--documents", type=int, default=2_000)
    parser.add_argument("--inspector", metavar="PROGRAM", default="")
    parser.add_argument("--second-client", metavar="PYTHON", default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kb = options.kb or made(Path(folder), options.documents)
        start, taken = asyncio.run(speeds(kb))
        median = statistics.median(each for calls in taken.values() for each in calls)
        print(f"start: {start:.2f} s, of which the SDK takes {sdk():.2f} s")
        for tool, calls in taken.items():
            print(f"{tool:8} {statistics.median(calls):6.1f} ms")
        print(f"all      {median:6.1f} ms")
        asked = questions(kb / "wiki")
        for name, (answered, made_calls, tokens) in (
            ("tools", asyncio.run(through_tools(kb, asked))),
            ("grep", with_grep(kb / "wiki", asked)),
        ):
            print(f"{name:5} {answered} of {len(asked)} questions, {made_calls} calls, {tokens:,} tokens")
        if options.inspector:
            print(f"inspector: {inspected(options.inspector, kb)}")
        if options.second_client:
            print(f"second client: {asked_by_second(options.second_client, kb)}")
    return int(start > WANTED_START or median > WANTED_MS)


if __name__ == "__main__":
    sys.exit(main())
