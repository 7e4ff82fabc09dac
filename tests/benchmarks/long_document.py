"""What the compiler that asks a model does with a long document when every reply is there at once: seconds, questions, coverage.

    python tests/benchmarks/long_document.py [FILE]

FILE is any document that gitkb converts; without one a text of 500 pages is made. The replies name the first sentences below
each heading of what was asked, word by word, so what is measured is gitkb's own work: cutting, numbering, holding claims against
sentences. Tells the seconds of each round, the questions and their largest size, and how many chapters have a claim in the
outline.
"""

import json
import random
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gitkb.compile.llm.compiler import digest
from gitkb.compile.llm.model_settings import ModelSettings
from gitkb.convert.converter import convert
from gitkb.formats.settings import ConversionSettings
from gitkb.llm.requests import Request, Unanswered
from gitkb.model.documents import Conversion, Digest, Heading

SETTINGS = ModelSettings("scripted", "", ("person", "organisation", "product"), "", 0, 0)
WORDS = (
    "log page record buffer commit flush disk reader writer index branch merge transaction recovery checkpoint latch lock".split()
)
_HEADING = re.compile(r"^#{1,6} ", re.M)
_SENTENCE = re.compile(r"<(\d+)> ([^<]*[^<\s])")


def main() -> None:
    """Digests the document and prints the figures."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    document = convert(file, file.name, ConversionSettings(2**31)) if file else made(500)
    print(f"{file.name if file else 'made'}: {document.pages} pages, {len(document.markdown):,} characters")
    replies: dict[str, str] = {}
    started, asked = time.perf_counter(), 0.0
    while True:
        begun = time.perf_counter()
        result = digest(document, name="document", settings=SETTINGS, replies=replies)
        seconds = time.perf_counter() - begun
        if isinstance(result, Digest):
            break
        report(result, seconds)
        begun = time.perf_counter()
        replies.update((request.key, json.dumps(answer(request))) for request in result.requests)
        asked += time.perf_counter() - begun
    print(f"last round: {seconds:.1f} s; all rounds {time.perf_counter() - started - asked:.1f} s")
    chapters = chapters_of(result)
    print(
        f"{len(result.summary)} key points, {len(result.topics)} topics, {result.ungrounded} statements dropped; "
        f"{sum(map(bool, chapters.values()))} of {len(chapters)} chapters have claims"
    )


def report(unanswered: Unanswered, seconds: float) -> None:
    """Prints one round."""
    largest = max(request.size for request in unanswered.requests)
    print(f"{seconds:5.1f} s  {len(unanswered.requests)} x {unanswered.requests[0].purpose}, the largest {largest:,} characters")


def made(pages: int) -> Conversion:
    """A book of so many pages: a chapter every 25, a section every 5."""
    chance = random.Random(1)
    lines: list[str] = []
    headings: list[Heading] = []
    for page in range(pages):
        lines += [f'<a name="page-{page + 1}"></a>', ""]
        if page % 5 == 0:
            title = f"{chance.choice(WORDS).capitalize()} and {chance.choice(WORDS)} {page}"
            headings.append(Heading(1 if page % 25 == 0 else 2, title, f"h{page}", len(lines) + 1))
            lines += [f"{'#' * headings[-1].level} {title}", ""]
        for _ in range(6):
            sentences = (
                f"The {' '.join(chance.sample(WORDS, 5))} is in the {' '.join(chance.sample(WORDS, 6))}." for _ in range(6)
            )
            lines += [" ".join(sentences), ""]
    return Conversion("\n".join(lines), "application/pdf", "made/1", title="A book", pages=pages, headings=tuple(headings))


def answer(request: Request) -> Mapping[str, Any]:
    """The first sentences below each heading, word by word."""
    text = request.messages[1].text.rpartition("\n\n")[0]
    if request.purpose == "reduce":
        lines = {int(number): line for number, line in re.findall(r"^(\d+)\. (.*)$", text, re.M)}
        chosen = list(lines)[:: max(1, len(lines) // 12)][:12]
        summary = [{"text": lines[number], "points": [number]} for number in chosen[:4]]
        return {"title": "", "description": "", "summary": summary, "key_points": chosen}
    points = []
    for section in _HEADING.split(text)[1:] or [text]:
        sentences = _SENTENCE.findall(section.partition("\n")[2])
        points += [{"text": s, "from": [int(n)]} for n, s in sentences if 40 < len(s) < 300 and s[-1] in ".。"][:2]
    topic = {"name": "Checkpoint", "aliases": [], "definition": {"text": "", "from": []}, "claims": points[:8]}
    concepts = [topic] if "checkpoint" in text else []
    return {
        "title": "",
        "description": "",
        "summary": points[:2],
        "key_points": points[:48],
        "concepts": concepts,
        "entities": [],
    }


def chapters_of(made: Digest) -> dict[str, int]:
    """The headings of the first level of which there are several, with how many claims stand below each."""
    levels = [section.level for section in made.outline]
    chapter = next((level for level in sorted(set(levels)) if levels.count(level) > 1), 1)
    found: dict[str, int] = {}
    for section in made.outline:
        if section.level <= chapter:
            found[section.title] = 0
        if found:
            found[list(found)[-1]] += len(section.sentences)
    return found


if __name__ == "__main__":
    main()
