"""Lists what a reviewer should look at first, and why, in plain sentences.

Invariant: pure; says only what the two sides of a diff show. The list is complete and sorted, the most important first; whoever
shows it may cut it, but must say so. Every item names the path or paths that it is about. Nothing that is only unusual is called
wrong: a claim that is only reworded is reported as that, and likely duplicates are guesses from titles and keys alone, for a
person to judge. Only pages that share something with a new one are looked at.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from gitkb.branch.altered_records import AlteredRecord
from gitkb.commands.diff.report import (
    Attention,
    Change,
    Concern,
    DiffReport,
    LinkChange,
    PageChange,
    PersonChange,
    Said,
    SourceChange,
    TextChange,
)
from gitkb.commands.diff.shown_pages import Side
from gitkb.commands.diff.wording import side_by_side
from gitkb.formats.approvals import Confirmation, mark
from gitkb.formats.decisions import Decision, NoPage, OtherSense, SameAs
from gitkb.formats.records import record_path
from gitkb.formats.topic_rows import TopicPage
from gitkb.model.results import Older, OlderKind
from gitkb.text.names.lookalikes import SHORT, signs


class NearPair(Struct, frozen=True):
    """Two pages and why they may be about one thing; `one` is new."""

    one: TopicPage
    other: TopicPage
    reason: str


def near_pairs(new: Iterable[str], pages: Sequence[TopicPage]) -> list[NearPair]:
    """The pairs of pages that may be the same, of which at least one is new (`new` are paths), sorted. Of `pages`, by kind and
    key, none that shares a sign with a new one may be missing."""
    fresh = set(new)
    real = [page for page in pages if not page.target]
    shared: dict[str, list[tuple[TopicPage, str]]] = {}
    for page in real:
        for sign, reason in signs(page.title):
            shared.setdefault(sign, []).append((page, reason))
    found: dict[tuple[str, str], NearPair] = {}
    for sign in sorted(shared):
        for one, other, reason in _pairs(shared[sign], fresh):
            found.setdefault((min(one.path, other.path), max(one.path, other.path)), NearPair(one, other, reason))
    return [found[key] for key in sorted(found)]


def _pairs(bearers: list[tuple[TopicPage, str]], fresh: set[str]) -> Iterator[tuple[TopicPage, TopicPage, str]]:
    """Pairs that share a sign of being the same; two long names that only have the same initials do not count."""
    for number, (one, why) in enumerate(bearers):
        for other, why_other in bearers[number + 1 :]:
            if one.path == other.path or not {one.path, other.path} & fresh or why == why_other == SHORT:
                continue
            first, second = (one, other) if one.path in fresh else (other, one)
            yield first, second, why or why_other or "they are spelled nearly alike"


def unapproved(page: PageChange, confirmation: Confirmation) -> Iterator[str]:
    """The sentences about one page that differs; `confirmation` is what somebody approved of it."""
    when = f"on {confirmation.day} by {confirmation.person}"
    if page.change is Change.REMOVED or page.leads_to:
        yield f"the page was approved {when} and {f'leads to {page.leads_to} now' if page.leads_to else 'is gone'}"
    elif page.change is Change.RENAMED:
        before = page.before.removeprefix("wiki/").removesuffix(".md")
        yield f"the page was approved {when} as {before}; nobody has approved this one"
    else:
        yield from _claims(page, confirmation, when)


def _claims(page: PageChange, confirmation: Confirmation, when: str) -> Iterator[str]:
    yield from _lost([said for said in page.claims.lost if _is_in(said, confirmation)], when)
    for pair in page.claims.reworded:
        if _is_in(pair.old, confirmation) and not _is_in(pair.new, confirmation):
            yield f"a claim approved {when} is worded anew ({pair.new.title}): {pair.new.text}"
    hidden = [said for said in page.hidden if _is_in(said, confirmation)]
    if hidden:
        count = "1 claim" if len(hidden) == 1 else f"{len(hidden)} claims"
        yield f"{count} approved {when} made room for others: {hidden[0].text}"
    new = [said for said in (*page.claims.added, *page.shown) if not _is_in(said, confirmation)]
    if new:
        count = "1 claim that is" if len(new) == 1 else f"{len(new)} claims that are"
        yield f"it has {count} not among those approved {when}: {new[0].text}"


def _lost(lost: Sequence[Said], when: str) -> Iterator[str]:
    if len(lost) == 1:
        yield f"a claim approved {when} has lost its source ({lost[0].title} says it no more): {lost[0].text}"
    elif lost:
        titles = list(dict.fromkeys(said.title for said in lost))
        more = f" and {len(titles) - 1} more" if len(titles) > 1 else ""
        yield f"{len(lost)} claims approved {when} have lost their sources ({titles[0]}{more}): {lost[0].text}"


def _is_in(said: Said, confirmation: Confirmation) -> bool:
    return mark(said.text) in confirmation.claims


_LEAST_A_PAGE = 200
_ORDER = {concern: number for number, concern in enumerate(Concern)}


class Seen(Struct, frozen=True):
    """What the two trees hold besides records and projections.

    `committed` and `committed_before` are the shared pages that stand in the trees; `unreadable` maps paths of records at the
    head to what is wrong with them; `approved` maps pages that are not what somebody approved (any more) to what was confirmed,
    `said_verified` others to the words with which a person called them verified at the base; `letters` maps documents at the
    head to the length of their converted text; `decided` are decisions about names that came or changed, `confirmed` maps pages
    to the confirmations that came. `texts` are what changed in the texts of documents, by their names at the head, and `forms`
    the headings of those that are new, `short` their whole texts where they are short. `renamed` maps old names of documents to
    new ones. `older` are documents that are turned back, `sources` declared sources that differ,
    `altered` records that changed alone.
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
    texts: Mapping[str, TextChange] = field(default_factory=dict)
    forms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    short: Mapping[str, str] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    older: Sequence[Older] = ()
    sources: Sequence[SourceChange] = ()
    altered: Sequence[AlteredRecord] = ()


def attention(report: DiffReport, head: Side, seen: Seen) -> list[Attention]:
    """Everything that deserves a look, the most important first."""
    removed = {document.document for document in report.documents_by(Change.REMOVED)}
    found = [Attention(Concern.BAD_RECORD, (path,), message) for path, message in sorted(seen.unreadable.items())]
    found += [Attention(Concern.ALTERED_RECORD, (record_path(each.document),), _altered(each)) for each in seen.altered]
    found += [Attention(Concern.OLDER, (f"wiki/summaries/{each.document}.md",), _turned_back(each)) for each in seen.older]
    for page in report.pages:
        found += _approval(page, seen)
        found += _definition(page, removed, seen.texts)
    found += _confirmed(seen.confirmed)
    found += _links(seen.broken)
    found += _decided(seen.decided)
    found += _duplicates(report, head)
    found += _homonyms(report, head)
    found += _boilerplate(report, head)
    found += _little_text(report, seen.letters)
    return sorted(found, key=lambda item: _ORDER[item.concern])


def _altered(record: AlteredRecord) -> str:
    if record.by_model:
        return f"the record of {record.document} changed though its original did not; a model may have been asked again"
    return f"the record of {record.document} changed though its original did not: somebody edited it (gitkb check --reproduce)"


def _turned_back(older: Older) -> str:
    by = f"by {older.author} on {older.day} in {older.commit[:7]}"
    if older.kind is OlderKind.REPLACED:
        return f"its bytes are a version that was replaced {by}"
    return (
        f"it returns, and was removed {by}" if older.kind is OlderKind.REMOVED else f"it has a name again that was given up {by}"
    )


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
    """The pages that people confirmed on this branch; whoever merges it takes over their confirmation."""
    for path, confirmations in sorted(pages.items()):
        by = ", ".join(f"{each.person} on {each.day}" for each in confirmations)
        yield Attention(Concern.NEW_APPROVAL, (path,), f"approved by {by}")


def _definition(page: PageChange, removed: Collection[str], texts: Mapping[str, TextChange]) -> Iterator[Attention]:
    """A page has at most one of: a lost definition, its end, another definition than before."""
    if page.leads_to:
        return
    gone = next((said for said in page.claims.lost if said.defines and said.text != page.definition), None)
    if gone is not None:
        left = "the page is gone, too." if page.change is Change.REMOVED else _instead(page)
        yield Attention(Concern.LOST_DEFINITION, (page.path,), f"{_lost_by(gone, removed, texts)} Now {left}")
    elif page.definition_before and not page.definition and page.change in (Change.CHANGED, Change.RENAMED):
        pair = next((each for each in page.claims.reworded if each.old.text == page.definition_before), None)
        other = f"{pair.new.title} says otherwise now: {side_by_side(pair.old.text, pair.new.text)}" if pair else ""
        yield Attention(Concern.LOST_DEFINITION, (page.path,), other or f"nothing defines it now: {page.definition_before}")
    elif page.change is Change.REMOVED:
        count = len(page.claims.lost)
        why = f"with {count} claim{'s' if count != 1 else ''}" if count else "too few documents speak of it now"
        yield Attention(Concern.REMOVED_PAGE, (page.path,), f"the page is gone, {why}")
    elif page.definition_before and page.definition != page.definition_before:
        message = f"its first definition is another now: {page.definition} Before: {page.definition_before}"
        yield Attention(Concern.CHANGED_DEFINITION, (page.path,), message)


def _lost_by(said: Said, removed: Collection[str], texts: Mapping[str, TextChange]) -> str:
    """How a document came to say a definition no more."""
    if said.document in removed:
        return f"{said.title} was removed and with it its definition: {said.text}"
    changes = texts.get(said.document, TextChange()).changes
    other = next((each for each in changes if each.new and each.old and said.text in each.old), None)
    if other is not None:
        return f"{said.title} says otherwise now: {side_by_side(other.old, other.new)}"
    return f"{said.title} dropped its definition: {said.text}"


def _instead(page: PageChange) -> str:
    return f"another one stands there: {page.definition}" if page.definition else "nothing defines it."


def _links(broken: Sequence[LinkChange]) -> Iterator[Attention]:
    for link in broken:
        yield Attention(Concern.BROKEN_LINK, (link.page,), f"its link to {link.target} leads nowhere now")


def _decided(decisions: Sequence[Decision]) -> Iterator[Attention]:
    """Names that a decision put on one page, so that claims about one may now appear under the other, or left without a page.
    Names kept apart change no page."""
    for decision in decisions:
        if isinstance(decision, SameAs):
            message = f"it was decided that {decision.name} means {decision.key}, so both stand on one page ({decision.by})"
            yield Attention(Concern.DECIDED_NAMES, (decision.path,), message)
        elif isinstance(decision, NoPage):
            message = f"it was decided that {decision.name} gets no page ({decision.by})"
            yield Attention(Concern.DECIDED_NAMES, (decision.path,), message)
        elif isinstance(decision, OtherSense):
            within = f"{len(decision.documents)} documents" if len(decision.documents) > 1 else decision.documents[0]
            message = f"it was decided that {decision.name} means {decision.key} in {within} ({decision.by})"
            yield Attention(Concern.DECIDED_NAMES, (decision.path,), message)


def _duplicates(report: DiffReport, head: Side) -> Iterator[Attention]:
    new = [page.path for page in report.pages_by(Change.ADDED) if not page.leads_to]
    for pair in near_pairs(new, head.alike):
        paths = (pair.one.path, pair.other.path)
        yield Attention(Concern.LIKELY_DUPLICATE, paths, f"may be the same thing: {pair.reason}")


def _homonyms(report: DiffReport, head: Side) -> Iterator[Attention]:
    """The pages that differ on which documents mean different things by one name."""
    for page in report.pages:
        view = head.views.get(page.path)
        if view is not None and view.senses > 1 and (page.claims.added or page.claims.reworded):
            titles = [page.definition, *(said.text for said in view.claims if said.defines and said.text != page.definition)]
            told = " / ".join(filter(None, titles[:2]))
            yield Attention(Concern.HOMONYM, (page.path,), f"documents may mean {view.senses} different things: {told}")


_FEW = 3


def _boilerplate(report: DiffReport, head: Side) -> Iterator[Attention]:
    """One item for many: documents that are versions of one another say all their sentences nearly alike."""
    views = [(page.path, head.views.get(page.path)) for page in report.pages_by(Change.ADDED)]
    found = [Attention(Concern.BOILERPLATE, (path,), view.dull) for path, view in views if view is not None and view.dull]
    if len(found) <= _FEW:
        yield from found
        return
    paths = tuple(path for item in found for path in item.paths)
    yield Attention(Concern.BOILERPLATE, paths, f"documents may be versions of one another; {found[0].message}")


def _little_text(report: DiffReport, letters: Mapping[str, int]) -> Iterator[Attention]:
    for document in report.documents:
        length = letters.get(document.document)
        if length is None or document.change in (Change.REMOVED, Change.RENAMED):
            continue
        if length < _LEAST_A_PAGE * document.source_pages and document.source_pages > 1:
            message = f"only {length:,} characters of text on {document.source_pages:,} pages; it may be a scan"
            yield Attention(Concern.LITTLE_TEXT, (f"wiki/sources/{document.document}.md",), message)
