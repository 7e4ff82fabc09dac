"""Whether a passage backs a claim made from it: a quote that was found is not yet support.

Invariant: decides by the words of the two alone. Numbers and names of a claim stand in its passage; nothing is turned into its
opposite; a fair share of what it says stands there too. It cannot judge meaning: it refuses what careless models do.
"""

import re

from gitkb.compile.llm.backing_words import content_stems, content_words
from gitkb.compile.llm.crossing import is_crossed
from gitkb.compile.llm.edits import edited
from gitkb.compile.llm.grounding import letters, numbers
from gitkb.compile.llm.named import is_known_name, names
from gitkb.compile.llm.opposites import has_opposite
from gitkb.compile.llm.polarity import says_more, turns_round
from gitkb.compile.llm.quantity import number_words

_SHARE, _SHARE_UNSPACED = 0.5, 0.45
_PREFIX, _SUBJECT, _INVENTED, _INVENTED_PAIRS = 5, 2, 3, 8
_UNSPACED = ("ja", "zh", "ko", "th")


def objection(claim: str, passage: str, language: str) -> str:
    """What speaks against a claim: "numbers", "names", "polarity" (it says the opposite), "more" (it says more), "crossed"
    (what belongs to one thing is said of another), "words" (too few are the passage's); "" where nothing does."""
    if letters(claim) == letters(passage) and numbers(claim) == numbers(passage):
        return ""
    if not _numbers_agree(claim, passage, language):
        return "numbers"
    if any(not is_known_name(name, passage, language) for name in names(claim, language)):
        return "names"
    if turns_round(claim, passage, language) or has_opposite(claim, passage, language):
        return "polarity"
    if changed := edited(claim, passage):
        return changed
    if says_more(claim, passage, language):
        return "more"
    if is_crossed(claim, passage, language):
        return "crossed"
    return "" if _shares_words(claim, passage, language) else "words"


def _numbers_agree(claim: str, passage: str, language: str) -> bool:
    there = set(numbers(passage))
    there |= {part for number in there if "," in number for part in number.split(",")} | number_words(passage, language)
    there |= {number.rstrip("%‰") for number in there}
    return set(numbers(claim)) | number_words(claim, language) <= there


def _shares_words(claim: str, passage: str, language: str) -> bool:
    said, there = content_stems(claim, language), content_stems(passage, language)
    if not said:
        return bool(letters(claim)) and letters(claim) in letters(passage)
    prefixes = {word[:_PREFIX] for word in there if len(word) >= _PREFIX}
    known = [word in there or (len(word) >= _PREFIX and word[:_PREFIX] in prefixes) for word in content_words(claim, language)]
    if language not in _UNSPACED and not any(known[:_SUBJECT]):
        return False  # it begins with something else than its passage speaks of
    run = _INVENTED_PAIRS if language in _UNSPACED else _INVENTED
    if any(not any(known[at : at + run]) for at in range(len(known) - run + 1)):
        return False  # it goes on with what its passage does not say
    shared = sum(word in there or (len(word) >= _PREFIX and word[:_PREFIX] in prefixes) for word in said)
    unspaced = bool(re.search("[\u3040-\u9fff]", claim))
    return shared >= (_SHARE_UNSPACED if unspaced else _SHARE) * len(said)
