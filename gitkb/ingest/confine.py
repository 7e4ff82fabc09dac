"""Takes from a worker process what no conversion needs: the network, other programs, and writing outside its folders.

Invariant: what is refused raises in the library that tried it, so that one document fails. This is a second wall: the converters
ask for none of it, and a C library that a document has taken over is not held by it. It cannot be undone in the process.
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
