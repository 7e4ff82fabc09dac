"""Finds out where the lines of a page come from: for a claim the document, place and commit, for a person's words their commit.

Invariant: answers come from the contents of records and pages along the history, never from messages or trailers, so they survive
squash and rebase merges. A claim belongs to the commit that first brought its sentence, if it was there ever since. Reads only.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from msgspec.structs import replace

from gitkb.branch.commit_messages import agent_of
from gitkb.branch.renames import follow
from gitkb.branch.stored_documents import moved_page, owner_of
from gitkb.commands.inspect.find import find_page
from gitkb.errors import FormatError, NotFound
from gitkb.formats import records
from gitkb.model.documents import Claim, Record
from gitkb.model.rows import Blame, BlameLine, Origin
from gitkb.store.history import Ancestors
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.store.values import Commit
from gitkb.text.markdown.links import escape
from gitkb.wiki.hand_edits import Seal, author, edited_path, state

_CLAIM = re.compile(r"^(?:- )?(?P<text>.+) \[(?P<label>(?:[^\]\\]|\\.)*)\]\([^()\s]+\)\[\^(?P<id>[^\]\s]+)\]$")


def blame(store: Store, tip: Snapshot, name: str, line: int | None, origins: Mapping[str, Origin]) -> Blame:
    """The claims of a page and a person's lines on it, or the one line that is asked for; `origins` are the declared sources by
    the roots of their documents. Raises `NotFound`."""
    path, document = find_page(tip, name)
    page = _Page(store, tip, path, document)
    if line is None:
        return Blame(path, tip.commit, tuple(_with_origin(each, origins) for each in page.claims_and_words()))
    if not 1 <= line <= len(page.lines):
        raise NotFound(f"{path} has {len(page.lines)} lines, no line {line}.", f"gitkb show {name} prints them.")
    return Blame(path, tip.commit, (_with_origin(page.line(line), origins),))


def _with_origin(line: BlameLine, origins: Mapping[str, Origin]) -> BlameLine:
    return replace(line, origin=origins.get(line.source.partition("/")[0]))


@dataclass
class _Page:
    store: Store
    tip: Snapshot
    path: str
    document: str | None
    lines: list[str] = field(init=False)
    _records: dict[str, Record | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lines = _lines(self.tip.read(self.path))

    def claims_and_words(self) -> Iterator[BlameLine]:
        """The lines that state something, or that a person wrote."""
        written = self._persons_lines()
        for number, line in enumerate(self.lines, 1):
            if line.strip() and (_CLAIM.match(line) or line in written):
                yield self.line(number)

    def line(self, number: int) -> BlameLine:
        """The origin of one line."""
        line = self.lines[number - 1]
        found = _CLAIM.match(line)
        document = found["id"].replace("--", "/") if found else ""
        record = self._record(document) if document else None
        claim = _claim(record, found["text"]) if record is not None and found else None
        if record is not None and claim is not None:
            return self._of_record(number, record, claim)
        return self._of_page(number, line)

    def _of_record(self, number: int, record: Record, claim: Claim) -> BlameLine:

        def states(content: bytes | None, path: str) -> bool:
            return content is not None and _claim(_decoded(content, path), escape(claim.text)) is not None

        commit = self._since(records.record_path(record.document), states)
        title, source = record.title, record.source.path
        return _line(number, claim.text, commit, (record.document, title, claim.place.label, source), record.compiler)

    def _of_page(self, number: int, line: str) -> BlameLine:
        """A line that no record states: a person's, or one that only the page has. The commit that brought it to the page."""
        commit = self._since(self.path, lambda content, path: self._moved(line, path) in _lines(content))
        if line in self._persons_lines():
            return _line(number, line, commit, ("", "", "", ""), "")
        record = self._record(self.document) if self.document else None
        if record is None:
            return _line(number, line, commit, ("", "", "", ""), author(self.tip.read(self.path) or b"") or "gitkb")
        return _line(number, line, commit, (record.document, record.title, "", record.source.path), record.compiler)

    def _moved(self, line: str, path: str) -> str:
        """The line as it stood on the page when that had another path."""
        old = owner_of(path)
        if path == self.path or self.document is None or old is None:
            return line
        return moved_page(line.encode("utf-8", "surrogateescape"), self.path, {self.document: old}).decode("utf-8", "replace")

    def _since(self, path: str, holds: Callable[[bytes | None, str], bool]) -> Commit | None:
        """The commit from which on a file has held something without a break, also under the names that it had before; None if
        that lies before the history of this clone."""
        graph = Ancestors(self.store.git_dir)
        last: Commit | None = None
        born = False
        for commit, here in follow(self.store, path, self.tip.commit):
            if last is not None and ((born and here == path) or not holds(self.store.snapshot(commit.oid).read(here), here)):
                return last
            if graph.ends_at(commit.oid):
                return None
            last, path = commit, here
            born = not any(self.store.snapshot(parent).blob(here) for parent in commit.parents)
        if last is None:
            raise NotFound(f"The history of {path} is not in this clone.", "Fetch it with: git fetch --unshallow")
        return last

    def _persons_lines(self) -> set[str]:
        """The lines of the page that its projection does not have."""
        content = self.tip.read(self.path) or b""
        kind = state(content)
        if kind is Seal.GENERATED:
            return set()
        if kind is Seal.PERSON:
            return set(self.lines)
        projected = self.tip.read(edited_path(self.path)) or self._last_generated()
        seal = {line for line in self.lines if line.startswith(("generated: ", "<!-- gitkb: "))}
        return set(self.lines) - set(_lines(projected)) - seal

    def _last_generated(self) -> bytes | None:
        for commit in self.store.history(self.path, self.tip.commit):
            content = self.store.snapshot(commit.oid).read(self.path)
            if content is not None and state(content) is Seal.GENERATED:
                return content
        return None

    def _record(self, document: str) -> Record | None:
        if document not in self._records:
            path = records.record_path(document)
            content = self.tip.read(path)
            self._records[document] = None if content is None else _decoded(content, path)
        return self._records[document]


def _decoded(content: bytes, path: str) -> Record | None:
    try:
        return records.decode(content, path)
    except FormatError:
        return None


def _claim(record: Record | None, escaped: str) -> Claim | None:
    """The claim of a record that a page shows in these (escaped) words."""
    claims = (claim for topic in (record.topics if record else ()) for claim in topic.claims)
    return next((claim for claim in claims if escape(claim.text) == escaped), None)


def _lines(content: bytes | None) -> list[str]:
    return (content or b"").decode("utf-8", "replace").splitlines()


def _line(number: int, text: str, commit: Commit | None, origin: tuple[str, str, str, str], compiler: str) -> BlameLine:
    if commit is None:
        return BlameLine(number, text, *origin, "", "", "", compiler)
    when = datetime.fromtimestamp(commit.time, UTC).isoformat()
    who = f"{commit.author_name} <{commit.author_email}>"
    return BlameLine(number, text, *origin, commit.oid, when, who, compiler, agent=agent_of(commit.message))
