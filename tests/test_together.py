"""Several processes, and a person, work on one knowledge base at once."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PERSON = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")


def _start(*arguments: str | Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "gitkb", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _run(*arguments: str | Path) -> str:
    process = _start(*arguments)
    out, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    return out


def _git(kb: Path, *arguments: str) -> str:
    command = ["git", "-C", str(kb), "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _write(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True)
    for name in names:
        text = f"# About {name}\n\nA lease {name} is a promise that the holder {name} may act alone for some time.\n"
        (folder / f"{name}.md").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("writers", [2, 8])
def test_writers_at_once_land_every_document_once(tmp_path: Path, writers: int) -> None:
    kb = tmp_path / "kb"
    _run("init", kb)
    for number in range(writers):
        _write(tmp_path / f"d{number}", [f"own-{number}-{i}" for i in range(4)])
    _write(tmp_path / "shared", [f"both-{i}" for i in range(6)])
    running = [_start("add", tmp_path / f"d{n}", tmp_path / "shared", "--kb", kb, "--jobs", "1") for n in range(writers)]
    for process in running:
        _, error = process.communicate(timeout=300)
        assert process.returncode == 0, error
    documents = [row["document"] for row in json.loads(_run("list", "--json", "--kb", kb))]
    assert sorted(documents) == sorted(
        {f"d{n}/own-{n}-{i}" for n in range(writers) for i in range(4)} | {f"shared/both-{i}" for i in range(6)}
    )
    assert json.loads(_run("check", "--json", "--kb", kb))["state"] == "whole"
    added = [line for line in _git(kb, "log", "--format=%s").splitlines() if line.startswith("add ")]
    assert len(added) == len(documents)
    _git(kb, "fsck", "--strict")
    assert _git(kb, "status", "--porcelain") == ""


def test_a_persons_commits_during_a_run_remove_nothing(tmp_path: Path) -> None:
    kb = tmp_path / "kb"
    _run("init", kb)
    _write(tmp_path / "docs", [f"case-{i}" for i in range(60)])
    running = _start("add", tmp_path / "docs", "--kb", kb)
    number = 0
    while running.poll() is None:
        (kb / f"note-{number}.txt").write_text("mine", encoding="utf-8")
        subprocess.run(["git", "-C", kb, "add", f"note-{number}.txt"], capture_output=True, check=False)
        subprocess.run(["git", "-C", kb, *PERSON, "commit", "-q", "-m", "mine"], capture_output=True, check=False)
        number += 1
    _, error = running.communicate()
    assert running.returncode == 0, error
    assert len(json.loads(_run("list", "--json", "--kb", kb))) == 60
    deleted = _git(kb, "log", "--diff-filter=D", "--name-only", "--format=").split()
    assert deleted == []
    assert number > 0 and json.loads(_run("check", "--json", "--kb", kb))["state"] == "whole"


def test_job_counts_give_the_same_commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setitem(os.environ, f"GIT_{who}_NAME", "Somebody")
        monkeypatch.setitem(os.environ, f"GIT_{who}_EMAIL", "somebody@example.org")
        monkeypatch.setitem(os.environ, f"GIT_{who}_DATE", "2026-01-02T03:04:05+00:00")
    _write(tmp_path / "docs", [f"case-{i}" for i in range(12)])
    tips = set()
    for jobs in ("1", "8"):
        kb = tmp_path / f"kb-{jobs}"
        _run("init", kb)
        _run("add", tmp_path / "docs", "--kb", kb, "--jobs", jobs)
        tips.add(_git(kb, "rev-parse", "HEAD"))
    assert len(tips) == 1


def test_one_by_one_in_any_order_and_without_a_catalog_gives_the_same_tree(tmp_path: Path) -> None:
    _write(tmp_path / "docs", [f"case-{i}" for i in range(5)])
    _run("init", tmp_path / "at-once")
    _run("add", tmp_path / "docs", "--kb", tmp_path / "at-once")
    _run("init", tmp_path / "singly")
    for file in sorted((tmp_path / "docs").iterdir(), reverse=True):
        _run("add", file, "--into", "docs", "--kb", tmp_path / "singly")
        (tmp_path / "singly" / ".git" / "gitkb" / "catalog.sqlite").unlink()
    assert _git(tmp_path / "at-once", "rev-parse", "HEAD^{tree}") == _git(tmp_path / "singly", "rev-parse", "HEAD^{tree}")
