"""Replies of models are kept: safe from a kill, shared by processes, and never trusted more than their file deserves."""

import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gitkb.errors import RepositoryError
from gitkb.llm.reply_cache import ReplyCache, ReplyTotals
from gitkb.llm.requests import Message, Reply, Request

WRITER = """
import sys
from pathlib import Path
from tests.llm.test_reply_cache import request
from gitkb.llm.requests import Reply
from gitkb.llm.reply_cache import ReplyCache
cache = ReplyCache(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    cache.put(request(f"{sys.argv[2]} {number}"), Reply(f"reply {number}", 1, 2))
    print(number, flush=True)
"""


def request(text: str) -> Request:
    return Request("digest", "m", (Message("user", text),), "{}", 10)


def _writer(file: Path, name: str, count: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WRITER, str(file), name, str(count)], stdout=subprocess.PIPE)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "gitkb" / "replies.sqlite"


def test_what_was_put_is_found_again_by_its_request(file: Path) -> None:
    ReplyCache(file).put(request("one"), Reply("日本 {}", 3, 4, 2))
    again = ReplyCache(file)
    assert again.get(request("one")) == Reply("日本 {}", 3, 4, 2, cached=True)
    assert again.get(request("two")) is None


def test_totals_and_pruning(file: Path) -> None:
    cache = ReplyCache(file)
    assert cache.totals() == ReplyTotals(0, 0, 0, 0, 0)
    cache.put(request("one"), Reply("日", 3, 4, 2))
    cache.put(request("two"), Reply("ab", 1, 1))
    cache.put(request("three"), Reply("c"))
    assert cache.totals() == ReplyTotals(3, 6, 4, 4, 5, uncounted=1)
    assert cache.prune() == 3
    assert cache.get(request("one")) is None and cache.totals().entries == 0


def test_a_reply_survives_the_kill_of_its_process(file: Path) -> None:
    process = _writer(file, "w", 1_000_000)
    assert process.stdout is not None
    last = max(int(process.stdout.readline()) for _ in range(25))
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    cache = ReplyCache(file)
    assert all(cache.get(request(f"w {number}")) for number in range(last + 1))


def test_processes_and_threads_write_at_once(file: Path) -> None:
    processes = [_writer(file, str(n), 40) for n in range(3)]
    cache = ReplyCache(file)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda n: cache.put(request(f"t {n}"), Reply("r")), range(40)))
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    for process in processes:
        process.communicate()
    assert cache.totals().entries == 160


@pytest.mark.parametrize("content", [b"no database at all", b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_file_is_made_again(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    cache = ReplyCache(file)
    assert cache.get(request("one")) is None
    cache.put(request("one"), Reply("r"))
    assert ReplyCache(file).get(request("one")) is not None


def test_damage_while_it_is_open_is_survived(file: Path) -> None:
    cache = ReplyCache(file)
    for number in range(200):
        cache.put(request(str(number)), Reply("r" * 500))
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    with file.open("r+b") as opened:
        opened.seek(4096)
        opened.write(b"\x99" * 60_000)
    fresh = ReplyCache(file)
    assert [fresh.get(request(str(number))) for number in range(200)].count(None) > 0
    fresh.put(request("new"), Reply("r"))
    assert fresh.get(request("new")) is not None


@pytest.mark.parametrize(
    "script",
    [
        "CREATE VIEW replies AS SELECT 'k' AS key, 'x' AS text, 1 AS tokens_in, 1 AS tokens_out, 1 AS calls",
        "CREATE TABLE replies (key TEXT PRIMARY KEY, text TEXT AS (upper(key)), tokens_in, tokens_out, calls)",
        "CREATE TABLE other (a); CREATE TRIGGER t AFTER INSERT ON other BEGIN SELECT 1; END",
    ],
)
def test_a_file_with_anything_but_our_table_is_made_again(file: Path, script: str) -> None:
    file.parent.mkdir()
    with sqlite3.connect(file) as db:
        db.executescript(script)
    db.close()
    ReplyCache(file).put(request("one"), Reply("r"))
    with sqlite3.connect(file) as db:
        assert db.execute("SELECT type, name FROM sqlite_master WHERE sql IS NOT NULL").fetchall() == [("table", "replies")]
    db.close()


def test_a_value_of_another_type_counts_as_unknown(file: Path) -> None:
    cache = ReplyCache(file)
    cache.put(request("one"), Reply("r"))
    with sqlite3.connect(file) as db:
        db.execute("UPDATE replies SET tokens_in = 'many', text = x'ff'")
    db.close()
    assert cache.get(request("one")) is None
    assert cache.totals().tokens_in == 0


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need rights there")
def test_a_link_to_another_file_is_not_followed(file: Path, tmp_path: Path) -> None:
    file.parent.mkdir()
    file.symlink_to(tmp_path / "elsewhere")
    ReplyCache(file).put(request("one"), Reply("r"))
    assert not (tmp_path / "elsewhere").exists() and not file.is_symlink()


def test_a_file_that_cannot_be_written_is_an_error_that_names_it(file: Path) -> None:
    file.mkdir(parents=True)
    with pytest.raises(RepositoryError, match=r"replies\.sqlite"):
        ReplyCache(file).put(request("one"), Reply("r"))
