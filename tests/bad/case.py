"""One bad input: how it is made, and what must become of it.

A case says which outcomes are right. Where it may be added, `contains` must stand in its text and `absent` must not; where it may
fail, the reason must match `reason`, so that a case cannot pass by failing for something else.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

Write = Callable[[Path], None]
FRACTIONS = (10, 25, 50, 75, 90, 99)

# What no reason may hold: it is read by a person who knows neither Python nor the libraries below.
INTERNALS = re.compile(
    r"Traceback|\w+Error\b|\w+Exception\b|\bat 0x|object at|NoneType|lxml|pypdf|pdfium|openpyxl|xlrd|docutils|mammoth|zlib|BadZip"
    r"|\bxref\b|unpack requires|codec can't|list index|out of range|not subscriptable|has no attribute|expected str|\{http"
    r"|line \d+, col"
)
FILE_DAMAGED = r"damaged|truncated|cut off|not a|holds no|no text|garbled|empty|password|no pages|unpack"


@dataclass(frozen=True, slots=True)
class Case:
    """A bad input by the path of its file below the folder that is added.

    `outcomes` are those that are right: "added", "failed", and "unsupported" for what is no document and is only named.
    `whole`: where it is added, at least this share of `words` must be in its text, or the text must say what is missing.
    `slow`: takes seconds or more even when all is well, so it is part of the entire set only.
    """

    path: str
    write: Write
    outcomes: frozenset[str]
    reason: str = ""
    contains: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    whole: float = 0.0
    slow: bool = False

    def judge(self, outcome: str, reason: str, text: str) -> str:
        """What is wrong with an outcome, "" where nothing is; `text` is what the document became."""
        if outcome == "empty" and "failed" in self.outcomes:
            return self._judge_reason(reason)  # nothing to read is said as a failure is, though it counts as none
        if outcome not in self.outcomes:
            return f"{outcome or 'not reported'} instead of {' or '.join(sorted(self.outcomes))}: {reason or text[:100]!r}"
        if outcome == "failed":
            return self._judge_reason(reason)
        if outcome == "added":
            return self._judge_text(text)
        return ""

    def _judge_reason(self, reason: str) -> str:
        if found := INTERNALS.search(reason):
            return f"the reason tells of the inside ({found[0]}): {reason}"
        if not re.search(self.reason, reason):
            return f"the reason is another: {reason}"
        return "" if len(reason) < 400 and reason.endswith((".", "!")) else f"the reason is no sentence, or too long: {reason}"

    def _judge_text(self, text: str) -> str:
        if missing := [words for words in self.contains if words not in text]:
            return f"lost: {missing[0]!r} of {text[:100]!r}"
        if found := [words for words in self.absent if words in text]:
            return f"must not hold {found[0]!r}"
        if self.words and self.whole:
            share = sum(word in text for word in self.words) / len(self.words)
            if share < self.whole and not re.search(r"\((?:[^()]* )?(?:damaged|left out|lost)[^()]*\)", text):
                return f"holds {share:.0%} of the words and does not say so"
        return ""


def added(path: str, content: bytes | Write, *contains: str, absent: tuple[str, ...] = (), slow: bool = False) -> Case:
    """A case that must be added, with these words in its text."""
    return Case(path, _writer(content), frozenset({"added"}), contains=contains, absent=absent, slow=slow)


def failed(path: str, content: bytes | Write, reason: str, *, slow: bool = False) -> Case:
    """A case that must fail for this reason."""
    return Case(path, _writer(content), frozenset({"failed"}), reason=reason, slow=slow)


def either(
    path: str, content: bytes | Write, reason: str, *contains: str, absent: tuple[str, ...] = (), slow: bool = False
) -> Case:
    """A case that may fail for this reason, or be added with these words."""
    return Case(path, _writer(content), frozenset({"added", "failed"}), reason, contains, absent, slow=slow)


def unsupported(path: str, write: Write) -> Case:
    """Something that is no document: it is named as not supported, and nothing else."""
    return Case(path, write, frozenset({"unsupported"}))


def truncated(folder: str, name: str, whole: bytes, words: tuple[str, ...]) -> Iterator[Case]:
    """A file whose end is missing: it fails, or everything is there all the same."""
    stem, _, ending = name.rpartition(".")
    for percent in FRACTIONS:
        part = whole[: len(whole) * percent // 100]
        yield replace(either(f"{folder}/{stem}-{percent}-percent.{ending}", part, FILE_DAMAGED), words=words, whole=1.0)


def flipped(folder: str, name: str, whole: bytes, words: tuple[str, ...]) -> Iterator[Case]:
    """A file with some bytes changed: it fails, or most of it is there."""
    stem, _, ending = name.rpartition(".")
    for count in (1, 10, 100):
        for seed in range(2):
            rng = random.Random(f"{name}-{count}-{seed}")
            data = bytearray(whole)
            for _ in range(count):
                data[rng.randrange(len(data))] ^= rng.randrange(1, 256)
            case = either(f"{folder}/{stem}-{count}-flipped-{seed}.{ending}", bytes(data), FILE_DAMAGED)
            yield replace(case, words=words, whole=0.3)


def noise(size: int, seed: str) -> bytes:
    """Bytes without any order, the same for the same seed."""
    return random.Random(seed).randbytes(size)


def later(make: Callable[[], bytes]) -> Write:
    """Writes what is only made when it is wanted: large inputs cost time."""

    def write(file: Path) -> None:
        file.write_bytes(make())

    return write


def _writer(content: bytes | Write) -> Write:
    if callable(content):
        return content

    def write(file: Path) -> None:
        file.write_bytes(content)

    return write
