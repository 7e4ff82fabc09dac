"""The words that carry a sentence's meaning, as stems: what claims and passages are compared by.

Invariant: function words and numbers are left out; scripts without blanks give pairs of characters.
"""

from gitkb.text.stopwords import function_words
from gitkb.text.tokens import normalise, stems, words


def content_words(text: str, language: str) -> list[str]:
    """The stems in text order."""
    known, stem = function_words(language), stems(language)
    return [
        word.text if word.unspaced else stem[word.text]
        for word in words(normalise(text))
        if word.unspaced or (word.text not in known and not word.text.isdigit() and len(word.text) > 1)
    ]


def content_stems(text: str, language: str) -> set[str]:
    """The stems, each once."""
    return set(content_words(text, language))
