"""Finds pages that say too little, or that nobody will find.

Invariant: few false alarms. A generated page is in an index and can be found by a search, so it is a finding only if it also
holds little; each page has at most one of these findings.
"""

from collections.abc import Iterator, Mapping

from gitkb.catalog.queries import without_description
from gitkb.commands.lint.dead_links import leads_to
from gitkb.commands.lint.tree import Base, command, is_saved_answer, short_name
from gitkb.errors import FormatError
from gitkb.formats.records import summary_path
from gitkb.model.findings import Finding
from gitkb.text.markdown import frontmatter
from gitkb.wiki.projection import is_page

_ENTRANCES = frozenset({"index.md", "readme.md", "log.md", "home.md", "start.md", "welcome.md", "agents.md", "claude.md"})
_SAYS = ("## Key points", "## Summary", "## Outline")
_FEW_CLAIMS, _FEW_DOCUMENTS = 2, 2
_LEAST_DOCUMENTS, _NEARLY_EVERY = 8, 80
"""Percent of so many documents that speak of a name."""


def weak_sources(base: Base) -> Iterator[Finding]:
    """Pages on which one document says at most one thing, which does not say what it is."""
    for page in base.pages:
        weight = base.weight(page)
        if weight.claims == 1 and not weight.defining:
            source = next(base.corpus.evidence(base.corpus.members(page.key)))
            message = f"All that is said of {page.title} is one sentence of {source.document}, and it is no definition."
            yield Finding("weak-source", page.path, message, commands=(command("blame", short_name(page.path)),))


def everywhere(base: Base) -> Iterator[Finding]:
    """Pages about what nearly every document speaks of, such as the name of the company: that tells no document from another."""
    documents = base.corpus.document_count("")
    if documents < _LEAST_DOCUMENTS:
        return
    for page in base.pages:
        if page.documents * 100 >= documents * _NEARLY_EVERY and page.path not in base.people:
            message = f"{page.documents} of {documents} documents speak of {page.title}, so its page may tell little."
            yield Finding("everywhere", page.path, message, commands=(command("drop", short_name(page.path)),))


def missing_descriptions(base: Base) -> Iterator[Finding]:
    """Concept and entity pages, saved answers and typed pages of people that have no description."""
    for page in base.pages:
        if not page.description and not _described(base, page.path):
            message = f"No document says in a sentence what {page.title} is."
            yield Finding("missing-description", page.path, message)
    for path, note in base.people.items():
        if not note.edited and _front_matter(note.text).get("type") and not _front_matter(note.text).get("description"):
            yield Finding("missing-description", path, "Its front matter has a type, but no description.")
    yield from (found for found in _summaries(base) if found.code == "missing-description")


def empty_summaries(base: Base) -> Iterator[Finding]:
    """Documents whose summary holds no sentence of theirs."""
    yield from (found for found in _summaries(base) if found.code == "empty-summary")


def _summaries(base: Base) -> Iterator[Finding]:
    for document in without_description(base.db):
        path = summary_path(document.document)
        text = (base.tree.read(path) or b"").decode("utf-8", "replace")
        if _front_matter(text).get("description") or "\n## Notes\n" in text:
            continue  # somebody has said it
        if any(line.startswith(_SAYS) for line in text.split("\n")):
            yield Finding("missing-description", path, f"Nothing in {document.title} says in a sentence what it is.")
        else:
            message = f"Nothing of {document.title} could be summarised; it may be a table, a list or a scan."
            again = command("show", document.document)
            yield Finding("empty-summary", path, message, commands=(again,), others=(f"wiki/sources/{document.document}.md",))


def orphans(base: Base) -> Iterator[Finding]:
    """People's pages that no page links to, pages that only their words are left of, and generated ones with little on them to
    which only an index leads."""
    linked = leads_to(base)
    for path, note in base.people.items():
        if is_page(path) and note.edited and not base.documented(path):
            yield Finding("orphan-page", path, "The documents do not speak of this any more; only words of people are left.")
        elif not note.edited and path not in linked and not is_saved_answer(path) and not _is_entrance(path):
            yield Finding("orphan-page", path, "No page links to it, and no index lists it.")
    for page in base.pages:
        if page.path in linked or page.path in base.people or page.documents > _FEW_DOCUMENTS:
            continue
        weight = base.weight(page)
        if not weight.definers and weight.claims <= _FEW_CLAIMS and not (weight.claims == 1 and not weight.defining):
            message = f"Only an index leads to {page.title}, and {_said(weight.claims)} stands there."
            yield Finding("orphan-page", page.path, message)


def _said(claims: int) -> str:
    return "nothing" if not claims else "no more than one sentence" if claims == 1 else "little"


def _is_entrance(path: str) -> bool:
    return path.rpartition("/")[2].casefold() in _ENTRANCES


def _described(base: Base, path: str) -> bool:
    note = base.people.get(path)
    return note is not None and bool(_front_matter(note.text).get("description"))


def _front_matter(text: str) -> Mapping[str, object]:
    try:
        return frontmatter.split(text)[0]
    except FormatError:
        return {}
