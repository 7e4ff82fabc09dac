"""What a question asks for, in the languages with a list, and which sentence has it."""

import pytest

from gitkb.text import word_lists
from gitkb.text.language.questions import explained, has_answer, read_question, says_number_of
from gitkb.text.language.tokens import stems


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many graphs should a console have?", "count"),
        ("When was the pump mended?", "time"),
        ("Since when does the pump leak?", "time"),
        ("What happens when the pump leaks?", ""),
        ("Who mended the pump?", "person"),
        ("In which city is the pump made?", "place"),
        ("Why does the pump leak?", "reason"),
        ("How do I mend the pump?", "way"),
        ("What is a leak code?", "meaning"),
        ("Which pump is loud?", ""),
        ("Wie viele Pumpen gibt es im Keller?", "count"),
        ("Was kostet eine Pumpe?", "count"),
        ("What does a pump cost?", "count"),
        ("Was ist eine Pumpe?", "meaning"),
        ("Wann wird die Pumpe gewartet?", "time"),
        ("Combien de pompes sont dans la cave ?", "count"),
        ("¿Cuándo se repara la bomba?", "time"),
        ("Perché la pompa perde acqua?", "reason"),
        ("Quem consertou a bomba?", "person"),
        ("Hoeveel pompen staan er in de kelder?", "count"),
        ("Почему насос течёт?", "reason"),
        ("ポンプはいくつありますか", "count"),
        ("水泵是什么?", "meaning"),
    ],
)
def test_the_question_word_says_what_is_asked_for(question: str, kind: str) -> None:
    assert read_question(question).kind == kind


@pytest.mark.parametrize(
    ("kind", "language", "sentence", "other"),
    [
        ("count", "en", "The hall has 12 pumps.", "The hall has pumps."),
        ("count", "en", "The hall has twelve pumps.", "The hall has large pumps."),
        ("count", "en", "It is 12 times as loud [80].", "It is loud [80], as Table 5 says (Tester, 1998)."),
        ("time", "en", "It was mended in March.", "It was mended soon."),
        ("person", "en", "Ada Tester mended it.", "Somebody mended it."),
        ("place", "en", "It is made in Utrecht.", "It is made in steel."),
        ("reason", "en", "It leaks because the seal is old.", "It leaks and the seal is old."),
        ("way", "en", "Open the valve.", "The valve is open."),
        ("time", "de", "Sie wird im März gewartet.", "Sie wird bald gewartet."),
        ("reason", "fr", "Elle fuit parce que le joint est vieux.", "Elle fuit et le joint est vieux."),
    ],
)
def test_a_sentence_has_what_is_asked_for_or_not(kind: str, language: str, sentence: str, other: str) -> None:
    assert has_answer(kind, sentence, language)  # type: ignore[arg-type]
    assert not has_answer(kind, other, language)  # type: ignore[arg-type]


def test_a_sentence_explains_what_stands_before_its_verb_or_behind_called() -> None:
    assert explained("A leak code is a number on a pipe.", "en", opens=True).strip() == "A leak code"
    assert explained("A leak code is a number on a pipe.", "en", opens=False) == ""
    assert explained("It has a number called leak code.", "en", opens=False) == "leak code."
    assert explained("Leak code: the number of a pipe.", "en", opens=True) == "Leak code"
    assert explained("Pumps leak.", "en", opens=True) == ""


@pytest.mark.parametrize(
    ("question", "sentence", "other"),
    [
        ("How many pumps are there?", "There are no more than 12 loud pumps.", "The pumps were mended 12 times."),
        ("Wie viele Pumpen gibt es?", "Es gibt zwölf laute Pumpen.", "Die Pumpen haben zwölf Hebel."),
    ],
)
def test_a_number_is_one_of_the_things_that_are_counted_or_not(question: str, sentence: str, other: str) -> None:
    asked = read_question(question)
    assert says_number_of(asked.counted, sentence, asked.language)
    assert not says_number_of(asked.counted, other, asked.language)


def test_words_that_say_nothing_of_the_matter_are_left_out_and_related_ones_found() -> None:
    question = read_question("How do I delete a folder?")
    assert question.words == "I delete a folder?"
    assert {"remove", "directory"} <= question.synonyms.keys()
    assert "folder" not in question.synonyms


def test_a_question_of_function_words_alone_keeps_them() -> None:
    assert read_question("What is what?").words == "What is what?"


def test_german_words_have_related_ones_too() -> None:
    assert "gebühr" in read_question("Welchen Preis hat das für die Kunden?").synonyms


@pytest.mark.parametrize("language", word_lists.languages("synonyms"))
def test_no_word_of_the_synonyms_is_related_to_half_of_the_list(language: str) -> None:
    groups = [line.split() for line in word_lists.entries("synonyms", language, "groups")]
    assert all(len(group) > 1 and len({stems(language)[word] for word in group}) > 1 for group in groups)
    related = {word: read_question(word).synonyms for group in groups for word in group}
    assert max(map(len, related.values())) <= 12
