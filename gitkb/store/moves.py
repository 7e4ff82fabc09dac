"""Renames that never destroy what stands at the target: exchange, and move to a free name.

Linux and macOS do both in one system call; elsewhere each is made of steps that keep every file under some name.
"""

import ctypes
import errno
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

_AT_FDCWD = -100
_UNSUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})


@cache
def _system_rename() -> tuple[Any, int, int] | None:
    """(function on two encoded paths and a flag, flag for exchange, flag for no replacing), None where there is none."""
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "linux":
            rename = library.renameat2
            return (lambda old, new, flag: rename(_AT_FDCWD, old, _AT_FDCWD, new, ctypes.c_uint(flag))), 2, 1
        if sys.platform == "darwin":
            rename = library.renamex_np
            return (lambda old, new, flag: rename(old, new, ctypes.c_uint(flag))), 2, 4
    except (OSError, AttributeError, TypeError):
        return None
    return None


def _rename(old: Path, new: Path, exchange: bool) -> bool:
    """Whether the system did it; False where it cannot."""
    known = _system_rename()
    if known is None:
        return False
    function, exchange_flag, exclusive_flag = known
    # As Python's own os.rename does.
    sys.audit("os.rename", os.fspath(old), os.fspath(new), -1, -1)
    if function(os.fsencode(old), os.fsencode(new), exchange_flag if exchange else exclusive_flag) == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), str(old), None, str(new))


def move_new(source: Path, target: Path) -> None:
    """Give a file a free name; `FileExistsError` where something stands there."""
    if _rename(source, target, exchange=False):
        return
    os.link(source, target, follow_symlinks=False)
    source.unlink()


def exchange(one: Path, other: Path) -> None:
    """Let two files change names; afterwards `one` is what stood at `other`. `FileNotFoundError` where either is missing."""
    if _rename(one, other, exchange=True):
        return
    aside = one.with_name(one.name + ".aside")
    other.rename(aside)
    move_new(one, other)
    aside.rename(one)
