"""The codes of what `lint` finds, and its options and results.

Invariant: codes are stable and hyphenated. No finding of `check` (integrity) is one here.
"""

import shlex
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from gitkb.errors import UsageError
from gitkb.model.results import Finding, PageChanges, Usage

CONTRADICTION = "contradiction"
CODES = {
    "contradiction": "Claims that contradict each other, as a model judges them",
    "changed-since-approval": "Pages that are no longer what somebody approved",
    "superseded-source": "Documents of which a newer version is here",
    "near-duplicate": "Pages that may be about the same thing",
    "dead-link": "Links of people that lead nowhere",
    "weak-source": "Pages that rest on one weak source",
    "empty-summary": "Documents whose summary says nothing; say it under description: or ## Notes",
    "missing-description": "Pages without a description; say it under description: in the front matter",
    "orphan-page": "Pages to which nothing leads",
}
"""Every kind of finding with its heading, the gravest first."""


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


@dataclass(frozen=True, slots=True)
class LintOptions:
    """What `lint` looks for: all kinds of findings, or `only` some, without those `excepted`."""

    only: tuple[str, ...] = ()
    excepted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LintResult:
    """What `lint` found at a commit, the gravest first. `usage` is what a model was asked, `unasked` why one that was wanted was
    not asked, or not all."""

    commit: str
    findings: tuple[Finding, ...]
    usage: Usage = field(default_factory=Usage)
    unasked: str = ""


@dataclass(frozen=True, slots=True)
class FixSummary:
    """The end of a `lint --fix`: names that were put on other pages (key to key), links that were mended by page, pages with
    edits that were left alone, shared pages touched. `commit` is the tip; nothing was to do where `merged` and `mended` are
    empty. In a dry run `besides` are files of gitkb's own that follow from the pages."""

    branch: str
    commit: str
    merged: Mapping[str, str] = field(default_factory=dict)
    mended: Mapping[str, int] = field(default_factory=dict)
    left: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    pages: PageChanges = field(default_factory=PageChanges)
    besides: tuple[str, ...] = ()
