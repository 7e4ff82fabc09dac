"""Small changes to copied words that change what they say: a "not" put in or taken out, "may" made "must", "usually" left out.

Invariant: looks only at places where a claim copies its passage before or after, and where nothing but such words differs; what a
claim says in words of its own is judged elsewhere.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from gitkb.compile.llm.named import is_acronym_of
from gitkb.text.tokens import normalise

_WORD = re.compile(r"n['’]t\b|[^\W_]+?(?=n['’]t\b)|[^\W_]+(?:[-_.][^\W_]+)*")
_DIGITS = re.compile(r"\d+")
_LONGEST, _SMALL = 400, 4
_NEGATIONS = frozenset(
    """not n't n’t cannot never no none neither nor without nicht kein keine keinen keiner keinem nie niemals ohne ne pas
    jamais aucun aucune sin nunca""".split()
)
_AUXILIARIES = frozenset("""do does did be is are was were to wird werden a an the any""".split())
_HEDGES = frozenset(
    """may might could should usually typically often sometimes generally normally probably perhaps likely mostly rarely some
    most many almost nearly partly möglicherweise meist meistens normalerweise oft manchmal wahrscheinlich sollte sollten
    einige manche viele généralement souvent parfois habituellement probablement normalement presque""".split()
)
_MILD = _HEDGES | frozenset("""can possibly kann können darf peut peuvent ought recommended several certain""".split())
_STRONG = frozenset(
    """must always all every never only shall entirely completely immer alle jeder jede jedes nur muss müssen toujours tous
    toutes chaque seulement""".split()
)


def edited(claim: str, passage: str) -> str:
    """What the small changes of a claim do to its passage: "polarity" (it says the opposite), "more" (it says more),
    "names" (it speaks of another thing), or ""."""
    written, original = (_WORD.findall(text)[:_LONGEST] for text in (claim, passage))
    said, there = (list(map(normalise, each)) for each in (written, original))
    blocks = SequenceMatcher(None, there, said, autojunk=False).get_opcodes()
    for number, (kind, i1, i2, j1, j2) in enumerate(blocks):
        if kind == "equal" or max(i2 - i1, j2 - j1) > _SMALL or not _is_copied(blocks, number):
            continue
        if i2 - i1 == j2 - j1 and any(map(_swaps, original[i1:i2], written[j1:j2])):
            return "names"
        removed, added = there[i1:i2], said[j1:j2]
        if _core(removed) != _core(added):
            continue
        if (_count(removed, _NEGATIONS) + _count(added, _NEGATIONS)) % 2:
            return "polarity"
        if _count(removed, _HEDGES) and not _count(added, _MILD):
            return "more"
        if _count(added, _STRONG) > _count(removed, _STRONG):
            return "more"
    return ""


def _swaps(word: str, other: str) -> bool:
    """Whether a word in the place of another is another name, or the same one with another number."""
    if _DIGITS.sub("", word) == _DIGITS.sub("", other):
        return word != other and _DIGITS.search(word) is not None
    names = all(each[0].isupper() and each[1:2].isalpha() for each in (word, other))
    return names and not (is_acronym_of(word, other) or is_acronym_of(other, word)) and word[:4].lower() != other[:4].lower()


def _is_copied(blocks: Sequence[tuple[str, int, int, int, int]], number: int) -> bool:
    """Whether words are the same on both sides, or enough on one."""
    before = blocks[number - 1] if number else None
    after = blocks[number + 1] if number + 1 < len(blocks) else None
    sizes = [block[2] - block[1] if block and block[0] == "equal" else 0 for block in (before, after)]
    return min(sizes) >= 1 and max(sizes) >= 2


def _core(words: list[str]) -> list[str]:
    """The words less those that only negate, hedge or help."""
    bare = ("can" if word == "cannot" else word for word in words)
    return [word for word in bare if word not in _NEGATIONS | _AUXILIARIES | _MILD | _STRONG]


def _count(words: list[str], of: frozenset[str]) -> int:
    return sum(word in of for word in words)
