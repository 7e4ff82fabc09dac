"""A sample of the power-loss test; the whole of it is `python -m tests.crash.powerloss`."""

import shutil
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux" or shutil.which("strace") is None, reason="needs strace"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


def test_after_a_loss_of_power_the_history_is_readable_and_holds_what_was_reported(tmp_path: Path) -> None:
    from tests.crash.powerloss import search

    tally = search(tmp_path, short=True, stride=40, draws=1, full=0.05, singles=0)
    assert tally.faults == []
    assert tally.states > 50 and tally.full > 0


@pytest.mark.parametrize("broken", ["no fsync of the pack", "objects of others not made durable"])
def test_a_missing_fsync_is_noticed(tmp_path: Path, broken: str) -> None:
    from tests.crash.powerloss import notice

    assert notice(tmp_path, broken, short=True)
