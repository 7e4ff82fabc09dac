"""The names of revisions, and the files of one: what is handed out, and what is not."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gitkb import KnowledgeBase
from gitkb.errors import NotFound, UsageError

Git = Callable[..., str]


def test_branches_and_tags_are_compared_with_what_is_checked_out(kb: Path, git: Git) -> None:
    git(kb, "tag", "-a", "v1", "-m", "first", "HEAD~2")
    git(kb, "branch", "other", "HEAD~1")
    git(kb, "commit", "--allow-empty", "-qm", "mine")
    tree = git(kb, "rev-parse", "other^{tree}")
    git(kb, "update-ref", "refs/heads/other", git(kb, "commit-tree", tree, "-p", "other", "-m", "theirs"))
    names = {(each.kind, each.name): each for each in KnowledgeBase.open(kb).revisions.names()}
    assert set(names) == {("branch", "main"), ("branch", "other"), ("tag", "v1")}
    other = names["branch", "other"]
    assert (other.ahead, other.behind, other.subject) == (1, 2, "theirs") and names["branch", "main"].ahead == 0
    assert names["tag", "v1"].commit == git(kb, "rev-parse", "v1^{commit}")


def test_a_day_is_the_commit_at_its_end(kb: Path, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in ("2031-01-01T10:00:00Z", "2031-01-01T23:30:00Z", "2031-01-03T01:00:00Z"):
        monkeypatch.setitem(os.environ, "GIT_COMMITTER_DATE", day)
        git(kb, "commit", "--allow-empty", "-qm", day)
    revisions = KnowledgeBase.open(kb).revisions
    for day, subject in (
        ("2031-01-01", "2031-01-01T23:30:00Z"),
        ("2031-01-02", "2031-01-01T23:30:00Z"),
        ("2031-01-03", "2031-01-03T01:00:00Z"),
    ):
        assert git(kb, "log", "-1", "--format=%s", revisions.of_day(day)) == subject
    with pytest.raises(NotFound):
        revisions.of_day("1990-01-01")
    with pytest.raises(UsageError):
        revisions.of_day("yesterday")


def test_files_are_those_of_the_wiki_and_the_originals(kb: Path) -> None:
    revisions = KnowledgeBase.open(kb).revisions
    assert revisions.file("raw/docs/wal.md") == (kb / "raw/docs/wal.md").read_bytes() == revisions.original("docs/wal").content
    assert revisions.original("docs/wal").name == "wal.md"
    for path in (".gitkb/config.yaml", "raw/../.gitkb/config.yaml", "wiki/nothing.md", "raw", ""):
        with pytest.raises(NotFound):
            revisions.file(path)
    with pytest.raises(NotFound):
        revisions.original("docs/nothing")
    assert revisions.last_changes()["wiki/sources/docs/wal.md"] == KnowledgeBase.open(kb).documents()[-1].commit


def test_a_person_is_the_author_of_what_is_done_for_them(kb: Path, git: Git, known_as_ada: None) -> None:
    base = KnowledgeBase.open(kb, person="Eve <eve@example.org>")
    assert base.revisions.person == "eve@example.org"
    base.write_page("wiki/notes/mine.md", "# Mine\n\nWords.\n", "")
    assert git(kb, "log", "-1", "--format=%an <%ae> %cn", "--", "wiki/notes/mine.md") == "Eve <eve@example.org> Ada"
    KnowledgeBase.open(kb, person="eve@example.org\n<x>").write_page("wiki/notes/more.md", "# More\n", "")
    assert git(kb, "log", "-1", "--format=%an %ae", "--", "wiki/notes/more.md") == "eve@example.org x"
