"""`gitkb init` makes a knowledge base once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_init_makes_a_knowledge_base_and_says_so(run: Callable[..., Any], git: Callable[..., str], tmp_path: Path) -> None:
    ran = run("init", "my-kb")
    assert (ran.code, ran.out) == (0, "Made a knowledge base in my-kb (branch main).\n")
    assert (tmp_path / "my-kb" / ".gitkb" / "config.yaml").is_file()
    assert git(tmp_path / "my-kb", "status", "--porcelain") == ""


def test_a_second_init_says_so_and_changes_nothing(run: Callable[..., Any], git: Callable[..., str], tmp_path: Path) -> None:
    run("init", "my-kb")
    before = git(tmp_path / "my-kb", "rev-parse", "HEAD")
    ran = run("init", "my-kb")
    assert ran.code == 0
    assert "already" in ran.out
    assert git(tmp_path / "my-kb", "rev-parse", "HEAD") == before
    assert json.loads(run("init", "my-kb", "--json").out)["created"] is False


def test_init_makes_a_bare_repository(run: Callable[..., Any], git: Callable[..., str], tmp_path: Path) -> None:
    assert run("init", "--bare", "my-kb.git").code == 0
    assert git(tmp_path / "my-kb.git", "rev-parse", "--is-bare-repository") == "true"
    assert run("status", "--kb", "my-kb.git").code == 0


def test_init_in_an_existing_repository_says_what_it_touches(
    run: Callable[..., Any], git: Callable[..., str], tmp_path: Path
) -> None:
    repository = tmp_path / "mine"
    repository.mkdir()
    git(repository, "init", "-q", "-b", "main")
    (repository / "AGENTS.md").write_text("Our rules.\n")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "rules")
    ran = run("init", "mine")
    assert ran.code == 0, ran.err
    assert "AGENTS.md" in ran.err
    assert (repository / "AGENTS.md").read_text().startswith("Our rules.\n")
