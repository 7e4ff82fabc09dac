"""Writes the overview of a page from all of its claims: what the thing is, its parts, how it works, and where documents disagree.

Invariant: each sentence names the claims that it is made from, and they support it by the rules of `grounding`; others are
dropped and counted. Claims that do not fit one question are told in batches, and the sentences of these are told together, until
one question is enough; a sentence stays bound to the claims at the bottom. A question holds claims of one page and nothing else.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from gitkb.compile.grounding.supports import objection
from gitkb.compile.llm.model_settings import ModelSettings
from gitkb.compile.llm.parts import MOST_TOKENS, estimate_tokens, in_batches
from gitkb.compile.llm.prompts import OVERVIEW_FIELDS, OVERVIEW_RULES, OVERVIEW_SCHEMA, QUOTED, fenced, in_language
from gitkb.compile.llm.statements import bounded, is_fragment, numbers_of, objects_of, reply_object, sentence, text_of
from gitkb.llm.requests import Message, Request, Unanswered
from gitkb.model.documents import TopicKind
from gitkb.text.language.detect import detect_language

MOST_CITED, _MOST_BELOW = 3, 6
_MOST_OF_FIELD = {"": 3}
_MOST_OF_OTHERS = 4
_LONGEST_CLAIM, _LONGEST_TITLE = 400, 100
_LEAST_TOKENS = 400
_MOST_ROUNDS = 12


class Sentence(Struct, frozen=True):
    """One sentence of an overview; `claims` are the indexes (from 0) of the claims that it is made from, `section` what it tells
    ("parts", "" for what the thing is)."""

    text: str
    claims: tuple[int, ...]
    section: str = ""


class PageOverview(Struct, frozen=True):
    """The sentences, those of a section together, and how many were dropped because no claim supports them."""

    sentences: tuple[Sentence, ...] = ()
    dropped: int = 0


class _Stated(Struct, frozen=True):
    """A line of a question: a claim, or a sentence that an earlier round made of claims, with the documents that say so."""

    text: str
    documents: str
    claims: tuple[int, ...]


def page_overview(
    kind: TopicKind, title: str, claims: Sequence[tuple[str, str]], settings: ModelSettings, replies: Mapping[str, str]
) -> PageOverview | Unanswered:
    """The overview of a page, or the requests whose replies are missing for it; `claims` are (title of the document, text).

    Raises `ModelFailure` where a reply is no JSON object.
    """
    system = OVERVIEW_RULES.format(kind=kind, language=in_language(settings.language))
    room = max(_LEAST_TOKENS, min(MOST_TOKENS, settings.room(system, OVERVIEW_SCHEMA)))
    language = detect_language(" ".join(text for _, text in claims))
    stated = [_Stated(bounded(text, _LONGEST_CLAIM), document, (number,)) for number, (document, text) in enumerate(claims)]
    dropped = 0
    for _ in range(_MOST_ROUNDS):
        batches = list(in_batches(stated, room, lambda each: estimate_tokens(_line(1, each))))  # of each half remains
        requests = [_request(title, batch, system, settings) for batch in batches]
        missing = dict.fromkeys(request for request in requests if request.key not in replies)
        if missing:
            return Unanswered(tuple(missing))
        told = [
            _read(replies[request.key], batch, claims, language, most=len(batch) // 2 if len(batches) > 1 else MOST_SENTENCES)
            for request, batch in zip(requests, batches, strict=True)
        ]
        dropped += sum(each.dropped for each in told)
        if len(batches) <= 1:
            return PageOverview(told[0].sentences if told else (), dropped)
        stated = [_again(each, claims) for part in told for each in part.sentences]
        if not stated:
            break
    return PageOverview((), dropped)


def _again(made: Sentence, claims: Sequence[tuple[str, str]]) -> _Stated:
    documents = dict.fromkeys(bounded(claims[number][0], _LONGEST_TITLE) for number in made.claims)
    return _Stated(made.text, "; ".join(documents), made.claims)


def _line(number: int, stated: _Stated) -> str:
    return f"{number}. {stated.text} ({bounded(stated.documents, _LONGEST_TITLE)})"


def _request(title: str, batch: Sequence[_Stated], system: str, settings: ModelSettings) -> Request:
    lines = [f"Name: {bounded(title, _LONGEST_TITLE)}", *(_line(number, each) for number, each in enumerate(batch, 1))]
    mark, text = fenced("\n".join(lines))
    user = f"{QUOTED.format(mark=mark)}\n\n{text}\n\nNow write the JSON object with the overview."
    messages = (Message("system", system), Message("user", user))
    return Request("overview", settings.model, messages, OVERVIEW_SCHEMA, settings.output_tokens)


MOST_SENTENCES = sum(_MOST_OF_FIELD.get(section, _MOST_OF_OTHERS) for section in OVERVIEW_FIELDS.values())


def _read(reply: str, batch: Sequence[_Stated], claims: Sequence[tuple[str, str]], language: str, most: int) -> PageOverview:
    """The sentences of a reply that the claims they are made from support, at most so many, in the order of the sections."""
    data = reply_object(reply)
    kept: dict[str, Sentence] = {}
    dropped = 0
    for name, section in OVERVIEW_FIELDS.items():
        for item in list(objects_of(data, name))[: _MOST_OF_FIELD.get(section, _MOST_OF_OTHERS)]:
            text = sentence(text_of(item, "text"))
            cited = [batch[number - 1] for number in numbers_of(item, "claims", len(batch))[:MOST_CITED]]
            at = tuple(dict.fromkeys(number for each in cited for number in each.claims))[:_MOST_BELOW]
            passage = " ".join([*(each.text for each in cited), *(claims[number][1] for number in at)])
            if text and cited and not is_fragment(text, language) and not objection(text, passage, language):
                kept.setdefault(text, Sentence(text, at, section))
            else:
                dropped += 1
    return PageOverview(tuple(kept.values())[: max(1, most)], dropped)
