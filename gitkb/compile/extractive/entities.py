"""Finds the named things of one document: persons, organisations, products, places.

Invariant: a name always has a capital letter in the middle of sentences; headings and beginnings of sentences prove nothing.
There are at most `_MOST` entities, each with a claim. Languages that write all nouns with a capital need two words; scripts
without capitals give none.
"""

import re
from collections import Counter
from functools import cache

from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.compile.extractive.claims import claim_score
from gitkb.compile.extractive.definitions import Definition, find_definition
from gitkb.compile.read_document import Reading, Sentence, heading_place
from gitkb.model.documents import Claim, Topic
from gitkb.text import word_lists
from gitkb.text.language.boilerplate import is_structural
from gitkb.text.language.detect import function_words
from gitkb.text.language.inflection import german_base
from gitkb.text.language.named_in_titles import agenda_line, presenters
from gitkb.text.language.terms import tokens
from gitkb.text.language.word_classes import breaks_run, is_common, is_general_noun
from gitkb.text.markdown.prose import inline_text, plain
from gitkb.text.names.proper_names import entity_type_of, is_calendar_word, kind_of_name

_MOST, _MOST_PEOPLE, _MOST_CLAIMS = 6, 12, 2
_NAME = re.compile(r"[A-Z\u00c0-\u00de][\w'’.+-]*[\w+]")
_LANGUAGES = frozenset({"en", "de", "fr", "es", "it", "pt", "nl"})


class _Named(Struct):
    count: int = 0
    sentences: list[int] = field(default_factory=list)
    defining: list[int] = field(default_factory=list)
    genera: tuple[str, ...] = ()
    is_person: bool = False


def entity_topics(reading: Reading, claims: list[str], title: str) -> list[Topic]:
    """The entities, the weightiest first; `claims` holds for each sentence its text as a claim or ""."""
    if reading.language not in _LANGUAGES:
        return []
    people = _people(reading)
    found, small = _names(reading, people)
    _join_cases(found, reading)
    spoken = _join_first_names(found, people)
    for name, named in found.items():
        definitions = [(i, each) for i in named.sentences if claims[i] and (each := _defining(reading, i, name)) is not None]
        named.defining = [i for i, _ in definitions]
        named.genera = tuple(each.genus for _, each in definitions)
        named.is_person = " " in name and (name in people or _acts(reading, name, named))
    topics = [
        topic
        for name, named in found.items()
        if (named.is_person or (name not in people and _is_name(name, named, small, reading.language)))
        and (topic := _topic(reading, claims, title, name, named, spoken.get(name, ""))) is not None
    ]
    topics.sort(key=lambda topic: (-topic.weight, topic.name))
    persons = _with_presenters([topic for topic in topics if topic.entity_type == "person"], reading)[:_MOST_PEOPLE]
    taken = {topic.name for topic in persons}
    return [*[topic for topic in topics if topic.entity_type != "person" and topic.name not in taken][:_MOST], *persons]


_OF_AGENDA = 0.5


def _with_presenters(persons: list[Topic], reading: Reading) -> list[Topic]:
    """The persons, and first those to whom an agenda gives time, each with the item."""
    items: dict[str, list[Claim]] = {}
    for heading in reading.headings:
        shown = plain(inline_text(heading.title)[0])
        for name in presenters(shown):
            text = agenda_line(heading.title)
            claim = Claim(text, heading_place(heading), _OF_AGENDA, quote="" if text[:-1] in shown else shown)
            items.setdefault(name, []).append(claim)
    known = {topic.name: topic for topic in persons}
    presenting = [
        replace(known[name], claims=(*known[name].claims, *found[:_MOST_CLAIMS]))
        if name in known
        else Topic("entity", name, (), "person", weight=_OF_AGENDA, claims=tuple(found[:_MOST_CLAIMS]))
        for name, found in sorted(items.items())
    ]
    return [*presenting, *(topic for topic in persons if topic.name not in items)]


def _join_first_names(found: dict[str, _Named], people: frozenset[str]) -> dict[str, str]:
    """Takes what is said of somebody by a first name alone ("Ada: ...") for what is said of the only one of those present who is
    called so; returns these first names by whole name. A first name that nobody present explains names nobody for certain."""
    firsts = Counter(name.split(" ")[0] for name in people if " " in name)
    spoken: dict[str, str] = {}
    for whole in sorted(people):
        first = whole.split(" ")[0]
        alone = found.pop(first, None) if " " in whole and firsts[first] == 1 else None
        if alone is not None:
            named = found.setdefault(whole, _Named())
            named.count += alone.count
            named.sentences = sorted({*named.sentences, *alone.sentences})
            spoken[whole] = first
    for first in firsts:
        found.pop(first, None)
    return spoken


def _names(reading: Reading, people: frozenset[str]) -> tuple[dict[str, _Named], Counter[str]]:
    found: dict[str, _Named] = {}
    written: list[str] = []
    opening: list[tuple[int, str]] = []
    for index, sentence in enumerate(reading.sentences):
        if sentence.kind == "row":
            continue
        words = tokens(sentence.text)
        written += words
        position = 0
        while position < len(words):
            end = _name_end(words, position, reading.language) if words[position][0].isupper() else position
            if end == position:
                position += 1
                continue
            name = " ".join(words[position:end])
            if position == 0 or words[position - 1] in (":", "“", '"', "(", "-", "–", "—"):
                opening.append((index, name))
            else:
                _note(found, name, index)
            position = end
    first_names = {name.split(" ")[0] for name in people if " " in name}
    for index, name in opening:
        if name in found or name in people or name in first_names:
            _note(found, name, index)
    for named in found.values():
        named.sentences.sort()
    return found, Counter(filter(str.islower, written))


def _note(found: dict[str, _Named], name: str, index: int) -> None:
    named = found.setdefault(name, _Named())
    named.count += 1
    if index not in named.sentences[-1:]:
        named.sentences.append(index)


def _name_end(words: list[str], start: int, language: str) -> int:
    """The end of the run of capitalised words that begins at `start`; `start` itself if none begins there."""
    known, links = function_words(language), word_lists.words("proper_names", word_lists.MIXED, "links")
    end = start
    position = start
    while position < len(words) and position - start < 6:
        word = words[position]
        if _NAME.fullmatch(word) and word.lower() not in known:
            position += 1
            end = position
        elif end > start and word in links and position + 1 < len(words) and _NAME.fullmatch(words[position + 1]):
            position += 1
        else:
            break
    return end


def _is_name(name: str, named: _Named, small: Counter[str], language: str) -> bool:
    words = name.split(" ")
    lows = [word.lower() for word in words]
    if is_structural(name) or any(is_calendar_word(low) for low in lows) or len(name) > 60 or name.endswith(("'s", "’s")):
        return False
    if len(words) == 1:
        return language != "de" and _is_single_name(words[0], named, small, language)
    if any(breaks_run(low, language) for low in lows):
        return False
    ordinary = sum(small[low] > 0 or is_general_noun(low, language) for low in lows)
    return named.count >= (2 if entity_type_of(name) else 3) and ordinary < len(words)


def _is_single_name(word: str, named: _Named, small: Counter[str], language: str) -> bool:
    low = word.lower()
    if (
        len(word) < 3
        or word.removesuffix("s").isupper()
        or named.count < 3
        or small[low]
        or small[f"{low}s"]
        or small[low.removesuffix("s")]
    ):
        return False
    return not is_general_noun(low, language) and not breaks_run(low, language) and not is_common(low, language, 5.2)


def _defining(reading: Reading, index: int, name: str) -> Definition | None:
    sentence = reading.sentences[index]
    definition = None if sentence.speaker else find_definition(sentence.text, reading.language)
    if definition is None or " ".join(definition.words) != name or definition.is_definite or definition.is_weak:
        return None
    return definition


def _people(reading: Reading) -> frozenset[str]:
    """The names in lists of people who were present ("Present: Ada Byron, James Hill (chair)"), and after titles ("Dr.
    Byron")."""
    roll, title = _pattern("rolls"), _pattern("titles")
    found: set[str] = set()
    for sentence in reading.sentences:
        text = plain(sentence.text)
        lead, listed = sentence.lead, text
        if ":" in text[:60] and roll.match(text):
            lead, listed = text[: text.find(":") + 1], text.partition(":")[2]
        elif sentence.section >= 0 and not lead and sentence.is_item:
            lead = reading.headings[sentence.section].title
        if lead and roll.match(lead):
            parts = re.split(r"[,;&/]| and | und | et | y | e |\n", re.sub(r"\([^()]*\)|(?<!\w)@\S+", "", listed))
            parts = parts[:1] if sentence.kind == "item" else parts  # "Ada Byron, Harbour Union"
            found.update(name for part in parts if _FULL_NAME.fullmatch(name := part.strip(" .")))
        for match in title.finditer(text):
            if named := _FULL_NAME.match(text, match.end()):
                found.add(named[0])
    return frozenset(found)


@cache
def _pattern(section: str) -> re.Pattern[str]:
    return re.compile("|".join(word_lists.entries("people", word_lists.MIXED, section)))


_FULL_NAME = re.compile(r"[A-Z\u00c0-\u00de][\w'’-]+(?: (?:[A-Z\u00c0-\u00de][\w'’.-]*|van|von|de|der|da|di)){0,3}")
_LEAST_ACTS = 2


def _acts(reading: Reading, name: str, named: _Named) -> bool:
    """Whether a name of several words is said to have done what only people do ("reported", "was born")."""
    verbs = _pattern("verbs")
    times = 0
    for index in named.sentences[:40]:
        text = reading.sentences[index].text
        at = text.find(name)
        times += bool(at >= 0 and verbs.match(text, at + len(name) + 1))
    return times >= _LEAST_ACTS


def _join_cases(found: dict[str, _Named], reading: Reading) -> None:
    """Joins the cases of a German name ("Deutscher Bundestag", "Deutschen Bundestages") under the nominative, if the text has
    it."""
    if reading.language != "de":
        return
    groups: dict[str, list[str]] = {}
    for name in found:
        words = name.split(" ")
        if len(words) > 1:
            stem = re.sub(r"(?:e[rnms]?)$", "", words[0])
            groups.setdefault(" ".join((stem, *words[1:-1], german_base(words[-1]))), []).append(name)
    for names in groups.values():
        if len(names) > 1:
            best = min(names, key=lambda name: (_is_oblique(name), -found[name].count, name))
            every = [found.pop(name) for name in names]
            whole = found.setdefault(_strong(best, names, reading), _Named())
            whole.count += sum(each.count for each in every)
            whole.sentences = sorted({*whole.sentences, *(index for each in every for index in each.sentences)})


def _strong(best: str, names: list[str], reading: Reading) -> str:
    """A German name in the form that it has without an article: "Deutscher Bundestag" for "der Deutsche Bundestag"."""
    if not best.split(" ")[0].endswith("e"):
        return best
    text = " ".join(sentence.text for sentence in reading.sentences if best in sentence.text)
    for article, ending in (("der", "r"), ("das", "s")):
        if re.search(rf"\b{article} {re.escape(best)}\b", text, re.I):
            return best.replace(" ", f"{ending} ", 1)
    return best


def _is_oblique(name: str) -> bool:
    words = name.split(" ")
    return words[0].endswith(("en", "em")) or german_base(words[-1]) != words[-1]


def _found_at(text: str, name: str, language: str) -> int:
    """The offset of the name in a claim, -1 if it is not there. In German all grammatical cases count."""
    at = text.find(name)
    if at >= 0 or language != "de" or not text:
        return at
    words = name.split(" ")
    found = re.search(rf"{re.escape(re.sub('e[rnms]?$', '', words[0]))}\w{{0,2}} {re.escape(' '.join(words[1:]))}", text)
    return found.start() if found else -1


def _speaks_at(text: str, first: str) -> int:
    """The offset of a first name where a sentence says what that person did or said: at its beginning, or among those who say
    what follows ("Ada, James: ..."); else -1. "Ada B" is somebody else."""
    at = text.find(first)
    is_other = re.match(r"\w| [A-Z]", text[at + len(first) :]) is not None
    return at if at >= 0 and not is_other and (at == 0 or at < text.find(":") <= _LONGEST_SPEAKERS) else -1


_LONGEST_SPEAKERS, _LONGEST_ITEM = 60, 120
_NUMBER = re.compile(r"\s*#\d+\s*$")


def _with_item(sentence: Sentence, said: str) -> str:
    """What somebody said, behind the item of the agenda below which it stands; "" where that is too long to be told."""
    item = _NUMBER.sub("", plain(inline_text(sentence.lead)[0])).rstrip(" :.,;")
    return "" if len(item) > _LONGEST_ITEM else f"{item} – {said}" if item else said


def _topic(reading: Reading, claims: list[str], title: str, name: str, named: _Named, first: str) -> Topic | None:
    """The topic of a name with its best claims; `first` is the first name by which a document calls a person, "" for none."""
    scored = []
    told: dict[int, str] = {}
    for index in named.sentences:
        sentence = reading.sentences[index]
        at = _found_at(claims[index], name, reading.language)
        told[index] = claims[index]
        if at < 0 and first:
            at = _speaks_at(claims[index], first)
            told[index] = _with_item(sentence, claims[index])
        if at >= 0 and told[index]:
            score = claim_score(claims[index], is_item=sentence.is_item, leads=sentence.leads)
            score += 0.2 if at < 5 else -0.05 if at * 2 < len(claims[index]) else -0.15
            score += 0.3 if index in named.defining else 0
            scored.append((min(1.0, max(0.0, score)), index))
    best = sorted((item for item in scored if item[0] >= 0.45), key=lambda item: (-item[0], item[1]))[:_MOST_CLAIMS]
    if not best:
        return None
    chosen = tuple(
        reading.claim(i, told[i], round(score, 4), defines=i in named.defining)
        for score, i in sorted(best, key=lambda item: item[1])
    )
    defined = bool(named.defining) and (name.lower() in title.lower() or named.count >= 5)
    weight = min(1.0, 0.05 * named.count + 0.3 * defined + 0.2 * (name in title))
    return Topic(
        "entity", name, (), kind_of_name(name, named.genera, is_person=named.is_person), defined, round(weight, 4), chosen
    )
