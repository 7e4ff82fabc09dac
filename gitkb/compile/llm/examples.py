"""An example of a text and of the reply to it in the language of the document: what a statement is, what a concept, and what not.

Invariant: an example depends on the language alone. Whoever changes one raises the version in `LLM_COMPILER`.
"""

import json
from collections.abc import Sequence
from typing import Any

from msgspec import Struct


class _Example(Struct, frozen=True):
    """A text of four sentences. The first defines the concept `name` with its short form, the second says something of the firm
    with a date, the third is about the text, the fourth says "it". `known` is what the second says in words of its own, `named`
    the fourth with its subject; `why` says what was left out."""

    sentences: Sequence[str]
    name: str
    alias: str
    firm: str
    description: str
    named: str
    why: str


_EXAMPLES = {
    "en": _Example(
        (
            "A dead-letter queue (DLQ) is a queue that takes the messages which no consumer could process.",
            "Acme Mail has kept a dead-letter queue for each tenant since May 2021.",
            "In this chapter we look at queues in more detail.",
            "It may hold messages for at most 14 days.",
        ),
        "Dead-letter queue",
        "DLQ",
        "Acme Mail",
        "What a dead-letter queue is, and for how long Acme Mail keeps messages in it.",
        "A dead-letter queue may hold messages for at most 14 days.",
        'Sentence 3 is about the text, so it is left out. "Queue", "message" and "chapter" are no concepts.',
    ),
    "de": _Example(
        (
            "Ein Fristenbuch (FB) ist ein Verzeichnis, in das eine Kanzlei alle Fristen ihrer Verfahren einträgt.",
            "Die Kanzlei Nordlicht führt ihr Fristenbuch seit Mai 2021 elektronisch.",
            "In diesem Kapitel sehen wir uns Fristen genauer an.",
            "Es darf nur von zwei Personen gemeinsam geändert werden.",
        ),
        "Fristenbuch",
        "FB",
        "Kanzlei Nordlicht",
        "Was ein Fristenbuch ist und wie die Kanzlei Nordlicht es führt.",
        "Ein Fristenbuch darf nur von zwei Personen gemeinsam geändert werden.",
        'Satz 3 handelt vom Text und entfällt. "Frist", "Kapitel" und "Verzeichnis" sind hier keine Begriffe.',
    ),
    "fr": _Example(
        (
            "Un bon de réserve (BDR) est un document qui bloque une quantité de stock pour une commande.",
            "La société Altimar exige un bon de réserve pour chaque commande depuis mai 2021.",
            "Dans ce chapitre, nous examinons les stocks plus en détail.",
            "Il peut être annulé pendant 14 jours au plus.",
        ),
        "Bon de réserve",
        "BDR",
        "Altimar",
        "Ce qu'est un bon de réserve et quand Altimar l'exige.",
        "Un bon de réserve peut être annulé pendant 14 jours au plus.",
        "La phrase 3 parle du texte : elle est omise. « Stock », « commande » et « chapitre » ne sont pas des concepts.",
    ),
    "es": _Example(
        (
            "Una orden de reserva (OR) es un documento que bloquea una cantidad de existencias para un pedido.",
            "La empresa Altimar exige una orden de reserva para cada pedido desde mayo de 2021.",
            "En este capítulo examinamos las existencias con más detalle.",
            "Puede anularse durante 14 días como máximo.",
        ),
        "Orden de reserva",
        "OR",
        "Altimar",
        "Qué es una orden de reserva y cuándo la exige Altimar.",
        "Una orden de reserva puede anularse durante 14 días como máximo.",
        "La frase 3 habla del texto y se omite. «Pedido», «existencias» y «capítulo» no son conceptos.",
    ),
}


def example_of(language: str, organisation: str, *, by_number: bool) -> str:
    """The example for a language (ISO 639-1), the English one where there is none of its own; `organisation` is what firms are
    called among the types of entities."""
    found = _EXAMPLES.get(language, _EXAMPLES["en"])

    def said(text: str, *numbers: int) -> dict[str, Any]:
        quote = " ".join(found.sentences[number - 1] for number in numbers)
        return {"text": text, "from": list(numbers)} if by_number else {"text": text, "quote": quote}

    defined, last, dated = said("", 1), said(found.named, 1, 4), said("", 2)
    nothing = said("")
    last = last if by_number else said(found.named, 4)
    reply = {
        "title": found.name,
        "description": found.description,
        "summary": [defined],
        "key_points": [dated, last],
        "concepts": [{"name": found.name, "aliases": [found.alias], "definition": defined, "claims": [last]}],
        "entities": [{"name": found.firm, "type": organisation, "aliases": [], "definition": nothing, "claims": [dated]}],
    }
    numbered = (f"<{number}> {text}" if by_number else text for number, text in enumerate(found.sentences, 1))
    written = json.dumps(reply, ensure_ascii=False)
    return f"An example. The text:\n{' '.join(numbered)}\nThe answer:\n{written}\n{found.why}"
