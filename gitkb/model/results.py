"""What commands that change a knowledge base return: outcomes of documents, and a summary for each command."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from msgspec import Struct, field

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
    page of the web, another process changed its document meanwhile, it is whole and has nothing in it to read,
    people removed it here, or it is likely private and shall not go to a model elsewhere."""

    UNCHANGED = "unchanged"
    SAME_BYTES = "same-bytes"
    SAME_PAGE = "same-page"
    CHANGED_MEANWHILE = "changed-meanwhile"
    EMPTY = "empty"
    OLDER = "older"
    REMOVED = "removed"
    PRIVATE = "private"


class OlderKind(StrEnum):
    """In what way a source is older than the knowledge base: its bytes were replaced, its document was removed, or renamed."""

    REPLACED = "replaced"
    REMOVED = "removed"
    RENAMED = "renamed"


class Older(Struct, frozen=True):
    """A source that would turn its document back; `commit`, `author` and `day` (ISO 8601) are of what it would take back, `now`
    is the document's name now where it was renamed. `decided`: a person removed it, and it shall not return by itself."""

    document: str
    source: str
    kind: OlderKind
    commit: str
    author: str
    day: str
    now: str = ""
    decided: bool = False

    @property
    def said(self) -> str:
        """What happened to it, in words."""
        by = f"by {self.author} on {self.day} ({self.commit[:7]})"
        if self.kind is OlderKind.REPLACED:
            return f"its bytes were replaced {by}"
        return f"was removed {by}" if self.kind is OlderKind.REMOVED else f"was renamed to {self.now} {by}"


class Private(Struct, frozen=True):
    """A source that looks private: `kind` says like what."""

    document: str
    source: str
    kind: str


class DocumentResult(Struct, frozen=True):
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


class PageChanges(Struct, frozen=True):
    """Shared pages that a pages commit created, changed and removed: paths in the repository, sorted."""

    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.created or self.changed or self.removed)


class GoneDocument(Struct, frozen=True):
    """A document whose file, at the path `source`, is gone from the folder that was added."""

    document: str
    source: str


class DeadLink(Struct, frozen=True):
    """A link that leads nowhere once its target is gone: the page, its 1-based line, the target's path."""

    page: str
    line: int
    target: str


class Foreseen(Struct, frozen=True):
    """What a dry run says beforehand: files besides the shared pages by path, those that come (or change) and those that go, and
    the links of other pages that would lead nowhere."""

    written: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    links: tuple["DeadLink", ...] = ()


class ChangeSummary(Struct, frozen=True):
    """The end of a command that changes a branch: the branch, and the commit (hex) at which it stands now."""

    branch: str
    commit: str


class CompileSummary(ChangeSummary, frozen=True, kw_only=True):
    """The end of a command that compiles documents: counts, shared pages touched, seconds. `usage` is what a model was asked,
    `ungrounded` how many of its claims about documents were dropped. A dry run has no commits, and its `foreseen` has the files
    exactly."""

    skipped: int
    failed: int
    pages: PageChanges
    seconds: float = 0.0
    usage: Usage = field(default_factory=Usage)
    ungrounded: int = 0
    foreseen: Foreseen = field(default_factory=Foreseen)


class AddSummary(CompileSummary, frozen=True, kw_only=True):
    """The end of an `add`. `older` of the skipped are older than the knowledge base, and `private` look private and were not to
    go to a model elsewhere; both were left out."""

    added: int
    updated: int
    renamed: int = 0
    removed: int = 0
    older: int = 0
    private: int = 0


class SyncedSource(Struct, frozen=True):
    """What became of one source: its name, the commit at which it was read ("": files that are not those of a commit), and the
    end of the `add` of its files."""

    name: str
    commit: str
    summary: AddSummary


class SyncSummary(Struct, frozen=True):
    """The end of a `sync`, source by source."""

    sources: tuple[SyncedSource, ...]


class SourceSummary(ChangeSummary, frozen=True):
    """The end of `source add` or `source remove`: the name of the source."""

    name: str


class RecompileSummary(CompileSummary, frozen=True, kw_only=True):
    """The end of a `recompile`."""

    recompiled: int
    unchanged: int


class RefreshSummary(ChangeSummary, frozen=True):
    """The end of a `refresh`: `pages` is empty when nothing was pending, `usage` is what a model was asked."""

    pages: PageChanges
    usage: Usage = field(default_factory=Usage)


class ApprovedPage(Struct, frozen=True):
    """One page of an `approve`: `claims` is how many were confirmed, `changed` whether anything had to be written for it, `said`
    what they say and in which document."""

    page: str
    title: str
    claims: int
    changed: bool
    said: tuple[str, ...] = ()


class ApproveSummary(ChangeSummary, frozen=True):
    """The end of an `approve` by the person `by` at `at`; `files` are the approvals that it wrote or deleted, `pages` the shared
    pages that changed. In a dry run `files` are all that would be written besides pages, and `edits` the pages whose uncommitted
    edits would be committed first; else that is empty."""

    by: str
    at: str
    approved: tuple[ApprovedPage, ...]
    files: tuple[str, ...]
    edits: tuple[str, ...]
    pages: PageChanges


class MigrateSummary(ChangeSummary, frozen=True):
    """The end of a `migrate`: the format number `before` and `after`, and the files that were written; none where there was
    nothing to do."""

    before: int
    after: int
    files: tuple[str, ...]


class EditSummary(ChangeSummary, frozen=True):
    """The end of an edit of one page, which is `new` where there was none."""

    page: str
    new: bool


class RemovedDocument(Struct, frozen=True):
    """A document that was removed: `files` are all of its own paths, the record included; `commit` is empty in a dry run."""

    document: str
    title: str
    files: tuple[str, ...]
    commit: str = ""


class RemoveSummary(ChangeSummary, frozen=True):
    """The end of a `remove`. In a dry run `claims` tells for each page how many claims it has of the documents, and `links` which
    links of other pages would lead nowhere; else both are empty."""

    documents: tuple[RemovedDocument, ...]
    pages: PageChanges
    claims: Mapping[str, int] = field(default_factory=dict)
    links: tuple[DeadLink, ...] = ()


class UndoSummary(ChangeSummary, frozen=True):
    """The end of an `undo`: the commit that was taken back and what it said, the `documents` concerned, the paths that are
    back as they were (`restored`) and gone (`deleted`). `left` are paths that were changed since, and stay."""

    undone: str
    subject: str
    documents: tuple[str, ...]
    restored: tuple[str, ...]
    deleted: tuple[str, ...]
    pages: PageChanges
    left: tuple[str, ...] = ()


class DecideSummary(ChangeSummary, frozen=True):
    """The end of a `same` or `apart` about two names as people write them; `page` is where the first one's claims stand now.
    In the `documents`, if any, the name means the other one, and `page` is that one's. `written` and `deleted` are decisions
    (nothing was to do where both are empty), `words` pages with a person's words whose claims went elsewhere. In a dry run
    `besides` are files of gitkb's own that follow from the pages."""

    name: str
    other: str
    page: str
    written: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    pages: PageChanges = field(default_factory=PageChanges)
    words: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()


class PageWritten(ChangeSummary, frozen=True):
    """The end of an edit of a page by a person: its `path`, whether anything was `written`, the shared pages that changed with
    it, and the `text` of the page as it stands then, after the next refresh too. In a dry run nothing is written."""

    path: str
    written: bool
    text: str
    pages: PageChanges = field(default_factory=PageChanges)


class DropSummary(ChangeSummary, frozen=True):
    """The end of a `drop` of a name as people write it; `page` is where its page stood, or stands again. `written` and `deleted`
    are decisions (nothing was to do where both are empty), `words` pages with a person's words. In a dry run `besides` are files
    of gitkb's own that follow from the pages."""

    name: str
    page: str
    written: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    pages: PageChanges = field(default_factory=PageChanges)
    words: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()


class Preview(Struct, frozen=True):
    """A folder with the pages as they would be after a merge of `source` into `branch`: how many pages and other files it has."""

    folder: str
    branch: str
    source: str
    pages: int
    files: int


class Bundle(Struct, frozen=True):
    """A folder with the wiki of `commit` as a bundle: how many pages and other files it has."""

    folder: str
    commit: str
    pages: int
    files: int


class Dropped(Struct, frozen=True):
    """Words of a page that gave way in a merge, because somebody chose the other side."""

    page: str
    text: str


class MergeSummary(ChangeSummary, frozen=True):
    """The end of a `merge` or `pull` of `source`: documents that came, changed, went and have another name, shared pages touched.
    `moved` is False when there was nothing to merge."""

    source: str
    moved: bool = False
    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    pages: PageChanges = field(default_factory=PageChanges)
    renamed: tuple[str, ...] = ()
    dropped: tuple[Dropped, ...] = ()


class PushSummary(ChangeSummary, frozen=True):
    """The end of a `push` to the branch `target` of a remote ("origin/main"), now at `commit`; `pushed` is False when it had
    everything. `merged` is what came from there on the way, `tries` how often it was tried."""

    target: str
    pushed: bool
    merged: MergeSummary
    tries: int = 1


class PullRequest(Struct, frozen=True):
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


class InitResult(Struct, frozen=True):
    """`created` is False when the folder already held a knowledge base; `touched` existed before and got a marked block."""

    path: Path
    branch: str
    commit: str
    created: bool
    touched: tuple[str, ...] = ()


class FixSummary(ChangeSummary, frozen=True):
    """The end of a `lint --fix`: names that were put on other pages (key to key), links that were mended by page, pages with
    edits that were left alone, shared pages touched. Nothing was to do where `merged` and `mended` are
    empty. In a dry run `besides` are files of gitkb's own that follow from the pages."""

    merged: Mapping[str, str] = field(default_factory=dict)
    mended: Mapping[str, int] = field(default_factory=dict)
    left: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    pages: PageChanges = field(default_factory=PageChanges)
    besides: tuple[str, ...] = ()
