"""The title, description, summary and outline of one document, made of its best sentences.

Invariant: every sentence is the document's own. The description is a whole sentence of the document or of its metadata, at most
`LONGEST` characters without markup, "" if there is none; unlike a claim it may speak of the document ("This manual describes
..."). The summary is in text order and covers different sections. The outline has at most `_MOST_SECTIONS` entries; deeper levels
are dropped first.
"""

import re
from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from gitkb.compile.extractive.claims import claim_score, is_mostly_figures
from gitkb.compile.extractive.definitions import find_definition
from gitkb.compile.extractive.fragments import fragment_score
from gitkb.compile.extractive.genres import minutes
from gitkb.compile.extractive.genres.notes import is_about_note, meanings, no_subject
from gitkb.compile.extractive.genres.notes import told as told_meaning
from gitkb.compile.extractive.genres.titles import by_kind
from gitkb.compile.read_document import Reading, Sentence, heading_place
from gitkb.convert.title import choose, evidence
from gitkb.model.documents import Claim, Conversion, Heading, SummarySection, TitleCandidate
from gitkb.text.headings.meetings import is_minutes
from gitkb.text.language.boilerplate import is_banner, is_boilerplate, is_licence_heading, is_structural, sums_up
from gitkb.text.language.context_dependent import is_leaning
from gitkb.text.language.detect import function_words
from gitkb.text.language.terms import tokens
from gitkb.text.markdown.prose import inline_text, picture_texts, plain

_MOST_SECTIONS, _SECTION_SENTENCES = 60, 2
Ranking = list[tuple[float, int]]
"""(score 0..1, index) of each sentence of a reading that is a claim, the best first."""
_LONGEST_TITLE = 150
_MOST_LISTED, _LONGEST_LISTED, _LEAST_LETTERS = 12, 250, 12
_CJK = ("ja", "zh", "ko")
_NUMBER = re.compile(
    r"(?:(?:Chapter|Appendix|Part|Kapitel|Anhang|Chapitre|Annexe) \w{1,5}[.:] |\d{1,3}(?:\.\d{1,3})+\.? |\d{1,3}\. |"
    r"[A-Z]\.(?:\d{1,3}\.)+ )(?=\S)"
)


def document_title(conversion: Conversion, name: str) -> TitleCandidate:
    """The title, without a number before it and of bounded length, with the reason why it is the title; `name` is the file's
    name."""
    stated = (TitleCandidate("stated", conversion.title),) if conversion.title else ()
    candidates = conversion.titles or evidence(stated, conversion.markdown, conversion.headings)
    chosen = by_kind(conversion, choose(candidates, name), candidates)
    if chosen.kind == "stated":
        return replace(chosen, text=_shorten(chosen.text))
    text = plain(inline_text(chosen.text)[0]).strip(" \t#*_") or chosen.text
    number = _NUMBER.match(text)
    return replace(chosen, text=_shorten(text[number.end() :] if number else text))


def _shorten(text: str) -> str:
    if len(text) <= _LONGEST_TITLE:
        return text
    cut = text[:_LONGEST_TITLE].rsplit(" ", 1)[0]
    return f"{cut.rstrip(' ,;:-')}…"


def document_summary(reading: Reading, claims: list[str], ranked: Ranking, title: str) -> tuple[Claim, ...]:
    """The three to eight best sentences, in text order, at most two from one section if there are others. If a document has
    headings alone, they are the summary. Minutes say first how votes went and what was decided."""
    if is_minutes(reading.headings):
        return _of_meeting(reading, claims, ranked)
    if not ranked:
        return _of_headings(reading, title)
    return _best(reading, claims, ranked)


def _best(reading: Reading, claims: list[str], ranked: Ranking) -> tuple[Claim, ...]:
    wanted = min(8, max(3, len(ranked) // 8))
    chosen: list[tuple[float, int]] = []
    for most in (2, wanted):  # from a text of one or two sections more sentences are taken of each
        taken = Counter(reading.sentences[index].section for _, index in chosen)
        for score, index in ranked:
            section = reading.sentences[index].section
            if taken[section] < most and len(chosen) < wanted and (score, index) not in chosen:
                taken[section] += 1
                chosen.append((score, index))
    return tuple(_claim(reading, claims, score, index) for score, index in sorted(chosen, key=lambda item: item[1]))


_MOST_POINTS, _FEW_POINTS, _ITEMS = 8, 3, 6


def _of_meeting(reading: Reading, claims: list[str], ranked: Ranking) -> tuple[Claim, ...]:
    """That the meeting was cancelled; else its votes and decisions, and of what was said as much as makes three points; else what
    was on the agenda."""
    if (off := minutes.cancelled(reading)) is not None:
        return (off,)
    found = minutes.results(reading)[:_MOST_POINTS]
    decided = " ".join(claim.text for claim in found)
    said = [claim for claim in _best(reading, claims, _said(reading, ranked)) if claim.text.partition(": ")[2] not in decided]
    points = (*found, *said[: max(0, _FEW_POINTS - len(found))])
    return points or tuple(minutes.agenda_claims(reading)[:_ITEMS])


def _said(reading: Reading, ranked: Ranking) -> Ranking:
    """The sentences of a meeting that were said in it, without those on how it is held."""
    spoken = any(sentence.speaker for sentence in reading.sentences)
    return [
        (score, index)
        for score, index in ranked
        if not minutes.is_held(reading, reading.sentences[index].section) and (reading.sentences[index].speaker or not spoken)
    ]


def _of_headings(reading: Reading, title: str) -> tuple[Claim, ...]:
    """The headings of a text that has nothing below them, as one line. They are neighbours in the text, so the line is found
    there again."""
    spoken = {sentence.section for sentence in reading.sentences}
    runs: list[list[Heading]] = [[]]
    for number, heading in enumerate(reading.headings):
        if heading.title.casefold() != title.casefold():
            runs[-1].append(heading)
        if number in spoken and runs[-1]:
            runs.append([])
    run = max(runs, key=len)[:_MOST_LISTED]
    titles = [plain(inline_text(heading.title)[0]).strip(" :") for heading in run]
    while len(", ".join(titles)) > _LONGEST_LISTED:
        titles.pop()
    quote = " ".join(titles)
    if sum(map(str.isalnum, quote)) < _LEAST_LETTERS:
        return ()
    return (Claim(f"{title}: {', '.join(titles)}.", heading_place(run[0]), 0.1, quote=quote),)


def document_outline(reading: Reading, claims: list[str], ranked: Ranking, title: str) -> tuple[SummarySection, ...]:
    """The headings of levels 1 to 3 with up to two sentences each."""
    ranked = _said(reading, ranked) if is_minutes(reading.headings) else ranked
    best: dict[int, list[tuple[float, int]]] = {}
    for score, index in ranked:
        held = best.setdefault(reading.sentences[index].section, [])
        if len(held) < _SECTION_SENTENCES:
            held.append((score, index))
    return tuple(
        outline_section(
            heading, tuple(_claim(reading, claims, s, i) for s, i in sorted(best.get(number, []), key=lambda item: item[1]))
        )
        for number, heading in outline_headings(reading.headings, title)
    )


def outline_headings(headings: Sequence[Heading], title: str) -> list[tuple[int, Heading]]:
    """The headings that an outline shows, with their numbers: levels 1 to 3; deeper ones are dropped if there are too many."""
    wanted = [
        (number, heading)
        for number, heading in enumerate(headings)
        if heading.level <= 3 and any(c.isalnum() for c in heading.title) and not is_licence_heading(heading.title)
    ]
    if wanted and wanted[0][1].title.strip() == title and sum(h.level == wanted[0][1].level for _, h in wanted) == 1:
        wanted = wanted[1:] if len(wanted) > 1 else wanted
    for level in (2, 1):
        if len(wanted) > _MOST_SECTIONS:
            shallow = [item for item in wanted if item[1].level <= level]
            wanted = shallow if len(shallow) > 3 else wanted
    return wanted[:_MOST_SECTIONS]


def outline_section(heading: Heading, sentences: tuple[Claim, ...]) -> SummarySection:
    """A heading of the outline with its sentences."""
    return SummarySection(heading.level, _shorten(plain(inline_text(heading.title)[0])), heading_place(heading), sentences)


def rank_sentences(reading: Reading, claims: list[str], fragments: frozenset[int] = frozenset(), *, title: str = "") -> Ranking:
    """The claims, the most central first: those with words that the document repeats, early in their section, and not too long.
    `fragments`, to which context was added, come after whole sentences; what says what the title means comes first. What says
    nothing of the subject counts only where there is nothing else."""
    passed = no_subject(reading, title) if title else frozenset()
    ranked = _ranked(reading, ["" if index in passed else text for index, text in enumerate(claims)], fragments)
    ranked = ranked or _ranked(reading, claims, fragments)
    first = {meaning.index for meaning in meanings(reading, title)} if title else set()
    return sorted(((1.0 if index in first else score, index) for score, index in ranked), key=lambda item: (-item[0], item[1]))


def _ranked(reading: Reading, claims: list[str], fragments: frozenset[int]) -> Ranking:
    contents = [content_words(text, reading.language) if text else [] for text in claims]
    counts = Counter(word for words in contents for word in set(words))
    top = max(counts.values(), default=1)
    ranked = []
    for index, words in enumerate(contents):
        if not claims[index]:
            continue
        sentence = reading.sentences[index]
        central = sum(counts[word] for word in set(words)) / (top * max(6, len(set(words))))
        if index in fragments:
            score = fragment_score(sentence, claims[index])
        else:
            score = claim_score(claims[index], is_item=sentence.is_item, leads=sentence.leads)
        score = 0.6 * score + 0.4 * min(1.0, central * 1.5) + (0.12 if sentence.rank < 2 else 0)
        structural = sentence.section >= 0 and is_structural(reading.headings[sentence.section].title)
        ranked.append((round(min(1.0, score - (0.05 if structural else 0)), 4), index))
    return sorted(ranked, key=lambda item: (-item[0], item[1]))


def content_words(text: str, language: str) -> list[str]:
    """The words of a text without function words, in small letters; pairs of characters in scripts without blanks."""
    if language in _CJK:
        return [text[i : i + 2] for i in range(len(text) - 1) if text[i : i + 2].isalnum()]
    known = function_words(language)
    return [word for token in tokens(text) if (word := token.lower()) not in known and len(word) > 2]


def _claim(reading: Reading, claims: list[str], score: float, index: int) -> Claim:
    return reading.claim(index, claims[index], score)


LONGEST = 200
_SHORTEST = {"ja": 12, "zh": 10}
_FIRST = 40
_LEAST = -0.6
_MOST = 0.35 + 0.3 + 0.4 + 0.2 + 0.35
"""The highest score of a sentence, before points are taken off for its place."""
_KINDS = (
    "package|document|paper|guide|book|manual|tutorial|module|library|crate|article|report|class|bundle|program|tool|reference|"
    "specification|project|"
    "chapter|section|page|file|feature|directory|command|function|method|error|lint|option|attribute|flag|target|driver|interface|view|catalog|"
    "repository|plugin|extension|template|theme|site|example|protocol|format|text|list"
)
_ABOUT_ITSELF = re.compile(
    rf"(?:This|The present) (?:[A-Za-z-]+ )?(?:{_KINDS}) (?:code )?(?:is|are|was|will|can|[a-z]+s)\b"
    r"|Diese[rs]? (?:Paket|Dokument|Buch|Handbuch|Anleitung|Artikel|Kapitel|Seite) "
    r"|(?:Ce|Cette) (?:document|paquet|livre|manuel|guide|article|chapitre|page) "
    r"|Est[ea] (?:documento|paquete|libro|manual|artículo|capítulo|página) "
    r"|(?:この|本)(?:文書|章|書|マニュアル|ドキュメント|ページ)|(?:本|这|這)(?:文|文档|文檔|手册|手冊|章|指南|教程)"
)
_MARKUP_LEFT = re.compile(r"[<>{}|\\]|https?:|\*\*|\?$")
# The first line of a manual page: "CREATE OPERATOR — define a new operator".
_PURPOSE = re.compile(r"(?P<name>[\w][\w .()/-]{1,60}?) (?:—|–|-|--) [^\W\d_][^<>{}|\\]{8,150}")
# What a program writes into the properties of a file: "generated using python-pptx".
_PRODUCER = re.compile(
    r"(?:This \w+ (?:was|is) )?(?:auto(?:matically)?[- ]?)?(?:generated|created|produced|exported|converted|made) "
    r"(?:using|by|with|from|in)\b",
    re.I,
)
_LEADS_ON = re.compile(r"(?:,? (?:as follows|like this|like so))?\s?:$")
_YOU = re.compile(r"\b(?:you|your|we|our|I|let's)\b", re.I)


def document_description(
    conversion: Conversion, reading: Reading, claims: list[str], title: str, fragments: frozenset[int] = frozenset()
) -> str:
    """The description; `claims` has for each sentence its text as a claim or "", `fragments` are those to which context was
    added."""
    if is_minutes(reading.headings) and (held := minutes.description(reading)):
        return held
    says = no_subject(reading, title)
    whole = ["" if i in fragments or i in says else text for i, text in enumerate(claims)]
    meaning = next((each for each in meanings(reading, title) if each.names == (title,)), None)
    described = _described(conversion, reading, whole, title, says)
    if meaning is not None and (meaning.is_close or not described) and not _states(conversion, title):
        return told_meaning(reading, meaning)
    told = ["" if i in says else text for i, text in enumerate(claims)]
    opening = described or _opening(reading, told, title) or _listed(conversion, reading, title)
    about = ["" if is_about_note(reading.sentences[i]) else text for i, text in enumerate(claims)]
    return opening or _opening(reading, about, title)


def _opening(reading: Reading, claims: list[str], title: str) -> str:
    """The first items, rows or unfinished lines of a document, for one that has no describing sentence."""
    first = next((index for index, text in enumerate(claims) if text and len(text) <= LONGEST and "\\" not in text), None)
    if first is None:
        return ""
    start = reading.sentences[first]
    prefix, _, _ = claims[first].partition(plain(start.text).strip(" ,;")[:20])
    if prefix.rstrip(" :：–").lower() == title.lower():
        prefix = ""
    prefix = prefix.removeprefix(f"{title}, ")
    parts: list[str] = []
    for index in range(first, min(first + 12, len(claims))):
        sentence = reading.sentences[index]
        text = plain(sentence.text).strip(" ,;.")
        if not claims[index] or (sentence.section, sentence.lead) != (start.section, start.lead) or ("?" in prefix and parts):
            break
        if len(prefix) + sum(len(part) + 2 for part in parts) + len(text) >= LONGEST:
            break
        parts.append(text)
    joined = prefix + "; ".join(parts)
    return f"{joined[:1].upper()}{joined[1:]}." if parts else claims[first]


def _listed(conversion: Conversion, reading: Reading, title: str) -> str:
    """The texts of headings and pictures, for a document that holds nothing else but a few words."""
    headings = [plain(inline_text(heading.title)[0]) for heading in conversion.headings]
    shown = [text for text in headings if text and text.casefold() != title.casefold() and not is_structural(text)]
    shown = shown or [text for text in picture_texts(conversion.markdown) if text.casefold() != title.casefold()]
    shown = shown or [text for s in reading.sentences[:20] if s.is_item and (text := plain(s.text).strip(" ,;."))]
    text = ""
    for part in dict.fromkeys(shown):
        if len(text) + len(part) > LONGEST - 6:
            return f"{text}, …" if text else ""
        text = f"{text}, {part}" if text else part
    return f"{text}." if text else ""


def _states(conversion: Conversion, title: str) -> str:
    """The description that the document states, as a sentence; "" if it states none that is one."""
    stated = plain(inline_text(conversion.description)[0])
    if 10 <= len(stated) <= LONGEST and stated != title and _is_clean(stated):
        return stated if stated[-1] in ".!。！…" else f"{stated}."
    return ""


def _described(conversion: Conversion, reading: Reading, claims: list[str], title: str, passed: frozenset[int]) -> str:
    """A sentence that says what the document is about, "" where there is none; those in `passed` say it not."""
    if stated := _states(conversion, title):
        return stated
    for sentence in reading.sentences[:5]:
        purpose = _PURPOSE.fullmatch(plain(sentence.text))
        if purpose and purpose["name"].lower() in title.lower() and len(purpose.group()) < LONGEST:
            return f"{purpose.group().rstrip('.')}."
    subject = set(content_words(title, reading.language))
    ranked: list[tuple[float, int, str]] = []
    told = any(text and len(text) <= LONGEST for text in claims[:_FIRST])
    titles = enumerate(reading.headings[:20])
    abstracts = {number for number, heading in titles if sums_up(heading.title)}
    for index, sentence in enumerate(reading.sentences[:_FIRST]):
        if index in passed or sentence.lead.endswith("?") or (claims[index] and not _is_clean(claims[index])):
            continue  # an answer says nothing without its question
        if (
            told
            and not claims[index]
            and not _ABOUT_ITSELF.match(plain(sentence.text))
            and is_leaning(plain(sentence.text), reading.language)
        ):
            continue
        if ranked and -min(ranked)[0] > _MOST - 0.08 * index:
            break  # no later sentence can be better
        text = claims[index] or _whole(sentence, reading.language)
        if text and len(text) <= LONGEST:
            score = _score(sentence, text, subject, reading.language) + (0.2 if claims[index] else 0) - 0.08 * index
            score += 0.35 * (sentence.section in abstracts)
            ranked.append((-score, index, text))
    best = min(ranked, default=None)
    if best is not None and -best[0] > _LEAST:
        return best[2]
    claim = next((text for text in claims if text and len(text) <= LONGEST and _is_clean(text)), "")
    first = (sentence for index, sentence in enumerate(reading.sentences[:10]) if index not in passed)
    return claim or next((text for sentence in first if (text := _introduction(sentence, reading.language))), "")


def _is_clean(text: str) -> bool:
    return not (
        is_boilerplate(text) or is_banner(text) or _MARKUP_LEFT.search(text) or _PRODUCER.match(text) or is_mostly_figures(text)
    )


def _introduction(sentence: Sentence, language: str) -> str:
    """A sentence that introduces code or a list ("A tuple is taken apart as follows:"), without what it introduces; else ""."""
    text = plain(sentence.text)
    cut = f"{_LEADS_ON.sub('', text)}."
    if sentence.is_item or not text.endswith(":") or not 25 <= len(cut) <= LONGEST or not cut[0].isupper():
        return ""
    return cut if _is_clean(cut) and not is_leaning(cut, language) else ""


def _whole(sentence: Sentence, language: str) -> str:
    """The plain text of a whole sentence, even if it refers to the sentences around it; else ""."""
    text = plain(sentence.text)
    is_long_enough = len(text) >= _SHORTEST.get(language, 25)
    return text if is_long_enough and text[-1] in ".。" and not text[0].islower() and _is_clean(text) else ""


def _score(sentence: Sentence, text: str, subject: set[str], language: str) -> float:
    about = bool(_ABOUT_ITSELF.match(text))
    words = set(content_words(text, language))
    score = 0.35 * about + 0.3 * (len(words & subject) / len(subject) if subject else 0)
    definition = find_definition(sentence.text, language)
    if definition is not None and subject & set(content_words(definition.key, language)):
        score += 0.4
    score -= 0.3 * sentence.is_item + 0.2 * bool(_YOU.search(text)) + 0.1 * (len(text) < 45)
    return score - (0.6 if not about and is_leaning(text, language) else 0)
