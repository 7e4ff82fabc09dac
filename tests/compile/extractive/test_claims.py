"""Which sentences can stand alone."""

import pytest

from gitkb.compile.extractive.claims import claim_score, claim_text


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("A mutex allows only one thread to access some data at any given time.", "en"),
        ("Readers continue on the old pages while one writer appends to the log.", "en"),
        ("Ein Prozess darf die Datei nur lesen, wenn kein anderer sie gerade schreibt.", "de"),
        ("Le journal contient toutes les modifications qui ne sont pas encore dans la base.", "fr"),
        ("El registro contiene todos los cambios que todavía no están en la base.", "es"),
        ("ガベージコレクタは使われなくなったメモリを自動的に解放する。", "ja"),
        ("垃圾回收器会自动释放程序不再使用的内存空间。", "zh"),
    ],
)
def test_whole_sentences_are_claims(text: str, language: str) -> None:
    assert claim_text(text, language) == text


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("This allows only one thread to access some data at any given time.", "en"),
        ("However, they are only used by one thread at any given time here.", "en"),
        ("It is the rule that a change must reach the log before the page.", "en"),
        ("For example, a thread may access some data at any given time.", "en"),
        ("In this chapter the reader learns how a thread accesses its data.", "en"),
        ("We will see later how the thread is able to access some data.", "en"),
        ("Why does a thread need access to the data of another thread?", "en"),
        ("A thread accesses some data in the following way, as it seems:", "en"),
        ("and a thread that needs the data of the other threads in a pool.", "en"),
        ("A thread has access to the data as shown in Listing 4-2 of the book.", "en"),
        ("Too short to be one.", "en"),
        ("Specifies the port on which the server is listening for connections.", "en"),
        ("Add a newline when the fields are preceded by comments of the code.", "en"),
        ("Name of the service to use in the authentication of the given user.", "en"),
        ("A row | of a table | that was taken for | a sentence of the text.", "en"),
        ("The code (which is long is not balanced in its brackets at all.", "en"),
        ("More about the threads is at https://example.org/threads for all.", "en"),
        ("Thread pools, worker threads, green threads, and other such things.", "en"),
        ("Dies ist der Grund, warum die Datei nicht geschrieben werden darf.", "de"),
        ("Diese Funktion ist der Grund, warum die Datei geschrieben wird.", "de"),
        ("Cela permet à un seul processus de lire le fichier à la fois.", "fr"),
        ("Esto permite que un solo proceso lea el archivo a la vez en disco.", "es"),
        ("これは使われなくなったメモリを自動的に解放する機能である。", "ja"),
        ("它会自动释放程序不再使用的内存空间和其他资源。", "zh"),
    ],
)
def test_sentences_that_need_their_neighbours_are_not(text: str, language: str) -> None:
    assert claim_text(text, language) == ""


def test_code_marks_leave_no_trace_and_mostly_code_is_no_claim() -> None:
    assert claim_text("The \ue000Drop\ue001 trait runs code when a value goes out of scope.", "en") == (
        "The Drop trait runs code when a value goes out of scope."
    )
    assert claim_text("\ue000let x = compute(a, b, c, d, e, f, g)\ue001 is what the line has.", "en") == ""


def test_leading_sentences_score_higher_than_items() -> None:
    text = "A mutex allows only one thread to access some data at any given time."
    assert claim_score(text, is_item=False, leads=True) > claim_score(text, is_item=True, leads=False)
