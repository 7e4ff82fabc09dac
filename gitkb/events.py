"""What the library tells its caller while it works and when it is done: plain frozen data, and the `Listener` that receives it.

The library never prints; a command passes a `Listener` that does. The default one is silent and costs nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gitkb.model import DocumentResult, PageChanges, Problem, Record, State, Usage


@dataclass(frozen=True, slots=True)
class AddOptions:
    """How `add` works: `into` replaces the root's name, `update` allows a known root with other bytes, `jobs` 0 means one per
    core, `include` and `exclude` are globs on paths inside the added folder, `timings` measures phases. `branch` is where the
    documents go ("" for the checked-out one), and `start` the revision at which it begins when it is not there yet. `compiler`
    and `model` overrule the settings for this once; a model may be asked for `max_tokens` in all (0: no limit). With `prune`
    documents go whose file is gone from the added folder. `urls` are pages to fetch, `refetch` wants all that were fetched
    before, `allow_private` also addresses that are not public."""

    into: str = ""
    update: bool = False
    jobs: int = 0
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    dry_run: bool = False
    timings: bool = False
    branch: str = ""
    start: str = ""
    compiler: str = ""
    model: str = ""
    max_tokens: int = 0
    urls: tuple[str, ...] = ()
    refetch: bool = False
    allow_private: bool = False
    prune: bool = False


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """How `watch` works: `add` are the options of each run, a file is added when it has not changed for `settle` seconds, `poll`
    looks at the folders again and again instead of being told by the system."""

    add: AddOptions = AddOptions()
    settle: float = 1.0
    poll: bool = False


@dataclass(frozen=True, slots=True)
class RecompileOptions:
    """How `recompile` works; which documents: those named, `every` one, or those `outdated`. The rest as in `AddOptions`."""

    every: bool = False
    outdated: bool = False
    jobs: int = 0
    dry_run: bool = False
    timings: bool = False
    branch: str = ""
    compiler: str = ""
    model: str = ""
    max_tokens: int = 0


@dataclass(frozen=True, slots=True)
class GoneDocument:
    """A document whose file, at the path `source`, is gone from the folder that was added."""

    document: str
    source: str


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a dry run says beforehand: the documents' own files by path, those that come (or change) and those that go, and the
    links of other pages that would lead nowhere."""

    written: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    links: tuple["DeadLink", ...] = ()


@dataclass(frozen=True, slots=True)
class AddSummary:
    """The end of an `add`: counts, branch, tip (hex), shared pages touched, seconds; `dry_run` results have no commits, and
    `foreseen` what is known of renamed and removed documents before anything is converted. `usage` is what a model was asked,
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
class RefreshSummary:
    """The end of a `refresh`: `commit` is the tip, `pages` is empty when nothing was pending, `usage` what a model was asked."""

    branch: str
    commit: str
    pages: PageChanges
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class TakeBackOptions:
    """How `remove`, `undo`, `same`, `apart` and `lint --fix` work: on which `branch` ("" is the checked-out
    one); a `dry_run` only says what they would do."""

    branch: str = ""
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class ApproveOptions:
    """How `approve` works: on which `branch` ("" is the checked-out one); `withdraw` takes the person's own approval back; `at`
    is when it was confirmed ("2026-11-24T10:00:00Z"), "" for now; a `dry_run` only says what it would do."""

    branch: str = ""
    withdraw: bool = False
    at: str = ""
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class ApprovedPage:
    """One page of an `approve`: `claims` is how many were confirmed, `changed` whether anything had to be written for it."""

    page: str
    title: str
    claims: int
    changed: bool


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
class ChangedPage:
    """A page that is no longer what the person `by` approved at `at`; `reason` in words: "2 new claims, 1 claim gone"."""

    page: str
    by: str
    at: str
    reason: str


@dataclass(frozen=True, slots=True)
class RemovedDocument:
    """A document that was removed: `files` are all of its own paths, the record included; `commit` is empty in a dry run."""

    document: str
    title: str
    files: tuple[str, ...]
    commit: str = ""


@dataclass(frozen=True, slots=True)
class DeadLink:
    """A link that leads nowhere once its target is gone: the page, its 1-based line, the target's path."""

    page: str
    line: int
    target: str


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
class MergeChoices:
    """Whose version stands where both sides of a merge changed a document or page: names as people type them."""

    ours: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()


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
class Shown:
    """A document or page: `path` of the page in the repository, its text, and the record where it is a document's."""

    path: str
    text: str
    record: Record | None


@dataclass(frozen=True, slots=True)
class KeptReplies:
    """The replies of models that are kept here: how many, their bytes, and what they cost once."""

    entries: int = 0
    bytes: int = 0
    cost: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many entries of the caches are gone."""

    replies: int
    conversions: int


@dataclass(frozen=True, slots=True)
class Status:
    """`pages` counts shared pages; `runs` describes runs that did not end, `living` those under way; `edited` are pages with
    hand edits not yet committed. `approved` counts the pages whose approval holds, `changed_since_approval` are the others that
    somebody approved. `newer` says why this version makes no pages, "" where it does. `model` is the one that the settings ask,
    "" for none, `unwritten` how many pages wait for its overview; `outdated` are the documents that would be made otherwise
    today."""

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
class Progress:
    """How far an `add` is: numbers of sources."""

    total: int = 0
    prepared: int = 0
    committed: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan found: `folder` as it will be named, supported files, and the paths of those not supported."""

    folder: str
    found: int
    unsupported: Sequence[str] = field(default=())


class Listener:
    """Receives what happens; every method may be overridden. Called from one thread at a time."""

    def message(self, text: str) -> None:
        """A sentence for the person, such as what recovery did."""

    def scanned(self, event: Scanned) -> None:
        """The scan of one root has ended."""

    def gone(self, documents: Sequence[GoneDocument]) -> None:
        """These documents are about to be removed, because their files are gone; called before anything is changed."""

    def progress(self, event: Progress) -> None:
        """Counts have changed."""

    def document(self, result: DocumentResult) -> None:
        """A source has its outcome; called in scan order, for an added one after its commit is published."""

    def unwritten(self, what: str) -> None:
        """A model has not answered for a page or a pair of names: "concepts/x: the reason". The pages were made without it."""

    def timing(self, document: str, phases: Mapping[str, float]) -> None:
        """Seconds by phase; `document` is empty for phases of the run. Only with `AddOptions.timings`."""


class WatchListener(Listener):
    """Receives besides what happens between the runs of a `watch`."""

    def ran(self, summary: AddSummary) -> None:
        """A run has ended, perhaps without a change."""

    def failed(self, message: str, hint: str) -> None:
        """A run could not be made, or was not ended; it will be tried again."""

    def idle(self, folders: Sequence[Path]) -> None:
        """Everything that is there is in; changes are waited for."""
