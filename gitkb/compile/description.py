"""One sentence that says what a document is: its own description, or the best of its first sentences.

Invariant: a whole sentence of the document or of its metadata, at most `LONGEST` characters, without markup; "" where there is
none. Unlike a claim it may speak of the document ("This manual describes ...").
"""

import re

from gitkb.compile.claims import is_mostly_figures
from gitkb.compile.definitions import find_definition
from gitkb.compile.reading import Reading, Sentence
from gitkb.compile.summary import content_words
from gitkb.model import Conversion
from gitkb.text.boilerplate import is_boilerplate
from gitkb.text.leaning import is_leaning
from gitkb.text.prose import inline_text, plain

LONGEST = 200
_SHORTEST = {"ja": 12, "zh": 10}
_FIRST = 40
_LEAST = -0.6
_MOST = 0.35 + 0.3 + 0.4 + 0.2
"""What a sentence can score at most, before its place counts against it."""
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


def document_description(conversion: Conversion, reading: Reading, claims: list[str], title: str) -> str:
    """The description; `claims` holds for each sentence its text as a claim or ""."""
    stated = plain(inline_text(conversion.description)[0])
    if 10 <= len(stated) <= LONGEST and stated != title and _is_clean(stated):
        return stated if stated[-1] in ".!。！…" else f"{stated}."
    for sentence in reading.sentences[:5]:
        purpose = _PURPOSE.fullmatch(plain(sentence.text))
        if purpose and purpose["name"].lower() in title.lower() and len(purpose.group()) < LONGEST:
            return f"{purpose.group().rstrip('.')}."
    subject = set(content_words(title, reading.language))
    ranked: list[tuple[float, int, str]] = []
    for index, sentence in enumerate(reading.sentences[:_FIRST]):
        if ranked and -min(ranked)[0] > _MOST - 0.08 * index:
            break  # no later sentence can be better
        text = claims[index] or _whole(sentence, reading.language)
        if text and len(text) <= LONGEST:
            score = _score(sentence, text, subject, reading.language) + (0.2 if claims[index] else 0) - 0.08 * index
            ranked.append((-score, index, text))
    best = min(ranked, default=None)
    if best is not None and -best[0] > _LEAST:
        return best[2]
    claim = next((text for text in claims if text and len(text) <= LONGEST), best[2] if best else "")
    return claim or next((text for sentence in reading.sentences[:10] if (text := _introduction(sentence, reading.language))), "")


def _is_clean(text: str) -> bool:
    return not (is_boilerplate(text) or _MARKUP_LEFT.search(text) or _PRODUCER.match(text) or is_mostly_figures(text))


def _introduction(sentence: Sentence, language: str) -> str:
    """A sentence that leads on to code or a list ("A tuple is taken apart as follows:"), without that; else ""."""
    text = plain(sentence.text)
    cut = f"{_LEADS_ON.sub('', text)}."
    if sentence.is_item or not text.endswith(":") or not 25 <= len(cut) <= LONGEST or not cut[0].isupper():
        return ""
    return cut if _is_clean(cut) and not is_leaning(cut, language) else ""


def _whole(sentence: Sentence, language: str) -> str:
    """The plain text of a sentence that is whole, though it may lean on its neighbours; else ""."""
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
