"""What a maintainer reads in the log of a lost race and of a recovery."""

import logging
import subprocess
import sys

import pytest

from gitkb.errors import RefMoved
from gitkb.store.repository import Store
from gitkb.store.values import PlannedCommit
from tests.store.scenes import Git, publish, root_of

DIES = """
import os, signal, sys
from pathlib import Path
from gitkb.store.repository import Store
with Store.open(Path(sys.argv[1])).begin("a test") as run:
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_lost_race_names_the_branch_and_both_commits(store: Store, git: Git, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "gitkb")
    root = root_of(store)
    before = git(root, "rev-parse", "HEAD").strip()
    with store.begin("add") as run, run.locked() as transaction:
        git(root, "commit", "--allow-empty", "-qm", "a person's")
        with pytest.raises(RefMoved):
            transaction.publish([PlannedCommit("mine", {"wiki/a.md": b"a"})])
    after = git(root, "rev-parse", "HEAD").strip()
    assert f"lost the race for refs/heads/main: it is at {after}, and was at {before}" in caplog.text


def test_a_publication_names_what_moved(store: Store, git: Git, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "gitkb")
    commit = publish(store, {"wiki/a.md": b"a"})
    assert f"to {commit}" in caplog.text and "published 1 commits on refs/heads/main" in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_a_recovery_names_the_dead_run(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "gitkb")
    subprocess.run([sys.executable, "-c", DIES, str(root_of(store))], check=False)
    [dead] = [run.id for run in store.status().runs]
    store.recover(lambda _: None)
    assert f"clearing the dead run {dead} on refs/heads/main" in caplog.text
