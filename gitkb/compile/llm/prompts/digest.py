"""The question about one part of a document: what it says, with a quote for each sentence."""

from collections.abc import Sequence

from gitkb.compile.llm.prompts import TEXT, listed, schema, strict

_RULES = """\
You read a document, or a part of one, and write down what it says for a reference wiki. Answer with one JSON object.

Every statement is a pair of "text" and "quote":
- "text": one complete sentence that can be understood alone. Name its subject: no "it", "this", "they", "the following", no \
reference to the document, its sections or its authors' wishes. Only what the quote says: no conclusions, no causes, no general \
knowledge. Keep every "not", "only", "may", "usually" and "some". Keep names, numbers, units and identifiers as they are written.
- "quote": the passage of the text that says it, copied word by word, one or two sentences. Every name and number of "text" must \
stand in the quote; where the quote's first sentence only says "it", begin one sentence earlier.

Fields:
- "title": the title as the text gives it; else a short one.
- "description": one plain sentence of at most 25 words: what the text is and what it covers.
- "summary": {summary} statements that together tell what the whole text says.
- "key_points": the most important facts, at most {key_points}. Where headings are listed, at least one for each of them.
- "concepts": at most {concepts} technical terms that the text explains or works with. "name": the field's canonical noun \
phrase, in the singular, as the text writes it ("Write-ahead log"); no phrase that only this text uses, no heading such as \
"Overview". "aliases": other names and abbreviations of it that stand in the text. "definition": the statement that says what \
it is, beginning with its name; empty "text" and "quote" where the text does not say. "claims": at most {claims} further \
statements about it.
- "entities": at most {entities} things with a proper name that the text says something about. "type": one of {types}. "name", \
"aliases", "definition", "claims": as for concepts.

Quality comes before quantity: leave out what is trivial, vague or doubtful; empty lists are fine. Statements are plain text: \
no Markdown, no HTML, no links. {language}"""

_STATEMENT = strict({"text": TEXT, "quote": TEXT})


def digest_schema(types: Sequence[str]) -> str:
    """The schema of the reply."""
    topic = {"name": TEXT, "aliases": listed(TEXT), "definition": _STATEMENT, "claims": listed(_STATEMENT)}
    kind = {"type": "string", "enum": list(dict.fromkeys((*types, "other")))}
    return schema(
        {
            "title": TEXT,
            "description": TEXT,
            "summary": listed(_STATEMENT),
            "key_points": listed(_STATEMENT),
            "concepts": listed(strict(topic)),
            "entities": listed(strict({"name": TEXT, "type": kind, **{k: v for k, v in topic.items() if k != "name"}})),
        }
    )


def digest_rules(types: Sequence[str], language: str, most: int) -> str:
    """The instructions; `most` is about how many statements a reply may have in all."""
    return _RULES.format(
        summary="two to four" if most >= 12 else "one or two",
        key_points=max(3, most // 4),
        concepts=max(2, min(12, most // 4)),
        claims=3 if most >= 24 else 2,
        entities=max(1, min(12, most // 6)),
        types=", ".join(dict.fromkeys((*types, "other"))),
        language=language,
    )
