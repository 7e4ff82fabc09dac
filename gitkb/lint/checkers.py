"""Which checker finds what; a checker is given the base and gives its findings in any order."""

from collections.abc import Callable, Collection, Iterator, Mapping

from gitkb.lint.approvals import changed
from gitkb.lint.base import Base
from gitkb.lint.mending import dead_link_findings
from gitkb.lint.names import near_duplicates
from gitkb.lint.pages import empty_summaries, missing_descriptions, orphans, weak_sources
from gitkb.lint.versions import superseded
from gitkb.model import Finding

Checker = Callable[[Base], Iterator[Finding]]

CHECKERS: Mapping[str, Checker] = {
    "changed-since-approval": changed,
    "near-duplicate": near_duplicates,
    "superseded-source": superseded,
    "dead-link": dead_link_findings,
    "weak-source": weak_sources,
    "empty-summary": empty_summaries,
    "missing-description": missing_descriptions,
    "orphan-page": orphans,
}
"""Every checker by the code of its findings. Contradictions are asked for of a model, see `gitkb.lint.contradictions`."""


def findings(base: Base, codes: Collection[str]) -> list[Finding]:
    """What the wanted checkers find."""
    return [found for code, checker in CHECKERS.items() if code in codes for found in checker(base)]
