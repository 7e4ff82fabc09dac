"""Deciding that a name gets no page: it goes, also with later documents, until the decision is taken back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.small_documents import Git, note, subjects, tree, write

Run = Callable[..., Any]
FILES = {
    "a.md": "# Colour space\n\nA colour space is a model of how the colours of a picture are numbered.\n",
    "c.md": "# Gamut\n\nA gamut is the set of all colours that a device can show at all.\n",
}
GAMUT = "wiki/concepts/gamut.md"
DECISION = ".gitkb/decisions/no-page/gamut.json"


def _page(kb: Path, path: str = GAMUT) -> str:
    return (kb / path).read_text(encoding="utf-8")


def test_the_page_goes_by_one_commit_of_a_person_and_comes_back(kb: Path, gitkb: Run, git: Git) -> None:
    before = tree(git, kb)
    git(kb, "config", "user.email", "ada@example.org")
    git(kb, "config", "user.name", "Ada")
    done = json.loads(gitkb("drop", "Gamut", "--json").out)
    assert done["written"] == [DECISION] and done["page"] == GAMUT and not done["back"]
    assert json.loads(_page(kb, DECISION))["by"] == "human:ada@example.org"
    assert subjects(git, kb)[1] == "decide: Gamut gets no page"
    assert "the set of all colours" not in _page(kb) and "no page" in _page(kb)
    assert "gamut" not in _page(kb, "wiki/concepts/index.md") and "concepts/gamut" not in gitkb("list", "--pages").out
    assert json.loads(gitkb("check", "--json").out)["state"] == "whole"
    assert json.loads(gitkb("log", "--json", "-n", "2").out)[1]["operation"] == "decide"
    assert "decided already" in gitkb("drop", "gamut").out
    back = json.loads(gitkb("drop", "gamut", "--undo", "--json").out)
    assert back["deleted"] == [DECISION] and back["page"] == GAMUT and tree(git, kb) == before
    assert "not decided" in gitkb("drop", "gamut", "--undo").out


def test_undo_takes_it_back_too(kb: Path, gitkb: Run, git: Git) -> None:
    before = tree(git, kb)
    gitkb("drop", "gamut")
    gitkb("undo")
    assert tree(git, kb) == before


def test_later_documents_bring_no_page(kb: Path, gitkb: Run, tmp_path: Path) -> None:
    gitkb("drop", "gamut")
    write(tmp_path / "more", {"d.md": "# Gamut\n\nA gamut is a body in the space of all colours.\n"})
    gitkb("add", tmp_path / "more", "--jobs", "1")
    assert "a body in the space" not in _page(kb) and "summaries/more/d.md" in _page(kb)
    gitkb("drop", "gamut", "--undo")
    assert "a body in the space" in _page(kb) and "the set of all colours" in _page(kb)


def test_words_of_a_person_stay(kb: Path, gitkb: Run) -> None:
    note(kb, GAMUT, "\n## Notes\n\nThese words are mine.\n")
    done = gitkb("drop", "gamut")
    assert GAMUT in done.err and "stay" in done.err and "These words are mine." in _page(kb)
    assert json.loads(gitkb("check", "--json").out)["state"] == "whole"


def test_a_dry_run_names_what_changes_and_changes_nothing(kb: Path, gitkb: Run, git: Git) -> None:
    before = git(kb, "for-each-ref") + git(kb, "count-objects")
    told = json.loads(gitkb("drop", "gamut", "--dry-run", "--json").out)
    shown = gitkb("drop", "gamut", "--dry-run").out
    assert git(kb, "for-each-ref") + git(kb, "count-objects") == before
    done = json.loads(gitkb("drop", "gamut", "--json").out)
    assert told["pages"] == done["pages"] and told["written"] == done["written"]
    assert all(path in shown for path in (*told["pages"]["changed"], *told["written"]))


def test_branches_that_decide_different_things_merge(kb: Path, gitkb: Run, git: Git) -> None:
    git(kb, "switch", "-qc", "other")
    gitkb("drop", "gamut")
    gitkb("refresh")
    git(kb, "switch", "-q", "main")
    gitkb("same", "colour-space", "gamut")
    gitkb("merge", "other")
    assert "are numbered" not in _page(kb) and "are numbered" not in _page(kb, "wiki/concepts/colour-space.md")
    gitkb("drop", "gamut", "--undo")
    assert "are numbered" in _page(kb) and "the set of all colours" in _page(kb)
    assert json.loads(gitkb("check", "--json").out)["state"] == "whole"


def test_a_review_is_told_of_it(kb: Path, gitkb: Run, git: Git) -> None:
    git(kb, "branch", "review")
    gitkb("drop", "gamut", "--branch", "review")
    assert "gamut gets no page" in gitkb("diff", "main..review").out
