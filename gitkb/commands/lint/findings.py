"""The order in which `lint` tells its findings, and how it names pages and commands in them."""

import shlex
from collections.abc import Iterable

from gitkb.model.findings import CODES, Finding

CONTRADICTION = "contradiction"


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
