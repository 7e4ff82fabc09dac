"""The things to which the author gives a document or a part of their own: what its title or file name, or a whole heading, names.

Invariant: decides by this document alone. Such a thing has a page though no sentence defines it: the author's structure says that
the text below is about it. What is said there counts as said of it, also where it does not repeat the name. A heading of
a part that any document may have, an ordinary word and an act ("Managing devices") are no such things.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from gitkb.compile.extractive.candidates import Candidate
from gitkb.compile.extractive.claims import claim_text, is_order
from gitkb.compile.extractive.fragments import fragment_score
from gitkb.compile.extractive.genres.minutes import results
from gitkb.compile.extractive.genres.notes import is_about_note
from gitkb.compile.extractive.naming import is_about, leads, names, touches
from gitkb.compile.read_document import Reading, Sentence, heading_place
from gitkb.model.documents import Claim
from gitkb.text import word_lists
from gitkb.text.headings.labels import MEANINGS, label_kind
from gitkb.text.language.boilerplate import bare_heading, is_structural
from gitkb.text.language.context_dependent import is_leaning
from gitkb.text.language.detect import function_words
from gitkb.text.language.named_in_titles import agenda_line, is_name_like
from gitkb.text.language.word_classes import has_general_head, is_common, is_general_noun, is_verb_form, may_head
from gitkb.text.markdown.prose import inline_text, plain

_ORDINARY_TITLE, _ORDINARY_HEADING, _ORDINARY_IN_PASSING = 5.0, 4.7, 4.0
"""Zipf frequencies from which a single word is too common to be what a title gives a document to, or a heading a part: where the
text goes on about it, and where it hardly does."""
_MOST_SENTENCES = 8
_LEAST = 2
NOTE = 40
"""A document of fewer sentences is a note: all of it is about its title."""
_FEWEST_WORDS, _FEWEST_NEAR, _GOOD_FRAGMENT = 6, 4, 0.36
_SHORTEST = 24
_OFTEN, _SOME, _LONG = 5, 3, 3


def has_own_part(reading: Reading, candidate: Candidate) -> bool:
    """Whether the title names the term alone, or a heading does."""
    is_subject = _is_subject(candidate)
    if not is_subject and not candidate.own_sections:
        return False
    key, language = candidate.key, reading.language
    if (
        is_structural(key)
        or _COUNTED.match(key)
        or (_OF_SERIES.search(key) and not any(map(is_name_like, candidate.written[:1])))
    ):
        return False
    if language == "en" and " " in key and key.rpartition(" ")[2] in word_lists.words("general_words", "en", "documents"):
        return False  # what a document is, and not what it is about: "User metrics definitions"
    if candidate.is_listed:
        return True
    if language == "de" and candidate.written and candidate.written[-1].islower() and key.endswith("en"):
        return False  # an act: "Viewlets überschreiben"
    if language != "en" and (has_general_head(key, language) or _ACTS.match(key)):
        return False
    words = key.split(" ")
    return _phrase_may_have_part(words, candidate, language) if len(words) > 1 else _word_may_have_part(candidate, language)


def _is_subject(candidate: Candidate) -> bool:
    return candidate.is_subject or (candidate.leads_title and candidate.count >= _SOME)


_ACTS = re.compile(r"\w{3,}(?:are|ere|ire) \w")
"""An Italian infinitive with what it acts upon ("applicare lo strategy pattern")."""


_COUNTED = re.compile(r"(?:l|lec|lecture|lesson|lezione|leçon|week|day|session|unit|vorlesung|woche|hw|homework) ?\d+\b")
"""What counts lessons names none of what they are about ("L10 programming")."""


_OF_SERIES = re.compile(r"\b(?:v?\d[\d.]*|(?:19|20)\d\d)$")
"""What tells a document of a series from the others names no thing ("Report 2019", "Guide v2"), but for names ("wav2vec 2.0")."""
_VERSION = re.compile(r"\bv\d+$")


def _is_of_series(candidate: Candidate) -> bool:
    if not _OF_SERIES.search(candidate.key):
        return False
    return bool(_VERSION.search(candidate.key)) or not any(map(is_name_like, candidate.written[:1]))


def _phrase_may_have_part(words: list[str], candidate: Candidate, language: str) -> bool:
    if candidate.count == 0 and sum(word not in function_words(language) for word in words) > _LONG:
        return False  # what the document says in its title and nowhere else: "Cloudflare access using Entitle"
    is_led = candidate.is_subject and candidate.leads_title
    if candidate.count < _SOME and not is_led and all(is_general_noun(word, language) for word in words):
        return False
    if candidate.count == 0 and not candidate.is_subject and ("and" in words or len(words) > _LONG):
        return False  # the text itself does not use it
    if candidate.count == 0 and language == "en" and (words[0].endswith("ing") or not may_head(words[-1], language)):
        return False  # an act: "Monitoring Docker daemons"
    return _is_subject(candidate) or len(candidate.own_sections) < _SOME


def _word_may_have_part(candidate: Candidate, language: str) -> bool:
    key, is_subject = candidate.key, _is_subject(candidate)
    if "/" in key:
        return False  # an address, and no name
    if "-" in key or (is_subject and candidate.written and candidate.written[0].isupper() and len(key) > 1):
        return True
    if is_general_noun(key, language) or (language == "en" and is_verb_form(key) and not candidate.has_plural):
        return False
    if language != "de" and _is_unusual(candidate):
        return True
    if key.endswith("ing") and language == "en" and not is_subject:
        return False
    limit = _ORDINARY_TITLE if candidate.is_subject else _ORDINARY_HEADING if candidate.count >= _OFTEN else _ORDINARY_IN_PASSING
    return not is_common(key, language, limit)


def own_sentences(reading: Reading, candidate: Candidate) -> frozenset[int]:
    """The sentences of the parts that the author gives the term: those below its headings, or the first ones of its document."""
    sections = set(candidate.own_sections)
    if candidate.is_subject:
        is_note = len(reading.sentences) < NOTE or reading.is_deck
        sections.update(range(-1, len(reading.headings)) if is_note else _opening(reading))
    found = [index for index, sentence in enumerate(reading.sentences) if sentence.section in sections]
    if reading.is_deck and not candidate.is_subject:  # what stands on a slide below its title, and not on those behind it
        pages = {reading.sentences[index].section: reading.sentences[index].page for index in reversed(found)}
        found = [index for index in found if reading.sentences[index].page == pages[reading.sentences[index].section]]
    named = candidate.sentences[:_MOST_SENTENCES] if candidate.is_subject else ()
    return frozenset((*found[: _MOST_SENTENCES * max(1, len(sections))], *named))


class OwnClaim(Struct, frozen=True):
    """What a sentence of a term's own part says, with what the next one adds (`more`); `quote`: its words as they stand, where
    the text has others too."""

    text: str
    more: str = ""
    defines: bool = False
    quote: str = ""


def own_claims(reading: Reading, candidate: Candidate, claims: Sequence[str], own: frozenset[int]) -> dict[int, OwnClaim]:
    """What the sentences of a term's own part say of it, by index: claims, and what is one only there. A sentence that goes on
    about the one before it ("This policy pays ...") is told with it."""
    found: dict[int, OwnClaim] = {}
    told = -1
    for index in sorted(own):
        if index <= told:
            continue
        text = claims[index] or _claim_there(reading, index)
        if not text:
            if (opening := _pointing_opening(reading, candidate, index)) is not None:
                found[index] = opening
            continue
        if not _belongs(reading, candidate, index, text):
            continue
        more = _continuation(reading, claims, index, text)
        told = index + 1 if more else index
        found[index] = OwnClaim(text, f" {more}", quote=f"{text} {more}") if more else OwnClaim(text)
    return found


def _claim_there(reading: Reading, index: int) -> str:
    """What a sentence of a part says that is a claim only there: one in which the author says "we" or "our", or a short one."""
    sentence = reading.sentences[index]
    if (
        sentence.kind != "text"
        or sentence.lead
        or (sentence.page and not reading.is_deck)
        or (reading.language == "en" and is_order(sentence.text))
    ):
        return ""
    if _ENDS_OPEN.search(sentence.text):
        return ""
    text = (
        _THERE_ARE.sub("The rule has", _THIS_RULE.sub("the rule", sentence.text))
        if sentence.rank and reading.language == "en"
        else sentence.text
    )
    whole = claim_text(text, reading.language, leads=sentence.leads, least=_SHORTEST, may_say_we=True)
    return plain(sentence.text) if whole else ""


_THIS_RULE = re.compile(
    r"\b(?:this|these) (?:(?:type|kind|period) of )?(?:policy|scheme|benefit|leave|budget|plan|program(?:me)?|service|allowance|"
    r"perk|insurance|cover|fund|account|team|role|tool|rule|award|bonus|grant|device|event|meeting|review|process)\b"
)
_THERE_ARE = re.compile(r"There (?:is|are)\b")
"""With what a sentence points at the very thing that its part is about: the heading says which."""
_ENDS_OPEN = re.compile(r"\b(?:this|that|these|those|it|them|so)\.$")
_GOES_ON = {
    "en": re.compile(r"(?:This|These|They|It)\b(?! (?:is|was|are) (?:why|where|how|because|done|not)\b)"),
    "de": re.compile(r"(?:Diese[rs]?|Dies|Sie|Er|Es)\b"),
}
"""How a sentence begins that says more of what the one before it speaks of."""
_LONGEST_PAIR = 280


def _continuation(reading: Reading, claims: Sequence[str], index: int, text: str) -> str:
    """The next sentence of a paragraph, if it goes on about the same and is no claim without it; else ""."""
    if index + 1 >= len(reading.sentences) or claims[index + 1] or text != plain(reading.sentences[index].text):
        return ""
    sentence, following = reading.sentences[index], reading.sentences[index + 1]
    goes_on = _GOES_ON.get(reading.language)
    if goes_on is None or following.kind != "text" or sentence.kind != "text" or following.leads or following.lead:
        return ""
    more = plain(following.text)
    if following.section != sentence.section or not goes_on.match(more) or len(text) + len(more) > _LONGEST_PAIR:
        return ""
    bare = goes_on.sub(_STANDING[reading.language], following.text, count=1)
    return more if claim_text(bare, reading.language, leads=False, least=_SHORTEST, may_say_we=True) else ""


_STANDING = {"en": "The rule", "de": "Die Regel"}
"""What stands for the word that points back, when a sentence is looked at whether it is whole."""
_POINTING = {
    "en": re.compile(
        r"(?:This|These) (?:is|are|means?|refers? to|covers?|consists? of)\b"
        r"(?! (?:why|where|how|when|what|because|done|not|especially|particularly|usually|often|also|currently|still|only|just|"
        r"based|used|the same|similar|to|in|on|by|at|up|your|possible|worth|\w+ed|\w+ (?:to|that)|[\w ]{0,30}(?:list|page|"
        r"section|document|template|draft|guide|question|place|information))\b)"
    ),
    "de": re.compile(
        r"(?:Dies|Das|Es|Diese[rs]?) (?:ist|sind|bedeutet|bezeichnet|umfasst|beinhaltet)\b(?! (?:nicht|auch|wichtig|zu|in)\b)"
    ),
}
"""How the first sentence below a heading begins that says what the heading names."""


def _pointing_opening(reading: Reading, candidate: Candidate, index: int) -> OwnClaim | None:
    """What the first sentence below a term's heading says of it, pointing at the heading: "This is paid time off when ..."."""
    sentence, pattern = reading.sentences[index], _POINTING.get(reading.language)
    if pattern is None or sentence.rank or sentence.kind != "text" or sentence.lead or sentence.page:
        return None
    if sentence.section not in candidate.own_sections or not candidate.written or is_step(reading, candidate):
        return None
    said = plain(sentence.text)
    if not pattern.match(said):
        return None
    name = " ".join(candidate.written)
    whole = f"{name}{sentence.text[len(said.split(' ', 1)[0]) :]}"
    if not claim_text(whole, reading.language, leads=True, may_say_we=True):
        return None
    return OwnClaim(f"{name[:1].upper()}{name[1:]}: {said}", defines=True, quote=said)


def _belongs(reading: Reading, candidate: Candidate, index: int, text: str) -> bool:
    """Whether a sentence of a term's own part says something of the term: it names it, or it is the first below the heading of an
    entry, or it tells a fact there, or in a note it has a word of what the note is about."""
    if names(candidate, text):
        return True
    sentence = reading.sentences[index]
    if candidate.is_subject and len(reading.sentences) < NOTE and touches(candidate, text):
        return True
    is_entry = sentence.section in candidate.own_sections and not is_step(reading, candidate)
    return is_entry and (sentence.rank == 0 or (sentence.rank < _NEAR and facts(text, reading.language) > 0))


_NEAR = 6


def facts(text: str, language: str) -> int:
    """How many words of a text say how much, how often, how long or who is entitled, each once."""
    found = word_lists.pattern("facts", language, "facts")
    return len(set(found.findall(text.lower()))) if found is not None else 0


def fragments_of(reading: Reading, candidate: Candidate, own: frozenset[int], fragments: Mapping[int, str]) -> tuple[Claim, ...]:
    """What a note or slides about a term say in items and unfinished lines, with their context: the best few, in text order."""
    if reading.is_deck:
        return _of_slides(reading, candidate, own, fragments)
    if not candidate.is_subject:
        return ()
    told = [index for index in sorted(own) if _tells(reading, index, fragments.get(index, ""))]
    good = [
        index
        for index in told
        if _distance(reading, index) < _OPENS or fragment_score(reading.sentences[index], fragments[index]) >= _GOOD_FRAGMENT
    ]
    chosen = sorted(good, key=lambda index: (_distance(reading, index), index))[:_MOST_FRAGMENTS]
    return tuple(
        reading.claim(index, fragments[index], 0.4 + 0.01 * (_MOST_FRAGMENTS - place)) for place, index in enumerate(chosen)
    )


_MOST_FRAGMENTS, _OPENS, _FAR = 3, 2, 3


def _distance(reading: Reading, index: int) -> int:
    """How far a line of a note is from what its subject is: 0 where a heading says so ("What it is"), 1 where one says how or
    why, then the lines that open the note, then all others."""
    sentence = reading.sentences[index]
    heading = reading.headings[sentence.section].title if sentence.section >= 0 else ""
    kinds = [label_kind(text) for text in (sentence.label, sentence.lead, heading) if text]
    if "what" in kinds:
        return 0
    if any(kind in MEANINGS for kind in kinds):
        return 1
    return _OPENS if sentence.section < 0 else _FAR


_ON_SLIDES, _FEWEST_ON_SLIDE = 3, 4


def _of_slides(reading: Reading, candidate: Candidate, own: frozenset[int], fragments: Mapping[int, str]) -> tuple[Claim, ...]:
    """What stands on slides below a title that names a term: the first items that are words enough, if there are some."""
    told = [index for index in sorted(own) if fragments.get(index) and _is_point(reading.sentences[index], reading.language)]
    if not candidate.is_subject and (len(told) < _ON_SLIDES or not _is_entry(reading, candidate)):
        return ()
    return tuple(reading.claim(index, fragments[index], 0.4) for index in told[:_ON_SLIDES])


_BULLET = re.compile(r"[•▸▪●‣–-] ?(?=\w)")
_CREDIT = re.compile(r"(?:photo|image|source|credits?|notes?|foto|bild|quelle|©)\b", re.I)


def _is_point(sentence: Sentence, language: str) -> bool:
    """Whether a line of a slide is a point of it, and words enough to say something."""
    text = plain(sentence.text)
    bare = _BULLET.sub("", text, count=1)
    if sentence.kind not in ("item", "pair") and bare == text:
        return False
    return (
        len(bare.split()) >= _FEWEST_ON_SLIDE
        and not (_FORMULA.search(bare) or _CREDIT.match(bare) or "©" in bare)
        and not is_leaning(bare, language)
    )


def _tells(reading: Reading, index: int, text: str) -> bool:
    """Whether a fragment is words enough to say something of what its note is about, and no beginning of what follows it."""
    sentence = reading.sentences[index]
    own = plain(sentence.text)
    words = own.split()
    fewest = _FEWEST_NEAR if _distance(reading, index) < _OPENS else _FEWEST_WORDS
    if sentence.kind not in ("text", "item", "pair") or len(words) < fewest or _FORMULA.search(own):
        return False
    if _OPENS_ITEMS.search(own) or _OF_OTHERS.match(own):
        return False
    return bool(text) and not is_leaning(own, reading.language) and not is_about_note(sentence)


_FORMULA = re.compile(r"[$\\=]|\?$|:$|\.\.\.|…")
_OPENS_ITEMS = re.compile(
    r"\b(?:of|an?|the|and|or|with|to|from|for|by|as|that|which|is|are|der|die|das|ein|eine|und|oder|von|mit|zu|des)\.?$", re.I
)
"""A line that ends so is the beginning of the items below it ("a function that returns a dictionary of")."""
_OF_OTHERS = re.compile(r"(?:if|when|once|until|while|unless) (?:s?he|they|it|this|that|these|those)\b", re.I)


def agenda_claims(reading: Reading, candidate: Candidate) -> tuple[Claim, ...]:
    """What an agenda and the minutes below it say of a term that its headings name: the votes with their figures and what was
    decided, else when it came up and what became of it."""
    found: list[Claim] = []
    told = results(reading)
    for section in sorted(candidate.agenda)[:_LEAST]:
        heading = reading.headings[section]
        place = heading_place(heading)
        decided = [claim for claim in told if claim.place == place and names(candidate, claim.text)]
        if decided:
            found.append(replace(decided[0], score=_OF_AGENDA))
            continue
        text, shown = agenda_line(heading.title), plain(inline_text(heading.title)[0])
        if len(text) > len(candidate.key) + 2:
            found.append(Claim(text, place, _OF_AGENDA, quote="" if text[:-1] in shown else shown))
        outcomes = (
            index
            for index, sentence in enumerate(reading.sentences)
            if sentence.section == section and _OUTCOME.search(sentence.text) and len(sentence.text) <= _LONGEST_OUTCOME
        )
        found.extend(
            reading.claim(index, plain(reading.sentences[index].text), _OF_AGENDA - 0.01) for index in islice(outcomes, 1)
        )
    return tuple(found)


_OF_AGENDA, _LONGEST_OUTCOME = 0.6, 120
_OUTCOME = re.compile(
    r"^(?:the )?(?:\w+ )?(?:poll|vote|motion|proposal) "
    r"(?:passe[sd]|fails|failed|carrie[sd]|is (?:accepted|rejected)|moves to)|"
    r"^consensus (?:is|was) |^(?:moved|advanced|advances) to (?:phase|stage)",
    re.I,
)
"""How the line begins that says what became of an item."""


def is_settled(reading: Reading, candidate: Candidate, claims: Sequence[Claim]) -> bool:
    """Whether what stands in a term's own part, of which `claims` were chosen, is enough for a page."""
    if candidate.is_listed:
        return len(claims) > 0
    if candidate.is_subject and len(reading.sentences) < NOTE and len(claims) >= _LEAST and not reading.is_deck:
        return True  # what a note says is about its title, and seldom names it
    if reading.is_deck and not candidate.is_subject and len(claims) >= _ON_SLIDES:
        return _is_entry(reading, candidate)  # the slides of a deck are about many things, and not about its title alone
    if _is_subject(candidate) and _titles(candidate, claims):
        return True
    is_argument = is_step(reading, candidate)
    if not is_argument and len(claims) >= _LEAST and _opens_part(reading, candidate, claims):
        return any(names(candidate, claim.text) for claim in claims)
    if is_about(candidate, claims, reading.language, is_argument=is_argument):
        return True
    return not is_argument and _says_enough(reading, candidate, claims)


_NAMES_WELL, _GOOD = 0.42, 0.66


def _titles(candidate: Candidate, claims: Sequence[Claim]) -> bool:
    """Whether a document that its title gives to a term says two things of it by name, or one good one and another."""
    named = [claim for claim in claims if claim.score >= _NAMES_WELL and names(candidate, claim.text)]
    about = [claim for claim in claims if claim.score >= _NAMES_WELL and touches(candidate, claim.text)]
    return len(named) >= _LEAST or (len(about) >= _LEAST and any(claim.score >= _GOOD for claim in about))


_ENOUGH, _LEAST_LETTERS, _MOST_FACTS = 3, 140, 2


def _says_enough(reading: Reading, candidate: Candidate, claims: Sequence[Claim]) -> bool:
    """Whether the part of an entry of a handbook says so much of what its heading names that somebody would look it up: facts, or
    what it is. A part of what the document is about ("Responsibilities") and a tip ("Keep lines short") are no such entries."""
    if candidate.is_subject or not _is_entry(reading, candidate):
        return False
    language = reading.language
    told = sum(len(claim.text) for claim in claims) + _LEAST_LETTERS * any(facts(claim.text, language) for claim in claims)
    if told < _LEAST_LETTERS:
        return False
    points = sum(
        2 * claim.defines
        + names(candidate, claim.text)
        + min(_MOST_FACTS, facts(claim.text, language))
        + leads(candidate, claim.text, language)
        for claim in claims
    )
    return points >= _ENOUGH and any(claim.defines or touches(candidate, claim.text) for claim in claims)


def _is_entry(reading: Reading, candidate: Candidate) -> bool:
    """Whether a term's heading stands among headings that name things, as the entries of a handbook do, and not among tips."""
    language = reading.language
    words = candidate.key.split(" ")
    if is_general_noun(words[-1], language) or (language == "en" and _is_act(words[0])):
        return False
    return not any(_acts_around(reading, section) for section in candidate.own_sections)


def _acts_around(reading: Reading, section: int) -> bool:
    """Whether most headings beside one tell somebody to do something."""
    if reading.language != "en":
        return False
    level = reading.headings[section].level
    beside = []
    for number in range(section, -1, -1):
        if reading.headings[number].level < level:
            break
        beside += [number] * (reading.headings[number].level == level)
    for number in range(section + 1, len(reading.headings)):
        if reading.headings[number].level < level:
            break
        beside += [number] * (reading.headings[number].level == level)
    opening = [bare_heading(reading.headings[number].title).split(" ")[0].lower() for number in beside]
    return sum(map(_is_act, opening)) * 2 > len(opening)


def _is_act(word: str) -> bool:
    """Whether a heading that begins with a word tells somebody to do something, or asks."""
    return (is_verb_form(word) and not word.endswith(("s", "ed"))) or (len(word) > 5 and word.endswith("ing")) or word in _ASKING


_ASKING = frozenset(
    {"how", "what", "when", "where", "who", "why", "which", "do", "does", "don't", "can", "is", "are", "if", "never", "always"}
)


def _opens_part(reading: Reading, candidate: Candidate, claims: Sequence[Claim]) -> bool:
    """Whether one of the claims is the first sentence below a heading that names the term."""
    said = {claim.text for claim in claims}
    return any(
        sentence.rank == 0 and sentence.section in candidate.own_sections and plain(sentence.text) in said
        for sentence in reading.sentences
    )


def _opening(reading: Reading) -> Iterator[int]:
    """The sections with which a document begins: above the first heading, its title's, and the part that leads in."""
    yield -1
    for number, heading in enumerate(reading.headings[:3]):
        yield number
        if heading.level > 1 or not is_structural(heading.title):
            return


def is_step(reading: Reading, candidate: Candidate) -> bool:
    """Whether the term's headings are steps of an argument ("3.2 Training data") and no entries of a handbook."""
    if candidate.is_subject or candidate.leads_title:
        return False
    headings = [reading.headings[section] for section in candidate.own_sections]
    is_numbered = any(not heading.title.lstrip().startswith(bare_heading(heading.title)) for heading in headings)
    return is_numbered or any(
        not reading.is_deck and sentence.page and not sentence.page.startswith("sheet") for sentence in reading.sentences[:3]
    )


def _is_unusual(candidate: Candidate) -> bool:
    """Whether the text writes a single word as a name wherever it stands."""
    forms = candidate.forms
    return bool(forms) and all(form[0][0].isupper() for form in forms) and sum(forms.values()) > 1


def is_name_throughout(candidate: Candidate, language: str) -> bool:
    """Whether the text writes a term as a name within its sentences, and not all in capitals."""
    if language == "de":
        return False  # a capital tells a noun
    words = [word for form in candidate.forms for word in form]
    return bool(words) and all(word[0].isupper() for word in words) and not all(word.isupper() for word in words)
