"""What a finding is called and how it is sorted. A new kind of finding is a line in `CODES` and a checker in
`gitkb.lint.checkers`.

Invariant: codes are stable and hyphenated. No finding of `check` (integrity) is one here.
"""

import shlex
from collections.abc import Collection, Iterable

from gitkb.errors import UsageError
from gitkb.model import Finding

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
