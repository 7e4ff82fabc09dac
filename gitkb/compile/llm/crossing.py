"""Whether a claim gives one thing what its passage says of another: numbers and names of two clauses crossed.

Invariant: objects only where the passage shows it in its own words: a number that stands beside another name, a name put together
of two, a predicate that the passage keeps for "only" something else.
"""

import re

from gitkb.compile.llm.backing_words import content_words
from gitkb.compile.llm.grounding import letters, numbers
from gitkb.compile.llm.named import names
from gitkb.text.tokens import normalise

_CLAUSE = re.compile(r"[,;.:](?=\s)|\b(?:while|whereas|and|but|während|und|aber|tandis|et|mais)\b|[、。；]")
_RUN = re.compile(r"(?:[A-Z]{2,}|[A-Z][a-z]+)(?:[ ](?:[A-Z]{2,}|[A-Z][a-z]+))+")
_ONLY = {
    "en": re.compile(r"(?:^|[.;:,]\s+|\bthat )only (?:an? |the |very )?"),
    "de": re.compile(r"(?:^|[.;:,]\s+)nur (?:ein\w* |der |die |das )?"),
    "fr": re.compile(r"(?:^|[.;:,]\s+)seule?s? (?:une? |les? |la |l')?"),
}


def is_crossed(claim: str, passage: str, language: str) -> bool:
    """Whether a claim crosses two things of its passage."""
    return _numbers_cross(claim, passage, language) or _names_cross(claim, passage) or _lacks_only(claim, passage, language)


def _numbers_cross(claim: str, passage: str, language: str) -> bool:
    """Whether a number belongs to the name of another clause."""
    wanted, named = set(numbers(claim)), {letters(name) for name in names(claim, language)}
    if not wanted or not named:
        return False
    clauses = [clause for clause in _CLAUSE.split(passage) if clause]
    held = [(set(numbers(clause)), letters(clause), {letters(name) for name in names(clause, language)}) for clause in clauses]
    for number in wanted:
        holders = [(text, others) for values, text, others in held if number in values]
        apart = holders and not any(name in text for name in named for text, _ in holders)
        if apart and any(others - named for _, others in holders):
            return any(values - {number} and any(name in text for name in named) for values, text, _ in held)
    return False


def _names_cross(claim: str, passage: str) -> bool:
    """Whether a name has its words apart in the passage: "ACCESS SHARE" made of "ACCESS EXCLUSIVE" and "SHARE"."""
    there = letters(passage)
    words = {letters(word) for word in re.findall(r"\w+", passage)}
    for run in _RUN.findall(claim):
        parts = [letters(part) for part in run.split(" ")]
        upper = all(part.isupper() for part in run.split(" "))
        if upper and all(part in words for part in parts) and "".join(parts) not in there and "".join(parts[::-1]) not in there:
            return True
    return False


def _lacks_only(claim: str, passage: str, language: str) -> bool:
    """Whether a claim says of something else what the passage says of "only" one thing."""
    pattern = _ONLY.get(language)
    if pattern is None:
        return False
    passage = normalise(passage)
    said = set(content_words(normalise(claim), language))
    for found in pattern.finditer(passage):
        end = re.search(r"[.;:,()]", passage[found.end() :])
        rest = content_words(passage[found.end() : found.end() + end.start() if end else len(passage)], language)
        if len(rest) > 2 and rest[0] not in said and sum(word in said for word in rest[1:]) > len(rest[1:]) / 2:
            return True
    return False
