"""What programs are told: the fields and types of every command's JSON, from real runs, are those that are pinned.

To pin a change that is meant: `python -m tests.api.test_json_shapes`, from the root of the repository; the difference is for
review.
"""

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gitkb.__main__ import run
from tests.support.small_documents import TEXTS, write

PINNED = Path(__file__).with_name("json_shapes.json")
NAMES = (
    *(
        "init",
        "add",
        "add --dry-run",
        "add --estimate",
        "watch --dry-run",
        "recompile",
        "recompile --dry-run",
        "refresh",
        "migrate",
    ),
    *("list", "list --pages", "show", "show a page", "status", "log", "blame", "search", "diff", "check", "lint", "lint --fix"),
    *("query", "query --save", "chat", "chat --list", "config", "config KEY", "hooks list", "recover", "recover --prune-cache"),
    *("source add", "source list", "sync", "source remove"),
    *("migrate", "approve", "same", "apart", "remove", "remove --dry-run", "undo", "merge", "pull", "push", "pr"),
)


def shape(value: Any) -> Any:
    """The fields and types of a value: of a list those of all its entries, of a mapping by path or code those of one entry."""
    if isinstance(value, dict):
        if value and not all(name.isidentifier() for name in value):
            return {"*": shape(next(iter(value.values())))}
        return {name: shape(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        found: list[Any] = []
        for each in map(shape, value):
            if each not in found:
                found.append(each)
        return sorted(found, key=lambda each: json.dumps(each, sort_keys=True))
    return type(value).__name__


def command(top: Path, *arguments: str, lines: str = "") -> Any:
    """The JSON that a command prints: its objects in order where it prints several."""
    words = [str(top / word) if word in ("kb", "docs", "more") else word for word in (*arguments, "--json")]
    out, typed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.TextIOWrapper(io.BytesIO(lines.encode()))
    before = sys.stdin
    try:
        sys.stdin = typed
        with contextlib.redirect_stdout(out):
            code = run(words)
    finally:
        sys.stdin = before
    out.seek(0)
    text = out.read()
    assert code in (0, 4), (arguments, text)
    try:
        return json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines()]


def shapes(top: Path) -> dict[str, Any]:
    """The shapes of all commands, from runs on a knowledge base of a few documents with a remote."""

    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(top / "kb"), *arguments], check=True, capture_output=True)

    def kb(*arguments: str, lines: str = "") -> Any:
        return shape(command(top, *arguments, "--kb", "kb", lines=lines))

    write(top / "docs", TEXTS)
    write(top / "more", {"zab.md": "# Zab\n\nZab is a broadcast protocol that keeps the order of every change.\n"})
    found = {"init": shape(command(top, "init", "kb"))}
    git("config", "user.name", "Ada")
    git("config", "user.email", "ada@example.org")
    found["add --dry-run"] = kb("add", "docs", "--jobs", "1", "--dry-run")
    found["add"] = kb("add", "docs", "--jobs", "1")
    found["add --estimate"] = kb("add", "more", "--jobs", "1", "--estimate", "--model", "m")
    found["watch --dry-run"] = kb("watch", "more", "--dry-run", "--jobs", "1")
    page, other, *_ = (row["page"] for row in command(top, "list", "--pages", "--kb", "kb"))
    title, second, *_ = (row["title"] for row in command(top, "list", "--pages", "--kb", "kb"))
    document = command(top, "list", "--kb", "kb")[0]["document"]
    found |= {"list": kb("list"), "list --pages": kb("list", "--pages"), "status": kb("status"), "log": kb("log")}
    found |= {"show": kb("show", document), "show a page": kb("show", page), "blame": kb("blame", page), "check": kb("check")}
    found |= {"search": kb("search", "log"), "query": kb("query", "What is a log?"), "diff": kb("diff", "HEAD~2")}
    found |= {"query --save": kb("query", "What is a log?", "--save"), "chat": kb("chat", lines="What is a log?\n")}
    found |= {"chat --list": kb("chat", "--list"), "lint": kb("lint"), "lint --fix": kb("lint", "--fix")}
    found |= {"config": kb("config"), "config KEY": kb("config", "llm.timeout"), "refresh": kb("refresh")}
    command(top, "hooks", "install", "--kb", "kb")
    found |= {"hooks list": kb("hooks", "list"), "approve": kb("approve", page), "same": kb("same", title, second)}
    found |= {"apart": kb("apart", title, second), "remove --dry-run": kb("remove", document, "--dry-run")}
    found |= {"remove": kb("remove", document), "undo": kb("undo"), "recompile": kb("recompile", "--all", "--jobs", "1")}
    found |= {"recompile --dry-run": kb("recompile", "--all", "--jobs", "1", "--dry-run"), "migrate": kb("migrate")}
    subprocess.run(["git", "init", "--bare", "-q", "-b", "main", str(top / "hub.git")], check=True)
    command(top, "hooks", "remove", "--kb", "kb")
    git("remote", "add", "origin", "../hub.git")
    found["push"] = kb("push")
    command(top, "add", "more", "--jobs", "1", "--branch", "side", "--kb", "kb")
    found |= {"pr": kb("pr", "--branch", "side"), "merge": kb("merge", "side"), "pull": kb("pull")}
    write(top / "kb" / "rules", {"rules.md": "# Rules\n\nRules are sentences that everybody keeps.\n"})
    git("add", "rules")
    git("commit", "-q", "-m", "rules")
    found["source add"] = kb("source", "add", "rules", "--path", str(top / "kb" / "rules"))
    found["sync"] = kb("sync", "--jobs", "1")
    found |= {"source list": kb("source", "list"), "source remove": kb("source", "remove", "rules")}
    found |= {"recover": kb("recover"), "recover --prune-cache": kb("recover", "--prune-cache")}
    assert other
    return found


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return shapes(tmp_path_factory.mktemp("shapes"))


@pytest.fixture(scope="module")
def pinned() -> dict[str, Any]:
    return dict(json.loads(PINNED.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", NAMES)
def test_a_command_tells_programs_what_is_pinned(name: str, found: dict[str, Any], pinned: dict[str, Any]) -> None:
    assert found[name] == pinned[name]


def test_every_run_is_pinned_and_nothing_else(found: dict[str, Any], pinned: dict[str, Any]) -> None:
    assert set(found) == set(pinned) == set(NAMES)


def _pin() -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as top:
        text = json.dumps(shapes(Path(top)), indent=1, sort_keys=True)
    PINNED.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    _pin()
