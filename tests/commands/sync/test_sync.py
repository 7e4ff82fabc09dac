"""A root has a home: a declared source brings everybody the same documents, and says from which commit they came."""

import json
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from gitkb.errors import FormatError
from gitkb.formats.declared_sources import decode_source, encode_source, refuse_wrong
from gitkb.model.options import DeclaredSource
from tests.support import git_servers
from tests.support.clones import documents, git, gitkb, text_of, write

Run = Callable[..., Any]


def _text(name: str, days: int = 18) -> str:
    return f"# {name}\n\nThe {name} rule is a right of {days} days for {name}.\n"


_MINUTES = count(1_790_000_000, 60)


def _commit(repository: Path, files: dict[str, str | None]) -> str:
    for name, text in files.items():
        file = repository / name
        if text is None:
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    git(repository, "add", "-A")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_COMMITTER_DATE", f"{next(_MINUTES)} +0000")  # of two within one second neither would be the newer one
        git(repository, "commit", "-q", "-m", "handbook")
    return git(repository, "rev-parse", "HEAD")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository `handbook`, and beside it a knowledge base that has synced its folder `man`, of one commit."""
    top = tmp_path_factory.mktemp("sync")
    git(top, "init", "-q", "-b", "main", "handbook")
    _commit(top / "handbook", {"man/leave.md": _text("leave"), "man/deep/pay.md": _text("pay"), "README.md": _text("readme")})
    gitkb("init", top / "kb")
    gitkb("source", "add", "handbook", "--repo", "../handbook", "--subdir", "man", "--kb", top / "kb")
    gitkb("sync", "--jobs", "1", "--kb", top / "kb")
    return top


@pytest.fixture
def top(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "top", symlinks=True)
    return tmp_path / "top"


def _origins(run: Run, kb: Path) -> set[str]:
    rows = json.loads(run("list", "--json", "--kb", kb).out)
    return {f"{row['origin']['commit']} {row['origin']['changed']}" if row["origin"] else "" for row in rows}


def test_a_repository_is_synced_and_its_commit_is_shown_everywhere(top: Path, run: Run) -> None:
    kb, first = top / "kb", git(top / "handbook", "rev-parse", "HEAD")
    assert documents(run, kb) == ["handbook/deep/pay", "handbook/leave"]
    assert f"leave  (handbook @ {first[:7]})" in run("list", "--kb", kb).out
    before = git(kb, "rev-parse", "HEAD")
    run("sync", "--kb", kb)
    assert git(kb, "rev-parse", "HEAD") == before  # nothing moved there, so nothing is said here
    again = {
        "man/leave.md": _text("leave", 8),
        "man/deep/pay.md": None,
        "man/raft.md": text_of("Raft"),
        "man/zab.md": text_of("Zab"),
    }
    second = _commit(top / "handbook", again)
    ran = run("sync", "handbook", "--jobs", "1", "--kb", kb)
    assert ran.code == 0, ran.err
    assert documents(run, kb) == ["handbook/leave", "handbook/raft", "handbook/zab"]
    assert run("check", "--kb", kb).code == 0
    assert f"handbook @ {second[:7]}" in run("source", "list", "--kb", kb).out
    shown = run("diff", before, "--kb", kb).out.splitlines()
    assert f"Source handbook @ {second[:7]}, before {first[:7]}" in shown[:4]
    assert f"handbook @ {second[:7]}, before {first[:7]}" in run("diff", before, "--format", "markdown", "--kb", kb).out
    pages = [row["page"] for row in json.loads(run("list", "--pages", "--json", "--kb", kb).out)]
    assert any(f"handbook @ {second[:7]}" in run("blame", page, "--kb", kb).out for page in pages)


def test_what_the_source_takes_back_is_not_older(top: Path, run: Run) -> None:
    kb = top / "kb"
    _commit(top / "handbook", {"man/leave.md": _text("leave", 8), "man/deep/pay.md": None})
    run("sync", "--jobs", "1", "--kb", kb)
    _commit(top / "handbook", {"man/leave.md": _text("leave"), "man/deep/pay.md": _text("pay")})
    ran = run("sync", "--jobs", "1", "--kb", kb)
    assert ran.code == 0, ran.err
    assert "18 days" in (kb / "wiki/sources/handbook/leave.md").read_text(encoding="utf-8")
    assert documents(run, kb) == ["handbook/deep/pay", "handbook/leave"]


def test_what_was_removed_here_stays_out_and_the_label_says_that_it_differs(top: Path, run: Run) -> None:
    kb, first = top / "kb", git(top / "handbook", "rev-parse", "HEAD")
    run("remove", "handbook/deep/pay", "--kb", kb)
    assert _origins(run, kb) == {f"{first} True"}
    ran = run("sync", "--kb", kb)
    assert ran.code == 0 and "Left out: handbook/deep/pay was removed by " in ran.err
    assert documents(run, kb) == ["handbook/leave"] and _origins(run, kb) == {f"{first} False"}
    assert run("undo", "--kb", kb).code == 0  # the last change is the removal, not the note of the sync
    assert documents(run, kb) == ["handbook/deep/pay", "handbook/leave"] and _origins(run, kb) == {f"{first} True"}


def test_two_people_who_sync_at_different_commits_do_not_collide(top: Path, run: Run) -> None:
    kb, other = top / "kb", top / "other"
    git(top, "clone", "-q", "kb", "other")
    first = _commit(top / "handbook", {"man/a.md": _text("a")})
    run("sync", "--jobs", "1", "--kb", other)
    last = _commit(top / "handbook", {"man/b.md": _text("b")})
    run("sync", "--jobs", "1", "--kb", kb)
    git(kb, "pull", "-q", "--no-rebase", "--no-edit", "-X", "ours", "../other", "main")  # pages aside, by git alone
    assert {first, last} == {file.stem for file in (kb / ".gitkb/synced/handbook").iterdir()}
    assert _origins(run, kb) == {f"{last} False"} and run("check", "--kb", kb).code == 0
    run("sync", "--kb", kb)
    assert [file.stem for file in (kb / ".gitkb/synced/handbook").iterdir()] == [last]


def test_a_dry_run_changes_nothing_and_a_source_that_is_gone_removes_nothing(top: Path, run: Run) -> None:
    kb = top / "kb"
    before = git(kb, "rev-parse", "HEAD")
    _commit(top / "handbook", {"man/leave.md": _text("leave", 8)})
    ran = run("sync", "--dry-run", "--jobs", "1", "--kb", kb)
    assert ran.code == 0 and "updated  handbook/leave" in ran.out
    _commit(top / "handbook", {"man/leave.md": None, "man/deep/pay.md": None})
    ran = run("sync", "--kb", kb)
    assert ran.code == 2 and "has no file" in ran.err
    (top / "handbook").rename(top / "elsewhere")
    ran = run("sync", "--kb", kb)
    assert ran.code == 1 and "git could not fetch the default branch of ../handbook" in ran.err
    assert git(kb, "rev-parse", "HEAD") == before and git(kb, "status", "--porcelain") == ""
    assert not list((kb / ".git" / "gitkb").glob("runs/*"))


def test_a_folder_of_the_repository_is_a_source_at_the_commit_that_changed_it_last(top: Path, run: Run) -> None:
    kb = top / "kb"
    write(kb / "docs", {"rules.md": _text("rules")})
    assert run("source", "add", "docs", "--path", str(kb / "docs"), "--kb", kb).code == 0
    assert json.loads((kb / ".gitkb/sources/docs.json").read_text(encoding="utf-8"))["path"] == "docs"
    run("sync", "docs", "--jobs", "1", "--kb", kb)
    assert "docs/rules" in documents(run, kb)
    assert "docs/: 1 document, at no commit" in run("source", "list", "--kb", kb).out  # nobody has committed it yet
    git(kb, "add", "docs")
    git(kb, "commit", "-q", "-m", "rules")
    at = git(kb, "rev-parse", "HEAD")
    run("sync", "docs", "--kb", kb)
    assert f"docs @ {at[:7]}" in run("list", "--kb", kb).out
    assert run("check", "--kb", kb).code == 0
    assert run("source", "remove", "docs", "--kb", kb).code == 0
    assert "docs/rules" in documents(run, kb) and not (kb / ".gitkb/synced/docs").exists()
    assert run("sync", "docs", "--kb", kb).code == 1


def test_a_branch_or_tag_is_synced_over_http_and_nobody_is_asked(top: Path, run: Run) -> None:
    kb = top / "kb"
    _commit(top / "handbook", {"man/leave.md": _text("leave", 30)})
    git(top / "handbook", "tag", "-a", "v1", "-m", "v1")
    _commit(top / "handbook", {"man/leave.md": _text("leave", 8)})
    git(top, "clone", "-q", "--bare", "handbook", "handbook.git")
    with git_servers.http(top) as address:
        run("source", "add", "fixed", "--repo", f"{address}/handbook.git", "--ref", "v1", "--include", "man/l*", "--kb", kb)
        ran = run("sync", "fixed", "--jobs", "1", "--kb", kb)
    assert ran.code == 0, ran.err
    assert "30 days" in (kb / "wiki/sources/fixed/man/leave.md").read_text(encoding="utf-8")
    assert [each for each in documents(run, kb) if each.startswith("fixed/")] == ["fixed/man/leave"]


def test_links_and_filters_of_the_other_repository_do_nothing(top: Path, run: Run) -> None:
    kb, handbook = top / "kb", top / "handbook"
    (top / "secret.md").write_text(_text("secret"), encoding="utf-8")
    (handbook / "man" / "link.md").symlink_to(top / "secret.md")
    git(kb, "config", "filter.evil.smudge", "touch ../ran; cat")
    _commit(handbook, {"man/.gitattributes": "*.md filter=evil\n", "man/new.md": _text("new")})
    assert run("sync", "--jobs", "1", "--kb", kb).code == 0
    assert documents(run, kb) == ["handbook/deep/pay", "handbook/leave", "handbook/new"]
    assert not (top / "ran").exists()


@pytest.mark.parametrize(
    "address",
    [
        *("ext::sh -c touch% ran", "ext::x", "--upload-pack=touch", "-x", "file:///srv/git/a.git", "/srv/git/a.git", "~/a.git"),
        *("https://token@host/a.git", "https://user:secret@host/a.git", "ssh://user:secret@host/a.git", "https:///a.git"),
        *("ssh://-oProxyCommand=x/a", "-oProxyCommand=x:a", "host:-x", "C:\\a", "C:/a", "https://host/a.git?token=1"),
        *("ftp://host/a", "https://host/a b", "../a\n", "a/b", "fd::1", "transport::a"),
    ],
)
def test_an_address_that_would_run_something_or_hold_a_secret_is_none(address: str) -> None:
    with pytest.raises(FormatError):
        refuse_wrong(DeclaredSource("docs", repo=address))


@pytest.mark.parametrize(
    "source",
    [
        DeclaredSource("docs", repo="https://host:8443/group/a.git", ref="release/1.2", subdir="manual/en", include=("*.md",)),
        DeclaredSource("docs", repo="git@host.example:group/a.git", exclude=("drafts/",)),
        DeclaredSource("docs", repo="ssh://git@host/a.git", ref="0" * 40),
        DeclaredSource("docs", repo="../a.git"),
        DeclaredSource("Handbuch", path="über/docs"),
    ],
)
def test_a_source_comes_back_from_its_file(source: DeclaredSource) -> None:
    assert decode_source(encode_source(source), f".gitkb/sources/{source.name}.json") == source


@pytest.mark.parametrize(
    "source",
    [
        *(DeclaredSource(name, path="docs") for name in ("", "a/b", ".a", "-a", "a b", "a\n", "..")),
        *(DeclaredSource("docs", path=path) for path in ("/etc", "../docs", "a/../../b", ".git/x", "a//b", "C:/docs", "~/docs")),
        *(DeclaredSource("docs", repo="../a", ref=ref) for ref in ("-x", "a b", "a..b", "a:b", "a^", "@{u}", "x.lock")),
        *(DeclaredSource("docs", repo="../a", subdir=subdir) for subdir in ("..", "/etc", "a/.git")),
        *(DeclaredSource("docs"), DeclaredSource("docs", path="a", repo="../a"), DeclaredSource("docs", path="a", ref="b")),
    ],
)
def test_what_leads_out_or_says_two_things_is_no_source(source: DeclaredSource) -> None:
    with pytest.raises(FormatError):
        refuse_wrong(source)


def test_a_hostile_declaration_in_a_clone_runs_nothing_and_is_named_by_check(top: Path, run: Run) -> None:
    kb = top / "kb"
    declared = kb / ".gitkb/sources/handbook.json"
    declared.write_text('{"format": 1, "repo": "ext::sh -c touch% ran"}\n', encoding="utf-8")
    git(kb, "commit", "-qam", "evil")
    ran = run("sync", "--kb", kb)
    assert ran.code == 1 and "is not a valid source" in ran.err and not list(top.rglob("ran"))
    ran = run("check", "--kb", kb)
    assert ran.code == 4 and ".gitkb/sources/handbook.json" in ran.out + ran.err
    (kb / "out").symlink_to(top)
    declared.write_text('{"format": 1, "path": "out"}\n', encoding="utf-8")
    git(kb, "commit", "-qam", "out")
    ran = run("sync", "--kb", kb)
    assert ran.code == 2 and "leads out of the repository" in ran.err


def test_a_name_is_taken_once_and_the_wiki_is_no_source(top: Path, run: Run) -> None:
    kb = top / "kb"
    ran = run("source", "add", "Handbook", "--repo", "../handbook", "--kb", kb)
    assert ran.code == 2 and "There is a source handbook already" in ran.err
    assert run("source", "add", "pages", "--path", str(kb / "wiki"), "--kb", kb).code == 2
    assert run("source", "add", "out", "--path", str(top), "--kb", kb).code == 2
    assert run("source", "add", "both", "--kb", kb).code == 2
    assert git(kb, "status", "--porcelain") == ""
