"""The codec of `.gitkb/decisions/approved/`: which people have confirmed the claims of a page, when, and which claims these were.

Invariant: an approval is about claims, each known by a short hash of its text. It holds exactly as long as the page shows these
claims, no more and no fewer: whatever comes, goes or is worded anew makes the page count as changed since approval. That another
document, or the same one by another name, says the same in the same words does not. A file from a clone is somebody else's data:
what does not agree with its own path is none.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from gitkb.errors import FormatError
from gitkb.formats.decisions import DECISIONS
from gitkb.formats.records import Fields
from gitkb.formats.topic_rows import FOLDERS, Evidence, topic_path
from gitkb.formats.versions import FORMATS, Kind, canonical
from gitkb.model.documents import TopicKind
from gitkb.text.names.slugs import document_segment, short_hash

APPROVED = f"{DECISIONS}/approved"
MAX_CONFIRMATIONS = 1_000
_DIGITS = 12
_KINDS: dict[str, TopicKind] = {folder: kind for kind, folder in FOLDERS.items()}
_MARK = re.compile(rf"[0-9a-f]{{{_DIGITS}}}")
_BY = re.compile(r"human:[^\s<>]{1,250}")
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
_STAMP = "%Y-%m-%dT%H:%M:%SZ"


class Confirmation(Struct, frozen=True):
    """One person (`by`: "human:ada@example.org") confirmed claims (their marks, sorted), `at` a time ("2026-11-24T10:00:00Z")."""

    by: str
    at: str
    claims: tuple[str, ...]

    @property
    def day(self) -> str:
        return self.at[:10]

    @property
    def person(self) -> str:
        return self.by.removeprefix("human:")


class Approval(Struct, frozen=True):
    """Who has confirmed the claims of one page: one confirmation a person, sorted by `by`."""

    kind: TopicKind
    key: str
    confirmations: tuple[Confirmation, ...]

    @property
    def path(self) -> str:
        return approval_path(self.kind, self.key)

    @property
    def page(self) -> str:
        return topic_path(self.kind, self.key)

    @property
    def newest(self) -> Confirmation:
        return max(self.confirmations, key=lambda each: (each.at, each.by))

    def by(self, person: str) -> Confirmation | None:
        """What this person confirmed, None for nothing."""
        return next((each for each in self.confirmations if each.by == person), None)

    def holding(self, marks: Iterable[str]) -> tuple[Confirmation, ...]:
        """The confirmations of exactly these claims."""
        wanted = tuple(sorted(set(marks)))
        return tuple(each for each in self.confirmations if each.claims == wanted)


class ApprovalState(StrEnum):
    """Whether somebody confirmed what a page shows: CHANGED where it is no longer what was confirmed."""

    NONE = "none"
    APPROVED = "approved"
    CHANGED = "changed"


class Standing(Struct, frozen=True):
    """How a page stands to its approval: the confirmation that counts (the newest that holds, else the newest), and, where none
    holds, how many claims of the page are `new` to it and how many of its own are `gone` from the page."""

    state: ApprovalState
    confirmation: Confirmation | None = None
    new: int = 0
    gone: int = 0


class Shown(Struct, frozen=True):
    """What a page shows: the marks of its claims, sorted, and the documents that it quotes, by name."""

    marks: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()


def mark(text: str) -> str:
    """What tells one claim from another: 12 hex digits of its text."""
    return short_hash(text, _DIGITS)


def marks(claims: Iterable[Evidence]) -> tuple[str, ...]:
    """The marks of some claims, sorted, each once."""
    return tuple(sorted({mark(claim.text) for claim in claims}))


def standing(approval: Approval | None, shown: Sequence[str]) -> Standing:
    """How a page that shows the claims with these marks stands to its approval."""
    if approval is None:
        return Standing(ApprovalState.NONE)
    holding = approval.holding(shown) if shown else ()
    if holding:
        return Standing(ApprovalState.APPROVED, max(holding, key=lambda each: (each.at, each.by)))
    newest, now = approval.newest, set(shown)
    return Standing(ApprovalState.CHANGED, newest, len(now - set(newest.claims)), len(set(newest.claims) - now))


def confirmed(approval: Approval | None, kind: TopicKind, key: str, confirmation: Confirmation) -> Approval:
    """The approval with what one person confirms now in place of what they confirmed before."""
    others = [each for each in (approval.confirmations if approval else ()) if each.by != confirmation.by]
    return Approval(kind, key, _sorted([*others, confirmation]))


def withdrawn(approval: Approval, by: str) -> Approval | None:
    """The approval without what one person confirmed, None where nobody's is left."""
    left = tuple(each for each in approval.confirmations if each.by != by)
    return Approval(approval.kind, approval.key, left) if left else None


def unite(bases: Sequence[Approval | None], ours: Approval | None, theirs: Approval | None) -> Approval | None:
    """The approval of a page after a merge, person by person: what one side changed is taken; of two confirmations of the same
    person the later one stands, and a confirmation made on one side outlives its withdrawal on the other."""
    found = []
    sides = (*bases, ours, theirs)
    for by in sorted({each.by for side in sides if side for each in side.confirmations}):
        before = {side.by(by) if side else None for side in bases}
        mine, other = (side.by(by) if side else None for side in (ours, theirs))
        kept = other if mine in before else mine if other in before else _later(mine, other)
        found += [kept] if kept is not None else []
    some = next((side for side in sides if side is not None), None)
    return Approval(some.kind, some.key, tuple(found)) if some is not None and found else None


def _later(one: Confirmation | None, other: Confirmation | None) -> Confirmation | None:
    both = [each for each in (one, other) if each is not None]
    return max(both, key=lambda each: (each.at, each.claims)) if both else None


def approval_path(kind: TopicKind, key: str) -> str:
    """Where a page's approval stands."""
    return f"{APPROVED}/{FOLDERS[kind]}/{key}.json"


def page_of(path: str) -> tuple[TopicKind, str] | None:
    """(kind, key) of the page whose approval stands at a path, None where the path is no approval's."""
    folder, _, name = path.removeprefix(f"{APPROVED}/").partition("/")
    if not path.startswith(f"{APPROVED}/") or folder not in _KINDS or not name.endswith(".json"):
        return None
    key = name.removesuffix(".json")
    return (_KINDS[folder], key) if key and document_segment(key) == key else None


def stamp(text: str) -> str:
    """A date or a time in UTC ("2026-11-24", "2026-11-24T10:00:00Z") as approvals hold it; `ValueError` for anything else."""
    for form in (_STAMP, "%Y-%m-%d"):
        with suppress(ValueError):
            found = f"{datetime.strptime(text, form).isoformat()}Z"
            if found.startswith(text[:10]):
                return found
    raise ValueError(f"{text!r} is neither a date (2026-11-24) nor a time in UTC (2026-11-24T10:00:00Z)")


def encode(approval: Approval) -> bytes:
    """Canonical JSON, one line a field."""
    people = [{"at": each.at, "by": each.by, "claims": list(each.claims)} for each in approval.confirmations]
    return canonical({"approved": people, "format": FORMATS.number(Kind.APPROVAL)})


def decode(content: bytes, path: str) -> Approval:
    """The approval in these bytes; `path` is where it stands. Raises `FormatError`."""
    with FORMATS.naming(path, "approval", "Take the file from git, or delete it."):
        page = page_of(path)
        fields = Fields(FORMATS.upgraded(Kind.APPROVAL, json.loads(content.decode("utf-8"))))
        if page is None:
            raise FormatError("no page's approval stands there")
        confirmations = tuple(map(_confirmation, fields.objects("approved")))
        people = [each.by for each in confirmations]
        if not 0 < len(people) <= MAX_CONFIRMATIONS or people != sorted(set(people)):
            raise FormatError("it names no person, or not each once and in order")
        return Approval(*page, confirmations)


def _confirmation(fields: Fields) -> Confirmation:
    by, at, claims = fields.text("by", required=True), fields.text("at", required=True), fields.texts("claims")
    if not is_person(by):
        raise FormatError(f"{by[:80]!r} is no person (human:ada@example.org)")
    if not _is_stamp(at):
        raise FormatError(f"{at[:80]!r} is no time in UTC (2026-11-24T10:00:00Z)")
    if not claims or list(claims) != sorted(set(claims)) or not all(map(_MARK.fullmatch, claims)):
        raise FormatError("claims must be marks, each once and in order")
    return Confirmation(by, at, claims)


def is_person(by: str) -> bool:
    """Whether an approval may name this person: an address in which every character is seen."""
    return _BY.fullmatch(by) is not None and not any(unicodedata.category(char) in _UNSEEN for char in by)


def _is_stamp(text: str) -> bool:
    try:
        return stamp(text) == text
    except ValueError:
        return False


def _sorted(confirmations: Iterable[Confirmation]) -> tuple[Confirmation, ...]:
    return tuple(sorted(confirmations, key=lambda each: each.by))
