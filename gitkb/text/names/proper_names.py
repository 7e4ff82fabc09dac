"""What kind of thing a proper name names, told from the name alone: its ending, a place list, common given names.

Invariant: "" where the name does not tell; never a guess from a single capital letter.
"""

from functools import cache

from gitkb.text import word_lists

_KIND = "proper_names"


@cache
def _organisations() -> frozenset[str]:
    """First or last words of the names of organisations."""
    return word_lists.words(_KIND, word_lists.MIXED, "organisations")


@cache
def _given_names() -> frozenset[str]:
    return word_lists.words(_KIND, word_lists.MIXED, "given names")


@cache
def _calendar() -> frozenset[str]:
    return word_lists.words(_KIND, word_lists.MIXED, "calendar")


@cache
def _places() -> frozenset[str]:
    """Names of several words are among them."""
    return frozenset(word_lists.entries(_KIND, word_lists.MIXED, "places"))


def entity_type_of(name: str) -> str:
    """ "person", "organisation", "place", or "" where the name does not tell."""
    words = name.replace(".", "").split(" ")
    if name in _places():
        return "place"
    if len(words) > 1 and (
        {words[-1].lower(), words[0].lower()} & _organisations() or (" of " in name and words[0].lower() in _organisations())
    ):
        return "organisation"
    if 2 <= len(words) <= 4 and words[0].lower() in _given_names() and all(word[:1].isupper() for word in words if len(word) > 3):
        return "person"
    return ""


UNTOLD = "name"
"""The kind of a name of which nothing tells more."""
KINDS = ("person", "organisation", "place", "product", "event", "work")


def kind_of_name(name: str, genera: tuple[str, ...] = (), *, is_person: bool = False) -> str:
    """One of `KINDS` on evidence, else `UNTOLD`: what the name itself tells, then the nouns by which sentences define it
    (`genera`, "company"), then whether sentences treat it as a person (`is_person`)."""
    told = entity_type_of(name)
    defined = next((kind for genus in genera for kind in KINDS if genus in _genera(kind)), "")
    return defined or told or ("person" if is_person and len(name.split()) <= 4 else UNTOLD)


@cache
def _genera(kind: str) -> frozenset[str]:
    """The nouns that say that something is of a kind."""
    return word_lists.words(_KIND, word_lists.MIXED, f"nouns of {kind}")


def is_calendar_word(word: str) -> bool:
    """Whether a lower-case word is a month, a day, a nationality or another capitalised word that names no thing."""
    return word in _calendar()
