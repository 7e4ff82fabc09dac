"""Runs gitkb commands in processes of their own under strace: lists their state-changing system calls, kills or fails at one.

Facts of strace (6.1, tried): an injected signal arrives on entry, so SIGKILL ends the process *before* the call takes
effect; `when=N` counts the calls of one name, also of a set; without `-f` only the main thread of the process is traced, so
workers and the git program neither count nor die. A kill *after* a call is the kill before the next one: between two
state-changing calls nothing changes. Writes to standard output count: they are what gitkb reports.

A process is forked from one that has loaded gitkb already, which saves nine tenths of the time: it is a process like any other,
running the same code on the same arguments. With `fresh` it is `python -m gitkb`.
"""

import contextlib
import functools
import gc
import importlib
import io
import os
import pkgutil
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

CALLS = (
    "creat open openat openat2 write writev pwrite64 pwritev pwritev2 truncate ftruncate fallocate copy_file_range sendfile"
    " rename renameat renameat2 link linkat symlink symlinkat unlink unlinkat mkdir mkdirat rmdir chmod fchmod fchmodat"
    " utimensat fsync fdatasync vfork clone clone3 fork wait4"
)
PROCESSES = frozenset("vfork clone clone3 fork wait4".split())
"""Starting the git program, and waiting for it: its own changes come between these two."""
SECONDS = 300
_LINE = re.compile(r"(?:\d+ +)?(\w+)\((.*)\)\s+= (-?\w+)(.*)")
_WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC")


def missing() -> str:
    """Why processes cannot be traced here, "" where they can."""
    if sys.platform != "linux":
        return "needs Linux"
    if shutil.which("strace") is None:
        return "needs strace: apt-get install strace"
    tried = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    return f"strace may not trace here: {tried.stderr.strip()[:200]}" if tried.returncode else ""


@dataclass(frozen=True, slots=True)
class Call:
    """A state-changing system call of a run: the `nth` of its `name`, and strace's line of it."""

    name: str
    nth: int
    line: str

    @property
    def what(self) -> str:
        """The call without what differs from run to run."""
        return re.sub(r"[0-9a-f]{16,40}|\d+<|tmp\w{8}", "*", self.line)[:160]


@dataclass(frozen=True, slots=True)
class Ran:
    """How a process ended (negative: by a signal) and what it said."""

    code: int
    out: str
    err: str

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs commands with their output below `folder`; `prepare` is called in the forked process (see mutants.py)."""

    folder: Path
    fresh: bool = False
    prepare: Callable[[], None] | None = None

    def run(self, arguments: Sequence[str | Path], cwd: Path) -> Ran:
        """An undisturbed run."""
        return self._run(arguments, cwd, None)

    def calls(self, arguments: Sequence[str | Path], cwd: Path) -> tuple[list[Call], Ran]:
        """The state-changing calls of an undisturbed run that concern paths below `cwd`, or start and await a program."""
        ran = self._run(arguments, cwd, [])
        return parse((self.folder / "trace").read_text(errors="replace"), str(cwd)), ran

    def kill(self, arguments: Sequence[str | Path], cwd: Path, call: Call, *, follow: bool = False) -> Ran:
        """A run that is killed when it enters that call."""
        return self._run(arguments, cwd, [f"inject={call.name}:signal=SIGKILL:when={call.nth}"], follow)

    def fail(self, arguments: Sequence[str | Path], cwd: Path, call: Call, error: str, *, follow: bool = False) -> Ran:
        """A run in which that call fails."""
        return self._run(arguments, cwd, [f"inject={call.name}:error={error}:when={call.nth}"], follow)

    def injected(self) -> bool:
        """Whether the disturbance of the run before came to pass."""
        return bool(re.search(r"\(INJECTED\)|killed by SIGKILL", (self.folder / "trace").read_text(errors="replace")))

    def _run(self, arguments: Sequence[str | Path], cwd: Path, injections: list[str] | None, follow: bool = False) -> Ran:
        out, err = cwd / "out", self.folder / "err"
        tracer = ["strace", "-y", "-s", "300", "-o", str(self.folder / "trace"), "-e", f"trace={','.join(CALLS.split())}"]
        tracer += [option for injection in injections or () for option in ("-e", injection)]
        tracer += ["-f"] if follow else []
        words = [str(argument) for argument in arguments]
        if self.fresh:
            command = [*(tracer if injections is not None else []), sys.executable, "-m", "gitkb", *words]
            with out.open("wb") as stdout, err.open("wb") as stderr:
                done = subprocess.run(
                    command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, timeout=SECONDS, check=False
                )
            code = done.returncode
        else:
            code = self._forked(words, cwd, out, err, tracer if injections is not None else None)
        return Ran(code, out.read_text(errors="replace"), err.read_text(errors="replace"))

    def _forked(self, arguments: list[str], cwd: Path, out: Path, err: Path, tracer: list[str] | None) -> int:
        pid = os.fork()
        if pid == 0:
            self._become(arguments, cwd, out, err, traced=tracer is not None)
        if tracer is None:
            return _wait(pid)
        os.waitpid(pid, os.WUNTRACED)
        with subprocess.Popen([*tracer, "-p", str(pid)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as strace:
            assert strace.stderr is not None
            strace.stderr.readline()  # "strace: Process N attached"
            os.kill(pid, signal.SIGCONT)
            code = _wait(pid)
            strace.stderr.read()
        return code

    def _become(self, arguments: list[str], cwd: Path, out: Path, err: Path, *, traced: bool) -> None:
        """In the forked process: what `python -m gitkb` does once it has loaded."""
        code = 70
        try:
            os.setsid()
            for stream, file, flags in ((0, "/dev/null", os.O_RDONLY), (1, out, _NEW), (2, err, _NEW)):
                opened = os.open(file, flags, 0o666)
                os.dup2(opened, stream)
                os.close(opened)
            os.chdir(cwd)
            sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
            if self.prepare is not None:
                self.prepare()
            if traced:
                os.kill(os.getpid(), signal.SIGSTOP)
            from gitkb.__main__ import run

            code = run(arguments)
            sys.stderr.flush()
        finally:
            os._exit(int(code))


_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def _wait(pid: int) -> int:
    deadline = time.monotonic() + SECONDS
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise TimeoutError(f"A process did not end within {SECONDS} s.")
        time.sleep(0.002)


def load(runner: "Runner", top: Path) -> None:
    """Import everything that a command may, and build the command line once, so that a forked process need not; `top` is for a
    knowledge base to try it on."""
    import typer.main

    import gitkb
    from gitkb.__main__ import run

    for module in pkgutil.walk_packages(gitkb.__path__, "gitkb."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in ("joblib", "rich.progress", "sqlite3", "tempfile", "yaml", "fcntl", "pathspec", "filelock", "random"):
        importlib.import_module(name)
    typer.main.get_command = functools.cache(typer.main.get_command)
    ran = runner.run(["init", str(top / "kb")], top)
    assert ran.code == 0, ran
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for command in ("check", "status", "list"):
            assert run([command, "--kb", str(top / "kb")]) == 0
    gc.collect()
    gc.freeze()  # a forked process then neither looks at all of this again nor copies it


def parse(trace: str, below: str) -> list[Call]:
    """The calls of a trace that changed something below a folder, or started or awaited a program."""
    counts: Counter[str] = Counter()
    found = []
    for line in trace.splitlines():
        parts = _LINE.match(line)
        if parts is None:
            name = re.match(r"(?:\d+ +)?(\w+)\(", line)
            if name is not None:
                counts[name[1]] += 1
            continue
        name, rest, result = parts[1], parts[2], parts[3]
        counts[name] += 1
        if result.startswith("-") or "CLONE_THREAD" in rest:
            continue
        if name in PROCESSES or (below in rest and _changes(name, rest)):
            found.append(Call(name, counts[name], line.replace(below, "")))
    return found


def _changes(name: str, rest: str) -> bool:
    return not name.startswith("open") or bool(_WRITES.search(rest))
