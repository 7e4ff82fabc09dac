"""What to write into the settings of an agent so that it starts the server."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

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
    raise UsageError(f"There is no client {client!r}.", f"Known are {', '.join(CLIENTS)}.")


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
