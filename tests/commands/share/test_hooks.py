"""The hooks stop a commit or a push that would break a knowledge base, and nothing else; what was there before still runs."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import sample_kb
from tests.support.sample_kb import gitkb

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the hooks are shell scripts")
FILES = sample_kb.FILES
Git = Callable[..., str]
SUMMARY = "wiki/summaries/docs/crash-recovery.md"
PINNED = "git+https://example.org/team/gitkb@" + "a" * 40
CONCEPT = "wiki/concepts/crash-recovery.md"


@pytest.fixture
def plain(kb: Path) -> Path:
    """A knowledge base without hooks."""
    return kb


@pytest.fixture
def hooked(plain: Path) -> Path:
    """A copy with both hooks."""
    gitkb(plain, "hooks", "install")
    return plain


def _edit(kb: Path, page: str = SUMMARY) -> None:
    file = kb / page
    file.write_text(file.read_text(encoding="utf-8") + "\n## Notes\n\nMine.\n", encoding="utf-8")


def _stopped(git: Git, kb: Path, *arguments: str) -> str:
    with pytest.raises(subprocess.CalledProcessError) as stopped:
        git(kb, *arguments)
    return str(stopped.value.stdout) + str(stopped.value.stderr)


def _script(file: Path, text: str) -> Path:
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


@pytest.mark.parametrize("page", [SUMMARY, CONCEPT])
@pytest.mark.parametrize("how", [["-a"], []])
def test_a_hand_edit_is_committed_with_the_projection_beneath_it(hooked: Path, git: Git, page: str, how: list[str]) -> None:
    before = (hooked / page).read_bytes()
    _edit(hooked, page)
    if not how:
        git(hooked, "add", page)
    git(hooked, "commit", "-q", *how, "-m", "a note")
    assert git(hooked, "status", "--porcelain") == ""
    assert git(hooked, "show", "--format=", "--name-only", "HEAD").split() == [f".gitkb/edited/{page}", page]
    assert (hooked / ".gitkb" / "edited" / page).read_bytes() == before
    assert "is whole" in gitkb(hooked, "check").stdout
    gitkb(hooked, "refresh")
    assert git(hooked, "log", "-1", "--format=%s") == "a note"


def test_a_commit_of_one_path_leaves_index_and_folder_clean(hooked: Path, git: Git) -> None:
    _edit(hooked)
    git(hooked, "commit", "-q", "-m", "a note", "--", SUMMARY)
    assert git(hooked, "status", "--porcelain") == ""
    assert git(hooked, "show", "--format=", "--name-only", "HEAD") == SUMMARY


def test_a_commit_that_loses_a_file_is_stopped(hooked: Path, git: Git) -> None:
    before = git(hooked, "rev-parse", "HEAD")
    git(hooked, "rm", "-q", "raw/docs/crash-recovery.md")
    assert "raw/docs/crash-recovery.md" in _stopped(git, hooked, "commit", "-q", "-m", "lose a file")
    assert git(hooked, "rev-parse", "HEAD") == before


def test_a_commit_that_breaks_the_settings_is_stopped(hooked: Path, git: Git) -> None:
    (hooked / ".gitkb" / "config.yaml").write_text("format: 1\nbranches: main\n")
    assert "unknown setting branches" in _stopped(git, hooked, "commit", "-q", "-a", "-m", "settings")


def test_a_commit_that_removes_an_anchor_is_stopped_for_the_pages_that_lead_there(hooked: Path, git: Git) -> None:
    text = (hooked / "wiki/sources/docs/crash-recovery.md").read_text(encoding="utf-8")
    (hooked / "wiki/sources/docs/crash-recovery.md").write_text(
        text.replace("\n# Crash recovery", "\n# Recovery"), encoding="utf-8"
    )
    said = _stopped(git, hooked, "commit", "-q", "-a", "-m", "rename a heading")
    assert "#crash-recovery" in said and "broken-anchor" in said


def test_what_is_not_staged_does_not_count(hooked: Path, git: Git) -> None:
    (hooked / "raw" / "docs" / "crash-recovery.md").unlink()
    (hooked / "mine.txt").write_text("mine\n")
    git(hooked, "add", "mine.txt")
    git(hooked, "commit", "-q", "-m", "mine")
    assert git(hooked, "log", "-1", "--format=%s") == "mine"


def test_what_was_broken_before_does_not_stop_a_commit_that_does_not_touch_it(hooked: Path, git: Git) -> None:
    git(hooked, "rm", "-q", "raw/docs/crash-recovery.md")
    git(hooked, "commit", "-q", "--no-verify", "-m", "lose a file")
    _edit(hooked, "wiki/summaries/docs/write-ahead-logging.md")
    git(hooked, "commit", "-q", "-a", "-m", "a note")
    assert gitkb(hooked, "check", check=False).returncode == 4
    assert gitkb(hooked, "check", "--changed", "HEAD~", check=False).returncode == 0


def test_check_of_changes_finds_what_the_check_of_everything_finds(plain: Path, git: Git) -> None:
    git(plain, "rm", "-q", "wiki/sources/docs/write-ahead-logging.md")
    (plain / "raw" / "stray.bin").write_bytes(b"stray")
    (plain / ".gitkb/documents/docs/crash-recovery.json").write_text("{")
    git(plain, "add", "-A")
    git(plain, "commit", "-q", "-m", "break it")
    whole = gitkb(plain, "check", "--json", check=False).stdout
    assert '"missing-file"' in whole and '"stray-file"' in whole and '"bad-record"' in whole
    assert gitkb(plain, "check", "--changed", "HEAD~", "--json", check=False).stdout == whole


def test_a_push_of_a_broken_tip_is_stopped(hooked: Path, git: Git, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    remote = str(tmp_path / "remote.git")
    git(hooked, "push", "-q", remote, "main")
    git(hooked, "rm", "-q", "raw/docs/crash-recovery.md")
    git(hooked, "commit", "-q", "--no-verify", "-m", "lose a file")
    assert "raw/docs/crash-recovery.md" in _stopped(git, hooked, "push", "-q", remote, "main")
    assert git(hooked, "ls-remote", remote, "main").split()[0] == git(hooked, "rev-parse", "HEAD~")
    assert "raw/docs/crash-recovery.md" in _stopped(git, hooked, "push", "-q", remote, "main:other")
    git(hooked, "push", "-q", remote, "--delete", "main", check=False)


def test_a_repository_that_is_no_knowledge_base_is_left_alone(hooked: Path, git: Git, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "plain")
    shutil.copytree(hooked / ".git" / "hooks", tmp_path / "plain" / ".git" / "hooks", symlinks=True, dirs_exist_ok=True)
    git(tmp_path / "plain", "commit", "-q", "--allow-empty", "-m", "first")
    git(tmp_path / "plain", "commit", "-q", "--allow-empty", "-m", "second")
    assert git(tmp_path / "plain", "log", "--format=%s") == "second\nfirst"


def test_a_hook_that_was_there_runs_first_and_comes_back(plain: Path, git: Git) -> None:
    theirs = _script(plain / ".git/hooks/pre-push", 'cat > "$(git rev-parse --git-dir)/seen"\necho "$1" >> .git/seen')
    text = theirs.read_text()
    listed = gitkb(plain, "hooks", "install").stdout
    assert "before-gitkb/pre-push" in listed
    git(plain.parent, "init", "-q", "--bare", "remote.git")
    git(plain, "push", "-q", "../remote.git", "main")
    assert (plain / ".git/seen").read_text().startswith("refs/heads/main ")
    assert (plain / ".git/seen").read_text().endswith("../remote.git\n")
    gitkb(plain, "hooks", "install")
    gitkb(plain, "hooks", "remove")
    assert theirs.read_text() == text and os.access(theirs, os.X_OK)
    assert sorted(file.name for file in theirs.parent.iterdir() if "gitkb" in file.name) == []
    assert not (theirs.parent / "pre-commit").exists()


def test_a_hook_that_was_there_and_says_no_is_heeded(plain: Path, git: Git) -> None:
    _script(plain / ".git/hooks/pre-commit", "echo not today >&2; exit 1")
    gitkb(plain, "hooks", "install")
    _edit(plain)
    assert "not today" in _stopped(git, plain, "commit", "-q", "-a", "-m", "a note")


def test_two_foreign_hooks_are_never_merged_into_one(hooked: Path) -> None:
    _script(hooked / ".git/hooks/before-gitkb/pre-commit", "exit 0")
    theirs = _script(hooked / ".git/hooks/pre-commit", "exit 0")
    done = gitkb(hooked, "hooks", "install", check=False)
    assert done.returncode == 1 and "somebody else's" in done.stderr
    assert theirs.read_text() == "#!/bin/sh\nexit 0\n"


def test_hooks_that_git_takes_from_elsewhere_are_not_written(plain: Path, git: Git) -> None:
    git(plain, "config", "core.hooksPath", "../shared")
    done = gitkb(plain, "hooks", "install", check=False)
    assert done.returncode == 1 and "core.hooksPath" in done.stderr
    assert not (plain.parent / "shared").exists()
    _script(plain.parent / "shared" / "pre-commit", "exit 0")
    listed = gitkb(plain, "hooks", "list").stdout
    assert "somebody else's" in listed and "shared/pre-commit" in listed


def test_list_says_whose_a_hook_is(hooked: Path) -> None:
    _script(hooked / ".git/hooks/pre-push", "exit 0")
    lines = gitkb(hooked, "hooks", "list").stdout.splitlines()
    assert [line.split("  ")[0].strip() for line in lines] == ["pre-commit", "pre-push"]
    assert "gitkb's" in lines[0] and "somebody else's" in lines[1]


def test_a_hook_runs_the_gitkb_that_installed_it_and_nothing_of_the_worktree(
    hooked: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    for trap in ("json.py", "gitkb.py", "typer.py"):
        (hooked / trap).write_text("open('trapped', 'w')\nraise SystemExit(1)\n")
    _edit(hooked)
    git(hooked, "commit", "-q", "-a", "-m", "a note")
    assert not (hooked / "trapped").exists()


@pytest.mark.parametrize(
    "service, files", [("github", [".github/workflows/gitkb.yml"]), ("gitlab", [".gitlab-ci.yml", ".gitlab/gitkb.yml"])]
)
def test_ci_templates_are_installed_for_the_pages_branch_and_removed(
    plain: Path, git: Git, service: str, files: list[str]
) -> None:
    (plain / ".gitkb/config.yaml").write_text(f"format: 1\npages:\n  branch: trunk\nci:\n  install: {PINNED}\n")
    git(plain, "commit", "-q", "-a", "-m", "trunk")
    gitkb(plain, "hooks", "install", "--ci", service)
    assert git(plain, "status", "--porcelain", "-uall").split() == [word for file in files for word in ("??", file)]
    assert any('"trunk"' in (plain / file).read_text() for file in files)
    assert not (plain / ".git/hooks/pre-commit").exists()
    assert f"ci {service}" in gitkb(plain, "hooks", "list").stdout
    gitkb(plain, "hooks", "remove", "--ci", service)
    assert git(plain, "status", "--porcelain") == ""


def test_a_ci_file_of_somebody_else_is_left_alone(plain: Path, git: Git) -> None:
    (plain / ".gitkb/config.yaml").write_text(f"format: 1\nci:\n  install: {PINNED}\n")
    git(plain, "commit", "-q", "-a", "-m", "how CI installs gitkb")
    (plain / ".gitlab-ci.yml").write_text("stages: [test]\n")
    done = gitkb(plain, "hooks", "install", "--ci", "gitlab", check=False)
    assert done.returncode == 1 and "local: .gitlab/gitkb.yml" in done.stderr
    assert (plain / ".gitlab-ci.yml").read_text() == "stages: [test]\n"
