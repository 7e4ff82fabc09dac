"""A knowledge base in a folder of a repository: everything works there, and the rest of the repository stays the team's."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.clones import add, documents, edit, git, gitkb, text_of, write
from tests.support.sample_kb import put_on_path

Run = Callable[..., Any]
PAGE = "wiki/concepts/replicated-log.md"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`repo/` with code, documents and a knowledge base of two of them in `team/kb`; `hub.git`, that it was pushed to."""
    top = tmp_path_factory.mktemp("subdir")
    repo = top / "repo"
    git(top, "init", "-q", "-b", "main", "repo")
    write(repo, {"src/a.py": "".join(f"line {n}\n" for n in range(20)), "README.md": "# Ours\n", "AGENTS.md": "Be kind.\n"})
    write(repo / "docs", {"raft.md": text_of("Raft"), "zab.md": text_of("Zab")})
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "code")
    gitkb("init", repo, "--subdir", "team/kb")
    add(repo / "team/kb", repo / "docs")
    git(top, "clone", "-q", "--bare", "repo", "hub.git")
    git(repo, "remote", "add", "origin", "../hub.git")
    git(repo, "fetch", "-q", "origin")
    return top


@pytest.fixture
def top(made: Path, tmp_path: Path) -> Path:
    for name in ("repo", "hub.git"):
        shutil.copytree(made / name, tmp_path / name, symlinks=True)
    return tmp_path


def _clean(repo: Path) -> bool:
    return git(repo, "status", "--porcelain") == ""


def test_it_is_made_beside_what_is_there_and_found_from_everywhere(top: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = top / "repo"
    assert _clean(repo) and not any((repo / name).exists() for name in ("wiki", "raw", ".gitkb", ".gitattributes"))
    assert (repo / "AGENTS.md").read_text(encoding="utf-8") == "Be kind.\n"
    assert {path.name for path in (repo / "team/kb").iterdir()} == {".gitkb", ".gitattributes", "AGENTS.md", "raw", "wiki"}
    git(repo, "check-attr", "text", "team/kb/raw/docs/raft.md")
    for place in (repo, repo / "src", repo / "team/kb/wiki", repo / "team"):
        monkeypatch.chdir(place)
        assert "docs/raft" in run("list").out
    for kb in (repo, repo / "team/kb", top / "hub.git"):
        assert "docs/raft" in run("list", "--kb", kb).out and run("check", "--kb", kb).code == 0
    assert run("init", repo, "--subdir", "team/kb").out.startswith("There is a knowledge base")


def test_a_document_goes_its_way_there(top: Path, run: Run) -> None:
    repo, kb = top / "repo", top / "repo/team/kb"
    start = git(repo, "rev-parse", "HEAD")
    edit(kb, "wiki/summaries/docs/raft.md", lambda text: f"{text}\n## Notes\n\nAda: keep.\n")
    assert "Edited by hand, not yet committed: wiki/summaries/docs/raft.md" in run("status", "--kb", kb).out
    write(repo / "docs", {"raft.md": text_of("Raft", version=2), "lease.md": text_of("Lease")})
    git(repo, "add", "docs")
    git(repo, "commit", "-q", "-m", "docs")
    assert run("add", repo / "docs", "--jobs", "1", "--kb", kb).code == 0
    assert "Ada: keep." in (kb / "wiki/summaries/docs/raft.md").read_text(encoding="utf-8") and _clean(repo)
    assert git(repo, "show", "--name-only", "--format=", "HEAD").splitlines()[0].startswith("team/kb/")
    shown = run("diff", start, "--kb", kb).out
    assert "docs/raft" in shown and "docs/lease" in shown
    assert [json.loads(run("log", "docs/raft", "--json", "--kb", kb).out)[0]["operation"]] == ["update"]
    assert "docs" not in {entry["subject"] for entry in json.loads(run("log", "--json", "--kb", kb).out)}
    assert run("search", "Lease", "--kb", kb).out and "docs/raft" in run("blame", PAGE, "--kb", kb).out
    assert run("undo", "docs/lease", "--kb", kb).code == 0 and not (kb / "raw/docs/lease.md").exists()
    assert run("remove", "docs/zab", "--kb", kb).code == 0 and documents(run, kb) == ["docs/raft"]
    assert run("refresh", "--kb", kb).code == 0 and run("check", "--reproduce", "--kb", kb).code == 0
    assert _clean(repo) and (repo / "docs/zab.md").is_file()
    write(top / "old" / "docs", {"raft.md": text_of("Raft")})
    ran = run("add", top / "old" / "docs", "--kb", kb)
    assert ran.code == 3 and "its bytes were replaced by" in ran.err


def _branch(repo: Path) -> None:
    """A branch `side` that changes code, a document's text and a page; and main, which changes other lines of all of them."""
    kb = repo / "team/kb"
    code = (repo / "src/a.py").read_text(encoding="utf-8")
    git(repo, "switch", "-q", "-c", "side")
    write(repo, {"src/a.py": code.replace("line 1\n", "line one\n"), "src/new.py": "new\n", "README.md": "# Theirs\n"})
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "side", who="Ben")
    add(kb, write(repo.parent / "in" / "side" / "docs", {"lease.md": text_of("Lease")}))
    git(repo, "switch", "-q", "main")
    write(repo, {"src/a.py": code.replace("line 18\n", "line eighteen\n")})
    git(repo, "commit", "-qam", "main")
    add(kb, write(repo.parent / "in" / "main" / "docs", {"epoch.md": text_of("Epoch")}))


def test_a_merge_unites_the_code_too_and_names_what_collides(top: Path, run: Run) -> None:
    repo, kb = top / "repo", top / "repo/team/kb"
    _branch(repo)
    write(repo, {"README.md": "# Mine\n"})
    git(repo, "commit", "-qam", "readme")
    before = git(repo, "rev-parse", "HEAD")
    refused = run("merge", "side", "--kb", kb)
    assert refused.code == 1 and "file /README.md" in refused.err and "(Ben, " in refused.err
    assert git(repo, "rev-parse", "HEAD") == before and _clean(repo)
    ran = run("merge", "side", "--theirs", "/README.md", "--kb", kb)
    assert ran.code == 0, ran.err
    code = (repo / "src/a.py").read_text(encoding="utf-8")
    assert "line one\n" in code and "line eighteen\n" in code and (repo / "src/new.py").is_file()
    assert (repo / "README.md").read_text(encoding="utf-8") == "# Theirs\n"
    assert documents(run, kb) == ["docs/epoch", "docs/lease", "docs/raft", "docs/zab"]
    assert _clean(repo) and run("check", "--kb", kb).code == 0


def test_push_and_pull_carry_all_and_the_hooks_stand_guard(top: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    repo, kb, hub = top / "repo", top / "repo/team/kb", top / "hub.git"
    monkeypatch.setenv("PATH", put_on_path(top / "bin"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]))
    gitkb("hooks", "install", "--server", "--kb", hub)
    git(top, "clone", "-q", str(hub), "other")
    other = top / "other"
    write(other, {"src/b.py": "b\n"})
    git(other, "add", "-A")
    git(other, "commit", "-q", "-m", "b", who="Ben")
    git(other, "push", "-q", "origin", "main", who="Ben")
    add(kb, write(top / "in" / "docs", {"lease.md": text_of("Lease")}))
    assert run("push", "--kb", kb).code == 0, "the push merges what Ben has pushed"
    assert (repo / "src/b.py").is_file() and _clean(repo)
    ran = run("pull", "--kb", other)
    assert ran.code == 0 and _clean(other), ran.err
    assert git(other, "rev-parse", "HEAD") == git(hub, "rev-parse", "main") and (other / "team/kb/raw/docs/lease.md").is_file()
    gitkb("hooks", "install", "--kb", other)
    edit(other, "team/kb/wiki/summaries/docs/raft.md", lambda text: f"{text}\nBen saw it.\n")
    git(other, "commit", "-qam", "words", who="Ben")
    assert "team/kb/.gitkb/edited/wiki/summaries/docs/raft.md" in git(other, "show", "--name-only", "--format=", "HEAD")
    edit(other, "team/kb/raw/docs/raft.md", lambda text: text.replace("Raft", "Rift"))
    git(other, "commit", "-qam", "forged", who="Ben", code=1)
    git(other, "commit", "-q", "--no-verify", "-am", "forged", who="Ben")
    git(other, "push", "-q", "--no-verify", "origin", "main", who="Ben", code=1)
    git(other, "reset", "-q", "--hard", "HEAD~1")
    (other / "team/kb/wiki/link.md").symlink_to("/etc/passwd")
    git(other, "add", "-A")
    git(other, "commit", "-q", "--no-verify", "-m", "link", who="Ben")
    git(other, "push", "-q", "--no-verify", "origin", "main", who="Ben", code=1)
    git(other, "reset", "-q", "--hard", "HEAD~1")
    git(other, "push", "-q", "origin", "main", who="Ben")


def test_ci_is_put_at_the_top_and_links_lead_into_the_folder(top: Path, run: Run) -> None:
    repo, kb = top / "repo", top / "repo/team/kb"
    config = kb / ".gitkb/config.yaml"
    with config.open("a", encoding="utf-8") as file:
        file.write(f"ci:\n  install: git+https://host.example/gitkb.git@{'0' * 40}\n")
    git(repo, "commit", "-qam", "ci")
    assert run("hooks", "install", "--ci", "github", "--kb", kb).code == 0
    assert (repo / ".github/workflows/gitkb.yml").is_file() and not (kb / ".github").exists()
    git(repo, "remote", "set-url", "origin", "https://github.com/team/repo.git")
    before = git(repo, "rev-parse", "HEAD")
    add(kb, write(top / "in" / "docs", {"lease.md": text_of("Lease")}))
    shown = run("diff", before, "--format", "markdown", "--kb", kb).out
    assert f"/blob/{git(repo, 'rev-parse', 'HEAD')}/team/kb/wiki/" in shown


def test_the_first_push_into_an_empty_repository_is_judged(top: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from gitkb import KnowledgeBase
    from gitkb.model.findings import RefUpdate

    repo = top / "repo"
    git(top, "init", "-q", "--bare", "-b", "main", "empty.git")
    edit(repo, "team/kb/raw/docs/raft.md", lambda text: text.replace("Raft", "Rift"))
    git(repo, "commit", "-qam", "forged")
    git(top / "empty.git", "fetch", "-q", str(repo), "main")
    update = RefUpdate("refs/heads/main", "", git(repo, "rev-parse", "HEAD"))
    (refused,) = KnowledgeBase.receiving(top / "empty.git", None).hooks.judge_push([update])
    assert {problem.code for problem in refused.problems} == {"altered-original"}


def test_init_in_a_folder_of_a_repository_wants_to_know_which(top: Path, run: Run) -> None:
    repo = top / "repo"
    refused = run("init", repo / "notes")
    assert refused.code == 2 and "--subdir notes" in refused.err and "--nested" in refused.err and not (repo / "notes").exists()
    assert run("init", repo, "--subdir", "second").code == 2  # it has one already
    for folder in ("..", ".", ".git/kb", "a/b/c/d"):
        assert run("init", repo, "--subdir", folder).code == 2, folder
    assert run("init", repo / "notes", "--nested").code == 0 and (repo / "notes/.git").is_dir()
    (repo / ".gitignore").write_text("own/\n", encoding="utf-8")
    assert run("init", repo / "own").code == 0  # what the repository ignores is none of its business
    assert run("init", top / "alone", "--subdir", "kb").code == 2
