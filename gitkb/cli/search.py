"""`gitkb search`: pages that match, best first, each with its best passage and the line where it stands."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gitkb.cli import terminal
from gitkb.cli.locate import knowledge_base
from gitkb.cli.options import AtOption, JsonOption, KbOption, VerboseOption

if TYPE_CHECKING:
    from gitkb.model import SearchHit

Scope = Literal["all", "sources", "summaries", "concepts", "entities"]


def search(
    context: typer.Context,
    query: Annotated[
        list[str], typer.Argument(metavar="QUERY", help='Words, "phrases", prefix*, -exclusion.', show_default=False)
    ],
    scope: Annotated[Scope, typer.Option("--in", help="Which pages.")] = "all",
    limit: Annotated[int, typer.Option("--limit", "-n", metavar="N", min=1, help="At most so many.")] = 10,
    at: AtOption = None,
    json: JsonOption = False,
    kb: KbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Search the pages.

    A word that begins with - excludes; put -- before the query then: gitkb search -- consensus -paxos
    """
    hits = knowledge_base(context, kb).search(" ".join(query), scope=scope, limit=limit, at=at)
    if json:
        terminal.tell_json([asdict(hit) for hit in hits], indent=2)
        return
    for hit in hits:
        _tell(hit)
    if not hits:
        terminal.say("Nothing found.")


def _tell(hit: SearchHit) -> None:
    heading = f" > {hit.heading}" if hit.heading and hit.heading != hit.title else ""
    terminal.tell(f"{hit.page}:{hit.line}  {hit.title}{heading}")
    terminal.tell(f"    {hit.snippet}")
