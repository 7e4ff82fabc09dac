"""Compares two sides of a knowledge base: documents, the pages that they make, and what deserves attention.

Invariant: pure, and a function of the two sets of records and of what the caller saw in the two trees. It looks only at
documents that differ and at pages that can differ because of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gitkb.model import Record
from gitkb.wiki.diff_attention import Seen, attention
from gitkb.wiki.diff_claims import Spoken, spoken
from gitkb.wiki.diff_pages import PageView, Side
from gitkb.wiki.diff_report import Change, ClaimChanges, DiffReport, DocumentChange, PageChange, Reworded, Said

_PAGE_ORDER = {Change.REMOVED: 0, Change.CHANGED: 1, Change.RENAMED: 1, Change.ADDED: 2}
_DOCUMENT_ORDER = {Change.REMOVED: 0, Change.CHANGED: 1, Change.RENAMED: 2, Change.ADDED: 3}


def compare(base: Side, head: Side, seen: Seen) -> DiffReport:
    """The report on what leads from one side to the other; `seen` is what the trees besides the records hold."""
    renamed = renames(base.records, head.records)
    words = spoken(base.records, head.records, renamed)
    pages = _pages(base, head, words, renamed, seen)
    documents = _documents(base.records, head.records, renamed, words, _touched(pages))
    report = DiffReport(
        base.commit,
        head.commit,
        base.name,
        head.name,
        documents=tuple(documents),
        pages=tuple(pages),
        edited=tuple(seen.edited),
        broken=tuple(seen.broken),
        mended=tuple(seen.mended),
        tokens=seen.tokens,
    )
    return replace(report, attention=tuple(attention(report, head, seen)))


def renames(before: Mapping[str, Record], after: Mapping[str, Record]) -> dict[str, str]:
    """Old names of documents to new ones: the same bytes went at one name and came at another."""
    gone = {before[name].source.sha256: name for name in sorted(before.keys() - after.keys(), reverse=True)}
    found = {}
    for name in sorted(after.keys() - before.keys()):
        old = gone.pop(after[name].source.sha256, None)
        if old is not None:
            found[old] = name
    return found


def _documents(
    before: Mapping[str, Record],
    after: Mapping[str, Record],
    renamed: Mapping[str, str],
    words: Spoken,
    touched: Mapping[str, int],
) -> list[DocumentChange]:
    old_names = {new: old for old, new in renamed.items()}
    found = []
    for name in sorted({*before.keys() - renamed.keys(), *after}):
        record = after.get(name) or before[name]
        change = Change.REMOVED if name not in after else Change.CHANGED if name in before else Change.ADDED
        change = Change.RENAMED if name in old_names else change
        found.append(
            DocumentChange(
                change,
                name,
                record.title,
                record.source.path,
                record.source.pages,
                words.changes(name),
                touched.get(name, 0),
                old_names.get(name, ""),
            )
        )
    return sorted(found, key=lambda d: (_DOCUMENT_ORDER[d.change], -len(d.claims.lost), -d.touches, d.document))


def _touched(pages: Sequence[PageChange]) -> dict[str, int]:
    """For each document the number of pages whose claims differ because of it."""
    counts: dict[str, int] = {}
    for page in pages:
        claims = page.claims
        for document in {s.document for s in (*claims.added, *claims.lost, *(r.new for r in claims.reworded))}:
            counts[document] = counts.get(document, 0) + 1
    return counts


def _pages(base: Side, head: Side, words: Spoken, renamed: Mapping[str, str], seen: Seen) -> list[PageChange]:
    moved = _moved(base.views, head.views)
    found = []
    for path in sorted((base.views.keys() | head.views.keys()) - set(moved.values())):
        old = moved.get(path, path)
        change = _Page(path, base.views.get(old), head.views.get(path), words, renamed).change()
        if change is not None:
            if old != path:
                change = replace(change, change=Change.RENAMED, before=old)
            committed = path in (seen.committed_before if change.change is Change.REMOVED else seen.committed)
            found.append(replace(change, committed=committed))
    return sorted(found, key=_importance)


def _moved(before: Mapping[str, PageView], after: Mapping[str, PageView]) -> dict[str, str]:
    """New paths to old ones of pages that became pages of the other kind."""
    old = {view.page.key: path for path, view in before.items() if not view.page.target}
    new = {view.page.key: path for path, view in after.items() if not view.page.target}
    return {path: old[key] for key, path in new.items() if key in old and old[key] != path}


def _importance(page: PageChange) -> tuple[int, int, int, int, str]:
    """Losses first, then what changed most."""
    claims = page.claims
    return _PAGE_ORDER[page.change], -len(claims.lost), -len(claims.reworded), -len(claims.added), page.path


@dataclass(frozen=True, slots=True)
class _Page:
    """One page on both sides."""

    path: str
    before: PageView | None
    after: PageView | None
    words: Spoken
    renamed: Mapping[str, str]

    def change(self) -> PageChange | None:
        """What became of the page, None where a reader would see no difference in what it says."""
        kind = self._kind()
        claims, shown, hidden = self._claims()
        view = self.after or self.before
        if view is None or (kind is Change.CHANGED and not (claims or shown or hidden) and self._same_head()):
            return None
        return PageChange(
            kind,
            self.path,
            view.page.title,
            claims,
            self.before.definition if self.before else "",
            self.after.definition if self.after else "",
            shown,
            hidden,
            view.page.target_title if self.after else "",
        )

    def _kind(self) -> Change:
        if self.before is None:
            return Change.ADDED
        return Change.REMOVED if self.after is None else Change.CHANGED

    def _same_head(self) -> bool:
        """Whether title, description and target are what they were."""
        if self.before is None or self.after is None:
            return False
        old, new = self.before.page, self.after.page
        return (old.title, old.description, old.target, old.target_kind) == (
            new.title,
            new.description,
            new.target,
            new.target_kind,
        )

    def _claims(self) -> tuple[ClaimChanges, tuple[Said, ...], tuple[Said, ...]]:
        """Claims that came, went or were reworded; then those that the page only shows now, or shows no more."""
        before = {(self._now(said), said.text): said for said in (self.before.said if self.before else ())}
        after = {(said.document, said.text): said for said in (self.after.said if self.after else ())}
        reworded = []
        for (document, text), old in before.items():
            new = after.get((document, self.words.reworded.get((document, text), "")))
            if new is not None and (document, text) not in after:
                reworded.append(Reworded(old, new))
        done_old = {(self._now(pair.old), pair.old.text) for pair in reworded}
        done_new = {(pair.new.document, pair.new.text) for pair in reworded}
        come = [(key, said) for key, said in after.items() if key not in before and key not in done_new]
        gone = [(key, said) for key, said in before.items() if key not in after and key not in done_old]
        added = tuple(said for key, said in come if not self._said(key, after=False))
        shown = tuple(said for key, said in come if self._said(key, after=False))
        lost = tuple(said for key, said in gone if not self._said(key, after=True))
        hidden = tuple(said for key, said in gone if self._said(key, after=True))
        return ClaimChanges(added, lost, tuple(reworded)), shown, hidden

    def _now(self, said: Said) -> str:
        return self.renamed.get(said.document, said.document)

    def _said(self, key: tuple[str, str], *, after: bool) -> bool:
        """Whether the document says it on that side, if only in other words."""
        document, text = key
        if self.words.says(document, text, after=after):
            return True
        if after:
            return key in self.words.reworded
        return any(d == document and new == text for (d, _), new in self.words.reworded.items())
