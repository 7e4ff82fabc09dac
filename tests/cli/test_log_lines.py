"""`-vv` shows what the library logs; less shows none of it, and nothing shows a key."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

FILES = {
    "wal.md": "# Write-ahead logging\n\nWrite-ahead logging is the rule that the log reaches the disk before the page does.\n"
}
KEY = "sk-0123456789-secret"
Program = Callable[..., CompletedProcess[str]]


def added(program: Program, top: Path, *arguments: str) -> str:
    """Adds a document that has changed; what stands on stderr."""
    with (top / "docs" / "wal.md").open("a", encoding="utf-8") as file:
        file.write("A log record is a description of one change.\n")
    done = program(*arguments, cwd=top, env={"OPENAI_API_KEY": KEY}, check=True)
    assert KEY not in done.stdout + done.stderr
    return done.stderr


def test_two_vs_show_the_librarys_log_and_one_does_not(top: Path, program: Program) -> None:
    add = ("add", "docs", "--kb", "kb", "--jobs", "1")
    lines = added(program, top, "-vv", *add).splitlines()
    for words in (
        "gitkb.intake.prepare.pool: worker ",
        "from the cache: nothing",
        "gitkb.store.transaction.refs: moved refs/heads/",
    ):
        assert any(words in line for line in lines), words
    assert "gitkb.store" not in added(program, top, "-v", *add)
    assert "gitkb.store" not in added(program, top, *add)


def test_what_is_given_twice_is_shown_once_and_after_the_command_too(top: Path, program: Program) -> None:
    said = added(program, top, "-vv", "add", "docs", "--kb", "kb", "--jobs", "1", "-vv")
    assert said.count("docs/wal took worker") == 1
    assert "docs/wal took worker" in added(program, top, "add", "docs", "--kb", "kb", "--jobs", "1", "-vv")
