"""Claims that follow from their passage get in, those of a careless model do not: a few of each kind, and the labelled pairs."""

import json

import pytest

from gitkb.compile.grounding.supports import objection
from tests.support.isolation import ROOT

PAIRS = ROOT / "tests" / "data" / "backing"
LIMIT = "The autovacuum daemon usually wakes every 60 seconds, but PostgreSQL never vacuums temporary tables of other sessions."


@pytest.mark.parametrize(
    ("claim", "against"),
    [
        ("The autovacuum daemon usually wakes every 60 seconds.", ""),
        ("Usually, the daemon for autovacuum wakes up every 60 seconds.", ""),
        ("PostgreSQL never vacuums temporary tables of other sessions.", ""),
        ("PostgreSQL does not vacuum the temporary tables of other sessions.", ""),
        ("The autovacuum daemon usually wakes every 61 seconds.", "numbers"),
        ("The autovacuum daemon usually wakes every sixty seconds.", ""),
        ("The autovacuum daemon usually wakes every seventy seconds.", "numbers"),
        ("The autovacuum daemon usually wakes every 60 minutes.", "polarity"),
        ("SQLite never vacuums temporary tables of other sessions.", "names"),
        ("PostgreSQL vacuums temporary tables of other sessions.", "polarity"),
        ("The autovacuum daemon does not wake every 60 seconds.", "polarity"),
        ("The autovacuum daemon always wakes every 60 seconds.", "polarity"),
        ("The autovacuum daemon wakes every 60 seconds.", "more"),
        ("The autovacuum daemon usually wakes every 60 seconds because of locks.", "more"),
        ("Administrators like charts, colours, meetings and long coffee breaks.", "words"),
    ],
)
def test_what_speaks_against_a_claim(claim: str, against: str) -> None:
    assert objection(claim, LIMIT, "en") == against


@pytest.mark.parametrize(
    ("claim", "passage", "language", "follows"),
    [
        (
            "The promise that a transaction happens completely or not at all.",
            "Atomicity means the promise that a transaction happens completely or it does not happen at all.",
            "en",
            True,
        ),
        (
            "Atomicity is the promise that a transaction happens completely.",
            "Atomicity is the promise that a transaction happens completely or does not happen at all.",
            "en",
            False,
        ),
        (
            "Eine Transaktion geschieht ganz oder gar nicht.",
            "Eine Transaktion geschieht ganz oder sie geschieht gar nicht.",
            "de",
            True,
        ),
        ("WAL protects pages.", "The write-ahead log protects all pages.", "en", True),
        ("Die Sperrdatei wird gelöscht.", "Nach dem Lauf wird die Sperrdatei wieder gelöscht.", "de", True),
        ("Die Sperrdatei wird nicht gelöscht.", "Nach dem Lauf wird die Sperrdatei wieder gelöscht.", "de", False),
        ("Le serveur n'écrit jamais dans ce fichier.", "Le serveur écrit dans ce fichier.", "fr", False),
        ("サーバはファイルに書き込まない。", "サーバはファイルに書き込む。", "ja", False),
        ("サーバはファイルに書き込む。", "サーバはファイルに書き込む。", "ja", True),
        ("The default of b is 4.", "The default of a is 4, while that of b is 7.", "en", True),
        ("The log is version 1.5.", "The log is version 15.", "en", False),
        ("The lowest value is 3.", "The lowest value is -3.", "en", False),
        ("Binaries must be stripped.", "Binaries should be stripped.", "en", False),
        ("The page is always written.", "The page is written.", "en", False),
        ("Restart need not be forced.", "Restart need be forced.", "en", False),
        (
            "The server converts Perl code to C.",
            "The server converts Fortran code to C, and Perl is not needed for it.",
            "en",
            False,
        ),
        ("The log keeps every record.", "The log keeps every record, unless it is full.", "en", False),
        ("The log keeps every record unless full.", "The log keeps every record, unless it is full.", "en", True),
        ("The WAL is flushed.", "The write-ahead log is flushed.", "en", True),
    ],
)
def test_names_numbers_and_negations_in_several_languages(claim: str, passage: str, language: str, follows: bool) -> None:
    assert (not objection(claim, passage, language)) is follows


@pytest.mark.parametrize(("name", "right", "wrong"), [("tuned", 0.95, 0.05), ("held_out", 0.9, 0.15), ("fresh", 0.85, 0.05)])
def test_most_labelled_pairs_are_told_apart(name: str, right: float, wrong: float) -> None:
    """The figures that the benchmark prints must not fall: a rule that helps one language can hurt another."""
    kept = {True: 0, False: 0}
    of = {True: 0, False: 0}
    for passage in json.loads((PAIRS / f"{name}.json").read_text(encoding="utf-8")):
        for claim in passage["claims"]:
            of[claim["follows"]] += 1
            kept[claim["follows"]] += not objection(claim["text"], passage["passage"], passage["language"])
    assert of[True] + of[False] >= 60
    assert kept[True] >= right * of[True]
    assert kept[False] <= wrong * of[False]
