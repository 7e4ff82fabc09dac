"""Splitting paragraphs into sentences, in languages with and without blanks."""

import pytest

from gitkb.text.language.sentences import split_sentences


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("One is here. Two is there.", "en", ["One is here.", "Two is there."]),
        ("Use a list, e.g. Vec, or i.e. Box. Then stop.", "en", ["Use a list, e.g. Vec, or i.e. Box.", "Then stop."]),
        (
            "Dr. Smith met J. R. Tolkien in St. Louis. They talked.",
            "en",
            ["Dr. Smith met J. R. Tolkien in St. Louis.", "They talked."],
        ),
        ("Version 1.5 came in 2003. It was slow.", "en", ["Version 1.5 came in 2003.", "It was slow."]),
        ("It makes a dump. pg_dump is a program.", "en", ["It makes a dump.", "pg_dump is a program."]),
        ("Am 3. Mai kam z. B. Frau Dr. Klein. Sie ging.", "de", ["Am 3. Mai kam z. B. Frau Dr. Klein.", "Sie ging."]),
        ("Er sagte „Ja.“ Dann ging er.", "de", ["Er sagte „Ja.“", "Dann ging er."]),
        ("C'est vrai. Cf. p. ex. le manuel. Voilà.", "fr", ["C'est vrai.", "Cf. p. ex. le manuel.", "Voilà."]),
        ("¿Qué es? Es una cosa. ¡Sí!", "es", ["¿Qué es?", "Es una cosa.", "¡Sí!"]),
        ("メモリとは場所である。値を置く。", "ja", ["メモリとは場所である。", "値を置く。"]),
        ("内存是一种设备。它很快！", "zh", ["内存是一种设备。", "它很快！"]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, language: str, expected: list[str]) -> None:
    assert split_sentences(text, language) == expected


def test_inline_code_is_never_cut() -> None:
    text = "Call \ue000a. B\ue001 once. Then stop."
    assert split_sentences(text, "en") == ["Call \ue000a. B\ue001 once.", "Then stop."]


def test_text_without_an_end_comes_back_whole() -> None:
    assert split_sentences("no end at all", "en") == ["no end at all"]
    assert split_sentences("   ", "en") == []


@pytest.mark.parametrize("unit", [". ", "x", "e.g. A", "。", "((((", "A. b. "])
def test_nothing_is_lost_whatever_the_text_holds(unit: str) -> None:
    text = unit * 3000
    joined = "".join(split_sentences(text, "en"))
    assert joined.replace(" ", "") == text.replace(" ", "")
