"""A knowledge base whose commits are somebody else's: nothing in its trees leads out of it, whatever the command."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.support import sample_kb
from tests.support.hostile_kb import FAULT, READING, Git, received, unchanged, write_object

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links are made as on Unix")
FILES = sample_kb.FILES
Run = Callable[..., object]
RECORD = ".gitkb/documents/docs/crash-recovery.json"
CONFIG = ".gitkb/config.yaml"
COMMANDS = (("list",), ("check",), ("search", "log"), ("refresh",), ("remove", "docs/crash-recovery"))
EVERY = (*READING, ("check", "--changed", "HEAD~"), ("refresh",), ("add", "more.md"), ("remove", "docs/b-trees"), ("undo",))
Tree = dict[str, tuple[str, str]]


@pytest.fixture
def kb(template: Path, tmp_path: Path) -> Path:
    return received(template, tmp_path)


def _entries(kb: Path, tree: str) -> Tree:
    listed = subprocess.run(["git", "ls-tree", tree], cwd=kb, check=True, capture_output=True, text=True).stdout
    lines = [line.split("\t") for line in listed.splitlines()]
    return {name: (head.split()[0], head.split()[2]) for head, name in lines}


def _written(kb: Path, tree: Tree) -> str:
    order = sorted(tree.items(), key=lambda item: f"{item[0]}/" if item[1][0] == "040000" else item[0])
    lines = [f"{mode.lstrip('0')} {name}\0".encode() + bytes.fromhex(oid) for name, (mode, oid) in order]
    return write_object(kb, "tree", b"".join(lines))


def _with(kb: Path, tree: str, path: str, entry: tuple[str, str] | None) -> str:
    """A tree with an entry at a path, whatever git would think of the names along it."""
    found = _entries(kb, tree) if tree else {}
    name, _, rest = path.partition("/")
    if rest:
        mode, oid = found.get(name, ("", ""))
        found[name] = ("040000", _with(kb, oid if mode == "040000" else "", rest, entry))
    elif entry is None:
        found.pop(name)
    else:
        found[name] = entry
    return _written(kb, found)


def _commit(kb: Path, entries: Mapping[str, tuple[str, str] | None], *, shown: bool = True) -> str:
    """A commit on main with these entries; its files are not checked out where `shown` is false."""
    tree = subprocess.check_output(["git", "rev-parse", "HEAD^{tree}"], cwd=kb, text=True).strip()
    for path, entry in entries.items():
        tree = _with(kb, tree, path, entry)
    head = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=kb, text=True).strip()
    who = "Eve <eve@b> 1700000000 +0000"
    data = f"tree {tree}\nparent {head}\nauthor {who}\ncommitter {who}\n\ntrap\n"
    commit = write_object(kb, "commit", data.encode())
    if shown:
        subprocess.run(["git", "update-ref", "refs/heads/main", commit], cwd=kb, check=True)
    return commit


def _blob(kb: Path, text: str) -> tuple[str, str]:
    return "100644", write_object(kb, "blob", text.encode())


def _link(kb: Path, target: Path | str) -> tuple[str, str]:
    return "120000", write_object(kb, "blob", str(target).encode())


def _survives(run: Run, kb: Path, top: Path, commands: tuple[tuple[str, ...], ...] = COMMANDS) -> None:
    for command in commands:
        done = run(*command, "--kb", kb)
        assert FAULT not in done.err and "Traceback" not in done.err, (command, done.err)
        assert unchanged(top), command


TREES: dict[str, tuple[str, str]] = {
    "wiki": ("120000", "home"),
    "wiki/concepts": ("120000", "home"),
    "wiki/concepts/write-ahead-logging.md": ("120000", "home/precious.txt"),
    "wiki/sources/docs": ("120000", "home"),
    "wiki/summaries/docs/crash-recovery.md": ("120000", "home/precious.txt"),
    "raw/docs": ("120000", "home"),
    "raw/docs/crash-recovery.md": ("120000", "home/precious.txt"),
    ".gitkb": ("120000", ".."),
    ".gitkb/config.yaml": ("120000", "home/precious.txt"),
    ".gitkb/documents": ("120000", "home"),
    RECORD: ("120000", "home/precious.txt"),
    ".gitkb/edited": ("120000", "home"),
    "wiki/index.md": ("160000", ""),
    "wiki/summaries": ("160000", ""),
    "raw": ("160000", ""),
    ".gitkb/documents/docs": ("160000", ""),
    "wiki/log.md": ("160000", ""),
    "wiki/concepts/..": ("100644", "x"),
    "wiki/../evil.md": ("100644", "x"),
    "wiki/.git/config": ("100644", "[core]"),
    ".git/hooks/pre-commit": ("100755", "#!/bin/sh"),
    ".GIT/hooks/pre-commit": ("100755", "#!/bin/sh"),
    "wiki/git~1/config": ("100644", "x"),
    "wiki/.g\u200cit/config": ("100644", "x"),
    "wiki/a:b.md": ("100644", "# A\n"),
    "wiki/a\\..\\..\\b.md": ("100644", "# A\n"),
    "wiki/a\x1b[2J\nb.md": ("100644", "# A\n"),
    "wiki/Index.md": ("100644", "# A\n"),
    "WIKI/index.md": ("100644", "# A\n"),
    "wiki/concepts/raft.md/index.md": ("100644", "# A\n"),
    "wiki/index.md/index.md": ("100644", "# A\n"),
    ".gitkb/documents/docs/crash-recovery.json/x.json": ("100644", "{}"),
    ".gitkb/edited/wiki/index.md": ("100644", "\0"),
    ".gitkb/edited/../../../evil": ("100644", "x"),
    ".gitkb/decisions/concepts/raft.json": ("100644", "[" * 1000),
    "/etc/passwd": ("100644", "x"),
}


def _entry(kb: Path, top: Path, wanted: tuple[str, str]) -> tuple[str, str]:
    mode, content = wanted
    if mode == "160000":
        return mode, "1" * 40
    return (mode, write_object(kb, "blob", (str(top / content) if mode == "120000" else content).encode()))


@pytest.mark.parametrize("path", TREES)
def test_no_entry_of_a_tree_leads_a_command_out_of_the_knowledge_base(kb: Path, tmp_path: Path, run: Run, path: str) -> None:
    _commit(kb, {path: _entry(kb, tmp_path, TREES[path])})
    _survives(run, kb, tmp_path, EVERY if TREES[path][0] == "120000" and path.count("/") < 2 else COMMANDS)
    assert not (tmp_path / "evil.md").exists() and not (kb / ".git/hooks/pre-commit").exists()


@pytest.mark.parametrize("path", [path for path in TREES if not path.startswith("/")])
def test_pulling_such_a_tree_writes_nothing_outside(kb: Path, tmp_path: Path, git: Git, run: Run, path: str) -> None:
    git(tmp_path, "clone", "-q", "--bare", "kb", "hub.git")
    git(kb, "remote", "add", "origin", "../hub.git")
    commit = _commit(kb, {path: _entry(kb, tmp_path, TREES[path])}, shown=False)
    files = sorted(str(file) for file in (kb / ".git").rglob("*") if "hooks" in str(file))
    subprocess.run(["git", "push", "-q", "../hub.git", f"{commit}:refs/heads/main"], cwd=kb, check=True)
    done = run("pull", "--kb", kb)
    assert FAULT not in done.err and unchanged(tmp_path)
    assert not (tmp_path / "evil.md").exists() and not (kb / "evil.md").exists()
    assert sorted(str(file) for file in (kb / ".git").rglob("*") if "hooks" in str(file)) == files
    assert not [file for file in (kb / "wiki").rglob("*") if file.is_symlink()]


IN_WORKTREE = ("wiki", "wiki/concepts", "wiki/sources", "raw", "raw/docs", ".gitkb", ".gitkb/documents", "wiki/index.md")


@pytest.mark.parametrize("path", [*IN_WORKTREE, "raw/more.md"])
def test_a_link_put_into_the_worktree_meanwhile_is_not_written_through(kb: Path, tmp_path: Path, run: Run, path: str) -> None:
    if (kb / path).exists():
        (kb / path).rename(tmp_path / "aside")
    (kb / path).symlink_to(tmp_path / ("home/precious.txt" if path.endswith(".md") else "home"))
    _survives(run, kb, tmp_path, (("status",), ("add", "more.md"), ("remove", "docs/crash-recovery"), ("undo",)))


@pytest.mark.parametrize("depth", [600, 5000])
def test_folders_nested_thousands_deep_are_an_error_that_says_so(kb: Path, tmp_path: Path, run: Run, depth: int) -> None:
    oid = _written(kb, {"a.md": _blob(kb, "# A\n")})
    for _ in range(depth):
        oid = _written(kb, {"a": ("040000", oid)})
    _commit(kb, {"wiki/deep": ("040000", oid)})
    _survives(run, kb, tmp_path)


SETTINGS = (
    *("format: 99\n", "command: rm\n", "raw: {storage: /etc}\n", "llm: {endpoint: http://evil}\n", "language: [2]\n"),
    *("!!python/object:os.system {}\n", "language: !!python/name:os.system\n", "raw: !!timestamp 2001-99-99\n"),
    *("convert: {timeout: .inf}\n", "convert: {timeout: 1.0e+12}\n", "convert: {memory: 1e999}\n", "? [a]\n: b\n"),
    *("convert: {max_bytes: " + "9" * 5000 + "}\n", "\x1b[2J: 1\n", "language: *x\n", "[" * 5000, "a: " * 500),
    "pages: {branch: '--upload-pack=x'}\n",
    "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(12))
    + "language: *m\n",
    "language: " + "x" * 10_000_000 + "\n",
    "\0",
    "- a\n",
    "\t\n",
    "%YAML 9.9\n---\n",
)


@pytest.mark.parametrize("text", SETTINGS, ids=range(len(SETTINGS)))
def test_hostile_settings_are_refused_in_words(kb: Path, tmp_path: Path, run: Run, text: str) -> None:
    _commit(kb, {CONFIG: _blob(kb, text)})
    done = run("add", "more.md", "--kb", kb)
    assert (done.code == 1 or text.startswith("pages")) and FAULT not in done.err
    assert len(done.err) < 2000 and "\x1b" not in done.err
    _survives(run, kb, tmp_path, (("status",), ("check",), ("list",)))


def test_a_newer_format_is_named(kb: Path, run: Run) -> None:
    _commit(kb, {CONFIG: _blob(kb, "format: 7\n")})
    assert "format 7" in run("add", "more.md", "--kb", kb).err
    record = json.loads((kb / RECORD).read_text())
    _commit(kb, {CONFIG: _blob(kb, "format: 1\n"), RECORD: _blob(kb, json.dumps(record | {"format": 7}))})
    assert "format 7" in run("check", "--kb", kb).out


RECORDS: dict[str, object] = {
    "outside": {"files": ["../../home/precious.txt"]},
    "absolute": {"files": ["/etc/passwd"]},
    "git": {"files": [".git/config"]},
    "case": {"files": ["raw/docs/crash-recovery.md", "raw/docs/crash-recovery/../../.GIT/config"]},
    "stream": {"files": ["raw/docs/crash-recovery.md:stream"]},
    "backslash": {"files": ["raw/docs/crash-recovery.a\\..\\b"]},
    "name": {"document": "../x"},
    "source": {"source": {"path": "a\x1b[2J", "sha256": "0" * 64, "size": 1, "media_type": "x"}},
    "size": {"source": {"path": "a", "sha256": "0" * 64, "size": 1e300, "media_type": "x", "pages": 1e300}},
    "pages": {"source": {"path": "a", "sha256": "0" * 64, "size": 2**70, "media_type": "x", "pages": 2**70}},
    "weight": {"topics": [{"kind": "concept", "name": "A", "weight": 1e308}, {"kind": "concept", "name": "A", "weight": -1e308}]},
    "types": {"title": {"a": 1}, "topics": 7},
    "place": {"topics": [{"kind": "concept", "name": "A", "claims": [{"text": "x", "place": {"path": "sources/../../../x"}}]}]},
    "bidi": {"title": "a\u202eb", "authors": ["\u2066x"]},
    "surrogate": {"title": "a\udc80b"},
    "long": {"title": "x" * 2_000_000},
    "key": {"topics": [{"kind": "concept", "name": "\u0000"}]},
    "many": {"topics": [{"kind": "concept", "name": f"N{n}", "aliases": [f"A{n}"] * 3} for n in range(3000)]},
    "dates": {"dates": {"a\nb": "x", "../": "\x9b2J"}},
    "number": {"format": True},
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_hostile_record_harms_no_command(kb: Path, tmp_path: Path, run: Run, name: str) -> None:
    changes = RECORDS[name]
    assert isinstance(changes, dict)
    record = json.loads((kb / RECORD).read_text()) | changes
    _commit(kb, {RECORD: _blob(kb, json.dumps(record))})
    _survives(run, kb, tmp_path)


DEEP = '{"format":1,' + '"a":{' * 50_000
HARDLY_JSON = ("[" * 200_000, DEEP, '{"title":"a","title":"b","format":1}', "9" * 5000, "\ufeff{}", "")


@pytest.mark.parametrize("text", HARDLY_JSON, ids=range(len(HARDLY_JSON)))
def test_a_record_that_is_hardly_json_harms_no_command(kb: Path, tmp_path: Path, run: Run, text: str) -> None:
    _commit(kb, {RECORD: _blob(kb, text)})
    _survives(run, kb, tmp_path)


def test_refs_of_somebody_else_below_refs_gitkb_harm_no_command(kb: Path, tmp_path: Path, git: Git, run: Run) -> None:
    blob = write_object(kb, "blob", b"nonsense")
    for name in ("in-progress/0123456789abcdef", "rescue/1", "rescue/x", "seen/origin/main", "fetched/origin/main"):
        git(kb, "update-ref", f"refs/gitkb/{name}", blob)
    (kb / ".git/gitkb/runs/0123456789abcdef").mkdir(parents=True)
    _survives(run, kb, tmp_path, (*COMMANDS, ("recover",)))
