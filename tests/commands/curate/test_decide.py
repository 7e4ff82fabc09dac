"""Deciding about names: the first goes on the page of the second, or they are kept apart; the last word counts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.small_documents import Git, note, subjects, tree, write

Run = Callable[..., Any]
FILES = {
    "a.md": "# Colour space\n\nA colour space is a model of how the colours of a picture are numbered.\n",
    "b.md": "# Color space\n\nA color space is a set of colors that a screen can show.\n",
    "c.md": "# Gamut\n\nA gamut is the set of all colours that a device can show at all.\n",
}
COLOR, COLOUR, GAMUT = (f"wiki/concepts/{name}.md" for name in ("color-space", "colour-space", "gamut"))


def _page(kb: Path, path: str) -> str:
    return (kb / path).read_text(encoding="utf-8")


def test_the_first_name_becomes_an_alias_of_the_second_by_one_commit_of_a_person(kb: Path, gitkb: Run, git: Git) -> None:
    git(kb, "config", "user.email", "ada@example.org")
    git(kb, "config", "user.name", "Ada")
    done = json.loads(gitkb("same", "Color space", "colour", "--yes", "--json").out)
    assert subjects(git, kb)[:2] == ["pages: 4 changed", "decide: Color space means Colour space"]
    assert git(kb, "show", "--name-only", "--format=", "HEAD~1") == ".gitkb/decisions/same-as/color-space.json"
    assert json.loads(_page(kb, ".gitkb/decisions/same-as/color-space.json"))["by"] == "human:ada@example.org"
    assert "a screen can show" in _page(kb, COLOUR) and "aliases: [Color space]" in _page(kb, COLOUR)
    assert "See [Colour space](colour-space.md)" in _page(kb, COLOR)
    assert done["page"] == COLOUR and done["same"] and done["written"] == [".gitkb/decisions/same-as/color-space.json"]
    assert json.loads(gitkb("check", "--json").out)["state"] == "whole"
    assert json.loads(gitkb("log", "--json", "-n", "2").out)[1]["operation"] == "decide"


def test_the_opposite_decision_replaces_the_former_and_undo_takes_it_back(kb: Path, gitkb: Run, git: Git) -> None:
    before = tree(git, kb)
    gitkb("same", COLOR, COLOUR)
    together = tree(git, kb)
    gitkb("apart", "color-space", "colour-space")
    assert git(kb, "ls-files", ".gitkb/decisions") == ".gitkb/decisions/keep-apart/color-space--colour-space.json"
    assert "a screen can show" in _page(kb, COLOR) and "a screen can show" not in _page(kb, COLOUR)
    assert "already" in gitkb("apart", "colour-space", "color-space").out
    gitkb("undo")
    assert tree(git, kb) == together
    gitkb("undo", git(kb, "log", "--format=%H", "--grep", "^decide: Color space means").split()[-1])
    assert tree(git, kb) == before


def test_chains_and_circles_end_where_the_last_decision_says(kb: Path, gitkb: Run, git: Git) -> None:
    gitkb("same", "color-space", "colour-space")
    gitkb("same", "colour-space", "gamut")
    assert all(words in _page(kb, GAMUT) for words in ("a screen can show", "are numbered", "at all"))
    assert "already" in gitkb("same", "color-space", "gamut").out
    gitkb("same", "gamut", "color-space")  # the other way round
    assert "a screen can show" in _page(kb, COLOR) and "are numbered" in _page(kb, COLOR) and "at all" in _page(kb, COLOR)
    gitkb("apart", "colour-space", "gamut")
    assert json.loads(gitkb("check", "--json").out)["state"] == "whole"
    assert len({_where(kb, "are numbered"), _where(kb, "at all")}) == 2


def _where(kb: Path, words: str) -> str:
    pages = [path for path in (COLOR, COLOUR, GAMUT) if (kb / path).exists() and words in _page(kb, path).partition("\n# ")[2]]
    assert len(pages) == 1, pages
    return pages[0]


def test_the_next_ingest_keeps_to_the_decision(kb: Path, gitkb: Run, tmp_path: Path) -> None:
    gitkb("same", "color-space", "colour-space")
    write(tmp_path / "more", {"d.md": "# Color space\n\nA color space is a triangle between the three primaries of a screen.\n"})
    gitkb("add", tmp_path / "more", "--jobs", "1")
    assert "three primaries" in _page(kb, COLOUR) and "three primaries" not in _page(kb, COLOR)


def test_words_of_a_person_on_the_page_that_goes_stay(kb: Path, gitkb: Run, git: Git) -> None:
    note(kb, COLOR, "\n## Notes\n\nThese words are mine.\n")
    done = gitkb("same", "color-space", "colour-space")
    assert COLOR in done.err and "stay" in done.err
    assert "These words are mine." in _page(kb, COLOR) and "See [Colour space]" in _page(kb, COLOR)
    assert f"edit {COLOR}" in subjects(git, kb) and git(kb, "status", "--porcelain") == ""
    assert json.loads(gitkb("check", "--json").out)["state"] == "whole"


def test_a_dry_run_names_exactly_what_will_change_and_changes_nothing(kb: Path, gitkb: Run, git: Git) -> None:
    note(kb, COLOUR, "\n## Notes\n\nMine.\n")
    git(kb, "commit", "-qam", "mine")
    start = git(kb, "rev-parse", "HEAD")
    before = git(kb, "for-each-ref") + git(kb, "count-objects")
    told = json.loads(gitkb("same", "--dry-run", "--json", "color-space", "colour-space").out)
    shown = gitkb("same", "--dry-run", "color-space", "colour-space").out
    assert git(kb, "for-each-ref") + git(kb, "count-objects") == before and git(kb, "status", "--porcelain") == ""
    done = json.loads(gitkb("same", "--json", "color-space", "colour-space").out)
    assert told["pages"] == done["pages"] and told["written"] == done["written"]
    touched = git(kb, "diff", "--name-only", "--no-renames", f"{start}..HEAD").splitlines()
    assert sorted(touched) == sorted([*told["pages"]["changed"], *told["written"], *told["besides"]])
    assert all(path in shown for path in touched)


def test_another_branch_is_decided_on_without_a_touch_of_the_worktree(kb: Path, gitkb: Run, git: Git) -> None:
    git(kb, "branch", "review")
    before = git(kb, "rev-parse", "HEAD")
    gitkb("same", "color-space", "colour-space", "--branch", "review")
    assert git(kb, "rev-parse", "HEAD") == before and git(kb, "status", "--porcelain") == ""
    assert git(kb, "show", "--name-only", "--format=", "review") == ".gitkb/decisions/same-as/color-space.json"


@pytest.mark.parametrize(
    ("names", "said", "code"),
    [
        (("space", "gamut"), "concepts/color-space, concepts/colour-space", 2),
        (("nothing", "gamut"), "'nothing'", 1),
        (("docs/a", "gamut"), "'docs/a'", 1),
        (("", "gamut"), "''", 1),
        (("Gamuts", "gamut"), "one name", 2),
    ],
)
def test_what_cannot_be_meant_changes_nothing(
    kb: Path, gitkb: Run, git: Git, names: tuple[str, str], said: str, code: int
) -> None:
    before = git(kb, "rev-parse", "HEAD")
    for command in ("same", "apart"):
        assert said in gitkb(command, *names, code=code).err
    assert git(kb, "rev-parse", "HEAD") == before


def test_a_name_that_is_only_listed_as_an_alias_can_be_meant(run: Run, tmp_path: Path) -> None:
    text = "Write-ahead logging (WAL) is the rule that the log record of a change must reach stable storage before the page does."
    write(tmp_path / "docs", {"a.md": f"# Write-ahead logging\n\n{text}\n"})
    kb = ("--kb", tmp_path / "kb")
    assert run("init", tmp_path / "kb").code == run("add", tmp_path / "docs", *kb, "--jobs", "1").code == 0
    page = tmp_path / "kb/wiki/concepts/write-ahead-logging.md"
    assert "aliases: [WAL]" in page.read_text()
    assert "WAL is not the same as Write-ahead logging" in run("apart", "WAL", "write-ahead logging", *kb).out
    assert "aliases" not in page.read_text()
    assert run("same", "wal", "write-ahead logging", *kb).code == 0
    assert "aliases: [WAL]" in page.read_text()


def test_thousands_of_decisions_that_somebody_made_cost_little(kb: Path, gitkb: Run, git: Git) -> None:
    folder, many = kb / ".gitkb/decisions/same-as", 1_500
    folder.mkdir(parents=True)
    for shape in (lambda n: f"n{n + 1}" if n < many - 1 else "gamut", lambda n: f"n{(n + 1) % many}", lambda n: "gamut"):
        for number in range(many):
            decision = {"by": "human", "format": 1, "same_as": shape(number)}
            (folder / f"n{number}.json").write_text(json.dumps(decision, indent=1, sort_keys=True) + "\n")
        git(kb, "add", "-A")
        git(kb, "commit", "-qm", "many")
        assert json.loads(gitkb("check", "--json").out)["state"] == "whole"


def test_nothing_is_decided_or_removed_where_a_file_is_of_a_newer_format(kb: Path, gitkb: Run, git: Git) -> None:
    approval = kb / ".gitkb/decisions/approved/concepts/gamut.json"
    approval.parent.mkdir(parents=True)
    approval.write_text('{"approved": [], "format": 99}')
    git(kb, "add", "-A")
    git(kb, "commit", "-qm", "newer")
    before = git(kb, "rev-parse", "HEAD")
    for words in (("same", COLOR, COLOUR), ("apart", COLOR, GAMUT), ("remove", "docs/a"), ("undo",), ("recompile", "--all")):
        assert "gamut.json" in gitkb(*words, code=1).err
        assert git(kb, "rev-parse", "HEAD") == before
