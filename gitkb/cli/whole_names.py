"""Parts of names in commands that change something: shown, and taken for the whole name only where a person agrees.

Invariant: without a terminal nothing is guessed, unless the command line says --yes; and never where several names fit.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

import typer

from gitkb.cli import terminal
from gitkb.errors import PartOfName

T = TypeVar("T")
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Take a part of a name for the only name that has it.")]


def with_whole_names(names: Sequence[str], yes: bool, act: Callable[[list[str]], T]) -> T:
    """What `act` gives for these names; raises `PartOfName` where one is no name and nobody agrees on which is meant."""
    whole = list(names)
    while True:
        try:
            return act(whole)
        except PartOfName as part:
            meant = part.candidates[0]
            changed = [_replaced(name, part.name, meant) for name in whole]
            if len(part.candidates) > 1 or changed == whole or not (yes or _agreed(part.name, meant)):
                raise
            whole = changed


def _replaced(name: str, part: str, meant: str) -> str:
    """The name in full; what follows the part ("@HEAD~2") stays."""
    return meant if name == part else f"{meant}{name[len(part) :]}" if name.startswith(f"{part}@") else name


def _agreed(part: str, meant: str) -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    return terminal.agreed(f"{part!r} is a part of {meant}. Is that the one?")
