"""What `check` and `lint` find, and why a push is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from gitkb.model.usage import Usage

if TYPE_CHECKING:
    from gitkb.model.rows import State

CONTRADICTION = "contradiction"
CODES = {
    CONTRADICTION: "Claims that contradict each other, as a model judges them",
    "changed-since-approval": "Pages that are no longer what somebody approved",
    "superseded-source": "Documents of which a newer version is here",
    "near-duplicate": "Pages that may be about the same thing",
    "dead-link": "Links of people that lead nowhere",
    "everywhere": "Pages about a name that nearly every document has",
    "weak-source": "Pages that rest on one weak source",
    "empty-summary": "Documents whose summary says nothing; say it under description: or ## Notes",
    "missing-description": "Pages without a description; say it under description: in the front matter",
    "orphan-page": "Pages to which nothing leads",
}
"""Every kind of finding of `lint` with its heading, the gravest first. Codes are stable and hyphenated."""


class Problem(Struct, frozen=True):
    """Something `check` found: `code` is stable and hyphenated ("missing-file"), `path` is in the repository."""

    code: str
    path: str
    message: str


class Finding(Struct, frozen=True):
    """Something `lint` found: `code` is stable and hyphenated ("near-duplicate"), `path` in the repository, `line` 1-based or 0.
    `commands` are command lines of which one settles it, `others` further paths that it is about; `fixable` says whether
    `lint --fix` settles it."""

    code: str
    path: str
    message: str
    line: int = 0
    commands: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    fixable: bool = False


class CheckResult(Struct, frozen=True):
    """What `check` found at a revision."""

    state: State
    commit: str
    problems: tuple[Problem, ...]


class RefUpdate(Struct, frozen=True):
    """What a push wants of a ref: from the object `old` to `new` (hex ids, "" where the ref is not there)."""

    ref: str
    old: str
    new: str


class Refused(Struct, frozen=True):
    """An update of a ref that must not be, with every reason."""

    ref: str
    problems: tuple[Problem, ...]


class LintResult(Struct, frozen=True):
    """What `lint` found at a commit, the gravest first. `usage` is what a model was asked, `unasked` why one that was wanted was
    not asked, or not all."""

    commit: str
    findings: tuple[Finding, ...]
    usage: Usage = field(default_factory=Usage)
    unasked: str = ""
