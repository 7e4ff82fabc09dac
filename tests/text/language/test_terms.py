"""What can be a term, and its key."""

import pytest

from gitkb.text.language.terms import as_term, noun_runs, singular, subterms, term_key, tokens


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("the borrow checker", "en", ("borrow", "checker")),
        ("A smart pointer", "en", ("smart", "pointer")),
        ("Write-ahead logging", "en", ("Write-ahead", "logging")),
        ("point of sale", "en", ("point", "of", "sale")),
        ("ein Zeiger", "de", ("Zeiger",)),
        ("l'espace de noms", "fr", ("espace", "de", "noms")),
        ("la base de datos", "es", ("base", "de", "datos")),
        ("「スレッド」", "ja", ("スレッド",)),
        ("内存管理", "zh", ("内存管理",)),
    ],
)
def test_terms_are_found_without_their_article(text: str, language: str, words: tuple[str, ...]) -> None:
    assert as_term(text, language) == words


@pytest.mark.parametrize(
    "text",
    [
        "use the",
        "new version",
        "following code",
        "this",
        "of course",
        "123",
        "quickly",
        "compiler rejects",
        "\ue000x\ue001",
        "",
        "it",
    ],
)
def test_what_is_no_term_is_refused(text: str) -> None:
    assert as_term(text, "en") == ()


def test_singular_and_plural_share_a_key() -> None:
    assert term_key(("Smart", "Pointers"), "en") == term_key(("smart", "pointer"), "en") == "smart pointer"
    assert [singular(word) for word in ("classes", "bodies", "boxes", "threads", "bus", "news", "DNS")] == [
        "class",
        "body",
        "box",
        "thread",
        "bus",
        "news",
        "DNS",
    ]


def test_runs_end_at_verbs_and_function_words() -> None:
    words = tokens("The borrow checker rejects invalid references to heap memory.")
    runs = [" ".join(words[a:b]) for a, b in noun_runs(words)]
    assert runs == ["borrow checker", "references", "heap memory"]
    spans = {" ".join(words[a:b]) for a, b, _ in subterms(words, 1, 3)}
    assert spans == {"borrow", "checker", "borrow checker"}
