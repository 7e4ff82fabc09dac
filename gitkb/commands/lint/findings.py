"""Which kinds of findings `lint` looks for, in which order it tells them, and how it names pages and commands in them."""

import shlex
from collections.abc import Collection, Iterable

from gitkb.errors import UsageError
from gitkb.model.findings import CODES, Finding

CONTRADICTION = "contradiction"


def chosen_codes(only: Collection[str], excepted: Collection[str]) -> frozenset[str]:
    """The kinds that are wanted; `UsageError` for one that there is not."""
    for code in (*only, *excepted):
        if code not in CODES:
            raise UsageError(f"There is no finding {code!r}.", f"There are: {', '.join(CODES)}.")
    return frozenset(only or CODES) - frozenset(excepted)


def sorted_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By kind, the gravest first, then by path and line."""
    order = list(CODES)
    return tuple(sorted({*findings}, key=lambda each: (order.index(each.code), each.path, each.line, each.message)))


def command(*words: str) -> str:
    """A command line that a person can paste into a shell."""
    return shlex.join(("gitkb", *words))


def short_name(path: str) -> str:
    """A page as people name it: "concepts/aries"."""
    return path.removeprefix("wiki/").removesuffix(".md")
