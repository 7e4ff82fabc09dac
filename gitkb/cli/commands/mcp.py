"""`gitkb mcp`: the server through which AI agents read a knowledge base."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from gitkb.cli import terminal
from gitkb.cli.common_options import KbOption, VerboseOption
from gitkb.cli.locate import knowledge_base
from gitkb.errors import UsageError

TOKEN_VARIABLE = "GITKB_MCP_TOKEN"


def mcp(
    context: typer.Context,
    http: Annotated[
        str,
        typer.Option("--http", metavar="HOST:PORT", help="Serve over HTTP there, not over the pipe.", show_default=False),
    ] = "",
    host_names: Annotated[
        list[str] | None,
        typer.Option("--host-name", metavar="NAME", help="Another name by which HTTP clients call it.", show_default=False),
    ] = None,
    print_config: Annotated[
        str,
        typer.Option(
            "--print-config",
            metavar="CLIENT",
            help="Print what to write into an agent's settings: claude-code, claude-desktop, cursor, vscode, codex, gemini, zed.",
            show_default=False,
        ),
    ] = "",
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Serve the knowledge base to AI agents over the Model Context Protocol.

    An agent starts it itself and speaks over the pipe. With --http it listens; beyond this machine it needs GITKB_MCP_TOKEN.
    """
    base = knowledge_base(context, kb)
    if print_config:
        from gitkb.agents.client_config import client_config

        command = [sys.executable, "-m", "gitkb", "mcp", "--kb", str(base.folder.resolve())]
        terminal.tell_text(client_config(print_config, base.folder.resolve().name, command))
        return
    try:
        from gitkb.agents import serving
        from gitkb.agents.mcp_server import server
    except ModuleNotFoundError as error:
        raise UsageError("Serving agents needs the package mcp, which is not installed.", "pip install 'gitkb[mcp]'") from error
    folder = Path(base.folder)
    made = server(lambda: type(base).open(folder))
    if not http:
        serving.over_pipe(made)
        return
    token = os.environ.get(TOKEN_VARIABLE, "")
    serving.over_http(
        made, http, token, tuple(host_names or ()), lambda where: terminal.say(f"Serving {folder} at {where}. Ctrl-C ends it.")
    )
