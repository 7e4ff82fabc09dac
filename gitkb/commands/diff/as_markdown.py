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

from gitkb.commands.diff.report import Attention, Change, DiffReport, DocumentChange, LinkChange, PageChange, Said, WebLinks
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
)
from gitkb.text.markdown.links import escape, one_line

LIMIT = 65_536
_ROWS = 40
_LISTED = 25
_CLAIMS = 12
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
        """Head, attention and documents always; then details as far as there is room, and the names of the others."""
        report = self.report
        blocks = [f"### {_plain(headline(report))}", self._compared(), *self._attention(), *self._documents()]
        size = sum(len(block) + 2 for block in blocks)
        rest: list[str] = []
        for title, written in self._details():
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
        return f"From {sides[0]} to {sides[1]}."

    def _attention(self) -> Iterator[str]:
        items = first(self.report.attention, _LISTED)
        if items:
            yield "**Look at these first**"
            more = len(self.report.attention) - len(items)
            lines = [self._item(item) for item in items]
            yield "\n".join([*lines, *([f"- and {more:,} more"] if more else [])])

    def _item(self, item: Attention) -> str:
        paths = " and ".join(self._linked(path) for path in item.paths)
        return f"- {LABELS[item.concern]}: {paths}: {_plain(_cut(item.message))}"

    def _documents(self) -> Iterator[str]:
        documents = self.report.documents
        if documents:
            rows = ["| document | | from | pages touched | claims |", "|---|---|---|---|---|"]
            rows += [self._row(document) for document in documents[:_ROWS]]
            yield "\n".join(rows)
        if len(documents) > _ROWS:
            yield _folded(f"{len(documents) - _ROWS:,} documents more", [_names([d.document for d in documents[_ROWS:]], _NAMED)])

    def _row(self, document: DocumentChange) -> str:
        removed = document.change is Change.REMOVED
        commit = self.report.base if removed else self.report.head
        title = self._link(_cut(document.title, 120) or document.document, f"wiki/summaries/{document.document}.md", commit)
        origin = _plain(_cut(document.source, 120))
        origin += f", {counted(document.source_pages, 'page')}" if document.source_pages else ""
        claims = claim_counts(document.claims).replace("-", "−")
        return f"| {title} | {_plain(document_state(document))} | {origin} | {document.touches or ''} | {claims} |"

    def _details(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """(name, what writes its block) of everything that may be left out, the most important first."""
        for page in self.report.pages:
            yield page_name(page.path), partial(self._changed, page)
        edited = [
            f"- {item.change} {self._linked(item.path, removed=item.change is Change.REMOVED)} +{item.gained} −{item.lost}"
            for item in self.report.edited
        ]
        yield from _listed("edited by hand", edited)
        yield from _listed("links broken", [self._arrow(link) for link in self.report.broken])
        yield from _listed("links mended", [self._arrow(link) for link in self.report.mended])

    def _changed(self, page: PageChange) -> str:
        return _folded(f"{page_name(page.path)}: {page_state(page)}", [self._linked(page.path), *self._said(page)])

    def _said(self, page: PageChange) -> Iterator[str]:
        if page.change in (Change.CHANGED, Change.RENAMED) and page.definition != page.definition_before:
            yield f"**Definition:** {_words(page.definition_before, page.definition)}"
        lines = [f"- lost: {self._claim(said, self.report.base)}" for said in page.claims.lost[:_CLAIMS]]
        for pair in page.claims.reworded[:_CLAIMS]:
            lines.append(f"- reworded: {_words(pair.old.text, pair.new.text)} {self._place(pair.new, self.report.head)}")
        lines += [f"- added: {self._claim(said, self.report.head)}" for said in page.claims.added[:_CLAIMS]]
        left = sum(max(0, len(items) - _CLAIMS) for items in (page.claims.lost, page.claims.reworded, page.claims.added))
        lines += [f"- and {left:,} claims more"] if left else []
        if page.change is Change.ADDED:
            lines += [f"- known before: {self._claim(said, self.report.head)}" for said in page.shown[:_CLAIMS]]
        elif page.shown or page.hidden:
            lines.append(f"- chosen anew from what was known: {len(page.shown)} shown, {len(page.hidden)} shown no more")
        if lines:
            yield "\n".join(lines)

    def _claim(self, said: Said, commit: str) -> str:
        return f"{_plain(_cut(said.text))} {self._place(said, commit)}"

    def _place(self, said: Said, commit: str) -> str:
        label = f"{_cut(said.title, 80)}, {said.place.label}" if said.place.label else _cut(said.title, 80)
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
    title = html.escape(_guarded(one_line(_cut(summary, 200))), quote=False)
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


def _cut(text: str, length: int = _LINE) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def _plain(text: str) -> str:
    """Text as inline Markdown in which nothing is markup, a mention or a reference."""
    return _guarded(escape(text))


def _guarded(text: str) -> str:
    """An invisible character after a sign, so that the services neither notify anybody nor link or close issues."""
    return _REFERENCE.sub(lambda sign: f"{sign[0]}{_INVISIBLE}", text)


def _words(old: str, new: str) -> str:
    """Two sentences word by word: struck out and bold; a mark must touch the word that it marks."""
    found = []
    for before, words, after in marked(_cut(one_line(old)), _cut(one_line(new)), ("~~", "**"), ("~~", "**")):
        bare = words.strip()
        lead = " " if words[:1].isspace() and bare else ""
        trail = " " if words[-1:].isspace() else ""
        found.append(f"{lead}{before}{_plain(bare)}{after}{trail}" if bare else " ")
    return re.sub(r" {2,}", " ", "".join(found)).strip()
