"""A diff as plain text: a first screen with what deserves attention, then the details, most important first.

Invariant: the first `SCREEN` lines name every kind of concern and say what they leave out; every line of them fits `width`.
Control characters are the terminal's matter.
"""

from collections.abc import Iterator, Sequence

from gitkb.commands.diff.report import Attention, Change, ClaimChanges, DiffReport, DocumentChange, PageChange, Said
from gitkb.commands.diff.wording import (
    LABELS,
    claim_counts,
    counted,
    document_state,
    first,
    headline,
    marked,
    page_name,
    page_state,
    subject,
)

SCREEN = 24
_FIXED = 12  # two lines at the top, and for each of three parts a blank, a title and what was left out; one for the details
_MANY = 20


def text(report: DiffReport, width: int = 100) -> str:
    """The whole diff."""
    lines = first_screen(report, width)
    details = list(_details(report))
    return "\n".join([*lines, *(["", "Details", *details] if details else [])]) + "\n"


def first_screen(report: DiffReport, width: int = 100) -> list[str]:
    """At most `SCREEN` lines: what was compared, the numbers, what to look at, the documents and pages."""
    lines = [f"{report.base_name} ({report.base[:7]}) .. {report.head_name} ({report.head[:7]})", f"{headline(report)}."]
    rooms = _rooms([len(report.attention), len(report.documents), len(report.pages)], SCREEN - _FIXED)
    chosen = first(report.attention, rooms[0])
    parts = (
        ("Look at these first:", list(map(_attention, chosen)), len(report.attention)),
        ("Documents:", list(map(_document, report.documents[: rooms[1]])), len(report.documents)),
        ("Pages:", list(map(_page, report.pages[: rooms[2]])), len(report.pages)),
    )
    for title, shown, total in parts:
        if shown:
            lines += ["", title, *(f"  {line}" for line in shown)]
            lines += [f"  and {total - len(shown):,} more"] if total > len(shown) else []
    return [line if len(line) <= width else f"{line[: width - 1]}…" for line in lines]


def _rooms(lengths: Sequence[int], total: int) -> list[int]:
    """The number of lines for each part: attention gets at least half, and whatever the others leave."""
    rooms = [min(length, share) for length, share in zip(lengths, (total // 2, total // 4, total // 4), strict=True)]
    for number, length in enumerate(lengths):
        rooms[number] += min(length - rooms[number], total - sum(rooms))
    return rooms


def _attention(item: Attention) -> str:
    return f"{LABELS[item.concern]:15}  {subject(item)}: {item.message}"


def _document(document: DocumentChange) -> str:
    extent = f", {counted(document.source_pages, 'page')}" if document.source_pages else ""
    return f"{document_state(document):8} {document.document}: {document.title}{extent} {_counts(document)}".rstrip()


def _counts(document: DocumentChange) -> str:
    counts = claim_counts(document.claims)
    return f"({counts})" if counts else ""


def _page(page: PageChange) -> str:
    return f"{page_name(page.path)}: {page_state(page)}"


def _details(report: DiffReport) -> Iterator[str]:
    yield from _section("Look at these:", map(_attention, report.attention))
    yield from _section("Documents:", (f"{_document(item)} from {item.source}" for item in report.documents))
    for page in report.pages:
        yield from ("", _page(page), *(f"  {line}" for line in _said(page)))
    yield from _section("Edited by hand:", (f"{item.change} {item.path} +{item.gained} -{item.lost}" for item in report.edited))
    yield from _section("Links broken:", (f"{page_name(link.page)} -> {page_name(link.target)}" for link in report.broken))
    yield from _section("Links mended:", (f"{page_name(link.page)} -> {page_name(link.target)}" for link in report.mended))


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield from ("", title, *(f"  {line}" for line in found))


def _said(page: PageChange) -> Iterator[str]:
    if page.change in (Change.CHANGED, Change.RENAMED) and page.definition != page.definition_before:
        yield f"definition: {_words(page.definition_before, page.definition)}"
    claims: ClaimChanges = page.claims
    yield from _some("-", claims.lost)
    for pair in claims.reworded:
        yield f"~ {_words(pair.old.text, pair.new.text)}{_place(pair.new)}"
    yield from _some("+", claims.added)
    if page.change is Change.ADDED:
        yield from _some("=", page.shown)
    elif page.shown or page.hidden:
        yield f"chosen anew from what was known: {len(page.shown)} shown, {len(page.hidden)} shown no more"


def _some(sign: str, claims: Sequence[Said]) -> Iterator[str]:
    yield from (f"{sign} {said.text}{_place(said)}" for said in claims[:_MANY])
    if len(claims) > _MANY:
        yield f"{sign} and {len(claims) - _MANY:,} more"


def _place(said: Said) -> str:
    return f" ({said.title}, {said.place.label})" if said.place.label else f" ({said.title})"


def _words(old: str, new: str) -> str:
    return "".join(f"{before}{words}{after}" for before, words, after in marked(old, new, ("[-", "{+"), ("-]", "+}")))
