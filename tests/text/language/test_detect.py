"""Detecting the language of a text."""

import pytest

from gitkb.text.language.detect import detect_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The compiler checks the types of all values before the program is run on a machine.", "en"),
        ("Der Übersetzer prüft die Typen aller Werte, bevor das Programm auf einer Maschine läuft.", "de"),
        ("Le compilateur vérifie les types de toutes les valeurs avant que le programme ne soit exécuté.", "fr"),
        ("El compilador comprueba los tipos de todos los valores antes de que el programa se ejecute.", "es"),
        ("Il compilatore controlla i tipi di tutti i valori prima che il programma sia eseguito.", "it"),
        ("O compilador verifica os tipos de todos os valores antes que o programa seja executado, e não há outra forma.", "pt"),
        ("De compiler controleert de types van alle waarden voordat het programma wordt uitgevoerd.", "nl"),
        ("Компилятор проверяет типы всех значений до того, как программа будет запущена.", "ru"),
        ("コンパイラはプログラムを実行する前に、すべての値の型を検査します。", "ja"),
        ("编译器在程序运行之前检查所有值的类型。", "zh"),
        ("컴파일러는 프로그램을 실행하기 전에 모든 값의 타입을 검사합니다.", "ko"),
    ],
)
def test_a_sentence_tells_its_language(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize("text", ["", "12 34 56", "foo_bar(baz) { qux = 17; }", "=== --- ***"])
def test_what_is_no_prose_has_no_language(text: str) -> None:
    assert detect_language(text) == ""


def test_a_few_foreign_words_do_not_change_the_language() -> None:
    text = "The word 寿司 is Japanese for a dish that is made of rice and of fish, and it is eaten all over the world."
    assert detect_language(text) == "en"
