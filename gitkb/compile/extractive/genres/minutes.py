"""What minutes of a meeting say by their form: what was on the agenda, how votes went and what was decided, and who speaks.

Invariant: all words stand in the document; a vote's figures stand behind the heading or the question that was put. A document is
minutes only if two of its headings are such as agendas and minutes have.
"""

import re
from collections.abc import Iterator

from gitkb.compile.read_document import Reading, Sentence, heading_place
from gitkb.model.documents import Claim, Conversion
from gitkb.text.headings.meetings import is_heading, is_meeting_part, pattern
from gitkb.text.language.boilerplate import bare_heading
from gitkb.text.markdown.prose import inline_text, plain

_BESIDE = re.compile(
    r"\s*\([^()]*(?:\bmin(?:ute)?s?\b|\bslides?\b|\bissue\b)[^()]*\)\s*$|\s*\((?:[A-Z][\w.'’-]+(?:,? (?:& |and )?)?){2,8}\)\s*$"
)
_ADDRESS = re.compile(r":?\s*\(?https?://\S+|(?<=\))\s+slides$", re.I)
_YEAR = re.compile(r"(?<![\d/.-])(?:19|20)\d\d(?![\d/])")
_MONTH = re.compile(
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|januar|februar|märz|mai|juni|juli|oktober|dezember|janvier|février|"
    r"mars|avril|juin|juillet|août)\w*\b",
    re.I,
)
_BEGINNING, _LONGEST, _LONGEST_QUESTION, _NEAR, _LEAST_LETTERS = 1_500, 200, 160, 3, 12
_FIGURE = re.compile(r"(?P<label>[^\W\d][^\d:]{0,18}?)(?: – [\w ]{1,12}:|:|\s?\|)? ?(?P<figure>\d{1,4})\b(?P<rest>[^.]{0,40})")
_DOUBTS = re.compile(r"^(?:if|wenn|si|I|seems|on the)\b|\b(?:disagree|would|should|could|sollte|würde)\b", re.I)
_QUESTION = re.compile(r"\W*(?:straw )?(?:poll|vote|motion|phase \d poll|abstimmung)\b[^:]{0,30}: ?(?P<asked>\S.*)", re.I)


def is_held(reading: Reading, section: int) -> bool:
    """Whether a section of minutes says how the meeting is held, and not what was said: above the first heading of what was, or
    below one on house-keeping."""
    if section < 0:
        return True
    heading = reading.headings[section].title
    return any(is_heading(kind, heading) for kind in ("house", "people", "agenda", "titles"))


def description(reading: Reading) -> str:
    """That the meeting was cancelled, else what was on its agenda, as many items as fit; "" if nothing is named."""
    if (off := cancelled(reading)) is not None:
        return off.text
    items = agenda(reading)
    shown: list[str] = []
    for item in items:
        if len("; ".join((*shown, item))) > _LONGEST - 3:
            break
        shown.append(item)
    rest = "; …" if len(shown) < len(items) else "."
    return f"{'; '.join(shown)}{rest}" if shown else f"{items[0][: _LONGEST - 2].rsplit(' ', 1)[0]} …" if items else ""


def meeting_title(conversion: Conversion) -> str:
    """The heading above all others that names the meeting, with the year if it says the month alone; "" if there is none."""
    for heading in conversion.headings[:3]:
        title = plain(inline_text(heading.title)[0]).strip()
        if is_heading("titles", title) and heading.level <= 2:
            year = _YEAR.search(conversion.markdown[:_BEGINNING])
            return f"{title} ({year[0]})" if year and _MONTH.search(title) and not _YEAR.search(title) else title
    return ""


def agenda(reading: Reading) -> list[str]:
    """The names of what a meeting spoke of: its headings, else the items of its agenda."""
    named = [each for heading in reading.headings if (each := _item(heading.title)) and not is_meeting_part(heading.title)]
    named = named or [text for _, text in _listed(reading)]
    return list(dict.fromkeys(named))


def _item(heading: str) -> str:
    """What a heading or an item of an agenda names, without its number, who speaks and how long."""
    text = bare_heading(re.sub(r"\s*\((?:\[|https?:)[^()]*\)?\)?\s*$", "", plain(inline_text(heading)[0])))
    text = f"{text})" if text.count("(") > text.count(")") else text
    text = _BESIDE.sub("", _BESIDE.sub("", _ADDRESS.sub("", text)))
    return text.strip(" ,:;.-–")


def cancelled(reading: Reading) -> Claim | None:
    """The sentence that says that the meeting was not held."""
    for index, sentence in enumerate(reading.sentences):
        text = plain(sentence.text).strip()
        if len(text) <= _LONGEST and pattern("cancelled").search(text.lower()):
            return reading.claim(index, text if text.endswith(".") else f"{text}.", 0.9)
    return None


def results(reading: Reading) -> list[Claim]:
    """The votes with their figures, and the sentences that say what was decided, in text order."""
    found: list[Claim] = []
    index = 0
    while index < len(reading.sentences):
        sentence = reading.sentences[index]
        figures, end = _figures(reading, index)
        if figures:
            found.append(_vote(reading, index, end, figures))
            index = end
            continue
        text = plain(sentence.text)
        if _decides(sentence, text):
            found.append(reading.claim(index, _with_heading(reading, sentence, sentence.spoken(text)), 0.85))
        index += 1
    return found


def _decides(sentence: Sentence, text: str) -> bool:
    """Whether a sentence says what was decided; what one would propose or does not agree to is no decision."""
    said = text.removeprefix(f"{sentence.speaker}: ")
    return (
        sentence.kind in ("text", "item", "pair")
        and 12 <= sum(map(str.isalnum, text)) <= _LONGEST
        and not text.endswith("?")
        and not _DOUBTS.search(said)
        and bool(pattern("decisions").search(said.lower()))
    )


def _figures(reading: Reading, start: int) -> tuple[list[tuple[str, str]], int]:
    """(label, figure) of the vote that begins with a sentence, and the index behind it; a vote has two sides at least."""
    first = reading.sentences[start]
    figures: list[tuple[str, str]] = []
    end = start
    while end < len(reading.sentences) and reading.sentences[end].section == first.section:
        more = list(_in_row(plain(reading.sentences[end].text)))
        if not more:
            break
        figures += more
        end += 1
    return (figures, end) if len(figures) > 1 else ([], start)


def _in_row(text: str) -> Iterator[tuple[str, str]]:
    """The figures of a line ("SF: 22"), or of a row with a head ("SF 17 – F: 11; N: 4"); none if it has other words."""
    first, dash, rest = text.partition(" – ")
    parts = [first, *rest.split("; ")] if dash and re.search(r"\d$", first) else [text]
    found = [_FIGURE.fullmatch(part.strip()) for part in parts]
    if all(each and pattern("votes").fullmatch(each["label"].strip().lower()) for each in found):
        yield from ((each["label"].strip(), f"{each['figure']}{each['rest']}") for each in found if each)


def _vote(reading: Reading, start: int, end: int, figures: list[tuple[str, str]]) -> Claim:
    told = ", ".join(f"{label} {figure}" for label, figure in figures)
    first = reading.sentences[start]
    asked = ""
    for before in reversed(reading.sentences[max(0, start - _NEAR) : start]):
        question = _QUESTION.match(plain(before.text))
        if question and before.section == first.section and len(question["asked"]) <= _LONGEST_QUESTION:
            asked = question["asked"].strip(" :.")
            break
    if first.kind != "row" or end - start > 1:
        quote = " ".join(each.quote or plain(each.text) for each in reading.sentences[start:end])
    else:
        labels, values = zip(*figures, strict=True)
        quote = f"{' | '.join(labels)} {' | '.join(values)}"
    return Claim(f"{asked or _heading(reading, first) or 'Vote'}: {told}.", reading.place(first), 0.9, quote=quote)


def _with_heading(reading: Reading, sentence: Sentence, text: str) -> str:
    heading = _heading(reading, sentence)
    told = text if text.endswith((".", "!")) else f"{text.rstrip(' ,;:')}."
    return f"{heading}: {told}" if heading and len(heading) <= _LONGEST_QUESTION else told


def _heading(reading: Reading, sentence: Sentence) -> str:
    """What the section of a sentence is about, "" if its heading is one that any minutes have."""
    heading = reading.headings[sentence.section].title if sentence.section >= 0 else ""
    return "" if is_meeting_part(heading) else _item(heading)


def agenda_claims(reading: Reading) -> list[Claim]:
    """What was on the agenda, as claims, where nothing was written down below it."""
    claims = [
        Claim(f"{text}.", heading_place(heading), 0.3)
        for heading in reading.headings
        if (text := _item(heading.title)) and not is_meeting_part(heading.title) and sum(map(str.isalnum, text)) >= _LEAST_LETTERS
    ]
    return claims or [
        reading.claim(index, f"{text}.", 0.3) for index, text in _listed(reading) if sum(map(str.isalnum, text)) >= _LEAST_LETTERS
    ]


def _listed(reading: Reading) -> Iterator[tuple[int, str]]:
    """The items of an agenda, without those that any meeting has: (index of the sentence, what it names)."""
    for index, sentence in enumerate(reading.sentences):
        if not sentence.is_item or sentence.section < 0 or not is_heading("agenda", reading.headings[sentence.section].title):
            continue
        is_named = (not sentence.lead or is_heading("parts", sentence.lead)) and not is_meeting_part(sentence.text)
        if is_named and (text := _item(sentence.text)):
            yield index, text
