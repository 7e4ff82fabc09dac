"""Reads what strace saw of a command: the changes it made below one folder, its fsyncs, and what it said, in order.

Invariant: a system call that could change a file below the folder in a way that is not understood here is an error, never
skipped: a change that nobody replays would make the power-loss test pass for nothing.
"""

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CALLS = (
    "open,openat,creat,close,dup,dup2,dup3,fcntl,lseek,write,pwrite64,writev,pwritev,pwritev2,truncate,ftruncate,fallocate,"
    "sendfile,copy_file_range,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir,"
    "fsync,fdatasync,sync,syncfs,chdir,fchdir,clone,clone3,fork,vfork,mmap"
)
_LINE = re.compile(r"(\d+) +(.*)")
_UNFINISHED = re.compile(r"(.*) <unfinished \.\.\.>")
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")
_CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+|\?)(?:<(.*?)>)?.*")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_DESCRIPTOR = re.compile(r"(-?\d+|AT_FDCWD)<((?:\\x[0-9a-f]{2})*)(?:>\(deleted\)|>)")
WRITING = ("O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened: `kind` is create, mkdir, symlink, link, rename, exchange, unlink, write, truncate, fsync, syncfs
    or said. Paths are relative to the folder; `began` and `ended` number the lines of the trace."""

    kind: str
    path: str = ""
    other: str = ""
    offset: int = 0
    data: bytes = b""
    began: int = 0
    ended: int = 0


@dataclass
class _Open:
    """An open file description: its path when it was opened, where the next write goes."""

    path: str
    position: int = 0
    appends: bool = False


@dataclass
class _Process:
    cwd: str
    files: dict[int, _Open] = field(default_factory=dict)


def record(command: Sequence[str], trace: Path, *, cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    """Runs a command below strace, which writes to `trace`; the command's output is a pipe."""
    strace = ["strace", "-f", "-y", "-xx", "-s", "100000000", "--seccomp-bpf", "-e", "signal=none", "-e", f"trace={CALLS}"]
    return subprocess.run([*strace, "-o", str(trace), *command], cwd=cwd, env=env, capture_output=True, check=False)


def changes(trace: Path, top: Path, cwd: Path) -> list[Change]:
    """What a recorded command changed below `top`, made durable there, and wrote to its standard output."""
    return list(_Reader(str(top), str(cwd)).read(trace))


class _Reader:
    def __init__(self, top: str, cwd: str) -> None:
        self.top, self.cwd = top, cwd
        self.processes: dict[str, _Process] = {}
        self.sizes: dict[str, int] = {}
        self.first = ""

    def read(self, trace: Path) -> Iterator[Change]:
        begun: dict[str, tuple[int, str]] = {}
        with trace.open(encoding="ascii", errors="replace") as lines:
            for number, line in enumerate(lines):
                match = _LINE.match(line)
                assert match is not None, line[:200]
                pid, text = match[1], match[2]
                self.first = self.first or pid
                if unfinished := _UNFINISHED.fullmatch(text):
                    begun[pid] = (number, unfinished[1])
                    continue
                began = number
                if resumed := _RESUMED.fullmatch(text):
                    began, start = begun.pop(pid)
                    text = start + resumed[1]
                call = _CALL.fullmatch(text)
                if call is not None and call[3] != "?" and int(call[3]) >= 0:
                    yield from self._call(pid, call[1], call[2], int(call[3]), began, number)

    def _process(self, pid: str) -> _Process:
        return self.processes.setdefault(pid, _Process(self.cwd))

    def _call(self, pid: str, name: str, text: str, result: int, began: int, ended: int) -> Iterator[Change]:
        process = self._process(pid)
        arguments = text.split(", ") if not text.startswith("{") else [text]
        make = _Maker(began, ended)
        if name in ("clone", "clone3", "fork", "vfork"):
            shares = "CLONE_THREAD" in text or "CLONE_FILES" in text
            self.processes[str(result)] = process if shares else _Process(process.cwd, dict(process.files))
        elif name in ("chdir", "fchdir"):
            process.cwd = self._path(process, arguments[0]) if name == "chdir" else _descriptor(arguments[0])[1]
        elif name in ("open", "openat", "creat"):
            yield from self._open(process, name, arguments, result, make)
        elif name == "close":
            process.files.pop(_descriptor(arguments[0])[0], None)
        elif name.startswith("dup") or (name == "fcntl" and "F_DUPFD" in text):
            if found := process.files.get(_descriptor(arguments[0])[0]):
                process.files[result] = found
            else:
                process.files.pop(result, None)
        elif name == "lseek":
            if found := process.files.get(_descriptor(arguments[0])[0]):
                found.position = result
        elif name in (
            "write",
            "pwrite64",
            "writev",
            "ftruncate",
            "sendfile",
            "copy_file_range",
            "pwritev",
            "pwritev2",
            "fallocate",
        ):
            yield from self._write(pid, process, name, arguments, text, result, make)
        elif name == "mmap":
            path = _descriptor(arguments[4])[1] if "<" in arguments[4] else ""
            if "MAP_SHARED" in arguments[3] and "PROT_WRITE" in arguments[2] and self._inside(path):
                yield make("mapped", self._relative(path))
        else:
            yield from self._names(process, name, arguments, make)

    def _open(self, process: _Process, name: str, arguments: list[str], result: int, make: "_Maker") -> Iterator[Change]:
        at, path, flags = ("", arguments[0], arguments[1]) if name != "openat" else (arguments[0], arguments[1], arguments[2])
        place = self._path(process, path, at)
        process.files.pop(result, None)
        if not any(flag in flags for flag in WRITING) or not self._inside(place):
            return
        place = self._relative(place)
        process.files[result] = _Open(place, 0, "O_APPEND" in flags)
        if "O_CREAT" in flags:
            yield make("create", place)
        if "O_TRUNC" in flags:
            yield make("truncate", place)

    def _write(
        self, pid: str, process: _Process, name: str, arguments: list[str], text: str, result: int, make: "_Maker"
    ) -> Iterator[Change]:
        number, path = _descriptor(arguments[2 if name == "copy_file_range" else 0])
        if number == 1 and name == "write" and pid == self.first:
            yield make("said", data=_decode(_TEXT.findall(text)[0]))
        if not self._inside(path):
            return
        found = process.files[number]
        if name == "ftruncate":
            yield make("truncate", self._relative(path), offset=int(arguments[1]))
            return
        assert name in ("write", "pwrite64"), f"{name} on {path} is not understood"
        data = _decode(_TEXT.findall(text)[0])[:result]
        offset = int(arguments[3]) if name == "pwrite64" else -1 if found.appends else found.position
        if name == "write":
            found.position += result
        yield make("write", self._relative(path), offset=offset, data=data)

    def _names(self, process: _Process, name: str, arguments: list[str], make: "_Maker") -> Iterator[Change]:
        if name in ("fsync", "fdatasync", "syncfs"):
            path = _descriptor(arguments[0])[1]
            if path == self.top or self._inside(path):
                yield make("fsync" if name != "syncfs" else "syncfs", self._relative(path))
            return
        if name == "sync":
            yield make("syncfs")
            return
        paths = self._paths(process, name, arguments)
        inside = [self._inside(path) for path in paths]
        if not any(inside):
            return
        relative = [self._relative(path) for path in paths]
        assert all(inside) or name.startswith("symlink"), f"{name} leaves the folder: {paths}"
        if name in ("unlink", "rmdir", "unlinkat"):
            yield make("unlink", relative[0])
        elif name.startswith("mkdir"):
            yield make("mkdir", relative[0])
        elif name.startswith("rename"):
            yield make("exchange" if "RENAME_EXCHANGE" in arguments[-1] else "rename", *relative)
        elif name.startswith("link"):
            yield make("link", *relative)
        elif name.startswith("symlink"):
            # libgit2 tries whether links work, and removes the one that it made.
            yield make("create", relative[-1])
        else:
            raise AssertionError(f"{name} is not understood")

    def _paths(self, process: _Process, name: str, arguments: list[str]) -> list[str]:
        if name.endswith(("at", "at2")):
            pairs = [(arguments[0], arguments[1])] if name in ("unlinkat", "mkdirat") else []
            pairs = pairs or [(arguments[0], arguments[1]), (arguments[2], arguments[3])]
            return [self._path(process, path, at) for at, path in pairs]
        return [self._path(process, path) for path in arguments if path.startswith('"')]

    def _path(self, process: _Process, text: str, at: str = "") -> str:
        found = _TEXT.match(text)
        assert found is not None, text
        path = _decode(found[1]).decode("utf-8", "surrogateescape")
        base = process.cwd if not at or at.startswith("AT_FDCWD") else _descriptor(at)[1]
        parts: list[str] = []
        for part in (path if path.startswith("/") else f"{base}/{path}").split("/"):
            if part == "..":
                parts.pop()
            elif part not in ("", "."):
                parts.append(part)
        return "/" + "/".join(parts)

    def _inside(self, path: str) -> bool:
        return path.startswith(f"{self.top}/")

    def _relative(self, path: str) -> str:
        return path[len(self.top) + 1 :]


@dataclass(frozen=True, slots=True)
class _Maker:
    began: int
    ended: int

    def __call__(self, kind: str, path: str = "", other: str = "", *, offset: int = 0, data: bytes = b"") -> Change:
        return Change(kind, path, other, offset, data, self.began, self.ended)


def _descriptor(text: str) -> tuple[int, str]:
    """(number, path) of `3<path>`; no path where the file was unlinked meanwhile: its bytes are nobody's."""
    found = _DESCRIPTOR.match(text)
    assert found is not None, text[:200]
    number = -100 if found[1] == "AT_FDCWD" else int(found[1])
    return number, "" if found[0].endswith("(deleted)") else _decode(found[2]).decode("utf-8", "surrogateescape")


def _decode(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
