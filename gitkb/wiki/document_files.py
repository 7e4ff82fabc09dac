"""Makes a document's own files: converted text, pictures, summary page, record.

Invariant: they depend on the document alone, its name, its bytes and the files beside it; nothing here knows the knowledge base.
No text of the document can become markup, a path or a link that the document did not have. A summary links the concept and entity
pages that exist because of this very document and names all others as plain text; sections without content are left out.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from posixpath import splitext

from msgspec import Struct
from msgspec.structs import replace

from gitkb.formats.records import label_of, source_path, summary_path
from gitkb.formats.topic_rows import shortened
from gitkb.model.documents import LARGE, Claim, Conversion, Digest, Place, Record, Source, SummarySection, Topic
from gitkb.text.markdown import frontmatter
from gitkb.text.markdown.links import escape, one_line, relative
from gitkb.text.names.slugs import topic_key
from gitkb.wiki.hand_edits import seal
from gitkb.wiki.source_pages import Chapters, ConvertedText, Resolver, chapters_of, unreachable

STATED = "What it says of itself"
MAX_NAMES = 40
MAX_SECTIONS = 300
_FOLDERS = {"concept": "concepts", "entity": "entities"}
_FORMATS = {"md": "Markdown", "markdown": "Markdown", "txt": "text", "rst": "reStructuredText", "ipynb": "notebook"}
_KEYS = frozenset({"type", "title", "description", "authors", "sources", "generated", "status", "url", "verified"})
_UNITS = {
    "pptx": "slide",
    "ppsx": "slide",
    "pptm": "slide",
    "ppt": "slide",
    "pps": "slide",
    "xlsx": "sheet",
    "xlsm": "sheet",
    "xls": "sheet",
}


def summary_page(record: Record, digest: Digest, stated: Mapping[str, str]) -> bytes:
    """The page's bytes; the digest's places have their paths. `stated` is what the document says of itself, by key."""
    page = f"wiki/summaries/{record.document}.md"
    source = f"wiki/sources/{record.document}.md"
    meta: dict[str, object] = {"type": "Summary", "title": record.title}
    if record.description:
        meta["description"] = record.description
    if record.authors:
        meta["authors"] = list(record.authors)
    meta.update({name: date for name, date in record.dates.items() if name not in _KEYS})
    if record.source.url:
        meta["url"] = record.source.url
    meta["sources"] = [{"id": label_of(record.document), "resource": relative(page, source)}]
    paragraphs = [f"# {escape(record.title)}", *_head(page, source, record, digest)]
    for heading, lines in (
        ("Summary", [" ".join(_sentence(page, claim) for claim in digest.abstract)] if digest.abstract else []),
        ("Key points", list(_key_points(page, record, digest))),
        ("Outline", list(_outline(page, record, digest))),
        ("Concepts and names", list(_names(page, record))),
        (STATED, [f"- {escape(key)}: {escape(one_line(text))}" for key, text in stated.items()]),
    ):
        if lines:
            paragraphs += [f"## {heading}", "\n".join(lines)]
    return seal(frontmatter.join(meta, "\n" + "\n\n".join(paragraphs) + "\n"), record.compiler)


def _head(page: str, source: str, record: Record, digest: Digest) -> Iterator[str]:
    if record.description:
        said = next((claim for claim in digest.summary if claim.text == record.description), None)
        yield f"{escape(record.description)} {_place(page, said.place)}".strip() if said else escape(record.description)
    fetched = f", from <{record.source.url}>" if record.source.url else ""
    yield f"[Full text]({relative(page, source)}), [original]({relative(page, _raw(record))}) ({_kind(record)}){fetched}"
    if record.ocr:
        yield f"Read by OCR, so letters and figures may be wrong: {escape(record.ocr)}."
    if record.described:
        yield f"A model says in it what pictures show, which is not the author's word: {escape(record.described)}."


def _raw(record: Record) -> str:
    return next(file for file in record.files if file.startswith("raw/"))


def _kind(record: Record) -> str:
    """The format and extent of the original: "PDF, 40 pages"."""
    ending = splitext(_raw(record))[1].lstrip(".")
    name = _FORMATS.get(ending, ending.upper() if ending != "original" else "text")
    count = record.source.pages
    unit = _UNITS.get(ending, "page")
    return f"{name}, {count} {unit}{'s' if count != 1 else ''}" if count else name


def _place(page: str, place: Place) -> str:
    return f"[{escape(place.label)}]({_link(page, place)})" if place.label else ""


def _link(page: str, place: Place) -> str:
    return relative(page, f"wiki/{place.path}" + (f"#{place.anchor}" if place.anchor else ""))


def _sentence(page: str, claim: Claim) -> str:
    return f"{escape(claim.text)} {_place(page, claim.place)}".rstrip()


def _key_points(page: str, record: Record, digest: Digest) -> Iterator[str]:
    first = {claim.text: claim for claim in reversed(digest.summary)}
    said = {claim.text for claim in digest.abstract} | {record.description}
    for text in dict.fromkeys(claim.text for claim in digest.summary if claim.text not in said):
        yield f"- {_sentence(page, first[text])}"


def _outline(page: str, record: Record, digest: Digest) -> Iterator[str]:
    """One line a section, nested as the document is: its title, then those of its best sentences not said above."""
    said = {claim.text for claim in (*digest.abstract, *digest.summary)} | {record.description}
    shown: list[SummarySection] = []
    for section in digest.outline[:MAX_SECTIONS]:
        left = tuple(claim for claim in section.sentences if claim.text not in said)
        said.update(claim.text for claim in left)
        if left or section.title.casefold() != record.title.casefold():
            shown.append(replace(section, sentences=left))
    if len(shown) == 1 and not shown[0].sentences:
        return
    above: list[int] = []
    for section in shown:
        while above and above[-1] >= section.level:
            above.pop()
        yield f"{'  ' * len(above)}- {_section(page, section)}"
        above.append(section.level)


def _section(page: str, section: SummarySection) -> str:
    line = f"[{escape(section.title)}]({_link(page, section.place)})"
    if not section.sentences:
        return line
    here = section.place.anchor
    told = tuple(replace(c, text=_without_heading(c.text, section.title)) for c in section.sentences)
    words = " ".join(escape(c.text) if c.place.anchor == here else _sentence(page, c) for c in told)
    return f"{line}{'' if section.title[-1] in '.:?!' else ':'} {words}"


def _without_heading(text: str, title: str) -> str:
    """A claim that says its heading with it, below that heading."""
    for mark in (": ", " – ", "：", " " if title.endswith("?") else ": "):
        if text.startswith(f"{title}{mark}"):
            rest = text.removeprefix(f"{title}{mark}")
            return rest[:1].upper() + rest[1:]
    return text


def _names(page: str, record: Record) -> Iterator[str]:
    if len(record.topics) == 1 and not record.topics[0].defined:
        return  # one name alone says nothing
    for kind, heading in (("concept", "Concepts"), ("entity", "Names")):
        topics = sorted((t for t in record.topics if t.kind == kind), key=lambda t: (not t.defined, -t.weight, t.name))
        names = dict.fromkeys(_name(page, topic, record.language) for topic in topics[:MAX_NAMES])
        if names:
            yield f"- {heading}: {', '.join(names)}"


def _name(page: str, topic: Topic, language: str) -> str:
    if not topic.defined:
        return escape(topic.name)
    path = f"wiki/{_FOLDERS[topic.kind]}/{topic_key(topic.name, language)}.md"
    return f"[{escape(topic.name)}]({relative(page, path)})"


class DocumentFiles(Struct, frozen=True):
    """A document's record and the contents of its files in the wiki by path; its original is not among them."""

    record: Record
    files: Mapping[str, bytes]


def raw_path(document: str, source_path: str, large: bool = False) -> str:
    """The path of the original: `raw/<document>` with the original's ending; never a folder's name. That of a `large` one has
    `.lfs` before its ending, by which git knows that it is in Git LFS."""
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
    files[summary_path(document)] = summary_page(record, clean, conversion.stated)
    return DocumentFiles(replace(record, files=tuple(sorted({*record.files, *files}))), files)


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
        title_reason=one_line(digest.title_reason),
        ocr=one_line(conversion.ocr),
        by_rules=", ".join(digest.by_rules),
        described=one_line(conversion.described),
    )


class _Placed(Struct, frozen=True):
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
