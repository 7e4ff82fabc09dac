"""The things that titles and headings name beside what is done with them: "Deploy an emergency banner", "How A/B testing works",
"Phase 2 poll for custom page sizes (Ann Lee, 20 minutes)".

Invariant: decides by the words alone, in English; "()" where nothing is named for certain. The patterns are anchored and bounded.
"""

import re

from gitkb.text import word_lists
from gitkb.text.language.boilerplate import bare_heading, is_structural
from gitkb.text.language.detect import function_words
from gitkb.text.language.terms import as_term, heading_term, tokens
from gitkb.text.language.word_classes import is_common, is_general_noun
from gitkb.text.markdown.prose import inline_text

_WORKS = re.compile(
    r"(?:how|why) (?:(?:an?|the|our|your) )?(?P<name>.{1,80}?) "
    r"(?:works?|(?:is|are) (?:used|made|deployed|built|tested|set up|done))\??",
    re.I,
)
_REST = re.compile(
    r"(?:\s(?:in|on|to|from|for|with|by|using|via|at|as|if|when|into|through|between|and|or|after|before|without|within|across|of|"
    r"is|are)\s|[(:,–—]| - ).*$"
)
_LEAD_OF_NAME = re.compile(
    r"^(?:(?:back to|up|out|the|an?|your|our|new|apps? on the|apps? on|shared|local|existing|own|all|another)\s)*", re.I
)


def named_inside(title: str, language: str) -> tuple[str, ...]:
    """The thing that an English title names beside what is done with it ("Deploy an emergency banner")."""
    if language != "en":
        return ()
    if found := _WORKS.fullmatch(title.strip()):
        return as_term(found["name"], language) or heading_term(found["name"], language) or _as_name_of_title(found["name"])
    verb, _, rest = title.strip().partition(" ")
    if verb.lower() not in word_lists.words("titles", "en", "acts") or not rest:
        return ()
    if rest.startswith(("or ", "and ")):
        rest = rest.split(" ", 2)[-1]
    if verb.lower() in word_lists.words("titles", "en", "acts that are things") and _LEAD_OF_NAME.sub("", rest) == rest:
        return ()
    rest = _REST.sub("", _LEAD_OF_NAME.sub("", rest, count=1))
    return as_term(rest, language) or heading_term(rest, language) or _as_name_of_title(rest)


def _as_name_of_title(text: str) -> tuple[str, ...]:
    words = tuple(tokens(text))
    return words if 0 < len(words) <= 3 and any(map(is_name_like, words)) else ()


_ADDRESS = re.compile(r":? https?://\S+|:$")
_SPEAKERS = re.compile(r",(?: (?:/|&|and|[A-Z][\w.'’-]+))+$|, [A-Z]\w+ [A-Z]\w+(?: ?[/,&] ?[A-Z]\w+ [A-Z]\w+)*$")
_TIMED = re.compile(r"\s*\([^()]*\)\s*$")
_BALLAST = re.compile(
    r"(?:(?:phase|stage|\d+|polls?|votes?|updates?|status|discuss(?:ions?|ing)?|resume|announcements?|creation|adding|"
    r"presentations?|proposals?|overview|introduction|intro|demo|report|review|recap|follow-?up|progress|continued?|brief|short|quick|advance|advancement|request|and|to|on|of|for|from|about|"
    r"the|a|new|re|:|-|–)(?:[\s:–-]+|$))+",
    re.I,
)
_ENDS_WITH_BALLAST = re.compile(
    r"\s+(?:updates?|introductions?|polls?|votes?|discussions?|presentations?|proposals?|status|overview|phase \d|stage \d)$",
    re.I,
)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def agenda_term(title: str, language: str) -> tuple[str, ...]:
    """What an item of an agenda is about, whose heading says too what is done with it, by whom and how long."""
    if language != "en":
        return ()
    shown = inline_text(_LINK.sub(r"\1", title))[0].strip()
    bare, text = bare_heading(shown), bare_heading(_ADDRESS.sub("", _TIMED.sub("", shown)))
    text = _SPEAKERS.sub("", text)
    if found := _BALLAST.match(text):
        text = text[found.end() :]
    text = _ENDS_WITH_BALLAST.sub("", text)
    text = _ENDS_WITH_BALLAST.sub("", text)  # "FP16 proposal update"
    if not _OF_AGENDA.search(shown) or not text or text == bare or is_structural(text):
        return ()
    words = as_term(text, language) or heading_term(text, language) or _as_name_of_title(text)
    if any(word.lower() in function_words(language) for word in words):
        return ()
    return (
        words
        if words and len(words) <= _MOST_OF_AGENDA and not all(is_general_noun(word.lower(), language) for word in words)
        else ()
    )


def agenda_line(title: str) -> str:
    """An item of an agenda as a sentence, without its number and addresses."""
    text = _NUMBERED.sub("", inline_text(_LINK.sub(r"\1", title))[0].strip(), count=1)
    text = re.sub(r"\s{2,}", " ", re.sub(r":? https?://\S+", "", text)).strip(" :")
    return text if text.endswith((".", "?", "!")) else f"{text}."


_NUMBERED = re.compile(r"^\d{1,2}[.)]\s+")
_MOST_OF_AGENDA = 4
_OF_AGENDA = re.compile(
    r"\b(?:polls?|votes?|discuss|announcement:|proposal introduction|updates? (?:on|from|to)|update$|updates? \(|"
    r"discussion|presentation|(?:phase|stage) \d|follow-?up|recap)\b|\([^()]*\d+ ?min",
    re.I,
)
"""What shows that a heading is an item of an agenda."""


_PERSON = r"[A-Z\u00c0-\u00de][\w'’-]+(?: (?:van|von|de|der|di|[A-Z]\.))? [A-Z\u00c0-\u00de][\w'’-]+"
_PRESENTED = re.compile(
    rf"\((?P<names>{_PERSON}(?:(?:,| and| &| /|;) {_PERSON}){{0,3}})[,;]? \d+ ?min"
    rf"|\(\d+ ?min\w*[,;] (?P<after>{_PERSON}(?:(?:,| and| &| /|;) {_PERSON}){{0,3}})\)"
)


def presenters(title: str) -> list[str]:
    """The people whom an item of an agenda names with the time that they have ("(Ann Lee, 20 minutes)")."""
    found = _PRESENTED.search(title)
    return re.findall(_PERSON, found["names"] or found["after"]) if found else []


def is_name_like(word: str) -> bool:
    """Whether a word looks like a name that somebody made: "ECAPA-TDNN", "wav2vec", "PonderNet"; or no list has it."""
    if any(map(str.isdigit, word)) or any(map(str.isupper, word[1:])):
        return True
    return word[0].isupper() and word.isascii() and not is_common(word, "en", _MADE)


_MADE = 2.0
"""Zipf frequency below which a word with a capital is no ordinary word."""
