"""The extractive compiler: a digest made of a document's own sentences. No model, no network, no other document.

Invariant: a pure function of the conversion, its file name and the language setting; the same on every machine and in every
process.
Every sentence in a digest stands in the document.
"""

from gitkb.compile.compiler_names import COMPILER
from gitkb.compile.extractive.candidates import find_candidates
from gitkb.compile.extractive.claims import claim_text
from gitkb.compile.extractive.concepts import concept_topics
from gitkb.compile.extractive.entities import entity_topics
from gitkb.compile.extractive.summary import (
    document_description,
    document_outline,
    document_summary,
    document_title,
    rank_sentences,
)
from gitkb.compile.read_document import Reading, read_document
from gitkb.model.documents import Conversion, Digest, Topic
from gitkb.text.language.boilerplate import keeps_house
from gitkb.text.names.slugs import topic_key


def digest(conversion: Conversion, *, name: str, language: str = "") -> Digest:
    """Title, description, summary, outline and topics of a converted document.

    `name` is the file's name, the last resort for a title; `language` (ISO 639-1) overrules detection. Places have an empty path.
    """
    reading = read_document(conversion, language)
    chosen = document_title(conversion, name)
    title = chosen.text
    claims = _claims(reading)
    found = find_candidates(reading, title, claims)
    ranked = rank_sentences(reading, claims)
    concepts = concept_topics(reading, claims, found, is_subject=not (keeps_house(title) or keeps_house(name)))
    entities = entity_topics(reading, claims, title)
    return Digest(
        title=title,
        description=document_description(conversion, reading, claims, title),
        language=reading.language,
        compiler=COMPILER,
        summary=document_summary(reading, claims, ranked),
        outline=document_outline(reading, claims, ranked, title),
        topics=_united(concepts, entities),
        title_reason=chosen.where,
    )


def _claims(reading: Reading) -> list[str]:
    """For each sentence its text as a claim, "" where it is none or was said before."""
    said: set[str] = set()
    claims = []
    for sentence in reading.sentences:
        text = claim_text(sentence.text, reading.language, leads=sentence.leads)
        claims.append("" if text in said else text)
        said.add(text)
    return claims


def _united(concepts: list[Topic], entities: list[Topic]) -> tuple[Topic, ...]:
    """All topics, each name once: a term that the document writes as a name was judged as a concept too, with its definition."""
    named = {topic_key(topic.name) for topic in concepts}
    return (*concepts, *(topic for topic in entities if topic_key(topic.name) not in named))
