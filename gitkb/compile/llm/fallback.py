"""Takes from the rules what a model's reply falls short of, so that no reply makes a document's page poorer than none would.

Invariant: a field of the model's stands where it is no poorer than that of the extractive compiler: it has `_ENOUGH` key points
or as many as the rules, half of the sections of the outline for which the rules have something, half of the concepts and
entities that they define. Else the model's part stays and the rules' is added, without what nearly repeats it. What the document
defines for the rules, by a sentence or by a heading, is defined although the model only names it: by that it has a page.
`by_rules` says which fields those were, in the order of `FIELDS`. A pure function of the two digests.
"""

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from gitkb.compile.grounding.facts import content_stems
from gitkb.model.documents import Claim, Digest, SummarySection, Topic, TopicKind
from gitkb.text.names.slugs import topic_key

FIELDS = TITLE, DESCRIPTION, POINTS, OUTLINE, CONCEPTS, ENTITIES = (
    "title",
    "description",
    "key points",
    "outline",
    "concepts",
    "entities",
)
_ENOUGH = 3
_NEARLY = 0.8


def held_up(made: Digest, rules: Digest, refused: Collection[str]) -> Digest:
    """The digest that a model `made`, completed with what the `rules` made of the same document; `refused` are the fields of
    which the rules' value stands already."""
    summary, outline = _points(made, rules), _outline(made.outline, rules.outline)
    concepts, entities = _missing(made, rules, "concept"), _missing(made, rules, "entity")
    own = _defined(made, rules)
    taken = {
        *refused,
        *([POINTS] if summary != made.summary else ()),
        *([OUTLINE] if outline != made.outline else ()),
        *([CONCEPTS] if concepts or _differ(made.topics, own, "concept") else ()),
        *([ENTITIES] if entities or _differ(made.topics, own, "entity") else ()),
    }
    return replace(
        made,
        summary=summary,
        outline=outline,
        topics=(*own, *concepts, *entities),
        by_rules=tuple(name for name in FIELDS if name in taken),
    )


def _points(made: Digest, rules: Digest) -> tuple[Claim, ...]:
    """The key points, filled up with the rules' where they are few."""
    if len(made.summary) >= min(_ENOUGH, len(rules.summary)):
        return made.summary
    said = [content_stems(claim.text, made.language) for claim in made.summary]
    more = [claim for claim in rules.summary if not any(_nearly(content_stems(claim.text, made.language), each) for each in said)]
    return (*made.summary, *more[: max(len(rules.summary) - len(made.summary), 0)])


def _nearly(one: set[str], other: set[str]) -> bool:
    return bool(one | other) and len(one & other) >= _NEARLY * len(one | other)


def _outline(made: tuple[SummarySection, ...], rules: Sequence[SummarySection]) -> tuple[SummarySection, ...]:
    """The outline, its empty sections filled with the rules' sentences where most are empty."""
    known = {(section.level, section.place.anchor): section for section in rules if section.sentences}
    if 2 * sum(bool(section.sentences) for section in made) >= len(known):
        return made
    return tuple(section if section.sentences else known.get((section.level, section.place.anchor), section) for section in made)


def _defined(made: Digest, rules: Digest) -> tuple[Topic, ...]:
    """The model's topics; those that it only names have the definition of the rules, if these define a topic of that name."""
    defined = {(each.kind, topic_key(each.name, made.language)): each for each in rules.topics if each.defined and each.claims}
    return tuple(
        _with_definition(topic, same, made.language)
        if not topic.defined and (same := defined.get((topic.kind, topic_key(topic.name, made.language)))) is not None
        else topic
        for topic in made.topics
    )


def _with_definition(topic: Topic, same: Topic, language: str) -> Topic:
    said = [content_stems(claim.text, language) for claim in topic.claims]
    more = [
        claim
        for claim in same.claims
        if claim.defines and not any(_nearly(content_stems(claim.text, language), each) for each in said)
    ]
    return replace(topic, defined=True, weight=max(topic.weight, same.weight), claims=(*more, *topic.claims))


def _differ(before: Sequence[Topic], after: Sequence[Topic], kind: TopicKind) -> bool:
    return any(one != other for one, other in zip(before, after, strict=True) if one.kind == kind)


def _missing(made: Digest, rules: Digest, kind: TopicKind) -> list[Topic]:
    """The topics of a kind that the rules have and the model has not, where it has few; all of them where it has none."""
    own = [topic for topic in made.topics if topic.kind == kind]
    there = [topic for topic in rules.topics if topic.kind == kind and topic.claims]
    defined = [topic for topic in there if topic.defined]
    if own and 2 * len(own) >= len(defined):
        return []
    names = {topic_key(name, made.language) for topic in made.topics for name in (topic.name, *topic.aliases)}
    return [topic for topic in (defined if own else there) if topic_key(topic.name, made.language) not in names]
