"""What a reviewer should look at first, and why, in plain sentences.

Invariant: sorted by importance, and complete: whoever shows it may cut it, but must say so. Every item names the path or paths
that it is about. Nothing here calls something wrong that is only unusual.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gitkb.approvals import Confirmation
from gitkb.decisions import Decision, SameAs
from gitkb.wiki.diff_approval import unapproved
from gitkb.wiki.diff_names import near_pairs
from gitkb.wiki.diff_pages import Side
from gitkb.wiki.diff_report import Attention, Change, Concern, DiffReport, LinkChange, PageChange, PersonChange, Said

_LEAST_A_PAGE = 200
_ORDER = {concern: number for number, concern in enumerate(Concern)}


@dataclass(frozen=True, slots=True)
class Seen:
    """What the two trees hold besides records and projections.

    `committed` and `committed_before` are the shared pages that stand in the trees; `unreadable` maps paths of records at
    the head to what is wrong with them; `approved` maps pages that are not what somebody approved (any more) to what was
    confirmed, `said_verified` others to the words with which a person called them verified at the base; `letters` maps
    documents at the head to the length of their converted text; `decided` are decisions about names that came or changed,
    `confirmed` maps pages to the confirmations that came.
    """

    edited: Sequence[PersonChange] = ()
    broken: Sequence[LinkChange] = ()
    mended: Sequence[LinkChange] = ()
    committed: Collection[str] = frozenset()
    committed_before: Collection[str] = frozenset()
    unreadable: Mapping[str, str] = field(default_factory=dict)
    approved: Mapping[str, Confirmation] = field(default_factory=dict)
    said_verified: Mapping[str, str] = field(default_factory=dict)
    letters: Mapping[str, int] = field(default_factory=dict)
    tokens: int = 0
    decided: Sequence[Decision] = ()
    confirmed: Mapping[str, Sequence[Confirmation]] = field(default_factory=dict)


def attention(report: DiffReport, head: Side, seen: Seen) -> list[Attention]:
    """Everything that deserves a look, the most important first."""
    removed = {document.document for document in report.documents_by(Change.REMOVED)}
    found = [Attention(Concern.BAD_RECORD, (path,), message) for path, message in sorted(seen.unreadable.items())]
    for page in report.pages:
        found += _approval(page, seen)
        found += _definition(page, removed)
    found += _confirmed(seen.confirmed)
    found += _links(seen.broken)
    found += _decided(seen.decided)
    found += _duplicates(report, head)
    found += _boilerplate(report, head)
    found += _little_text(report, seen.letters)
    return sorted(found, key=lambda item: _ORDER[item.concern])


def _approval(page: PageChange, seen: Seen) -> Iterator[Attention]:
    """A page that somebody approved and that is no longer what was approved."""
    confirmation = seen.approved.get(page.before) or seen.approved.get(page.path)
    if confirmation is not None:
        yield from (Attention(Concern.LOST_APPROVAL, (page.path,), said) for said in unapproved(page, confirmation))
        return
    lost = page.claims.lost or page.claims.reworded
    if page.path in seen.said_verified and (lost or page.change is Change.REMOVED):
        what = "is gone" if page.change is Change.REMOVED else "has lost or changed claims"
        yield Attention(
            Concern.LOST_APPROVAL, (page.path,), f"the page was approved ({seen.said_verified[page.path]}) and {what}"
        )


def _confirmed(pages: Mapping[str, Sequence[Confirmation]]) -> Iterator[Attention]:
    """What people confirmed on this branch: whoever takes it over takes their word for it."""
    for path, confirmations in sorted(pages.items()):
        by = ", ".join(f"{each.person} on {each.day}" for each in confirmations)
        yield Attention(Concern.NEW_APPROVAL, (path,), f"approved by {by}")


def _definition(page: PageChange, removed: Collection[str]) -> Iterator[Attention]:
    """A page has at most one of: a lost definition, its end, another definition than before."""
    if page.leads_to:
        return
    gone = next((said for said in page.claims.lost if said.defines and said.text != page.definition), None)
    if gone is not None:
        left = "the page is gone, too." if page.change is Change.REMOVED else _instead(page)
        yield Attention(Concern.LOST_DEFINITION, (page.path,), f"{_loser(gone, removed)} its definition: {gone.text} Now {left}")
    elif page.definition_before and not page.definition and page.change in (Change.CHANGED, Change.RENAMED):
        yield Attention(Concern.LOST_DEFINITION, (page.path,), f"nothing defines it now: {page.definition_before}")
    elif page.change is Change.REMOVED:
        count = len(page.claims.lost)
        why = f"with {count} claim{'s' if count != 1 else ''}" if count else "too few documents speak of it now"
        yield Attention(Concern.REMOVED_PAGE, (page.path,), f"the page is gone, {why}")
    elif page.definition_before and page.definition != page.definition_before:
        message = f"its first definition is another now: {page.definition} Before: {page.definition_before}"
        yield Attention(Concern.CHANGED_DEFINITION, (page.path,), message)


def _loser(said: Said, removed: Collection[str]) -> str:
    return f"{said.title} was removed and with it" if said.document in removed else f"{said.title} dropped"


def _instead(page: PageChange) -> str:
    return f"another one stands there: {page.definition}" if page.definition else "nothing defines it."


def _links(broken: Sequence[LinkChange]) -> Iterator[Attention]:
    for link in broken:
        yield Attention(Concern.BROKEN_LINK, (link.page,), f"its link to {link.target} leads nowhere now")


def _decided(decisions: Sequence[Decision]) -> Iterator[Attention]:
    """Names put on one page: what one document says may now stand for another's subject. Names kept apart change no page."""
    for decision in decisions:
        if isinstance(decision, SameAs):
            message = f"it was decided that {decision.name} means {decision.key}, so both stand on one page ({decision.by})"
            yield Attention(Concern.DECIDED_NAMES, (decision.path,), message)


def _duplicates(report: DiffReport, head: Side) -> Iterator[Attention]:
    new = [page.path for page in report.pages_by(Change.ADDED) if not page.leads_to]
    for pair in near_pairs(new, head.all_pages):
        paths = (pair.one.path, pair.other.path)
        yield Attention(Concern.LIKELY_DUPLICATE, paths, f"may be the same thing: {pair.reason}")


def _boilerplate(report: DiffReport, head: Side) -> Iterator[Attention]:
    for page in report.pages_by(Change.ADDED):
        view = head.views.get(page.path)
        if view is not None and view.dull:
            yield Attention(Concern.BOILERPLATE, (page.path,), view.dull)


def _little_text(report: DiffReport, letters: Mapping[str, int]) -> Iterator[Attention]:
    for document in report.documents:
        length = letters.get(document.document)
        if length is None or document.change in (Change.REMOVED, Change.RENAMED):
            continue
        if length < _LEAST_A_PAGE * document.source_pages and document.source_pages > 1:
            message = f"only {length:,} characters of text on {document.source_pages:,} pages; it may be a scan"
            yield Attention(Concern.LITTLE_TEXT, (f"wiki/sources/{document.document}.md",), message)
