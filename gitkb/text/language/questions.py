"""What kind of answer a question asks for, by its question words, and whether a sentence has something of that kind.

Invariant: decides by the words alone, in the languages that have a list (`questions.en.txt`); in any other language a question
has no kind, and every word of it counts. The same on every machine, in time linear in the text.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from itertools import islice
from typing import Literal

from msgspec import Struct

from gitkb.text import word_lists
from gitkb.text.language.detect import detect_language
from gitkb.text.language.tokens import normalise, stems, words

Kind = Literal["", "count", "time", "person", "place", "reason", "way", "meaning"]

_LIST = "questions"
_SYNONYMS = "synonyms"
_KINDS: tuple[Kind, ...] = ("count", "time", "person", "place", "reason", "way", "meaning")
_APOSTROPHES = str.maketrans("’", "'")
_SHAPES: Mapping[Kind, re.Pattern[str]] = {
    "count": re.compile(r"\d"),
    "time": re.compile(r"\b(?:1[5-9]|20)\d\d\b|\b\d{1,2}[./:]\d{1,2}\b"),
    "person": re.compile(r"\b[^\W\d_a-z][^\W\d_]+ (?:[^\W\d_a-z]\. )?[^\W\d_a-z][^\W\d_]+"),
}
_REFERENCE = re.compile(
    r"\[\d{1,4}(?:\s?[,;–-]\s?\d{1,4})*\]|\((?:[^()\d]{0,60},? )?(?:19|20)\d\d[a-z]?(?:;[^()]{0,120})?\)"
    r"|\b(?:table|figure|fig|section|chapter|appendix|page|step|equation|eq|tabelle|abbildung|abschnitt|kapitel|seite)\b"
    r"\.? ?\(?\d+(?:\.\d+)*\)?",
    re.IGNORECASE,
)
"""What points to another place: a work, a table, a section."""
_OPENING = re.compile(r"^\W*(?:\d{1,3}[.)]\s*)?")
_ENTRY = re.compile(r"\W*((?:[^\s:–—]+ ){0,5}[^\s:–—]+)(?:: | [–—-] )(?=\S+ \S+ \S)")
"""What stands before a colon or dash and is explained behind it, as in a glossary."""
_COUNTED_WITHIN = 4
_MOST_RELATED = 24
_UNSPACED = ("ja", "zh")
_LONGEST_NAME = 8
_LONGEST_SUBJECT = 120
_BEGINNING = 12
"""Where a question word stands at the latest: in "What happens when ..." it is "what", not "when"."""


class Question(Struct, frozen=True):
    """`words` are those that a text which answers is likely to have, set apart by blanks; `synonyms` are others, each with the
    word that it means the same as; `language` (ISO 639-1) is "" where it is not clear; `counted` are the things whose
    number is asked for, or ""."""

    kind: Kind
    words: str
    synonyms: Mapping[str, str]
    language: str
    counted: str = ""


def read_question(text: str) -> Question:
    """What a question asks for; `text` is without the signs that are operators to search."""
    language = detect_language(text)
    folded = normalise(text).translate(_APOSTROPHES)
    kinds: Iterator[Kind] = (kind for kind in _KINDS for one in _lists(language) if _asks(kind, one, folded))
    filler = frozenset(word for one in _lists(language) for word in word_lists.words(_LIST, one, "filler"))
    if language in _UNSPACED:
        text = re.sub("|".join(map(re.escape, sorted(filler, key=len, reverse=True))) or "(?!)", " ", text) or text
    kept = [word for word in text.split() if normalise(word).translate(_APOSTROPHES).strip("?!.,;:¿¡()") not in filler]
    counted = next((word for one in _lists(language) for word in _counted_things(folded, one, filler)), "")
    return Question(next(kinds, ""), " ".join(kept) or text, _related(kept, language), language, counted)


def _counted_things(folded: str, language: str, filler: frozenset[str]) -> Iterator[str]:
    """The things that a question counts: "graphs" of "how many graphs"."""
    pattern = _pattern("counts things", language)
    found = pattern.search(folded) if pattern is not None else None
    if found is not None:
        yield from (word.text for word in islice(words(folded[found.end() :]), 1) if word.text not in filler)


def says_number_of(things: str, sentence: str, language: str) -> bool:
    """Whether a sentence says a number of these things: "no more than 5 graphs"."""
    known = stems(language)
    number = _pattern("tells count", language)
    found = [word.text for word in words(normalise(_REFERENCE.sub(" ", sentence)))]
    for place, word in enumerate(found):
        if known[word] == known[things]:
            before = found[max(0, place - _COUNTED_WITHIN) : place]
            if any(one[:1].isdigit() or (number is not None and number.fullmatch(one)) for one in before):
                return True
    return False


def _lists(language: str) -> tuple[str, ...]:
    """The languages whose lists are looked at: the question's own, or all where it is not clear."""
    return (language,) if language else word_lists.languages(_LIST)


@lru_cache(maxsize=256)
def _pattern(section: str, language: str) -> re.Pattern[str] | None:
    return word_lists.pattern(_LIST, language, section)


def _asks(kind: Kind, language: str, folded: str) -> bool:
    pattern = _pattern(f"asks {kind}", language)
    found = pattern.search(folded) if pattern is not None else None
    return found is not None and (found.start() <= _BEGINNING or language in _UNSPACED)


def _related(kept: list[str], language: str) -> dict[str, str]:
    """Other words for those of the question, sorted, each with the first that it means the same as; none is there already."""
    known, stem = _synonyms(language), stems(language)
    asked = {stem[word.text]: word.text for text in reversed(kept) for word in words(normalise(text))}
    found = {other: word for token, word in asked.items() for other in known.get(token, ()) if stem[other] not in asked}
    return dict(sorted(found.items())[:_MOST_RELATED])


@cache
def _synonyms(language: str) -> Mapping[str, frozenset[str]]:
    """By its stem, what else each word of the list may be called."""
    found: dict[str, frozenset[str]] = {}
    for group in word_lists.entries(_SYNONYMS, language, "groups"):
        for word in group.split():
            key = stems(language)[word]
            found[key] = found.get(key, frozenset()) | (frozenset(group.split()) - {word})
    return found


def has_answer(kind: Kind, sentence: str, language: str) -> bool:
    """Whether a sentence has a number, a date, a name, a reason: what a question of this kind asks for. `meaning` is told by what
    the sentence says something of: see `explained`. A number that only points somewhere ("[12]", "Table 5") is none."""
    if kind == "count":
        sentence = _REFERENCE.sub(" ", sentence)
    figure = _SHAPES.get(kind)
    if figure is not None and figure.search(sentence):
        return True
    pattern = _pattern(f"tells {kind}", language) if kind not in ("", "meaning") else None
    if pattern is None:
        return False
    if kind == "place":  # "in Berlin", not "in this"
        return pattern.search(sentence) is not None
    folded = normalise(sentence).translate(_APOSTROPHES)
    if kind == "way":  # an instruction begins with its verb
        return pattern.match(folded, _OPENING.match(folded).end()) is not None  # type: ignore[union-attr]
    return pattern.search(folded) is not None


def explained(sentence: str, language: str, *, opens: bool) -> str:
    """What a sentence says the meaning of: "A checkpoint" of "A checkpoint is ..." if it `opens` its paragraph, what follows
    "called"; "" where it explains nothing."""
    called, is_ = _pattern("tells name", language), _pattern("tells meaning", language)
    found = called.search(sentence) if called is not None else None
    if found is not None:
        return " ".join(sentence[found.end() :].split()[:_LONGEST_NAME])
    entry = _ENTRY.match(sentence) if opens else None
    found = is_.search(sentence, 0, _LONGEST_SUBJECT) if is_ is not None and opens else None
    before = sentence[: found.start()] if found is not None else ""
    if before and len(before.split()) <= _LONGEST_NAME:
        return before
    return entry[1] if entry is not None else ""
