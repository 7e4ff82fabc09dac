"""How a text becomes search tokens: a question and a page must meet in the same form, in every script."""

import pytest

from gitkb.text.language.tokens import MAX_TOKEN, analyse, fold, normalise, variants, words


def tokens(text: str, language: str = "en") -> list[str]:
    return analyse(text, language).tokens


def test_inflections_of_a_word_become_one_token() -> None:
    assert tokens("connect connected Connecting connections") == ["connect"] * 4


def test_each_language_has_its_own_stems() -> None:
    assert tokens("Häuser", "de") == tokens("Hauses", "de") == ["haus"]
    assert tokens("chevaux", "fr") != tokens("chevaux", "")


def test_a_language_without_a_stemmer_keeps_its_words() -> None:
    assert tokens("connections", "xx") == tokens("connections", "") == ["connections"]


def test_function_words_and_repeated_words_stay_in_place() -> None:
    assert tokens("the log of the log") == ["the", "log", "of", "the", "log"]


@pytest.mark.parametrize(("typed", "written"), [("cafe", "Café"), ("ΑΛΦΑ", "άλφα"), ("Ｆｕｌｌ", "full"), ("straße", "STRASSE")])
def test_accents_case_and_width_do_not_tell_words_apart(typed: str, written: str) -> None:
    assert tokens(typed, "") == tokens(written, "")


def test_scripts_without_blanks_become_overlapping_pairs() -> None:
    assert tokens("検索機能", "ja") == ["検索", "索機", "機能"]
    assert tokens("文", "ja") == ["文"]


def test_scripts_are_told_apart_inside_a_line() -> None:
    assert tokens("gitで検索 2回", "ja") == ["git", "で検", "検索", "2", "回"]


def test_single_characters_of_unspaced_scripts_are_other_forms() -> None:
    assert analyse("検索", "ja").forms == ["検", "索"]


def test_words_that_stemming_changed_are_other_forms() -> None:
    assert analyse("connections log", "en").forms == ["connections"]
    assert analyse("Häuser", "de").forms == ["hauser"]


def test_vowel_signs_do_not_break_words() -> None:
    assert [word.text for word in words(normalise("हिन्दी में"))] == ["हिन्दी", "में"]


def test_a_token_is_never_an_operator_and_never_long() -> None:
    found = tokens('NEAR("a b", 3) -c* \0 _x_ ' + "k" * 500, "en")
    assert found == ["near", "a", "b", "3", "c", "x", "k" * MAX_TOKEN]


def test_words_know_where_they_stand() -> None:
    text = normalise("Über das 検索!")
    assert [text[word.start : word.end] for word in words(text)] == ["über", "das", "検索"]
    assert [word.unspaced for word in words(text)] == [False, False, True]


def test_folding_twice_changes_nothing() -> None:
    assert fold(fold("ёлка naïve")) == fold("ёлка naïve") == "елка naive"


def test_a_word_of_a_question_has_a_variant_for_each_way_to_stem_it() -> None:
    (word,) = words("connections")
    assert variants(word, ["en", "xx"]) == ["connect", "connections"]
    (pair,) = words("検索")
    assert variants(pair, ["en", "ja"]) == ["検索"]
