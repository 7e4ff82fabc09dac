"""A short run of `python -m tests.crash.stress`: many processes and a person on one knowledge base."""

import os
from pathlib import Path

import pytest

from tests.crash.stress import stress

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs what git gc needs")


def test_writers_readers_and_a_person_do_not_get_in_each_others_way(tmp_path: Path) -> None:
    made = stress(tmp_path, seconds=8, writers=3, readers=2, seed=4)
    assert made.faults == []
    assert made.counts["runs"] and made.counts["reads"] and made.counts["commits by hand"]
