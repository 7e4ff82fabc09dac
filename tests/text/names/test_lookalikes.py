"""Names that nearly agree: in which way, and how far the rule that merges them may be trusted."""

import csv
from collections.abc import Mapping

import pytest

from gitkb.formats.topic_rows import page_key
from gitkb.text.names.lookalikes import MERGED, forms, likeness, variant
from tests.support.isolation import ROOT

PAIRS = ROOT / "tests" / "data" / "duplicates" / "pairs.tsv"


def _pairs() -> list[Mapping[str, str]]:
    with PAIRS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("name", ["tuned", "held out", ""])
def test_at_least_95_of_100_pairs_that_are_merged_unasked_mean_the_same(name: str) -> None:
    pairs = [pair for pair in _pairs() if name in (pair["set"], "")]
    merged = [
        pair
        for pair in pairs
        if page_key(pair["one"], "en") != page_key(pair["other"], "en") and likeness(pair["one"], pair["other"]) in MERGED
    ]
    assert len(pairs) >= (200 if not name else 100) and len(merged) >= 40
    assert sum(pair["label"] == "same" for pair in merged) >= 0.95 * len(merged)


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ("Data base", "database", "hyphen"),
        ("Colour space", "Color space", "british"),
        ("Dijkstra's algorithm", "Dijkstra algorithm", "possessive"),
        ("log records buffer", "log record buffer", "plural"),
        ("index", "indices", "plural"),
        ("two-phase commit", "2-phase commit", "numeral"),
        ("the Linux kernel", "Linux kernel", "article"),
        ("Write-ahead logging (WAL)", "write-ahead logging", "expansion"),
        ("Schrödinger equation", "Schroedinger equation", "accents"),
        ("ﬁle descriptor", "ＦＩＬＥ descriptor", "case"),
        ("résumé", "resume", "accented word"),
    ],
)
def test_names_differ_by_the_least_that_tells_them_apart(one: str, other: str, found: str) -> None:
    assert variant(one, other) == variant(other, one) == found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Python 2", "Python 3"), ("HTTP/1.1", "HTTP/11"), ("C", "C++"), ("C++", "C#"), ("HTTP", "HTTPS"), ("lock", "block"),
        ("un ionized", "unionized"), ("Mercury (planet)", "Mercury (god)"), ("the Who", "WHO"), ("कल", "काल"), ("が", "か"),
        ("attention", "attention mechanism"), ("", "..."),
    ],
)  # fmt: skip
def test_names_of_different_things_are_no_variants(one: str, other: str) -> None:
    assert variant(one, other) == ""


def test_a_name_of_signs_alone_has_no_form() -> None:
    assert forms("...") == frozenset()
