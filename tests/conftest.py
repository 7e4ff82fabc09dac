"""What all tests stand on: no trace of the machine they run on, and the program as people run it.

Before anything of gitkb is imported, HOME, the XDG folders, git's and libgit2's configuration point to empty places, and every
variable that could steer git, gitkb or a model is gone. No test reaches the network beyond loopback.
"""

import compileall
import ipaddress
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.isolation import ROOT, isolate
from tests.support.small_documents import TEXTS, write

Files = Mapping[str, str | bytes]
HOME = Path(tempfile.mkdtemp(prefix="gitkb-tests-"))

_PERSON = {
    "GIT_AUTHOR_NAME": "Ada Tester",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada Tester",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}


def _refuse_network(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: unlike a patched function it also sees what libraries do in threads."""
    if event == "socket.connect":
        host = arguments[1][0] if isinstance(arguments[1], tuple) else ""
    elif event == "socket.getaddrinfo":
        host = arguments[0] or ""
    else:
        return
    name = host.decode() if isinstance(host, bytes) else str(host)
    if name not in ("", "localhost") and not _is_loopback(name):
        raise RuntimeError(f"a test tried to reach {name}")


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


isolate(HOME)
sys.addaudithook(_refuse_network)


def pytest_configure(config: pytest.Config) -> None:
    """Compiles the program once: the hundreds of processes that tests start write no bytecode, and would each do it again."""
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(ROOT / "gitkb", quiet=2)


def pytest_sessionfinish() -> None:
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(autouse=True)
def _a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test starts inside this project's own repository."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def write_files() -> Callable[[Path, Files], Path]:
    """Writes files below a folder, by relative path, and returns the folder."""
    return write


@pytest.fixture
def git() -> Callable[..., str]:
    """The git program, as a person with a name: `git(folder, "log", "--oneline")` gives its output."""

    def run(folder: Path, *arguments: str, check: bool = True) -> str:
        command = ["git", "-C", str(folder), *arguments]
        done = subprocess.run(command, check=check, capture_output=True, text=True, env=os.environ | _PERSON)
        return done.stdout.strip()

    return run


@pytest.fixture
def program() -> Callable[..., subprocess.CompletedProcess[str]]:
    """The real program in a process of its own: `program("add", "docs", cwd=..., env=...)`."""

    def run(*arguments: str | Path, env: Mapping[str, str] | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gitkb", *map(str, arguments)]
        settings = {"capture_output": True, "text": True, "encoding": "utf-8", "timeout": 120, "stdin": subprocess.DEVNULL}
        return subprocess.run(command, env=os.environ | dict(env or {}), **(settings | options))

    return run


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command line that ran in this process gave."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Ran]]:
    """A command line in this process, errors and exit code included: quicker than `program`, and it can be measured."""
    from gitkb.__main__ import run

    def invoke(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        seen = capsys.readouterr()
        return Ran(int(code), seen.out, seen.err)

    yield invoke


@pytest.fixture
def in_process(run: Callable[..., Ran]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """What `program` gives, but quicker, in this process: `in_process("list", cwd=..., env=...)`."""

    def invoke(
        *arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        with pytest.MonkeyPatch.context() as patch:
            if cwd is not None:
                patch.chdir(cwd)
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            done = run(*arguments)
        return subprocess.CompletedProcess([str(argument) for argument in arguments], done.code, done.out, done.err)

    return invoke


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Files], Path]:
    """`build(files)` is a folder with these files in `docs/` and the knowledge base `kb/` made of them. It is made once for the
    same files, so nobody may change it."""
    from gitkb.__main__ import run

    made: dict[str, Path] = {}

    def template(files: Files) -> Path:
        key = repr(sorted(files.items()))
        if key not in made:
            top = tmp_path_factory.mktemp("template")
            write(top / "docs", files)
            for command in (["init", str(top / "kb")], ["add", str(top / "docs"), "--kb", str(top / "kb"), "--jobs", "1"]):
                assert run(command) == 0, command
            made[key] = top
        return made[key]

    return template


@pytest.fixture(scope="module")
def template(request: pytest.FixtureRequest, build: Callable[[Files], Path]) -> Path:
    """What `build` makes of the module's `FILES`, or of six small documents. Nobody may change it."""
    return build(getattr(request.module, "FILES", TEXTS))


@pytest.fixture
def docs(template: Path, tmp_path: Path) -> Path:
    """The folder of the documents in `kb`, to change."""
    return shutil.copytree(template / "docs", tmp_path / "docs", symlinks=True)


@pytest.fixture
def kb(template: Path, tmp_path: Path) -> Path:
    """A knowledge base of the module's `FILES`, or of six small documents, to change."""
    return shutil.copytree(template / "kb", tmp_path / "kb", symlinks=True)


@pytest.fixture
def top(docs: Path, kb: Path, tmp_path: Path) -> Path:
    """The folder with `docs` and `kb` in it."""
    return tmp_path


@pytest.fixture
def known_as_ada(kb: Path, git: Callable[..., str]) -> None:
    """What a person sets for commits of their own in `kb`."""
    git(kb, "config", "user.name", "Ada")
    git(kb, "config", "user.email", "ada@example.org")


@pytest.fixture
def gitkb(run: Callable[..., Ran], kb: Path) -> Callable[..., Ran]:
    """A command on `kb`, in this process, that ends with the exit code that is expected: `gitkb("undo", "nothing", code=1)`."""

    def call(*arguments: str | Path, code: int = 0) -> Ran:
        jobs = ("--jobs", "1") if arguments[0] in ("add", "recompile") and "--jobs" not in arguments else ()
        done = run(*arguments, *jobs, "--kb", kb)
        assert done.code == code, done
        return done

    return call
