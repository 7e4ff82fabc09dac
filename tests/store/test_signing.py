"""Commits are signed where git is configured to sign them, and git agrees with the signatures."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Git = Callable[..., str]
Run = Callable[..., Any]

needs_ssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
needs_gpg = pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not installed")
needs_scripts = pytest.mark.skipif(os.name != "posix", reason="needs shell scripts")


@pytest.fixture
def kb(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An unsigned knowledge base, a document beside it, a person with a name and a configuration file of their own."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada Tester")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.org")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    run("init", tmp_path / "kb")
    (tmp_path / "quorum.md").write_text("# Quorum\n\nA quorum is a majority of the members of a cluster.\n", encoding="utf-8")
    return tmp_path / "kb"


@pytest.fixture
def ssh_key(kb: Path, tmp_path: Path, git: Git) -> Path:
    """A key that git signs with and trusts."""
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)], check=True)
    (tmp_path / "allowed").write_text(f"ada@example.org {key.with_suffix('.pub').read_text()}", encoding="utf-8")
    for name, value in (
        ("commit.gpgsign", "true"),
        ("gpg.format", "ssh"),
        ("user.signingkey", str(key)),
        ("gpg.ssh.allowedSignersFile", str(tmp_path / "allowed")),
    ):
        git(kb, "config", "--global", name, value)
    return key


@pytest.fixture
def gpg_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A key ring with one key; its folder's name is short, because the agent's socket is in it."""
    home = Path(tempfile.mkdtemp(prefix="gpg-"))
    monkeypatch.setenv("GNUPGHOME", str(home))
    who = "Ada Tester <ada@example.org>"
    made = ["gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", "--quick-gen-key", who, "ed25519"]
    subprocess.run([*made, "sign", "never"], check=True, capture_output=True)
    yield home
    subprocess.run(["gpgconf", "--kill", "all"], check=False, capture_output=True)
    shutil.rmtree(home, ignore_errors=True)


def _add(kb: Path, run: Run, *more: str) -> object:
    return run("add", kb.parent / "quorum.md", "--kb", kb, *more)


def _verdicts(kb: Path, git: Git) -> list[str]:
    """What git says of the signatures of what `add` made, newest first: G is good, N is none."""
    return git(kb, "log", "--format=%G?", "-2").split()


@needs_ssh
def test_ssh_signatures_are_good_to_git(kb: Path, ssh_key: Path, git: Git, run: Run) -> None:
    assert _add(kb, run).code == 0
    assert _verdicts(kb, git) == ["G", "G"]
    git(kb, "fsck", "--strict")
    assert list((kb / ".git/gitkb/runs").iterdir()) == []


@needs_gpg
def test_openpgp_signatures_are_good_to_git(kb: Path, gpg_home: Path, git: Git, run: Run) -> None:
    git(kb, "config", "--global", "commit.gpgsign", "true")
    assert _add(kb, run).code == 0
    # "U": good, by a key of unknown validity.
    assert set(_verdicts(kb, git)) <= {"G", "U"}
    git(kb, "fsck", "--strict")


@needs_ssh
def test_only_the_signature_differs(kb: Path, ssh_key: Path, git: Git, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_DATE", "1700000000 +0000")
    shutil.copytree(kb, kb.with_name("plain"), symlinks=True)
    git(kb.with_name("plain"), "config", "commit.gpgsign", "false")
    _add(kb, run)
    run("add", kb.parent / "quorum.md", "--kb", kb.with_name("plain"))
    form = "--format=%T %an %ae %at %cn %ce %ct %B"
    assert git(kb, "log", form) == git(kb.with_name("plain"), "log", form)
    assert _verdicts(kb.with_name("plain"), git) == ["N", "N"]


@needs_ssh
def test_a_key_given_in_the_setting_itself_is_looked_for_in_the_agent(
    kb: Path, ssh_key: Path, git: Git, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("ssh-agent") is None:
        pytest.skip("ssh-agent is not installed")
    with tempfile.TemporaryDirectory(prefix="agent-") as folder:
        socket = f"{folder}/s"
        agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE)
        assert agent.stdout is not None
        agent.stdout.readline()
        try:
            monkeypatch.setenv("SSH_AUTH_SOCK", socket)
            subprocess.run(["ssh-add", "-q", str(ssh_key)], check=True, capture_output=True)
            git(kb, "config", "--global", "user.signingkey", f"key::{ssh_key.with_suffix('.pub').read_text().strip()}")
            assert _add(kb, run).code == 0
            git(kb, "config", "--global", "--unset", "user.signingkey")
            git(kb, "config", "--global", "gpg.ssh.defaultKeyCommand", "ssh-add -L")
            assert run("remove", "quorum", "--kb", kb).code == 0
        finally:
            agent.terminate()
            agent.wait()
            agent.stdout.close()
    assert git(kb, "log", "--format=%G?", "-4").split() == ["G"] * 4


@needs_ssh
def test_a_program_of_the_persons_own_signs(kb: Path, ssh_key: Path, tmp_path: Path, git: Git, run: Run) -> None:
    script = tmp_path / "signer"
    script.write_text(f'#!/bin/sh\necho ran >> {tmp_path}/ran\nexec ssh-keygen "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    git(kb, "config", "--global", "gpg.ssh.program", str(script))
    assert _add(kb, run).code == 0
    # Two commits, and one trial at the start; the run's own notes are not signed.
    assert (tmp_path / "ran").read_text().count("ran") == 3
    assert _verdicts(kb, git) == ["G", "G"]


@needs_scripts
@pytest.mark.parametrize(
    ("kind", "setting"), [("openpgp", "gpg.program"), ("x509", "gpg.x509.program"), ("ssh", "gpg.ssh.program")]
)
def test_a_program_that_the_repository_names_runs_only_where_it_is_trusted(
    kb: Path, tmp_path: Path, git: Git, run: Run, kind: str, setting: str
) -> None:
    script = tmp_path / "evil"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n", encoding="utf-8")
    script.chmod(0o755)
    before = git(kb, "rev-parse", "HEAD")
    for name, value in (("commit.gpgsign", "true"), ("gpg.format", kind), (setting, str(script)), ("user.signingkey", "k")):
        git(kb, "config", name, value)
    done = _add(kb, run)
    assert (done.code, "gitkb.trust" in done.err) == (1, True)
    assert not (tmp_path / "ran").exists()
    git(kb, "config", "--global", "gitkb.trust", str(kb))
    assert _add(kb, run).code == 1
    assert (tmp_path / "ran").exists()
    assert git(kb, "rev-parse", "HEAD") == before


@needs_gpg
def test_a_key_that_is_not_there_stops_the_run_before_anything_is_added(kb: Path, gpg_home: Path, git: Git, run: Run) -> None:
    before = git(kb, "rev-parse", "HEAD")
    git(kb, "config", "--global", "commit.gpgsign", "true")
    git(kb, "config", "--global", "user.signingkey", "nobody@example.org")
    done = _add(kb, run)
    assert (done.code, "nobody@example.org" in done.err) == (1, True)
    assert "[GNUPG:]" not in done.err
    assert git(kb, "rev-parse", "HEAD") == before
    assert list((kb / ".git/gitkb/runs").iterdir()) == []


def test_a_program_that_is_missing_is_named(kb: Path, git: Git, run: Run) -> None:
    git(kb, "config", "--global", "commit.gpgsign", "true")
    git(kb, "config", "--global", "gpg.program", "no-such-gpg")
    done = _add(kb, run)
    assert (done.code, "no-such-gpg" in done.err) == (1, True)


def test_ssh_without_any_key_says_so(kb: Path, git: Git, run: Run) -> None:
    git(kb, "config", "--global", "commit.gpgsign", "yes")
    git(kb, "config", "--global", "gpg.format", "ssh")
    done = _add(kb, run)
    assert (done.code, "user.signingkey" in done.err) == (1, True)
