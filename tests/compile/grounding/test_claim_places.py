"""Claims are found again where a compiler found them, and nowhere else."""

import pytest

from gitkb.compile.extractive.compiler import digest
from gitkb.compile.grounding.claim_places import misplaced_claims
from gitkb.convert.outline import outline
from gitkb.model.documents import Claim, Conversion, Place, Record, Source, Topic
from gitkb.wiki.document_files import build

TEXT = """# Pumps

A **twin pump** is a pump with [two pistons](https://example.org/p) that share `one` shaft.

## Glossary

| Term | Meaning |
|---|---|
| Surge | A rise of pressure that lasts less than 2.5 seconds |

- **Valve**: a part that lets water through in one
  direction only

## Limits

The pump of type A-7 runs at 1,500 turns a minute.[^1] It stops when the pressure is above 3 bar.

[^1]: Measured in 2024.
"""

SURGE = "A rise of pressure that lasts less than 2.5 seconds"
VALVE = "Valve: a part that lets water through in one direction only"


class _NoLinks:
    def link(self, target: str) -> str | None:
        return None

    def picture(self, target: str) -> None:
        return None


def _record_and_pages() -> tuple[Record, dict[str, str]]:
    conversion = Conversion(TEXT, "text/markdown", "markdown/1", headings=outline(TEXT))
    made = digest(conversion, name="pumps.md")
    built = build("lib/pumps", Source("lib/pumps.md", "0" * 64, 3, "text/markdown"), conversion, made, _NoLinks())
    pages = {path: content.decode() for path, content in built.files.items() if path.startswith("wiki/sources/")}
    return built.record, pages


def _claimed(text: str, anchor: str, quote: str = "") -> Record:
    record, _ = _record_and_pages()
    claim = Claim(text, Place("sources/lib/pumps.md", anchor, anchor.title()), quote=quote)
    return Record(
        **{**{name: getattr(record, name) for name in record.__slots__}, "topics": (Topic("concept", "x", claims=(claim,)),)}
    )


def test_what_a_compiler_made_stands_at_its_place() -> None:
    record, pages = _record_and_pages()
    assert [claim for topic in record.topics for claim in topic.claims]
    assert list(misplaced_claims(record, pages)) == []


@pytest.mark.parametrize(
    ("text", "anchor", "quote"),
    [
        ("A twin pump is a pump with two pistons that share one shaft.", "pumps", ""),
        (f"Surge: {SURGE}.", "glossary", SURGE),
        (f"Glossary – {VALVE}.", "glossary", VALVE),
        ("The pump of type A-7 runs at 1,500 turns a minute.", "limits", ""),
        ("It stops when the pressure is above 3 bar.", "", ""),
    ],
)
def test_words_are_found_through_markup(text: str, anchor: str, quote: str) -> None:
    assert list(misplaced_claims(_claimed(text, anchor, quote), _record_and_pages()[1])) == []


@pytest.mark.parametrize(
    ("text", "anchor", "quote", "why"),
    [
        ("The pump of type A-7 runs at 15,000 turns a minute.", "limits", "", "do not stand"),
        ("The pump of type A-7 runs at 1.500 turns a minute.", "limits", "", "do not stand"),
        ("The pump of type A-7 runs at 1,500 turns a minute.", "glossary", "", "do not stand"),
        ("It stops when the pressure is above 30 bar.", "limits", "It stops when the pressure is above 3 bar.", "a number"),
        ("A twin pump is not a pump with two pistons that share one shaft.", "pumps", "", "do not stand"),
    ],
)
def test_what_was_changed_is_not(text: str, anchor: str, quote: str, why: str) -> None:
    found = list(misplaced_claims(_claimed(text, anchor, quote), _record_and_pages()[1]))
    assert len(found) == 1 and why in found[0][1]


def test_a_place_in_another_document_is_none() -> None:
    record, pages = _record_and_pages()
    (claim, why), *_ = misplaced_claims(record, {path.replace("pumps", "valves"): text for path, text in pages.items()})
    assert "no text of the document" in why and claim.place.path == "sources/lib/pumps.md"
