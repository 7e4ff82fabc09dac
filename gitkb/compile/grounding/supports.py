"""Decides whether a passage supports a claim: that a quote was found is not enough.

Invariant: decides by the words of the two alone. The passage must have the numbers and names of the claim and a fair share of its
words, and must not say the opposite. A claim that mixes up things is refused only if the passage shows the mistake: a number that
stands beside another name, a name made of parts of two, a statement that the passage makes of "only" something else. Meaning
cannot be judged in this way; what is refused are the mistakes of careless models.
"""

import re

from gitkb.compile.grounding.facts import content_stems, content_words, is_known_name, names, number_words
from gitkb.compile.grounding.polarity import edited, has_opposite, says_more, turns_round
from gitkb.compile.grounding.quote import letters, numbers
from gitkb.text.language.tokens import normalise

_CLAUSE = re.compile(r"[,;.:](?=\s)|\b(?:while|whereas|and|but|während|und|aber|tandis|et|mais)\b|[、。；]")
_RUN = re.compile(r"(?:[A-Z]{2,}|[A-Z][a-z]+)(?:[ ](?:[A-Z]{2,}|[A-Z][a-z]+))+")
_ONLY = {
    "en": re.compile(r"(?:^|[.;:,]\s+|\bthat )only (?:an? |the |very )?"),
    "de": re.compile(r"(?:^|[.;:,]\s+)nur (?:ein\w* |der |die |das )?"),
    "fr": re.compile(r"(?:^|[.;:,]\s+)seule?s? (?:une? |les? |la |l')?"),
}


def is_crossed(claim: str, passage: str, language: str) -> bool:
    """Whether a claim mixes up two things of its passage."""
    return _numbers_cross(claim, passage, language) or _names_cross(claim, passage) or _lacks_only(claim, passage, language)


def _numbers_cross(claim: str, passage: str, language: str) -> bool:
    """Whether a number of the claim belongs to another name in the passage."""
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
    """Whether a name of the claim is made of two names of the passage: "ACCESS SHARE" of "ACCESS EXCLUSIVE" and "SHARE"."""
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


# Half of the words let in what a model knows by itself ("A building on a campus."); see tests/benchmarks/backing.py.
_SHARE, _SHARE_UNSPACED = 0.75, 0.45
_PREFIX, _SUBJECT, _INVENTED, _INVENTED_PAIRS = 5, 2, 3, 8
_UNSPACED = ("ja", "zh", "ko", "th")


def objection(claim: str, passage: str, language: str) -> str:
    """The reason to refuse a claim: "numbers", "names", "polarity" (it says the opposite), "more" (it says more), "crossed"
    (it says of one thing what is true of another), "words" (too few are in the passage); "" if there is none."""
    if letters(claim) == letters(passage) and numbers(claim) == numbers(passage):
        return ""
    if not _numbers_agree(claim, passage, language):
        return "numbers"
    if any(not is_known_name(name, passage, language) for name in names(claim, language)):
        return "names"
    if turns_round(claim, passage, language) or has_opposite(claim, passage, language):
        return "polarity"
    if changed := edited(claim, passage):
        return changed
    if says_more(claim, passage, language):
        return "more"
    if is_crossed(claim, passage, language):
        return "crossed"
    return "" if _shares_words(claim, passage, language) else "words"


def _numbers_agree(claim: str, passage: str, language: str) -> bool:
    there = set(numbers(passage))
    there |= {part for number in there if "," in number for part in number.split(",")} | number_words(passage, language)
    there |= {number.rstrip("%‰") for number in there}
    return set(numbers(claim)) | number_words(claim, language) <= there


def _shares_words(claim: str, passage: str, language: str) -> bool:
    said, there = content_stems(claim, language), content_stems(passage, language)
    # What is known by another form of its name is there: "WAL" in a passage about the write-ahead log.
    there |= {stem for name in names(claim, language) for stem in content_stems(name, language)}
    if not said:
        return bool(letters(claim)) and letters(claim) in letters(passage)
    prefixes = {word[:_PREFIX] for word in there if len(word) >= _PREFIX}
    known = [word in there or (len(word) >= _PREFIX and word[:_PREFIX] in prefixes) for word in content_words(claim, language)]
    if language not in _UNSPACED and not any(known[:_SUBJECT]):
        return False  # its beginning speaks of something that the passage does not mention
    run = _INVENTED_PAIRS if language in _UNSPACED else _INVENTED
    if any(not any(known[at : at + run]) for at in range(len(known) - run + 1)):
        return False  # its end says something that the passage does not
    shared = sum(word in there or (len(word) >= _PREFIX and word[:_PREFIX] in prefixes) for word in said)
    unspaced = bool(re.search("[\u3040-\u9fff]", claim))
    return shared >= (_SHARE_UNSPACED if unspaced else _SHARE) * len(said)
