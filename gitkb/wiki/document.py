"""A document's own files: its converted text in the wiki (in chapters when it is long), its pictures, its summary, its record.

Invariant: they are a function of the document alone, its name, its bytes and the files beside it; nothing here knows the
knowledge base. No text of the document can reach markup, a path or a link that the document did not have.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from posixpath import splitext

from gitkb.model import LARGE, Claim, Conversion, Digest, Place, Record, Source, SummarySection, Topic
from gitkb.text.links import one_line
from gitkb.topics import shortened
from gitkb.wiki.chapters import Chapters, chapters_of
from gitkb.wiki.converted import ConvertedText, Resolver, source_path, unreachable
from gitkb.wiki.summary import summary_page

__all__ = ["DocumentFiles", "Resolver", "build", "raw_path", "source_path", "summary_path"]


@dataclass(frozen=True, slots=True)
class DocumentFiles:
    """A document's record and the contents of its files in the wiki by path; its original is not among them."""

    record: Record
    files: Mapping[str, bytes]


def raw_path(document: str, source_path: str, large: bool = False) -> str:
    """Where the original is kept: `raw/<document>` with the original's ending; never a folder's name. A `large` one has a mark
    before it, by which git knows that it is in Git LFS."""
    ending = re.sub(r"[^a-z0-9]", "", splitext(source_path.rpartition("/")[2])[1].lower())[:16]
    return f"raw/{document}{LARGE if large else ''}.{ending or 'original'}"


def build(
    document: str, source: Source, conversion: Conversion, digest: Digest, resolver: Resolver, *, large: bool = False
) -> DocumentFiles:
    """All files of one document but its original, and its record; `large` says that the original is in Git LFS."""
    raw = raw_path(document, source.path, large)
    chapters = chapters_of(conversion.markdown, conversion.headings)
    title = one_line(digest.title or conversion.title) or document.rpartition("/")[2]
    text = ConvertedText(document, chapters, conversion, resolver, source.url)
    bodies = text.bodies()
    placed = _Placed(document, chapters, unreachable(conversion, chapters, bodies))
    clean = placed.digest(replace(digest, title=title))
    files = text.pages(clean, raw, bodies, placed.anchor)
    record = _record(document, source, conversion, clean, [raw, *files])
    files[summary_path(document)] = summary_page(record, clean)
    return DocumentFiles(replace(record, files=tuple(sorted({*record.files, *files}))), files)


def summary_path(document: str) -> str:
    """Where a document's summary stands."""
    return f"wiki/summaries/{document}.md"


def _record(document: str, source: Source, conversion: Conversion, digest: Digest, files: Iterable[str]) -> Record:
    return Record(
        document=document,
        title=digest.title,
        description=digest.description,
        language=digest.language,
        source=source,
        converter=conversion.converter,
        compiler=digest.compiler,
        files=tuple(sorted(files)),
        topics=digest.topics,
        authors=tuple(filter(None, map(one_line, conversion.authors))),
        dates={one_line(name): one_line(date) for name, date in sorted(conversion.dates.items()) if one_line(date)},
    )


@dataclass(frozen=True, slots=True)
class _Placed:
    """Makes a digest's texts single lines, and its places lead to the files and anchors that the text has."""

    document: str
    chapters: Chapters
    unreachable: frozenset[str]

    def digest(self, digest: Digest) -> Digest:
        return replace(
            digest,
            description=one_line(digest.description),
            abstract=self.claims(digest.abstract),
            summary=self.claims(digest.summary),
            outline=tuple(self.section(section) for section in digest.outline if one_line(section.title)),
            topics=tuple(self.topic(topic) for topic in digest.topics if one_line(topic.name)),
        )

    def section(self, section: SummarySection) -> SummarySection:
        title, sentences = shortened(one_line(section.title)), self.claims(section.sentences)
        return replace(section, title=title, place=self.place(section.place), sentences=sentences)

    def topic(self, topic: Topic) -> Topic:
        aliases = tuple(filter(None, map(one_line, topic.aliases)))
        return replace(topic, name=one_line(topic.name), aliases=aliases, claims=self.claims(topic.claims))

    def claims(self, claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
        cleaned = (
            replace(claim, text=one_line(claim.text), quote=one_line(claim.quote), place=self.place(claim.place))
            for claim in claims
        )
        return tuple(claim for claim in cleaned if claim.text)

    def anchor(self, anchor: str) -> str:
        """The anchor where a link can reach it, else ''."""
        return anchor if anchor in self.chapters.suffix_of and anchor not in self.unreachable else ""

    def place(self, place: Place) -> Place:
        """The place with its file; an anchor that the text does not have leads to the top of the page."""
        suffix = self.chapters.suffix_of.get(place.anchor)
        anchor = self.anchor(place.anchor)
        path = source_path(self.document, suffix or "").removeprefix("wiki/")
        return Place(path, anchor, one_line(place.label))
