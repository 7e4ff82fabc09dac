"""How common a word is in its language, from the word lists of `wordfreq`: the background that a single document lacks.

Invariant: the same answer everywhere; a language without a list has no common words.
"""

from functools import lru_cache

_LISTED = frozenset({"en", "de", "fr", "es", "it", "pt", "nl", "ru"})


@lru_cache(maxsize=20_000)
def is_common(word: str, language: str, limit: float) -> bool:
    """Whether a word's Zipf frequency (log10 of its occurrences in 10^9 words) is at least `limit`."""
    if language not in _LISTED:
        return False
    import wordfreq

    return wordfreq.zipf_frequency(word.lower(), language, wordlist="small") >= limit
