"""Documents of which a newer version was added too: the same title or file name with a later version, or with a later year or
date where the newer one says that it replaces the older one.

Invariant: conservative, for what is found is proposed for removal. Of two versions nearly all of the older text must stand in the
newer one. A period is no version: the reports of two quarters, the laws of two years and the minutes of two days are all kept,
however alike they are, unless the later one says that it takes the earlier one's place.
"""

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from gitkb.commands.lint.tree import Base, command
from gitkb.errors import FormatError
from gitkb.formats import records
from gitkb.formats.records import source_path
from gitkb.formats.topic_rows import DocumentFacts
from gitkb.model.findings import Finding
from gitkb.text import word_lists

NEARLY_ALL = 0.85
LEAST_REPLACED = 0.2
"""How much of the older text the newer one must hold: of a version, and of what it says that it replaces."""
_WINDOW = 6
_LONGEST = 400_000
_MOST_OF_FAMILY = 40
_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:[-_. ]?(0[1-9]|1[0-2])(?:[-_. ]?(0[1-9]|[12]\d|3[01]))?)?(?!\d)")
_VERSION = re.compile(
    r"(?<![^\W_])(?:v|ver|version|rev|revision|r|edition|ed|release)[-_. ]*(\d+(?:[-_.]\d+)*)(?![^\W_])"
    r"|(?<![\d.])(\d+\.\d+(?:\.\d+)*)(?![\d.])",
    re.IGNORECASE,
)
_YEARS = range(1900, 2100)
_WORD = re.compile(r"\w+")
_SENTENCE = re.compile(r"[.!?。]\s+|\n\s*\n")

Age = tuple[int, ...]


class _Version(Struct, frozen=True):
    """A document as one of a family; `age` sorts them, the newest last. `is_period`: what tells them apart is a time, which is a
    reason to keep both."""

    document: DocumentFacts
    age: Age
    is_period: bool


def superseded(base: Base) -> Iterator[Finding]:
    """A finding for each document that a newer one replaces."""
    texts: dict[str, frozenset[int]] = {}
    found: dict[str, str] = {}
    for family in _families(base):
        for number, old in enumerate(family[:-1]):
            name = old.document.document
            for other in reversed(family[number + 1 :]) if name not in found else ():
                if other.age > old.age and _replaces(texts, base, old, other):
                    found[name] = other.document.document
                    break
    titles = {facts.document: facts.title for facts in base.corpus.documents()} if found else {}
    for old_name, new_name in sorted(found.items()):
        message = f"{titles[new_name]} ({new_name}) is a newer version of it, and nearly all that it says stands there too."
        if _shared(texts, base, old_name, new_name) < NEARLY_ALL:
            message = f"{titles[new_name]} ({new_name}) says that it replaces it."
        path = f"wiki/summaries/{old_name}.md"
        others = (f"wiki/summaries/{new_name}.md",)
        yield Finding("superseded-source", path, message, commands=(command("remove", old_name),), others=others)


def _families(base: Base) -> Iterator[list[_Version]]:
    """Documents that are versions of one another by name, the oldest first."""
    families: dict[tuple[str, str], list[_Version]] = {}
    plain: dict[str, list[DocumentFacts]] = {}
    for facts in base.corpus.documents():
        for kind, name in ((facts.media_type, facts.source), ("title", facts.title)):
            stem, versions, dates = _split(name)
            if versions and _WORD.search(stem):
                families.setdefault((kind, f"{stem} {dates}"), []).append(_Version(facts, versions, is_period=False))
            if dates and _WORD.search(stem):
                families.setdefault((f"{kind} of a time", f"{stem} {versions}"), []).append(
                    _Version(facts, dates, is_period=True)
                )
            if kind == "title" and facts.title and not (versions or dates):
                plain.setdefault(stem, []).append(facts)
    dated = (_dated(base, group) for group in plain.values() if 1 < len(group) <= _MOST_OF_FAMILY)
    for group in (*families.values(), *dated):
        if 1 < len(group) <= _MOST_OF_FAMILY and len({version.age for version in group}) > 1:
            yield sorted(group, key=lambda version: (version.age, version.document.document))


def _replaces(texts: dict[str, frozenset[int]], base: Base, old: _Version, new: _Version) -> bool:
    """Whether a document takes the place of an older one of its family."""
    shared = _shared(texts, base, old.document.document, new.document.document)
    if not old.is_period and shared >= NEARLY_ALL:
        return True
    return shared >= LEAST_REPLACED and _says_so(_text(base, new.document.document), old)


def _says_so(text: str, old: _Version) -> bool:
    """Whether a sentence says that it replaces the older document: by its title, its file's name or what tells it apart."""
    verbs = word_lists.pattern("replacing", word_lists.MIXED, "verbs")
    stem = old.document.source.rpartition("/")[2].rpartition(".")[0].casefold()
    told = ".".join(map(str, old.age)) if not old.is_period else str(old.age[0])
    names = [re.escape(name) for name in (old.document.title.casefold(), stem, told) if name]
    named = re.compile(rf"(?<!\w)(?:{'|'.join(names)})(?!\w)")
    return verbs is not None and any(
        verbs.search(sentence) and named.search(sentence) for sentence in _SENTENCE.split(text.casefold())
    )


def _split(name: str) -> tuple[str, Age, Age]:
    """A name without its versions and dates, and those as numbers."""
    versions: list[int] = []
    dates: list[int] = []

    def take(numbers: list[int], found: re.Match[str]) -> str:
        numbers.extend(int(number) for group in found.groups() if group for number in re.findall(r"\d+", group)[:4])
        return " "

    series = word_lists.pattern("replacing", word_lists.MIXED, "series")
    is_series = series is not None and series.search(name.rpartition("/")[2].casefold()) is not None

    def take_version(found: re.Match[str]) -> str:
        numbers = [int(number) for number in re.findall(r"\d+", found[0])[:4]]
        if not any(number in _YEARS for number in numbers) and not (is_series and found[2]):
            return take(versions, found)
        # "12.03.2024", "edition 2023", and bare figures of a series, as in "Minutes 12.3": a time, no version
        dates.extend(numbers if numbers[0] in _YEARS else reversed(numbers))
        return " "

    text = _VERSION.sub(take_version, name.casefold())
    text = _DATE.sub(lambda found: take(dates, found), text)
    stem = " ".join(re.sub(r"[\s_.,()\[\]-]+", " ", text).split())
    return stem, tuple(number for number in versions if number < 10**9), tuple(number for number in dates if number < 10**9)


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
        versions.append(_Version(facts, tuple(map(int, latest.split("-"))), is_period=True))
    return versions


def _shared(texts: dict[str, frozenset[int]], base: Base, old: str, new: str) -> float:
    """The share of the older text that is in the newer one, by runs of six words."""
    for name in (old, new):
        if name not in texts:
            texts[name] = _runs(base, name)
    return len(texts[old] & texts[new]) / len(texts[old]) if texts[old] else 0.0


def _runs(base: Base, document: str) -> frozenset[int]:
    words = _WORD.findall(_text(base, document).casefold())
    return frozenset(hash(tuple(words[at : at + _WINDOW])) for at in range(max(0, len(words) - _WINDOW + 1)))


def _text(base: Base, document: str) -> str:
    """The converted text, without its front matter."""
    return (base.tree.read(source_path(document)) or b"")[:_LONGEST].decode("utf-8", "replace").partition("\n---\n")[2]
