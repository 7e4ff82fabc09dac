"""A bare repository with the pre-receive hook takes good pushes and refuses, with reasons, those that are broken or do harm."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.support.sample_kb import FILES, gitkb

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the hooks are shell scripts")
Git = Callable[..., str]
RECORD = ".gitkb/documents/docs/crash-recovery.json"
PAGE = "wiki/notes.md"


@pytest.fixture(scope="session")
def served(build: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`kb/` and `remote.git`, which has its main branch and the hook. Nobody may change them."""
    top = tmp_path_factory.mktemp("served")
    shutil.copytree(build(FILES) / "kb", top / "kb", symlinks=True)
    subprocess.run(["git", "init", "-q", "--bare", "--initial-branch=main", "remote.git"], cwd=top, check=True)
    gitkb(top, "hooks", "install", "--server", "--kb", "remote.git")
    subprocess.run(["git", "-C", "kb", "push", "-q", "../remote.git", "main"], cwd=top, check=True)
    return top


@pytest.fixture
def kb(served: Path, tmp_path: Path) -> Path:
    """A copy to write, beside a remote of its own."""
    for name in ("kb", "remote.git"):
        shutil.copytree(served / name, tmp_path / name, symlinks=True)
    return tmp_path / "kb"


def _refused(git: Git, kb: Path, *arguments: str) -> str:
    before = git(kb, "ls-remote", "../remote.git")
    with pytest.raises(subprocess.CalledProcessError) as stopped:
        git(kb, "push", "-q", "../remote.git", *(arguments or ("main",)))
    assert git(kb, "ls-remote", "../remote.git") == before
    said = str(stopped.value.stderr)
    assert "gitkb refuses refs/" in said and "Traceback" not in said
    return said


def _commit_tree(git: Git, kb: Path, tree: str, parent: str = "HEAD") -> str:
    return git(kb, "commit-tree", tree, "-p", parent, "-m", "made by hand")


def _hash(kb: Path, kind: str, data: bytes) -> str:
    command = ["git", "hash-object", "-t", kind, "--literally", "-w", "--stdin"]
    return subprocess.run(command, cwd=kb, input=data, check=True, capture_output=True).stdout.decode().strip()


def _entries(kb: Path, tree: str) -> list[tuple[bytes, bytes]]:
    listed = subprocess.run(["git", "ls-tree", "-z", tree], cwd=kb, check=True, capture_output=True).stdout
    found = []
    for line in listed.split(b"\0")[:-1]:
        mode, _, oid, name = line.replace(b"\t", b" ", 1).split(b" ", 3)
        found.append((mode.lstrip(b"0") + b" " + name + b"\0", bytes.fromhex(oid.decode())))
    return found


def _with_entry(git: Git, kb: Path, path: bytes, mode: bytes, oid: str) -> str:
    """A commit whose tree has one more entry, whatever git itself would think of its name."""
    *above, name = path.split(b"/") if not path.startswith(b"=") else [b"wiki", path[1:]]
    trees = ["HEAD:" + b"/".join(above[:depth]).decode() for depth in range(len(above) + 1)]
    line = mode + b" " + name + b"\0"
    child = oid
    for tree, own in zip(reversed(trees), [line, *(b"40000 " + folder + b"\0" for folder in reversed(above))], strict=True):
        kept = [entry for entry in _entries(kb, tree) if entry[0] != own]
        kept.append((own, bytes.fromhex(child)))
        kept.sort(key=lambda entry: entry[0][entry[0].index(b" ") + 1 : -1] + (b"/" if entry[0].startswith(b"40000") else b""))
        child = _hash(kb, "tree", b"".join(head + end for head, end in kept))
    return _commit_tree(git, kb, child)


def _with_files(git: Git, kb: Path, files: Mapping[str, str | None]) -> None:
    for path, text in files.items():
        if text is None:
            git(kb, "rm", "-q", path)
        else:
            (kb / path).parent.mkdir(parents=True, exist_ok=True)
            (kb / path).write_text(text, encoding="utf-8")
            git(kb, "add", path)
    git(kb, "commit", "-q", "-m", "by hand")


def _record(kb: Path, **changes: object) -> str:
    return json.dumps(json.loads((kb / RECORD).read_text(encoding="utf-8")) | changes)


def test_good_pushes_are_taken(kb: Path, git: Git) -> None:
    (kb.parent / "more.md").write_text("# Checkpoint\n\nA checkpoint is a point in the log from which recovery starts.\n")
    gitkb(kb.parent, "add", "more.md", "--kb", "kb")
    _with_files(git, kb, {PAGE: "# Mine\n\n[nowhere](nowhere.md)\n", "notes/a:b.txt": "mine\n"})
    git(kb, "push", "-q", "../remote.git", "main", "main:feature")
    git(kb, "push", "-q", "../remote.git", "--delete", "feature")
    assert git(kb, "ls-remote", "--heads", "../remote.git").split() == [git(kb, "rev-parse", "HEAD"), "refs/heads/main"]


def test_the_hook_leaves_no_object_in_the_repository(kb: Path, git: Git) -> None:
    _with_files(git, kb, {RECORD: "{"})
    objects = kb.parent / "remote.git" / "objects"
    before = sorted(str(file) for file in objects.rglob("*"))
    _refused(git, kb)
    assert sorted(str(file) for file in objects.rglob("*")) == before


def test_the_first_push_to_an_empty_repository_is_judged_too(served: Path, kb: Path, git: Git) -> None:
    git(kb.parent, "init", "-q", "--bare", "--initial-branch=main", "empty.git")
    gitkb(kb.parent, "hooks", "install", "--server", "--kb", "empty.git")
    good = git(kb, "rev-parse", "HEAD")
    _with_files(git, kb, {"raw/docs/crash-recovery.md": None})
    with pytest.raises(subprocess.CalledProcessError) as stopped:
        git(kb, "push", "-q", "../empty.git", "main")
    assert "raw/docs/crash-recovery.md" in stopped.value.stderr
    git(kb, "push", "-q", "../empty.git", f"{good}:refs/heads/main")


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"raw/docs/crash-recovery.md": None}, "it is not there"),
        ({"wiki/summaries/docs/crash-recovery.md": None}, "it is not there"),
        ({RECORD: "{"}, "not a valid record"),
        ({RECORD: None}, "It belongs to no document"),
        ({"raw/docs/other.md": "no record\n"}, "It belongs to no document"),
        ({".gitkb/hook.sh": "echo\n"}, "It belongs to no document"),
        ({".gitkb/config.yaml": "format: 99\n"}, "format 99"),
        ({".gitkb/config.yaml": "format: 1\ncommand: rm\n"}, "unknown setting command"),
        ({".gitkb/config.yaml": None}, "must have it"),
        ({".gitkb/config.yaml": "[" * 5000}, "not valid YAML"),
    ],
)
def test_a_broken_tip_is_refused(kb: Path, git: Git, files: dict[str, str | None], reason: str) -> None:
    _with_files(git, kb, files)
    assert reason in _refused(git, kb)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format": 2}, "format 2"),
        ({"document": "docs/other"}, "is not that of its file"),
        ({"files": ["raw/docs/crash-recovery.md", "../../etc/passwd"]}, "not a file of its document"),
        ({"files": ["/etc/passwd"]}, "not a file of its document"),
        ({"title": "a\x1b[2Jb"}, "control character"),
        ({"topics": [{"kind": "concept", "name": "X", "claims": [{"text": "x", "place": {"path": "../x"}}]}]}, "outside"),
        ({"files": []}, "names no original"),
    ],
)
def test_a_record_that_could_harm_a_reader_is_refused(kb: Path, git: Git, changes: dict[str, object], reason: str) -> None:
    _with_files(git, kb, {RECORD: _record(kb, **changes)})
    assert reason in _refused(git, kb)


HARMFUL = [
    (b"wiki/link.md", b"120000", "symbolic link"),
    (b"raw/docs/link", b"120000", "symbolic link"),
    (b".gitattributes", b"120000", "It is a link"),
    (b"raw/module", b"160000", "submodule"),
    (b"wiki", b"120000", "symbolic link"),
    (b"wiki/..", b"100644", "out of its folder"),
    (b"notes\\..\\x/..", b"100644", "out of its folder"),
    (b".git", b"100644", "git's own folder"),
    (b"wiki/.GIT", b"100644", "git's own folder"),
    (b"wiki/git~1", b"100644", "git's own folder"),
    (b"wiki/.g\xe2\x80\x8cit", b"100644", "git's own folder"),
    (b"=a/b.md", b"100644", "out of its folder"),
    (b"wiki/a\x1b[2J.md", b"100644", "control character"),
    (b"wiki/a\xe2\x80\xaeb.md", b"100644", "control character"),
    (b"wiki/\xff.md", b"100644", "not UTF-8"),
    (b"wiki/a\\b.md", b"100644", "backslash"),
    (b"wiki/aux.md", b"100644", "Windows"),
    (b"wiki/Index.md", b"100644", "upper and lower case"),
    (b"WIKI", b"100644", "it stands in wiki/"),
]


def test_paths_that_could_harm_a_reader_are_refused_each_with_its_reason(kb: Path, git: Git) -> None:
    head, refs = git(kb, "rev-parse", "HEAD"), []
    for number, (path, mode, _) in enumerate(HARMFUL):
        git(kb, "reset", "-q", "--hard", head)
        if path.startswith(b"notes\\"):
            _with_files(git, kb, {path.decode().rpartition("/")[0] + "/a.txt": "a\n"})
        oid = head if mode == b"160000" else _hash(kb, "blob", b"/etc/passwd")
        refs.append(f"{_with_entry(git, kb, path, mode, oid)}:refs/heads/b{number:02}")
    said = _refused(git, kb, *refs).split("gitkb refuses ")[1:]
    assert len(said) == len(HARMFUL)
    for number, (_, _, reason) in enumerate(HARMFUL):
        assert said[number].startswith(f"refs/heads/b{number:02}:") and reason in said[number]


def test_harm_in_the_middle_of_a_push_is_refused_though_the_tip_is_clean(kb: Path, git: Git) -> None:
    commit = _with_entry(git, kb, b"wiki/link.md", b"120000", _hash(kb, "blob", b"/etc/passwd"))
    clean = _commit_tree(git, kb, "HEAD^{tree}", commit)
    assert "wiki/link.md" in _refused(git, kb, f"{clean}:refs/heads/main")
    assert "wiki/link.md" in _refused(git, kb, f"{clean}:refs/tags/v1")


def test_the_pages_branch_is_neither_rewound_nor_deleted(kb: Path, git: Git) -> None:
    assert "only moves forward" in _refused(git, kb, "--force", "HEAD~:refs/heads/main")
    git(kb.parent / "remote.git", "config", "receive.denyDeleteCurrent", "ignore")
    assert "cannot be deleted" in _refused(git, kb, "--delete", "main")


def test_another_branch_may_be_rewound(kb: Path, git: Git) -> None:
    git(kb, "push", "-q", "../remote.git", "HEAD:refs/heads/draft")
    git(kb, "push", "-q", "--force", "../remote.git", "HEAD~:refs/heads/draft")


def test_refs_of_gitkb_itself_are_refused(kb: Path, git: Git) -> None:
    assert "never pushed" in _refused(git, kb, "HEAD:refs/gitkb/in-progress/1")


def test_all_refs_of_a_push_are_refused_together(kb: Path, git: Git) -> None:
    good = git(kb, "rev-parse", "HEAD")
    _with_files(git, kb, {RECORD: "{"})
    said = _refused(git, kb, f"{good}:refs/heads/good", "main")
    assert "refs/heads/main" in said and "gitkb refuses refs/heads/good" not in said


def test_a_server_hook_that_was_there_sees_the_push_first(kb: Path, git: Git) -> None:
    hooks = kb.parent / "remote.git" / "hooks"
    (hooks / "pre-receive").rename(hooks / "ours")
    (hooks / "pre-receive").write_text("#!/bin/sh\ncat > seen\n")
    (hooks / "pre-receive").chmod(0o755)
    gitkb(kb.parent, "hooks", "install", "--server", "--kb", "remote.git")
    _with_files(git, kb, {PAGE: "# Mine\n"})
    git(kb, "push", "-q", "../remote.git", "main")
    assert (kb.parent / "remote.git" / "seen").read_text().endswith(" refs/heads/main\n")


def test_a_repository_without_a_knowledge_base_is_left_alone(kb: Path, git: Git) -> None:
    git(kb.parent, "init", "-q", "--bare", "other.git")
    gitkb(kb.parent, "hooks", "install", "--server", "--kb", "other.git")
    git(kb.parent, "init", "-q", "plain")
    git(kb.parent / "plain", "commit", "-q", "--allow-empty", "-m", "first")
    git(kb.parent / "plain", "push", "-q", "../other.git", "HEAD")


_DISPATCHER = """#!/bin/sh
in=$(cat)
for h in hooks/"$(basename "$0")".d/*; do [ -x "$h" ] || continue; echo "$in" | "$h" || exit 1; done
"""


def _script(file: Path, text: str) -> Path:
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)
    return file


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A bare repository to which nothing was pushed yet."""
    subprocess.run(["git", "init", "-q", "--bare", "--initial-branch=main", "empty.git"], cwd=tmp_path, check=True)
    return tmp_path / "empty.git"


def test_a_hook_that_runs_a_folder_of_its_name_keeps_its_place(kb: Path, empty: Path, git: Git) -> None:
    theirs = _script(empty / "hooks/pre-receive", _DISPATCHER)
    forge = _script(
        empty / "hooks/pre-receive.d/forge", "#!/bin/sh\n[ ! -e closed ] || { echo main is protected >&2; exit 1; }\n"
    )
    listed = gitkb(empty, "hooks", "install", "--server").stdout
    assert "pre-receive.d/gitkb" in listed and theirs.read_text() == _DISPATCHER
    git(kb, "push", "-q", "../empty.git", "main")
    git(kb, "rm", "-q", "raw/docs/crash-recovery.md")
    git(kb, "commit", "-q", "-m", "lose a file")
    with pytest.raises(subprocess.CalledProcessError) as stopped:
        git(kb, "push", "-q", "../empty.git", "main")
    assert "raw/docs/crash-recovery.md" in stopped.value.stderr
    (empty / "closed").touch()
    with pytest.raises(subprocess.CalledProcessError) as stopped:
        git(kb, "push", "-q", "../empty.git", "main~:refs/heads/other")
    assert "main is protected" in stopped.value.stderr
    gitkb(empty, "hooks", "remove", "--server")
    assert sorted(file.name for file in forge.parent.iterdir()) == ["forge"] and theirs.read_text() == _DISPATCHER


def test_gitlabs_custom_hooks_get_one_more(empty: Path) -> None:
    theirs = _script(empty / "custom_hooks/pre-receive", "#!/bin/sh\nexit 0\n")
    gitkb(empty, "hooks", "install", "--server")
    assert "gitkb hook" in (empty / "custom_hooks/pre-receive.d/gitkb").read_text()
    assert theirs.read_text() == "#!/bin/sh\nexit 0\n" and not (empty / "hooks/pre-receive").exists()
    assert "custom_hooks/pre-receive.d/gitkb" in gitkb(empty, "hooks", "list").stdout


def test_another_hook_keeps_its_name_and_comes_back(kb: Path, empty: Path, git: Git) -> None:
    chain = _script(empty / "chain", '#!/bin/sh\ncat > "seen-by-$(basename "$0")"\npwd > where\n')
    (empty / "hooks").mkdir(exist_ok=True)
    (empty / "hooks/pre-receive").symlink_to("../chain")
    gitkb(empty, "hooks", "install", "--server")
    git(kb, "push", "-q", "../empty.git", "main")
    assert "refs/heads/main" in (empty / "seen-by-pre-receive").read_text()
    assert (empty / "where").read_text().strip() == str(empty.resolve())
    gitkb(empty, "hooks", "remove", "--server")
    assert (empty / "hooks/pre-receive").resolve() == chain and not (empty / "hooks/before-gitkb").exists()


def test_a_hook_that_an_earlier_gitkb_kept_beside_its_own_is_kept_on(kb: Path, empty: Path, git: Git) -> None:
    gitkb(empty, "hooks", "install", "--server")
    _script(empty / "hooks/pre-receive.before-gitkb", "#!/bin/sh\ncat > seen\n")
    gitkb(empty, "hooks", "install", "--server")
    git(kb, "push", "-q", "../empty.git", "main")
    assert "refs/heads/main" in (empty / "seen").read_text()
    assert sorted(file.name for file in (empty / "hooks").iterdir() if "gitkb" in file.name) == ["before-gitkb"]
