"""Word lists are data: they are found, whole, and a language that has none has empty ones."""

import re
from collections.abc import Iterator
from importlib.resources import files

import pytest

from gitkb.text import word_lists
from gitkb.text.language.boilerplate import is_structural
from gitkb.text.language.detect import detect_language, function_words


def lists() -> Iterator[tuple[str, str, str]]:
    """(kind, language, text) of every file."""
    for item in files("gitkb.text").joinpath("words").iterdir():
        kind, language, ending = item.name.split(".")
        assert ending == "txt"
        yield kind, language, item.read_text("utf-8")


@pytest.mark.parametrize(("kind", "language", "text"), list(lists()), ids=lambda value: value if "\n" not in value else "")
def test_every_list_says_what_it_is_and_every_section_is_read(kind: str, language: str, text: str) -> None:
    assert text.startswith("# ") and language in word_lists.languages(kind)
    headers = re.findall(r"^\[(.+)\]$", text, re.MULTILINE)
    named = [name for name in headers if word_lists.entries(kind, language, name)]
    assert headers and named == headers
    said = sum(1 for line in text.splitlines() if line and not line.startswith(("#", "[")))
    assert sum(len(word_lists.entries(kind, language, name)) for name in headers) == said


@pytest.mark.parametrize("language", ["", "xx", "en-US", "../words/en", "e\0n", "EN"])
def test_a_language_without_a_list_has_empty_ones(language: str) -> None:
    assert word_lists.words("function_words", language, "words") == function_words(language) == frozenset()
    assert word_lists.pattern("polarity", language, "hedges") is None


def test_an_entry_is_found_as_a_whole_word_or_as_it_says() -> None:
    negations = word_lists.pattern("polarity", "en", "negations")
    assert negations is not None
    assert negations.search("it is not so") and negations.search("it isn't so")
    assert not negations.search("a note of it")


def test_languages_are_told_apart_by_their_lists() -> None:
    assert {"en", "de", "fr", "ru"} <= set(word_lists.languages("function_words"))
    assert detect_language("Das ist ein Satz, der nicht zu lang ist, und er hat mehr als ein Wort.") == "de"
    assert is_structural("3. Siehe auch") and is_structural("目次") and not is_structural("Write-ahead logging")
