"""Recognises sentences that say what something is: "X is a ...", "X refers to ...", "Unter X versteht man ...", "Xとは",
"X是一种".

Invariant: what is defined is a term. What is said of it is more than praise ("is a good idea"). The patterns are anchored and
bounded, so that no sentence takes long.
"""

import re
from functools import cache, lru_cache

from msgspec import Struct

from gitkb.text import word_lists
from gitkb.text.language.detect import function_words
from gitkb.text.language.terms import as_term, code_term, term_key
from gitkb.text.language.word_classes import breaks_run, is_verb_form
from gitkb.text.markdown.prose import CODE_CLOSE, CODE_OPEN, plain


class Definition(Struct, frozen=True):
    """What a defining sentence defines: the words of the term and other names.

    `is_definite`: it speaks of one certain thing ("The X"); `is_countable`: of one of its kind ("An X"); `is_light`: its form
    says little ("X is a point in ..."); `genus`: the noun that says what kind of thing, in English, else ""; `claim`: what it
    says, where its sentence alone is no claim.
    """

    words: tuple[str, ...]
    key: str
    aliases: tuple[str, ...] = ()
    is_definite: bool = False
    is_weak: bool = False
    is_code: bool = False
    is_singular: bool = False
    is_countable: bool = False
    is_light: bool = False
    genus: str = ""
    claim: str = ""

    @property
    def is_solid(self) -> bool:
        """Whether the form alone makes it a definition: "An X is a ..."."""
        return not self.is_weak and not self.is_definite


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
    r"actually )?(?P<what>a|an|the|any|one of|another|our|my)\b(?P<rest>.{15,})"
    r"|is (?P<mass>[a-z]{4,}(?: [a-z]{4,}){0,2}) (?:that|which|whose|where|in which|by which) .{12,}"
    r"|are (?:simply |basically |essentially |just |usually |generally |"
    r"typically )?(?P<many>[a-z][\w-]*(?: [a-z][\w-]*){0,5}? (?:that|which|whose|used|for|of|where|to|with|in|by|designed|"
    r"defined|from|who)\b.{10,})"
    r"|(?:refers? to|means?|denotes?|stands? for|(?:is|are) defined (?:as|to be)|(?:is|are) the name (?:of|for)|"
    r"describes? (?:a|an|the)|is (?:how|where|what) (?:we|you|the)) (?P<meaning>.{15,})"
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
# The kind stands beside the name: "The catalog `pg_depend` records ...", "The keyval package provides ...".
_EN_KIND = re.compile(
    rf"The (?:{_KIND} (?P<term>{_CODE}|[a-z][\w@-]{{2,30}})|(?P<name>{_CODE}|[\w@-]{{3,31}}) {_KIND}) "
    r"(?P<does>(?:is (?:a|an|the|used|designed|intended) |records|lists|shows|holds|stores|contains|provides|describes|"
    r"displays|allows|lets|enables|controls|implements|"
    r"defines|represents|performs|determines|specifies|creates|constructs|generates|runs|returns|supports|tells|computes|"
    r"offers|adds|extends|makes|redefines|gives).{25,})"
)
# The kind stands between commas: "GFS, a file system that spans machines, keeps ...".
_EN_APPOSED = re.compile(
    r"(?:(?P<article>The) )?(?P<term>[^,;:.()\s]+(?: [^,;:()\s]+){0,4}?)"
    + _ALIAS
    + r", (?P<what>an?|the|one of) (?P<rest>(?:[\w'’-]+ ){1,12}?[\w'’-]+), "
    r"(?:[a-z]+s|is|are|was|were|has|have|can|will|did|[a-z]+ed) .{10,}"
)
# The term comes last: "A pump with two pistons is called a twin pump."
_EN_CALLED = re.compile(
    r"(?P<meaning>(?:An?|The|Any|Each|Every|All)? ?[^,;:()]{20,180}?) "
    r"(?:is|are) (?:often |also |commonly |sometimes |usually |then )?"
    r"(?:called|known as|referred to as|termed|dubbed) (?P<article>an? |the )?[\"“'‘]?"
    r"(?P<term>[^,;:.()\s]+(?: [^,;:()\s]+){0,4}?)[\"”'’]?" + _ALIAS + r"\."
)
# "By a twin pump we mean a pump ...", "We call a pump with two pistons a twin pump.".
_EN_MEANT = re.compile(
    r"(?:By|With) (?P<article>an? |the )?[\"“]?(?P<term>[^,;:.()\s]+(?: [^,;:()\s]+){0,4}?)[\"”]?,? "
    r"(?:we|I) (?:mean|understand|refer to) "
    r"(?P<meaning>.{15,})"
    r"|We (?:define|use the term) (?P<defined>[^,;:.()\s]+(?: [^,;:()\s]+){0,4}?) (?:as|for) (?P<meaning_of>.{15,})"
)
# "We propose FlashAttention, an exact attention algorithm that ...", "a module, called Res2Net, which ...".
_EN_PROPOSED = re.compile(
    r"(?:(?:In (?:this|our) (?:paper|work|article|report|study)|Here),? )?(?:we|[Tt]his (?:paper|work|article|report)) "
    r"(?:then |also |further |therefore |thus )?(?:propose|introduce|present|develop|describe|design)s? "
    r"(?:(?P<term>(?:the )?[\w][\w.+^/-]*(?: [\w.+^/-]+){0,4}?)(?: ?\((?P<alias>[^()]{2,40})\))?, "
    r"(?P<meaning>an? (?:[^.]){25,200}?)(?=\.(?!\d)|; |$)"
    r"|(?P<meaning_of>an? [^.;:()]{12,160}?),? (?:called|named|termed|dubbed|which we (?:call|name|refer to as|term)) "
    r"[\"“'‘]?(?P<defined>[\w][\w.+^/-]*(?: [\w.+^/-]+){0,3}?)[\"”'’]?"
    r"(?: ?\((?P<alias_under>[^()]{2,40})\))?(?=[,.;]| (?:that|which|to|by|for|where|and)\b))",
    re.I,
)
_PROPOSES = re.compile(r"we |in (?:this|our) |here|this (?:paper|work|article|report) ", re.I)
_POINTS = re.compile(r"\b(?:this|these|those|such|it|its|their|them)\b", re.I)
_DE = (
    r"(?:Unter (?P<under>[^,;:.()]{2,50}?)" + _ALIAS.replace("alias", "alias_under") + r" versteht man .{15,}"
    r"|(?:(?P<article>Ein|Eine|Der|Die|Das) )?(?P<term>[^,;:.()\s]+(?: [^,;:()\s]+){0,4}?)"
    + _ALIAS
    + r" (?:(?:ist|sind|war) (?:im Wesentlichen |dabei |also )?(?P<what>eine?r?|der|die|das|einer der|"
    r"eines der)\b(?P<rest>.{15,})|(?:bezeichnet|bedeutet|steht für) (?P<meaning>.{15,})))"
)
_FR = (
    r"(?:(?P<article>Un|Une|Le|La|Les|Des) |(?:L'|L’))?(?P<term>[^,;:.()\s]+(?: [^,;:()\s]+){0,4}?)"
    + _ALIAS
    + r"(?:, [^,;:()]{3,40},)? (?:(?:est|sont|était) (?P<what>une?|les?|la|l'|l’|des)\b ?(?P<rest>.{15,})|(?:désignent?|"
    r"signifie|correspond à) (?P<meaning>.{15,}))"
)
_ES = (
    r"(?:(?P<article>Un|Una|El|La|Los|Las) )?(?P<term>[^,;:.()\s]+(?: [^,;:()\s]+){0,4}?)"
    + _ALIAS
    + r"(?:, [^,;:()]{3,40},)? (?:(?:es|son|era) (?P<what>una?|el|la|los|las|unos|unas)\b(?P<rest>.{15,})|(?:se refiere a|"
    r"significa|designa) (?P<meaning>.{15,}))"
)
_IT = (
    r"(?:(?P<article>Un|Uno|Una|Il|Lo|La|I|Gli|Le) |(?:Un'|L'))?(?P<term>[^,;:.()\s]+(?: [^,;:()\s]+){0,4}?)"
    + _ALIAS
    + r" (?:(?:è|sono) (?P<what>un'?|una|uno|il|lo|la|i|gli|le|l')\b ?(?P<rest>.{15,})|(?:si riferisce a|significa|"
    r"indica) (?P<meaning>.{15,}))"
)
_PT = (
    r"(?:(?P<article>Um|Uma|O|A|Os|As) )?(?P<term>[^,;:.()\s]+(?: [^,;:()\s]+){0,4}?)"
    + _ALIAS
    + r" (?:(?:é|são) (?P<what>uma?|o|a|os|as)\b(?P<rest>.{15,})|(?:refere-se a|significa|designa) (?P<meaning>.{15,}))"
)
_NL = (
    r"(?:(?P<article>Een|De|Het) )?(?P<term>[^,;:.()\s]+(?: [^,;:()\s]+){0,4}?)"
    + _ALIAS
    + r" (?:(?:is|zijn) (?P<what>een|de|het)\b(?P<rest>.{15,})|(?:verwijst naar|betekent) (?P<meaning>.{15,}))"
)
_RU = r"(?P<term>[^,;:.()\s]+(?: [^,;:()\s]+){0,3}?)" + _ALIAS + r" [—–-] (?:это )?(?!не )(?P<meaning>.{20,})"
_JA = (
    r"(?P<term>[^、。（）()はがをにでと ]{2,30}|[A-Za-z][\w.+ -]{1,29}?|[ァ-ヺー・一-龠々A-Za-z ]{2,30}?) ?"
    r"(?:[（(](?P<alias>[^（）()]{2,40})[）)])? ?"
    r"(?:とは、?(?P<meaning>.{12,})|は、?(?P<rest>.{8,}(?:[一-龠々ァ-ヺー]|もの|ひとつ|"
    r"一つ)"
    r"(?<!可能)(?<!必要)(?<!同じ)(?<!場合)(?<!様)(?<!簡単)(?<!便利)(?<!重要)(?<!有用)(?<!予定)(?<!一般的)(?<!大切)"
    r"(?:です|である|だ|を指します|を指す|を意味します)。))"
)
_ZH = (
    r"(?P<term>[^，。、（）()：；]{2,20}?) ?(?:[（(](?P<alias>[^（）()]{2,40})[）)])? ?"
    r"(?:，?(?:是指|指的是|就是指) ?(?P<meaning>.{10,})|是(?:一种|"
    r"一種|一个|一個|一款|一套|一门|一組|一组|一类|由|用来|用來|用于|用於) ?(?P<rest>.{10,}))"
)
_PATTERNS = {"en": _EN.pattern, "de": _DE, "fr": _FR, "es": _ES, "it": _IT, "pt": _PT, "nl": _NL, "ru": _RU, "ja": _JA, "zh": _ZH}


@cache
def _pattern(language: str) -> re.Pattern[str]:
    """What finds the definitions of a language; compiled when one is met, as that takes long."""
    return re.compile(_PATTERNS[language])


_LEAD_IN = re.compile(r"(?:In (?:computer science|computing|mathematics|programming|[A-Z][\w+]*(?: [A-Z]\w+)?), )(?=\w)")
_KIND = "definitions"


def _english(section: str) -> frozenset[str]:
    return word_lists.words(_KIND, "en", section)


def _praise() -> frozenset[str]:
    """What is said of a thing without saying what it is."""
    return word_lists.words(_KIND, word_lists.MIXED, "praise")


@lru_cache(maxsize=5_000)
def find_definition(marked: str, language: str) -> Definition | None:
    """What a sentence (with inline code marked) defines, None where it defines nothing."""
    if language not in _PATTERNS:
        return None
    match, is_apposed, is_light = _matched(marked, language)
    if match is None:
        return None
    found = match.groupdict()
    if not _says_something(found, language):
        return None
    term = found.get("term") or found.get("name") or found.get("under") or found.get("defined") or ""
    code = code_term(term)
    words = (code,) if code else as_term(term, language, is_defined=True)
    if not words or not _agrees(words, found.get("does")) or (code and found.get("article")):
        return None
    article = (found.get("article") or "").strip() or None
    # "pg_dump is a utility": what opens a sentence with a small letter is an identifier.
    is_identifier = (
        bool(code)
        or is_apposed
        or (language == "en" and len(words) == 1 and not article and words[0][0].islower() and found.get("be") != "are")
    )
    is_definite = article is not None and article.lower() not in word_lists.words(_KIND, word_lists.MIXED, "indefinite articles")
    genus = _genus(found) if language == "en" else ""
    proposed = found.get("meaning_of") or found.get("meaning") if match.re is _EN_PROPOSED else None
    return Definition(
        words,
        term_key(words, language),
        _aliases(found, words, language),
        is_definite,
        is_weak=bool(found.get("does")),
        is_code=is_identifier,
        is_singular=found.get("be") == "is",
        is_countable=article is not None and not is_definite,
        is_light=is_light or genus in _english("light nouns") or found.get("mass") is not None,
        genus=genus,
        claim=_proposal(words, proposed) if proposed else "",
    )


def _proposal(words: tuple[str, ...], meaning: str) -> str:
    """What authors say of what they propose, with its name before it."""
    name = " ".join(words)
    return f"{name[0].upper() + name[1:] if words[0].isalpha() and words[0].islower() else name}: {plain(meaning).strip(' ,')}."


def is_proposal(text: str) -> bool:
    """Whether a sentence begins as those do in which authors say what they propose."""
    return bool(_PROPOSES.match(text))


def _matched(marked: str, language: str) -> tuple[re.Match[str] | None, bool, bool]:
    """(the match of a pattern, whether the kind stands beside the term, whether the form alone says little)."""
    if language != "en":
        return _pattern(language).match(marked), False, False
    if (apposed := _EN_KIND.match(marked)) is not None:
        return apposed, True, False
    lead_in = _LEAD_IN.match(marked)
    bare = marked[lead_in.end() :] if lead_in else marked
    proposed = _EN_PROPOSED.match(bare) if _PROPOSES.match(bare) else None
    if proposed is not None:
        return proposed, False, False
    means = _EN_MEANT.match(bare) if bare.startswith(("By ", "With ", "We ")) else None
    if (match := means or _EN.match(bare) or _EN_CALLED.fullmatch(bare)) is not None:
        points = match.re is _EN_CALLED and _POINTS.search(match["meaning"])
        return None if points else match, False, False
    return _EN_APPOSED.match(bare) if ", a" in bare[:120] or ", the " in bare[:120] else None, False, True


def _agrees(words: tuple[str, ...], does: str | None) -> bool:
    """Whether a verb agrees with its subject: "support" is a verb after "targets", but a noun after "Rust"."""
    if not does:
        return True
    verb = does.split(" ", 1)[0]
    return verb.endswith("s") or verb in ("can", "may", "are", "is") or words[-1].endswith("s")


def _says_something(found: dict[str, str | None], language: str) -> bool:
    many, mass = found.get("many"), found.get("mass")
    if many is not None:
        return _is_plain_noun(many.split(" ", 1)[0]) and _names_many(many)
    if mass is not None:
        nouns = mass.split(" ")
        return found.get("article") is None and all(map(_is_plain_noun, nouns)) and not _english("no mass nouns") & set(nouns)
    rest = (found.get("rest") or "").split()
    if not rest:
        return bool(found.get("meaning") or found.get("does") or found.get("under") or found.get("meaning_of"))
    if language in ("ja", "zh"):
        return True
    first, second, third = (*(plain(word).lower().strip(".,;:()'\"") for word in rest[:3]), "", "")[:3]
    if found.get("what") == "one of" or first in _praise() or (second in _praise() and breaks_run(first, language)):
        return False
    if _is_empty(first, rest[0], second) or (breaks_run(first, language) and len(rest) > 1 and _is_empty(second, rest[1], third)):
        light = first in _english("light nouns") and second in _english("after light nouns")
        return light or (first in _english("ways") and second in _english("after ways"))
    if first == "bit" and breaks_run(second, language):
        return False  # "StatsD is a bit different"
    is_act = first.endswith("ing") and second in ("of", "down")
    return found.get("what") != "the" or is_act or not first.endswith(("est", "ing"))


def _names_many(phrase: str) -> bool:
    """Whether the phrase behind "are" has a plural noun, as in "are organisations that ..."; "are okay with ..." defines
    nothing."""
    head = ""
    for word in phrase.split(" "):
        if word in function_words("en"):
            break
        head = word
    return (head.endswith("s") and not head.endswith(("ss", "us"))) or head in _english("plurals without s")


def _is_plain_noun(word: str) -> bool:
    return (
        word not in _english("no kinds in the plural")
        and word not in _praise()
        and not is_verb_form(word)
        and not word.endswith(("ed", "ly", "ing", "ial", "able", "ible", "ful", "ant"))
    )


def _is_empty(word: str, written: str, following: str) -> bool:
    """Whether a word is a noun that says nothing by itself and no other noun follows it."""
    return word in _english("empty nouns") and (written[-1] in ".,;:)" or not following or following in function_words("en"))


def _genus(found: dict[str, str | None]) -> str:
    """The head of the English noun phrase that says what kind of thing it is: "algorithm" of "a consensus algorithm that ..."."""
    head = ""
    for written in (found.get("mass") or found.get("rest") or "").split()[:8]:
        word = written.lower().strip(".,;:()")
        if word in function_words("en") or (is_verb_form(word) and head):
            break
        head = word
        if written[-1] in ".,;:":
            break
    return head


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
