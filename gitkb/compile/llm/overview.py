"""The overview of a page: a few sentences that a model writes from the claims of documents, each naming the claims it is made
from.

Invariant: a question holds the claims of one page and nothing else, so it does not grow with the knowledge base. A sentence whose
numbers, names or words do not stand in the claims it names is dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gitkb.compile.llm.backing import objection
from gitkb.compile.llm.prompts import QUOTED, fenced, in_language
from gitkb.compile.llm.prompts.overview import OVERVIEW_SCHEMA, RULES
from gitkb.compile.llm.replied import numbers_of, objects_of, reply_object, sentence, text_of
from gitkb.compile.llm.settings import ModelSettings
from gitkb.compile.requests import Message, Request
from gitkb.model import TopicKind
from gitkb.text.language import detect_language
from gitkb.text.links import one_line

MOST_CLAIMS, MOST_SENTENCES, MOST_CITED = 20, 5, 3
_LONGEST_CLAIM, _LONGEST_TITLE = 400, 100


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an overview; `claims` are the indexes (from 0) of the claims that it is made from."""

    text: str
    claims: tuple[int, ...]


def overview_request(kind: TopicKind, title: str, claims: Sequence[tuple[str, str]], settings: ModelSettings) -> Request:
    """The question for the overview of a page; `claims` are (title of the document, text), of which the first `MOST_CLAIMS`
    count."""
    lines = [f"Name: {_bounded(title, _LONGEST_TITLE)}"]
    for number, (document, text) in enumerate(claims[:MOST_CLAIMS], 1):
        lines.append(f"{number}. {_bounded(text, _LONGEST_CLAIM)} ({_bounded(document, _LONGEST_TITLE)})")
    mark, text = fenced("\n".join(lines))
    system = RULES.format(kind=kind, language=in_language(settings.language))
    user = f"{QUOTED.format(mark=mark)}\n\n{text}\n\nNow write the JSON object with the overview."
    return Request(
        "overview", settings.model, (Message("system", system), Message("user", user)), OVERVIEW_SCHEMA, settings.output_tokens
    )


def read_overview(reply: str, claims: Sequence[tuple[str, str]]) -> tuple[tuple[Sentence, ...], int]:
    """The sentences that the claims they name support, and how many were dropped. Raises `ModelFailure` for what is no JSON
    object."""
    texts = [text for _, text in claims[:MOST_CLAIMS]]
    language = detect_language(" ".join(texts))
    kept: list[Sentence] = []
    dropped = 0
    for item in list(objects_of(reply_object(reply), "sentences"))[:MOST_SENTENCES]:
        text = sentence(text_of(item, "text"))
        cited = [number - 1 for number in numbers_of(item, "claims", len(texts))[:MOST_CITED]]
        if text and cited and not objection(text, " ".join(texts[index] for index in cited), language):
            kept.append(Sentence(text, tuple(cited)))
        else:
            dropped += 1
    return tuple(kept), dropped


def _bounded(text: str, longest: int) -> str:
    line = one_line(text)
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
