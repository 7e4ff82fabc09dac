"""Decides whether a claim says the opposite of a passage, or more than it does, by negations, hedges ("may"), quantifiers
("all"), opposites, and small changes to copied words.

Invariant: decides by words and their order alone, in the languages that have a list (`polarity.*.txt`); in others it objects
to nothing. What a negation or hedge is about are the words after it in its clause (before it in Japanese). Small changes are
looked at only where a claim copies its passage before or after them; what a claim says in words of its own is judged
elsewhere. A claim has an opposite only where it has a word of a group that its passage lacks, while the passage has another
one that the claim lacks; function words ("before", "more") count too.
"""

import re
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from functools import cache, lru_cache

from gitkb.compile.grounding.facts import content_words, is_acronym_of
from gitkb.text import word_lists
from gitkb.text.language.tokens import normalise, stems, words

_KIND = "polarity"
_SENTENCE = re.compile(r"[.;:!?]\s")
_MOSTLY = 0.6
_CLAUSE = re.compile(
    r"[.,;:!?()\[\]—–]|\s-\s|[、。；：（）]|\b(?:but|because|since|while|whereas|if|when|unless|until|"
    r"sondern|aber|weil|denn|wenn|während|mais|parce|car|si|lorsque|quand|pero|porque)\b"
)
_CONTENT_JA = re.compile("[一-龠々]+|[ァ-ヺー]{2,}|[a-z0-9_.-]{2,}")
_SCOPE, _MORE_THAN = 5, 0.5
_NOUN_NEAR = 5


@lru_cache(maxsize=1024)
def _pattern(section: str, language: str) -> re.Pattern[str] | None:
    return word_lists.pattern(_KIND, language, section)


@cache
def _mixed(section: str) -> frozenset[str]:
    """Words of several languages."""
    return word_lists.words(_KIND, word_lists.MIXED, section)


_OR_NOT = re.compile(
    r",? (?:or (?:it |they )?(?:(?:do|does|did|is|are|was|were|will|would) )?not (?:[a-z]+ )?at all|"
    r"oder (?:\w+ ){0,2}(?:gar|überhaupt) nicht|ou pas du tout|o en absoluto|o per niente)\b",
    re.I,
)
_EITHER = re.compile(r"\b(?:either|entweder|soit)\b", re.I)
_OR = re.compile(r"\b(?:or|oder|soit|ou)\b", re.I)


def _halves(claim: str, passage: str, language: str) -> bool:
    """Whether a claim says one half alone of what its passage says as two: "completely or not at all", "either paid or
    refused"."""
    if bool(_OR_NOT.search(claim)) != bool(_OR_NOT.search(passage)):
        found = _OR_NOT.search(passage)
        before = set(_in_order(passage[: found.start()], language)[-2:]) if found else set()
        return found is None or bool(before & set(_in_order(claim, language)))
    either, negation = _EITHER.search(passage), _pattern("negations", language)
    if either is None or _OR.search(claim) or (negation and negation.search(_CLAUSE.split(passage[: either.start()])[-1])):
        return False
    halves = [set(_in_order(half, language)) for half in _OR.split(passage[either.end() :], maxsplit=1)]
    return len(halves) > 1 and bool((halves[0] - halves[1]) & set(_in_order(claim, language)))


def turns_round(claim: str, passage: str, language: str) -> bool:
    """Whether a claim negates what its passage affirms, or the other way round."""
    pattern = _pattern("negations", language)
    if pattern is None:
        return False
    claim, passage = normalise(claim), normalise(passage)
    if _halves(claim, passage, language):
        return True
    if _OR_NOT.search(passage):  # both have it: it negates nothing, it is the other half of what is said
        claim, passage = _OR_NOT.sub(" ", claim), _OR_NOT.sub(" ", passage)
    implied = _pattern("implied negations", language)
    if pattern.search(claim):
        return not _is_negated_there(claim, passage, pattern, implied, language)
    if implied and any(found[0] not in passage for found in implied.finditer(claim)):
        return False
    said = set(_in_order(claim, language))
    affirmed = [set(_in_order(clause, language)) for clause in _CLAUSE.split(passage) if not pattern.search(clause)]
    return any(
        _uses(scope, said) and not any(said.intersection(scope) <= clause for clause in affirmed)
        for scope in _scopes(passage, pattern, language)
    )


def says_more(claim: str, passage: str, language: str) -> bool:
    """Whether a claim says more than its passage: without a hedge, "all" instead of "some", with a limit or a cause that was
    added."""
    claim, passage = normalise(claim), normalise(passage)
    if _adds(claim, passage, "always", "always", language) or _adds(claim, passage, "extent", "extent there", language):
        return True
    if _gives_reason(claim, passage, language) or _made_all(claim, passage, language):
        return True
    if _forgets_exception(claim, passage, language):
        return True
    hedges, hedged = _pattern("hedges", language), _pattern("hedged", language)
    if hedges is None or hedged is None or hedges.search(claim) or hedged.search(claim):
        return False
    said = set(_in_order(claim, language))
    return any(_uses(scope, said) for scope in _scopes(passage, hedges, language))


def _adds(claim: str, passage: str, added: str, there: str, language: str) -> bool:
    """Whether a claim has a word of one section of the lists and its passage has none of another."""
    new, known = _pattern(added, language), _pattern(there, language)
    return bool(new and known and new.search(claim) and not known.search(passage))


def _gives_reason(claim: str, passage: str, language: str) -> bool:
    """Whether a claim gives a reason that its passage does not give."""
    causes = _pattern("causes", language)
    reason = causes.search(claim) if causes else None
    if reason is None:
        return False
    why = _in_order(claim[reason.end() :] if language != "ja" else claim[: reason.start()], language)
    there = set(_in_order(passage, language))
    return _adds(claim, passage, "causes", "causes there", language) or sum(word in there for word in why) * 2 <= len(why)


def _forgets_exception(claim: str, passage: str, language: str) -> bool:
    """Whether a claim leaves out the exception that its passage makes: "..., unless ..."."""
    exception, reserve = _pattern("exceptions", language), _pattern("reserves", language)
    if exception is None or reserve is None or reserve.search(claim):
        return False
    said = set(_in_order(claim, language))
    for found in exception.finditer(passage):
        rule = _in_order(_SENTENCE.split(passage[: found.start()])[-1], language)
        if len(rule) > 2 and sum(word in said for word in rule) > _MOSTLY * len(rule):
            return True
    return False


def _made_all(claim: str, passage: str, language: str) -> bool:
    """Whether a claim says "all Xs" or "every X" and the passage does not say so of X."""
    pattern = _pattern("all", language)
    if pattern is None:
        return False
    if language == "ja":
        return bool(pattern.search(claim)) and not pattern.search(passage)
    near = [word for found in pattern.finditer(passage) for word in _in_order(passage[found.end() :], language)[:_NOUN_NEAR]]
    for found in pattern.finditer(claim):
        noun = _in_order(claim[found.end() :], language)[:1]
        if noun and noun[0] not in near and noun[0] in _in_order(passage, language):
            return True
        if noun and not pattern.search(passage):
            return True
    return False


def _is_negated_there(claim: str, passage: str, pattern: re.Pattern[str], implied: re.Pattern[str] | None, language: str) -> bool:
    """Whether the passage negates what the claim negates, too, even in other words."""
    there = [word for scope in _scopes(passage, pattern, language) for word in scope]
    if implied:
        marks = list(implied.finditer(passage))
        there += [word for mark in marks for word in _in_order(_clause_around(passage, mark), language)]
    said = [word for scope in _scopes(claim, pattern, language) for word in scope]
    return bool(there) and (not said or any(word in there for word in said))


def _clause_around(text: str, mark: re.Match[str]) -> str:
    start = max((found.end() for found in _CLAUSE.finditer(text, 0, mark.start())), default=0)
    end = _CLAUSE.search(text, mark.end())
    return text[start : end.start() if end else len(text)]


def _scopes(text: str, pattern: re.Pattern[str], language: str) -> list[list[str]]:
    """The words that each match is about, the nearest first."""
    scopes = []
    for match in pattern.finditer(text):
        if language == "ja":
            start = max((mark.end() for mark in _CLAUSE.finditer(text, 0, match.start())), default=0)
            scopes.append(_in_order(text[start : match.start()], language)[-2:][::-1])
        else:
            end = _CLAUSE.search(text, match.end())
            scopes.append(_in_order(text[match.end() : end.start() if end else len(text)], language)[:_SCOPE])
    return scopes


def _uses(scope: list[str], said: set[str]) -> bool:
    """Whether a claim uses the words that a negation or hedge of the passage is about."""
    if not any(word in said for word in scope[:2]):
        return False
    share = sum(word in said for word in scope) / len(scope)
    return share > _MORE_THAN or (len(scope) <= 2 and share >= _MORE_THAN)


def _in_order(text: str, language: str) -> list[str]:
    if language == "ja":
        return [run[-2:] if run > "一" else run for run in _CONTENT_JA.findall(text)]  # the end of a compound says what it is
    return content_words(text, language)


_WORD = re.compile(r"n['’]t\b|[^\W_]+?(?=n['’]t\b)|[^\W_]+(?:[-_.][^\W_]+)*")
_DIGITS = re.compile(r"\d+")
_LONGEST, _SMALL = 400, 4


def edited(claim: str, passage: str) -> str:
    """The effect of small changes that a claim made to its passage: "polarity" (it says the opposite), "more" (it says more),
    "names" (it speaks of another thing), or ""."""
    written, original = (_WORD.findall(text)[:_LONGEST] for text in (claim, passage))
    said, there = (list(map(normalise, each)) for each in (written, original))
    blocks = SequenceMatcher(None, there, said, autojunk=False).get_opcodes()
    for number, (kind, i1, i2, j1, j2) in enumerate(blocks):
        if kind == "equal" or max(i2 - i1, j2 - j1) > _SMALL or not _is_copied(blocks, number):
            continue
        if i2 - i1 == j2 - j1 and any(map(_swaps, original[i1:i2], written[j1:j2])):
            return "names"
        removed, added = there[i1:i2], said[j1:j2]
        if _core(removed) != _core(added):
            continue
        if (_count(removed, _mixed("negations")) + _count(added, _mixed("negations"))) % 2:
            return "polarity"
        if _count(removed, _mixed("hedges")) and not _count(added, _mild()):
            return "more"
        if _count(added, _mixed("strong words")) > _count(removed, _mixed("strong words")):
            return "more"
    return ""


def _swaps(word: str, other: str) -> bool:
    """Whether one word was replaced by another name, or by the same name with another number."""
    if _DIGITS.sub("", word) == _DIGITS.sub("", other):
        return word != other and _DIGITS.search(word) is not None
    names = all(each[0].isupper() and each[1:2].isalpha() for each in (word, other))
    return names and not (is_acronym_of(word, other) or is_acronym_of(other, word)) and word[:4].lower() != other[:4].lower()


def _is_copied(blocks: Sequence[tuple[str, int, int, int, int]], number: int) -> bool:
    """Whether there are copied words before and after a change, on one side at least two."""
    before = blocks[number - 1] if number else None
    after = blocks[number + 1] if number + 1 < len(blocks) else None
    sizes = [block[2] - block[1] if block and block[0] == "equal" else 0 for block in (before, after)]
    return min(sizes) >= 1 and max(sizes) >= 2


def _core(words: list[str]) -> list[str]:
    """The words without those that only negate or hedge, and without auxiliary verbs."""
    bare = ("can" if word == "cannot" else word for word in words)
    return [word for word in bare if word not in _changeable()]


@cache
def _mild() -> frozenset[str]:
    return _mixed("hedges") | _mixed("milder words")


@cache
def _changeable() -> frozenset[str]:
    return _mixed("negations") | _mixed("auxiliaries") | _mixed("strong words") | _mild()


def _count(words: list[str], of: frozenset[str]) -> int:
    return sum(word in of for word in words)


_SWITCHED = (
    ("turned on", "enabled"), ("switched on", "enabled"), ("set to on", "enabled"),
    ("turned off", "disabled"), ("switched off", "disabled"), ("set to off", "disabled"),
)  # fmt: skip


def has_opposite(claim: str, passage: str, language: str) -> bool:
    """Whether a claim has the opposite of a word of its passage in place of that word."""
    groups = _groups(language)
    if not groups:
        return False
    claim, passage = _prepared(claim), _prepared(passage)
    if language == "ja":
        return any(_swaps_opposites(group, lambda word: word in claim, lambda word: word in passage) for group in groups)
    said, there = _stems(claim, language), _stems(passage, language)
    return any(_swaps_opposites(group, said.__contains__, there.__contains__) for group in groups)


def _swaps_opposites(group: frozenset[str], said: Callable[[str], bool], there: Callable[[str], bool]) -> bool:
    new = [word for word in group if said(word) and not there(word)]
    return bool(new) and any(there(word) and not said(word) for word in group)


def _prepared(text: str) -> str:
    text = normalise(text)
    for written, meant in _SWITCHED:
        text = text.replace(written, meant)
    return text


def _stems(text: str, language: str) -> set[str]:
    stem = stems(language)
    return {stem[word.text] for word in words(text) if not word.unspaced}


@lru_cache(maxsize=256)
def _groups(language: str) -> tuple[frozenset[str], ...]:
    """Opposites, as they stand in a text that `_prepared` made."""
    stem = (lambda word: word) if language == "ja" else stems(language).__getitem__
    listed = word_lists.entries(_KIND, language, "opposites")
    return tuple(frozenset(stem(normalise(word)) for word in group.split()) for group in listed)
