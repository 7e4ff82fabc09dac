"""Documents of which a newer version was added too: the same title or file name with a later version, year or date.

Invariant: conservative. The newer one must hold most of what the older one says in the same words; two yearly reports that share
only their outline are none, nor are chapters and parts.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gitkb.commands.lint.findings import command
from gitkb.commands.lint.tree import Base
from gitkb.errors import FormatError
from gitkb.formats import records
from gitkb.formats.topic_rows import DocumentFacts
from gitkb.model.findings import Finding
from gitkb.wiki.source_pages import source_path

MOST_SHARED = 0.5
_WINDOW = 6
_LONGEST = 400_000
_MOST_OF_FAMILY = 40
_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:[-_. ]?(0[1-9]|1[0-2])(?:[-_. ]?(0[1-9]|[12]\d|3[01]))?)?(?!\d)")
_VERSION = re.compile(
    r"(?<![^\W_])(?:v|ver|version|rev|revision|r|edition|ed|release)[-_. ]*(\d+(?:[-_.]\d+)*)(?![^\W_])"
    r"|(?<![\d.])(\d+\.\d+(?:\.\d+)*)(?![\d.])",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")

Age = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Version:
    """A document as one of a family; `age` sorts them, the newest last."""

    document: DocumentFacts
    age: Age


def superseded(base: Base) -> Iterator[Finding]:
    """A finding for each document that a newer one replaces."""
    texts: dict[str, frozenset[int]] = {}
    found: dict[str, str] = {}
    for family in _families(base):
        for number, old in enumerate(family[:-1]):
            newer = [each.document.document for each in reversed(family[number + 1 :]) if each.age > old.age]
            name = old.document.document
            for other in newer if name not in found else ():
                if _shared(texts, base, name, other) >= MOST_SHARED:
                    found[name] = other
                    break
    titles = {facts.document: facts.title for facts in base.corpus.documents()} if found else {}
    for old_name, new_name in sorted(found.items()):
        message = f"{titles[new_name]} ({new_name}) is a newer version of it, and most of what it says stands there too."
        path = f"wiki/summaries/{old_name}.md"
        others = (f"wiki/summaries/{new_name}.md",)
        yield Finding("superseded-source", path, message, commands=(command("remove", old_name),), others=others)


def _families(base: Base) -> Iterator[list[_Version]]:
    """Documents that are versions of one another by name, the oldest first."""
    by_path: dict[str, list[_Version]] = {}
    by_title: dict[str, list[_Version]] = {}
    plain: dict[str, list[DocumentFacts]] = {}
    for facts in base.corpus.documents():
        stem, age = _split(facts.source)
        if age:
            by_path.setdefault(f"{facts.media_type} {stem}", []).append(_Version(facts, age))
        stem, age = _split(facts.title)
        if age and _WORD.search(stem):
            by_title.setdefault(stem, []).append(_Version(facts, age))
        elif facts.title:
            plain.setdefault(stem, []).append(facts)
    dated = (_dated(base, group) for group in plain.values() if 1 < len(group) <= _MOST_OF_FAMILY)
    for group in (*by_path.values(), *by_title.values(), *dated):
        if 1 < len(group) <= _MOST_OF_FAMILY and len({version.age for version in group}) > 1:
            yield sorted(group, key=lambda version: (version.age, version.document.document))


def _split(name: str) -> tuple[str, Age]:
    """A name without its versions and dates, and those as numbers."""
    age: list[int] = []

    def taken(found: re.Match[str]) -> str:
        age.extend(int(number) for group in found.groups() if group for number in re.findall(r"\d+", group)[:4])
        return " "

    text = _VERSION.sub(taken, name.casefold())
    text = _DATE.sub(taken, text)
    return " ".join(re.sub(r"[\s_.,()\[\]-]+", " ", text).split()), tuple(number for number in age if number < 10**9)


def _dated(base: Base, group: Sequence[DocumentFacts]) -> list[_Version]:
    """Documents of one title by the date that they state themselves, where all do."""
    versions = []
    for facts in group:
        path = records.record_path(facts.document)
        try:
            dates = records.decode(base.tree.read(path) or b"", path).dates
        except FormatError:
            return []
        latest = max((value[:10] for value in dates.values() if re.match(r"\d{4}-\d\d-\d\d", value)), default="")
        if not latest:
            return []
        versions.append(_Version(facts, tuple(map(int, latest.split("-")))))
    return versions


def _shared(texts: dict[str, frozenset[int]], base: Base, old: str, new: str) -> float:
    """Which part of the older text stands in the newer one, by runs of six words."""
    for name in (old, new):
        if name not in texts:
            texts[name] = _runs(base, name)
    return len(texts[old] & texts[new]) / len(texts[old]) if texts[old] else 0.0


def _runs(base: Base, document: str) -> frozenset[int]:
    text = (base.tree.read(source_path(document)) or b"")[:_LONGEST].decode("utf-8", "replace")
    words = _WORD.findall(text.partition("\n---\n")[2].casefold())
    return frozenset(hash(tuple(words[at : at + _WINDOW])) for at in range(max(0, len(words) - _WINDOW + 1)))
