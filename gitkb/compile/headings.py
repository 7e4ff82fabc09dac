"""The terms that headings and the title propose: "Understanding References and Borrowing" names references and borrowing.

Invariant: structural headings propose nothing; each proposal is a term by `phrases.as_term`.
"""

import re

from gitkb.text.boilerplate import bare_heading, is_structural
from gitkb.text.phrases import as_term, term_key
from gitkb.text.prose import inline_text

_PREFIX = {
    "en": re.compile(
        r"(?:(?:all )?about|an? (?:introduction|overview|guide|brief \w+) (?:to|of)|introduction to|introducing|"
        r"introduction:|overview of|understanding|defining|using|working with|creating|writing|implementing|handling|"
        r"managing|configuring|the (?:basics|concept|idea|role|structure) of|basics of|what (?:is|are)|how|more (?:on|"
        r"about)|advanced|basic|appendix(?: \w)?:|the|an|a)\s+",
        re.I,
    ),
    "de": re.compile(r"(?:was (?:ist|sind)|einführung in|über|überblick über|der|die|das|ein|eine|den|dem|von)\s+", re.I),
    "fr": re.compile(
        r"(?:qu'est-ce qu'une?|introduction (?:à|au|aux)|à propos (?:de|du|des)|les?|la|une?|des?|du|l'|d')\s*(?<=[\s'])", re.I
    ),
    "es": re.compile(r"(?:qué (?:es|son)|introducción (?:a|al)|acerca (?:de|del)|el|la|los|las|una?)\s+", re.I),
}
_SPLIT = {
    "en": re.compile(r"\s+(?:and|or|vs\.?|versus|in|for|with|to|as|from|on|by|at)\s+|[:,;–—/&]\s+|\s[-–—]\s|\s*\(|\)\s*"),
    "de": re.compile(
        r"\s+(?:und|oder|in|im|für|mit|zu|zum|zur|als|aus|auf|bei|nach|von|vom|vor|ohne|durch)\s+|[:,;–—/]\s+|\s[-–—]\s|"
        r"\s*\(|\)\s*"
    ),
    "fr": re.compile(r"\s+(?:et|ou|dans|pour|avec|sur|par|comme)\s+|\s?[:,;–—/]\s+|\s[-–—]\s|\s*\(|\)\s*"),
    "es": re.compile(r"\s+(?:y|o|en|para|con|sobre|por|como)\s+|[:,;–—/]\s+|\s[-–—]\s|\s*\(|\)\s*"),
    "ja": re.compile(r"と(?=[^す])|、|，|・|:|：|\s-\s|について|の(?=使|作|設|概|基|仕)|における|への|による"),
    "zh": re.compile(r"、|，|:|：|\s-\s|与|與|和|的(?=使|用|概|基)|简介|簡介|介绍|介紹"),
}
_OTHER_SPLIT = re.compile(r"[:,;–—/]\s+|\s[-–—]\s|\s*\(|\)\s*")


def heading_terms(title: str, language: str) -> list[tuple[tuple[str, ...], bool]]:
    """The terms a heading names, each with whether it is all that the heading names."""
    text = bare_heading(inline_text(title)[0])
    if is_structural(title):
        return []
    prefix = _PREFIX.get(language)
    for _ in range(2):
        match = prefix.match(text) if prefix else None
        text = text[match.end() :] if match else text
    if is_structural(text):
        return []
    whole = as_term(text, language)
    if whole:
        return [(whole, True)]
    parts = (_SPLIT.get(language) or _OTHER_SPLIT).split(text)
    return [(words, False) for part in parts if (words := as_term(part or "", language))]


def heading_keys(title: str, language: str) -> dict[str, bool]:
    """The keys of the terms a heading names: True where it names that one alone."""
    return {term_key(words, language): alone for words, alone in heading_terms(title, language)}
