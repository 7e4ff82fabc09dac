"""Opens the files that are added, whatever they have become since they were found.

Invariant: opening never waits: a pipe or device that took a file's place is refused instead of read. Nothing is written.
"""

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

_REMEDIES = {
    errno.EACCES: " Check its permissions, or leave it out with --exclude.",
    errno.ENOENT: " It vanished after it was found.",
    errno.ENAMETOOLONG: " Move it into a folder that is not so deep.",
}


def open_document(file: Path) -> BufferedReader:
    """A regular file opened for reading; raises `OSError` for everything else."""
    descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def unreadable(error: OSError) -> str:
    """Why a file cannot be read, and what to do."""
    reason = (error.strerror or str(error)).lower()
    return f"it cannot be read: {reason}.{_REMEDIES.get(error.errno or 0, '')}"
