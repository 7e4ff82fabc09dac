"""A knowledge base that came as a folder with its .git: its configuration runs nothing, its links lead nowhere."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from gitkb.store.local.local_folder import Note
from gitkb.store.local.locks import take_git_lock
from tests.support import sample_kb
from tests.support.hostile_kb import EVIL, FAULT, READING, WRITING, Git, pipe, received, script, unchanged, write_object

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links, pipes and scripts are made as on Unix")
FILES = sample_kb.FILES
Run = Callable[..., object]
PROGRAMS = (
    *("core.fsmonitor", "core.hooksPath", "core.sshCommand", "core.pager", "core.editor", "core.askPass", "core.gitProxy"),
    *("core.alternateRefsCommand", "diff.external", "diff.evil.command", "diff.evil.textconv", "filter.evil.clean"),
    *("filter.evil.smudge", "filter.evil.process", "credential.helper", "gpg.program", "gpg.ssh.program", "gpg.x509.program"),
    *("uploadpack.packObjectsHook", "remote.origin.uploadpack", "remote.origin.receivepack", "remote.origin.vcs"),
    *("sequence.editor", "interactive.diffFilter", "merge.evil.driver", "trailer.evil.cmd", "trailer.evil.command", "pager.log"),
)
SETTINGS = {
    "log.showSignature": "true",
    "protocol.ext.allow": "always",
    "protocol.allow": "always",
    "remote.origin.promisor": "true",
}


@pytest.fixture
def kb(template: Path, tmp_path: Path) -> Path:
    return received(template, tmp_path)


def _configure(git: Git, kb: Path, evil: Path) -> None:
    for name in PROGRAMS:
        git(kb, "config", name, str(evil))
    for name, value in SETTINGS.items():
        git(kb, "config", name, value)
    git(kb, "config", "remote.origin.url", f"ext::{evil} %S")
    for hook in ("pre-commit", "post-commit", "post-checkout", "post-index-change", "reference-transaction", "pre-auto-gc"):
        (kb / ".git/hooks").mkdir(exist_ok=True)
        (kb / ".git/hooks" / hook).symlink_to(evil)
    (kb / ".gitattributes").write_text("* filter=evil diff=evil merge=evil\n")


def _sign(git: Git, kb: Path) -> None:
    """Make the tip a commit with a signature to check, whose parent's tree is missing and could be fetched."""
    who = "A <a@b> 1700000000 +0000"
    lost = write_object(kb, "commit", f"tree {'1' * 40}\nauthor {who}\ncommitter {who}\n\nlost\n".encode())
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n aaaa\n -----END PGP SIGNATURE-----"
    tree = git(kb, "rev-parse", "HEAD^{tree}")
    data = f"tree {tree}\nparent {lost}\nauthor {who}\ncommitter {who}\n{signature}\n\nsigned\n"
    git(kb, "update-ref", "refs/heads/main", write_object(kb, "commit", data.encode()))


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_a_reading_command_runs_nothing_that_the_configuration_names(
    kb: Path, tmp_path: Path, git: Git, run: Run, command: tuple[str, ...]
) -> None:
    _sign(git, kb)
    _configure(git, kb, script(tmp_path))
    done = run(*command, "--kb", kb)
    assert FAULT not in done.err and unchanged(tmp_path)


@pytest.mark.parametrize("command", WRITING, ids=" ".join)
def test_a_writing_command_runs_nothing_that_the_configuration_names(
    kb: Path, tmp_path: Path, git: Git, run: Run, command: tuple[str, ...]
) -> None:
    _configure(git, kb, script(tmp_path))
    done = run(*command, "--kb", kb)
    assert FAULT not in done.err and unchanged(tmp_path)


@pytest.mark.parametrize("command", ["pull", "push", "pr"])
def test_what_a_repositorys_own_configuration_would_run_is_refused_until_it_is_trusted(
    kb: Path, tmp_path: Path, git: Git, run: Run, command: str
) -> None:
    _configure(git, kb, script(tmp_path))
    git(kb, "branch", "topic")
    done = run(command, "--kb", kb, *(("--branch", "topic") if command == "pr" else ()))
    assert done.code == 1 and "which would run a program" in done.err and unchanged(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("remote.origin.url", "ext::{} %S"),
        ("remote.origin.url", "--upload-pack={}"),
        ("remote.origin.url", "-oProxyCommand={}:x"),
        ("remote.origin.url", "ssh://-oProxyCommand={}/x"),
        ("remote.origin.pushurl", "ext::{}"),
        ("url.ext::{} .insteadOf", "file:"),
        ("http.cookieFile", "{}"),
        ("http.https://example.org.saveCookies", "true"),
        ("core.worktree", ".."),
    ],
)
def test_an_address_runs_nothing(kb: Path, tmp_path: Path, git: Git, run: Run, name: str, value: str) -> None:
    git(kb, "config", "remote.origin.url", f"file://{tmp_path}/nowhere")
    git(kb, "config", name.format(script(tmp_path)), value.format(script(tmp_path)))
    for command in ("pull", "push"):
        done = run(command, "--kb", kb)
        assert done.code == 1 and FAULT not in done.err and unchanged(tmp_path)


def test_a_persons_own_pre_push_hook_runs_as_with_git(kb: Path, tmp_path: Path, git: Git, run: Run) -> None:
    git(tmp_path, "init", "-q", "--bare", "hub.git")
    git(kb, "remote", "add", "origin", "../hub.git")
    (kb / ".git/hooks").mkdir(exist_ok=True)
    shutil.copy(script(tmp_path), kb / ".git/hooks/pre-push")
    assert run("push", "--kb", kb).code == 1 and (tmp_path / "ran").exists()


LINKS = {
    "gitkb": "home",
    "gitkb/lock": "home/precious.txt",
    "gitkb/catalog.sqlite": "home/precious.txt",
    "gitkb/catalog.sqlite-wal": "home/precious.txt",
    "gitkb/cache": "home",
    "gitkb/whole": "home/precious.txt",
    "gitkb/runs": "home",
    f"gitkb/runs/{EVIL}": "home/papers",
    f"gitkb/runs/{EVIL}/alive": "home/precious.txt",
    f"gitkb/runs/{EVIL}/workers": "home/precious.txt",
    f"gitkb/runs/{EVIL}/swap": "home/papers",
    f"gitkb/runs/{EVIL}/stage": "home/papers",
    f"gitkb/runs/{EVIL}/packs": "home/papers",
    f"gitkb/runs/{EVIL}/gitkb-{EVIL}": "home/papers",
    f"gitkb/runs/{EVIL}/index-token": "home/precious.txt",
    "logs/HEAD": "home/precious.txt",
    "logs/refs/heads/main": "home/precious.txt",
    "logs/refs/heads": "home",
    "refs/heads": "home",
    "refs/gitkb": "home",
    "refs/gitkb/in-progress": "home",
    "objects/pack": "home",
    "objects/aa": "home",
    "worktrees": "home",
    "hooks": "home",
    "index": "home/precious.txt",
    "index.lock": "home/precious.txt",
    "info/attributes": "home/precious.txt",
    "config": "home/precious.txt",
}


@pytest.mark.parametrize("name", LINKS)
def test_no_command_follows_a_link_in_the_git_folder(
    kb: Path, tmp_path: Path, run: Run, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take_git_lock, "__defaults__", (0.5,))  # a lock is waited for, here not for a minute
    file = kb / ".git" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.is_dir():
        shutil.rmtree(file)
    file.unlink(missing_ok=True)
    file.symlink_to(tmp_path / LINKS[name])
    if name.startswith("gitkb/runs/"):
        note = Note("add", "refs/heads/main").encode()
        folder = kb / ".git/gitkb/runs" / EVIL
        for wanted in ("run.json", "publishing.json"):
            if not folder.is_symlink():
                (folder / wanted).write_bytes(note)
    for command in (("status",), ("list",), ("search", "log"), ("recover",), ("add", "more.md"), ("hooks", "install")):
        done = run(*command, "--kb", kb)
        assert FAULT not in done.err and unchanged(tmp_path), command


@pytest.mark.parametrize("name", ["HEAD", "config", "index", "gitkb/lock", "gitkb/whole", f"gitkb/runs/{EVIL}/run.json"])
def test_a_pipe_in_the_git_folder_hangs_no_command(kb: Path, program: Run, name: str) -> None:
    (kb / ".git" / name).parent.mkdir(parents=True, exist_ok=True)
    pipe(kb / ".git" / name)
    for command in ("status", "recover"):
        assert FAULT not in program(command, "--kb", kb, timeout=20).stderr


def test_a_search_index_that_came_with_the_folder_is_not_believed(kb: Path, run: Run) -> None:
    assert run("list", "--kb", kb).code == 0
    catalog = kb / ".git/gitkb/catalog.sqlite"
    with sqlite3.connect(catalog) as db:
        db.execute("UPDATE record_documents SET title = 'a lie'")
    moved = kb.parent / "copy"
    shutil.copytree(kb, moved)
    assert "a lie" in run("list", "--kb", kb).out and "a lie" not in run("list", "--kb", moved).out
    assert run("search", "log", "--kb", moved).code == 0


def test_a_git_file_that_leads_to_another_repository_is_not_followed(kb: Path, tmp_path: Path, git: Git, run: Run) -> None:
    shutil.copytree(kb, tmp_path / "trap", ignore=shutil.ignore_patterns(".git"))
    before = git(kb, "rev-parse", "main")
    for lead in (f"gitdir: {kb}/.git\n", "gitdir: ../kb/.git\n"):
        (tmp_path / "trap/.git").write_text(lead)
        done = run("add", "more.md", "--kb", tmp_path / "trap")
        assert done.code == 1 and "does not name this folder" in done.err
    (tmp_path / "trap/.git").unlink()
    (tmp_path / "trap/.git").symlink_to(kb / ".git")
    assert run("add", "more.md", "--kb", tmp_path / "trap").code == 1
    assert git(kb, "rev-parse", "main") == before


def test_a_git_folder_that_shares_anothers_refs_is_not_followed(kb: Path, tmp_path: Path, git: Git, run: Run) -> None:
    git(tmp_path, "clone", "-q", "kb", "trap")
    before = git(kb, "rev-parse", "main")
    (tmp_path / "trap/.git/commondir").write_text(f"{kb}/.git\n")
    done = run("add", "more.md", "--kb", tmp_path / "trap")
    assert done.code == 1 and "where git does not know it" in done.err and git(kb, "rev-parse", "main") == before


def test_linked_worktrees_and_separate_git_folders_that_name_their_worktree_work(
    kb: Path, tmp_path: Path, git: Git, run: Run
) -> None:
    git(kb, "worktree", "add", "-q", "-b", "side", "../side")
    assert run("add", "more.md", "--kb", tmp_path / "side").code == 0
    (kb / ".git").rename(tmp_path / "apart")
    (kb / ".git").write_text("gitdir: ../apart\n")
    assert run("list", "--kb", kb).code == 1
    git(kb, "config", "core.worktree", str(kb))
    assert run("add", "more.md", "--kb", kb).code == 0


def test_large_originals_go_where_the_repository_itself_says_only_inside_it(kb: Path, tmp_path: Path, git: Git, run: Run) -> None:
    git(kb, "config", "lfs.storage", str(tmp_path / "home"))
    done = run("add", "more.md", "--kb", kb)
    assert done.code == 1 and "lfs.storage" in done.err and unchanged(tmp_path)
