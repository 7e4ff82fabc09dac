"""Compares two sides of a knowledge base: documents, claims, the pages that they make, and what deserves attention.

Invariant: pure; depends only on the two sets of records and on what the caller saw in the two trees. It looks only at documents
that differ, and at pages that can differ because of them. Claims are compared by their text within one document (a renamed one
under its new name). A different place alone is no change; a reworded sentence is one change, never a loss and a gain.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.branch.renames import renames
from gitkb.commands.diff.attention import Seen, attention
from gitkb.commands.diff.report import Change, ClaimChanges, DiffReport, DocumentChange, PageChange, Reworded, Said, TextChange
from gitkb.commands.diff.shown_pages import PageView, Side
from gitkb.commands.diff.text_changes import importance
from gitkb.formats.records import source_path
from gitkb.model.documents import Record

REWORDED = 0.75
BEST = 3
_WORD = re.compile(r"\w+")


class Spoken(Struct, frozen=True):
    """The claims of the differing documents on both sides, by document (its name at the head) and text."""

    before: Mapping[str, Mapping[str, Said]]
    after: Mapping[str, Mapping[str, Said]]
    reworded: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def changes(self, document: str) -> ClaimChanges:
        """The claims that one document adds, drops and rewords, in text order."""
        before, after = self.before.get(document, {}), self.after.get(document, {})
        again = {text: new for text in before if (new := self.reworded.get((document, text))) is not None}
        renewed = set(again.values())
        return ClaimChanges(
            tuple(said for text, said in after.items() if text not in before and text not in renewed),
            tuple(said for text, said in before.items() if text not in after and text not in again),
            tuple(Reworded(before[old], after[new]) for old, new in again.items()),
        )

    def says(self, document: str, text: str, *, after: bool) -> bool:
        """Whether a document says this on that side; one that does not differ says on both what it says on one."""
        if document not in self.before and document not in self.after:
            return True
        return text in (self.after if after else self.before).get(document, {})


def spoken(before: Mapping[str, Record], after: Mapping[str, Record], renamed: Mapping[str, str]) -> Spoken:
    """Compares the claims of the documents that differ; `renamed` maps old names to new ones."""
    old = {renamed.get(name, name): _said(record, renamed.get(name, name)) for name, record in sorted(before.items())}
    new = {name: _said(record, name) for name, record in sorted(after.items())}
    pairs: dict[tuple[str, str], str] = {}
    for document in sorted(old.keys() & new.keys()):
        for gone, come in _reworded(old[document], new[document]):
            pairs[document, gone] = come
    return Spoken(old, new, pairs)


def _said(record: Record, document: str) -> dict[str, Said]:
    found: dict[str, Said] = {}
    for topic in record.topics:
        for claim in topic.claims:
            known = found.get(claim.text)
            if known is None or (claim.defines and not known.defines):
                found[claim.text] = Said(document, record.title, claim.text, claim.place, claim.defines)
    return found


def _reworded(before: Mapping[str, Said], after: Mapping[str, Said]) -> Iterator[tuple[str, str]]:
    """Pairs of old and new words, the most alike first, each sentence once."""
    gone = [(text, frozenset(_WORD.findall(text))) for text in before if text not in after]
    come = [(text, frozenset(_WORD.findall(text))) for text in after if text not in before]
    rated = []
    for old, words in gone:
        for new, others in come:
            # Sentences that share few words are not worth a closer look; those of scripts without blanks are one word each.
            if len(words) > 2 and len(words & others) * 3 < len(words | others):
                continue
            ratio = likeness(old, new)
            if ratio >= REWORDED:
                rated.append((-ratio, old, new))
    used: set[str] = set()
    for _, old, new in sorted(rated):
        if old not in used and new not in used:
            used.update((old, new))
            yield old, new


def likeness(old: str, new: str) -> float:
    """How alike two sentences are, 0..1; quickly 0 if one cannot be a rewording of the other."""
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.real_quick_ratio() < REWORDED or matcher.quick_ratio() < REWORDED:
        return 0.0
    return matcher.ratio()


_PAGE_ORDER = {Change.REMOVED: 0, Change.CHANGED: 1, Change.RENAMED: 1, Change.ADDED: 2}
_DOCUMENT_ORDER = {Change.REMOVED: 0, Change.CHANGED: 1, Change.RENAMED: 2, Change.ADDED: 3}


def compare(base: Side, head: Side, seen: Seen) -> DiffReport:
    """The report on what leads from one side to the other; `seen` is what the trees besides the records hold."""
    renamed = seen.renamed or renames(base.records, head.records)
    words = spoken(base.records, head.records, renamed)
    pages = _pages(base, head, words, renamed, seen)
    documents = _documents(base.records, head.records, renamed, words, _touched(pages), seen)
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
        sources=tuple(seen.sources),
    )
    return replace(report, attention=tuple(attention(report, head, seen)))


def _documents(
    before: Mapping[str, Record],
    after: Mapping[str, Record],
    renamed: Mapping[str, str],
    words: Spoken,
    touched: Mapping[str, int],
    seen: Seen,
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
                record.description,
                tuple(_best(record)) if change is Change.ADDED else (),
                seen.texts.get(name, TextChange()),
                source_path(name),
                seen.forms.get(name, ()),
                seen.short.get(name, ""),
            )
        )
    return sorted(found, key=_document_order)


def _document_order(document: DocumentChange) -> tuple[int, int, int, int, str]:
    """Removed ones first, then those whose texts changed most gravely."""
    gravest = min(map(importance, document.text.changes), default=9)
    return _DOCUMENT_ORDER[document.change], gravest, -len(document.claims.lost), -document.touches, document.document


def _best(record: Record) -> Iterator[Said]:
    """The claims of a document that matter most, in text order, without what its description says already."""
    claims = {claim.text: claim for topic in record.topics for claim in topic.claims if claim.text != record.description}
    chosen = sorted(claims.values(), key=lambda claim: (-claim.score, not claim.defines, claim.text))[:BEST]
    for claim in claims.values():
        if claim in chosen:
            yield Said(record.document, record.title, claim.text, claim.place, claim.defines)


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


class _Page(Struct, frozen=True):
    """One page on both sides."""

    path: str
    before: PageView | None
    after: PageView | None
    words: Spoken
    renamed: Mapping[str, str]

    def change(self) -> PageChange | None:
        """How the page changed; None if a reader would see no difference in what it says."""
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
