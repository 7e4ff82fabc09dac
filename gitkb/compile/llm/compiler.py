"""The compiler that asks a model: a digest made of a model's replies, each sentence of which the document supports.

Invariant: a pure function of the conversion, the settings and the replies. What it asks depends on the document's text and the
settings alone, never on its name, on other documents or on the knowledge base. Nothing of a reply gets into a digest unless a
sentence of the text supports it. Title and description name no sentence: they are taken from a model only if the document has
their words, numbers and names. What a reply has too little of is filled with what the extractive compiler finds (`fallback.py`).
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from gitkb.compile.extractive.compiler import digest_of
from gitkb.compile.extractive.summary import LONGEST as LONGEST_DESCRIPTION
from gitkb.compile.extractive.summary import document_title, outline_headings, outline_section
from gitkb.compile.grounding.facts import content_stems, names
from gitkb.compile.grounding.quote import numbers
from gitkb.compile.llm.examples import example_of
from gitkb.compile.llm.fallback import DESCRIPTION, TITLE, held_up
from gitkb.compile.llm.model_settings import ModelSettings
from gitkb.compile.llm.numbering import numbered_parts
from gitkb.compile.llm.parts import Part, split_parts
from gitkb.compile.llm.prompts import HOUSE_NAMES, QUOTED, digest_rules, digest_schema, fenced, in_language
from gitkb.compile.llm.reduction import Reduced, reduce_parts
from gitkb.compile.llm.statements import (
    Ground,
    GroundedClaim,
    compiler_of,
    document_text,
    ground_of,
    is_fragment,
    leans,
    objects_of,
    plain_words,
    reply_object,
    sentence,
    text_of,
)
from gitkb.compile.llm.subjects import Subject, read_subjects, united
from gitkb.compile.read_document import Reading, read_document
from gitkb.convert.title import WEAK, good_title
from gitkb.formats.glossary import spoken_of
from gitkb.llm.requests import Message, Request, Unanswered
from gitkb.model.documents import Claim, Conversion, Digest, SummarySection, TitleCandidate
from gitkb.text.language.boilerplate import is_structural
from gitkb.text.language.detect import detect_language

_LONGEST_TITLE = 150
_MOST_SENTENCES = 2
_MOST_SUBJECTS = 12
_SHARE = 0.6
_LEAST_SAID = 3
"""So many words a description has that mean something: "A user who is a user of the server" has two."""


def titled(suggested: str, ground: Ground, own: TitleCandidate) -> TitleCandidate:
    """The title: the document's `own` where it has one, else a model's if the text has its words, else the file's name."""
    title = plain_words(suggested, _LONGEST_TITLE)
    says = len(content_stems(title, ground.language)) > 1 or bool(names(title, ground.language))
    if own.kind not in WEAK or not says or not good_title(title) or is_structural(title) or not ground.source.has(title):
        return own
    return TitleCandidate("opening", title, "a model's choice of the text's own words")


def described(suggested: str, reading: Reading, ground: Ground, rules: Digest) -> str:
    """A model's description if it says something, in numbers, names and (mostly) words that the document has, of what the rules
    found to be the subject; else ""."""
    text = sentence(suggested)
    if not text or len(text) > LONGEST_DESCRIPTION or leans(text, ground.language) or is_fragment(text, ground.language):
        return ""
    named = [topic.name for topic in rules.topics[:_MOST_SUBJECTS]]
    subject = content_stems(" ".join((rules.title, rules.description, *named)), ground.language)
    said = content_stems(text, ground.language)
    return text if len(said) >= _LEAST_SAID and _is_of(text, reading, ground) and (not subject or subject & said) else ""


def _is_of(text: str, reading: Reading, ground: Ground) -> bool:
    source, language = ground.source, reading.language
    if not all(source.has(number) for number in numbers(text)) or not all(source.has(name) for name in names(text, language)):
        return False
    said = content_stems(text, language)
    there: set[str] = set()
    for each in reading.sentences:
        there |= said & content_stems(each.text, language)
        if len(there) >= _SHARE * len(said):
            return True
    return False


def outline_of(
    ground: Ground, title: str, points: Sequence[GroundedClaim], subjects: Sequence[Subject]
) -> tuple[SummarySection, ...]:
    """The headings, each with the key points below it, or with a claim of a topic if there are none."""
    shown = outline_headings(ground.headings, title)
    numbers_shown = [number for number, _ in shown]
    held: dict[int, list[GroundedClaim]] = {}
    others = [found for subject in subjects for found in (*subject.definitions, *subject.claims)]
    for most, candidates in ((_MOST_SENTENCES, points), (1, sorted(others, key=lambda found: found.offset))):
        for found in sorted(candidates, key=lambda found: -found.claim.score):
            at = bisect_right(numbers_shown, ground.section(ground.source.line(found.offset))) - 1
            section = held.setdefault(at, [])
            if at >= 0 and len(section) < most and all(found.claim.text != other.claim.text for other in section):
                section.append(found)
    return tuple(outline_section(heading, _in_order(held.get(at, []))) for at, (_, heading) in enumerate(shown))


def _in_order(section: list[GroundedClaim]) -> tuple[Claim, ...]:
    return tuple(found.claim for found in sorted(section, key=lambda found: found.offset))


_TOKENS_A_STATEMENT, _TOKENS_QUOTED = 70, 120
_MOST_STATEMENTS = 40
_MOST_SUMMARY, _MOST_POINTS = 5, 8
_NUMBERS_TAKE = 1.12
"""How many times as long a text is with its sentences numbered."""
_LONGEST_NAMES = 3_000
_LEAST_REFUSED, _REFUSED_SHARE = 4, 3


class _Read(Struct, frozen=True):
    """What is taken from the reply about one part."""

    title: str
    description: str
    summary: list[GroundedClaim]
    points: list[GroundedClaim]
    subjects: list[Subject]

    @property
    def kept(self) -> int:
        """How many statements there are."""
        return len(self.summary) + len(self.points) + sum(len(each.definitions) + len(each.claims) for each in self.subjects)


class Told(Struct, frozen=True):
    """What is taken from a model's replies (`made`), what the `rules` find in the same document, and the fields of which the
    model's value was `refused`."""

    made: Digest
    rules: Digest
    refused: tuple[str, ...]


def digest(conversion: Conversion, *, name: str, settings: ModelSettings, replies: Mapping[str, str]) -> Digest | Unanswered:
    """The digest of a converted document, or the requests whose replies are missing for it.

    `name` is the file's name, the last resort for a title; `replies` are those known so far, by the key of their request. Raises
    `ModelFailure` where a reply is no JSON object. Places have an empty path.
    """
    told = told_by(conversion, name=name, settings=settings, replies=replies)
    return told if isinstance(told, Unanswered) else held_up(told.made, told.rules, told.refused)


def told_by(conversion: Conversion, *, name: str, settings: ModelSettings, replies: Mapping[str, str]) -> Told | Unanswered:
    """What the replies say, and the rules; arguments and errors as of `digest`."""
    text = document_text(conversion)
    questions = _Questions(settings, settings.language or detect_language(text))
    parts = numbered_parts(split_parts(text, conversion.headings, questions.room), text)
    requests = [questions.about(part) for part in parts]
    missing = dict.fromkeys(request for request in requests if request.key not in replies)
    if missing:
        return Unanswered(tuple(missing))
    reading = read_document(conversion, settings.language)
    ground = ground_of(conversion, text, reading.language, settings.glossary)
    read = _read_all(parts, questions, replies, ground)
    if isinstance(read, Unanswered):
        return read
    reduced = _whole(read, parts, settings, replies, ground)
    if isinstance(reduced, Unanswered):
        return reduced
    rules = digest_of(reading, conversion, name)
    own = document_title(conversion, name)
    chosen = titled(reduced.title, ground, own)
    title, description = chosen.text, described(reduced.description, reading, ground, rules)
    refused = (
        *((TITLE,) if reduced.title.strip() and own.kind in WEAK and chosen == own else ()),
        *(() if description else (DESCRIPTION,)),
    )
    points = [point for each in read for point in each.points]
    subjects = [subject for each in read for subject in each.subjects]
    made = Digest(
        title=title,
        description=description or rules.description,
        language=reading.language,
        compiler=compiler_of(settings.model),
        abstract=tuple(found.claim for found in reduced.abstract),
        summary=tuple(found.claim for found in reduced.points),
        outline=outline_of(ground, title, points, subjects),
        topics=united(subjects, len(parts), title, ground),
        ungrounded=ground.dropped,
        title_reason=chosen.where,
    )
    return Told(made, rules, refused)


class _Questions(Struct, frozen=True):
    """The questions about the parts of a document in a language (ISO 639-1, "" for not known)."""

    settings: ModelSettings
    language: str

    @property
    def room(self) -> int:
        """How many tokens of text fit into a question."""
        system, schema = self._fixed(by_number=True)
        names = "\n".join(term.line for term in self.settings.glossary)[:_LONGEST_NAMES]
        return int(self.settings.room(system, schema, names) / _NUMBERS_TAKE)

    def about(self, part: Part) -> Request:
        """What is asked about a part. Its statements name the numbers of its sentences, or quote it where it has none."""
        settings = self.settings
        system, schema = self._fixed(by_number=bool(part.sentences))
        if names := spoken_of(settings.glossary, part.text, _LONGEST_NAMES):
            system = "\n".join((f"{system}\n\n{HOUSE_NAMES}", *(term.line for term in names)))
        lines = []
        if part.above:
            lines.append(f"It stands below: {' > '.join(part.above)}")
        if part.headings:
            lines += ["Headings in it:", *(f"- {title}" for title in part.headings)]
        said = part.shown or part.text
        mark, text = fenced("\n".join((*lines, "", said)) if lines else said)
        user = f"{QUOTED.format(mark=mark)}\n\n{text}\n\nNow write the JSON object about this text."
        return Request(
            "digest", settings.model, (Message("system", system), Message("user", user)), schema, settings.output_tokens
        )

    def _fixed(self, *, by_number: bool) -> tuple[str, str]:
        """The instructions and the schema."""
        settings = self.settings
        each = _TOKENS_A_STATEMENT if by_number else _TOKENS_QUOTED
        most = max(6, min(_MOST_STATEMENTS, settings.output_tokens // each))
        types = settings.entity_types
        firm = next((kind for kind in types if kind.startswith("organi")), "other")
        example = example_of(self.language, firm, by_number=by_number)
        rules = digest_rules(types, in_language(settings.language), most, by_number=by_number, example=example)
        own = settings.instructions.strip()
        return f"{rules}\n\nBesides:\n{own}" if own else rules, digest_schema(types, by_number=by_number)


def _read_all(parts: list[Part], questions: _Questions, replies: Mapping[str, str], ground: Ground) -> list[_Read] | Unanswered:
    """What is taken from the replies about all parts. A model that cannot work with numbers is asked once more, to quote."""
    found: list[_Read] = []
    missing: list[Request] = []
    for part in parts:
        before = ground.dropped
        read = _read(replies[questions.about(part).key], part, ground, questions.settings)
        refused = ground.dropped - before
        if part.sentences and refused >= max(_LEAST_REFUSED, _REFUSED_SHARE * read.kept):
            plain = replace(part, sentences=(), shown="")
            again = questions.about(plain)
            if again.key not in replies:
                missing.append(again)
                continue
            quoted = _read(replies[again.key], plain, ground, questions.settings)
            worse, other = (quoted, read) if quoted.kept < read.kept else (read, quoted)
            ground.dropped = before + (refused if worse is quoted else ground.dropped - before - refused)
            read = other
        found.append(read)
    return Unanswered(tuple(dict.fromkeys(missing))) if missing else found


def _read(reply: str, part: Part, ground: Ground, settings: ModelSettings) -> _Read:
    data = reply_object(reply)
    return _Read(
        text_of(data, "title"),
        text_of(data, "description"),
        _statements(data, "summary", part, ground)[:_MOST_SUMMARY],
        _statements(data, "key_points", part, ground),
        read_subjects(data, part, ground, settings.entity_types),
    )


def _statements(data: Mapping[str, Any], key: str, part: Part, ground: Ground) -> list[GroundedClaim]:
    """The statements of a list that the document supports, each once, in text order."""
    found = [each for item in objects_of(data, key) if (each := ground.statement(item, part)) is not None]
    return sorted({each.claim.text: each for each in reversed(found)}.values(), key=lambda each: (each.offset, each.claim.text))


def _whole(
    read: list[_Read], parts: list[Part], settings: ModelSettings, replies: Mapping[str, str], ground: Ground
) -> Reduced | Unanswered:
    if not read:
        return Reduced()
    if len(read) == 1:
        best = sorted(read[0].points, key=lambda each: (-each.claim.score, each.offset))[:_MOST_POINTS]
        points = tuple(sorted(best, key=lambda each: each.offset))
        return Reduced(read[0].title, read[0].description, tuple(read[0].summary), points)
    groups = [(_name_of(part), [*each.summary, *each.points]) for part, each in zip(parts, read, strict=True)]
    return reduce_parts(groups, settings, replies, ground)


def _name_of(part: Part) -> str:
    return " > ".join(part.above) or (part.headings[0] if part.headings else "")
