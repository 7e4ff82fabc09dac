"""Bad documents through the real command: each is added with right content or fails with a reason that a person understands.

A part of the entire set, which `python -m tests.bad` runs: small limits make what explodes end soon.
"""

from pathlib import Path

import pytest

from tests.bad import batch
from tests.bad.generate import all_cases, quick, write_all

LIMITS = "format: 1\nconvert:\n  timeout: 5\n  memory: 536870912\n"
MEMORY = 536870912


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="watches processes through /proc")
def test_bad_documents_end_as_declared_and_nothing_stays_behind(tmp_path: Path) -> None:
    cases = [case for case in quick(all_cases()) if "locked" not in case.path or batch.can_lock()]
    assert len(cases) > 150
    (tmp_path / "tmp").mkdir()
    write_all(tmp_path / "bad", cases)
    report = batch.run(tmp_path / "bad", tmp_path / "kb", cases, LIMITS, temporary=tmp_path / "tmp")
    for locked in (tmp_path / "bad/places").glob("locked*"):
        locked.chmod(0o700)
    assert [f"{verdict.case.path!r}: {verdict.wrong}" for verdict in report.unexpected] == []
    assert list(report.left) == []
    assert 0 < report.watch.worker < MEMORY + 256 * 1024**2
    assert 0 < report.watch.owner < 512 * 1024**2
