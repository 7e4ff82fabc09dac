"""What a knowledge base says when it is asked: rows of lists, its state, its history."""

from dataclasses import dataclass, field

from gitkb.model import Problem, Record, State, Usage


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
