"""What all tests stand on: no trace of the machine they run on, and the program as people run it.

Before anything of gitkb is imported, HOME, the XDG folders, git's and libgit2's configuration point to empty places, and every
variable that could steer git, gitkb or a model is gone. No test reaches the network beyond loopback.
"""

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

from tests.support.isolation import isolate

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


def pytest_sessionfinish() -> None:
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(autouse=True)
def _a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test starts inside this project's own repository."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def write_files() -> Callable[[Path, Mapping[str, str | bytes]], Path]:
    """Writes files below a folder, by relative path, and returns the folder."""

    def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
        for name, content in files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

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


FILES = {
    "wal.md": "# Write-ahead logging\n\nWrite-ahead logging is the rule that the log record of a change must reach stable "
    "storage before the changed page does.\n\n## Flushing\n\nA flush of the log makes all earlier records durable at once.\n",
    "recovery.md": "# Crash recovery\n\nCrash recovery is the process that brings a database back to a consistent state "
    "after a crash. It depends on write-ahead logging, which is described in [another text](wal.md).\n",
    "guide/checkpoints.txt": "Checkpoints\n\nA checkpoint is a point in the log from which crash recovery can start.\n",
}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `docs/` and the knowledge base `kb/` made of it. Nobody may change it."""
    top = tmp_path_factory.mktemp("made")
    for name, text in FILES.items():
        file = top / "docs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    for arguments in (["init", "kb"], ["add", "docs", "--kb", "kb", "--jobs", "1"]):
        subprocess.run([sys.executable, "-m", "gitkb", *arguments], cwd=top, check=True, capture_output=True)
    return top


@pytest.fixture
def kb(made: Path) -> Path:
    """The shared knowledge base, to read."""
    return made / "kb"


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Path:
    """A copy of the folder with `docs/` and `kb/`, to write."""
    shutil.copytree(made, tmp_path / "own", symlinks=True)
    return tmp_path / "own"
