"""The first search after a change finds its index ready; whatever becomes of the index, documents and search stay right."""

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.support.isolation import ROOT
from tests.support.small_documents import write

Run = Callable[..., Any]
Git = Callable[..., str]
MORE = {"zab.md": "# Zab\n\nZab is a broadcast protocol that keeps the order of every change.\n"}
KILLED = """
import os, signal, sys
from pathlib import Path
from gitkb import KnowledgeBase
from gitkb.model.listener import Listener

class Killing(Listener):
    def indexing(self, event):
        os.kill(os.getpid(), signal.SIGKILL)

KnowledgeBase.open(sys.argv[1]).add([Path(sys.argv[2])], None, Killing())
"""


def indexed(kb: Path) -> str | None:
    """The tree that the index of the search is of."""
    with closing(sqlite3.connect(kb / ".git" / "gitkb" / "catalog.sqlite")) as db:
        row = db.execute("SELECT tree FROM reflects WHERE name = 'passages'").fetchone()
    return None if row is None else str(row[0])


def test_add_and_what_follows_keep_the_index_in_step(run: Run, kb: Path, git: Git, tmp_path: Path) -> None:
    assert indexed(kb) == git(kb, "rev-parse", "HEAD^{tree}")
    assert run("add", write(tmp_path / "more", MORE), "--kb", kb).code == 0
    assert indexed(kb) == git(kb, "rev-parse", "HEAD^{tree}")
    assert run("remove", "more/zab", "--kb", kb).code == 0
    assert indexed(kb) == git(kb, "rev-parse", "HEAD^{tree}")
    before = indexed(kb)
    assert run("add", tmp_path / "more", "--kb", kb, "--branch", "side").code == 0
    assert indexed(kb) == before, "the index is that of the branch that is checked out"


def test_a_small_change_makes_no_index_where_nobody_has_searched(run: Run, kb: Path) -> None:
    (kb / ".git" / "gitkb" / "catalog.sqlite").unlink()
    assert run("remove", "docs/raft", "--kb", kb).code == 0
    assert indexed(kb) is None


def test_an_index_that_fails_fails_no_add(run: Run, kb: Path, tmp_path: Path) -> None:
    run("status", "--kb", kb)  # the folder of caches was copied, and is made anew
    catalog = kb / ".git" / "gitkb" / "catalog.sqlite"
    for file in catalog.parent.glob("catalog.sqlite*"):
        file.unlink()
    catalog.mkdir()
    ran = run("add", write(tmp_path / "more", MORE), "--kb", kb)
    assert ran.code == 0 and "Added 1" in ran.out and "The index of the search was not brought up to date" in ran.err
    assert json.loads(run("search", "broadcast protocol", "--kb", kb, "--json").out)[0]["document"] == "more/zab"


def test_a_kill_while_the_index_is_made_loses_nothing(run: Run, kb: Path, git: Git, tmp_path: Path) -> None:
    run("search", "log", "--kb", kb)
    before = indexed(kb)
    assert before == git(kb, "rev-parse", "HEAD^{tree}")
    command = [sys.executable, "-c", KILLED, str(kb), str(write(tmp_path / "more", MORE))]
    killed = subprocess.run(command, check=False, cwd=ROOT, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert indexed(kb) == before != git(kb, "rev-parse", "HEAD^{tree}") and git(kb, "status", "--porcelain") == ""
    assert json.loads(run("search", "broadcast protocol", "--kb", kb, "--json").out)[0]["document"] == "more/zab"
    assert indexed(kb) == git(kb, "rev-parse", "HEAD^{tree}")
