"""Pages whose names nearly agree, so that they may be about the same thing: plural, case, hyphen, initials, word order.

Invariant: looks at titles and keys alone; costs one pass over all pages and then only what new pages share with others. A guess
for a person to judge: nothing is merged because of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gitkb.text.likeness import SHORT, signs
from gitkb.topics import TopicPage


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two pages and why they may be about one thing; `one` is new."""

    one: TopicPage
    other: TopicPage
    reason: str


def near_pairs(new: Iterable[str], pages: Sequence[TopicPage]) -> list[NearPair]:
    """The pairs of pages that may be the same, of which at least one is new (`new` are paths), sorted."""
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
    """Pairs that share a sign; two long names that only have the same initials are none."""
    for number, (one, why) in enumerate(bearers):
        for other, why_other in bearers[number + 1 :]:
            if one.path == other.path or not {one.path, other.path} & fresh or why == why_other == SHORT:
                continue
            first, second = (one, other) if one.path in fresh else (other, one)
            yield first, second, why or why_other or "they are spelled nearly alike"
