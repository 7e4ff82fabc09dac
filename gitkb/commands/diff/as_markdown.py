"""A diff as Markdown for the comment or description of a pull request.

Invariant: below `LIMIT` characters, whatever the diff holds: details are left out from the end, and what is left out is named or
counted. Every paragraph, list item and table row is one line; links name a commit; nothing that a document says becomes markup, a
mention of a person, or a reference to an issue.
"""

import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from msgspec import Struct

from gitkb.commands.diff.groups import Group, Repeated, differs, grouped, own_changes, repeated
from gitkb.commands.diff.report import (
    Attention,
    Change,
    ClaimChanges,
    DiffReport,
    DocumentChange,
    LinkChange,
    PageChange,
    PersonChange,
    Said,
    SentenceChange,
    WebLinks,
    Weight,
)
from gitkb.commands.diff.wording import (
    GRAVE,
    LABELS,
    claim_counts,
    contents,
    counted,
    cut,
    document_state,
    first,
    group_state,
    headline,
    marked,
    more_claims,
    page_name,
    page_state,
    percent,
    sentence,
    source_state,
)
from gitkb.text.markdown.links import escape, one_line

LIMIT = 65_536
_ROWS = 40
_LISTED = 25
_CLAIMS = 12
_PATHS = 12
_ALIKE = 10
_OF_DOCUMENT = 6
_UNGROUPED = 12
_NAMED = 6_000
_LINE = 600
_REFERENCE = re.compile(r"[@#!$%~&](?=[\w\"])|\bGH-(?=\d)", re.IGNORECASE)
_INVISIBLE = "\u200b"


def markdown(report: DiffReport, links: WebLinks | None = None) -> str:
    """The whole diff, as much of it as fits."""
    return _Page(report, links, {page.path: page for page in report.pages}).render()


class _Page(Struct, frozen=True):
    report: DiffReport
    links: WebLinks | None
    pages: Mapping[str, PageChange]

    def render(self) -> str:
        """Head, attention, changed words and documents always; then details as far as there is room, and names of the rest."""
        report = self.report
        alike = repeated(report.documents)
        blocks = [f"### {_plain(headline(report))}", self._compared()]
        blocks += [*self._attention(grave=True), *self._texts(alike), *self._attention(grave=False), *self._documents()]
        size = sum(len(block) + 2 for block in blocks)
        rest: list[str] = []
        for title, written in self._details(alike):
            # Once one had no room the others are only named, and so never written.
            block = "" if rest else written()
            if block and size + len(block) + 2 < LIMIT - _NAMED - 1_000:
                blocks.append(block)
                size += len(block) + 2
            else:
                rest.append(title)
        return "\n\n".join([*blocks, *_rest(rest)]) + "\n"

    def _compared(self) -> str:
        report = self.report
        sides = [f"{_plain(name)} (`{commit[:10]}`)" for name, commit in _sides(report)]
        sources = "; ".join(_plain(source_state(each)) for each in report.sources)
        return f"From {sides[0]} to {sides[1]}.{f' Sources: {sources}.' if sources else ''}"

    def _attention(self, *, grave: bool) -> Iterator[str]:
        all_items = [item for item in self.report.attention if (item.concern in GRAVE) is grave]
        items = first(all_items, _LISTED)
        if items:
            both = not grave and any(item.concern in GRAVE for item in self.report.attention)
            yield "**Look at these pages**" if both else "**Look at these first**"
            more = len(all_items) - len(items)
            lines = [self._item(item) for item in items]
            yield "\n".join([*lines, *([f"- and {more:,} more"] if more else [])])

    def _texts(self, alike: Sequence[Repeated]) -> Iterator[str]:
        """The words that changed: each document with its gravest changes, what many have alike once."""
        lines = [f"- {len(each.documents):,} documents alike: {self._sentence(each.change)}" for each in alike[:_ALIKE]]
        own = [(document, changes) for document in self.report.documents if (changes := own_changes(document, alike))]
        each = self._shown
        for document, changes in own[:_ROWS]:
            lines.append(
                f"- {self._summary_link(document)}: {percent(document.text.share)} of the text{self._text_diff(document)}"
            )
            lines += [f"  - {self._sentence(change)}" for change in changes[:each]]
            lines += [f"  - and {counted(len(changes) - each, 'change')} more"] if len(changes) > each else []
        lines += [f"- and {counted(len(own) - _ROWS, 'document')} more"] if len(own) > _ROWS else []
        if lines:
            yield "**What changed in the texts**"
            yield "\n".join(lines)

    @property
    def _shown(self) -> int:
        """How many changes of each document stand at the top."""
        changed = sum(1 for document in self.report.documents if document.text.changes)
        return max(1, min(_OF_DOCUMENT, _LISTED * 2 // max(1, changed)))

    def _sentence(self, change: SentenceChange) -> str:
        if change.old and change.new and change.weight is not Weight.LINK:
            return _words(change.old, change.new)
        return _plain(sentence(change, _LINE))

    def _text_diff(self, document: DocumentChange) -> str:
        """A link to the difference of the text, pinned to both commits."""
        if self.links is None or not document.text:
            return ""
        return f" ([diff]({self.links.text_diff(self.report.base, self.report.head, document.path)}))"

    def _summary_link(self, document: DocumentChange) -> str:
        removed = document.change is Change.REMOVED
        commit = self.report.base if removed else self.report.head
        return self._link(cut(document.title, 120) or document.document, f"wiki/summaries/{document.document}.md", commit)

    def _item(self, item: Attention) -> str:
        shown = [self._linked(path) for path in item.paths[:_PATHS]]
        more = len(item.paths) - len(shown)
        paths = f"{', '.join(shown)} and {more:,} more" if more else " and ".join(shown)
        return f"- {LABELS[item.concern]}: {paths}: {_plain(cut(item.message, _LINE))}"

    def _documents(self) -> Iterator[str]:
        groups = grouped(self.report.documents) if len(self.report.documents) > _UNGROUPED else None
        rows = [self._group(group) for group in groups] if groups else list(map(self._row, self.report.documents))
        if rows:
            yield "\n".join(["| document | | from | pages touched | claims |", "|---|---|---|---|---|", *rows[:_ROWS]])
        if len(rows) > _ROWS:
            names = [document.document for document in self.report.documents]
            yield _folded(f"{len(rows) - _ROWS:,} rows more; all documents", [_names(names, _NAMED)])

    def _group(self, group: Group) -> str:
        if group.single is not None:
            return self._row(group.single)
        touched = sum(document.touches for document in group.documents)
        counts = [sum(len(getattr(d.claims, kind)) for d in group.documents) for kind in ("added", "lost", "reworded")]
        claims = " ".join(f"{sign}{number:,}" for sign, number in zip("+−~", counts, strict=True) if number)
        return f"| {_plain(group.folder or '.')}/ | {_plain(group_state(group))} | | {touched or ''} | {claims} |"

    def _row(self, document: DocumentChange) -> str:
        origin = _plain(cut(document.source, 120))
        origin += f", {counted(document.source_pages, 'page')}" if document.source_pages else ""
        claims = claim_counts(document.claims).replace("-", "−")
        state = _plain(document_state(document))
        return f"| {self._summary_link(document)} | {state} | {origin} | {document.touches or ''} | {claims} |"

    def _details(self, alike: Sequence[Repeated]) -> Iterator[tuple[str, Callable[[], str]]]:
        """(name, what writes its block) of everything that may be left out, the most important first."""
        for document in self.report.documents:
            if document.claims or len(document.text.changes) > self._shown or document.change is Change.ADDED:
                yield document.document, partial(self._document, document, alike)
        pages = [page for page in self.report.pages if differs(page)]
        for page in pages:
            yield page_name(page.path), partial(self._changed, page)
        yield from _listed("edited by hand", [line for item in self.report.edited for line in self._edit(item)])
        yield from _listed("links broken", [self._arrow(link) for link in self.report.broken])
        yield from _listed("links mended", [self._arrow(link) for link in self.report.mended])
        left = len(self.report.pages) - len(pages)
        if left:
            line = f"{counted(left, 'page')} more: only other claims chosen from what was known."
            yield "pages with other claims", lambda: line

    def _document(self, document: DocumentChange, alike: Sequence[Repeated]) -> str:
        """What a reviewer reads of one document: its own words, then its claims."""
        blocks = []
        if document.change is Change.ADDED:
            blocks += [_plain(cut(document.description, _LINE))] if document.description else []
            blocks += [_plain(cut(contents(document), _LINE))]
            if document.whole:
                blocks.append("\n".join(f"> {_plain(line)}".rstrip() for line in document.whole.splitlines()))
            else:
                claims = [f"- {self._claim(said, self.report.head)}" for said in document.best]
                more = more_claims(document, self.report.head)
                blocks.append("\n".join([*claims, *([f"- {_plain(more)}"] if more else [])]))
        else:
            lines = [f"- {self._sentence(change)}" for change in own_changes(document, alike)[:_ROWS]]
            left = len(document.text.changes) - len(lines) + document.text.more
            lines += [f"- and {counted(left, 'change')} more"] if left > 0 else []
            lines += self._claims(document.claims)
            blocks.append("\n".join(lines))
        return _folded(f"{document.document}: {document_state(document)}", [block for block in blocks if block])

    def _edit(self, item: PersonChange) -> Iterator[str]:
        yield f"- {item.change} {self._linked(item.path, removed=item.change is Change.REMOVED)} +{item.gained} −{item.lost}"
        yield from (f"  - {self._sentence(change)}" for change in item.words.changes[:_CLAIMS])

    def _changed(self, page: PageChange) -> str:
        return _folded(f"{page_name(page.path)}: {page_state(page)}", [self._linked(page.path), *self._said(page)])

    def _said(self, page: PageChange) -> Iterator[str]:
        if page.change in (Change.CHANGED, Change.RENAMED) and page.definition != page.definition_before:
            yield f"**Definition:** {_words(page.definition_before, page.definition)}"
        lines = self._claims(page.claims)
        if page.change is Change.ADDED:
            lines += [f"- known before: {self._claim(said, self.report.head)}" for said in page.shown[:_CLAIMS]]
        elif page.shown or page.hidden:
            lines.append(f"- chosen anew from what was known: {len(page.shown)} shown, {len(page.hidden)} shown no more")
        if lines:
            yield "\n".join(lines)

    def _claims(self, claims: ClaimChanges) -> list[str]:
        lines = [f"- lost: {self._claim(said, self.report.base)}" for said in claims.lost[:_CLAIMS]]
        for pair in claims.reworded[:_CLAIMS]:
            lines.append(f"- reworded: {_words(pair.old.text, pair.new.text)} {self._place(pair.new, self.report.head)}")
        lines += [f"- added: {self._claim(said, self.report.head)}" for said in claims.added[:_CLAIMS]]
        left = sum(max(0, len(items) - _CLAIMS) for items in (claims.lost, claims.reworded, claims.added))
        return lines + ([f"- and {left:,} claims more"] if left else [])

    def _claim(self, said: Said, commit: str) -> str:
        return f"{_plain(cut(said.text, _LINE))} {self._place(said, commit)}"

    def _place(self, said: Said, commit: str) -> str:
        label = f"{cut(said.title, 80)}, {said.place.label}" if said.place.label else cut(said.title, 80)
        return f"({self._link(label, f'wiki/{said.place.path}', commit, said.place.anchor)})"

    def _arrow(self, link: LinkChange) -> str:
        return f"- {self._linked(link.page)} to {_plain(page_name(link.target))}"

    def _linked(self, path: str, *, removed: bool = False) -> str:
        """A path as a link if the file exists at one of the commits; otherwise the path alone."""
        page = self.pages.get(path)
        if page is not None and not page.committed:
            return _plain(page_name(path))
        gone = removed or (page is not None and page.change is Change.REMOVED)
        return self._link(page_name(path), path, self.report.base if gone else self.report.head)

    def _link(self, label: str, path: str, commit: str, anchor: str = "") -> str:
        return f"[{_plain(label)}]({self.links.file(commit, path, anchor)})" if self.links else _plain(label)


def _sides(report: DiffReport) -> list[tuple[str, str]]:
    return [(report.base_name, report.base), (report.head_name, report.head)]


def _listed(title: str, lines: list[str]) -> Iterator[tuple[str, Callable[[], str]]]:
    if lines:
        blocks = ["\n".join(lines[:_ROWS]), *_more(len(lines) - _ROWS)]
        yield title, partial(_folded, f"{len(lines):,} {title}", blocks)


def _more(number: int) -> list[str]:
    return [f"And {number:,} more."] if number > 0 else []


def _folded(summary: str, blocks: Sequence[str]) -> str:
    """Details that open on a click; the blank lines make the services read their content as Markdown."""
    title = html.escape(_guarded(one_line(cut(summary, 200))), quote=False)
    return "\n\n".join([f"<details><summary>{title}</summary>", *blocks, "</details>"])


def _rest(names: Sequence[str]) -> Iterator[str]:
    if names:
        yield f"Not shown here for want of room: {_names(names, _NAMED)}"


def _names(names: Sequence[str], room: int) -> str:
    shown: list[str] = []
    for number, name in enumerate(names):
        label = _plain(name)
        room -= len(label) + 2
        if room < 0:
            return ", ".join([*shown, f"and {len(names) - number:,} more"])
        shown.append(label)
    return ", ".join(shown)


def _plain(text: str) -> str:
    """Text as inline Markdown in which nothing is markup, a mention or a reference."""
    return _guarded(escape(text))


def _guarded(text: str) -> str:
    """An invisible character after a sign, so that the services neither notify anybody nor link or close issues."""
    return _REFERENCE.sub(lambda sign: f"{sign[0]}{_INVISIBLE}", text)


def _words(old: str, new: str) -> str:
    """Two sentences word by word: struck out and bold; a mark must touch the word that it marks."""
    found: list[str] = []
    for before, words, after in marked(cut(one_line(old), _LINE), cut(one_line(new), _LINE), ("~~", "**"), ("~~", "**")):
        bare = words.strip()
        lead = " " if words[:1].isspace() and bare else ""
        trail = " " if words[-1:].isspace() else ""
        gap = " " if before and found and found[-1].endswith(("~~", "**")) else lead
        found.append(f"{gap}{before}{_plain(bare)}{after}{trail}" if bare else " ")
    return re.sub(r" {2,}", " ", "".join(found)).strip()
