"""Drawn lives of a knowledge base: adding, moving, removing, undoing, approving, deciding, editing, branching and merging.

What must hold after each operation and at the end is in `oracle`; `tests/benchmarks/life.py` plays as many as one likes.
"""

from pathlib import Path

from tests.life.playing import Player

LIVES = 4
SEED = 5


def test_whatever_happens_pages_follow_from_documents_decisions_and_what_people_wrote(tmp_path: Path) -> None:
    player = Player(tmp_path / "lives")
    fault = player.drawn(LIVES, SEED, shrink=False)
    assert not fault, fault
    assert player.counts["compared"] > LIVES // 2, player.counts
