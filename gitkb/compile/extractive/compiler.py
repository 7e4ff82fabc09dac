"""The extractive compiler: a digest made of a document's own sentences. No model, no network, no other document.

Invariant: a pure function of the conversion, its file name and the language setting; the same on every machine and in every
process.
Every sentence in a digest stands in the document.
"""

from msgspec.structs import replace

from gitkb.compile.extractive.candidates import find_candidates
from gitkb.compile.extractive.claims import MIN_LENGTH, claim_text, is_order, says_that
from gitkb.compile.extractive.concepts import concept_topics
from gitkb.compile.extractive.entities import entity_topics
from gitkb.compile.extractive.fragments import fragment_claim
from gitkb.compile.extractive.genres.notes import Meaning, claim_of, meanings
from gitkb.compile.extractive.summary import (
    document_description,
    document_outline,
    document_summary,
    document_title,
    rank_sentences,
)
from gitkb.compile.read_document import Reading, Sentence, read_document
from gitkb.formats.compiler_names import COMPILER
from gitkb.formats.topic_rows import bare_title
from gitkb.model.documents import Claim, Conversion, Digest, Topic
from gitkb.text.language.boilerplate import keeps_house
from gitkb.text.language.inflection import german_adjective
from gitkb.text.markdown.prose import plain
from gitkb.text.names.proper_names import UNTOLD
from gitkb.text.names.slugs import topic_key


def digest(conversion: Conversion, *, name: str, language: str = "") -> Digest:
    """Title, description, summary, outline and topics of a converted document.

    `name` is the file's name, the last resort for a title; `language` (ISO 639-1) overrules detection. Places have an empty path.
    """
    return digest_of(read_document(conversion, language), conversion, name)


def digest_of(reading: Reading, conversion: Conversion, name: str) -> Digest:
    """The digest of a document that was read."""
    chosen = document_title(conversion, name)
    title = chosen.text
    claims, fragments = _claims(reading, title)
    whole = ["" if index in fragments else text for index, text in enumerate(claims)]
    found = find_candidates(reading, title, whole, name)
    ranked = rank_sentences(reading, claims, fragments, title=title)
    told = {index: claims[index] for index in fragments if claims[index]}
    concepts = concept_topics(reading, whole, found, told, is_subject=not (keeps_house(title) or keeps_house(name)))
    entities = entity_topics(reading, whole, title)
    topics = _led(_united(concepts, entities, reading.language), reading, title)
    return Digest(
        title=title,
        description=document_description(conversion, reading, claims, title, fragments),
        language=reading.language,
        compiler=COMPILER,
        summary=document_summary(reading, claims, ranked, title),
        outline=document_outline(reading, claims, ranked, title),
        topics=_named_by_author(topics, conversion, title, reading.language),
        title_reason=chosen.where,
    )


def _claims(reading: Reading, title: str) -> tuple[list[str], frozenset[int]]:
    """For each sentence its text as a claim, "" if it is none or repeats another; and the set of those that are fragments, to
    which their context was added."""
    language = reading.language
    claims = ["" if _needs_context(sentence, language) else _said(sentence, language) for sentence in reading.sentences]
    told = {sentence.section for sentence, text in zip(reading.sentences, claims, strict=True) if text and not sentence.is_item}
    fragments: set[int] = set()
    for index, sentence in enumerate(reading.sentences):
        # An unfinished line counts only if no sentence of its section can stand alone, a short sentence always.
        is_short = len(sentence.text) < MIN_LENGTH and sentence.text.endswith(".")
        if (
            not claims[index]
            and not sentence.speaker
            and (sentence.kind != "text" or sentence.lead or is_short or sentence.section not in told)
        ):
            claims[index] = fragment_claim(sentence, reading, title)
            fragments.add(index)
    if not any(claims):
        claims = [fragment_claim(sentence, reading, title, only=True) for sentence in reading.sentences]
        fragments.update(range(len(claims)))
    said: set[str] = set()
    for index, text in enumerate(claims):
        claims[index] = "" if text in said else text
        said.add(text)
    return claims, frozenset(fragments)


def _said(sentence: Sentence, language: str) -> str:
    """A sentence that can stand alone, with who says it in a meeting: then "we" is clear."""
    if not sentence.speaker:
        return claim_text(sentence.text, language, leads=sentence.leads)
    bare = sentence.text.removeprefix(f"{sentence.speaker}: ")
    text = claim_text(bare, language, may_say_we=True) if bare[:1].isupper() else ""
    return sentence.spoken(text) if text else ""


def _needs_context(sentence: Sentence, language: str) -> bool:
    """Whether a sentence can be a claim only with its context said: a row, an answer, an order in a list, an item that is no
    sentence for certain below the line that leads to it."""
    if sentence.kind == "row" or sentence.lead.endswith("?"):
        return True
    if not sentence.is_item or language != "en":
        return False
    text = plain(sentence.text)
    return is_order(text) or (bool(sentence.lead) and not says_that(text))


_MOST_CLAIMS = 3


def _led(topics: tuple[Topic, ...], reading: Reading, title: str) -> tuple[Topic, ...]:
    """The topics, each that the document says the meaning of without a sentence ("What it is: ...") with that as its first
    claim."""
    found: dict[str, Meaning] = {}
    for meaning in meanings(reading, title):
        for name in (*meaning.names, *map(bare_title, meaning.names)):
            if meaning.is_close:
                found.setdefault(topic_key(name, reading.language), meaning)
    return tuple(
        replace(topic, claims=_with_first(claim_of(reading, own, topic.name), own.text, topic.claims))
        if (own := found.get(topic_key(topic.name, reading.language))) is not None
        else topic
        for topic in topics
    )


def _with_first(claim: Claim, words: str, claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
    """Claims behind another, without those that say the same words."""
    rest = [each for each in claims if words.casefold() not in each.text.casefold()]
    return (claim, *rest[: _MOST_CLAIMS - 1])


_MOST_ALIASES, _LONGEST_ALIAS = 12, 60


def _named_by_author(topics: tuple[Topic, ...], conversion: Conversion, title: str, language: str) -> tuple[Topic, ...]:
    """The topics, that of the title with the other names that the document's front matter gives it."""
    names = [name for name in conversion.aliases if len(name) <= _LONGEST_ALIAS and any(map(str.isalpha, name))][:_MOST_ALIASES]
    keys = {topic_key(name, language) for name in (title, bare_title(title))}
    if not names:
        return topics
    return tuple(
        replace(topic, aliases=tuple(sorted({*topic.aliases, *(name for name in names if name.lower() != topic.name.lower())})))
        if topic_key(topic.name, language) in keys
        else topic
        for topic in topics
    )


def _is_phrase(topic: Topic) -> bool:
    """Whether a German term of no told kind is an adjective with its noun ("Sachleitende Verfügung")."""
    first, _, rest = topic.name.partition(" ")
    return topic.entity_type == UNTOLD and bool(rest) and (first.endswith("e") or german_adjective(first) != first.lower())


def _united(concepts: list[Topic], entities: list[Topic], language: str) -> tuple[Topic, ...]:
    """All topics, each name once. A term that is written as a name was found twice: as a concept, with its definition, and as an
    entity, which knows better what kind of name it is. Two German words of which nothing tells that they are a name are none, as
    every noun has a capital."""
    if language == "de":
        concepts = [replace(topic, entity_type="") if _is_phrase(topic) else topic for topic in concepts]
        entities = [replace(topic, kind="concept", entity_type="") if _is_phrase(topic) else topic for topic in entities]
    kinds = {topic_key(topic.name, language): topic.entity_type for topic in entities}
    named = {topic_key(topic.name, language) for topic in concepts}
    typed = [
        replace(topic, kind="entity", entity_type=kinds.get(topic_key(topic.name, language), topic.entity_type))
        if topic.entity_type == UNTOLD or kinds.get(topic_key(topic.name, language), UNTOLD) != UNTOLD
        else topic
        for topic in concepts
    ]
    return (*typed, *(topic for topic in entities if topic_key(topic.name, language) not in named))
