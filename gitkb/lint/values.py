"""What goes into `lint` and comes out of it: plain frozen data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gitkb.model import Finding, PageChanges, Usage


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
