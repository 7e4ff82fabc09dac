"""The steps of the CI templates, run as a runner runs them, against a local server in the role of the service's API."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.forges import TOKEN, Forge, serve
from tests.support.isolation import ROOT
from tests.support.sample_kb import DOCUMENTS, FILES, gitkb, put_on_path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="runners have a POSIX shell")
Git = Callable[..., str]
HOOKS = ROOT / "hooks"
MARKER = "<!-- gitkb: what this changes -->"


@pytest.fixture(scope="session")
def shared(build: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`origin.git` with main and a branch `more` that adds a document, and `kb/`, its clone. Nobody may change them."""
    top = tmp_path_factory.mktemp("ci")
    kb = shutil.copytree(build(FILES) / "kb", top / "kb", symlinks=True)
    subprocess.run(["git", "clone", "-q", "--bare", "kb", "origin.git"], cwd=top, check=True)
    subprocess.run(["git", "-C", "kb", "remote", "add", "origin", "../origin.git"], cwd=top, check=True)
    gitkb(top, "add", DOCUMENTS / "guides", "--kb", kb, "--branch", "more", "--jobs", "1")
    subprocess.run(["git", "-C", "kb", "push", "-q", "origin", "main", "more"], cwd=top, check=True)
    return top


@dataclass
class Runner:
    """A job's machine: the checkout, the environment that a service gives it, and the service."""

    top: Path
    forge: Forge
    git: Git
    env: dict[str, str]

    @property
    def checkout(self) -> Path:
        return self.top / "checkout"

    def step(self, template: str, job: str) -> subprocess.CompletedProcess[str]:
        """The last step of a job, as the template has it."""
        jobs: dict[str, Any] = yaml.safe_load((HOOKS / "ci" / f"{template}.yml").read_text(encoding="utf-8"))
        command = "\n".join(jobs[f"gitkb-{job}"]["script"]) if template == "gitlab" else jobs["jobs"][job]["steps"][-1]["run"]
        path = put_on_path(self.top / "bin")
        tokens = {"GITKB_TOKEN": TOKEN, "GITKB_COMMENT_TOKEN": TOKEN}
        env = os.environ | self.env | tokens | {"PATH": f"{path}{os.pathsep}{Path(sys.executable).parent}"}
        shell = ["bash", "-e", "-o", "pipefail", "-c", command]
        return subprocess.run(shell, cwd=self.checkout, env=env, capture_output=True, text=True, check=False)

    def merged(self) -> None:
        """Checks out the branch `more` merged into main, detached, as services do for a request."""
        head = self.git(self.checkout, "rev-parse", "origin/more")
        base = self.git(self.checkout, "rev-parse", "origin/main")
        self.git(self.checkout, "checkout", "-q", "--detach", base)
        self.git(self.checkout, "merge", "-q", "--no-ff", "-m", "merge", head)
        event = {"pull_request": {"number": 7, "base": {"sha": base}, "head": {"sha": head}}}
        (self.top / "event.json").write_text(json.dumps(event))
        self.env |= {"CI_MERGE_REQUEST_DIFF_BASE_SHA": base, "CI_COMMIT_SHA": head, "CI_MERGE_REQUEST_IID": "7"}

    def merge_on_the_service(self) -> str:
        """Merges `more` into main as a button does; its commit."""
        kb = self.top / "kb"
        self.git(kb, "merge", "-q", "--no-ff", "-m", "merge", "more")
        self.git(kb, "push", "-q", "origin", "main")
        return self.git(kb, "rev-parse", "HEAD")

    def protect(self) -> None:
        hook = self.top / "origin.git" / "hooks" / "update"
        hook.write_text('#!/bin/sh\n[ "$1" != refs/heads/main ] || { echo protected branch >&2; exit 1; }\n')
        hook.chmod(0o755)

    @property
    def tip(self) -> str:
        return self.git(self.top / "origin.git", "rev-parse", "main")

    @property
    def summary(self) -> str:
        return (self.top / "summary.md").read_text(encoding="utf-8")


@pytest.fixture
def runner(shared: Path, tmp_path: Path, git: Git) -> Iterator[Runner]:
    for name in ("kb", "origin.git"):
        shutil.copytree(shared / name, tmp_path / name, symlinks=True)
    git(tmp_path, "clone", "-q", "origin.git", "checkout")
    with serve(Forge()) as forge:
        yield Runner(tmp_path, forge, git, {})


@pytest.fixture
def github(runner: Runner) -> Runner:
    runner.env |= {
        "GITHUB_REPOSITORY": "team/kb",
        "GITHUB_API_URL": runner.forge.address,
        "GITHUB_EVENT_PATH": str(runner.top / "event.json"),
        "GITHUB_STEP_SUMMARY": str(runner.top / "summary.md"),
        "GITHUB_REF_NAME": "main",
    }
    (runner.top / "event.json").write_text("{}")
    return runner


@pytest.fixture
def gitlab(runner: Runner) -> Runner:
    runner.forge.login = "project_42_bot@gitlab"
    runner.env |= {
        "GITLAB_CI": "true",
        "CI_API_V4_URL": runner.forge.address,
        "CI_PROJECT_ID": "42",
        "CI_COMMIT_BRANCH": "main",
    }
    return runner


def test_github_shows_what_a_request_changes_in_one_comment_that_later_runs_update(github: Runner) -> None:
    github.forge.add_comment("mallory", f"{MARKER}\nnot the bot's")
    for number in range(120):
        github.forge.add_comment("ada", f"comment {number}")
    github.merged()
    done = github.step("github", "review")
    assert done.returncode == 0, done.stderr
    assert len(github.forge.comments) == 122
    text = github.forge.comments[-1]["body"]
    assert text.startswith(MARKER) and "checkpointing" in text
    assert text == github.summary
    assert github.step("github", "review").returncode == 0
    assert len(github.forge.comments) == 122
    assert "PATCH /repos/team/kb/issues/comments/122" in github.forge.asked
    assert github.forge.comments[0]["body"].endswith("not the bot's")
    assert TOKEN not in done.stdout + done.stderr


def test_github_puts_the_text_into_the_summary_where_a_fork_may_not_comment(github: Runner) -> None:
    github.forge.may_write = False
    github.merged()
    done = github.step("github", "review")
    assert done.returncode == 0, done.stderr
    assert github.forge.comments == [] and "checkpointing" in github.summary
    assert "not posted" in done.stdout


def test_a_request_that_breaks_the_knowledge_base_fails_and_says_why(github: Runner) -> None:
    github.merged()
    github.git(github.checkout, "rm", "-q", "raw/docs/crash-recovery.md")
    github.git(github.checkout, "commit", "-q", "-m", "lose a file")
    assert github.step("github", "review").returncode == 4
    assert "would be broken" in github.forge.comments[0]["body"]
    assert "<code>raw/docs/crash-recovery.md</code>" in github.forge.comments[0]["body"]


def test_github_refreshes_the_pages_and_pushes_them_once(github: Runner) -> None:
    merge = github.merge_on_the_service()
    done = github.step("github", "refresh")
    assert done.returncode == 0, done.stderr
    refreshed = github.tip
    assert github.git(github.top / "origin.git", "rev-parse", "main^") == merge
    assert github.git(github.checkout, "log", "-1", "--format=%s").startswith("pages:")
    assert github.step("github", "refresh").returncode == 0
    assert github.tip == refreshed and github.forge.asked == []


@pytest.mark.parametrize("service", ["github", "gitlab"])
def test_where_the_branch_is_protected_one_request_with_the_pages_is_kept(service: str, request: pytest.FixtureRequest) -> None:
    runner: Runner = request.getfixturevalue(service)
    merge = runner.merge_on_the_service()
    runner.protect()
    for _ in range(2):
        done = runner.step(service, "refresh")
        assert done.returncode == 0, done.stderr
    assert runner.tip == merge
    assert runner.git(runner.top / "origin.git", "rev-parse", "gitkb/refresh-pages^") == merge
    assert [each["title"] for each in runner.forge.requests] == ["Refresh pages"]


def test_where_no_request_may_be_opened_the_job_fails_with_the_reason(github: Runner) -> None:
    github.merge_on_the_service()
    github.protect()
    github.forge.may_write = False
    done = github.step("github", "refresh")
    assert done.returncode == 1 and "Resource not accessible" in done.stderr


def test_gitlab_shows_what_a_request_changes_in_one_note(gitlab: Runner) -> None:
    gitlab.merged()
    for _ in range(2):
        done = gitlab.step("gitlab", "review")
        assert done.returncode == 0, done.stderr
    assert len(gitlab.forge.comments) == 1
    text = (gitlab.checkout / "gitkb-diff.md").read_text(encoding="utf-8")
    assert "checkpointing" in text and gitlab.forge.comments[0]["body"] == text


def test_gitlab_refreshes_the_pages_from_a_detached_checkout(gitlab: Runner) -> None:
    merge = gitlab.merge_on_the_service()
    gitlab.git(gitlab.checkout, "checkout", "-q", "--detach")
    gitlab.git(gitlab.checkout, "branch", "-q", "-D", "main")
    done = gitlab.step("gitlab", "refresh")
    assert done.returncode == 0, done.stderr
    assert gitlab.git(gitlab.top / "origin.git", "rev-parse", "main^") == merge


def test_a_group_in_the_merge_queue_is_checked_and_nobody_is_told(github: Runner) -> None:
    github.merged()
    request = json.loads((github.top / "event.json").read_text())["pull_request"]
    group = {"base_sha": request["base"]["sha"], "head_sha": request["head"]["sha"]}
    (github.top / "event.json").write_text(json.dumps({"merge_group": group}))
    done = github.step("github", "review")
    assert done.returncode == 0, done.stderr
    assert github.forge.asked == [] and "checkpointing" in github.summary
    github.git(github.checkout, "rm", "-q", "raw/docs/crash-recovery.md")
    github.git(github.checkout, "commit", "-q", "-m", "lose a file")
    assert github.step("github", "review").returncode == 4


def test_gitlab_checks_the_merge_where_the_pipeline_is_for_the_branch_alone(gitlab: Runner) -> None:
    git, kb = gitlab.git, gitlab.top / "kb"
    git(kb, "rm", "-q", "raw/docs/crash-recovery.md")
    git(kb, "commit", "-q", "-m", "main is broken meanwhile")
    git(kb, "push", "-q", "origin", "main")
    gitlab.merged()
    git(gitlab.checkout, "checkout", "-q", "--detach", "origin/more")
    gitlab.env |= {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
    assert gitlab.step("gitlab", "review").returncode == 4
    gitlab.env |= {"CI_MERGE_REQUEST_EVENT_TYPE": "merged_result"}
    git(gitlab.checkout, "checkout", "-q", "--detach", "origin/more")
    assert gitlab.step("gitlab", "review").returncode == 0


@pytest.fixture
def forgejo(github: Runner) -> Runner:
    github.env |= {"FORGEJO_ACTIONS": "true"}
    return github


def test_forgejo_merges_the_request_first_and_comments(forgejo: Runner) -> None:
    forgejo.merged()
    event = json.loads((forgejo.top / "event.json").read_text())
    event["pull_request"]["base"]["ref"] = "main"
    (forgejo.top / "event.json").write_text(json.dumps(event))
    forgejo.git(forgejo.checkout, "checkout", "-q", "--detach", "origin/more")
    done = forgejo.step("forgejo", "review")
    assert done.returncode == 0, done.stderr
    assert "checkpointing" in forgejo.forge.comments[-1]["body"]
    assert forgejo.git(forgejo.checkout, "merge-base", "HEAD", "origin/main") == forgejo.git(
        forgejo.checkout, "rev-parse", "origin/main"
    )


INSTALLS = {
    "a package": "gitkb==1.2.3 sha256:" + "a" * 64,
    "a wheel here": "tools/gitkb-1.2.3-py3-none-any.whl sha256:" + "a" * 64,
    "a wheel elsewhere": "https://example.org/gitkb-1.2.3-py3-none-any.whl sha256:" + "a" * 64,
    "a repository": "git+https://example.org/team/gitkb@" + "a" * 40,
    "requirements": "ci/gitkb.txt",
}
TEMPLATES = {"github": ".github/workflows/gitkb.yml", "gitlab": ".gitlab/gitkb.yml", "forgejo": ".forgejo/workflows/gitkb.yml"}


def _installed(kb: Path, git: Git, service: str, install: str) -> str:
    (kb / ".gitkb/config.yaml").write_text(f'format: 2\nci:\n  install: "{install}"\n', encoding="utf-8")
    git(kb, "commit", "-q", "-a", "-m", "how CI installs gitkb")
    gitkb(kb, "hooks", "install", "--ci", service)
    return (kb / TEMPLATES[service]).read_text(encoding="utf-8")


@pytest.mark.parametrize("service", TEMPLATES)
@pytest.mark.parametrize("how", INSTALLS)
def test_a_template_installs_what_the_setting_pins_and_no_token_is_near(runner: Runner, git: Git, service: str, how: str) -> None:
    text = _installed(runner.top / "kb", git, service, INSTALLS[how])
    assert "GITKB_INSTALL" not in text and "pull_request_target" not in text
    assert ("a" * 40 if how == "a repository" else "--require-hashes") in text
    if how in ("a wheel here", "requirements"):
        assert f"git show refs/remotes/origin/main:{INSTALLS[how].split()[0]}" in text
    jobs = yaml.safe_load(text)
    if service == "gitlab":
        assert "env -u GITKB_TOKEN" in jobs[".gitkb"]["before_script"][0] and "GITKB_TOKEN" not in str(
            jobs[".gitkb"]["variables"]
        )
        return
    assert jobs["permissions"] == {"contents": "read"}
    assert jobs["jobs"]["review"]["permissions"] == {"contents": "read", "pull-requests": "write"}
    for job in jobs["jobs"].values():
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"]) and step["with"]["persist-credentials"] is False
            assert "install" not in step.get("run", "") or "env" not in step


@pytest.mark.parametrize(
    "install",
    ["", "gitkb", "gitkb==1.2.3", "gitkb>=1 sha256:" + "a" * 64, "git+https://example.org/x@main", "../x.txt", "/x.txt"],
)
def test_without_a_pin_no_template_is_written(runner: Runner, git: Git, install: str) -> None:
    kb = runner.top / "kb"
    (kb / ".gitkb/config.yaml").write_text(f'format: 2\nci:\n  install: "{install}"\n', encoding="utf-8")
    git(kb, "commit", "-q", "-a", "-m", "how CI installs gitkb")
    done = gitkb(kb, "hooks", "install", "--ci", "github", check=False)
    assert done.returncode in (1, 2) and "ci.install" in done.stderr
    assert not (kb / ".github").exists()


def test_nothing_in_the_setting_means_anything_to_a_shell(runner: Runner, git: Git) -> None:
    for install in ("git+https://example.org/$(id)@" + "a" * 40, "https://e.org/`id`.whl sha256:" + "a" * 64, "a;b.txt"):
        with pytest.raises(subprocess.CalledProcessError):
            _installed(runner.top / "kb", git, "github", install)


def test_pre_commit_gets_hooks_that_exist(runner: Runner) -> None:
    found = yaml.safe_load((HOOKS / "pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    assert [(hook["id"], hook["stages"]) for hook in found] == [("gitkb-commit", ["pre-commit"]), ("gitkb-push", ["pre-push"])]
    path = put_on_path(runner.top / "bin")
    runner.git(runner.checkout, "config", "user.name", "Ada")
    runner.git(runner.checkout, "config", "user.email", "ada@example.org")
    refs = {"PRE_COMMIT_FROM_REF": "origin/main", "PRE_COMMIT_TO_REF": "origin/more"}
    for hook in found:
        done = subprocess.run(hook["entry"], shell=True, cwd=runner.checkout, env=os.environ | refs | {"PATH": path}, check=False)
        assert done.returncode == 0
