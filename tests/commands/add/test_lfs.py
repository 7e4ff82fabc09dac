"""Large originals: in Git LFS where the settings say so, refused where git's hosts would refuse them."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitkb.commands.add.add_run import LINE, with_line
from tests.support.isolation import ROOT

Git = Callable[..., str]
BIG = "# Write-ahead log\n\n" + "".join(
    f"## Part {n}\n\nA write-ahead log is a file that holds change {n} before page {n} does.\n\n" for n in range(60)
)
SMALL = "# Quorum\n\nA quorum is a majority of the members of a cluster.\n"
RAW = "raw/docs/big.lfs.md"
KILLED = ROOT / "tests" / "support" / "killed.py"
# What `git lfs install` sets for a person.
FILTER = (
    *("-c", "filter.lfs.clean=git-lfs clean -- %f", "-c", "filter.lfs.smudge=git-lfs smudge -- %f"),
    *("-c", "filter.lfs.process=git-lfs filter-process", "-c", "filter.lfs.required=true"),
)

needs_lfs = pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed")


def _settings(kb: Path, git: Git, text: str) -> None:
    with (kb / ".gitkb/config.yaml").open("a", encoding="utf-8") as file:
        file.write(text)
    git(kb, "commit", "-qam", "settings")


@pytest.fixture
def kb(tmp_path: Path, git: Git, run: Callable[..., Any]) -> Path:
    """A knowledge base that keeps originals above 2,000 bytes in Git LFS, and documents beside it in `docs`."""
    run("init", tmp_path / "kb")
    _settings(tmp_path / "kb", git, "raw:\n  storage: lfs\n  lfs_above: 2000\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/big.md").write_text(BIG, encoding="utf-8")
    (tmp_path / "docs/small.md").write_text(SMALL, encoding="utf-8")
    return tmp_path / "kb"


def _add(kb: Path, run: Callable[..., Any], *more: str) -> None:
    done = run("add", kb.parent / "docs", "--kb", kb, *more)
    assert done.code == 0, done.err


def _pointer(text: str) -> str:
    data = text.encode()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{hashlib.sha256(data).hexdigest()}\nsize {len(data)}"


@needs_lfs
def test_a_commit_holds_the_pointer_and_the_worktree_the_bytes(kb: Path, git: Git, run: Callable[..., Any]) -> None:
    _add(kb, run)
    assert git(kb, "show", f"HEAD:{RAW}") == _pointer(BIG)
    assert git(kb, "show", "HEAD:raw/docs/small.md") == SMALL.strip()
    assert (kb / RAW).read_text(encoding="utf-8") == BIG
    assert git(kb, "lfs", "ls-files", "--name-only") == RAW
    assert git(kb, "status", "--porcelain") == ""
    assert run("check", "--kb", kb).code == 0


@needs_lfs
def test_git_calls_an_untouched_original_unchanged_when_it_reads_it_again(kb: Path, git: Git, run: Callable[..., Any]) -> None:
    _add(kb, run)
    os.utime(kb / RAW, (1, 1))
    assert git(kb, "status", "--porcelain") == ""
    git(kb, "lfs", "fsck")


@needs_lfs
def test_an_unedited_original_whose_times_changed_is_not_in_the_way(kb: Path, git: Git, run: Callable[..., Any]) -> None:
    _add(kb, run)
    os.utime(kb / RAW, (1, 1))
    (kb.parent / "docs/big.md").write_text(BIG + "A page is a block of a file.\n", encoding="utf-8")
    _add(kb, run)
    assert (kb / RAW).read_text(encoding="utf-8").endswith("A page is a block of a file.\n")
    assert git(kb, "status", "--porcelain") == ""


@needs_lfs
def test_an_original_that_a_person_changed_is_in_the_way_and_stays(kb: Path, run: Callable[..., Any]) -> None:
    _add(kb, run)
    (kb / RAW).write_text("mine\n", encoding="utf-8")
    (kb.parent / "docs/big.md").write_text(BIG + "More.\n", encoding="utf-8")
    done = run("add", kb.parent / "docs", "--kb", kb)
    assert (done.code, RAW in done.err) == (1, True)
    assert (kb / RAW).read_text(encoding="utf-8") == "mine\n"


@needs_lfs
def test_a_push_takes_the_object_along_and_a_clone_shows_it(kb: Path, tmp_path: Path, git: Git, run: Callable[..., Any]) -> None:
    _add(kb, run)
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "remote.git")
    git(kb, "remote", "add", "origin", str(tmp_path / "remote.git"))
    git(kb, "push", "-q", "origin", "main")
    git(tmp_path, *FILTER, "clone", "-q", f"file://{tmp_path}/remote.git", "clone")
    clone = tmp_path / "clone"
    assert (clone / RAW).read_text(encoding="utf-8") == BIG
    assert run("check", "--kb", clone).code == 0
    assert "Write-ahead log" in run("show", "docs/big", "--kb", clone).out
    # Its index was written by git, its objects came through git-lfs.
    assert run("remove", "docs/big", "--kb", clone).code == 0
    assert not (clone / RAW).exists()
    assert git(clone, *FILTER, "status", "--porcelain") == ""


@needs_lfs
def test_a_clone_without_the_objects_can_be_written_too(kb: Path, tmp_path: Path, git: Git, run: Callable[..., Any]) -> None:
    _add(kb, run)
    git(tmp_path, "-c", "protocol.file.allow=always", "clone", "-q", str(kb), "clone")
    clone = tmp_path / "clone"
    assert (clone / RAW).read_text(encoding="utf-8").strip() == _pointer(BIG)
    for command in (["remove", "docs/big"], ["undo"]):
        assert run(*command, "--kb", clone).code == 0
    assert (clone / RAW).read_text(encoding="utf-8").strip() == _pointer(BIG)
    assert git(clone, "status", "--porcelain") == ""


@needs_lfs
def test_a_large_document_is_renamed_and_made_again_where_its_bytes_are(
    kb: Path, tmp_path: Path, git: Git, run: Callable[..., Any]
) -> None:
    _add(kb, run)
    (tmp_path / "docs/big.md").rename(tmp_path / "docs/large.md")
    _add(kb, run)
    moved = RAW.replace("big", "large")
    assert (kb / moved).read_text(encoding="utf-8") == BIG and git(kb, "show", f"HEAD:{moved}") == _pointer(BIG)
    tip = git(kb, "rev-parse", "HEAD")
    with (kb / ".gitkb/config.yaml").open("a", encoding="utf-8") as file:
        file.write("language: en\n")
    git(kb, "commit", "-qam", "a setting")
    assert run("recompile", "--all", "--kb", kb, "--jobs", "1").out.startswith("Recompiled 2")
    assert git(kb, "show", f"HEAD:{moved}") == _pointer(BIG) and git(kb, "status", "--porcelain") == ""
    assert git(kb, "rev-parse", f"HEAD:{moved}") == git(kb, "rev-parse", f"{tip}:{moved}")
    git(tmp_path, "-c", "protocol.file.allow=always", "clone", "-q", str(kb), "clone")
    done = run("recompile", "--all", "--kb", tmp_path / "clone", "--jobs", "1")
    assert done.code == 3 and "Git LFS and not in this clone. Get it with: git lfs pull --include " + moved in done.err
    assert done.out.startswith("Unchanged 1, failed 1")


@needs_lfs
def test_undo_brings_the_bytes_back(kb: Path, git: Git, run: Callable[..., Any]) -> None:
    _add(kb, run)
    before = git(kb, "rev-parse", "HEAD^{tree}")
    run("remove", "docs/big", "--kb", kb)
    assert not (kb / RAW).exists()
    run("undo", "--kb", kb)
    assert git(kb, "rev-parse", "HEAD^{tree}") == before
    assert (kb / RAW).read_text(encoding="utf-8") == BIG
    assert git(kb, "status", "--porcelain") == ""


@needs_lfs
def test_a_branch_that_is_not_checked_out_keeps_its_objects(kb: Path, git: Git, run: Callable[..., Any]) -> None:
    _add(kb, run, "--branch", "review")
    assert not (kb / RAW).exists()
    git(kb, "switch", "-q", "review")
    assert (kb / RAW).read_text(encoding="utf-8") == BIG


@needs_lfs
def test_the_commits_do_not_depend_on_the_number_of_jobs(
    kb: Path, tmp_path: Path, git: Git, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_DATE", "1700000000 +0000")
    shutil.copytree(kb, tmp_path / "other", symlinks=True)
    _add(kb, run, "--jobs", "1")
    assert run("add", tmp_path / "docs", "--kb", tmp_path / "other", "--jobs", "8").code == 0
    assert git(kb, "rev-parse", "HEAD") == git(tmp_path / "other", "rev-parse", "HEAD")


@needs_lfs
@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize("share", [0.4, 0.5, 0.54, 0.78])
def test_a_killed_run_leaves_the_bytes_or_nothing(kb: Path, tmp_path: Path, git: Git, share: float) -> None:
    def add(target: Path, kill: int) -> int:
        command = [
            sys.executable,
            str(KILLED),
            str(tmp_path / "n"),
            str(kill),
            "add",
            str(tmp_path / "docs"),
            "--kb",
            str(target),
        ]
        return subprocess.run(command, capture_output=True, timeout=120, check=False).returncode

    shutil.copytree(kb, tmp_path / "whole", symlinks=True)
    assert add(tmp_path / "whole", 0) == 0
    assert add(kb, int(int((tmp_path / "n").read_text()) * share)) == -signal.SIGKILL
    assert add(kb, 0) == 0
    assert git(kb, "rev-parse", "HEAD^{tree}") == git(tmp_path / "whole", "rev-parse", "HEAD^{tree}")
    assert (kb / RAW).read_text(encoding="utf-8") == BIG
    assert git(kb, "status", "--porcelain") == ""


@needs_lfs
def test_a_hook_of_somebody_else_stays_and_is_spoken_of(kb: Path, run: Callable[..., Any]) -> None:
    hook = kb / ".git/hooks/pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    done = run("add", kb.parent / "docs", "--kb", kb)
    assert done.code == 0
    assert "git lfs push" in done.err
    assert hook.read_text(encoding="utf-8") == "#!/bin/sh\nexit 0\n"


@pytest.mark.skipif(os.name != "posix", reason="needs links to programs")
def test_without_git_lfs_nothing_is_added(kb: Path, tmp_path: Path, git: Git, program: Callable[..., Any]) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(str(shutil.which("git")))
    # A repository that offers an alias in its place is not asked.
    git(kb, "config", "alias.lfs", f"!touch {tmp_path}/ran")
    before = git(kb, "rev-parse", "HEAD")
    done = program("add", tmp_path / "docs", "--kb", kb, env={"PATH": str(tmp_path / "bin")})
    assert (done.returncode, "git-lfs is not installed" in done.stderr) == (1, True)
    assert "hint:" in done.stderr
    assert git(kb, "rev-parse", "HEAD") == before
    assert not (tmp_path / "ran").exists()


def test_a_file_above_100_mib_is_refused_without_lfs(tmp_path: Path, git: Git, run: Callable[..., Any]) -> None:
    run("init", tmp_path / "kb")
    (tmp_path / "docs").mkdir()
    with (tmp_path / "docs/huge.txt").open("wb") as file:
        file.truncate(100 * 1024**2 + 1)
    (tmp_path / "docs/small.md").write_text(SMALL, encoding="utf-8")
    done = run("add", tmp_path / "docs", "--kb", tmp_path / "kb")
    assert done.code == 3
    said = done.out + done.err
    assert "100 MiB" in said
    assert "raw.storage: lfs" in said
    assert "docs/small" in git(tmp_path / "kb", "log", "--format=%s")
    assert not (tmp_path / "kb/.git/lfs").exists()


def test_without_the_setting_attributes_and_paths_are_as_ever(tmp_path: Path, git: Git, run: Callable[..., Any]) -> None:
    run("init", tmp_path / "kb")
    (tmp_path / "big.md").write_text(BIG, encoding="utf-8")
    run("add", tmp_path / "big.md", "--kb", tmp_path / "kb")
    assert "lfs" not in (tmp_path / "kb/.gitattributes").read_text(encoding="utf-8")
    assert git(tmp_path / "kb", "show", "HEAD:raw/big.md") == BIG.strip()


def test_the_line_comes_into_gitkbs_block_or_into_one_of_its_own() -> None:
    line = LINE.encode()
    assert with_line(b"*.a text\n# gitkb: begin\nx\n# gitkb: end\n*.b text\n") == (
        b"*.a text\n# gitkb: begin\nx\n" + line + b"\n# gitkb: end\n*.b text\n"
    )
    assert with_line(b"*.a text") == b"*.a text\n# gitkb: begin\n" + line + b"\n# gitkb: end\n"
    assert with_line(b"") == b"# gitkb: begin\n" + line + b"\n# gitkb: end\n"
