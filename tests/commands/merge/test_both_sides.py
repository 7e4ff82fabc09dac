"""What two people did to one document becomes one: a new name and new bytes, or the two texts of its original."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.clones import add, documents, edit, git, gitkb, text_of, write

Run = Callable[..., Any]
TEXT = text_of("Raft")
PAGE = "wiki/sources/{}.md"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A knowledge base of two documents; on the branch `moved` one has another name, on `mine` and `other` other bytes."""
    top = tmp_path_factory.mktemp("both")
    zab = "# Zab\n\nZab is a broadcast that orders a replicated log. See [Raft](raft.md).\n"
    write(top / "base", {"raft.md": TEXT, "zab.md": zab})
    gitkb("init", top / "kb")
    add(top / "kb", top / "base")
    gitkb("add", write(top / "m" / "base", {"old/raft.md": TEXT, "zab.md": zab}), "--kb", top / "kb", "--branch", "moved")
    for name, old, new in (("mine", "in version 1", "in version 1.5"), ("other", "survive a crash", "survive every crash")):
        add(top / "kb", write(top / name / "base", {"raft.md": TEXT.replace(old, new)}), "--branch", name)
    return top


@pytest.fixture
def kb(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made / "kb", tmp_path / "kb", symlinks=True)
    return tmp_path / "kb"


@pytest.mark.parametrize(("here", "there"), [("moved", "other"), ("other", "moved")])
def test_a_rename_and_an_update_are_united_whichever_is_merged(kb: Path, run: Run, here: str, there: str) -> None:
    git(kb, "switch", "-q", here)
    ran = run("merge", there, "--kb", kb)
    assert ran.code == 0, ran.err
    assert documents(run, kb) == ["base/old/raft", "base/zab"]
    text = (kb / PAGE.format("base/old/raft")).read_text(encoding="utf-8")
    assert "survive every crash" in text and (kb / "raw/base/old/raft.md").read_text(encoding="utf-8").count("every crash") == 1
    assert run("check", "--reproduce", "--kb", kb).code == 0
    record = json.loads((kb / ".gitkb/documents/base/old/raft.json").read_text(encoding="utf-8"))
    assert record["source"]["path"] == "base/old/raft.md"


def test_words_of_people_on_both_names_stay(kb: Path, run: Run) -> None:
    git(kb, "switch", "-q", "moved")
    edit(kb, "wiki/summaries/base/old/raft.md", lambda text: f"{text}\n## Notes\n\nAda: keep.\n")
    git(kb, "commit", "-qam", "Ada")
    git(kb, "switch", "-q", "other")
    edit(kb, PAGE.format("base/raft"), lambda text: f"{text}\n## Notes\n\nBen: see [Zab](zab.md).\n")
    git(kb, "commit", "-qam", "Ben", who="Ben")
    assert run("merge", "moved", "--kb", kb).code == 0
    assert "Ada: keep." in (kb / "wiki/summaries/base/old/raft.md").read_text(encoding="utf-8")
    text = (kb / PAGE.format("base/old/raft")).read_text(encoding="utf-8")
    assert "Ben: see [Zab](../zab.md)." in text and "survive every crash" in text
    assert run("check", "--kb", kb).code == 0


def test_two_new_texts_are_offered_as_one_and_become_one(kb: Path, run: Run) -> None:
    git(kb, "switch", "-q", "mine")
    before = git(kb, "rev-parse", "HEAD")
    refused = run("merge", "other", "--kb", kb)
    assert refused.code == 1 and "merge the two texts: --both base/raft" in refused.err
    assert git(kb, "rev-parse", "HEAD") == before
    ran = run("merge", "other", "--both", "base/raft", "--kb", kb)
    assert ran.code == 0, ran.err
    original = (kb / "raw/base/raft.md").read_text(encoding="utf-8")
    assert original == TEXT.replace("in version 1", "in version 1.5").replace("survive a crash", "survive every crash")
    page = (kb / PAGE.format("base/raft")).read_text(encoding="utf-8")
    assert "in version 1.5" in page and "survive every crash" in page
    assert run("check", "--reproduce", "--kb", kb).code == 0


def test_texts_that_collide_are_not_offered_and_nothing_is_changed(kb: Path, run: Run) -> None:
    git(kb, "switch", "-q", "other")
    again = write(kb.parent / "third" / "base", {"raft.md": TEXT.replace("survive a crash", "survive no crash")})
    add(kb, again, "--branch", "mine")
    before = git(kb, "rev-parse", "HEAD")
    for options in ((), ("--both", "base/raft")):
        refused = run("merge", "mine", *options, "--kb", kb)
        assert refused.code == 1 and "--both" not in refused.err, options
        assert "survive [a -> every] crash" in refused.err and "survive [a -> no] crash" in refused.err
    assert git(kb, "rev-parse", "HEAD") == before and git(kb, "status", "--porcelain") == ""
