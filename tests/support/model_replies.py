"""Documents and replies for tests of the compiler that asks a model: the replies are written by the test, no server is needed."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from gitkb.compile.llm.compiler import Told, digest, told_by
from gitkb.compile.llm.fallback import held_up
from gitkb.compile.llm.model_settings import ModelSettings
from gitkb.llm.requests import Request, Unanswered
from gitkb.model.documents import Conversion, Digest, Heading
from gitkb.text.names.slugs import slug

SETTINGS = ModelSettings("small-model", "", ("person", "organisation", "product"), "", 0, 0)
_HEADING = re.compile(r"(#+) (.*)")
Answer = Callable[[Request], Mapping[str, Any]]


def conversion(markdown: str, **fields: Any) -> Conversion:
    """What a converter makes of plain Markdown."""
    headings = []
    for number, line in enumerate(markdown.split("\n"), 1):
        match = _HEADING.fullmatch(line)
        if match:
            headings.append(Heading(len(match[1]), match[2], slug(match[2]), number))
    return Conversion(markdown, "text/markdown", "markdown/1", headings=tuple(headings), **fields)


def said(text: str, quote: str | None = None) -> dict[str, str]:
    """A statement; without a quote it is one word by word."""
    return {"text": text, "quote": text if quote is None else quote}


def cited(text: str, *numbers: int) -> dict[str, Any]:
    """A statement that names the numbers of sentences; without a text it is the sentence itself."""
    return {"text": text, "from": list(numbers)}


NOTHING = {"text": "", "quote": ""}


def reply(**fields: Any) -> dict[str, Any]:
    """A reply of the digest's schema."""
    return {"title": "", "description": "", "summary": [], "key_points": [], "concepts": [], "entities": [], **fields}


def concept(
    name: str, *claims: dict[str, str], definition: dict[str, str] = NOTHING, aliases: tuple[str, ...] = ()
) -> dict[str, Any]:
    """A concept of a reply."""
    return {"name": name, "aliases": list(aliases), "definition": definition, "claims": list(claims)}


def requests(
    document: Conversion, settings: ModelSettings = SETTINGS, replies: Mapping[str, str] | None = None
) -> tuple[Request, ...]:
    """What a document asks first."""
    made = digest(document, name="file.md", settings=settings, replies=replies or {})
    assert isinstance(made, Unanswered)
    return made.requests


def digested(document: Conversion, answer: Answer, settings: ModelSettings = SETTINGS, name: str = "file.md") -> Digest:
    """What is taken from the replies of a function to a document's questions, without what rules add."""
    return _told(document, answer, settings, name).made


def completed(
    document: Conversion, answer: Answer, settings: ModelSettings = SETTINGS, name: str = "file.md"
) -> tuple[Digest, Digest]:
    """The digest of a document whose questions are answered by a function, and what the rules make of it alone."""
    told = _told(document, answer, settings, name)
    return held_up(told.made, told.rules, told.refused), told.rules


def _told(document: Conversion, answer: Answer, settings: ModelSettings, name: str) -> Told:
    replies: dict[str, str] = {}
    while isinstance(told := told_by(document, name=name, settings=settings, replies=replies), Unanswered):
        replies.update((request.key, json.dumps(answer(request))) for request in told.requests)
    return told
