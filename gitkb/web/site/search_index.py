"""The search of a site: which words stand on which page, as files that a script loads by the first letters of a word.

Invariant: the script folds words as `folded` does and asks for the files that `shard` names (`siteSearch` in
`gitkb/web/static/app.js`). Pure: nothing here reads or writes files.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_MOST_WORDS = 3_000
_WORD = re.compile(r"[^\W_]+")
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_APART = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def words_of(title: str, text: str) -> dict[str, int]:
    """How often each word stands in a page, folded; those of the title count ten times."""
    counts = Counter(folded(text))
    for word in folded(title):
        counts[word] += 10
    return dict(counts.most_common(_MOST_WORDS))


def folded(text: str) -> Iterator[str]:
    """The words of a text as search compares them: lower case, without accents, each sign of Chinese or Japanese alone."""
    plain = text if text.isascii() else _FOREIGN.sub(_without_accents, unicodedata.normalize("NFKD", text))
    plain = plain.lower()
    words = _WORD.findall(plain)
    if plain.isascii():
        yield from (word for word in words if len(word) < 40)
        return
    for word in words:
        if _APART.search(word):
            yield from word
        elif len(word) < 40:
            yield word


def _without_accents(found: re.Match[str]) -> str:
    return "".join(char for char in found[0] if not unicodedata.combining(char))


@lru_cache(65_536)
def shard(word: str) -> str:
    """The file of the index that has a word."""
    return "w-" + "-".join(_base36(ord(char)) for char in word[:2])


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits


def files(pages: Sequence[tuple[str, str, str]], words: Sequence[Mapping[str, int]]) -> Iterator[tuple[str, bytes]]:
    """The files of the index by their names: the pages (address, title, what is said of it), and for each beginning of words
    where these stand, as pairs of a page's number and how often."""
    yield "pages.json", _json([list(page) for page in pages])
    shards: dict[str, dict[str, list[int]]] = {}
    for number, counts in enumerate(words):
        for word, count in counts.items():
            shards.setdefault(shard(word), {}).setdefault(word, []).extend((number, min(count, 99)))
    for name, places in shards.items():
        yield f"{name}.json", _json(places)


def _json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
