"""How a topic is called: the form in which the document writes a term, and whether that makes it a name.

Invariant: English terms are given in the singular with a capital first letter; names and identifiers as they are written.
"""

from gitkb.compile.candidates import Candidate
from gitkb.text.frequencies import is_common
from gitkb.text.phrases import singular

_WITHOUT_CAPITALS = ("ja", "zh", "ko")
_KINDS = frozenset(
    """algorithm algorithms protocol protocols method technique principle theorem law pattern model process procedure rule problem
    property theory formula notation syndrome effect paradigm""".split()
)
_CAPITAL_NOUNS = ("de", "ru")


def is_proper(candidate: Candidate, language: str) -> bool:
    """Whether the document writes the term with capitals wherever it stands: the name of one thing, not of a kind."""
    if language in _WITHOUT_CAPITALS or language in _CAPITAL_NOUNS:
        return False
    if "_" in candidate.key or any(found.is_code for _, found in candidate.definitions):
        return False
    if _is_kind(candidate):
        return False
    if not candidate.forms and " " in candidate.key:
        return any(all(word[0].isupper() for word in found.words) for _, found in candidate.definitions)
    if not candidate.forms:
        return " " not in candidate.key and any(
            found.is_singular and _is_unknown(found.words[0], language) for _, found in candidate.definitions
        )
    words = [word for form in candidate.forms for word in form]
    if all(word.isupper() for word in words):
        return False
    return all(word[0].isupper() for word in words) and all(len(form) > 1 or not form[0].isupper() for form in candidate.forms)


def _is_kind(candidate: Candidate) -> bool:
    """Whether a term with capitals names a kind all the same: "a Bloom filter", "B-trees", "Paxos is an algorithm"."""
    if any(found.is_countable or found.genus in _KINDS for _, found in candidate.definitions):
        return True
    if candidate.key[1:2] == "-" and candidate.key[2:].isalpha():
        return True
    return candidate.countable * 5 >= candidate.count > 0 and candidate.countable > 1


def topic_name(candidate: Candidate, language: str) -> str:
    """The term as the document writes it in the middle of a sentence."""
    if language in _WITHOUT_CAPITALS:
        return next((" ".join(found.words) for _, found in candidate.definitions), candidate.key)
    counted = _forms(candidate, language)
    lower = {name: count for name, count in counted.items() if name == name.lower()}
    written = lower if sum(lower.values()) * 3 >= sum(counted.values()) else counted
    best = min(written, key=lambda name: (-written[name], name))
    if any(found.is_code for _, found in candidate.definitions) or _is_identifier(best.split(" ")[0]):
        return best
    return best[:1].upper() + best[1:]


def _forms(candidate: Candidate, language: str) -> dict[str, int]:
    forms = dict(candidate.forms) or {found.words: 1 for _, found in candidate.definitions}
    is_name = is_proper(candidate, language) or any(
        found.is_code or (found.is_singular and found.words[-1].endswith("s")) for _, found in candidate.definitions
    )
    counted: dict[str, int] = {}
    for form, count in forms.items():
        words = (*form[:-1], singular(form[-1])) if language == "en" and not is_name else form
        counted[" ".join(words)] = counted.get(" ".join(words), 0) + count
    return counted or {candidate.key: 1}


def _is_identifier(name: str) -> bool:
    return "_" in name or any(c.isupper() or c.isdigit() for c in name[1:])


def _is_unknown(word: str, language: str) -> bool:
    return word[0].isupper() and not word.isupper() and not is_common(word, language, 0.1)
