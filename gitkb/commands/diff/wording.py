"""The words that all renderings of a diff share: its headline, names of pages, what to show first.

Invariant: plain text, in one line each; whoever renders escapes it for where it goes.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from shlex import quote

from gitkb.commands.diff.groups import Group, differs
from gitkb.commands.diff.report import (
    Attention,
    Change,
    ClaimChanges,
    Concern,
    DiffReport,
    DocumentChange,
    PageChange,
    SentenceChange,
    SourceChange,
    Weight,
)
from gitkb.commands.diff.text_changes import word_changes

LABELS = {
    Concern.BAD_RECORD: "unreadable",
    Concern.ALTERED_RECORD: "record altered",
    Concern.OLDER: "turned back",
    Concern.LOST_APPROVAL: "approval lost",
    Concern.LOST_DEFINITION: "definition lost",
    Concern.BROKEN_LINK: "link broken",
    Concern.DECIDED_NAMES: "one name now",
    Concern.LIKELY_DUPLICATE: "duplicate?",
    Concern.HOMONYM: "homonym?",
    Concern.BOILERPLATE: "boilerplate?",
    Concern.LITTLE_TEXT: "little text",
    Concern.REMOVED_PAGE: "page gone",
    Concern.CHANGED_DEFINITION: "definition new",
    Concern.NEW_APPROVAL: "approved",
}
GRAVE = (Concern.BAD_RECORD, Concern.ALTERED_RECORD, Concern.OLDER, Concern.LOST_APPROVAL)
"""The concerns that come before the changed words."""
_NAMED, _HEADED = 3, 12
_WHAT = {Change.ADDED: "new", Change.REMOVED: "removed", Change.CHANGED: "changed", Change.RENAMED: "renamed"}


def headline(report: DiffReport) -> str:
    """The whole diff in one line, without a full stop."""
    if not report:
        return "No document differs, and no page but in its layout"
    parts = list(_documents(report))
    lost = sum(len(document.claims.lost) for document in report.documents)
    added = sum(len(document.claims.added) for document in report.documents)
    reworded = sum(len(document.claims.reworded) for document in report.documents)
    claims = [(number, word) for number, word in ((added, "added"), (lost, "lost"), (reworded, "reworded")) if number]
    parts += [f"{counted(number, 'claim')} {word}" for number, word in claims[:1]]
    parts += [f"{number:,} {word}" for number, word in claims[1:]]
    pages = [page for page in report.pages if differs(page)]
    if pages:
        counts = [(sum(page.change is kind for page in pages), word) for kind, word in _COUNTED_PAGES]
        parts += [f"{counted(len(pages), 'page')} touched", *(f"{number:,} {word}" for number, word in counts if number)]
    if report.edited:
        parts.append(f"{counted(len(report.edited), 'file')} edited by hand")
    if report.tokens:
        parts.append(f"{report.tokens:,} tokens used")
    return ", ".join(parts)


_COUNTED_PAGES = ((Change.ADDED, "new"), (Change.REMOVED, "removed"))


def _documents(report: DiffReport) -> Iterator[str]:
    """The numbers of documents by what became of them: "19 documents changed", "1 removed"."""
    noun = "document"
    for change in (Change.CHANGED, Change.REMOVED, Change.RENAMED, Change.ADDED):
        number = sum(1 for _ in report.documents_by(change))
        if number:
            yield f"{counted(number, noun) if noun else f'{number:,}'} {change}"
            noun = ""


def source_state(change: SourceChange) -> str:
    """ "docs @ 8b1d220, before 3f2a91c", and where it comes from if that differs."""
    at = f" @ {change.after[:7]}" if change.after else ""
    before = f", before {change.before[:7]}" if change.before and change.before != change.after else ""
    if not change.now:
        return f"{change.name}{at}{before}: no declared source any more"
    if not change.was:
        return f"{change.name}{at}{before}: a source now, {change.now}"
    moved = f": from {change.now} now, before from {change.was}" if change.was != change.now else ""
    return f"{change.name}{at}{before}{moved}" if at or before or moved else f"{change.name}: at no commit"


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


def group_state(group: Group) -> str:
    """What became of the documents of a folder: "30 new documents, alike in form: Impact, Solution"."""
    count = len(group.documents)
    if group.change is Change.RENAMED:
        return f"{count:,} documents, renamed from {group.before or 'no folder'}/"
    if group.change is Change.CHANGED:
        return f"{count:,} documents made again, their text the same"
    form = f", alike in form: {', '.join(group.form[:5])}" if group.form else ""
    return f"{count:,} {_WHAT[group.change]} documents{form}"


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
    """What an item is about: "concepts/a and concepts/b", "concepts/a, concepts/b and 21 more"."""
    names = list(map(page_name, item.paths))
    if len(names) > _NAMED:
        return f"{', '.join(names[: _NAMED - 1])} and {len(names) - _NAMED + 1:,} more"
    return " and ".join(names)


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


def side_by_side(old: str, new: str, width: int = 0) -> str:
    """A sentence with old and new words where they differ: "gets [18 -> 8] days". Within `width` characters (0: no limit) what is
    the same gives way first."""
    runs = [(words.old, words.new, words.old == words.new) for words in word_changes(old, new)]
    parts = [one if same else _both(one, other) for one, other, same in runs]
    whole = "".join(parts)
    if not width or len(whole) <= width:
        return whole
    kept = [number for number, run in enumerate(runs) if run[2]]
    room = width - sum(len(part) for number, part in enumerate(parts) if number not in kept)
    share = max(12, room // max(1, len(kept)))
    for number in kept:
        parts[number] = _nearest(parts[number], share, before=number > 0, after=number + 1 < len(parts))
    return cut("".join(parts), width)


def _nearest(text: str, room: int, *, before: bool, after: bool) -> str:
    """What of a run of words stands nearest to the changes before and after it, in whole words as far as there are blanks."""
    if len(text) <= room:
        return text
    each = room // (2 if before and after else 1) - 1
    head, tail = text[:each] if before else "", text[-each:] if after else ""
    head = head.rpartition(" ")[0] or head
    tail = tail.partition(" ")[2] or tail
    return f"{head}{' ' if head else ''}… {tail}" if tail else f"{head}…"


def _both(old: str, new: str) -> str:
    before, after = old.strip(), new.strip()
    lead = " " if (old or new)[:1].isspace() else ""
    trail = " " if (old or new)[-1:].isspace() else ""
    inner = f"{before} -> {after}" if before and after else f"-{before}" if before else f"+{after}"
    return f"{lead}[{inner}]{trail}"


def cut(text: str, width: int) -> str:
    """The text within so many characters."""
    return text if len(text) <= width else f"{text[: width - 1].rstrip()}…"


def percent(share: float) -> str:
    """How much of a text changed: "12 %"."""
    return "under 1 %" if share < 0.01 else f"{round(share * 100)} %"


def contents(document: DocumentChange) -> str:
    """What is in a new document that is too long to be shown, "" for nothing: "Headings: Aim, Terms and 3 more"."""
    if document.whole or not document.form:
        return ""
    more = f" and {len(document.form) - _HEADED} more" if len(document.form) > _HEADED else ""
    return f"Headings: {', '.join(document.form[:_HEADED])}{more}"


def more_claims(document: DocumentChange, head: str) -> str:
    """How many claims of a new document are not shown, "" for none, with the command that shows them at the commit `head`."""
    left = len(document.claims.added) - len(document.best)
    if document.whole or left <= 0:
        return ""
    return f"and {counted(left, 'claim')} more: gitkb show {quote(document.document)} --at {head[:10]}"


def sentence(change: SentenceChange, width: int = 0) -> str:
    """A change of a text in one line."""
    if change.weight is Weight.SECTION:
        size = f" ({counted(change.sentences, 'sentence')})" if change.sentences else ""
        what = "gone" if change.old else "new"
        line = f'section {what}: "{change.section}"{size}: {change.old or change.new}'
    elif change.weight is Weight.LINK:
        line = f"link: [{change.old} -> {change.new}]"
    elif change.old and change.new:
        return side_by_side(change.old, change.new, width)
    else:
        line = f'gone: "{change.old}"' if change.old else f'new: "{change.new}"'
    return cut(line, width) if width else line
