"""Draws lives and plays each in a copy of one prepared world; a life that fails is made as small as can be.

Drawn by a plain generator of random numbers: hypothesis, which prefers what it has drawn before, was seen to play the same few
operations most of the time.
"""

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from random import Random

from tests.life.operations import Operation, life, simpler
from tests.life.story import Story
from tests.life.world import World

MAX_TRIES = 200


class Player:
    """Plays lives below a folder; `counts` says what became of their operations."""

    def __init__(self, top: Path) -> None:
        (top / "made").mkdir(parents=True)
        self._top, self._made, self._copies = top, World.make(top / "made"), count()
        self.counts: Counter[str] = Counter()

    def play(self, operations: Sequence[Operation]) -> str:
        """The fault that one life shows, with what was played, "" for none."""
        folder = self._top / f"life-{next(self._copies)}"
        self.counts["lives"] += 1
        try:
            Story(self._made.copy(folder), self.counts)(operations)
        except AssertionError as fault:
            return f"{fault}\n"
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return ""

    def drawn(self, lives: int, seed: int, *, shrink: bool = True) -> str:
        """The first fault of so many lives."""
        for number in range(lives):
            operations = life(Random(f"{seed} {number}"))
            fault = self.play(operations)
            if fault:
                return self._smallest(operations, fault) if shrink else fault
        return ""

    def _smallest(self, operations: list[Operation], fault: str) -> str:
        """The fault of a life from which nothing can be taken away any more."""
        kind, tries, better = _kind(fault), 0, True
        while better and tries < MAX_TRIES:
            better = False
            for smaller in _smaller(operations):
                tries += 1
                found = self.play(smaller)
                if found and _kind(found) == kind:
                    operations, fault, better = smaller, found, True
                    break
                if tries >= MAX_TRIES:
                    break
        return f"{operations}\n{fault}"


def _kind(fault: str) -> str:
    """The last words of a fault, without what differs from life to life."""
    return " ".join(fault.strip().splitlines()[-1].split()[:3])


def _smaller(operations: list[Operation]) -> Iterator[list[Operation]]:
    for length in (4, 2, 1):
        for start in range(len(operations) - length, -1, -1):
            yield operations[:start] + operations[start + length :]
    for place, operation in enumerate(operations):
        for less in simpler(operation):
            yield [*operations[:place], less, *operations[place + 1 :]]
