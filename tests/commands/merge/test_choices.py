"""A choice between two sides settles only what collides; everybody's other words are merged, and what gives way is printed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitkb.text.markdown.block_merge import merge
from tests.support.clones import add, edit, git, make_hub, text_of, write

Run = Callable[..., Any]
PAGE = "wiki/concepts/replicated-log.md"


@pytest.fixture
def kb(tmp_path: Path) -> Path:
    """A page on which A and B changed one same line, and each wrote something else, too."""
    hub = make_hub(tmp_path, {"raft.md": text_of("Raft"), "zab.md": text_of("Zab")})
    git(tmp_path, "clone", "-q", str(hub), "kb")
    kb = tmp_path / "kb"
    edit(kb, PAGE, lambda text: f"{text}\nShared line.\n\nMiddle.\n\nEnd.\n")
    git(kb, "commit", "-qam", "words")
    git(kb, "switch", "-qc", "other")
    edit(
        kb, PAGE, lambda text: text.replace("Shared line.", "Shared line by B.").replace("End.", "End.\n\nB: the outage of May.")
    )
    git(kb, "commit", "-qam", "B", who="Ben")
    git(kb, "switch", "-q", "main")
    edit(
        kb, PAGE, lambda text: text.replace("Shared line.", "Shared line by A.").replace("Middle.", "Middle.\n\nA: a footbridge.")
    )
    git(kb, "commit", "-qam", "A")
    return kb


@pytest.mark.parametrize(("side", "kept", "lost"), [("--ours", "A", "B"), ("--theirs", "B", "A")])
def test_unrelated_words_of_both_stay_and_the_dropped_line_is_printed(
    kb: Path, run: Run, side: str, kept: str, lost: str
) -> None:
    assert run("merge", "other", "--kb", kb).code != 0
    ran = run("merge", "other", side, "concepts/replicated-log", "--kb", kb)
    text = (kb / PAGE).read_text(encoding="utf-8")
    assert ran.code == 0, ran.err
    assert "B: the outage of May." in text and "A: a footbridge." in text
    assert f"Shared line by {kept}." in text and f"Shared line by {lost}." not in text
    assert f"Dropped from concepts/replicated-log: Shared line by {lost}." in ran.err


def test_a_program_is_told_what_was_dropped(kb: Path, run: Run) -> None:
    found = json.loads(run("merge", "other", "--ours", "concepts/replicated-log", "--kb", kb, "--json").out)
    assert found["dropped"] == [{"page": "concepts/replicated-log", "text": "Shared line by B."}]


def test_two_updates_of_a_document_show_both_sides_and_what_the_choice_costs(kb: Path, run: Run, tmp_path: Path) -> None:
    text = text_of("Zab")
    git(kb, "switch", "-q", "main")
    add(kb, write(tmp_path / "mine" / "base", {"zab.md": text.replace("survive a crash", "survive 2 crashes")}))
    add(
        kb,
        write(tmp_path / "theirs" / "base", {"zab.md": text.replace("survive a crash", "never survive a crash")}),
        "--branch",
        "q3",
        "--from",
        "HEAD~2",
    )
    refused = run("merge", "q3", "--kb", kb)
    assert refused.code != 0 and "survive [a crash -> 2 crashes]" in refused.err and "[+never]" in refused.err
    ran = run("merge", "q3", "--theirs", "base/zab", "--kb", kb)
    assert ran.code == 0, ran.err
    assert "Dropped from base/zab: " in ran.err and "[a crash -> 2 crashes]" in ran.err
    assert "never survive" in (kb / "wiki/sources/base/zab.md").read_text(encoding="utf-8")


def test_where_both_put_something_else_in_one_place_only_the_others_version_gives_way() -> None:
    base, mine = "# T\n\nOld words here.\n\nEnd.\n", "# T\n\nOld words by me here.\n\nEnd.\n\nMine.\n"
    theirs = "# T\n\nTop.\n\nOld words by them here.\n\nEnd.\n"
    ours = merge(base, mine, theirs)
    assert (ours.text, ours.dropped) == ("# T\n\nTop.\n\nOld words by me here.\n\nEnd.\n\nMine.\n", ("Old words by them here.",))
    other = merge(base, mine, theirs, prefer_theirs=True)
    assert (other.text, other.dropped) == (ours.text.replace("by me", "by them"), ("Old words by me here.",))
