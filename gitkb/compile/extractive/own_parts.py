"""The things to which the author gives a document or a part of their own: what its title or file name, or a whole heading, names.

Invariant: decides by this document alone. Such a thing has a page though no sentence defines it, because the author's own structure
says that the text below is about it; what is said there counts as said of it, also where it does not repeat the name. A heading
of a part that any document may have, an ordinary word and an act ("Managing devices") are no such things.
"""

from collections.abc import Iterator, Sequence

from gitkb.compile.extractive.candidates import Candidate
from gitkb.compile.extractive.claims import claim_text
from gitkb.compile.extractive.listed_definitions import is_glossary
from gitkb.compile.read_document import Reading
from gitkb.model.documents import Claim
from gitkb.text.language.boilerplate import bare_heading, is_structural
from gitkb.text.language.word_classes import has_general_head, is_common, is_general_noun, may_head

_ORDINARY_TITLE, _ORDINARY_HEADING = 5.0, 4.7
"""Zipf frequencies from which a single word is too common to be what a title, or a heading, gives a part to."""
_MOST_SENTENCES = 8
_LEAST, _LEAST_OF_ARGUMENT = 2, 2
_SHORTEST, _STEM, _SMALL = 24, 5, 3


def has_own_part(reading: Reading, candidate: Candidate) -> bool:
    """Whether the title names the term alone, or a heading does."""
    if not candidate.is_subject and not candidate.own_sections:
        return False
    key, language = candidate.key, reading.language
    if _in_glossary(reading, candidate):
        return not is_structural(key)
    if is_structural(key) or (language != "en" and has_general_head(key, language)):
        return False
    if " " in key:
        if candidate.count == 0 and language == "en" and not may_head(key.rpartition(" ")[2], language):
            return False
        return len(candidate.own_sections) < _LEAST + 1 or candidate.is_subject
    if "-" in key:
        return True
    limit = _ORDINARY_TITLE if candidate.is_subject else _ORDINARY_HEADING
    return not is_general_noun(key, language) and not (is_common(key, language, limit) and not _is_unusual(candidate))


def own_sentences(reading: Reading, candidate: Candidate) -> frozenset[int]:
    """The sentences of the parts that the author gives the term: those below its headings, or the first ones of its document."""
    sections = set(candidate.own_sections)
    if candidate.is_subject:
        sections.update(_opening(reading))
    found = [index for index, sentence in enumerate(reading.sentences) if sentence.section in sections]
    return frozenset(found[: _MOST_SENTENCES * max(1, len(sections))])


def own_claim(reading: Reading, index: int) -> str:
    """What a sentence of a part says that is a claim only there: one in which the author says "we" or "our", or a short one."""
    sentence = reading.sentences[index]
    if sentence.kind != "text" or sentence.lead or sentence.page:
        return ""
    return claim_text(sentence.text, reading.language, leads=sentence.leads, least=_SHORTEST, may_say_we=True)


def touches(candidate: Candidate, text: str) -> bool:
    """Whether a text has the term, a short form of it, or one of its words in any form."""
    low = text.lower()
    return any(short.lower() in low for short in candidate.shorts) or any(
        word[:_STEM] in low for word in candidate.key.split(" ") if len(word) > _SMALL or word == candidate.key
    )


def is_settled(reading: Reading, candidate: Candidate, claims: Sequence[Claim], names: int) -> bool:
    """Whether what stands in a term's own part is enough for a page: `claims` are the chosen ones, `names` how many of them name
    the term."""
    if _in_glossary(reading, candidate):
        return len(claims) > 0
    if candidate.is_subject or not _is_argument(reading, candidate):
        is_enough = len(claims) >= _LEAST or any(claim.defines for claim in claims) or _is_name(candidate)
        return names > 0 and is_enough
    return names >= _LEAST_OF_ARGUMENT


def _opening(reading: Reading) -> Iterator[int]:
    """The sections with which a document begins: above the first heading, its title's, and the part that leads in."""
    yield -1
    for number, heading in enumerate(reading.headings[:3]):
        yield number
        if heading.level > 1 or not is_structural(heading.title):
            return


def _in_glossary(reading: Reading, candidate: Candidate) -> bool:
    return any(is_glossary(section, reading, "") for section in candidate.own_sections)


def _is_argument(reading: Reading, candidate: Candidate) -> bool:
    """Whether the term's headings are steps of an argument ("3.2 Training data") and no entries of a handbook."""
    headings = [reading.headings[section] for section in candidate.own_sections]
    return any(bare_heading(heading.title) != heading.title.strip() for heading in headings) or any(
        sentence.page and not sentence.page.startswith("sheet") for sentence in reading.sentences[:3]
    )


def _is_unusual(candidate: Candidate) -> bool:
    """Whether the text writes a single word as a name wherever it stands."""
    forms = candidate.forms
    return bool(forms) and all(form[0][0].isupper() for form in forms) and sum(forms.values()) > 1


def _is_name(candidate: Candidate) -> bool:
    """Whether the text writes a term as a name within its sentences."""
    return bool(candidate.forms) and all(word[0].isupper() for form in candidate.forms for word in form)
