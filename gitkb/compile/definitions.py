"""Sentences that say what something is: "X is a ...", "X refers to ...", "Unter X versteht man ...", "Xとは", "X是一种".

Invariant: the definiendum opens the sentence and is a term; what is said of it is more than praise ("is a good idea").
Patterns are anchored and bounded, so that no sentence takes long.
"""

import re
from dataclasses import dataclass

from gitkb.text.phrases import as_term, code_term, term_key
from gitkb.text.prose import CODE_CLOSE, CODE_OPEN, plain
from gitkb.text.wordclasses import breaks_run, is_verb_form


@dataclass(frozen=True, slots=True)
class Definition:
    """What a defining sentence defines: the words of the term, other names, and whether it speaks of one certain thing ("The
    X")."""

    words: tuple[str, ...]
    key: str
    aliases: tuple[str, ...] = ()
    is_definite: bool = False
    is_weak: bool = False
    is_code: bool = False
    is_singular: bool = False


_ALIAS = (
    r"(?:,? \((?:or |also |also (?:called|known as) |a\.k\.a\. |short for |abbreviated (?:as )?|kurz |"
    r"abgekürzt |ou |o )?(?P<alias>[^()]{2,40})\))?"
)
_EN = re.compile(
    r"(?:(?P<article>A|An|The|a|an|the) )?(?P<term>[^,;:.()\s]+(?: [^,;:()\s]+){0,5}?)"
    + _ALIAS
    + r"(?:,? (?:or|also (?:called|known as)|sometimes (?:called|known as)|abbreviated(?: as)?) (?:an? |"
    r"the )?(?P<other>[^,;:()]{2,40}),)?"
    r"(?:, [^,;:()]{3,40},| \([^()]{3,80}\))?"
    r" (?:(?P<be>is|are) (?:simply |basically |essentially |just |also |usually |generally |typically |"
    r"actually )?(?P<what>a|an|the|any|one of|another)\b(?P<rest>.{15,})"
    r"|are (?:simply |basically |essentially |just |usually |generally |"
    r"typically )?(?P<many>[a-z][\w-]*(?: [a-z][\w-]*){0,5}? (?:that|which|whose|used|for|of|where|to|with|in|by|designed|"
    r"defined|from|who)\b.{10,})"
    r"|(?:refers? to|means?|denotes?|stands? for|(?:is|are) defined (?:as|to be)|(?:is|are) the name (?:of|for)|"
    r"describes? (?:a|an|the|how)) (?P<meaning>.{15,})"
    r"|(?P<does>(?:can |may )?(?:allows?|lets?|enables?|provides?|represents?|contains?|controls?|specif(?:y|ies)|defines?|"
    r"determines?|consists? of|performs?|converts?|constructs?|stores?|manages?|implements?|"
    r"describes?|displays?|computes?|combines?|(?:is|are) used (?:to|for|by|in|when|as)|creates?|generates?|runs|executes?|"
    r"supports?|measures?|restricts?|groups?|changes?|removes?|adds?|returns?|handles?|checks?)) "
    r"(?!(?:is|are|was|were|for|of|in|can|may|must|will|has|have|should|and|or) ).{25,})"
)
_KIND = (
    r"(?:catalog|view|command|program|utility|function|module|extension|option|tool|library|package|class|type|trait|crate|macro|"
    r"attribute|parameter|variable|operator|system catalog|system view|method|lint|target|feature|directive|driver|"
    r"subsystem|daemon)"
)
_CODE = rf"{CODE_OPEN}[^{CODE_CLOSE}]{{3,31}}{CODE_CLOSE}"
# "The catalog `pg_depend` records ...", "The keyval package provides ...": what it is stands beside the name.
_EN_KIND = re.compile(
    rf"The (?:{_KIND} (?P<term>{_CODE}|[a-z][\w@-]{{2,30}})|(?P<name>{_CODE}|[\w@-]{{3,31}}) {_KIND}) "
    r"(?P<does>(?:is (?:a|an|the|used|designed|intended) |records|lists|shows|holds|stores|contains|provides|describes|"
    r"displays|allows|lets|enables|controls|implements|"
    r"defines|represents|performs|determines|specifies|creates|constructs|generates|runs|returns|supports|tells|computes|"
    r"offers|adds|extends|makes|redefines|gives).{25,})"
)
_DE = re.compile(
    r"(?:Unter (?P<under>[^,;:.()]{2,50}?)" + _ALIAS.replace("alias", "alias_under") + r" versteht man .{15,}"
    r"|(?:(?P<article>Ein|Eine|Der|Die|Das) )?(?P<term>[^,;:.()\s]+(?: [^,;:()\s]+){0,4}?)"
    + _ALIAS
    + r" (?:(?:ist|sind|war) (?:im Wesentlichen |dabei |also )?(?P<what>eine?r?|der|die|das|einer der|"
    r"eines der)\b(?P<rest>.{15,})|(?:bezeichnet|bedeutet|steht für) (?P<meaning>.{15,})))"
)
_FR = re.compile(
    r"(?:(?P<article>Un|Une|Le|La|Les|Des) |(?:L'|L’))?(?P<term>[^,;:.()\s]+(?: [^,;:()\s]+){0,4}?)"
    + _ALIAS
    + r"(?:, [^,;:()]{3,40},)? (?:(?:est|sont|était) (?P<what>une?|les?|la|l'|l’|des)\b ?(?P<rest>.{15,})|(?:désignent?|"
    r"signifie|correspond à) (?P<meaning>.{15,}))"
)
_ES = re.compile(
    r"(?:(?P<article>Un|Una|El|La|Los|Las) )?(?P<term>[^,;:.()\s]+(?: [^,;:()\s]+){0,4}?)"
    + _ALIAS
    + r"(?:, [^,;:()]{3,40},)? (?:(?:es|son|era) (?P<what>una?|el|la|los|las|unos|unas)\b(?P<rest>.{15,})|(?:se refiere a|"
    r"significa|designa) (?P<meaning>.{15,}))"
)
_IT = re.compile(
    r"(?:(?P<article>Un|Uno|Una|Il|Lo|La|I|Gli|Le) |(?:Un'|L'))?(?P<term>[^,;:.()\s]+(?: [^,;:()\s]+){0,4}?)"
    + _ALIAS
    + r" (?:(?:è|sono) (?P<what>un'?|una|uno|il|lo|la|i|gli|le|l')\b ?(?P<rest>.{15,})|(?:si riferisce a|significa|"
    r"indica) (?P<meaning>.{15,}))"
)
_PT = re.compile(
    r"(?:(?P<article>Um|Uma|O|A|Os|As) )?(?P<term>[^,;:.()\s]+(?: [^,;:()\s]+){0,4}?)"
    + _ALIAS
    + r" (?:(?:é|são) (?P<what>uma?|o|a|os|as)\b(?P<rest>.{15,})|(?:refere-se a|significa|designa) (?P<meaning>.{15,}))"
)
_NL = re.compile(
    r"(?:(?P<article>Een|De|Het) )?(?P<term>[^,;:.()\s]+(?: [^,;:()\s]+){0,4}?)"
    + _ALIAS
    + r" (?:(?:is|zijn) (?P<what>een|de|het)\b(?P<rest>.{15,})|(?:verwijst naar|betekent) (?P<meaning>.{15,}))"
)
_RU = re.compile(r"(?P<term>[^,;:.()\s]+(?: [^,;:()\s]+){0,3}?)" + _ALIAS + r" [—–-] (?:это )?(?!не )(?P<meaning>.{20,})")
_JA = re.compile(
    r"(?P<term>[^、。（）()はがをにでと ]{2,30}|[A-Za-z][\w.+ -]{1,29}?|[ァ-ヺー・一-龠々A-Za-z ]{2,30}?) ?"
    r"(?:[（(](?P<alias>[^（）()]{2,40})[）)])? ?"
    r"(?:とは、?(?P<meaning>.{12,})|は、?(?P<rest>.{8,}(?:[一-龠々ァ-ヺー]|もの|ひとつ|"
    r"一つ)"
    r"(?<!可能)(?<!必要)(?<!同じ)(?<!場合)(?<!様)(?<!簡単)(?<!便利)(?<!重要)(?<!有用)(?<!予定)(?<!一般的)(?<!大切)"
    r"(?:です|である|だ|を指します|を指す|を意味します)。))"
)
_ZH = re.compile(
    r"(?P<term>[^，。、（）()：；]{2,20}?) ?(?:[（(](?P<alias>[^（）()]{2,40})[）)])? ?"
    r"(?:，?(?:是指|指的是|就是指) ?(?P<meaning>.{10,})|是(?:一种|"
    r"一種|一个|一個|一款|一套|一门|一組|一组|一类|由|用来|用來|用于|用於) ?(?P<rest>.{10,}))"
)
_PATTERNS = {"en": _EN, "de": _DE, "fr": _FR, "es": _ES, "it": _IT, "pt": _PT, "nl": _NL, "ru": _RU, "ja": _JA, "zh": _ZH}
_LEAD_IN = re.compile(r"(?:In (?:computer science|computing|mathematics|programming|[A-Z][\w+]*(?: [A-Z]\w+)?), )(?=\w)")
_INDEFINITE = frozenset({"a", "an", "ein", "eine", "un", "une", "una", "uno", "un'", "um", "uma", "een"})
_PRAISE = frozenset(
    """bit lot little few good great bad big huge must matter problem mistake shame no-op pain better best nice common
    popular handy powerful useful
    must-have joke mess breeze pleasure perfect convenient easy simple-looking tricky difficult hard real valid invalid legal
    error warning result
    same only most last next right wrong other default following first second third case reason one example deprecated
    unstable reserved required
    sensible safe unsafe logical natural obvious long short more less very quite rather too new old recent current main key
    way place
    number value name list string path boolean integer work point trade-off tradeoff balance issue bug limitation part member
    subset superset
    candidate compromise choice consequence requirement opposite reverse exception responsibility job task goal opportunity
    idea topic subject
    given sign hint clue attempt violation possibility source cause type-error hard compile-time pretty fairly perfectly hack
    workaround
    synonym alias shorthand shortcut wrapper placeholder equivalent instance kind-of pleasant fine fundamental crucial core
    prime breath key starting further second-class
    gut gute guter gutes sehr einzige erste letzte gleiche selbe fall grund beispiel problem bonne bon même seul seule
    premier première dernier cas exemple mauvaise
    buena buen mismo misma único única primer primera último caso ejemplo""".split()
)
_NOT_PLURAL = frozenset(
    """no already not also always often usually never still now only just then able likely free going used based called made given
    known available
    equal identical similar different due supposed allowed required expected considered done very quite more less subject
    responsible
    used found needed written defined typically generally all both either neither too so as in at on of for to from with by
    and or""".split()
)


def find_definition(marked: str, language: str) -> Definition | None:
    """What a sentence (with inline code marked) defines, None where it defines nothing."""
    pattern = _PATTERNS.get(language)
    if pattern is None:
        return None
    lead_in = _LEAD_IN.match(marked) if language == "en" else None
    apposed = _EN_KIND.match(marked) if language == "en" else None
    match = apposed or pattern.match(marked[lead_in.end() :] if lead_in else marked)
    if match is None:
        return None
    found = match.groupdict()
    if not _says_something(found, language):
        return None
    term = found.get("term") or found.get("name") or found.get("under") or ""
    code = code_term(term)
    words = (code,) if code else as_term(term, language)
    if not words or not _agrees(words, found.get("does")) or (code and found.get("article")):
        return None
    article = found.get("article")
    # "pg_dump is a utility": what opens a sentence with a small letter is an identifier.
    is_identifier = (
        bool(code)
        or apposed is not None
        or (len(words) == 1 and not article and words[0][0].islower() and found.get("be") != "are")
    )
    is_definite = article is not None and article.lower() not in _INDEFINITE
    return Definition(
        words,
        term_key(words, language),
        _aliases(found, words, language),
        is_definite,
        is_weak=bool(found.get("does")),
        is_code=is_identifier,
        is_singular=found.get("be") == "is",
    )


def _agrees(words: tuple[str, ...], does: str | None) -> bool:
    """Whether a verb fits its subject: "support" after "Rust" is a noun, after "targets" a verb."""
    if not does:
        return True
    verb = does.split(" ", 1)[0]
    return verb.endswith("s") or verb in ("can", "may", "are", "is") or words[-1].endswith("s")


def _says_something(found: dict[str, str | None], language: str) -> bool:
    many = found.get("many")
    if many is not None:
        first = many.split(" ", 1)[0]
        return (
            first not in _NOT_PLURAL
            and first not in _PRAISE
            and not is_verb_form(first)
            and not first.endswith(("ed", "ly", "ing", "ial", "able", "ible", "ful", "ant"))
        )
    rest = (found.get("rest") or "").split()
    if not rest:
        return bool(found.get("meaning") or found.get("does") or found.get("under"))
    if language in ("ja", "zh"):
        return True
    first = plain(rest[0]).lower().strip(".,;:()'\"")
    second = plain(rest[1]).lower().strip(".,;:") if len(rest) > 1 else ""
    if found.get("what") == "one of" or first in _PRAISE or (second in _PRAISE and breaks_run(first, language)):
        return False
    return not (found.get("what") == "the" and first.endswith(("est", "ing")))


def _aliases(found: dict[str, str | None], words: tuple[str, ...], language: str) -> tuple[str, ...]:
    names = []
    for name in (found.get("alias"), found.get("alias_under"), found.get("other")):
        cut = plain(name or "").strip(" \"'“”*")
        if cut and is_alias(cut, words, language):
            names.append(cut)
    return tuple(names)


def is_alias(name: str, words: tuple[str, ...], language: str) -> bool:
    """Whether a name in brackets after a term is another name of it: its initials, or a term as long."""
    if name.isupper() and 2 <= len(name) <= 8 and name.isalpha():
        initials = "".join(part[0] for word in words for part in word.split("-") if part).upper()
        return len(words) == 1 or name[0] == initials[0]
    return bool(as_term(name, language)) and name[0].isalpha() and len(name.split()) <= 4 and not name[0].isdigit()
