"""Which claims of the documents that differ are new, gone, or only worded anew.

Invariant: claims are compared by their text within one document (a renamed one under its new name); a change of place alone is no
change. A sentence in other words counts as one change, never as a loss and a gain.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from gitkb.model import Record
from gitkb.wiki.diff_report import ClaimChanges, Reworded, Said

REWORDED = 0.75
_WORD = re.compile(r"\w+")
_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the differing documents say on both sides, by document (its name at the head) and text."""

    before: Mapping[str, Mapping[str, Said]]
    after: Mapping[str, Mapping[str, Said]]
    reworded: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def changes(self, document: str) -> ClaimChanges:
        """What one document says otherwise than before, in text order."""
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
    """How alike two sentences are, 0..1; 0 at once where they cannot be reworded from one another."""
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.real_quick_ratio() < REWORDED or matcher.quick_ratio() < REWORDED:
        return 0.0
    return matcher.ratio()


@dataclass(frozen=True, slots=True)
class Words:
    """A run of words of a comparison: kept where `old` and `new` are equal."""

    old: str
    new: str


def word_changes(old: str, new: str) -> list[Words]:
    """Two sentences side by side, word by word."""
    one, other = _TOKEN.findall(old), _TOKEN.findall(new)
    found: list[Words] = []
    for kind, i, j, k, m in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        before, after = "".join(one[i:j]), "".join(other[k:m])
        # A blank between two changed words belongs to the change, or every word would be marked alone.
        blank = kind == "equal" and before.isspace() and j < len(one)
        if found and found[-1].old != found[-1].new and (blank or kind != "equal"):
            found[-1] = Words(found[-1].old + before, found[-1].new + after)
        else:
            found.append(Words(before, after))
    return found
