"""`gitkb search`, `query`, `mcp` and `web`: pages that match, one question answered, the servers for agents and for browsers.

Invariant: stdout holds the answer and nothing else; whatever a model says cannot steer the terminal.
"""

from __future__ import annotations

import gc
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gitkb.api import json_shapes
from gitkb.cli import terminal
from gitkb.cli.common_options import (
    AskedAtOption,
    AtOption,
    BranchOption,
    JsonOption,
    KbOption,
    KbsOption,
    ModelOption,
    NoModelOption,
    VerboseOption,
    chosen_model,
    common,
)
from gitkb.cli.locate import knowledge_base, proxy, read_user_settings, several, user_settings_file
from gitkb.errors import ExitCode, UsageError
from gitkb.model.answers import AnswerListener
from gitkb.model.web_access import WebAccess

if TYPE_CHECKING:
    from gitkb import KnowledgeBase
    from gitkb.api.knowledge_bases import KnowledgeBases
    from gitkb.model.answers import Answer, Saved
    from gitkb.model.rows import SearchHit

TOKEN_VARIABLE = "GITKB_MCP_TOKEN"


class Showing(AnswerListener):
    """Prints the answer as it comes (`quiet`: not at all), and with `steps` what a model looks at; `said` is what came so far."""

    def __init__(self, *, quiet: bool = False, steps: bool = False) -> None:
        self.quiet, self.steps = quiet, steps
        self.ends_line = True
        self.said = ""

    def text(self, piece: str) -> None:
        self.said += piece
        if piece and not self.quiet:
            sys.stdout.write(terminal.printable(piece, lines=True))
            sys.stdout.flush()
            self.ends_line = piece.endswith("\n")

    def forget(self) -> None:
        self.finish()
        if self.said.strip() and not self.quiet:
            terminal.say("The lines above are what the model thought; its answer follows.")
        self.said = ""

    def step(self, what: str) -> None:
        if self.steps:
            self.finish()
            terminal.say_aside(f"  {what}")

    def finish(self) -> None:
        """Ends the last line where the answer did not."""
        if not self.ends_line:
            sys.stdout.write("\n")
            sys.stdout.flush()
            self.ends_line = True


def remarks(answer: Answer) -> list[str]:
    """What a person should know of an answer besides its words."""
    found = []
    if answer.removed:
        count = terminal.counted(len(answer.removed), "link")
        found.append(f"Left out {count} of the model to what is not there, or was not read.")
    if answer.model and answer.text and not answer.citations:
        found.append("The answer names no place in the knowledge base: check it before you rely on it.")
    if saved := [each.path for each in answer.citations if each.path.startswith("explorations/")] if answer.model else []:
        found.append(f"It rests on what was answered before, which is no evidence: {', '.join(dict.fromkeys(saved))}")
    if answer.unsupported:
        count = terminal.counted(len(answer.unsupported), "sentence")
        found.append(f"{count} not borne out by the places named there: check before you rely on it.")
        found += [f"  ? {each}" for each in answer.unsupported]
    if answer.cut and answer.cut_by in ("", "length"):
        found.append("The answer was cut off at the limit of tokens; llm.max_output_tokens sets it, see: gitkb config")
    elif answer.cut:
        found.append(f"The model's server ended the answer before its end: {answer.cut_by}.")
    return found


Scope = Literal["all", "sources", "summaries", "concepts", "entities", "explorations"]


def search(
    context: typer.Context,
    query: Annotated[
        list[str], typer.Argument(metavar="QUERY", help='Words, "phrases", prefix*, -exclusion.', show_default=False)
    ],
    scope: Annotated[Scope, typer.Option("--in", help="Which pages.")] = "all",
    limit: Annotated[int, typer.Option("--limit", "-n", metavar="N", min=1, help="At most so many.")] = 10,
    at: AtOption = None,
    json: JsonOption = False,
    kb: KbsOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Search the pages.

    A word that begins with - excludes; put -- before the query then: gitkb search -- consensus -paxos
    """
    all_bases = several(context, kb)
    if all_bases is not None:
        _refuse(at, "--at")
        hits = all_bases.search(" ".join(query), scope=scope, limit=limit)
    else:
        hits = knowledge_base(context, kb).search(" ".join(query), scope=scope, limit=limit, at=at)
    if json:
        terminal.tell_json(json_shapes.rows(hits), indent=2)
        return
    for hit in hits:
        _tell_hit(hit)
    if not hits:
        terminal.say("Nothing found.")


def _refuse(given: object, option: str) -> None:
    """Refuses an option that means one knowledge base, where several are named."""
    if given:
        raise UsageError(f"{option} means one knowledge base, and --kb names several.", "Name one of them with --kb.")


def _tell_hit(hit: SearchHit) -> None:
    heading = f" > {hit.heading}" if hit.heading and hit.heading != hit.title else ""
    kb = f"{hit.kb}  " if hit.kb else ""
    terminal.tell(f"{kb}{hit.page}:{hit.line}  {hit.title}{heading}")
    terminal.tell(f"    {hit.snippet}")


def query(
    context: typer.Context,
    question: Annotated[list[str], typer.Argument(metavar="QUESTION", help="In words.", show_default=False)],
    at: AskedAtOption = None,
    save: Annotated[bool, typer.Option("--save", help="Commit the answer as a page of wiki/explorations/.")] = False,
    quotes: Annotated[bool, typer.Option("--quotes", help="Show the words at the places that a model cites.")] = False,
    branch: BranchOption = "",
    model: ModelOption = "",
    no_model: NoModelOption = False,
    json: JsonOption = False,
    kb: KbsOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Ask a question.

    A model answers where the settings say compiler: llm, or --model names one; otherwise the best passages are shown. Exits
    with 1 where nothing was found.
    """
    from gitkb.cli.listeners import Messages

    if branch and not save:
        raise UsageError("--branch says where the answer is saved, so it needs --save.")
    all_bases = several(context, kb)
    if all_bases is not None:
        for given, option in ((at, "--at"), (save, "--save")):
            _refuse(given, option)
    steps = common(context, kb, verbose).verbose or sys.stderr.isatty()
    base = all_bases or knowledge_base(context, kb)
    answer = _ask(base, " ".join(question), at, chosen_model(model, no_model), json=json, steps=steps)
    for each in answer.quotes if quotes and not json else ():
        for line in ("", f"> {each.words}", f"> ({each.place})"):
            terminal.tell(line)
    saved = None
    if save and answer.text and not answer.cut:
        saved = knowledge_base(context, kb).save_answer(answer, Messages(), branch=branch)
    _tell_answer(answer, saved, json=json)
    if save and answer.cut:
        terminal.complain("The answer is not saved, because it was cut off.", "Ask again, with more room: llm.max_output_tokens")
    raise typer.Exit(ExitCode.OK if answer.text and not (save and answer.cut) else ExitCode.ERROR)


def _ask(
    base: KnowledgeBase | KnowledgeBases, question: str, at: str | None, model: str | None, *, json: bool, steps: bool
) -> Answer:
    from contextlib import nullcontext

    from gitkb import KnowledgeBase
    from gitkb.cli.listeners import Messages

    showing = Showing(quiet=json, steps=steps)
    ask = partial(base.query, at=at) if isinstance(base, KnowledgeBase) else base.query
    with nullcontext() if model is None else base.answering_model(model, Messages()) as found:
        try:
            return ask(question, found, showing)
        finally:
            showing.finish()


def _tell_answer(answer: Answer, saved: Saved | None, *, json: bool) -> None:
    if json:
        terminal.tell_json(json_shapes.saved_answer(answer, saved), indent=2)
        return
    for remark in remarks(answer):
        terminal.say(remark)
    if saved is not None:
        terminal.say(saved_in_words(saved))
    if not answer.text:
        terminal.complain(
            "Nothing in the knowledge base answers this.", 'Other words may; "gitkb search" takes word* and "phrases".'
        )


def saved_in_words(saved: Saved) -> str:
    """Where the answer is now."""
    how = "Saved" if saved.new else "It is saved already"
    return f"{how}: {saved.path}. {saved.branch} is at {terminal.short(saved.commit)}."


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
    write: Annotated[
        bool, typer.Option("--write", help="Let agents propose documents, edits and answers, each on a branch for review.")
    ] = False,
    branch: Annotated[
        str,
        typer.Option(
            "--branch", metavar="NAME", help="With --write: the branch; default: agents/CLIENT/DATE-N.", show_default=False
        ),
    ] = "",
    roots: Annotated[
        list[Path] | None,
        typer.Option("--root", metavar="DIR", help="With --write: agents may add files from below it.", show_default=False),
    ] = None,
    print_config: Annotated[
        str,
        typer.Option(
            "--print-config",
            metavar="CLIENT",
            help="Print what to write into an agent's settings: claude-code, claude-desktop, cursor, vscode, codex, gemini, zed, "
            "or server.json for a registry.",
            show_default=False,
        ),
    ] = "",
    kb: KbsOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Serve the knowledge base to AI agents over the Model Context Protocol.

    An agent starts it itself and speaks over the pipe. With --http it listens; beyond this machine it needs GITKB_MCP_TOKEN.
    """
    if print_config == "server.json":
        from gitkb.agents.client_config import registry_entry

        terminal.tell_text(registry_entry())
        return
    folders = _served(context, kb, write=write)
    if not write and (branch or roots):
        raise UsageError("--branch and --root say how agents write.", "Add --write, or leave them out.")
    if print_config:
        from gitkb.agents.client_config import client_config

        granted = [word for root in roots or () for word in ("--root", str(root.resolve()))]
        writing = ["--write", *(["--branch", branch] if branch else []), *granted] if write else []
        named = [word for folder in folders for word in ("--kb", str(folder))]
        command = [sys.executable, "-m", "gitkb", "mcp", *named, *writing]
        terminal.tell_text(client_config(print_config, "-and-".join(folder.name for folder in folders), command))
        return
    _serve(folders, http, tuple(host_names or ()), writes=(branch, tuple(roots or ())) if write else None)


def _served(context: typer.Context, kb: list[Path] | None, *, write: bool) -> list[Path]:
    """The folders of the knowledge bases to serve."""
    all_bases = several(context, kb)
    if all_bases is None:
        return [Path(knowledge_base(context, kb).folder).resolve()]
    _refuse(write, "--write")
    return [Path(base.folder).resolve() for base in all_bases.by_name.values()]


def _serve(folders: list[Path], http: str, host_names: tuple[str, ...], writes: tuple[str, tuple[Path, ...]] | None) -> None:
    """Serves until the client hangs up, or until interrupted. `writes`: branch and folders of agents that may write."""
    from gitkb import KnowledgeBase
    from gitkb.api.knowledge_bases import KnowledgeBases

    gc.disable()  # the SDK makes very many objects that stay: looking for garbage among them takes a tenth of the start
    try:
        from gitkb.agents import serving
        from gitkb.agents.mcp_server import server
        from gitkb.agents.proposals import Writer
        from gitkb.agents.several_bases import server_of_several
    except ModuleNotFoundError as error:
        raise UsageError("Serving agents needs the package mcp, which is not installed.", "pip install 'gitkb[mcp]'") from error
    finally:
        gc.enable()
    folder, token = folders[0], os.environ.get(TOKEN_VARIABLE, "")
    if writes is not None and http and not token:
        raise UsageError("Over HTTP, agents that write need a token.", f"Set {TOKEN_VARIABLE}.")

    def opened(agent: str) -> KnowledgeBase:
        return KnowledgeBase.open(folder, user=read_user_settings, web=WebAccess(proxy), agent=agent)

    if len(folders) > 1:
        made = server_of_several(lambda: KnowledgeBases.open(folders))
    else:
        made = server(lambda: KnowledgeBase.open(folder), Writer(opened, *writes) if writes is not None else None)
    if not http:
        serving.over_pipe(made)
        return
    served = ", ".join(map(str, folders))
    serving.over_http(made, http, token, host_names, lambda where: terminal.say(f"Serving {served} at {where}. Ctrl-C ends it."))


PASSWORD_VARIABLE = "GITKB_WEB_PASSWORD"


def web(
    context: typer.Context,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", metavar="N", min=1, max=65535, help="Listen there; default: 8787, or any free one.", show_default=False
        ),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", metavar="HOST", help="Listen at this address, not for this machine alone.")
    ] = "127.0.0.1",
    host_names: Annotated[
        list[str] | None,
        typer.Option("--host-name", metavar="NAME", help="Another name by which it is called.", show_default=False),
    ] = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Open no browser.")] = False,
    read_only: Annotated[bool, typer.Option("--read-only", help="Let nobody change anything.")] = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Show the knowledge base in a browser: read, compare, review, decide, ask.

    For this machine alone; the address that opens holds a token. Others need GITKB_WEB_PASSWORD, or a proxy that names the user.
    """
    base = knowledge_base(context, kb)
    try:
        from gitkb.web.guard import Access
        from gitkb.web.listen import free_port, serve
    except ModuleNotFoundError as error:
        raise UsageError(
            f"The web interface needs the package {error.name}, which is not installed.", "pip install 'gitkb[web]'"
        ) from error
    folder, kind, own = Path(base.folder), type(base), user_settings_file().settings().web
    password = os.environ.get(PASSWORD_VARIABLE, "")
    access = Access(
        host,
        free_port(host) if port is None else port,
        tuple(host_names or ()),
        "",
        password,
        own.user_header,
        own.proxies,
        own.readers,
        own.writers,
        read_only,
    )

    def open_base(person: str) -> KnowledgeBase:
        return kind.open(folder, user=lambda: read_user_settings(warn=False), web=WebAccess(proxy), person=person)

    def ready(address: str) -> None:
        terminal.say(f"Serving {folder} at {address} (Ctrl-C ends it)")
        if not no_open and _has_display():
            import webbrowser

            webbrowser.open(address)

    serve(open_base, access, ready)


def _has_display() -> bool:
    """Whether there is a desktop on which a browser can open; on a server one might open in this very terminal."""
    return sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
