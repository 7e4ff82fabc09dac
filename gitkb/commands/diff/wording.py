"""The words that all renderings of a diff share: its headline, names of pages, what to show first.

Invariant: plain text, in one line each; whoever renders escapes it for where it goes.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from gitkb.commands.diff.compare import word_changes
from gitkb.commands.diff.report import Attention, Change, ClaimChanges, Concern, DiffReport, DocumentChange, PageChange

LABELS = {
    Concern.BAD_RECORD: "unreadable",
    Concern.LOST_APPROVAL: "approval lost",
    Concern.LOST_DEFINITION: "definition lost",
    Concern.BROKEN_LINK: "link broken",
    Concern.DECIDED_NAMES: "one name now",
    Concern.LIKELY_DUPLICATE: "duplicate?",
    Concern.BOILERPLATE: "boilerplate?",
    Concern.LITTLE_TEXT: "little text",
    Concern.REMOVED_PAGE: "page gone",
    Concern.CHANGED_DEFINITION: "definition new",
    Concern.NEW_APPROVAL: "approved",
}
_WHAT = {Change.ADDED: "new", Change.REMOVED: "removed", Change.CHANGED: "changed", Change.RENAMED: "renamed"}


def headline(report: DiffReport) -> str:
    """The whole diff in one line, without a full stop."""
    if not report:
        return "No document differs, and no page but in its layout"
    parts = [counted(len(report.documents), "document")]
    lost = sum(len(document.claims.lost) for document in report.documents)
    added = sum(len(document.claims.added) for document in report.documents)
    reworded = sum(len(document.claims.reworded) for document in report.documents)
    claims = [(number, word) for number, word in ((added, "added"), (lost, "lost"), (reworded, "reworded")) if number]
    parts += [f"{counted(number, 'claim')} {word}" for number, word in claims[:1]]
    parts += [f"{number:,} {word}" for number, word in claims[1:]]
    if report.pages:
        kinds = [(Change.ADDED, "new"), (Change.REMOVED, "removed")]
        counts = [(sum(1 for _ in report.pages_by(change)), word) for change, word in kinds]
        parts += [f"{counted(len(report.pages), 'page')} touched", *(f"{number:,} {word}" for number, word in counts if number)]
    if report.edited:
        parts.append(f"{counted(len(report.edited), 'file')} edited by hand")
    if report.tokens:
        parts.append(f"{report.tokens:,} tokens used")
    return ", ".join(parts)


def counted(number: int, noun: str) -> str:
    """ "1 page", "1,204 pages"."""
    return f"{number:,} {noun if number == 1 else f'{noun}s'}"


def page_name(path: str) -> str:
    """A page as people name it: "concepts/paxos"."""
    return path.removeprefix("wiki/").removesuffix(".md") if path.startswith("wiki/") else path


def claim_counts(claims: ClaimChanges) -> str:
    """Such as "+3 -2 ~1"; empty if nothing changed."""
    counts = (("+", claims.added), ("-", claims.lost), ("~", claims.reworded))
    return " ".join(f"{sign}{len(items):,}" for sign, items in counts if items)


def document_state(document: DocumentChange) -> str:
    """ "renamed from notes/a" or what else became of a document."""
    return f"renamed from {document.before}" if document.before else str(document.change)


def page_state(page: PageChange) -> str:
    """How the page changed, in a few words."""
    if page.leads_to:
        return f"leads to {page.leads_to}" if page.change is not Change.ADDED else f"new, leads to {page.leads_to}"
    parts = [] if page.change is Change.CHANGED else [_WHAT[page.change]]
    if page.before:
        parts = [f"was {page_name(page.before)}"]
    counts = ((page.claims.added, "added"), (page.claims.lost, "lost"), (page.claims.reworded, "reworded"))
    claims = ", ".join(f"{len(items)} {word}" for items, word in counts if items)
    if claims:
        parts.append(f"claims: {claims}")
    if page.definition_before != page.definition and page.change in (Change.CHANGED, Change.RENAMED):
        parts.append(_definition(page))
    if page.change is Change.ADDED and page.shown:
        parts.append(f"{counted(len(page.shown), 'claim')} known before")
    return ", ".join(parts) or "other claims chosen"


def _definition(page: PageChange) -> str:
    if not page.definition:
        return "no definition now"
    return "another definition" if page.definition_before else "defined now"


def first(items: Sequence[Attention], number: int) -> list[Attention]:
    """So many items that every kind of concern is among them, still in the order of importance."""
    kinds: dict[Concern, list[Attention]] = {}
    for item in items:
        kinds.setdefault(item.concern, []).append(item)
    rounds = (item for turn in zip_longest(*kinds.values()) for item in turn if item is not None)
    chosen = {id(item) for item, _ in zip(rounds, range(number), strict=False)}
    return [item for item in items if id(item) in chosen]


def subject(item: Attention) -> str:
    """What an item is about: "concepts/a and concepts/b"."""
    return " and ".join(map(page_name, item.paths))


def marked(old: str, new: str, opening: tuple[str, str], closing: tuple[str, str]) -> Iterator[tuple[str, str, str]]:
    """Two sentences word by word as runs (mark before, words, mark after): `opening` and `closing` mark old and new words."""
    for words in word_changes(old, new):
        if words.old == words.new:
            yield "", words.old, ""
            continue
        if words.old:
            yield opening[0], words.old, closing[0]
        if words.new:
            yield opening[1], words.new, closing[1]
