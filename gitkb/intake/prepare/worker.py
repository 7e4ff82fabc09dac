"""A worker process: takes from itself all that no conversion needs, then makes one document after another.

Invariant: a worker holds no lock on the knowledge base and writes only below the scratch folder and the cache, so it may be
killed at any moment. What comes back is data, never code: the owner does not unpickle what a process that read hostile bytes
has written.

What is taken away cannot be had back in the process, and using it raises in the library that tried, so that one document fails.
It is a second wall: the converters ask for none of it, and a C library that a document has taken over is not held by it.
"""

import contextlib
import gc
import os
import pickle
import queue
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from gitkb.errors import ConversionError, EmptyDocument, GitkbError, is_out_of_memory
from gitkb.intake.prepare.document import Job, Prepared, Workshop, prepare
from gitkb.intake.prepare.typed_json import BEAT, dumps

_NEVER = frozenset(
    (
        "socket.connect socket.bind socket.getaddrinfo socket.gethostbyname socket.sendto socket.sendmsg urllib.Request "
        "subprocess.Popen os.system os.exec os.fork os.forkpty os.posix_spawn os.spawn pty.spawn os.startfile "
        "webbrowser.open ftplib.connect smtplib.connect"
    ).split()
)
_WRITES = {
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.mkdir": (0,),
    "os.rmdir": (0,),
    "os.link": (0, 1),
    "os.symlink": (1,),
    "os.chmod": (0,),
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def confine(folders: Sequence[Path]) -> None:
    """From now on this process only writes below the folders, and neither connects to anything nor starts a program."""
    tempfile.tempdir = str(folders[0])
    roots = tuple(os.path.join(os.path.realpath(folder), "") for folder in folders)  # noqa: PTH118

    def check(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _NEVER:
            raise PermissionError(1, "a document may neither reach the network nor start a program")
        if event == "open":
            paths = arguments[:1] if _opens_for_writing(arguments) else ()
        else:
            paths = tuple(arguments[number] for number in _WRITES.get(event, ()))
        for path in paths:
            if not _is_below(path, roots):
                raise PermissionError(1, "a document may not write outside of the run's folders")

    sys.addaudithook(check)


def _opens_for_writing(arguments: tuple[Any, ...]) -> bool:
    _path, mode, flags = arguments
    if isinstance(mode, str):
        return not set(mode).isdisjoint("wax+")
    return isinstance(flags, int) and bool(flags & _WRITING)


def _is_below(path: Any, roots: tuple[str, ...]) -> bool:
    if isinstance(path, int) or path is None:
        return True  # something open already
    name = os.fsdecode(path)
    return name == os.devnull or os.path.join(os.path.realpath(name), "").startswith(roots)  # noqa: PTH118


def main() -> None:
    """Serves jobs until the owner closes the pipe."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a library that prints must not disturb the answers
    incoming: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, incoming), daemon=True).start()
    shop, memory, lock, lifeline = incoming.get()
    _die_with_owner(lifeline)
    _hold(lock)
    limit_memory(memory)
    confine((shop.scratch, shop.cache))
    gc.set_threshold(100_000, 20, 20)  # a document makes many small objects that hardly ever form cycles

    def say(line: bytes) -> None:
        answers.write(line + b"\n")
        answers.flush()

    while True:
        say(dumps(_answer(incoming.get(), shop, partial(say, BEAT))))


def _listen(pipe: BinaryIO, incoming: "queue.SimpleQueue[Any]") -> None:
    """Passes on what the owner sends. When the owner is gone, this process ends at once, even in the middle of a job."""
    with contextlib.suppress(EOFError, pickle.UnpicklingError, OSError):
        while True:
            incoming.put(pickle.load(pipe))
    os._exit(0)


def _die_with_owner(lifeline: int) -> None:
    """Has the system end this process when the owner's end of a pipe closes: a converter deep in a library's C code may let no
    other thread run for hours. Where there is no such signal, `_listen` alone must do."""
    if sys.platform == "linux" and lifeline >= 0:
        import fcntl
        import select
        import signal

        signal.signal(signal.SIGIO, signal.SIG_DFL)
        # Opened anew: what is inherited is shared with the other workers, and its signal has one receiver.
        lifeline = os.open(f"/proc/self/fd/{lifeline}", os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
        if select.select([lifeline], [], [], 0)[0]:
            os._exit(0)


def _answer(job: Job, shop: Workshop, beat: Callable[[], None]) -> Prepared:
    """The boundary at which every failure of one document becomes its outcome."""
    try:
        return prepare(job, shop, beat)
    except ConversionError as error:
        exhausted, empty = is_out_of_memory(error.__cause__), isinstance(error, EmptyDocument)
        return Prepared(job.document, error=error.message, hint=error.hint, exhausted=exhausted, empty=empty)
    except GitkbError as error:
        return Prepared(job.document, error=error.message, hint=error.hint)
    except RecursionError:
        return Prepared(job.document, error="it is nested too deeply to be read.", hint=_OTHERWISE)
    except (MemoryError, SystemError, OSError) as error:
        if is_out_of_memory(error):
            return Prepared(job.document, error="it needs more memory than convert.memory allows.", hint=_RAISE, exhausted=True)
        reason = str(getattr(error, "strerror", None) or "no reason given").lower()
        return Prepared(
            job.document, error=f"a file could not be read or written while it was prepared: {reason}.", hint="Add it again."
        )
    except Exception:
        traceback.print_exc()
        return Prepared(job.document, error="gitkb stumbles over it, which is a mistake in gitkb.", hint=_OTHERWISE)


_RAISE = "Raise convert.memory in .gitkb/config.yaml if you trust the file."
_OTHERWISE = "Simplify it, or save it in another format, then add it again."


def _hold(lock: str) -> None:
    """Holds a shared lock until this process ends, so that recovery sees that a worker of the run still lives."""
    if os.name == "posix":
        import fcntl

        fcntl.flock(os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC), fcntl.LOCK_SH)


def limit_memory(limit: int) -> None:
    """Limits the address space where the system can. What the interpreter has mapped already does not count."""
    if os.name == "posix":
        import resource

        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (limit + _mapped(), limit + _mapped()))
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _mapped() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 512 * 1024**2


if __name__ == "__main__":
    main()
