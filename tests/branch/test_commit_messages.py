"""What documents, pages and branches are called steers neither a commit's trailers nor the service that hosts it."""

import pytest

from gitkb.branch.commit_messages import document_message, edit_message, merge_message, undo_message


def _subject(title: str) -> str:
    return document_message("add", "docs/x", title, "0" * 64).partition("\n")[0]


@pytest.mark.parametrize("end", ["\n\n", "\r\r", "\u2028", "\x85\x0b", "\x1c"])
def test_a_title_makes_no_trailer(end: str) -> None:
    lines = document_message("add", "docs/x", f"x{end}Gitkb-Document: other", "0" * 64).splitlines()
    assert [line for line in lines if line.startswith("Gitkb-Document:")] == ["Gitkb-Document: docs/x"] and len(lines) == 5


def test_a_path_makes_no_trailer() -> None:
    path = "wiki/a\n\nGitkb-Document: other\n.md"
    messages = (
        edit_message([path, "wiki/b.md"]),
        merge_message("origin/main", {"added": [path]}),
        undo_message("0" * 40, f"edit {path}", [path]),
    )
    for message in messages:
        paragraphs = message.strip().split("\n\n")
        assert not any(line.startswith("Gitkb-Document: other") for line in message.splitlines())
        assert paragraphs[-1].startswith("Gitkb-Operation: ") and paragraphs[-1].count("\n") <= 1


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Fixes #1", "Fixes # 1"),
        ("closes: https://github.com/o/r/issues/12", "closes: github.com/o/r/issues/ 12"),
        ("Resolves o/r#3", "Resolves o/r# 3"),
        ("Implements !4 and GH-5", "Implements ! 4 and GH- 5"),
        ("Thanks to @ada, a@b.org", "Thanks to @ ada, a@b.org"),
        ("C# and F# in 2026", "C# and F# in 2026"),
        ("a\x1b[31mb\x9bc\u202ed", "a [31mb c d"),
    ],
)
def test_a_title_closes_no_issue_calls_nobody_and_steers_no_terminal(title: str, shown: str) -> None:
    assert _subject(title) == f"add docs/x: {shown}"


def test_a_merge_of_a_branch_called_like_an_issue_closes_none() -> None:
    assert merge_message("fixes-#1", {}).startswith("merge fixes-# 1\n")
