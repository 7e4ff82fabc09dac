"""Whether documents mean different things by one name: their definitions and what they say share no words.

Invariant: conservative, and a function of the claims of one page: two documents are told apart only where both define the name
and say enough of it. A document that defines nothing goes to the sense with which it shares most, or to none.
"""

import re
from collections.abc import Sequence
from functools import cache

from gitkb.formats.topic_rows import Evidence
from gitkb.text import word_lists

_WORD = re.compile(r"[^\W\d_]{3,}")
_STEM, _FEWEST_WORDS, _MOST_SHARED = 5, 8, 1
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def senses(evidence: Sequence[Evidence], names: Sequence[str]) -> list[frozenset[str]]:
    """The documents of each sense, those of the best definition first; empty where there is but one. `evidence` comes best first,
    `names` are those of the topic."""
    own = {stem for name in names for stem in _stems(name)}
    said: dict[str, set[str]] = {}
    defining = list(dict.fromkeys(item.document for item in evidence if item.defines))
    if len(defining) < 2 or any(_UNSPACED.search(item.text) for item in evidence):
        return []
    for item in evidence:
        said.setdefault(item.document, set()).update(_stems(item.text) - own)
    groups = _groups([name for name in defining if len(said[name]) >= _FEWEST_WORDS], said)
    if len(groups) < 2:
        return []
    known = {name for group in groups for name in group}
    for name in sorted(said.keys() - known):
        shares = [max(len(said[name] & said[other]) for other in group) for group in groups]
        if max(shares) > _MOST_SHARED:
            groups[shares.index(max(shares))].append(name)
    return [frozenset(group) for group in groups]


def _groups(documents: Sequence[str], said: dict[str, set[str]]) -> list[list[str]]:
    """Documents that share words, directly or through others, in the order of their first."""
    groups: list[list[str]] = []
    for name in documents:
        near = [group for group in groups if any(len(said[name] & said[other]) > _MOST_SHARED for other in group)]
        merged = [*(other for group in near for other in group), name]
        groups = [merged if near and group is near[0] else group for group in groups if not near or group not in near[1:]]
        if not near:
            groups.append(merged)
    return groups


def _stems(text: str) -> set[str]:
    words = (word.casefold() for word in _WORD.findall(text))
    return {word[:_STEM] for word in words if word not in _function_words()}


@cache
def _function_words() -> frozenset[str]:
    """Those of all languages: a claim does not say its language."""
    lists = (word_lists.words("function_words", language, "words") for language in word_lists.languages("function_words"))
    return frozenset(word for words in lists for word in words)
