"""What is to be searched for a question that leans on the ones before: "And who checks it?".

Invariant: pure, and by rules alone, so that it costs nothing and is the same for every reader. A question that says enough by
itself is left as it is; else the matter of the question before is set in front of it, never in its place.
"""

from collections.abc import Sequence

from gitkb.text import word_lists
from gitkb.text.language.detect import detect_language, function_words
from gitkb.text.language.questions import read_question
from gitkb.text.language.tokens import normalise, words

_LIST = "questions"
_ENOUGH = 5
"""Words of its own with which a question stands alone, whatever it points to."""
_MOST_CARRIED = 12
_UNSPACED, _PIECES = ("ja", "zh"), 3
"""Without blanks words are pieces of two letters; so many of them say about as much as a word."""


def follow_up(question: str, before: Sequence[str]) -> str:
    """The question, with the matter of those `before` where it says too little by itself."""
    if not before:
        return question
    languages = _languages(question, before[-1])
    own = _own_words(question, languages)
    opening, back = _opening(question, languages), _points_back(question, languages)
    says = len(own) // (_PIECES if languages[0] in _UNSPACED else 1)
    if says >= _ENOUGH or (own and not back and not opening and not _is_elliptic(question, says)):
        return question
    matter = _matter(before)
    if own and opening and not back:
        matter = " ".join(word for word in matter.split() if not word[:1].isupper()) or matter  # another name takes its place
    return f"{matter}: {question.strip()[len(opening) :].strip()}" if matter else question


def _is_elliptic(question: str, says: int) -> bool:
    """Whether a question that points to nothing lacks its subject: one word that is no name, and is not what is asked about."""
    named = any(word[:1].isupper() for word in question.split()[1:])
    return says <= 1 and question.rstrip().endswith(("?", "？")) and not named and read_question(question).kind != "meaning"


def _matter(before: Sequence[str]) -> str:
    """What the last question was about: its own words, and where these only point back also what it pointed to."""
    *earlier, last = before
    languages = _languages(last, earlier[-1] if earlier else "")
    asked = read_question(last[len(_opening(last, languages)) :])
    own = " ".join(word for word in (each.strip("?!.,;:¿¡()\"'") for each in asked.words.split()) if _own_words(word, languages))
    if earlier and _points_back(last, languages):
        own = f"{_matter(earlier)} {own}"
    return " ".join(dict.fromkeys(own.split()[:_MOST_CARRIED]))


def _languages(question: str, before: str) -> tuple[str, ...]:
    """The languages whose lists are looked at: a short question may not show its own."""
    language = detect_language(f"{before} {question}")
    return (language,) if language in word_lists.languages(_LIST) else word_lists.languages(_LIST)


def _own_words(text: str, languages: Sequence[str]) -> list[str]:
    """The words that say something."""
    empty = frozenset[str]().union(
        *(
            function_words(each) | word_lists.words(_LIST, each, "filler") | word_lists.words(_LIST, each, "points back")
            for each in languages
        )
    )
    return [word.text for word in words(normalise(text)) if word.text not in empty]


def _points_back(question: str, languages: Sequence[str]) -> bool:
    folded = normalise(question)
    said = {word.text for word in words(folded)}
    forms = (word_lists.pattern(_LIST, each, "points back by form") for each in languages)
    back = any(said & word_lists.words(_LIST, each, "points back") for each in languages)
    return back or any(form is not None and form.search(folded) for form in forms)


def _opening(question: str, languages: Sequence[str]) -> str:
    """The words with which a question says that it goes on ("What about"), "" for none."""
    low = question.strip().lower()
    found = (word_lists.pattern(_LIST, each, "opens a follow up") for each in languages)
    matches = [match for each in found if each is not None and (match := each.match(low))]
    return max((match[0] for match in matches), key=len, default="")
