"""What changed in a text, sentence by sentence, the most important first: numbers, negations and sections that are gone.

Invariant: pure. A sentence that only moved is no change; one in other words is one change with both sides, never a loss and a
gain. Layout, emphasis and the signs of lists say nothing; the target of a link to the web does. Costs about the length of the
text: what both sides begin and end with is taken off first, and sentences are compared with those near them.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import cache

from msgspec import Struct

from gitkb.commands.diff.report import SentenceChange, TextChange, Weight
from gitkb.text import word_lists
from gitkb.text.language.sentences import split_sentences
from gitkb.text.markdown import block_merge, prose

TOKEN = re.compile(r"\s+|(?<!\w)[$€£¥]?\d+(?:[.,:/\-]\d+)*%?(?!\w)|\w+(?:['’]\w+)*|[^\w\s]")
MOST = 200
SHOWN_OF_SECTION = 600
_NEAR, _MANY, _LONG = 30, 200, 400
_ALIKE, _ALIKE_AFAR = 0.5, 0.75
_PAGE = re.compile(r"<a (?:name|id)=\"[^\"]*\">\s*</a>")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*$")
_SIGN = re.compile(r"[ \t]*(?:>[ \t]?)*(?:(?:[-*+•]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?)?")
_RULE = re.compile(r"[\s|:+=*_-]+$")
_WEB = re.compile(r"\]\(<?(https?://[^()\s<>]+)")


class Unit(Struct, frozen=True):
    """A sentence, heading, row of a table or line of code: its plain `text`, the heading above it, and the addresses on the web
    to which its block links. `level` is that of a heading, 0 for all else; `verbatim` marks code."""

    text: str
    section: str = ""
    level: int = 0
    verbatim: bool = False
    targets: tuple[str, ...] = ()


def text_change(old: str, new: str, language: str = "") -> TextChange:
    """What leads from one Markdown body to another."""
    return changed_units(list(units(old, language)), list(units(new, language)), language)


def line_change(old: Sequence[str], new: Sequence[str]) -> TextChange:
    """What leads from some lines to others, where each stands for itself."""
    before, after = ([Unit(line.strip(), verbatim=True) for line in lines if line.strip()] for lines in (old, new))
    return changed_units(before, after, "")


def units(markdown: str, language: str = "") -> Iterator[Unit]:
    """What a Markdown body says, in order."""
    section = ""
    for block in block_merge.page_blocks(_PAGE.sub("", markdown)):
        if heading := _HEADING.fullmatch(block.text):
            section = _plain(heading[2])
            yield Unit(section, section, len(heading[1]))
        elif block_merge.kind_of(block.text) == "fence":
            yield from (Unit(line.strip(), section, verbatim=True) for line in block.text.split("\n")[1:-1] if line.strip())
        else:
            yield from _said(block.text, section, language)


def headings(markdown: str) -> Iterator[str]:
    """The headings below the title of a Markdown body."""
    found = (unit for unit in units(markdown) if unit.level)
    yield from (unit.text for number, unit in enumerate(found) if number or unit.level > 1)


def _said(text: str, section: str, language: str) -> Iterator[Unit]:
    targets = tuple(_WEB.findall(text))
    lines = text.split("\n")
    if all(line.lstrip().startswith("|") for line in lines):
        for line in lines:
            if not _RULE.fullmatch(line):
                yield Unit(_plain(line.strip().strip("|").replace("|", " | ")), section, targets=tuple(_WEB.findall(line)))
        return
    plain = _plain("\n".join(_SIGN.sub("", line, count=1) for line in lines))
    found = split_sentences(plain, language) if plain else [" ".join(text.split())] if any(map(str.isalnum, text)) else []
    for number, sentence in enumerate(found):
        yield Unit(sentence, section, targets=targets if not number else ())


def _plain(raw: str) -> str:
    return prose.plain(prose.inline_text(raw)[0])


def changed_units(old: Sequence[Unit], new: Sequence[Unit], language: str) -> TextChange:
    """What differs between two texts that were cut into units."""
    aligned = _Aligned(old, new)
    pairs = aligned.pairs()
    gone, come = aligned.gone - {i for i, _ in pairs}, aligned.come - {j for _, j in pairs}
    judge = _Judge(language)
    found = [(i, judge.pair(old[i], new[j])) for i, j in pairs]
    found += [(i, change) for i, change in aligned.links()]
    found += list(_one_sided(old, gone, judge, added=False))
    found += list(_one_sided(new, come, judge, added=True))
    total = sum(len(unit.text) for unit in (*old, *new))
    changed = sum(_changed_letters(old[i].text, new[j].text) for i, j in pairs)
    changed += sum(len(old[i].text) for i in gone) + sum(len(new[j].text) for j in come)
    ranked = [change for _, change in sorted(found, key=lambda each: (importance(each[1]), each[0]))]
    share = round(min(1.0, changed / total), 6) if total else 0.0
    return TextChange(share, tuple(ranked[:MOST]), max(0, len(ranked) - MOST), aligned.moved)


def importance(change: SentenceChange) -> int:
    """How early a reviewer should see a change: 0 first."""
    if change.weight is Weight.SECTION:
        return 1 if change.old else 5
    grave = change.weight in (Weight.NUMBER, Weight.NEGATION)
    if change.old and change.new:
        return 0 if grave else {Weight.OBLIGATION: 2, Weight.NAME: 2, Weight.LINK: 4}.get(change.weight, 5)
    if change.old:
        return 2 if grave else 3
    return 3 if grave else 4


class _Aligned:
    """Two texts laid side by side. `gone` and `come` are the positions of units that only one side has, `moved` how many are only
    elsewhere."""

    def __init__(self, old: Sequence[Unit], new: Sequence[Unit]) -> None:
        self._old, self._new = old, new
        self._hunks: list[tuple[range, range]] = []
        self._equal: list[tuple[int, int]] = []
        keys = [[f"{unit.level}{unit.verbatim:d}{unit.text}" for unit in side] for side in (old, new)]
        for tag, i, i_end, j, j_end in block_merge.opcodes(*keys):
            if tag == "equal":
                self._equal += zip(range(i, i_end), range(j, j_end), strict=True)
            else:
                self._hunks.append((range(i, i_end), range(j, j_end)))
        gone = [i for hunk, _ in self._hunks for i in hunk]
        come = [j for _, hunk in self._hunks for j in hunk]
        elsewhere = Counter(keys[0][i] for i in gone) & Counter(keys[1][j] for j in come)
        self.moved = elsewhere.total()
        self.gone = set(_left(gone, keys[0], elsewhere))
        self.come = set(_left(come, keys[1], elsewhere))

    def links(self) -> Iterator[tuple[int, SentenceChange]]:
        """The links to the web that lead elsewhere though nothing else of their text changed."""
        for i, j in self._equal:
            old, new = self._old[i].targets, self._new[j].targets
            if old != new:
                change = SentenceChange(Weight.LINK, " ".join(old) or "no link", " ".join(new) or "no link", self._new[j].section)
                yield i, change

    def pairs(self) -> list[tuple[int, int]]:
        """Old and new places of what is said in other words; the likest find each other first, those near by before others."""
        found: list[tuple[int, int]] = []
        for hunk, other in self._hunks:
            old, new = [i for i in hunk if i in self.gone], [j for j in other if j in self.come]
            if len(old) == len(new) == 1 and self._may_pair(old[0], new[0]):
                found.append((old[0], new[0]))
            else:
                found += self._likest(old, new, _ALIKE)
        old, new = sorted(self.gone - {i for i, _ in found}), sorted(self.come - {j for _, j in found})
        if len(old) * len(new) <= _MANY**2:
            found += self._likest(old, new, _ALIKE_AFAR, near=_MANY)
        return found

    def _may_pair(self, i: int, j: int) -> bool:
        """Whether two that stand alone at one place are versions of each other: headings and short ones are."""
        old, new = self._old[i], self._new[j]
        short = max(len(old.text.split()), len(new.text.split())) <= 4
        return _same_kind(old, new) and (bool(old.level) or short or _ratio(old.text, new.text) >= _ALIKE)

    def _likest(self, old: list[int], new: list[int], least: float, near: int = _NEAR) -> list[tuple[int, int]]:
        rated = []
        for number, i in enumerate(old):
            place = number * len(new) // max(1, len(old))
            for j in new[max(0, place - near) : place + near]:
                if _same_kind(self._old[i], self._new[j]):
                    ratio = _ratio(self._old[i].text, self._new[j].text, least)
                    if ratio >= least:
                        rated.append((-ratio, i, j))
        return list(_greedy(sorted(rated)))


def _greedy(rated: Sequence[tuple[float, int, int]]) -> Iterator[tuple[int, int]]:
    taken: tuple[set[int], set[int]] = (set(), set())
    for _, i, j in rated:
        if i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
            yield i, j


def _left(places: Sequence[int], keys: Sequence[str], elsewhere: Counter[str]) -> Iterator[int]:
    """The places without those whose text is elsewhere on the other side."""
    rest = Counter(elsewhere)
    for place in places:
        if rest[keys[place]] > 0:
            rest[keys[place]] -= 1
        else:
            yield place


def _same_kind(old: Unit, new: Unit) -> bool:
    return bool(old.level) == bool(new.level) and old.verbatim == new.verbatim


def _ratio(old: str, new: str, least: float = _ALIKE) -> float:
    """How alike two sentences are, word by word, 0..1; 0 where they cannot reach `least`."""
    one, other = ([token for token in TOKEN.findall(text)[:_LONG] if not token.isspace()] for text in (old, new))
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.real_quick_ratio() < least or matcher.quick_ratio() < least:
        return 0.0
    return matcher.ratio()


class Words(Struct, frozen=True):
    """A run of words of a comparison: kept where `old` and `new` are equal."""

    old: str
    new: str


def word_changes(old: str, new: str) -> list[Words]:
    """Two sentences side by side, word by word."""
    one, other = TOKEN.findall(old), TOKEN.findall(new)
    found: list[Words] = []
    for kind, i, j, k, m in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        before, after = "".join(one[i:j]), "".join(other[k:m])
        # A blank between two changed words belongs to the change, or every word would be marked alone.
        blank = kind == "equal" and before.isspace() and j < len(one)
        if found and found[-1].old != found[-1].new and (blank or kind != "equal"):
            found[-1] = Words(found[-1].old + before, found[-1].new + after)
        else:
            found.append(Words(before, after))
    return found


def _changed_letters(old: str, new: str) -> int:
    return sum(len(words.old) + len(words.new) for words in word_changes(old, new) if words.old != words.new)


@cache
def _pattern(section: str, language: str, kind: str = "polarity") -> re.Pattern[str] | None:
    found = word_lists.pattern(kind, language or "en", section)
    return found and re.compile(found.pattern, re.IGNORECASE)


class _Judge(Struct, frozen=True):
    """Says why a change matters, in a text of one language."""

    language: str

    def pair(self, old: Unit, new: Unit) -> SentenceChange:
        """The change from one sentence to another."""
        return SentenceChange(self._weight(old.text, new.text), old.text, new.text, new.section)

    def alone(self, unit: Unit, *, added: bool) -> SentenceChange:
        """A sentence that came or went."""
        sides = ("", unit.text) if added else (unit.text, "")
        weight = Weight.NUMBER if self._quantities(unit.text) else Weight.WORDING
        weight = Weight.NEGATION if self._count("negations", unit.text) else weight
        return SentenceChange(weight, *sides, unit.section)

    def _weight(self, old: str, new: str) -> Weight:
        if self._quantities(old) != self._quantities(new):
            return Weight.NUMBER
        if self._count("negations", old) != self._count("negations", new) or self._swapped(old, new):
            return Weight.NEGATION
        stronger = ("hedges", "hedged", "always", "all", "implied negations", "exceptions")
        if any(self._count(section, old) != self._count(section, new) for section in stronger):
            return Weight.OBLIGATION
        return Weight.NAME if _names(old) != _names(new) else Weight.WORDING

    def _count(self, section: str, text: str) -> int:
        pattern = _pattern(section, self.language)
        return sum(1 for _ in pattern.finditer(text)) if pattern else 0

    def _quantities(self, text: str) -> Counter[str]:
        """The numbers, amounts and dates of a sentence, in figures or in words."""
        found = Counter(token for token in TOKEN.findall(text) if any(map(str.isdigit, token)))
        for section in ("numbers", "months"):
            pattern = _pattern(section, self.language, "quantities")
            found.update(word.group().lower() for word in (pattern.finditer(text) if pattern else ()))
        return found

    def _swapped(self, old: str, new: str) -> bool:
        """Whether a word gave way to its opposite ("enable" to "disable", "days" to "hours")."""
        gone, come = ({word.lower() for word in re.findall(r"\w+", text)} for text in (old, new))
        gone, come = gone - come, come - gone
        for group in word_lists.entries("polarity", self.language or "en", "opposites"):
            words = {form for word in group.split() for form in (word, f"{word}s", f"{word}d", f"{word}ed")}
            if gone & words and come & words:
                return True
        return False


def _names(text: str) -> Counter[str]:
    """The words that are written with a capital inside the sentence."""
    return Counter(re.findall(r"(?<=[\w,;:)] )[^\W\d_a-z]\w*", text))


def _one_sided(all_units: Sequence[Unit], only: set[int], judge: _Judge, *, added: bool) -> Iterator[tuple[int, SentenceChange]]:
    """What only one side says: whole sections with all that stands in them, then single sentences."""
    covered: set[int] = set()
    for place in sorted(only):
        if place in covered:
            continue
        unit = all_units[place]
        body = _section(all_units, place, only) if unit.level else range(0)
        if body:
            covered.update(body)
            said = " ".join(all_units[i].text for i in body if not all_units[i].level)
            said = said[:SHOWN_OF_SECTION] or unit.text
            sides = ("", said) if added else (said, "")
            yield place, SentenceChange(Weight.SECTION, *sides, unit.text, sum(1 for i in body if not all_units[i].level))
        else:
            yield place, judge.alone(unit, added=added)


def _section(all_units: Sequence[Unit], start: int, only: set[int]) -> range:
    """The places of a section that is on this side alone, with its heading and the sections below it; empty where some of it is
    still on the other side."""
    level, end = all_units[start].level, start + 1
    while end < len(all_units) and not 0 < all_units[end].level <= level:
        end += 1
    return range(start, end) if all(i in only for i in range(start + 1, end)) else range(0)
