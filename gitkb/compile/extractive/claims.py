"""Decides which sentences can stand alone as claims, and how good each is.

Invariant: `claim_text` returns one line of plain text that ends with a full stop, or "". It begins with no pronoun, refers to no
other sentence ("this", "above", "as we saw"), and is no question, list, code or fragment of a table. A score depends on the
sentence alone.
"""

import itertools
import re

from gitkb.text import word_lists
from gitkb.text.language.context_dependent import is_leaning
from gitkb.text.language.detect import function_words
from gitkb.text.language.word_classes import breaks_run, is_verb_form
from gitkb.text.markdown.prose import CODE_CLOSE, CODE_OPEN, plain

MIN_LENGTH, MAX_LENGTH = 40, 300
_CJK_LENGTHS = (16, 180)
_CJK = ("ja", "zh", "ko")

_ENDS = re.compile(r"[^.…:;,?!\s][\"'”’»)\]]*\.[\"'”’»)\]]*$|[。．｡][」』）”]*$")
_END = 40
_DIGIT = re.compile(r"\d")
_CLEAN_FAILS = re.compile(
    r"https?:|www\.|\]\(|\[\[|\||\*\*|^[-*+>#]|\\[a-z]|[\ufffd\ufffe\uffff\x00-\x1f]|\.\.\.|…|\{\{|\}\}|<[a-z/!]|__|::$|"
    r"[→⇒■□●▪►✓✗]|\s[.,;:](?:\s|$)|\(\s*\)|\[\s*\]|\?|\S{60}|;.*;.*;|= ?\d+ |"
    r"[A-Za-z]{3}[8^][a-z]{3}|\w--‐|@[a-z][a-z-]*[_-]\w|"
    r"(?:e\.g|i\.e|et al|z\. ?B|s\. ?u|d\. ?h|u\. ?a|bzw|usw)\.$"
)
_ORDINARY_WORD = r"[\"“‘(]?[^\W_](?:[^\W_]|['’/-]){0,50}+[)\"”’]?,?"
_ORDINARY = re.compile(rf"{_ORDINARY_WORD}(?: {_ORDINARY_WORD})*+\.")
_OPENS_WELL = re.compile(r"[\"“‘«„]?[^\W_]|\([^\W_]+\) ")
_FIGURE_FIRST = re.compile(r"[\d.]+ (?:is|are|and|ist|est|es|è) |\d{1,2} (?:For|In|As|See|This|These|The|It|We|Note) ")
_BRACKETS = str.maketrans({"（": "(", "）": ")"})
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_YOU = re.compile(r"\b(?:you|your|you're|you'll|yours)\b", re.I)
_POINTING = re.compile(r"\b(?:this|these|those|such|here|there|it)\b", re.I)
_CODE = re.compile(f"{CODE_OPEN}[^{CODE_CLOSE}]*{CODE_CLOSE}")


def is_ordinary(text: str) -> bool:
    """Whether a text is words with commas up to a full stop. Most are, and then the patterns that look for markup and for signs
    of broken text, which take ten times as long, have nothing to find."""
    return _ORDINARY.fullmatch(text) is not None and not text.endswith("et al.") and not text.startswith(("import ", "export "))


def claim_text(marked: str, language: str, *, leads: bool = True, least: int = MIN_LENGTH, may_say_we: bool = False) -> str:
    """The sentence as plain text if it can stand alone, else "". `leads`: it is the first of its paragraph; `least`: the
    fewest characters that it may have, in a language with blanks. `may_say_we`: "we" and "our" are clear."""
    text = plain(marked)
    if not _has_shape(text, language, least) or marked.count(CODE_OPEN) != marked.count(CODE_CLOSE):
        return ""
    if is_leaning(text, language, may_say_we=may_say_we) or not _opens_well(marked, text, language, leads):
        return ""
    if language == "en" and _LABEL.match(text) and not says_that(text):
        return ""  # a caption, a reference
    code = sum(len(match) for match in _CODE.findall(marked))
    if code * 2 > len(text) or not _reads_like_prose(text, language):
        return ""
    return text


_LABEL = re.compile(
    r"(?:[\w-]+ ){0,5}(?:results?|performance|comparisons?|ablations?|evaluation) (?:on|of|with|for|using|between) |"
    r"[^.:]{2,60}: [a-z]",
)
_WORDS_IN_SMALL = re.compile(r"[a-z'’]+")


def says_that(text: str) -> bool:
    """Whether an English text has a verb that is nothing but a verb ("is", "can"), so that it is a sentence for certain."""
    verbs = word_lists.words("claims", "en", "auxiliary verbs")
    return any(word in verbs for word in _WORDS_IN_SMALL.findall(text))


def is_order(text: str) -> bool:
    """Whether an English text tells somebody to do something: it begins with the base form of a verb ("Go out", "Drop us")."""
    first = text.split(" ", 1)[0].lower()
    return is_verb_form(first) and not first.endswith(("s", "ed"))


def claim_score(text: str, *, is_item: bool, leads: bool) -> float:
    """How good a claim is that a sentence makes which can stand alone, 0..1."""
    score = 0.5
    score += 0.12 if 60 <= len(text) <= 200 else (-0.12 if len(text) > 230 else 0)
    score += 0.08 if leads else 0
    score -= 0.1 if is_item else 0
    score -= 0.15 if _YOU.search(text) else 0
    score -= 0.08 if _POINTING.search(text) else 0
    score -= 0.05 * min(3, sum(text.count(c) for c in "();=") // 2)
    score -= 0.1 if "[" in text else 0
    score -= 0.05 if sum(map(str.isdigit, text)) > 3 else 0
    return max(0.05, score)


def is_mostly_figures(text: str) -> bool:
    """Whether a text is rather a row of a table than a sentence, because at least a third of its words are numbers."""
    if not _DIGIT.search(text):
        return False
    words = text.split()
    return sum(any(map(str.isdigit, word)) and not any(map(str.isalpha, word)) for word in words) * 3 >= len(words) > 0


def _has_shape(text: str, language: str, shortest: int) -> bool:
    least, most = _CJK_LENGTHS if language in _CJK else (shortest, MAX_LENGTH)
    if not least <= len(text) <= most or not _ENDS.search(text, max(0, len(text) - _END)):
        return False
    if not is_ordinary(text) and _CLEAN_FAILS.search(text):
        return False
    count = (text if text.isascii() else text.translate(_BRACKETS)).count
    return (
        count("(") == count(")")
        and count("[") == count("]")
        and count("“") == count("”")
        and count("«") == count("»")
        and count('"') % 2 == 0
    )


def _opens_well(marked: str, text: str, language: str, leads: bool) -> bool:
    if language in _CJK or marked.startswith(CODE_OPEN):
        return True
    if not _OPENS_WELL.match(text) or _FIGURE_FIRST.match(text):
        return False
    first = text.split(None, 1)[0].lower().strip("(\"'“‘«„,")
    if text[0].islower():
        # A small letter begins a fragment, unless it is that of a name at the start of a paragraph: "pg_dump is a utility".
        if not leads or not first.isalpha() or any(map(str.isupper, first)):
            return leads
        # German writes a capital for every noun, so there a small letter is that of a verb.
        return language != "de" and first not in function_words(language) and not breaks_run(first, language)
    return language != "en" or not _drops_subject(first, text)


def _drops_subject(first: str, text: str) -> bool:
    """Whether an English sentence opens with its verb: "Returns the value ...", "Add a newline ..."."""
    rest = text.split(None, 2)[1:2]
    return bool(rest) and rest[0].lower() in word_lists.words("claims", "en", "after imperatives") and is_verb_form(first)


def _reads_like_prose(text: str, language: str) -> bool:
    letters = sum(map(str.isalpha, text))
    if language in _CJK:
        return letters * 3 > len(text) * 2
    lows = [word.lower() for word in _WORD.findall(text)]
    if is_mostly_figures(text) or len(lows) < 5 or letters * 10 < len(text) * 7:
        return False
    known = function_words(language)
    if known and sum(word in known for word in lows) < (2 if len(lows) > 8 else 1):
        return False
    if sum(word[0].isupper() for word in _WORD.findall(text)) * 2 > len(lows) + (len(lows) if language == "de" else 0):
        return False
    auxiliaries, subjects, before_nouns = (
        word_lists.words("claims", "en", section) for section in ("auxiliary verbs", "subjects", "before nouns")
    )
    return language != "en" or any(
        word in auxiliaries or before in subjects or (before not in before_nouns and is_verb_form(word))
        for before, word in itertools.pairwise(lows)
    )
