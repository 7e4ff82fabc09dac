"""What commands that read return: rows of lists, hits of a search, where a knowledge base stands."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from gitkb.model.usage import KeptReplies, WaitingBatch

if TYPE_CHECKING:
    from gitkb.model.documents import Record


class State(StrEnum):
    """What `check` says of a revision."""

    WHOLE = "whole"
    PENDING = "pending"
    BROKEN = "broken"


class SearchHit(Struct, frozen=True, omit_defaults=True):
    """A page that matches a query, with its best passage. `line` is 1-based in the page; a higher `score` is better. `kb` names
    the knowledge base where several are searched, and is "" otherwise."""

    page: str
    document: str
    title: str
    heading: str
    line: int
    score: float
    snippet: str
    kb: str = ""


class InstalledHook(Struct, frozen=True):
    """A hook or CI template of a repository: `file` is where it is, `before` the hook of somebody else that it runs first, ""
    for none; `ours` tells whether gitkb wrote it, `current` whether as this version does."""

    name: str
    file: str
    ours: bool
    current: bool
    before: str = ""


class Origin(Struct, frozen=True):
    """From where a document came: the name of a declared source, and the commit there (hex). `changed`: the documents of the
    source are no longer those that came."""

    source: str
    commit: str
    changed: bool = False

    def __str__(self) -> str:
        return f"{self.source} @ {self.commit[:7]}{', changed since' if self.changed else ''}"


class SourceRow(Struct, frozen=True):
    """A declared source: its name, which is the root of its documents; the folder of this repository or the address of another
    one, with what of it counts; how many documents are below the root, and from which commit they came (None: never synced)."""

    name: str
    path: str
    repo: str
    ref: str
    subdir: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    documents: int
    origin: Origin | None = None


class DocumentRow(Struct, frozen=True):
    """A row of `list`; `commit` is the last commit that changed the document; `changed_since_approval` are the pages that quote
    it and are no longer what somebody approved, `url` is where it was fetched ("": a file). `origin` is where it was synced
    from."""

    document: str
    title: str
    source: str
    sha256: str
    media_type: str
    source_pages: int
    commit: str
    changed_since_approval: tuple[str, ...] = ()
    url: str = ""
    origin: Origin | None = None


class PageRow(Struct, frozen=True):
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


class Shown(Struct, frozen=True):
    """A document or page: `path` of the page in the repository, its text, and the record where it is a document's."""

    path: str
    text: str
    record: Record | None


class PageText(Struct, frozen=True):
    """Some lines of a page: `text` holds lines `first` to `last` of `lines`, numbered from 1 with the front matter, which is left
    out. `document` is whose page it is, "" for none; `headings` are those of the whole page: (line, level, anchor, title).
    `end` is the last line of what was asked for; `cut` counts the characters that are left out of a line that is too long."""

    path: str
    document: str
    title: str
    text: str
    first: int
    last: int
    lines: int
    description: str = ""
    headings: tuple[tuple[int, int, str, str], ...] = ()
    end: int = 0
    cut: int = 0

    @property
    def next_line(self) -> int | None:
        """Where to read on, None at the end of the page or of the place that was asked for."""
        return self.last + 1 if self.last < (self.end or self.lines) else None


class PageLinks(Struct, frozen=True):
    """What a page links to, and which pages link to it: paths in the repository, sorted, without pictures and addresses."""

    path: str
    title: str
    to: tuple[str, ...]
    of: tuple[str, ...]


class OutdatedReason(Struct, frozen=True):
    """Why so many documents are outdated: `what` is "converter", "compiler", "model" or "settings", `before` what their records
    say of it, `now` what it is."""

    documents: int
    what: str
    before: str
    now: str


class Outdated(Struct, frozen=True):
    """How many documents would be made otherwise today; a document counts under every reason that it has."""

    documents: int = 0
    reasons: tuple[OutdatedReason, ...] = ()


class ChangedPage(Struct, frozen=True):
    """A page that is no longer what the person `by` approved at `at`; `reason` in words: "2 new claims, 1 claim gone"."""

    page: str
    by: str
    at: str
    reason: str


class Status(Struct, frozen=True):
    """`pages` counts shared pages; `runs` describes runs that did not end, `living` those under way; `edited` are pages with
    hand edits not yet committed. `approved` counts the pages whose approval holds, `changed_since_approval` are the others that
    somebody approved. `newer` says why this version makes no pages, "" where it does. `model` is the one that the settings ask,
    "" for none, `unwritten` how many pages wait for its overview; `outdated` are the documents that would be made otherwise
    today. `settings_wait`: the file of settings was edited and not committed, so what it says is not in force. `unreadable`
    says which records, decisions, approvals and overviews are damaged, and how. `detached`: no branch is checked out.
    `upstream` is the branch of a remote ("origin/main", "" for none) than which this one has so many commits more (`ahead`) and
    less (`behind`). `operation` is what git is in the middle of ("merge", "" for nothing). `batches` wait at a model's server."""

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
    unreadable: tuple[str, ...] = ()
    detached: bool = False
    upstream: str = ""
    ahead: int = 0
    behind: int = 0
    operation: str = ""
    batches: tuple[WaitingBatch, ...] = ()


class RevisionName(Struct, frozen=True):
    """A name for a commit: `kind` is "branch", "remote", "tag" or "commit"; of the commit its subject, author and `time` (ISO
    8601 with offset). It has `ahead` commits that the checked-out branch has not, and lacks `behind` of that one's."""

    name: str
    kind: str
    commit: str
    subject: str
    author: str
    time: str
    ahead: int = 0
    behind: int = 0


class Original(Struct, frozen=True):
    """The original of a document: its `path` in the repository, the `name` that it had, and its bytes."""

    path: str
    name: str
    media_type: str
    content: bytes


class GraphNode(Struct, frozen=True):
    """A page of the graph: its path in the repository, title, and kind ("concept", "entity" or "document")."""

    path: str
    title: str
    kind: str


class Graph(Struct, frozen=True):
    """Which documents speak of which concepts and entities: `edges` are positions in `nodes`, (page, document). `tree` (hex) is
    what it is a function of."""

    tree: str
    nodes: tuple[GraphNode, ...]
    edges: tuple[tuple[int, int], ...]


class LogEntry(Struct, frozen=True):
    """A commit as `log` shows it; `time` is ISO 8601 with offset, `operation` and `document` come from the change itself. `agent`
    made it for its author, "" for none."""

    commit: str
    time: str
    author: str
    subject: str
    operation: str
    document: str
    agent: str = ""


class BlameLine(Struct, frozen=True):
    """One line of a page and where it comes from.

    `line` is 1-based, `text` the claim or the line as it stands; `document` and `title` say who states it, `place` where in it,
    `source` the original as it was added; all are empty for a line that is not a claim. `commit` brought the words, `time` (ISO
    8601 with offset) and `author` are its own. `compiler` found the claim or made the line; it is empty for what a person wrote.
    `commit`, `time` and `author` are empty where the words are older than the history of this clone. `origin` is where the
    document was synced from. `agent` made the commit for its author, "" for none.
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
    origin: Origin | None = None
    agent: str = ""


class Blame(Struct, frozen=True):
    """The lines of a page that somebody answers for, in text order, at a commit."""

    path: str
    commit: str
    lines: tuple[BlameLine, ...]


class SettingRow(Struct, frozen=True):
    """A setting in force: its `name` as it is written (`raw.storage`), and where its value came from: a file, the environment
    or "default"."""

    name: str
    value: Any
    origin: str
