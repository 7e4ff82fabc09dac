"""Several processes write to one knowledge base at once."""

import subprocess
import sys
from pathlib import Path

from gitkb.store.repository import Store
from tests.store.scenes import Git, root_of, traces

PUBLISHER = Path(__file__).with_name("publisher.py")
WRITERS, DOCUMENTS = 8, 6


def test_eight_writers_land_all_their_commits_once(store: Store, git: Git) -> None:
    root = root_of(store)
    running = [
        subprocess.Popen([sys.executable, str(PUBLISHER), str(root), f"w{number}", str(DOCUMENTS)]) for number in range(WRITERS)
    ]
    assert [process.wait(timeout=120) for process in running] == [0] * WRITERS
    expected = sorted(f"w{writer}-{number}" for writer in range(WRITERS) for number in range(DOCUMENTS))
    assert sorted(git(root, "log", "--format=%s").split()) == sorted(["init", *expected])
    assert sorted((root / "wiki/index.md").read_text().splitlines()[1:]) == expected
    assert git(root, "status", "--porcelain") == ""
    git(root, "fsck", "--strict", "--no-dangling")
    assert traces(store) == []
