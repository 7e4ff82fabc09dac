"""What a note says its subject is by its form: its first line without a verb, the first bullet below "What it is".

Invariant: a meaning is a phrase of the document that has no subject of its own, or that a label or heading marks as a meaning.
At most one is given for a name; the claim is the name, a colon and the words as they stand.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from gitkb.compile.extractive.claims import is_mostly_figures, says_that
from gitkb.compile.extractive.listed_definitions import is_clause
from gitkb.compile.read_document import Reading, Sentence
from gitkb.model.documents import Claim
from gitkb.text.headings.labels import MEANINGS, label_kind
from gitkb.text.language.boilerplate import bare_heading, is_boilerplate, is_structural
from gitkb.text.language.context_dependent import is_leaning
from gitkb.text.language.detect import function_words
from gitkb.text.language.word_classes import is_verb_form
from gitkb.text.markdown.prose import inline_text, plain

_ASKED = re.compile(
    r"(?:what(?:'s|’s| is| are)|was (?:ist|sind)|qu'est-ce qu(?:e|')|qué es|che cos'è) "
    r"(?:(?:an?|the|ein|eine|der|die|das|un|une|el|la|il)\s)?(?P<name>[^?()]{2,60}?)(?:\s?\((?P<other>[^()?]{2,60})\))?\s?\?",
    re.I,
)
_LED = re.compile(r"[^:]{2,60}: ")
_NUMBER = re.compile(r"^[\d.\W]*(?=\w)")
_UNFIT = re.compile(r"https?:|\[\[|[{}|\\<>]|[?:]$|^\W|\S{60}|\.\.\.$|…$|(?i:^generated|do not edit)")
_FEWEST_WORDS, _LONGEST, _FIRST_SLIDE, _SHORT = 3, 220, 250, 50
_OPENING = 1
"""How many sentences of a note are looked at for its first line."""


class Meaning(Struct, frozen=True):
    """What a document says that something is: its names (the title's first), and the sentence that says it."""

    names: tuple[str, ...]
    index: int
    text: str
    is_close: bool
    """Whether it says what the thing is, and not only what it is for."""


def is_about_note(sentence: Sentence) -> bool:
    """Whether a line leads to other notes or says something of the note itself ("Related: ...", "Date: ...")."""
    if label_kind(sentence.lead) == "links":
        return True
    key, colon, _ = plain(sentence.text).partition(":")
    return bool(colon) and len(key) < 20 and label_kind(key) == "links"


def told(reading: Reading, meaning: Meaning) -> str:
    """A meaning as a sentence of its own; a short one with the items that follow it ("Package manager; written in ...")."""
    first = reading.sentences[meaning.index]
    text = meaning.text
    for sentence in reading.sentences[meaning.index + 1 : meaning.index + 3]:
        more = plain(sentence.text).strip(" ,;.")
        beside = (sentence.section, sentence.lead, sentence.kind) == (first.section, first.lead, first.kind)
        if (
            len(text) > _SHORT
            or not beside
            or first.kind != "item"
            or _UNFIT.search(more)
            or len(text) + len(more) > _LONGEST - 40
        ):
            break
        text = f"{text}; {more}"
    return f"{text[0].upper()}{text[1:]}."


def no_subject(reading: Reading, title: str) -> frozenset[int]:
    """The indexes of what says nothing of a document's subject: its title again, lines about the note, caveats, a first slide."""
    first = [index for index, sentence in enumerate(reading.sentences[:8]) if sentence.page.endswith("-1")]
    is_deck = 0 < len(first) < len(reading.sentences) and sum(len(reading.sentences[i].text) for i in first) < _FIRST_SLIDE
    is_deck = is_deck and not any(reading.sentences[index].text.endswith(".") for index in first)
    bare = title.casefold().strip(" .?!")
    return frozenset(first if is_deck else ()) | {
        index
        for index, sentence in enumerate(reading.sentences)
        if is_about_note(sentence)
        or (sentence.label and label_kind(sentence.label) == "caveats")
        or plain(sentence.text).casefold().strip(" .?!") == bare
    }


def meanings(reading: Reading, title: str) -> Iterator[Meaning]:
    """What the title means, and what each heading asks for ("What is a kiln?"), in text order."""
    if (own := _of_title(reading, title)) is not None:
        yield own
    asked: set[int] = set()
    for index, sentence in enumerate(reading.sentences):
        if sentence.section < 0 or sentence.section in asked:
            continue
        found = _ASKED.fullmatch(bare_question(reading.headings[sentence.section].title))
        if found is None:
            continue
        names = tuple(name.strip() for name in (found["name"], found["other"]) if name)
        if plain(sentence.text).strip(" .:").casefold() in {name.casefold() for name in names}:
            continue
        asked.add(sentence.section)
        if text := _phrase(sentence, reading.language, names):
            yield Meaning(names, index, text, is_close=True)


def bare_question(heading: str) -> str:
    """A question in a heading as plain text, without a number before it; "" for any other heading."""
    return _NUMBER.sub("", plain(inline_text(heading)[0])).strip() if "?" in heading[-3:] else ""


def _of_title(reading: Reading, title: str) -> Meaning | None:
    """What a note says its title means: below or behind a label such as "What it is", or in its first line."""
    best: tuple[int, int, str] | None = None
    places: set[tuple[int, str]] = set()
    line = ""
    for index, sentence in enumerate(reading.sentences[:40]):
        if sentence.kind == "text" and not sentence.label:
            line = text if label_kind(text := plain(sentence.text)) in MEANINGS else ""
        kind, place = _kind_above(sentence, reading, line)
        if not kind or place in places or plain(sentence.text) == line:
            continue
        places.add(place)
        text = _phrase(sentence, reading.language, (title,))
        rank = MEANINGS.index(kind)
        if text and (best is None or rank < best[0]):
            best = (rank, index, text)
    if (best is None or best[0]) and (first := _first_line(reading, title)) is not None:
        best = (0, *first)
    if best is None:
        return None
    rank, index, text = best
    is_close = rank == 0 or (rank == 1 and reading.sentences[index].is_item)
    return Meaning((title,), index, text, is_close)


def _kind_above(sentence: Sentence, reading: Reading, line: str) -> tuple[str, tuple[int, str]]:
    """The kind of the label before a sentence, else of the item, line or heading that it stands below, and the place of that."""
    heading = reading.headings[sentence.section].title if sentence.section >= 0 else ""
    lead, line = sentence.lead, line if sentence.is_item else ""
    for above, place in ((sentence.label, sentence.text), (lead, lead), (line, line), ("" if line else heading, "")):
        if above and (kind := label_kind(above)) in MEANINGS:
            return kind, (sentence.section, place)
    return "", (sentence.section, "")


def _first_line(reading: Reading, title: str) -> tuple[int, str] | None:
    """The first line of a note that says without a subject what its title is: (index, text)."""
    for index, sentence in enumerate(reading.sentences[:_OPENING]):
        opens = sentence.section < 0 or bare_heading(reading.headings[sentence.section].title).lower() == title.lower()
        if opens and not sentence.page and sentence.kind in ("text", "item") and not sentence.lead and not sentence.speaker:
            text = _phrase(sentence, reading.language)
            if (
                text
                and title.casefold() not in text.casefold()
                and not set(text.casefold().split()) <= set(title.casefold().split())
            ):
                return index, text
    return None


def _phrase(sentence: Sentence, language: str, names: tuple[str, ...] = ()) -> str:
    """The text of a sentence if it can say what something is. `names`: a label or heading marks it as what these mean; without
    them it must have no subject of its own. A whole sentence must name what it speaks of."""
    text = plain(sentence.text).strip(" ,;.-–")
    words = text.split()
    if not len(words) >= _FEWEST_WORDS or len(text) > _LONGEST or _UNFIT.search(text) or sentence.kind in ("row", "list"):
        return ""
    if is_leaning(text, language) or is_boilerplate(text) or is_structural(text) or is_mostly_figures(text):
        return ""
    if sum(map(str.isalnum, text)) < 12 or (sentence.label and label_kind(sentence.label) in ("callouts", "caveats")):
        return ""
    if words[-1].lower() in function_words(language):
        return ""
    is_named = any(_names(text, name) for name in names)
    if not is_named and (_LED.match(text) or (sentence.kind == "text" and plain(sentence.text).rstrip().endswith("."))):
        return ""
    return text if names or _has_no_subject(words, text, language) else ""


def _has_no_subject(words: list[str], text: str, language: str) -> bool:
    """Whether an English line says what something is or does without naming it: "Used to ...", "Package manager for ..."."""
    if language != "en" or says_that(text.split(" that ")[0].split(" which ")[0]):
        return False
    first = words[0].lower().strip(",.;:()'\"")
    if is_verb_form(first):
        return first.endswith(("ed", "s")) and not first.endswith("ss")
    if words[0][0].isupper() and words[1].endswith("s") and words[2].lower() not in function_words(language):
        return False  # "Ada burns bricks"
    return len(words) > _FEWEST_WORDS and words[0][0].isalpha() and not is_clause(words, language) and not _is_command(words)


def _is_command(words: list[str]) -> bool:
    return any(word.isupper() and len(word) > 3 for word in words[:2])


def claim_of(reading: Reading, meaning: Meaning, name: str) -> Claim:
    """A meaning as a claim about what has a name: the name stands before it, unless its words name it."""
    is_named = _names(meaning.text, name)
    text = meaning.text[0].upper() + meaning.text[1:] if is_named else f"{name}: {meaning.text}"
    return reading.claim(meaning.index, f"{text}.", 0.8, defines=True)


def _names(text: str, name: str) -> bool:
    return name.casefold().removesuffix("s") in text.casefold()
