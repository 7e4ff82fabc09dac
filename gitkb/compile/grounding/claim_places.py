"""Finds the claims of a record whose words do not stand where the record says.

Invariant: judges by the converted text alone, so it notices a record that was changed by hand, or a text that was, but not two
that were forged to match: for that the original has to be converted again. Whatever a compiler made is found again here. Pure.

A claim is found if its words, those of its quote where it has one, stand in the text of its place: below its heading, or on its
page; one without a place of its own stands anywhere. What a claim says beside its quote may only have the numbers that stand
there, in the title or in a heading.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from gitkb.compile.grounding.quote import SourceText, numbers, readable
from gitkb.convert.outline import outline
from gitkb.model.documents import Claim, Heading, Place, Record
from gitkb.text.markdown import frontmatter
from gitkb.text.markdown.blocks import blocks
from gitkb.text.markdown.links import heading_anchor, one_line
from gitkb.text.markdown.prose import inline_text, material, plain

_LISTED = " … "
_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*$", re.MULTILINE)
_SIGNS = re.compile(r"^[ \t>]*(?:[-*+]|\d{1,9}[.)])?[ \t]+", re.MULTILINE)
"""Those of quotes and of the items of lists."""
_MARK = re.compile(r"^<a name=\"([^\"]+)\"></a>", re.MULTILINE)


def misplaced_claims(record: Record, pages: Mapping[str, str]) -> Iterator[tuple[Claim, str]]:
    """(claim, why) of every claim whose words do not stand at its place, each once, in the order of the record. `pages`: the
    converted text by path ("wiki/sources/..."), front matter included."""
    whole = _Text("\n".join(frontmatter.cut(pages[path])[1] for path in chapters(record.document, pages)))
    for claim in dict.fromkeys(claim for topic in record.topics for claim in topic.claims):
        if f"wiki/{claim.place.path}" not in pages:
            yield claim, f"{claim.place.path} is no text of the document"
        elif not whole.states(claim.quote or claim.text, claim.place):
            yield claim, f"its words do not stand at {claim.place.label or claim.place.path}"
        elif claim.quote and not set(numbers(claim.text)) <= set(numbers(claim.quote)) | whole.numbers(claim.place, record.title):
            yield claim, "it has a number that its quote has not"


def chapters(document: str, pages: Iterable[str]) -> list[str]:
    """Those of a document's pages that hold its text, in order: its chapters if it has any. A page of the original may begin in
    one and end in the next."""
    main = f"wiki/sources/{document}.md"
    return sorted(page for page in pages if page != main) or [page for page in pages if page == main]


@dataclass
class _Text:
    """The converted text of a document, read once for all claims."""

    _body: str
    _plain_parts: dict[str, str] = field(default_factory=dict)
    _parts: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)

    @cached_property
    def _source(self) -> SourceText:
        return SourceText(readable(self._body))

    @cached_property
    def _spans(self) -> dict[str, tuple[int, int]]:
        """First and last line of what an anchor leads to: up to the next heading, or the next page."""
        lines = self._body.count("\n") + 1
        found = self._outline
        ends = [*(heading.line - 1 for heading in found[1:]), lines]
        spans = {heading.anchor: (heading.line, end) for heading, end in zip(found, ends, strict=False)}
        marks = [(block.raw, block.line) for block in blocks(self._body) if block.kind == "anchor"]
        ends = [*(line - 1 for _, line in marks[1:]), lines]
        return spans | {anchor: (line, end) for (anchor, line), end in zip(marks, ends, strict=False)}

    @cached_property
    def headings(self) -> tuple[str, ...]:
        return tuple(heading.title for heading in self._outline)

    @cached_property
    def _outline(self) -> tuple[Heading, ...]:
        return outline(self._body)

    @cached_property
    def _passages(self) -> list[tuple[int, str]]:
        """(line, words) of all that the page says, and of the same without what a compiler puts between."""
        found = []
        for passage in material(self._body):
            found.append((passage.line, one_line(plain(passage.text))))
            if passage.quote:
                found.append((passage.line, one_line(passage.quote)))
            if passage.lead:
                found.append((passage.line, one_line(plain(inline_text(passage.lead)[0]))))
        return found

    def states(self, words: str, place: Place) -> bool:
        """Whether words stand at a place."""
        if self._stands_plainly(words, place.anchor):
            return True
        first, last = self._spans.get(place.anchor, (1, 0))
        return self._stands(words, place.anchor) or self._source.find(words, first, last) is not None

    def _stands_plainly(self, words: str, anchor: str) -> bool:
        """Whether words stand at a place one after the other; nearly all do, and this is found in a fraction of the time."""
        if anchor not in self._plain_parts:
            span = self._plain_spans.get(anchor) if anchor else (0, len(self._body))
            text = "" if span is None else _SIGNS.sub("", self._body[slice(*span)])
            self._plain_parts[anchor] = " ".join(plain(inline_text(" ".join(text.split()))[0]).split())
        return words in self._plain_parts[anchor] or words[:-1] in self._plain_parts[anchor]

    @cached_property
    def _plain_spans(self) -> dict[str, tuple[int, int]]:
        """Begin and end of what an anchor leads to, for anchors that a glance finds, and finds once."""
        found: dict[str, tuple[int, int]] = {}
        for pattern in (_HEADING, _MARK):
            marks = [(match.start(), match[1]) for match in pattern.finditer(self._body)]
            ends = [*(start for start, _ in marks[1:]), len(self._body)]
            named = [heading_anchor(name) if pattern is _HEADING else name for _, name in marks]
            once = Counter(named)
            spans = {name: (mark[0], end) for name, mark, end in zip(named, marks, ends, strict=False) if once[name] == 1}
            found = {**spans, **found}
        return found

    def _stands(self, words: str, anchor: str) -> bool:
        text = self._part(anchor)[0]
        return words in text or words[:-1] in text or all(piece in text for piece in words.split(_LISTED))

    def numbers(self, place: Place, title: str) -> frozenset[str]:
        """The numbers of a place, of the headings, and of the document's title."""
        return self._part(place.anchor)[1] | frozenset(numbers(" ".join([title, *self.headings])))

    def _part(self, anchor: str) -> tuple[str, frozenset[str]]:
        if anchor not in self._parts:
            first, last = self._spans.get(anchor, (1, 0))
            text = " ".join(words for line, words in self._passages if first <= line and (not last or line <= last))
            self._parts[anchor] = (text, frozenset(numbers(text)))
        return self._parts[anchor]
