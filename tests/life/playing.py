"""Draws lives and plays each in a copy of one prepared world."""

import shutil
from collections import Counter
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.life.operations import Operation, lives
from tests.life.story import Story
from tests.life.world import World


def play(top: Path, examples: int, number: int, *, shrink: bool = True) -> tuple[str, Counter[str]]:
    """Plays so many lives, drawn by a seed; the fault of the smallest that fails ("" for none), and what was counted."""
    (top / "made").mkdir(parents=True)
    made, counts, copies = World.make(top / "made"), Counter[str](), count()

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(lives)
    def one(operations: Sequence[Operation]) -> None:
        folder = top / f"life-{next(copies)}"
        counts["lives"] += 1
        try:
            Story(made.copy(folder), counts)(operations)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    try:
        one()
    except AssertionError as fault:
        return f"{fault}\n", counts
    return "", counts
