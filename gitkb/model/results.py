"""What commands that change a knowledge base return: outcomes of documents, and a summary for each command."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from gitkb.model.usage import Usage


class Outcome(StrEnum):
    """What became of one source, or of the document of a source that is gone, in a run."""

    ADDED = "added"
    UPDATED = "updated"
    RENAMED = "renamed"
    REMOVED = "removed"
    RECOMPILED = "recompiled"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"

    @property
    def is_commit(self) -> bool:
        """Whether it is a commit of the branch."""
        return self in (Outcome.ADDED, Outcome.UPDATED, Outcome.RENAMED, Outcome.REMOVED, Outcome.RECOMPILED)


class SkipReason(StrEnum):
    """Why nothing was done about a source: it is there already as it is, other sources have the same bytes or led to the same
    page of the web, or another process changed its document meanwhile."""

    UNCHANGED = "unchanged"
    SAME_BYTES = "same-bytes"
    SAME_PAGE = "same-page"
    CHANGED_MEANWHILE = "changed-meanwhile"


@dataclass(frozen=True, slots=True)
class DocumentResult:
    """The outcome of one source, reported in scan order; `commit` is set once it is published. `before` is the name that a
    renamed document had, `url` the address of a source of the web (its path is a guess where it could not be fetched).
    `skipped` says why nothing was done about it, `reason` the same for people. `phases` in seconds."""

    document: str
    source: str
    outcome: Outcome
    reason: str = ""
    commit: str = ""
    seconds: float = 0.0
    title: str = ""
    phases: Mapping[str, float] = field(default_factory=dict)
    before: str = ""
    url: str = ""
    skipped: SkipReason | None = None


@dataclass(frozen=True, slots=True)
class PageChanges:
    """Shared pages that a pages commit created, changed and removed: paths in the repository, sorted."""

    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.created or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class GoneDocument:
    """A document whose file, at the path `source`, is gone from the folder that was added."""

    document: str
    source: str


@dataclass(frozen=True, slots=True)
class DeadLink:
    """A link that leads nowhere once its target is gone: the page, its 1-based line, the target's path."""

    page: str
    line: int
    target: str


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a dry run says beforehand: files besides the shared pages by path, those that come (or change) and those that go, and
    the links of other pages that would lead nowhere."""

    written: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    links: tuple["DeadLink", ...] = ()


@dataclass(frozen=True, slots=True)
class AddSummary:
    """The end of an `add`: counts, branch, tip (hex), shared pages touched, seconds; `dry_run` results have no commits, and
    `foreseen` the files exactly. `usage` is what a model was asked,
    `ungrounded` how many of its claims about documents were dropped."""

    added: int
    updated: int
    skipped: int
    failed: int
    branch: str
    commit: str
    pages: PageChanges
    seconds: float
    usage: Usage = field(default_factory=Usage)
    ungrounded: int = 0
    renamed: int = 0
    removed: int = 0
    foreseen: Foreseen = field(default_factory=Foreseen)


@dataclass(frozen=True, slots=True)
class RecompileSummary:
    """The end of a `recompile`: counts, branch, tip (hex), shared pages touched, seconds, what a model was asked; a dry run's
    `foreseen` has the files and pages exactly."""

    recompiled: int
    unchanged: int
    skipped: int
    failed: int
    branch: str
    commit: str
    pages: PageChanges
    seconds: float
    usage: Usage = field(default_factory=Usage)
    ungrounded: int = 0
    foreseen: Foreseen = field(default_factory=Foreseen)


@dataclass(frozen=True, slots=True)
class RefreshSummary:
    """The end of a `refresh`: `commit` is the tip, `pages` is empty when nothing was pending, `usage` what a model was asked."""

    branch: str
    commit: str
    pages: PageChanges
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class ApprovedPage:
    """One page of an `approve`: `claims` is how many were confirmed, `changed` whether anything had to be written for it, `said`
    what they say and in which document."""

    page: str
    title: str
    claims: int
    changed: bool
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApproveSummary:
    """The end of an `approve` by the person `by` at `at`; `files` are the approvals that it wrote or deleted, `pages` the shared
    pages that changed. `commit` is the tip. In a dry run `files` are all that would be written besides pages, and `edits` the
    pages whose uncommitted edits would be committed first; else that is empty."""

    branch: str
    commit: str
    by: str
    at: str
    approved: tuple[ApprovedPage, ...]
    files: tuple[str, ...]
    edits: tuple[str, ...]
    pages: PageChanges


@dataclass(frozen=True, slots=True)
class MigrateSummary:
    """The end of a `migrate`: the format number `before` and `after`, and the files that were written; none where there was
    nothing to do. `commit` is the tip."""

    branch: str
    commit: str
    before: int
    after: int
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemovedDocument:
    """A document that was removed: `files` are all of its own paths, the record included; `commit` is empty in a dry run."""

    document: str
    title: str
    files: tuple[str, ...]
    commit: str = ""


@dataclass(frozen=True, slots=True)
class RemoveSummary:
    """The end of a `remove`; `commit` is the tip. In a dry run `claims` tells for each page how many claims it has of the
    documents, and `links` which links of other pages would lead nowhere; else both are empty."""

    branch: str
    commit: str
    documents: tuple[RemovedDocument, ...]
    pages: PageChanges
    claims: Mapping[str, int] = field(default_factory=dict)
    links: tuple[DeadLink, ...] = ()


@dataclass(frozen=True, slots=True)
class UndoSummary:
    """The end of an `undo`: the commit that was taken back and what it said, the `documents` concerned, the paths that are
    back as they were (`restored`) and gone (`deleted`). `left` are paths that were changed since, and stay.
    `commit` is the tip."""

    branch: str
    commit: str
    undone: str
    subject: str
    documents: tuple[str, ...]
    restored: tuple[str, ...]
    deleted: tuple[str, ...]
    pages: PageChanges
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DecideSummary:
    """The end of a `same` or `apart` about two names as people write them; `page` is where the first one's claims stand now.
    `written` and `deleted` are decisions (nothing was to do where both are empty), `words` pages with a person's words whose
    claims went elsewhere; `commit` is the tip. In a dry run `besides` are files of gitkb's own that follow from the pages."""

    branch: str
    commit: str
    name: str
    other: str
    page: str
    written: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    pages: PageChanges = field(default_factory=PageChanges)
    words: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MergeSummary:
    """The end of a `merge` or `pull` of `source`: documents that came, changed, went and have another name, shared pages touched;
    `commit` is the tip. `moved` is False when there was nothing to merge."""

    branch: str
    commit: str
    source: str
    moved: bool = False
    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    pages: PageChanges = field(default_factory=PageChanges)
    renamed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PushSummary:
    """The end of a `push` to the branch `target` of a remote ("origin/main"), now at `commit`; `pushed` is False when it had
    everything. `merged` is what came from there on the way, `tries` how often it was tried."""

    branch: str
    commit: str
    target: str
    pushed: bool
    merged: MergeSummary
    tries: int = 1


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A request to merge `branch` into `base`, with its `title` and `text` (Markdown). If a program `opened` it, `address` is
    that of the request; otherwise that of the page where a person can open it. It is "" if not known. `hosted`: the remote is at
    a hosting service, where there can be a request at all."""

    branch: str
    base: str
    title: str
    text: str
    address: str
    opened: bool
    hosted: bool = True


@dataclass(frozen=True, slots=True)
class InitResult:
    """`created` is False when the folder already held a knowledge base; `touched` existed before and got a marked block."""

    path: Path
    branch: str
    commit: str
    created: bool
    touched: tuple[str, ...] = ()


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
