"""A diff as plain text: a first screen with what deserves attention and the words that changed, then the details.

Invariant: the first `SCREEN` lines name every kind of concern and say what they leave out; every line of them fits `width`.
What is alike in many documents is one line there. Control characters are the terminal's matter.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from gitkb.commands.diff.groups import Group, Repeated, differs, grouped, own_changes, repeated
from gitkb.commands.diff.report import (
    Attention,
    Change,
    ClaimChanges,
    DiffReport,
    DocumentChange,
    PageChange,
    PersonChange,
    Said,
    SentenceChange,
)
from gitkb.commands.diff.text_changes import importance
from gitkb.commands.diff.wording import (
    GRAVE,
    LABELS,
    claim_counts,
    contents,
    counted,
    cut,
    first,
    group_state,
    headline,
    more_claims,
    page_name,
    page_state,
    percent,
    sentence,
    side_by_side,
    source_state,
    subject,
)

SCREEN = 40
_MANY = 20
_SOURCES = 4
_NAME = 34
_LITTLE = 0.01


def text(report: DiffReport, width: int = 100, height: int = SCREEN) -> str:
    """The whole diff, its first screen in at most `height` lines."""
    lines = first_screen(report, width, height)
    details = list(_details(report))
    return "\n".join([*lines, *(["", "Details", *details] if details else [])]) + "\n"


def first_screen(report: DiffReport, width: int = 100, height: int = SCREEN) -> list[str]:
    """At most `height` lines: what was compared, the numbers, what to look at, the words that changed, documents and pages."""
    others = grouped([document for document in report.documents if not document.text.changes])
    short = _screen(report, [[_group(group)] for group in others], width, height)
    # Where there is room, new documents say at once what they are about.
    long = _screen(report, [[_group(group), *_about(group)] for group in others], width, height)
    return [cut(line, width) for line in (long if len(long) <= height else short)]


def _screen(report: DiffReport, others: Sequence[Sequence[str]], width: int, height: int) -> list[str]:
    texts = _Texts.of(report, width)
    grave = [item for item in report.attention if item.concern in GRAVE]
    less = [item for item in report.attention if item.concern not in GRAVE]
    pages = [page for page in report.pages if differs(page)]
    sources = [f"Source {source_state(each)}" for each in report.sources[:_SOURCES]]
    sources += [f"and {len(report.sources) - _SOURCES:,} more sources"] if len(report.sources) > _SOURCES else []
    counts = (len(grave), texts.size, len(less), len(others), len(report.edited), len(pages))
    rooms = _rooms(counts, (8, 20, 6, 4, 2, 3), height - len(sources) - 3 - 3 * (6 - counts.count(0)))
    documents = [line for lines in others[: rooms[3]] for line in lines]
    chosen = (
        ("Look at these first:", [_attention(item) for item in first(grave, rooms[0])], len(grave) - rooms[0]),
        ("What changed in the texts:", texts.lines(rooms[1]), 0),
        (
            f"Look at these {'pages' if grave or texts.size else 'first'}:",
            map(_attention, first(less, rooms[2])),
            len(less) - rooms[2],
        ),
        ("Other documents:" if texts.size else "Documents:", documents, len(others) - rooms[3]),
        ("Edited by hand:", [_edit(item, width) for item in report.edited[: rooms[4]]], len(report.edited) - rooms[4]),
        ("Pages:", map(_page, pages[: rooms[5]]), len(pages) - rooms[5]),
    )
    lines = [
        f"{report.base_name} ({report.base[:7]}) .. {report.head_name} ({report.head[:7]})",
        f"{headline(report)}.",
        *sources,
    ]
    for title, some, left in chosen:
        shown = list(some)
        if shown:
            lines += ["", title, *(f"  {line}" for line in shown), *([f"  and {left:,} more"] if left > 0 else [])]
    return lines


def _rooms(lengths: Sequence[int], shares: Sequence[int], total: int) -> list[int]:
    """The number of lines for each part: its share, and whatever the others leave; where there is little room, shares shrink."""
    wanted = [min(length, share) for length, share in zip(lengths, shares, strict=True)]
    scale = min(1.0, total / max(1, sum(wanted)))
    rooms = [max(min(1, want), int(want * scale)) for want in wanted]
    for number, length in enumerate(lengths):
        rooms[number] += max(0, min(length - rooms[number], total - sum(rooms)))
    return rooms


class _Texts(Struct, frozen=True):
    """The changed texts: what several documents have alike, and what each has of its own."""

    alike: Sequence[Repeated]
    own: Sequence[tuple[DocumentChange, Sequence[SentenceChange]]]
    width: int

    @classmethod
    def of(cls, report: DiffReport, width: int) -> "_Texts":
        alike = repeated(report.documents)
        own = [(document, own_changes(document, alike)) for document in report.documents if document.text.changes]
        return cls(alike, [(document, changes) for document, changes in own if changes], width)

    @property
    def size(self) -> int:
        """How many lines everything would take."""
        return len(self.alike) + sum(len(changes) for _, changes in self.own)

    def lines(self, room: int) -> list[str]:
        """So many lines, and one that counts what they leave out: each document with its gravest change before the others."""
        rated = [
            (importance(change) - (0 if number else 2), place, number)
            for place, (_, changes) in enumerate(self.own)
            for number, change in enumerate(changes)
        ]
        alike = self.alike[: max(1, room // 3)]
        chosen: dict[int, list[int]] = {}
        for _, place, number in sorted(rated)[: max(0, room - len(alike))]:
            chosen.setdefault(place, []).append(number)
        names = min(_NAME, max((len(self.own[place][0].document) for place in chosen), default=0))
        lines = list(map(self._alike, alike))
        tells = any(self.own[place][0].text.share >= _LITTLE for place in chosen)
        for place in sorted(chosen):
            document, changes = self.own[place]
            share = f"  {percent(document.text.share):>9}" if tells else ""
            heads = [f"{_short(document.document, names):{names}}{share}"]
            for number in sorted(chosen[place]):
                head = heads.pop() if heads else " " * (names + len(share))
                lines.append(f"{head}  {sentence(changes[number], self.width - len(head) - 4)}")
        left = self.size - sum(map(len, chosen.values())) - len(alike)
        documents = len(self.own) - len(chosen)
        if left:
            among = f", {counted(documents, 'document')} among them" if documents else ""
            lines.append(f"and {counted(left, 'change')} more{among}")
        return lines

    def _alike(self, each: Repeated) -> str:
        head = f"{len(each.documents):,} documents alike: "
        return f"{head}{sentence(each.change, self.width - len(head) - 2)}"


def _short(name: str, length: int) -> str:
    """A document's name whose end can be told: folders give way first."""
    while len(name) > length and "/" in name.removeprefix("…/"):
        name = f"…/{name.removeprefix('…/').partition('/')[2]}"
    return name if len(name) <= length else f"…{name[len(name) - length + 1 :]}"


def _attention(item: Attention) -> str:
    return f"{LABELS[item.concern]:15}  {subject(item)}: {item.message}"


def _group(group: Group) -> str:
    document = group.single
    if document is None:
        return f"{group.folder or '.'}/  {group_state(group)}"
    return _document(document)


def _about(group: Group) -> Iterator[str]:
    """What a single new document says of itself."""
    document = group.single
    if document is not None and document.change is Change.ADDED:
        yield from (f"  {line}" for line in _introduced(document))


def _document(document: DocumentChange) -> str:
    extent = f", {counted(document.source_pages, 'page')}" if document.source_pages else ""
    name = f"{document.before} -> {document.document}" if document.before else document.document
    return f"{document.change:8} {name}: {document.title}{extent} {_counts(document)}".rstrip()


def _counts(document: DocumentChange) -> str:
    counts = claim_counts(document.claims)
    return f"({counts})" if counts else ""


def _edit(item: PersonChange, width: int) -> str:
    head = f"{item.change} {page_name(item.path)} +{item.gained} -{item.lost}"
    words = item.words.changes[:1]
    return f"{head}  {sentence(words[0], max(20, width - len(head) - 4))}" if words else head


def _page(page: PageChange) -> str:
    return f"{page_name(page.path)}: {page_state(page)}"


def _details(report: DiffReport) -> Iterator[str]:
    yield from _section("Look at these:", map(_attention, report.attention))
    for each in repeated(report.documents):
        yield from ("", f"In {len(each.documents):,} documents: {sentence(each.change)}", f"  {', '.join(each.documents)}")
    alike = repeated(report.documents)
    for document in report.documents:
        yield from ("", f"{_document(document)} from {document.source}")
        yield from (f"  {line}" for line in _told(document, own_changes(document, alike), report))
    for item in report.edited:
        yield from ("", f"Edited by hand: {item.change} {item.path} +{item.gained} -{item.lost}")
        yield from (f"  {sentence(change)}" for change in item.words.changes[:_MANY])
    pages = [page for page in report.pages if differs(page)]
    for page in pages:
        yield from ("", _page(page), *(f"  {line}" for line in _said(page)))
    if len(pages) < len(report.pages):
        yield from ("", f"{counted(len(report.pages) - len(pages), 'page')} more: only other claims chosen from what was known.")
    yield from _section("Links broken:", (f"{page_name(link.page)} -> {page_name(link.target)}" for link in report.broken))
    yield from _section("Links mended:", (f"{page_name(link.page)} -> {page_name(link.target)}" for link in report.mended))


def _introduced(document: DocumentChange) -> Iterator[str]:
    """What a new document says: its description, and the claims that matter most."""
    if document.description:
        yield document.description
    yield from (f"* {said.text}{_at(said)}" for said in document.best)


def _told(document: DocumentChange, changes: Sequence[SentenceChange], report: DiffReport) -> Iterator[str]:
    """What a reviewer reads of one document: its own words, then its claims."""
    if document.change is Change.ADDED:
        yield from document.whole.splitlines() if document.whole else _introduced(document)
        yield from filter(None, (contents(document), more_claims(document, report.head)))
        return
    text = document.text
    if text:
        moved = f", {counted(text.moved, 'sentence')} only moved" if text.moved else ""
        yield f"{percent(text.share)} of the text{moved}: git diff {report.base[:10]} {report.head[:10]} -- {document.path}"
        above = ""
        for change in changes:
            if change.section and change.section != above and not change.sentences:
                yield f"{change.section}:"
            above = change.section or above
            yield f"  {sentence(change)}"
        if text.more:
            yield f"  and {counted(text.more, 'change')} more"
    yield from _claims(document.claims)


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield from ("", title, *(f"  {line}" for line in found))


def _said(page: PageChange) -> Iterator[str]:
    if page.change in (Change.CHANGED, Change.RENAMED) and page.definition != page.definition_before:
        yield f"definition: {side_by_side(page.definition_before, page.definition)}"
    yield from _claims(page.claims)
    if page.change is Change.ADDED:
        yield from _some("=", page.shown)
    elif page.shown or page.hidden:
        yield f"chosen anew from what was known: {len(page.shown)} shown, {len(page.hidden)} shown no more"


def _claims(claims: ClaimChanges) -> Iterator[str]:
    yield from _some("-", claims.lost)
    for pair in claims.reworded[:_MANY]:
        yield f"~ {side_by_side(pair.old.text, pair.new.text)}{_place(pair.new)}"
    yield from _some("+", claims.added)


def _some(sign: str, claims: Sequence[Said]) -> Iterator[str]:
    yield from (f"{sign} {said.text}{_place(said)}" for said in claims[:_MANY])
    if len(claims) > _MANY:
        yield f"{sign} and {len(claims) - _MANY:,} more"


def _place(said: Said) -> str:
    return f" ({said.title}, {said.place.label})" if said.place.label else f" ({said.title})"


def _at(said: Said) -> str:
    return f" ({said.place.label})" if said.place.label not in ("", said.title) else ""
