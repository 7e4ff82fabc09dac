"""Terms: which runs of words can name a topic, in which form, and how often a text has them.

Invariant: a term is one to five words, none a function word at its rim, none inline code; its key is the same for singular and
plural, small and capital letters. English terms are found anywhere; in other languages only where a heading or a definition
proposes them, because without a dictionary of word classes a run of words is as often a clause.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from gitkb.text import word_lists
from gitkb.text.language.detect import function_words
from gitkb.text.language.inflection import german_adjective, german_base, german_key, italian_base, singular
from gitkb.text.language.word_classes import breaks_run, is_adjective, is_general_noun, is_verb_form, may_head
from gitkb.text.markdown.prose import CODE_CLOSE, CODE_OPEN

MAX_WORDS = 5
_TOKEN = re.compile(r"\ue000[^\ue001]*\ue001[\w-]*|[^\W_]+(?:[-'’.+#/&_][^\W_]+)*(?:\+\+|#)?|[^\w\s]")
_WORD = re.compile(r"[^\W\d_]")
_CJK = ("ja", "zh", "ko")
_KIND = "terms"
_CJK_TERM = {
    "ja": re.compile(
        r"(?:[ァ-ヺー・]{3,20}|[一-龠々]{2,10}|[A-Za-z][\w.+-]{1,30})"
        r"(?:[ ]?(?:[ァ-ヺー・]{2,20}|[一-龠々]{1,10}|[A-Za-z][\w.+-]{1,30})){0,4}"
    ),
    "zh": re.compile(r"(?:[\u4e00-\u9fff]{2,10}|[A-Za-z][\w.+-]{1,30}(?: ?[\u4e00-\u9fff]{1,8}| [A-Za-z][\w.+-]{1,30}){0,3})"),
    "ko": re.compile(r"[\uac00-\ud7a3]{2,10}"),
}


_CODE_TERM = re.compile(rf"{CODE_OPEN}([A-Za-z][\w-]{{2,30}}){CODE_CLOSE}")


def code_term(text: str) -> str:
    """The identifier, if a text is one piece of inline code that holds a plain identifier; else ""."""
    match = _CODE_TERM.fullmatch(text.strip())
    return match.group(1) if match else ""


@lru_cache(maxsize=2_000)
def tokens(text: str) -> list[str]:
    """Words, marks and inline code (one token each, with its marks) of a sentence, in order; not to be changed."""
    return _TOKEN.findall(text)


@lru_cache(maxsize=100_000)
def term_key(words: tuple[str, ...], language: str) -> str:
    """What is the same for all forms of a term: small letters, English singular, words joined by one blank."""
    if language == "it":
        return " ".join(italian_base(word.lower()) for word in words).replace("’", "'")
    if language == "de":
        return " ".join((*map(german_adjective, words[:-1]), german_key(german_base(words[-1])))).replace("’", "'")
    last = singular(words[-1]) if language == "en" else words[-1]
    return " ".join((*words[:-1], last)).lower().replace("’", "'")


def as_term(text: str, language: str, *, is_defined: bool = False) -> tuple[str, ...]:
    """The words of a term, its article taken off, if the text is one; else (). A sentence that defines a term (`is_defined`)
    may give it a head that hardly ever makes one ("dirty page")."""
    if language in _CJK:
        return _cjk_term(text.strip(), language)
    words = tuple(token for token in tokens(text.strip()) if token not in "\"'“”‘’«»*_")
    while words and words[0].lower() in word_lists.words(_KIND, language, "articles"):
        words = words[1:]
    for article in ("l'", "l’", "d'", "d’") if language in ("fr", "it") and words else ():
        if words[0].lower().startswith(article):
            words = (words[0][2:], *words[1:])
    if len(words) > 1 and language in ("fr", "it") and words[0].lower() in ("l", "d", "dell", "un"):
        words = words[1:]  # "L' A/B Testing": the article with its sign set apart
    return words if words and _is_term(words, language, is_defined) else ()


def heading_term(text: str, language: str) -> tuple[str, ...]:
    """The words of a term that a whole heading is, where they are none elsewhere: with a noun that may be a verb ("Family
    leave"), or a head that hardly makes a term ("Summer hours"); else (). An order ("Install plugins") and an act ("Making
    plans") are none."""
    words = tuple(token for token in tokens(text.strip()) if token not in "\"'“”‘’«»*_")
    if language != "en" or not 1 < len(words) <= MAX_WORDS or not all(word[0].isalpha() and len(word) > 1 for word in words):
        return ()
    lows = [word.lower() for word in words]
    if any(low in function_words("en") for low in lows) or len(set(lows)) < len(lows) or not first_word_fits(lows[0]):
        return ()
    if is_verb_form(lows[0]) or (lows[0].endswith("ing") and breaks_run(lows[0], "en")) or is_adjective(lows[0]):
        return ()
    if lows[-1].endswith(_NO_NOUN) or is_adjective(lows[-1]) or any(low.endswith(("'s", "’s")) for low in lows):
        return ()
    return words


_NO_NOUN = ("ed", "ly", "ous", "able", "ible", "ful")


def noun_runs(words: list[str]) -> Iterator[tuple[int, int]]:
    """Where English words that can be parts of terms stand side by side: (start, end) in the tokens of a sentence."""
    start = 0
    for position, word in enumerate(words):
        if not _goes_on(word):
            if position > start:
                yield start, position
            start = position + 1
    if len(words) > start:
        yield start, len(words)


@lru_cache(maxsize=50_000)
def _goes_on(word: str) -> bool:
    """Whether an English word can be part of a run: like a noun, no function word, nothing that breaks it."""
    low = word.lower()
    noun_like = len(word) > 1 and word[0] != CODE_OPEN and word[0].isalpha() and not low.endswith(("'s", "’s", "n't", "n’t"))
    return noun_like and low not in function_words("en") and not breaks_run(low, "en")


def subterms(words: list[str], start: int, end: int) -> list[tuple[int, int, str]]:
    """The spans of one to four words in a run that can be English terms: (start, end, key as of `term_key`)."""
    lows = [word.lower() for word in words[start:end]]
    parts = [low.replace("’", "'") for low in lows]
    found = []
    for last, low in enumerate(lows):
        if may_head(low, "en"):
            head = term_key((words[start + last],), "en")
            for first in range(max(0, last - 3), last):
                if first_word_fits(lows[first]):
                    found.append((start + first, start + last + 1, f"{' '.join(parts[first:last])} {head}"))
            found.append((start + last, start + last + 1, head))
    return found


def first_word_fits(word: str) -> bool:
    """Whether an English word can open a term of several words ("linked list", not "example list")."""
    return word not in word_lists.words(_KIND, "en", "no first words")


def _heads_if_defined(word: str) -> bool:
    """Whether an English word can be the last of a term that a sentence defines, though hardly of another ("dirty page")."""
    return singular(word) in word_lists.words(_KIND, "en", "heads if defined")


def _is_term(words: tuple[str, ...], language: str, is_defined: bool) -> bool:
    known, inner = function_words(language), word_lists.words(_KIND, language, "inner words")
    if len(words) > MAX_WORDS or not all(word[0] != CODE_OPEN and (len(word) > 1 or word.isalpha()) for word in words):
        return False
    lows = [word.lower() for word in words]
    if lows[0] in known or lows[-1] in known or any(low in known and low not in inner for low in lows[1:-1]):
        return False
    if not _WORD.search(words[-1]) or (len(words) == 1 and len(words[0]) < (2 if words[0].isupper() else 3)):
        return False
    if language == "en" and (
        any(breaks_run(low, "en") for low in lows)
        or not (may_head(lows[-1], "en") or (is_defined and len(words) > 1 and _heads_if_defined(lows[-1])))
        or not first_word_fits(lows[0])
    ):
        return False
    if any(low.endswith(("'s", "’s", "n't")) for low in lows) or len(set(lows)) < len(lows):
        return False
    return len(words) == 1 or not all(is_general_noun(low, language) or low in inner for low in lows)


def _cjk_term(text: str, language: str) -> tuple[str, ...]:
    bare = text.strip("「」『』“”\"'（）() ")
    if len(bare) < 2 or len(bare) > 30 or not _CJK_TERM[language].fullmatch(bare):
        return ()
    if is_general_noun(bare, language) or (language == "zh" and _ZH_CLAUSE.search(bare)):
        return ()
    return (bare,)


_ZH_CLAUSE = re.compile(
    r"[的了是在和与及或把被将将给让使到从对為为就都也还這这那哪它其該该此每各某些有没不可会能要应需由以于於吗呢吧们們]"
)
