"""The frequencies that are read here are those of the library whose lists they are."""

import pytest
import wordfreq

from gitkb.text.language.frequency import _list, zipf


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "it", "pt", "nl"])
def test_the_frequency_of_a_word_is_that_of_the_library(language: str) -> None:
    listed = sorted(_list(language))
    compounds = [f"{one}-{other}" for one, other in zip(listed[::97], listed[50::89], strict=False)]
    odd = ["", "-", "a-", "zzzqqy", "gpt4", "3d", "self-zzzqqy", "kündigung", "straße", "l'eau", "été", "naïve"]
    for word in (*listed[::5], *compounds, *odd):
        assert zipf(word, language) == wordfreq.zipf_frequency(word, language, wordlist="small"), word


def test_other_scripts_are_left_to_the_library() -> None:
    assert zipf("слово", "ru") == wordfreq.zipf_frequency("слово", "ru", wordlist="small") > 4
