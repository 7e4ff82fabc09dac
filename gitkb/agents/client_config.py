"""What to write into the settings of an agent so that it starts the server, and the entry for the registry of MCP servers."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from gitkb import __version__
from gitkb.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

CLIENTS = ("claude-code", "claude-desktop", "cursor", "vscode", "codex", "gemini", "zed")


def client_config(client: str, name: str, command: Sequence[str]) -> str:
    """The snippet for one client; `command` is the program with its arguments, absolute. `UsageError` for an unknown client."""
    program, *arguments = command
    entry = {"command": program, "args": arguments}
    if client == "claude-code":
        return f"claude mcp add {shlex.quote(name)} -- {shlex.join(command)}\n"
    if client in ("claude-desktop", "cursor", "gemini"):
        return _json({"mcpServers": {name: entry}})
    if client == "vscode":
        return _json({"servers": {name: {"type": "stdio", **entry}}})
    if client == "zed":
        return _json({"context_servers": {name: {"source": "custom", **entry}}})
    if client == "codex":
        listed = ", ".join(map(json.dumps, arguments))
        return f"[mcp_servers.{json.dumps(name)}]\ncommand = {json.dumps(program)}\nargs = [{listed}]\n"
    raise UsageError(f"There is no client {client!r}.", f"Known are {', '.join((*CLIENTS, REGISTRY))}.")


REGISTRY = "server.json"
SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
DESCRIPTION = "Search, read and cite a knowledge base in git, at any commit; propose changes on a branch."


def registry_entry() -> str:
    """`server.json`, which describes the package to the registry of MCP servers. Whoever publishes it puts a namespace that is
    theirs before the slash of its name."""
    package = {
        "registryType": "pypi",
        "identifier": "gitkb",
        "version": __version__,
        "runtimeHint": "uvx",
        "runtimeArguments": [{"type": "named", "name": "--with", "value": "mcp>=2.0,<3"}],
        "transport": {"type": "stdio"},
        "packageArguments": [
            {"type": "positional", "value": "mcp"},
            {
                "type": "named",
                "name": "--kb",
                "description": "The folder of the knowledge base.",
                "format": "filepath",
                "isRequired": True,
            },
        ],
    }
    entry = {
        "$schema": SCHEMA,
        "name": "org.example/gitkb",
        "title": "gitkb",
        "description": DESCRIPTION,
        "version": __version__,
        "packages": [package],
    }
    return _json(entry)


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
