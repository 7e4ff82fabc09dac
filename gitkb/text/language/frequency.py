"""How common a word is in a language, by the lists of the library wordfreq.

Invariant: the value is that of `wordfreq.zipf_frequency(word, language, wordlist="small")`. Importing that library takes a third
of the time in which a worker process starts, as it brings ftfy, regex and langcodes for texts of any kind. So for words of plain
letters the list is read here, which a test compares. Any other word is left to the library.
"""

import gzip
import math
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.util import find_spec

import msgspec

_PLAIN = re.compile(r"[a-zà-öø-ÿ]+(?:-[a-zà-öø-ÿ]+)*")
_READ_HERE = frozenset({"en", "de", "fr", "es", "it", "pt", "nl"})
_LEAST = 1e-9


@lru_cache(maxsize=50_000)
def zipf(word: str, language: str) -> float:
    """The Zipf frequency of a word in small letters: log10 of its occurrences in 10^9 words, 0.0 for one that is not listed. That
    of a word with hyphens tells how common its parts are together."""
    if language not in _READ_HERE or not _PLAIN.fullmatch(word):
        import wordfreq

        return float(wordfreq.zipf_frequency(word, language, wordlist="small"))
    listed = _list(language)
    rarity = 0.0
    for part in word.split("-"):
        share = listed.get(part)
        if share is None:
            return 0.0
        rarity += 1.0 / share
    share = max(1.0 / rarity, _LEAST)
    return round(math.log10(round(share, math.floor(-math.log(share, 10)) + 3)) + 9, 2)


@cache
def _list(language: str) -> Mapping[str, float]:
    """The share of each listed word among all words. The file has a list for each share, 0.01 apart in its log10."""
    spec = find_spec("wordfreq")
    assert spec is not None and spec.submodule_search_locations
    loader: object = spec.loader
    data = loader.get_data(f"{spec.submodule_search_locations[0]}/data/small_{language}.msgpack.gz")  # type: ignore[attr-defined]
    _, *shares = msgspec.msgpack.decode(gzip.decompress(data))
    return {word: 10 ** (-number / 100) for number, words in enumerate(shares) for word in words}
