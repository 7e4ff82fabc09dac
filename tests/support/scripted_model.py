"""A scripted model: the same request always gets the same answer, made of real sentences of what it was sent.

It compiles as `compiling_model` does. Any other JSON schema is filled with what fits: a field called `quote` or `text` gets a
sentence of the longest message, a name or a title a phrase of one. With tools it calls the first one once with its question, then
answers. It understands nothing, and is no measure of quality.
"""

import hashlib
import re
from typing import Any

from tests.support.compiling_model import writing
from tests.support.model_server import Answer, Asked, Json

_SENTENCE = re.compile(r"[^\s#>|`<\-*][^\n.!?#|<>`]{30,280}[.!?](?=\s|$)")
_NAME = re.compile(r"\b[A-Z][a-z]{3,}(?: [a-z]{4,}){0,2}\b")
_MOST = 4
_COMPILING = {"digest", "reduce", "same", "overview"}


def scripted(asked: Asked) -> Json | Answer:
    """The answer to one request."""
    if asked.purpose in _COMPILING:
        return writing(asked)
    schema = asked.schema
    sentences = sentences_of(asked)
    if schema is not None:
        start = int(hashlib.sha256(asked.text.encode("utf-8", "surrogatepass")).hexdigest(), 16) % max(len(sentences), 1)
        return dict(_Filling(schema, sentences, start).value(schema, ""))
    if asked.tools and not asked.results:
        return Answer(calls=((asked.tools[0], _arguments(asked)),))
    return Answer(sentences[0] if sentences else "I do not know.")


def sentences_of(asked: Asked) -> list[str]:
    """The sentences of the longest message, or of what the tools gave."""
    texts = asked.results or [str(message.get("content") or "") for message in asked.messages if message["role"] == "user"]
    longest = max(texts, key=len, default="")
    return list(dict.fromkeys(found[0].strip() for found in _SENTENCE.finditer(longest)))


def _arguments(asked: Asked) -> Json:
    """The question for whatever the tool's text parameter is called."""
    properties = asked.body["tools"][0]["function"]["parameters"].get("properties", {})
    return {name: asked.last[:200] for name, kind in properties.items() if kind.get("type") == "string"}


class _Filling:
    """Fills one schema; the sentences are taken in turn."""

    def __init__(self, schema: Json, sentences: list[str], start: int) -> None:
        self.schema = schema
        self.sentences = sentences or ["Nothing is known."]
        self.next = start

    def value(self, schema: Json, name: str) -> Any:
        if "$ref" in schema:
            return self.value(self._resolved(schema["$ref"]), name)
        if "enum" in schema:
            return schema["enum"][0]
        if "anyOf" in schema:
            return self.value(schema["anyOf"][0], name)
        kind = schema.get("type", "string")
        kind = kind[0] if isinstance(kind, list) else kind
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            least, most = schema.get("minItems", 0), schema.get("maxItems", _MOST)
            return [self.value(schema["items"], name) for _ in range(max(least, min(most, _MOST)))]
        return self._text(name) if kind == "string" else {"integer": 0, "number": 0, "boolean": False, "null": None}[kind]

    def _object(self, schema: Json) -> Json:
        """All texts of one object speak of one sentence, so that a claim is supported by its quote."""
        self.next += 1
        return {name: self.value(each, name) for name, each in schema.get("properties", {}).items()}

    def _text(self, name: str) -> str:
        sentence = self.sentences[self.next % len(self.sentences)]
        if name in ("name", "title", "aliases"):
            found = _NAME.search(sentence)
            return found[0] if found else " ".join(re.findall(r"\w+", sentence)[:3])
        return sentence

    def _resolved(self, reference: str) -> Json:
        found: Any = self.schema
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        return dict(found)
