"""The summary page of one document: what it is, its best sentences with their places, its outline, what it speaks of.

Invariant: depends on the document alone. It links the concept and entity pages that exist because of this very document and names
all others as plain text; sections without content are left out.
"""

from collections.abc import Iterator
from dataclasses import replace
from posixpath import splitext

from gitkb.model import Claim, Digest, Place, Record, SummarySection, Topic
from gitkb.text import frontmatter
from gitkb.text.links import escape, relative
from gitkb.text.slugs import topic_key
from gitkb.wiki.generated import seal

MAX_NAMES = 40
MAX_SECTIONS = 300
_FOLDERS = {"concept": "concepts", "entity": "entities"}
_FORMATS = {"md": "Markdown", "markdown": "Markdown", "txt": "text", "rst": "reStructuredText", "ipynb": "notebook"}
_KEYS = frozenset({"type", "title", "description", "authors", "sources", "generated", "status", "url", "verified"})
_UNITS = {"pptx": "slide", "xlsx": "sheet", "xls": "sheet"}


def label_of(document: str) -> str:
    """The id of a document in front matter and footnotes: "papers/aries" -> "papers--aries"."""
    return document.replace("/", "--")


def summary_page(record: Record, digest: Digest) -> bytes:
    """The page's bytes; the digest's places have their paths."""
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
    words = " ".join(escape(c.text) if c.place.anchor == here else _sentence(page, c) for c in section.sentences)
    return f"{line}{'' if section.title[-1] in '.:?!' else ':'} {words}"


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
