"""Push and pull through the git program: races, rewritten remotes, what travels and what must not, and pull requests."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.clones import add, clone, documents, edit, git, gitkb, make_hub, state, text_of, tree, write
from tests.support.git_servers import http, ssh, sshd

Run = Callable[..., Any]
SHARED = "wiki/concepts/replicated-log.md"


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_hub(tmp_path_factory.mktemp("sharing"), {"raft.md": text_of("Raft"), "paxos.md": text_of("Paxos")})


@pytest.fixture
def hub(origin: Path, tmp_path: Path) -> Path:
    git(tmp_path, "clone", "-q", "--bare", str(origin), "hub.git")
    return tmp_path / "hub.git"


def _new(kb: Path, topic: str, *options: str) -> None:
    """Adds a document of a folder of its own."""
    name = topic.lower()
    add(kb, write(kb.parent / f"new-{name}", {f"{name}.md": text_of(topic)}), *options)


def test_two_plain_clones_bring_their_documents_together(hub: Path, run: Run) -> None:
    one, two = clone(hub, "one"), clone(hub, "two")
    _new(one, "Zab")
    _new(two, "Gossip")
    assert run("push", "--kb", one).code == 0
    pushed = json.loads(run("push", "--kb", two, "--json").out)
    assert pushed["pushed"] and pushed["merged"]["added"] == ["new-zab/zab"]
    pulled = json.loads(run("pull", "--kb", one, "--json").out)
    assert pulled["added"] == ["new-gossip/gossip"]
    assert git(one, "rev-parse", "HEAD") == git(two, "rev-parse", "HEAD") == git(hub, "rev-parse", "main")
    for kb in (one, two, hub):
        assert state(run, kb) == "whole"
    assert git(one, "status", "--porcelain", "--branch") == "## main...origin/main"
    assert "Nothing to push" in run("push", "--kb", one).out and "holds all of" in run("pull", "--kb", one).out
    git(hub, "fsck", "--strict")


def test_an_empty_remote_gets_the_branch(tmp_path: Path, run: Run) -> None:
    gitkb("init", tmp_path / "kb")
    assert "git remote add" in run("push", "--kb", tmp_path / "kb").err
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "hub.git")
    git(tmp_path / "kb", "remote", "add", "team", str(tmp_path / "hub.git"))
    assert "gitkb push" in run("pull", "--kb", tmp_path / "kb").err
    assert run("push", "--kb", tmp_path / "kb").code == 0
    assert git(tmp_path / "hub.git", "rev-parse", "main") == git(tmp_path / "kb", "rev-parse", "main")


def test_only_the_branch_travels(hub: Path, run: Run) -> None:
    kb = clone(hub, "one")
    _new(kb, "Zab", "--branch", "q3")
    _new(kb, "Gossip")
    git(kb, "update-ref", "refs/gitkb/rescue/1", "HEAD")
    git(kb, "tag", "mine")
    git(kb, "config", "push.followTags", "true")
    assert run("push", "--kb", kb).code == 0
    assert git(hub, "for-each-ref", "--format=%(refname)") == "refs/heads/main"
    assert run("push", "--branch", "q3", "--kb", kb).code == 0
    assert git(hub, "for-each-ref", "--format=%(refname)").split() == ["refs/heads/main", "refs/heads/q3"]
    assert git(kb, "status", "--porcelain") == "" and git(kb, "branch", "--show-current") == "main"


def test_a_push_that_loses_the_race_merges_and_tries_again(hub: Path, run: Run) -> None:
    one, two = clone(hub, "one"), clone(hub, "two")
    _new(one, "Zab")
    _new(two, "Gossip")
    # Somebody pushes between our fetch and our push.
    hook = two / ".git" / "hooks" / "pre-push"
    hook.write_text(f"#!/bin/sh\nrm {hook}\nunset GIT_DIR\ngit -C {one} push -q origin main\n", encoding="utf-8")
    hook.chmod(0o755)
    done = run("push", "--kb", two, "--json")
    summary = json.loads(done.out)
    assert summary["tries"] == 2 and summary["merged"]["added"] == ["new-zab/zab"] and "moved meanwhile" in done.err
    assert git(hub, "rev-parse", "main") == git(two, "rev-parse", "main") and state(run, hub) == "whole"


def test_many_clones_push_at_once(hub: Path, run: Run) -> None:
    names = ("Zab", "Gossip", "Lease")
    clones = [clone(hub, f"clone-{topic}") for topic in names]
    for kb, topic in zip(clones, names, strict=True):
        _new(kb, topic)
    command = [sys.executable, "-m", "gitkb", "push", "--kb"]
    running = [subprocess.Popen([*command, kb], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for kb in clones]
    for process in running:
        _, error = process.communicate(timeout=120)
        assert process.returncode == 0, error
    assert len(documents(run, hub)) == 5 and state(run, hub) == "whole"


def test_a_rewound_remote_is_not_followed(hub: Path, run: Run) -> None:
    one, two = clone(hub, "one"), clone(hub, "two")
    before = git(hub, "rev-parse", "main")
    _new(one, "Zab")
    gitkb("push", "--kb", one)
    gitkb("pull", "--kb", two)
    tip = git(two, "rev-parse", "main")
    git(hub, "update-ref", "refs/heads/main", before)
    for command in ("pull", "push", "pull"):
        done = run(command, "--kb", two)
        assert done.code == 1 and "new-zab/zab" in done.err and "refs/gitkb/rescue/1" in done.err
    assert git(two, "rev-parse", "main") == tip == git(two, "rev-parse", "refs/gitkb/rescue/1")
    assert git(hub, "rev-parse", "main") == before and git(two, "for-each-ref", "refs/gitkb/rescue").count("\n") == 0
    # A fetch by hand does not hide it; only a reset accepts it.
    git(two, "fetch", "-q", "origin")
    assert run("push", "--kb", two).code == 1
    git(two, "reset", "-q", "--keep", before)
    assert run("pull", "--kb", two).code == 0 and documents(run, two) == ["base/paxos", "base/raft"]
    assert git(two, "rev-parse", "refs/gitkb/rescue/1") == tip


def test_a_conflict_stops_push_and_pull_until_it_is_settled(hub: Path, run: Run) -> None:
    one, two = clone(hub, "one"), clone(hub, "two")
    base = hub.parent / "base"
    add(one, write(base, {"raft.md": text_of("Raft", version=2)}))
    add(two, write(base, {"raft.md": text_of("Raft", version=3)}))
    gitkb("push", "--kb", one)
    for command in ("push", "pull"):
        done = run(command, "--kb", two)
        assert done.code == 1 and "gitkb pull --ours base/raft" in done.err
    assert run("pull", "--kb", two, "--ours", "base/raft").code == 0
    assert run("push", "--kb", two).code == 0 and state(run, hub) == "whole"
    assert "version 3" in git(hub, "show", "main:raw/base/raft.md")


def test_a_conflict_may_be_settled_in_an_editor(hub: Path, run: Run) -> None:
    one, two = clone(hub, "one"), clone(hub, "two")
    edit(one, SHARED, lambda text: text.replace("# Replicated log", "# Log of Ada", 1))
    edit(two, SHARED, lambda text: text.replace("# Replicated log", "# Log of Bob", 1))
    git(one, "commit", "-q", "-am", "Ada")
    git(two, "commit", "-q", "-am", "Bob")
    gitkb("push", "--kb", one)
    assert "git merge origin/main" in run("pull", "--kb", two).err
    git(two, "merge", "-q", "--no-edit", "origin/main", code=1)
    edit(two, SHARED, lambda text: text.replace("# Log of Ada", "# Log of both"))
    text = [
        line for line in (two / SHARED).read_text().splitlines() if not line.startswith(("<<<<", "====", ">>>>", "# Log of Bob"))
    ]
    (two / SHARED).write_text("\n".join(text) + "\n", encoding="utf-8")
    git(two, "commit", "-q", "-am", "both")
    assert run("push", "--kb", two).code == 0
    assert "# Log of both" in git(hub, "show", f"main:{SHARED}") and state(run, two) == "whole"


def test_edits_of_many_people_travel(hub: Path, run: Run) -> None:
    one, two = clone(hub, "one"), clone(hub, "two")
    edit(one, SHARED, lambda text: f"{text}\n## Notes\n\nAsk Ada.\n")
    _new(one, "Zab")
    edit(two, "wiki/summaries/base/raft.md", lambda text: f"{text}\n## Notes\n\nAsk Bob.\n")
    _new(two, "Gossip")
    git(two, "commit", "-q", "-am", "a note of Bob")
    for kb in (one, two, one, two):
        assert run("push", "--kb", kb).code == 0
    assert git(one, "rev-parse", "main") == git(two, "rev-parse", "main")
    assert "Ask Ada." in (two / SHARED).read_text()
    assert "Ask Bob." in (one / "wiki/summaries/base/raft.md").read_text() and state(run, one) == "whole"


def test_a_refusing_remote_is_quoted(hub: Path, run: Run) -> None:
    kb = clone(hub, "one")
    _new(kb, "Zab")
    hook = hub / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'not on a Friday' >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    done = run("push", "--kb", kb)
    assert done.code == 1 and "not on a Friday" in done.err
    git(kb, "remote", "set-url", "origin", str(hub.parent / "nowhere.git"))
    done = run("pull", "--kb", kb)
    assert done.code == 1 and "nowhere.git" in done.err


def test_a_remote_with_a_worktree_names_the_remedy(origin: Path, tmp_path: Path, run: Run) -> None:
    shown = clone(clone_of(origin, tmp_path), "kb")
    _new(shown, "Zab")
    done = run("push", "--kb", shown)
    assert done.code == 1 and "bare" in done.err


def clone_of(origin: Path, top: Path) -> Path:
    """A clone with a worktree, to be cloned again."""
    git(top, "clone", "-q", str(origin), "shown")
    return top / "shown"


@pytest.mark.parametrize("key", ["core.sshCommand", "credential.helper", "remote.origin.uploadpack", "core.hooksPath"])
def test_what_the_repositorys_configuration_would_run_is_refused(hub: Path, run: Run, key: str) -> None:
    kb = clone(hub, "one")
    trap = hub.parent / "trap"
    git(kb, "config", key, f"!touch {trap};")
    done = run("pull", "--kb", kb)
    assert done.code == 1 and key.lower() in done.err and "gitkb.trust" in done.err and not trap.exists()


def test_a_person_may_trust_a_repository(hub: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kb = clone(hub, "one")
    git(kb, "config", "core.sshCommand", "ssh -v")
    git(kb, "config", "gitkb.trust", "*")
    assert run("pull", "--kb", kb).code == 1
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    git(kb, "config", "--global", "gitkb.trust", str(kb))
    assert run("pull", "--kb", kb).code == 0


def test_a_hostile_remote_writes_nothing_outside(hub: Path, run: Run) -> None:
    kb = clone(hub, "one")
    blob = subprocess.run(["git", "-C", hub, "hash-object", "-w", "--stdin"], input=b"evil", capture_output=True, check=True)
    inner = _tree(hub, f"100644 blob {blob.stdout.decode().strip()}\tconfig")
    lines = git(hub, "ls-tree", "main").splitlines()
    for name in (".git", "..", ".GIT"):
        root = _tree(hub, *lines, f"040000 tree {inner}\t{name}")
        commit = git(hub, "commit-tree", root, "-p", git(kb, "rev-parse", "main"), "-m", "evil")
        git(hub, "update-ref", "refs/heads/main", commit)
        before = (kb / ".git" / "config").read_bytes()
        assert run("pull", "--kb", kb).code == 1
        assert (kb / ".git" / "config").read_bytes() == before and not (kb.parent / "config").exists()
        git(kb, "update-ref", "-d", "refs/remotes/origin/main")


def _tree(hub: Path, *lines: str) -> str:
    """A tree of these lines, however harmful: git's own plumbing would refuse some of them."""
    entries = []
    for line in lines:
        (mode, _, oid), name = line.split("\t")[0].split(), line.split("\t")[1]
        entries.append((name + ("/" if mode == "040000" else ""), mode.lstrip("0"), name, bytes.fromhex(oid)))
    data = b"".join(f"{mode} {name}".encode() + b"\0" + oid for _, mode, name, oid in sorted(entries))
    command = ["git", "-C", hub, "hash-object", "-t", "tree", "-w", "--stdin", "--literally"]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout.decode().strip()


def test_over_http(hub: Path, run: Run) -> None:
    git(hub, "config", "http.receivepack", "true")
    with http(hub.parent) as address:
        git(hub.parent, "clone", "-q", f"{address}/hub.git", "one")
        kb, other = hub.parent / "one", clone(hub, "two")
        _new(other, "Gossip")
        gitkb("push", "--kb", other)
        _new(kb, "Zab")
        assert run("push", "--kb", kb).code == 0
        assert run("pull", "--kb", kb).code == 0
    assert git(hub, "rev-parse", "main") == git(kb, "rev-parse", "main") and state(run, kb) == "whole"


@pytest.mark.skipif(sshd() is None, reason="no ssh server is installed")
def test_over_ssh(hub: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with ssh(hub.parent / "ssh") as (address, command):
        monkeypatch.setenv("GIT_SSH_COMMAND", command)
        git(hub.parent, "clone", "-q", f"{address}{hub}", "one")
        kb = hub.parent / "one"
        _new(kb, "Zab")
        assert run("push", "--kb", kb).code == 0
    assert git(hub, "rev-parse", "main") == git(kb, "rev-parse", "main")


# Pull requests.


def _program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


def _hosted(hub: Path, host: str) -> Path:
    """A clone whose remote has the address of a hosting service, which git reaches in the hub."""
    kb = clone(hub, "one")
    git(kb, "remote", "set-url", "origin", f"https://{host}/team/kb.git")
    git(kb, "config", f"url.{hub}.insteadOf", f"https://{host}/team/kb.git")
    _new(kb, "Zab", "--branch", "q3")
    return kb


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the PATH before everything else, and none of the services' programs behind it."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return tmp_path / "bin"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("github.com", "https://github.com/team/kb/compare/main...q3?expand=1"),
        ("gitlab.example.org", "https://gitlab.example.org/team/kb/-/merge_requests/new?"),
        ("codeberg.org", "https://codeberg.org/team/kb/compare/main...q3"),
    ],
)
def test_without_a_program_the_address_and_the_text_are_printed(hub: Path, run: Run, path: Path, host: str, address: str) -> None:
    kb = _hosted(hub, host)
    done = run("pr", "--branch", "q3", "--kb", kb)
    assert done.code == 1 and address in done.err
    assert done.out.startswith("# Add Zab in version 1\n") and "1 document" in done.out
    assert git(hub, "rev-parse", "q3") == git(kb, "rev-parse", "q3")


def test_a_request_is_opened_with_the_diff_as_its_text(hub: Path, run: Run, path: Path, tmp_path: Path) -> None:
    kb = _hosted(hub, "github.com")
    _program(path, "gh", f'echo "$@" > {tmp_path}/arguments; cat > {tmp_path}/text; echo https://github.com/team/kb/pull/7')
    done = json.loads(run("pr", "--branch", "q3", "--title", "Zab, at last", "--kb", kb, "--json").out)
    assert done["opened"] and done["address"] == "https://github.com/team/kb/pull/7"
    assert (tmp_path / "arguments").read_text().startswith("pr create --head=q3 --base=main --title=Zab, at last")
    text = (tmp_path / "text").read_text()
    assert text == done["text"] and f"https://github.com/team/kb/blob/{git(kb, 'rev-parse', 'q3')}" in text


def test_a_request_whose_address_is_not_printed_counts_as_opened(hub: Path, run: Run, path: Path) -> None:
    kb = _hosted(hub, "github.com")
    _program(path, "gh", "cat > /dev/null; echo done")
    done = json.loads(run("pr", "--branch", "q3", "--kb", kb, "--json").out)
    assert done["opened"] and done["address"] == ""
    assert "opened, but" in run("pr", "--branch", "q3", "--kb", kb).out


def test_nothing_of_a_request_is_an_option_or_another_request(hub: Path, run: Run, path: Path, tmp_path: Path) -> None:
    kb = _hosted(hub, "github.com")
    git(kb, "branch", "-m", "q3", "7")
    _program(path, "gh", f'for one; do echo "<$one>"; done >> {tmp_path}/arguments; echo "already exists" >&2; exit 1')
    done = run("pr", "--branch", "7", "--title", "--web", "--kb", kb)
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert arguments == ["<pr>", "<create>", "<--head=7>", "<--base=main>", "<--title=--web>", "<--body-file>", "<->"]
    assert done.code == 1 and "already exists" in done.err


def test_an_open_request_gets_the_new_text(hub: Path, run: Run, path: Path, tmp_path: Path) -> None:
    kb = _hosted(hub, "gitlab.com")
    again = 'echo "Another open merge request already exists for this source branch: !5" >&2; exit 1'
    _program(
        path, "glab", f'echo "$@" >> {tmp_path}/arguments; case "$2" in create) {again};; *) echo https://gitlab.com/x/5;; esac'
    )
    assert "https://gitlab.com/x/5" in run("pr", "--branch", "q3", "--kb", kb).out
    assert "mr update q3 --description" in (tmp_path / "arguments").read_text()


def test_a_program_that_refuses_is_quoted_and_the_text_printed(hub: Path, run: Run, path: Path) -> None:
    kb = _hosted(hub, "github.com")
    _program(path, "gh", "echo 'You are not logged in' >&2; exit 4")
    done = run("pr", "--branch", "q3", "--kb", kb)
    assert done.code == 1 and "not logged in" in done.err and "compare/main...q3" in done.err


def test_the_pages_branch_is_no_request(hub: Path, run: Run) -> None:
    done = run("pr", "--kb", clone(hub, "one"))
    assert done.code == 2 and "--branch" in done.err


def test_clones_that_share_end_as_one_that_has_all(hub: Path, tmp_path: Path, run: Run) -> None:
    one, two = clone(hub, "one"), clone(hub, "two")
    _new(one, "Zab")
    _new(two, "Gossip")
    for kb in (one, two):
        gitkb("push", "--kb", kb)
    alone = clone(hub, "alone")
    git(alone, "reset", "-q", "--hard", git(hub, "rev-list", "--max-parents=0", "main"))
    for folder in ("new-gossip", "new-zab"):
        add(alone, tmp_path / folder)
    add(alone, write(tmp_path / "base", {"raft.md": text_of("Raft"), "paxos.md": text_of("Paxos")}))
    assert tree(alone) == git(hub, "rev-parse", "main^{tree}")


def test_the_environment_of_a_calling_hook_is_not_followed(hub: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    kb, other = clone(hub, "one"), clone(hub, "two")
    _new(kb, "Zab")
    before = git(other, "rev-parse", "HEAD")
    monkeypatch.setitem(os.environ, "GIT_DIR", str(other / ".git"))
    assert run("push", "--kb", kb).code == 0
    monkeypatch.delitem(os.environ, "GIT_DIR")
    assert git(other, "rev-parse", "HEAD") == before and git(hub, "rev-parse", "main") == git(kb, "rev-parse", "main")
