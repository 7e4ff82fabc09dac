"""What the library returns: summaries of commands that write, rows and states of commands that read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from gitkb.model.documents import Record


@dataclass(frozen=True, slots=True)
class Usage:
    """What a model was asked: `calls` made now, replies taken from the cache, tokens of the calls made now."""

    calls: int = 0
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.calls + other.calls,
            self.cached + other.cached,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
        )


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


@dataclass(frozen=True, slots=True)
class DocumentResult:
    """The outcome of one source, reported in scan order; `commit` is set once it is published. `before` is the name that a
    renamed document had, `url` the address of a source of the web (its path is a guess where it could not be fetched).
    `phases` in seconds."""

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


@dataclass(frozen=True, slots=True)
class PageChanges:
    """Shared pages that a pages commit created, changed and removed: paths in the repository, sorted."""

    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.created or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something `check` found: `code` is stable and hyphenated ("missing-file"), `path` is in the repository."""

    code: str
    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
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


class State(StrEnum):
    """What `check` says of a revision."""

    WHOLE = "whole"
    PENDING = "pending"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A page that matches a query, with its best passage. `line` is 1-based in the page; a higher `score` is better."""

    page: str
    document: str
    title: str
    heading: str
    line: int
    score: float
    snippet: str


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
    back as they were (`restored`) and gone (`deleted`). `commit` is the tip."""

    branch: str
    commit: str
    undone: str
    subject: str
    documents: tuple[str, ...]
    restored: tuple[str, ...]
    deleted: tuple[str, ...]
    pages: PageChanges


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
    """A request to merge `branch` into `base`: its `title` and `text` (Markdown), and the `address` to look at: of the request
    where a program opened it (`opened`), else of the page where a person can."""

    branch: str
    base: str
    title: str
    text: str
    address: str
    opened: bool


@dataclass(frozen=True, slots=True)
class InitResult:
    """`created` is False when the folder already held a knowledge base; `touched` existed before and got a marked block."""

    path: Path
    branch: str
    commit: str
    created: bool
    touched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many entries of the caches are gone."""

    replies: int
    conversions: int


@dataclass(frozen=True, slots=True)
class InstalledHook:
    """A hook or CI template of a repository: `file` is where it is, `before` the hook of somebody else that it runs first, ""
    for none; `ours` tells whether gitkb wrote it, `current` whether as this version does."""

    name: str
    file: str
    ours: bool
    current: bool
    before: str = ""


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A row of `list`; `commit` is the last commit that changed the document; `changed_since_approval` are the pages that quote
    it and are no longer what somebody approved, `url` is where it was fetched ("": a file)."""

    document: str
    title: str
    source: str
    sha256: str
    media_type: str
    source_pages: int
    commit: str
    changed_since_approval: tuple[str, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True)
class PageRow:
    """A page of `list --pages`: `documents` support it; `approval` is "none", "approved" or "changed", by whom and when ("" for
    none), with how many claims it has that this person did not confirm, and how many of those it shows no more."""

    page: str
    title: str
    kind: str
    documents: int
    approval: str
    approved_by: str = ""
    approved_at: str = ""
    new_claims: int = 0
    gone_claims: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """A document or page: `path` of the page in the repository, its text, and the record where it is a document's."""

    path: str
    text: str
    record: Record | None


@dataclass(frozen=True, slots=True)
class OutdatedReason:
    """Why so many documents are outdated: `what` is "converter", "compiler", "model" or "settings", `before` what their records
    say of it, `now` what it is."""

    documents: int
    what: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class Outdated:
    """How many documents would be made otherwise today; a document counts under every reason that it has."""

    documents: int = 0
    reasons: tuple[OutdatedReason, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangedPage:
    """A page that is no longer what the person `by` approved at `at`; `reason` in words: "2 new claims, 1 claim gone"."""

    page: str
    by: str
    at: str
    reason: str


@dataclass(frozen=True, slots=True)
class KeptReplies:
    """The replies of models that are kept here: how many, their bytes, and what they cost once."""

    entries: int = 0
    bytes: int = 0
    cost: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Status:
    """`pages` counts shared pages; `runs` describes runs that did not end, `living` those under way; `edited` are pages with
    hand edits not yet committed. `approved` counts the pages whose approval holds, `changed_since_approval` are the others that
    somebody approved. `newer` says why this version makes no pages, "" where it does. `model` is the one that the settings ask,
    "" for none, `unwritten` how many pages wait for its overview; `outdated` are the documents that would be made otherwise
    today. `settings_wait`: the file of settings was edited and not committed, so what it says is not in force."""

    branch: str
    commit: str
    documents: int
    pages: int
    state: State
    runs: tuple[str, ...]
    living: tuple[str, ...]
    edited: tuple[str, ...]
    approved: int = 0
    changed_since_approval: tuple[ChangedPage, ...] = ()
    newer: str = ""
    model: str = ""
    unwritten: int = 0
    replies: KeptReplies = field(default_factory=KeptReplies)
    outdated: Outdated = field(default_factory=Outdated)
    settings_wait: bool = False


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A commit as `log` shows it; `time` is ISO 8601 with offset, `operation` and `document` come from the change itself."""

    commit: str
    time: str
    author: str
    subject: str
    operation: str
    document: str


@dataclass(frozen=True, slots=True)
class BlameLine:
    """One line of a page and where it comes from.

    `line` is 1-based, `text` the claim or the line as it stands; `document` and `title` say who states it, `place` where in
    it, `source` the original as it was added; all are empty for what a person wrote. `commit` brought the words, `time` (ISO
    8601 with offset) and `author` are its own; `compiler` found the claim.
    """

    line: int
    text: str
    document: str
    title: str
    place: str
    source: str
    commit: str
    time: str
    author: str
    compiler: str


@dataclass(frozen=True, slots=True)
class Blame:
    """The lines of a page that somebody answers for, in text order, at a commit."""

    path: str
    commit: str
    lines: tuple[BlameLine, ...]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What `check` found at a revision."""

    state: State
    commit: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class RefUpdate:
    """What a push wants of a ref: from the object `old` to `new` (hex ids, "" where the ref is not there)."""

    ref: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Refused:
    """An update of a ref that must not be, with every reason."""

    ref: str
    problems: tuple[Problem, ...]
