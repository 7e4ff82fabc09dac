"""Which knowledge base a command works on: `--kb`, then `GITKB_DIR`, then upwards from the current folder.

Invariant: looking for one never creates anything. The library is imported here and not before, so that `--help` is quick.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gitkb.cli.options import common
from gitkb.cli.user import proxy, read_user_settings

if TYPE_CHECKING:
    from gitkb.kb import KnowledgeBase

VARIABLE = "GITKB_DIR"


def named(context: typer.Context, kb: Path | None) -> Path | None:
    """The folder that the person named, by option or by variable; None where they named none."""
    given = common(context, kb, False).kb
    if given is not None:
        return given
    variable = os.environ.get(VARIABLE, "")
    return Path(variable).expanduser() if variable else None


def knowledge_base(context: typer.Context, kb: Path | None) -> KnowledgeBase:
    """The knowledge base to work on; `NotAKnowledgeBase` where there is none."""
    from gitkb.kb import KnowledgeBase

    folder = named(context, kb)
    found = KnowledgeBase.open(folder) if folder is not None else KnowledgeBase.discover(Path.cwd())
    found.user = read_user_settings
    found.network = replace(found.network, proxy=proxy)
    return found
