"""Finds definitions by their layout: "**Term**: meaning", "Term — meaning", a definition list, a glossary's row, and the words
below a heading that say what it names ("A protocol that ...").

Invariant: a meaning is a phrase of several words that says what kind of thing the term is, never an order, a date or a
question. The claim made of such a definition is "Term: meaning.", with the words as they stand.
"""

import re
from collections import Counter
from collections.abc import Iterator

from gitkb.compile.extractive.definitions import Definition
from gitkb.compile.read_document import Reading, Sentence
from gitkb.text import word_lists
from gitkb.text.language.boilerplate import bare_heading, is_boilerplate, is_structural
from gitkb.text.language.context_dependent import is_leaning
from gitkb.text.language.detect import function_words
from gitkb.text.language.terms import as_term, term_key
from gitkb.text.language.word_classes import breaks_run, is_common, is_general_noun, is_third_person, is_verb_form
from gitkb.text.markdown.prose import inline_text, plain

_CJK = ("ja", "zh", "ko")
_TERM_AND_MEANING = re.compile(r"(?P<term>[^:：.!?]{2,60}?)\s?(?:(?P<colon>[:：])|\s[—–-]{1,2})\s+(?P<meaning>\S.*)")
_BETWEEN = re.compile(r"[:：]| [—–-]")
_UNFIT = re.compile(r"https?:|www\.|\S@\S|[{}<>|\\=]|\[\[|^\W|\?$|:$|\.\.\.|…")
_GLOSSARY = re.compile(
    r"glossar|terminolog|definition|vocabular|lexi[ck]on|begriffe?\b|acronym|abbreviation|abkürzung|abréviation|definici|definiç|"
    r"begrippen|термин|глоссарий|用語|术语|術語|lessico",
    re.I,
)
_TITLE_OF_GLOSSARY = 2
"""A section is a glossary if it has so many pairs with a bold term, or so many below a heading such as "Glossary"."""
_LONGEST, _FEWEST_WORDS, _FEWEST_SIGNS = 280, 4, 10
_FREQUENT = 4.7


def listed_definitions(reading: Reading, title: str) -> Iterator[tuple[int, Definition]]:
    """(index of the sentence, definition) for all that a document defines by its layout, in text order. Words that stand before a
    colon more than once are a label ("User persona: ..."), no term."""
    found = [(index, read) for index, sentence in enumerate(reading.sentences) if (read := _listed(sentence, reading, title))]
    times = Counter(term_key(words, reading.language) for _, (words, _, _) in found)
    strong = Counter(reading.sentences[index].section for index, (_, _, is_strong) in found if is_strong)
    for index, (words, text, is_strong) in found:
        section = reading.sentences[index].section
        in_glossary = is_glossary(section, reading, title)
        says_kind = _says_kind(text, reading.language)
        if times[term_key(words, reading.language)] > 1 and not in_glossary:
            continue
        if not in_glossary and len(words) == 1 and is_common(words[0], reading.language, _FREQUENT - 1):
            continue
        if in_glossary or says_kind or (is_strong and strong[section] >= _TITLE_OF_GLOSSARY):
            yield index, _definition(words, text, reading.language, is_light=not (in_glossary or (is_strong and says_kind)))


def _definition(words: tuple[str, ...], text: str, language: str, *, is_light: bool) -> Definition:
    return Definition(words, term_key(words, language), is_light=is_light, claim=text)


def _listed(sentence: Sentence, reading: Reading, title: str) -> tuple[tuple[str, ...], str, bool] | None:
    """(the words of the term, the claim, whether the text marks the term as one)."""
    if len(sentence.text) > _LONGEST or (sentence.kind == "text" and not sentence.emphasised):
        return None
    text = plain(sentence.text)
    lead = plain(inline_text(sentence.lead)[0]) if sentence.lead and sentence.kind == "item" else ""
    if lead and not lead.endswith((":", "?", "：", ".")) and len(lead) <= 60 and _tells(text, reading.language):
        words = _as_head(lead, reading.language, is_set_off=True)
        return (words, _claim(lead, text), True) if words else None
    is_set_off = sentence.kind in ("pair", "row", "item") or sentence.leads
    match = _TERM_AND_MEANING.fullmatch(text) if is_set_off and _BETWEEN.search(text, 0, 70) else None
    if match is None or not _tells(match["meaning"], reading.language):
        return None
    if is_boilerplate(text) and not is_glossary(sentence.section, reading, title):
        return None
    if sentence.kind == "row" and not match["colon"]:
        return None
    is_bold = any(match["term"].strip() == each.strip(" :") for each in sentence.emphasised)
    if sentence.kind == "text" and not is_bold:
        return None
    words = _as_head(match["term"], reading.language, is_set_off=is_bold or sentence.kind == "row")
    return (words, _claim(match["term"], match["meaning"]), is_bold or sentence.kind == "row") if words else None


def _claim(term: str, meaning: str) -> str:
    meaning = meaning.strip().rstrip(" ,;")
    end = (
        ""
        if meaning.endswith((".", "。", "!", "！", ".)", '."'))
        else "。"
        if not meaning.isascii() and meaning[-1] > "\u3000"
        else "."
    )
    return f"{term.strip()}: {meaning}{end}"


def _as_head(text: str, language: str, *, is_set_off: bool) -> tuple[str, ...]:
    """The words of a term before its meaning; a common word is a term only if the text marks it (bold, for example)."""
    bare = re.sub(r"\s*\([^()]{1,40}\)$", "", text.strip(" *_\"'“”‘’"))
    words = as_term(bare, language, is_defined=True)
    if not words or is_structural(bare) or (len(words) == 1 and is_general_noun(words[0].lower(), language)):
        return ()
    if len(words) == 1 and is_common(words[0], language, _FREQUENT if is_set_off else _FREQUENT - 1.2):
        return ()
    if language == "en" and is_verb_form(words[0].lower()):
        return ()
    if language == "de" and len(words) == 1 and words[0].isalpha() and words[0].islower():
        return ()  # a parameter: a German noun has its capital
    return words


def _tells(text: str, language: str) -> bool:
    """Whether a text can be a meaning: several words that give no order, ask nothing and refer to nothing before."""
    if _UNFIT.search(text) or not any(map(str.isalpha, text)):
        return False
    if language in _CJK:
        return sum(map(str.isalpha, text)) >= _FEWEST_SIGNS
    words = text.split()
    first = words[0].lower().strip(",.;:\"'“”()")
    if len(words) < _FEWEST_WORDS or any(map(str.isdigit, words[0])) or words[0].endswith(":"):
        return False  # "solutions: replication, a cache": a part of what is said, and no meaning
    if language == "en" and _is_no_kind(first, words[1].lower()):
        return False
    if text.count(",") >= _MOST_COMMAS or sum(word[0].isupper() for word in words) * 2 > len(words) + (language == "de") * len(
        words
    ):
        return False
    if is_clause(words, language):
        return False
    known = function_words(language)
    if first in known and first not in _articles(language) and first not in _openers(language):
        return False
    return any(word.lower() in known for word in words) and not is_leaning(text, language)


_MOST_COMMAS = 6


def _is_no_kind(first: str, second: str) -> bool:
    """Whether English words begin with an order ("Build a ...") or with words that say no kind ("available in ...")."""
    if is_verb_form(first) and not first.endswith("s"):
        return True
    return (breaks_run(first, "en") or first.endswith("ed")) and second in function_words("en")


def is_clause(words: list[str], language: str) -> bool:
    """Whether words have a verb of their own, and not only one inside of a description ("a pump that turns")."""
    verbs, relative = (word_lists.words("definitions", language, name) for name in ("clause verbs", "relative words"))
    for position, word in enumerate(words[1:], 1):
        low = word.lower().strip(",.;:()")
        if low in relative:
            return False
        if low in verbs or (position == 1 and low in word_lists.words("definitions", "en", "no kind in a list")):
            return True
        if language == "en" and position == 1 and is_third_person(low):
            return True  # "Consumer provides ..."
        if language == "en" and low.endswith("s") and is_verb_form(low) and position > 1 and not is_general_noun(low[:-1], "en"):
            return True
    return False


def _articles(language: str) -> frozenset[str]:
    return word_lists.words("definitions", language, "articles")


def _openers(language: str) -> frozenset[str]:
    """Function words with which a meaning may begin: "when ...", "how ..."."""
    return word_lists.words("definitions", language, "openers")


def _says_kind(claim: str, language: str) -> bool:
    """Whether a meaning begins with an indefinite article, and so says what kind of thing it is: "A pump that ..."."""
    words = claim.partition(": ")[2].split(" ", 2)
    indefinite = word_lists.words("definitions", language, "indefinite articles")
    return words[0].lower() in indefinite and len(words) > 2


def is_glossary(section: int, reading: Reading, title: str) -> bool:
    """Whether a section is part of a list of terms with their meanings: its heading, one above it or the title says so."""
    level = 7
    while section >= 0:
        heading = reading.headings[section]
        if heading.level < level:
            level = heading.level
            if _GLOSSARY.search(heading.title):
                return True
        section -= 1
    return bool(_GLOSSARY.search(title))


def opening_definition(text: str, name: str, language: str, *, in_glossary: bool = False) -> Definition | None:
    """The definition that the first words below a heading (or the title) `name` give: "A protocol that carries ..."."""
    words = as_term(bare_heading(name), language, is_defined=True)
    phrases = word_lists.entries("definitions", language, "opening phrases")
    if not words or not phrases or len(text) > _LONGEST or not re.match("|".join(phrases), text):
        return None
    if is_structural(name) or (not in_glossary and len(words) == 1 and is_general_noun(words[0].lower(), language)):
        return None
    if _UNFIT.search(text) or is_leaning(text.partition(" ")[2], language) or is_clause(text.split(), language):
        return None
    return _definition(words, _claim(" ".join(words), text), language, is_light=False)
