"""How two names that nearly agree differ: by a hyphen, accents, British spelling, a plural, an article, a number's spelling.

Invariant: a form is a function of one name alone, so names that share one are found by an index. Each level also does what the
levels before it do. Digits and the signs of "C++" and "C#" are never dropped, so versions and kinds stay apart.
"""

import re
import unicodedata
from collections.abc import Sequence

LEVELS = ("case", "hyphen", "british", "possessive", "plural", "numeral", "article", "expansion", "accents", "accented word")
"""Kinds of difference, the least first; "case" covers what the key of a page leaves out too: punctuation, width, ligatures."""

_HYPHEN, _BRITISH, _POSSESSIVE, _PLURAL, _NUMERAL, _ARTICLE, _EXPANSION, _ACCENTS, _ACCENTED_WORD = range(1, len(LEVELS))
_POSSESSED = re.compile(r"['’]s\b")
_ASIDE = re.compile(r"(?P<name>.*\S)\s*\((?P<aside>[^()]+)\)\s*$")
_SPELLED = str.maketrans({"+": " plus ", "#": " sharp ", "&": " and ", "@": " at "})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "ð": "d", "þ": "th"})
_LEAST, _SHORT = 6, 2
_SIGNS = ".,;:"
# Where both endings make words they mean the same from this length on ("tour" and "tor" do not).
_ENDINGS = (
    ("isations", "izations"), ("isation", "ization"), ("ising", "izing"), ("ised", "ized"), ("iser", "izer"), ("ise", "ize"),
    ("oured", "ored"), ("ouring", "oring"), ("oural", "oral"), ("ours", "ors"), ("our", "or"),
    ("elling", "eling"), ("elled", "eled"), ("alling", "aling"), ("alled", "aled"),
)  # fmt: skip
_AMERICAN = {
    "analyse": "analyze", "analysed": "analyzed", "analysing": "analyzing", "analyser": "analyzer", "artefact": "artifact",
    "artefacts": "artifacts", "catalogue": "catalog", "catalogues": "catalogs", "centre": "center", "centred": "centered",
    "centres": "centers", "colour": "color", "defence": "defense", "dialogue": "dialog", "dialogues": "dialogs", "fibre": "fiber",
    "fibres": "fibers", "grey": "gray", "licence": "license", "licences": "licenses", "litre": "liter", "litres": "liters",
    "offence": "offense", "sulphur": "sulfur", "aluminium": "aluminum", "theatre": "theater",
}  # fmt: skip
_SINGULAR = {
    "analyses": "analysis", "caches": "cache", "appendices": "appendix", "children": "child", "criteria": "criterion",
    "crises": "crisis",
    "diagnoses": "diagnosis", "formulae": "formula", "halves": "half", "hypotheses": "hypothesis", "indices": "index",
    "knives": "knife", "matrices": "matrix", "men": "man", "parentheses": "parenthesis", "phenomena": "phenomenon",
    "schemata": "schema", "shelves": "shelf", "syntheses": "synthesis", "theses": "thesis", "vertices": "vertex",
    "vortices": "vortex", "wolves": "wolf", "women": "woman",
}  # fmt: skip
_NOT_PLURAL = frozenset(
    """alias always analytics arms atlas bias canvas christmas customs dynamics economics electronics
    ethics ftps goods graphics heuristics
    https imaps
    gas kubernetes ldaps lens mathematics means mechanics news odds optics pandas physics politics robotics sales
    semantics series smtps species sports statistics thermodynamics times windows""".split()
)
_NUMBERS = dict(zip("two three four five six seven eight nine ten eleven twelve".split(), map(str, range(2, 13)), strict=True))
_ARTICLES = frozenset(("the", "a", "an"))


def variant(one: str, other: str) -> str:
    """The least of `LEVELS` at which two names are the same, "" where they differ in more."""
    if not forms(one) & forms(other):
        return ""
    return next((name for level, name in enumerate(LEVELS) if forms(one, level) & forms(other, level)), "")


def forms(title: str, level: int = _ACCENTED_WORD) -> frozenset[str]:
    """What is left of a name when the differences up to a level are taken out: a form, two where an umlaut may be spelled out."""
    if level >= _EXPANSION:
        title = _without_expansion(title)
    text = unicodedata.normalize("NFKC", title).translate(_SPELLED)
    texts = {text}
    if level >= _ACCENTED_WORD or (level >= _ACCENTS and len(_words(text)) > 1):
        # Alone an accent may make another word ("resume", "résumé"), among others hardly ever.
        texts = (
            {_unaccented(text), _unaccented(text.casefold().translate(_UMLAUTS))} if _has_umlaut(text) else {_unaccented(text)}
        )
    return frozenset(form for each in texts if (form := _form(each, level)))


def _form(text: str, level: int) -> str:
    if level >= _POSSESSIVE:
        text = _POSSESSED.sub("", text)
    words = [_word(found, level) for found in _words(text)]
    if level >= _ARTICLE and len(words) > 2 and words[0] in _ARTICLES:
        words = words[1:]  # before one word alone it may be a name: "the Who"
    return " ".join(words) if level < _HYPHEN else _joined(words, text)


def _words(text: str) -> list[str]:
    """The runs of letters, their marks, and digits; signs that make a list or a piece of code stand for themselves."""
    kept = (c if unicodedata.category(c)[0] in "LMN" else f" {c} " if c in _SIGNS else " " for c in _opening(text))
    return "".join(kept).split()


def _opening(text: str) -> str:
    """A name with the underscores that it begins with as a sign, and without the full stop that it ends with."""
    bare = text.strip().lstrip("_")
    return ("." if bare != text.strip() else "") + bare.rstrip(". ")


def _word(word: str, level: int) -> str:
    shouted = len(word) > 1 and word.isupper()
    word = word.casefold()
    if level >= _BRITISH:
        word = _american(word)
    if level >= _PLURAL and not shouted:
        word = _singular(word)
    return _NUMBERS.get(word, word) if level >= _NUMERAL else word


def _joined(words: Sequence[str], text: str) -> str:
    """The words as one; digits do not run into each other, nor a short word before a blank into the next ("un ionized")."""
    short = len(words[0]) <= _SHORT and text.strip()[len(words[0]) :][:1] == " " if words else False
    joined = ""
    for number, word in enumerate(words):
        apart = (joined[-1:].isdigit() and word[0].isdigit()) or (number == 1 and short)
        joined += f" {word}" if apart else word
    return joined


def _has_umlaut(text: str) -> bool:
    return text.casefold().translate(_UMLAUTS) != text.casefold()


def _unaccented(text: str) -> str:
    """Latin letters without their accents, save the letter ñ; a mark of another script makes another letter."""
    plain: list[str] = []
    for char in text.translate(_LETTERS):
        parts = unicodedata.normalize("NFD", char)
        plain.append(parts[0] if len(parts) > 1 and parts[0].isascii() and char not in "ñÑ" else char)
    return "".join(plain)


def _american(word: str) -> str:
    if word in _AMERICAN:
        return _AMERICAN[word]
    if len(word) >= _LEAST:
        for ending, instead in _ENDINGS:
            if word.endswith(ending):
                return word[: -len(ending)] + instead
    return word


def _singular(word: str) -> str:
    if word in _SINGULAR:
        return _SINGULAR[word]
    if len(word) < 4 or not word.isascii() or word in _NOT_PLURAL or word.endswith(("ss", "us", "is", "os")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "iases", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


def _without_expansion(title: str) -> str:
    """The longer of "Write-ahead logging (WAL)" or "WAL (write-ahead logging)"; another aside stays, it tells names apart."""
    found = _ASIDE.fullmatch(title)
    if found is None:
        return title
    short, long = sorted((found["name"], found["aside"]), key=len)
    words = [word.casefold() for word in _words(long)]
    letters = "".join(_words(short)).casefold().removesuffix("s")
    return long if len(letters) > 1 and letters == "".join(word[0] for word in words) else title
