"""Finds the terms of one document that may become topics, with all that is needed to choose among them.

Invariant: depends on the document alone. Candidates come from headings, definitions and, in English, runs of nouns; each is a
term (`as_term`). Headings that only structure a text ("Introduction") propose nothing. The work is linear in the length of the
text, and at most `_MOST_RUNS` different runs are counted.
"""

import itertools
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from msgspec import Struct, field

from gitkb.compile.extractive.definitions import Definition, find_definition, is_proposal
from gitkb.compile.extractive.listed_definitions import is_glossary, listed_definitions, opening_definition
from gitkb.compile.extractive.short_forms import short_forms
from gitkb.compile.read_document import Reading, Sentence
from gitkb.text import word_lists
from gitkb.text.language.boilerplate import bare_heading, is_structural
from gitkb.text.language.detect import function_words
from gitkb.text.language.inflection import italian_base
from gitkb.text.language.named_in_titles import agenda_term, is_name_like, named_inside
from gitkb.text.language.terms import as_term, code_term, heading_term, noun_runs, subterms, term_key, tokens
from gitkb.text.language.word_classes import breaks_run, is_common, is_general_noun, is_verb_form, may_head
from gitkb.text.markdown.prose import CODE_OPEN, inline_text, plain

_PREFIX = {
    "en": re.compile(
        r"(?:(?:all |a note |notes? )?about|(?:all |a note |notes? )on|on (?:the|an?)|"
        r"an? (?:introduction|overview|guide|brief \w+) (?:to|of)|introduction to|"
        r"introducing|"
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
    "it": re.compile(
        r"(?:(?:che )?cos(?:a |')(?:è|sono)|(?:introduzione|definizion[ei])(?: -)?(?: (?:semplice |generale )?"
        r"(?:a|ai|al|alla|alle|all['’]|agli|di|del|della|dei|delle|dell['’]))?|il|lo|la|i|gli|le|un[oa'’]?)(?:\s+|(?<=['’]))",
        re.I,
    ),
    "pt": re.compile(r"(?:o que (?:é|são)|introdução (?:a|ao|à|às|aos)|sobre|o|a|os|as|uma?)\s+", re.I),
    "nl": re.compile(r"(?:wat (?:is|zijn)|inleiding (?:in|tot)|over|de|het|een)\s+", re.I),
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
    """The terms that a heading names, each with True if the heading names nothing else."""
    text = bare_heading(inline_text(title)[0])
    if is_structural(title):
        return []
    prefix = _PREFIX.get(language)
    for _ in range(2):
        match = prefix.match(text) if prefix else None
        text = text[match.end() :] if match else text
    if is_structural(text):
        return []
    whole = as_term(text, language) or heading_term(text, language)
    if whole:
        return [(whole, True)]
    if "(" in text and (named := _with_short_form(f"{text})")):  # whose last bracket is outer punctuation
        return [(named, True)]
    parts = (_SPLIT.get(language) or _OTHER_SPLIT).split(text)
    return [(words, False) for part in parts if (words := as_term(part or "", language))]


def _with_short_form(text: str) -> tuple[str, ...]:
    """The words of a name that a heading gives with its short form: "Everyone on Support (EOS)"."""
    for long, short in short_forms(text):
        if text in (f"{long} ({short})", f"{long} ({short}s)"):
            return tuple(tokens(long))
    return ()


_MOST_RUNS = 60_000
_RARE = 3.6
"""Zipf frequency from which a single emphasised word is too common to be a term for that alone."""
_Spans = list[tuple[int, int, str]]
_CJK = ("ja", "zh", "ko")


class Candidate(Struct):
    """What a document shows of one term: where it stands, in which forms, and what it is defined as.

    `is_subject`: the document's title or file name names it alone. `shorts` are short forms that the document introduces.
    `own_sections` are those whose heading names it alone; `leads_title`: the title begins with it; `is_listed`: a heading of a
    glossary; `agenda`: the sections whose heading names it beside what is done with it ("Poll for X (Ann Lee, 5 minutes)");
    `written`: its words in the title or heading.
    `determined` counts "the X" and "an X", `nominal` those that no noun follows, `countable` "an X" among these.
    """

    key: str
    sentences: list[int] = field(default_factory=list)
    forms: Counter[tuple[str, ...]] = field(default_factory=Counter)
    count: int = 0
    nested: int = 0
    longer: int = 0
    determined: int = 0
    nominal: int = 0
    countable: int = 0
    emphasised: int = 0
    in_title: bool = False
    is_subject: bool = False
    shorts: set[str] = field(default_factory=set)
    in_headings: int = 0
    alone_in_headings: int = 0
    sections: set[int] = field(default_factory=set)
    own_sections: set[int] = field(default_factory=set)
    leads_title: bool = False
    is_listed: bool = False
    agenda: set[int] = field(default_factory=set)
    written: tuple[str, ...] = ()
    definitions: list[tuple[int, Definition]] = field(default_factory=list)

    @property
    def has_plural(self) -> bool:
        """Whether the document writes an English term in the plural too."""
        return any(form[-1].lower() != self.key.rpartition(" ")[2] for form in self.forms)

    @property
    def c_value(self) -> float:
        """How often the term occurs outside of longer terms, weighted by its length (the C-value of terminology extraction)."""
        free = self.count - (self.nested / self.longer if self.longer else 0)
        return math.log2(1 + len(self.key.split())) * free


def find_candidates(reading: Reading, title: str, claims: list[str], name: str = "") -> dict[str, Candidate]:
    """All candidates by key; `claims` has for each sentence its text as a claim or "", `name` is the name of the file."""
    found: dict[str, Candidate] = {}
    _from_headings(found, reading, title, name)
    _from_definitions(found, reading, claims, {word.lower() for word in tokens(title)})
    _from_layout(found, reading, title, claims)
    emphasised = _emphasised(reading)
    for key in emphasised:
        _candidate(found, key)
    introduced = _introduced(reading, title)
    for words, _ in introduced.values():
        _candidate(found, term_key(words, reading.language))
    if reading.language == "en":
        _count_runs(found, reading.sentences, introduced)
        _count_named(found, [key for key in found if _is_unusual(key)], reading.sentences)
    elif reading.language in _CJK:
        _count_named(found, list(found)[:400], reading.sentences)
    else:
        if reading.language == "de":
            _from_german_nouns(found, reading)
        _count_spans(found, reading)
    for key, times in emphasised.items():
        found[key].emphasised += times
    if reading.language == "en":
        _without_acts(found, title)
    _join_short_forms(found, reading, introduced)
    if reading.language == "it":
        _join_numbers(found)
    return found


def _without_acts(found: dict[str, Candidate], title: str) -> None:
    """Takes out titles and headings that tell somebody to do something with a thing, if the text names that oftener: a part
    called "Access Athena" is about Athena."""
    acts, inside = word_lists.words("titles", "en", "acts"), named_inside(title, "en")
    of_title = term_key(inside, "en") if inside else ""
    for key in [key for key in found if key.partition(" ")[0] in acts and " " in key]:
        act, thing = found[key], found.get(key.partition(" ")[2])
        if thing is None or act.definitions or thing.count <= 2 * act.count:
            continue
        is_name = bool(thing.forms) and all(word[0].isupper() for form in thing.forms for word in form)
        if is_name or thing.key == of_title:
            thing.own_sections |= act.own_sections
            thing.sections |= act.sections
            del found[key]


def _candidate(found: dict[str, Candidate], key: str) -> Candidate:
    if key not in found:
        found[key] = Candidate(key)
    return found[key]


def _from_headings(found: dict[str, Candidate], reading: Reading, title: str, name: str) -> None:
    spoken = f"{title} {' '.join(sentence.text for sentence in reading.sentences[:_FIRST])}".lower()
    for words, alone in (*heading_terms(title, reading.language), *_subject_terms(title, reading.language, name)):
        if len(words) == 1 and words[0].lower() not in spoken:
            continue  # a file's name alone ("stateFMLA")
        candidate = _candidate(found, term_key(words, reading.language))
        candidate.in_title = True
        candidate.is_subject |= alone
        candidate.written = candidate.written or words
        for stem in gerund_stems(candidate.key, reading.language):
            _candidate(found, stem).in_title = True
    for leading in filter(None, (_leading_term(title, reading.language), named_inside(title, reading.language))):
        candidate = _candidate(found, term_key(leading, reading.language))
        candidate.leads_title = True
        candidate.in_title = True
        candidate.is_subject |= reading.is_deck  # "Tail calls for Wasm"
        candidate.written = candidate.written or leading
    for number, heading in enumerate(reading.headings[:2000]):
        is_listed = is_glossary(number, reading, title)
        terms = heading_terms(heading.title, reading.language)
        if inside := agenda_term(heading.title, reading.language):
            candidate = _candidate(found, term_key(inside, reading.language))
            candidate.agenda.add(number)
            candidate.written = candidate.written or inside
        for words, alone in terms or (_entry_terms(heading.title) if is_listed else []):
            candidate = _candidate(found, term_key(words, reading.language))
            candidate.in_headings += 1
            candidate.alone_in_headings += alone
            candidate.sections.add(number)
            if alone:
                candidate.own_sections.add(number)
                candidate.is_listed |= is_listed
                candidate.written = candidate.written or words


def _entry_terms(heading: str) -> list[tuple[tuple[str, ...], bool]]:
    """The term of a glossary's heading, whatever words it has ("Instance")."""
    words = tuple(tokens(bare_heading(inline_text(heading)[0])))
    fits = (
        0 < len(words) <= _MOST_WORDS
        and words[0].lower() not in function_words("en")
        and all(word[0].isalpha() and len(word) > 1 for word in words)
    )
    return [(words, True)] if fits and not is_structural(heading) else []


_MOST_WORDS, _FIRST = 5, 60
_TITLE_PARTS = re.compile(r": | [–—-] | (?:for|with|in|by|using|from|based on|via|through|per|für|mit|pour|avec|para|con) ")


def _leading_term(title: str, language: str) -> tuple[str, ...]:
    """The term with which a title begins before it says more ("Coordinate attention for mobile networks")."""
    lead = _TITLE_PARTS.split(title, maxsplit=1)
    return (as_term(lead[0], language) or heading_term(lead[0], language)) if len(lead) > 1 else ()


_FILE_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_BRACKETED = re.compile(r"\s*\([^()]*\)\s*$")


def _file_terms(name: str, language: str) -> list[tuple[tuple[str, ...], bool]]:
    """The file's name as a term if a person chose it ("Leak Codes.md", "UDP.md") and no program ("leak-codes.md")."""
    stem = _FILE_ENDING.sub("", name.rpartition("/")[2])
    if " " not in stem and not any(map(str.isupper, stem)):
        return []
    bare = _BRACKETED.sub("", stem)
    if language == "en" and _IS_QUESTION.match(bare):
        return []
    named: list[tuple[tuple[str, ...], bool]] = [(words, True) for words, alone in heading_terms(bare, language) if alone]
    if named or _IS_ACT.match(bare):
        return named
    words: tuple[str, ...] = tuple(tokens(bare))
    is_name = 0 < len(words) <= _MOST_WORDS and _NAMED_NOTE.fullmatch(bare) is not None and not is_structural(bare)
    if is_name and (len(words) > 1 or words[0].isupper()):
        named.append((words, True))
    return named


_IS_QUESTION = re.compile(r"(?:how|why|what|when|where|who|which)\b", re.I)
_IS_ACT = re.compile(r"[A-Z][a-z]+ing (?!in |of |for )")
_NAMED_NOTE = re.compile(
    r"[A-Z][\w'’+/-]*(?: (?:[A-Z0-9][\w'’+/-]*|in|of|for|and|the|&))* ?(?<!in)(?<!of)(?<!for)(?<!the)", re.ASCII
)
"""How the name of a note is written that is a name as it stands ("Write Concern", "Rebalancing in Kafka", "REST")."""
_LED = re.compile(r"(?P<name>[^:–—]{2,40}?)(?:: | [–—-] )\S")


def _subject_terms(title: str, language: str, name: str) -> list[tuple[tuple[str, ...], bool]]:
    """The terms that title and file name give the whole document to: before an explanation ("PonderNet: Learning to Ponder"), or
    before a remark in brackets."""
    found = _file_terms(name, language)
    if led := _LED.match(title):
        words = as_term(led["name"], language, is_defined=True) or tuple(led["name"].split(" "))
        if len(words) <= 3 and is_name_like(words[0]):
            found.append((words, True))
    bare = _BRACKETED.sub("", title)
    return found + [(words, alone) for words, alone in heading_terms(bare, language) if alone and bare != title]


def gerund_stems(key: str, language: str) -> tuple[str, ...]:
    """The nouns from which an English gerund may be made: "checkpoint" for "checkpointing", "cache" for "caching"."""
    if language != "en" or not key.endswith("ing") or not key.isalpha() or len(key) < 7:
        return ()
    base = key[:-3]
    return (base, f"{base}e", *([base[:-1]] if base[-1] == base[-2] else []))


def _from_definitions(found: dict[str, Candidate], reading: Reading, claims: list[str], title_words: set[str]) -> None:
    for index, (sentence, claim) in enumerate(zip(reading.sentences, claims, strict=True)):
        proposes = not claim and reading.language == "en" and is_proposal(sentence.text)
        is_meaning = (claim or proposes) and not sentence.speaker  # what somebody says in a meeting is an opinion
        definition = find_definition(sentence.text, reading.language) if is_meaning else None
        if definition is None or (proposes and not definition.claim):
            continue
        candidate = _candidate(found, definition.key)
        candidate.definitions.append((index, definition))
        if definition.is_code and definition.key in title_words:
            candidate.in_title = True  # "The keyval package" names keyval


def _from_layout(found: dict[str, Candidate], reading: Reading, title: str, claims: list[str]) -> None:
    """Adds what the document defines by its layout, and by the words that open it or a section."""
    for index, definition in listed_definitions(reading, title):
        known = found.get(definition.key)
        if known is None or all(at != index for at, _ in known.definitions):
            _candidate(found, definition.key).definitions.append((index, definition))
    seen: set[int] = set()
    for index, sentence in enumerate(reading.sentences):
        if sentence.section in seen or sentence.kind == "list" or sentence.speaker or is_structural(sentence.text):
            continue
        seen.add(sentence.section)
        heading = title if sentence.section < 0 or not seen - {sentence.section} else reading.headings[sentence.section].title
        opened = "" if claims[index] and find_definition(sentence.text, reading.language) else plain(sentence.text)
        in_glossary = is_glossary(sentence.section, reading, title)
        opening = opening_definition(opened, heading, reading.language, in_glossary=in_glossary) if opened else None
        if opening is not None and opening.key in found:
            found[opening.key].definitions.append((index, opening))


def _emphasised(reading: Reading) -> Counter[str]:
    """How often the document sets each term in bold, italics or a link. Terms of one common word are left out."""
    found: Counter[str] = Counter()
    for sentence in reading.sentences:
        for text in sentence.emphasised[:20] if sentence.leads else ():
            words = as_term(text.strip(" :."), reading.language) if len(text) < 60 else ()
            if words and not is_structural(text) and (len(words) > 1 or not is_common(words[0], reading.language, _RARE)):
                found[term_key(words, reading.language)] += 1
    return found


def _introduced(reading: Reading, title: str) -> dict[str, tuple[tuple[str, ...], str]]:
    """The short forms that the document introduces, in small letters, with the words that each stands for."""
    found: dict[str, tuple[tuple[str, ...], str]] = {}
    texts = (title, *(heading.title for heading in reading.headings), *(sentence.text for sentence in reading.sentences))
    if (named := _SHORT_IN_TITLE.fullmatch(title)) and (words := as_term(named["long"], reading.language)):
        found[named["short"].lower()] = (words, named["short"])  # of a foreign name perhaps: "Automi a pila (PDA)"
    set_off = (text for sentence in reading.sentences if sentence.leads for text in sentence.emphasised[:1])
    for text in (*texts, *set_off):
        for long, short in short_forms(plain(text)) if "(" in text else ():
            words = as_term(long, reading.language, is_defined=True) or _as_name(long)
            if words:
                found.setdefault(short.lower(), (_as_in_title(words, title), short))
    return found


_SHORT_IN_TITLE = re.compile(r"(?P<long>[^()]{4,60}) \((?P<short>[A-Z]{2,6})\)")


def _as_in_title(words: tuple[str, ...], title: str) -> tuple[str, ...]:
    """A term as the title writes it, where the text lost a hyphen at the end of a line ("Squeezeand-Excitation")."""
    if not any("-" in word for word in words):
        return words
    lines = [found for found in tokens(title) if "-" in found and found.replace("-", "") == "".join(words).replace("-", "")]
    return (lines[0],) if lines else words


def _as_name(long: str) -> tuple[str, ...]:
    """The words of a long form that is written with capitals: a name, whatever its words ("Everyone on Support")."""
    words = tuple(tokens(long))
    capitals = sum(word[0].isupper() for word in words)
    return words if capitals > 1 and words[0][0].isupper() and capitals * 3 >= len(words) * 2 else ()


def _join_short_forms(found: dict[str, Candidate], reading: Reading, introduced: dict[str, tuple[tuple[str, ...], str]]) -> None:
    """Makes one candidate of a short and a long form: what is said of one is said of the other."""
    for low, (words, short) in introduced.items():
        long = _candidate(found, term_key(words, reading.language))
        long.shorts.add(short)
        other = found.pop(low, None) if low != long.key else None
        other = other and _as_short_form(other, reading, short)
        if not long.forms:
            long.forms[words] += 1
        if other is None:
            continue
        _merge(long, other)


def _merge(long: Candidate, other: Candidate) -> None:
    """Adds what is known of another name of the same thing."""
    long.sentences = sorted({*long.sentences, *other.sentences})
    long.sections |= other.sections
    long.own_sections |= other.own_sections
    long.leads_title |= other.leads_title
    long.agenda |= other.agenda
    long.is_listed |= other.is_listed
    long.count += other.count
    long.determined += other.determined
    long.nominal += other.nominal
    long.countable += other.countable
    long.emphasised += other.emphasised
    long.in_headings += other.in_headings
    long.alone_in_headings += other.alone_in_headings
    long.in_title |= other.in_title
    long.is_subject |= other.is_subject
    long.definitions = sorted([*long.definitions, *other.definitions], key=lambda item: item[0])


def _join_numbers(found: dict[str, Candidate]) -> None:
    """Makes one candidate of an Italian singular and its plural that no list joins ("automa", "automi")."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for key in sorted(found):
        groups.setdefault(tuple(_ITALIAN_END.sub("", word) for word in key.split(" ")), []).append(key)
    for keys in groups.values():
        best = min(keys, key=lambda key: (not found[key].in_title, -found[key].in_headings, -found[key].count, key))
        for key in keys:
            if key != best:
                other = found.pop(key)
                _merge(found[best], other)
                found[best].forms.update(other.forms)


_ITALIAN_END = re.compile(r"(?<=\w{4})[aeio]$")


def _as_short_form(other: Candidate, reading: Reading, short: str) -> Candidate | None:
    """What is known of a short form without the sentences in which the same letters are another word ("to map" for "MAP")."""
    if short.islower():
        return other
    written = [index for index in other.sentences if short in reading.sentences[index].text]
    if len(written) < len(other.sentences):
        other.count = len(written)
        other.determined, other.nominal, other.countable = 0, 0, 0
        other.definitions = [item for item in other.definitions if item[0] in written]
        other.sentences = written
    return other if written or other.in_headings or other.in_title else None


_LEAST_GERMAN, _SHORTEST_GERMAN = 3, 5


def _from_german_nouns(found: dict[str, Candidate], reading: Reading) -> None:
    """Adds the nouns of a German text, by their base forms: words with a capital letter inside of a sentence."""
    counts: Counter[str] = Counter()
    for sentence in reading.sentences:
        words = tokens(sentence.text)
        for before, word in itertools.pairwise(words):
            if word[0].isupper() and word.isalpha() and len(word) >= _SHORTEST_GERMAN and before[-1].isalpha():
                counts[term_key((word,), "de")] += 1
    for key, count in counts.items():
        if count >= _LEAST_GERMAN and not is_general_noun(key, "de"):
            _candidate(found, key)


_SHORT = 40


def least_count(sentences: int) -> int:
    """How often a document of so many sentences must name a term that neither its layout nor a definition shows."""
    return 2 if sentences < _SHORT else 3


COMMON_LED = 4.6
"""Zipf frequency from which a single English word is no term, though the document is about it."""


@lru_cache(maxsize=50_000)
def _is_hopeless(key: str) -> bool:
    """Whether no document that neither defines an English term nor sets it off is about it, however often it says it."""
    if " " in key:
        return is_structural(key) or all(is_general_noun(word, "en") for word in key.split(" "))
    return is_general_noun(key, "en") or is_verb_form(key) or is_common(key, "en", COMMON_LED)


def _count_runs(found: dict[str, Candidate], sentences: Sequence[Sentence], introduced: Collection[str]) -> None:
    """Counts the runs of nouns. One that occurs too seldom to be chosen counts only if it is a candidate already, is the short
    form of one, or is written as code."""
    least = least_count(len(sentences))
    read = [_runs_of(sentence) for sentence in sentences]
    counts = Counter(key for _, runs in read for _, keyed in runs for _, _, key in keyed)
    coded = {name.lower() for words, _ in read for word in words if word[0] == CODE_OPEN and (name := code_term(word))}
    for index, (words, runs) in enumerate(read):
        _count_code(found, index, words)
        for end, keyed in runs:
            for first, last, key in keyed:
                is_often = counts[key] >= least and not _is_hopeless(key)
                is_often = is_often or key in coded or (counts[key] > 1 and key in introduced)
                if key in found or (is_often and len(found) < _MOST_RUNS):
                    _note_run(_candidate(found, key), index, words, (first, last, end), keyed)


def _runs_of(sentence: Sentence) -> tuple[list[str], list[tuple[int, _Spans]]]:
    """The tokens of a sentence, and its runs of nouns: where each ends, and the spans in it that can be terms, with their
    keys."""
    if sentence.kind == "row":
        return [], []  # a row of a table is no sentence: the words beside a term do not show how it is used
    words = tokens(sentence.text)
    runs = []
    for start, end in noun_runs(words):
        runs.append((end, subterms(words, start, min(end, start + 8))))
    return words, runs


def _note_run(candidate: Candidate, index: int, words: list[str], place: tuple[int, int, int], keyed: _Spans) -> None:
    """Counts a span, given as (first word, end, end of the longest run around it); `keyed` are all spans of that run."""
    first, last, end = place
    _note(candidate, index, tuple(words[first:last]), at_start=first == 0)
    before = words[first - 1].lower() if first > 0 else ""
    if before in word_lists.words("terms", "en", "determiners"):
        candidate.determined += 1
        candidate.nominal += last == end
        candidate.countable += last == end and before in word_lists.words("terms", "en", "one of many")
    if len(keyed) > 1:
        length, longer = last - first, 0
        for a, b, _ in keyed:
            if a <= first and last <= b and b - a > length:
                longer += 1
        if longer:
            candidate.nested += 1
            candidate.longer = max(candidate.longer, longer)


def _is_unusual(key: str) -> bool:
    """Whether a term is not found among runs of nouns, because it contains "of" or because no run may end with its last word."""
    words = key.split(" ")
    if len(words) < 2:
        return key[0].isdigit()
    return not may_head(words[-1], "en") or any(word in function_words("en") or breaks_run(word, "en") for word in words)


def _count_code(found: dict[str, Candidate], index: int, words: list[str]) -> None:
    for word in words:
        name = code_term(word) if word[0] == CODE_OPEN else ""
        candidate = found.get(name.lower()) if name else None
        if candidate is not None:
            _note(candidate, index, (name,), at_start=False)


def _note(candidate: Candidate, index: int, form: tuple[str, ...], *, at_start: bool) -> None:
    candidate.count += 1
    if not candidate.sentences or candidate.sentences[-1] != index:
        candidate.sentences.append(index)
    if at_start and form[0][:1].isupper() and not form[0][1:2].isupper():
        return  # the first word of a sentence does not tell how the term is written
    candidate.forms[form] += 1


def _count_named(found: dict[str, Candidate], keys: list[str], sentences: Iterable[Sentence]) -> None:
    for index, sentence in enumerate(sentences):
        low = sentence.text.lower()
        for key in keys:
            times = low.count(key)
            if times:
                found[key].count += times
                found[key].sentences.append(index)


_ELIDED = re.compile(r"(?:l|d|un|dell|all|dall|nell|sull|qu)'(?=\w)")


def _count_spans(found: dict[str, Candidate], reading: Reading) -> None:
    language = reading.language
    longest: dict[str, int] = {}  # of the terms that begin with a word, how many words the longest has
    for key in found:
        begin, *rest = key.split(" ")
        longest[begin] = max(longest.get(begin, 0), len(rest) + 1)
    for index, sentence in enumerate(reading.sentences):
        words = tokens(sentence.text)
        lows = [_ELIDED.sub("", word.lower().replace("’", "'"), count=1) for word in words]
        if language == "it":
            lows = list(map(italian_base, lows))
        for first in range(len(words)):
            most = max(longest.get(lows[first], 0), int(language == "de"))
            for last in range(first + 1, min(first + most, len(words)) + 1):
                key = term_key(tuple(words[first:last]), "de") if language == "de" else " ".join(lows[first:last])
                candidate = found.get(key)
                if candidate is not None:
                    opened = _ELIDED.sub("", words[first].replace("’", "'"), count=1)
                    _note(candidate, index, (opened, *words[first + 1 : last]), at_start=first == 0)
