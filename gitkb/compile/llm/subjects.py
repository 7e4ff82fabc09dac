"""Reads the concepts and entities of a model's replies, and joins those of several parts.

Invariant: a topic's name and aliases stand in the document or are evident forms of what does; each of its claims speaks of it.
Sorted by weight, which follows from the document alone; bounded.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.compile.grounding.facts import content_stems, is_acronym_of
from gitkb.compile.llm.parts import Part
from gitkb.compile.llm.statements import Ground, GroundedClaim, objects_of, plain_words, text_of, texts_of
from gitkb.model.documents import Claim, Topic, TopicKind
from gitkb.text.language.boilerplate import is_structural
from gitkb.text.language.detect import function_words
from gitkb.text.language.word_classes import is_common, is_general_noun
from gitkb.text.names.slugs import topic_key

_LONGEST_NAME, _MOST_ALIASES = 80, 6
_MOST_CLAIMS, _MOST_READ = 8, 24
_MOST, _MOST_A_PART, _MOST_IN_ALL = 12, 4, 60
_COMMON = 5.0
_NEAR = 160
_LONGEST_OPENING = 60
_Key = tuple[TopicKind, str]


_stems_of_part = lru_cache(maxsize=2)(content_stems)


class Subject(Struct):
    """A topic while those of several parts are joined; `parts` are the first lines of the parts that speak of it."""

    kind: TopicKind
    name: str
    type: str
    parts: set[int]
    aliases: list[str] = field(default_factory=list)
    definitions: list[GroundedClaim] = field(default_factory=list)
    claims: list[GroundedClaim] = field(default_factory=list)


def read_subjects(reply: Mapping[str, Any], part: Part, ground: Ground, types: Sequence[str]) -> list[Subject]:
    """The topics of one part's reply, in its order."""
    kinds: tuple[tuple[str, TopicKind], ...] = (("concepts", "concept"), ("entities", "entity"))
    found = []
    for key, kind in kinds:
        for data in list(objects_of(reply, key))[:_MOST_READ]:
            subject = _subject(data, kind, part, ground, types)
            if subject is not None:
                found.append(subject)
    return found


def _subject(data: Mapping[str, Any], kind: TopicKind, part: Part, ground: Ground, types: Sequence[str]) -> Subject | None:
    name = plain_words(text_of(data, "name"), _LONGEST_NAME).strip(" .,:;\"'“”‘’()[]")
    statements = [data.get("definition"), *list(objects_of(data, "claims"))[:_MOST_READ]]
    found = [ground.statement(statement, part) if isinstance(statement, dict) else None for statement in statements]
    found[0] = _defined(statements[0], found[0], name, part, ground)
    if not _is_name(name, kind, part, ground):
        ground.dropped += sum(each is not None for each in found)
        return None
    aliases = [alias for text in texts_of(data, "aliases") if (alias := _alias(text, name, ground))]
    aliases += [other for other in _by_the_house(name, ground) if ground.source.has(other)]
    own = content_stems(" ".join((name, *aliases)), ground.language)
    about = [each if each and _is_about(each, own, ground.language) else None for each in found]
    defining = about[0] if about[0] and _opens_with(about[0].claim.text, own, ground.language) else None
    claims = [each for each in (*(() if defining else about[:1]), *about[1:]) if each]
    kept = text_of(data, "type") if kind == "entity" else ""
    return Subject(
        kind,
        name[:1].upper() + name[1:] if kind == "concept" and name.islower() and _is_words(name) else name,
        kept if kept in types else ("other" if kind == "entity" else ""),
        {part.first},
        list(dict.fromkeys(aliases))[:_MOST_ALIASES],
        [defining] if defining else [],
        claims,
    )


def _defined(statement: Any, found: GroundedClaim | None, name: str, part: Part, ground: Ground) -> GroundedClaim | None:
    """A definition: what the model wrote if it begins with the name, else its quote if that does."""
    own = content_stems(name, ground.language)
    if found is not None and _opens_with(found.claim.text, own, ground.language):
        return found
    words, itself = ground.itself(statement, part)
    if not own or not _opens_with(words[:_LONGEST_OPENING], own, ground.language) or itself is None:
        return found
    ground.dropped -= found is None and ground.dropped > 0
    return itself


def _is_words(name: str) -> bool:
    return all(c.isalpha() or c in " -'’" for c in name)


def _is_name(name: str, kind: TopicKind, part: Part, ground: Ground) -> bool:
    if len(name) < 2 or not any(map(str.isalpha, name)) or len(name.split()) > 8 or _is_generic(name, ground.language):
        return False
    if any(ground.source.has(each, part.first, part.last) for each in (name, *_by_the_house(name, ground))):
        return True
    wanted = content_stems(name, ground.language)
    return kind == "concept" and bool(wanted) and wanted <= _stems_of_part(part.text, ground.language)


def _by_the_house(name: str, ground: Ground) -> tuple[str, ...]:
    """The other names that the glossary has for the same thing."""
    return ground.names.get(topic_key(name, ground.language), ())


def _is_generic(name: str, language: str) -> bool:
    lows = name.lower().split()
    if is_structural(name) or all(low in function_words(language) or is_general_noun(low, language) for low in lows):
        return True
    return len(lows) == 1 and is_common(lows[0], language, _COMMON) and not any(map(str.isupper, name[1:]))


def _alias(text: str, name: str, ground: Ground) -> str:
    """An alias that the document shows, else ""."""
    alias = plain_words(text, _LONGEST_NAME).strip(" .,:;\"'“”‘’()[]")
    if len(alias) < 2 or not any(map(str.isalpha, alias)) or _is_generic(alias, ground.language):
        return ""
    if topic_key(alias, ground.language) == topic_key(name, ground.language):
        return ""  # the same name in another form
    evident = is_acronym_of(alias, name) or is_acronym_of(name, alias)
    if not ground.source.has(alias):
        return alias if is_acronym_of(alias, name) else ""
    return alias if evident or ground.source.near(name, alias, _NEAR) else ""


def _is_about(found: GroundedClaim, own: set[str], language: str) -> bool:
    return bool(own & (content_stems(found.claim.text, language) | content_stems(found.passage, language)))


def _opens_with(text: str, own: set[str], language: str) -> bool:
    """Whether a definition begins with what it defines."""
    return bool(own & content_stems(text[:80], language))


def united(subjects: Iterable[Subject], parts: int, title: str, ground: Ground) -> tuple[Topic, ...]:
    """All topics of a document, each name once, the weightiest first."""
    merged: list[Subject] = []
    names: dict[_Key, int] = {}
    known: dict[_Key, int] = {}
    for subject in subjects:
        keys = [(subject.kind, topic_key(name, ground.language)) for name in (subject.name, *subject.aliases)]
        at = _same_subject(subject, keys, merged, names, known)
        if at is None:
            at = len(merged)
            merged.append(replace(subject, parts=set(), aliases=[], definitions=[], claims=[]))
        _add(merged[at], subject)
        names.setdefault(keys[0], at)
        for key in keys:
            known.setdefault(key, at)
    named = {key: at for (kind, key), at in names.items() if kind == "concept"}
    named = {key: at for (_, key), at in names.items()} | named  # a concept goes before an entity of its name
    topics = [
        topic
        for at, each in enumerate(merged)
        if named[topic_key(each.name, ground.language)] == at and (topic := _topic(each, at, named, title, ground)) is not None
    ]
    topics.sort(key=lambda topic: (-topic.weight, topic.kind, topic.name))
    most = min(_MOST_IN_ALL, _MOST + _MOST_A_PART * (parts - 1))
    kinds: tuple[TopicKind, ...] = ("concept", "entity")
    return tuple(topic for kind in kinds for topic in [each for each in topics if each.kind == kind][:most])


def _same_subject(
    subject: Subject, keys: list[_Key], merged: list[Subject], names: dict[_Key, int], known: dict[_Key, int]
) -> int | None:
    """The topic found so far that is the same as this one, by its name or else by an alias. Two topics of one part are never
    the same, whatever aliases the model gives them."""
    if keys[0] in names:
        return names[keys[0]]
    return next((known[key] for key in keys if key in known and not merged[known[key]].parts & subject.parts), None)


def _add(into: Subject, subject: Subject) -> None:
    into.aliases = list(dict.fromkeys((*into.aliases, *subject.aliases, *([subject.name] if subject.name != into.name else []))))
    into.parts |= subject.parts
    into.definitions += subject.definitions
    into.claims += subject.claims


def _topic(subject: Subject, at: int, named: dict[str, int], title: str, ground: Ground) -> Topic | None:
    claims = _best(subject, ground.language)
    if not claims:
        return None
    key = topic_key(subject.name, ground.language)
    aliases = {topic_key(alias, ground.language): alias for alias in reversed(subject.aliases)}
    own = [alias for other, alias in aliases.items() if other != key and named.get(other, at) == at]
    defined = bool(subject.definitions)
    mentions = ground.source.count(subject.name)
    weight = (
        0.1
        + 0.25 * defined
        + 0.03 * len(claims)
        + 0.05 * math.log2(1 + mentions)
        + 0.15 * (subject.name.lower() in title.lower())
    )
    return Topic(
        kind=subject.kind,
        name=subject.name,
        aliases=tuple(sorted(own[-_MOST_ALIASES:])),
        entity_type=subject.type,
        defined=defined,
        weight=round(min(1.0, weight), 4),
        claims=claims,
    )


def _best(subject: Subject, language: str) -> tuple[Claim, ...]:
    """The claims to keep, without repetitions, in text order; definitions are preferred if there are too many."""
    chosen: list[tuple[GroundedClaim, bool]] = []
    said: list[set[str]] = []
    candidates = [*((found, True) for found in subject.definitions), *((found, False) for found in subject.claims)]
    candidates.sort(key=lambda item: (not item[1], -item[0].claim.score, item[0].offset, item[0].claim.text))
    for found, defines in candidates:
        stems = content_stems(found.claim.text, language)
        if len(chosen) < _MOST_CLAIMS and not any(_nearly(stems, other) for other in said):
            said.append(stems)
            chosen.append((found, defines))
    chosen.sort(key=lambda item: (item[0].offset, item[0].claim.text))
    return tuple(
        replace(found.claim, defines=defines, score=round(min(1.0, found.claim.score + (0.3 if defines else 0)), 4))
        for found, defines in chosen
    )


def _nearly(one: set[str], other: set[str]) -> bool:
    return bool(one | other) and len(one & other) >= 0.8 * len(one | other)
