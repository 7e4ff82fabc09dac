"""The one place where an error becomes words on stderr and an exit code.

Invariant: whatever happens below, stdout holds results only, and the exit code is one of `ExitCode`. A traceback is shown only
for a fault of gitkb itself, and only with -v.
"""

import errno
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import TextIO

import typer

from gitkb.cli import terminal
from gitkb.cli.interrupts import Terminated, stoppable
from gitkb.errors import ExitCode, GitkbError

_SPACE = "Free some space on that disk, then run the command again: it goes on where it stopped."
_RIGHTS = "Look at who may write there (ls -ld), then run the command again: it goes on where it stopped."
_FILES = "Let the process open more files (ulimit -n 4096), then run the command again: it goes on where it stopped."
_REMEDIES = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EROFS: _RIGHTS,
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.EIO: "The disk, or the way to it, fails: look at the system's log (dmesg), then run the command again.",
}


Program = Callable[..., object]


def run(arguments: Sequence[str], load: Callable[[], Program]) -> int:
    """Runs one command line (without the program's name) on the program that `load` returns, and returns its exit code."""
    terminal.open_closed_streams()
    code = _ended(arguments, load)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            _forget(stream)
    return code


def _ended(arguments: Sequence[str], load: Callable[[], Program]) -> int:
    terminal.never_fail_on_encoding()
    verbose = any(argument == "--verbose" or re.fullmatch("-v+", argument) for argument in arguments)
    try:
        code = _invoke(arguments, load)
        sys.stdout.flush()
        return code
    except (KeyboardInterrupt, typer.Abort):
        return ExitCode.INTERRUPTED
    except Terminated as stop:
        if not stop.hung_up:
            return ExitCode.TERMINATED
        _forget(sys.stdout)
        _forget(sys.stderr)
        return ExitCode.HUNG_UP
    except GitkbError as error:
        terminal.complain(error.message, error.hint)
        _trace(error, verbose and error.__cause__ is not None)
        return error.exit_code
    except typer.TyperException as error:
        return _usage(error)
    except BrokenPipeError:
        _forget(sys.stdout)
        return ExitCode.ERROR
    except OSError as error:
        terminal.complain(_os_reason(error), _os_remedy(error))
        _trace(error, verbose)
        return ExitCode.ERROR
    except Exception as error:  # the boundary: a fault of gitkb itself is reported, never shown as a bare traceback
        return _fault(error, verbose)


def _invoke(arguments: Sequence[str], load: Callable[[], Program]) -> int:
    with stoppable():
        result = load()(args=list(arguments) or ["--help"], prog_name="gitkb", standalone_mode=False)
    return result if isinstance(result, int) else ExitCode.OK


def _usage(error: typer.TyperException) -> int:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "gitkb"
    terminal.complain(error.format_message(), f"{command} --help says how it is called.")
    return error.exit_code


def _os_reason(error: OSError) -> str:
    reason = (error.strerror or str(error)).lower()
    if error.filename is None:
        return f"The system refused: {reason}."
    target = f" -> {error.filename2}" if error.filename2 is not None else ""
    return f"{error.filename}{target}: {reason}."


def _os_remedy(error: OSError) -> str:
    """What to do about an error of the system; nothing that was committed is lost by any of them."""
    return _REMEDIES.get(error.errno or 0, "Look at that file and its folder, then run the command again.")


def _fault(error: Exception, verbose: bool) -> int:
    report = "Please report it; gitkb help troubleshooting says what to send."
    message = f"gitkb failed where it should not have: {type(error).__name__}: {error}."
    terminal.complain(message, report if verbose else f"Try it again with -v. {report}")
    _trace(error, verbose)
    return ExitCode.ERROR


def _trace(error: BaseException, wanted: bool) -> None:
    if wanted:
        import traceback

        sys.stderr.write("".join(traceback.format_exception(error)))


def _forget(stream: TextIO) -> None:
    """Lets the interpreter's last flush go nowhere: nobody reads it, or the disk is full, and that was said where it can be."""
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, stream.fileno())
    finally:
        os.close(sink)
