"""All gates say the same of a revision: check, check --changed, the hooks of a clone and of a server; and nobody is blocked by
pages that are only pending."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitkb import KnowledgeBase
from gitkb.model.findings import Problem, RefUpdate
from tests.support.clones import git, gitkb, text_of
from tests.support.small_documents import write

Run = Callable[..., Any]
TOPICS = ("Raft", "Paxos", "Zab", "Gossip", "Quorum", "Lease", "Epoch", "Snapshot")


def _docs(top: Path, name: str, version: int = 1) -> Path:
    """A folder with one document, so that indexes of folders come with it."""
    return write(top / "in" / name.lower(), {f"{name.lower()}.md": text_of(name, version=version)})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`kb/` with one document, `hub.git` with what it pushed, and three branches with a document each. Nobody may change it."""
    top = tmp_path_factory.mktemp("gates")
    kb = top / "kb"
    gitkb("init", kb)
    git(top, "init", "-q", "--bare", "-b", "main", "hub.git")
    git(kb, "remote", "add", "origin", "../hub.git")
    gitkb("add", _docs(top, "Raft"), "--kb", kb, "--jobs", "1")
    git(kb, "push", "-q", "origin", "main")
    for name in ("Paxos", "Zab", "Gossip"):
        gitkb("add", _docs(top, name), "--kb", kb, "--branch", name.lower(), "--jobs", "1")
    return top


@pytest.fixture
def hub(made: Path, tmp_path: Path) -> Path:
    """A copy of it to change: the folder of `kb`."""
    for name in ("kb", "hub.git"):
        shutil.copytree(made / name, tmp_path / name, symlinks=True)
    return tmp_path / "kb"


def test_pages_that_are_pending_stop_nobody(hub: Path, tmp_path: Path) -> None:
    gitkb("hooks", "install", "--kb", hub)
    gitkb("hooks", "install", "--server", "--kb", tmp_path / "hub.git")
    git(hub, "merge", "-q", "--no-ff", "paxos", "-m", "Merge #1")
    git(hub, "push", "-q", "origin", "main")
    page = hub / "wiki/summaries/raft/raft.md"
    page.write_text(page.read_text(encoding="utf-8") + "\nmine\n", encoding="utf-8")
    git(hub, "commit", "-q", "-a", "-m", "a note")
    git(hub, "merge", "-q", "--no-ff", "zab", "-m", "Merge #2")
    gitkb("check", "--changed", "origin/main", "--kb", hub)
    git(hub, "push", "-q", "origin", "main")
    git(hub, "push", "-q", "origin", "gossip")
    assert git(tmp_path / "hub.git", "rev-parse", "main", "gossip") == git(hub, "rev-parse", "main", "gossip")


def _problems(kb: Path, rev: str, changed: str | None = None) -> set[Problem]:
    return set(KnowledgeBase.open(kb).check(rev, changed=changed).problems)


def _gates(kb: Path, hub: Path, base: str, tip: str) -> dict[str, set[Problem]]:
    """What each gate that looks at changes has against a tip; the server has all commits before it, as it judges each new one."""
    git(kb, "push", "-q", "-f", "origin", f"{tip}^:refs/heads/before", *([f"{tip}^2:refs/heads/side"] if _joins(kb, tip) else []))
    git(hub, "fetch", "-q", str(kb), tip)
    push = KnowledgeBase.open(kb).hooks.check_push("origin", [(tip, base)])
    receive = KnowledgeBase.receiving(hub, None).hooks.judge_push([RefUpdate("refs/heads/topic", base, tip)])
    return {
        "check --changed": _problems(kb, tip, base),
        "pre-push": {problem for refused in push for problem in refused.problems},
        "pre-receive": {problem for refused in receive for problem in refused.problems},
    }


def _joins(kb: Path, tip: str) -> bool:
    return len(git(kb, "rev-list", "--parents", "-1", tip).split()) > 2


class _Person:
    """Does at random what people do with plain git and with gitkb, right and wrong."""

    def __init__(self, seed: int, kb: Path, top: Path) -> None:
        self.random, self.kb, self.top = random.Random(seed), kb, top
        self.steps = 0

    def act(self) -> None:
        acts = (self._branch, self._merge, self._update, self._refresh, self._remove, self._edit, self._lose, self._mark)
        acts = (*acts, self._garble, self._twin, self._stray, self._take_back, self._take_back, self._merge, self._undo)
        self.steps += 1
        self.random.choice(acts)()
        git(self.kb, "add", "-A")
        git(self.kb, "commit", "-q", "--allow-empty", "-m", f"step {self.steps}")

    def _try(self, *arguments: str | Path) -> None:
        from gitkb.__main__ import run

        run([str(argument) for argument in (*arguments, "--kb", self.kb)])

    def _file(self, folder: str, ending: str) -> Path | None:
        found = sorted((self.kb / folder).rglob(f"*{ending}"))
        return self.random.choice(found) if found else None

    def _branch(self) -> None:
        name = self.random.choice(TOPICS)
        self._try("add", _docs(self.top, name), "--branch", f"b{self.steps}", "--jobs", "1", "--older")
        if git(self.kb, "branch", "--list", f"b{self.steps}"):  # there is none where nothing was new
            git(self.kb, "merge", "-q", "--no-edit", f"b{self.steps}")

    def _merge(self) -> None:
        git(self.kb, "merge", "-q", "--no-edit", self.random.choice(["paxos", "zab", "gossip"]))

    def _update(self) -> None:
        self._try("add", _docs(self.top, self.random.choice(TOPICS), version=self.steps + 1), "--update", "--jobs", "1")

    def _refresh(self) -> None:
        self._try("refresh")

    def _remove(self) -> None:
        if record := self._file(".gitkb/documents", ".json"):
            self._try("remove", record.relative_to(self.kb / ".gitkb/documents").as_posix().removesuffix(".json"))

    def _undo(self) -> None:
        self._try("undo")

    def _edit(self) -> None:
        if page := self._file("wiki", ".md"):
            page.write_text(page.read_text(encoding="utf-8") + f"\n## Notes\n\nSeen in step {self.steps}.\n", encoding="utf-8")

    def _lose(self) -> None:
        if file := self._file(self.random.choice(["wiki/sources", "wiki/concepts", "raw", "wiki"]), ".md"):
            file.unlink()

    def _mark(self) -> None:
        if page := self._file("wiki", ".md"):
            page.write_text(f"{page.read_text(encoding='utf-8')}<<<<<<< HEAD\nmine\n=======\ntheirs\n>>>>>>> other\n", "utf-8")

    def _garble(self) -> None:
        if record := self._file(".gitkb/documents", ".json"):
            record.write_text(f"<<<<<<< HEAD\n{record.read_text(encoding='utf-8')}", encoding="utf-8")

    def _twin(self) -> None:
        if page := self._file("wiki", ".md"):
            (page.parent / page.name.upper()).write_text("# Mine\n", encoding="utf-8")

    def _stray(self) -> None:
        (self.kb / "raw" / f"left-{self.steps}.bin").write_bytes(b"left")

    def _take_back(self) -> None:
        """Whatever is broken now is as it was in the first commit of main."""
        git(self.kb, "read-tree", "-m", "-u", "origin/main")


@pytest.mark.parametrize("seed", range(6))
def test_every_gate_says_of_a_revision_what_check_says(seed: int, hub: Path, tmp_path: Path) -> None:
    person, sound = _Person(seed, hub, tmp_path), git(hub, "rev-parse", "main")
    bare = tmp_path / "hub.git"
    seen: set[bool] = set()
    for _ in range(12):
        before = git(hub, "rev-parse", "main")
        person.act()
        tip = git(hub, "rev-parse", "main")
        whole = _problems(hub, tip)
        for gate, found in _gates(hub, bare, sound, tip).items():
            # A server reads no further where a name alone could do harm.
            same = found <= whole and bool(found) == bool(whole) if gate == "pre-receive" else found == whole
            assert same, f"{gate} after step {person.steps} of seed {seed}: {found ^ whole}"
        old = _problems(hub, before)
        assert whole - old <= _problems(hub, tip, before) <= whole, f"since the commit before, step {person.steps} of seed {seed}"
        sound = sound if whole else tip
        seen.add(bool(whole))
    assert True in seen, "nothing was broken: choose another seed"


def test_a_record_that_cannot_be_read_stops_an_add_before_its_claims_go(hub: Path, tmp_path: Path, run: Run) -> None:
    record = hub / ".gitkb/documents/raft/raft.json"
    record.write_text("<<<<<<< HEAD\n" + record.read_text(encoding="utf-8"), encoding="utf-8")
    git(hub, "commit", "-q", "-a", "-m", "a bad merge")
    assert "Cannot be read: .gitkb/documents/raft/raft.json" in run("status", "--kb", hub).out
    before = git(hub, "rev-parse", "HEAD")
    done = run("add", _docs(tmp_path, "Paxos"), "--kb", hub, "--jobs", "1")
    assert done.code == 1 and "raft.json" in done.err and "git checkout" in done.err
    assert run("refresh", "--kb", hub).code == 1
    assert git(hub, "rev-parse", "HEAD") == before
    assert run("undo", "--kb", hub).code == 0
    assert run("add", _docs(tmp_path, "Paxos"), "--kb", hub, "--jobs", "1").code == 0
    assert run("check", "--kb", hub).code == 0


def test_status_tells_how_the_branch_stands_to_the_remotes_and_what_git_is_in_the_middle_of(hub: Path, run: Run) -> None:
    assert "where origin/main was" in run("status", "--kb", hub).out
    git(hub, "commit", "-q", "--allow-empty", "-m", "mine")
    assert "1 commit ahead of origin/main" in run("status", "--kb", hub).out
    git(hub, "update-ref", "refs/remotes/origin/main", "paxos")
    assert "have diverged (1 commit here, 1 commit there)" in run("status", "--kb", hub).out
    git(hub, "reset", "-q", "--keep", "HEAD~")
    assert "1 commit behind origin/main" in run("status", "--kb", hub).out
    git(hub, "merge", "-q", "--no-ff", "--no-commit", "zab")
    assert "A merge is in progress" in run("status", "--kb", hub).out
    git(hub, "merge", "--abort")
    git(hub, "checkout", "-q", "--detach")
    assert "No branch is checked out; HEAD is at" in run("status", "--kb", hub).out


@pytest.mark.parametrize("name", ["Notes.MD", "Index.md"])
def test_names_that_differ_only_by_case_are_broken(hub: Path, run: Run, name: str) -> None:
    (hub / "wiki/notes.md").write_text("# Mine\n", encoding="utf-8")
    (hub / "wiki" / name).write_text("# Mine, too\n", encoding="utf-8")
    git(hub, "add", "-A")
    git(hub, "commit", "-q", "-m", "two names")
    for options in ((), ("--changed", "HEAD~")):
        done = run("check", "--kb", hub, *options)
        assert done.code == 4 and f"wiki/{name.lower()}" in done.out and f"wiki/{name}:" in done.out


def test_a_page_may_speak_of_conflicts(hub: Path, run: Run) -> None:
    text = "# Conflicts\n\n```\n<<<<<<< HEAD\nmine\n=======\ntheirs\n>>>>>>> other\n```\n\n>>>>>>> a quote of a quote\n"
    (hub / "wiki/conflicts.md").write_text(text, encoding="utf-8")
    git(hub, "add", "-A")
    git(hub, "commit", "-q", "-m", "how conflicts look")
    assert run("check", "--kb", hub).code == 0
