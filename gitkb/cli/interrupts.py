"""Ctrl-C and SIGTERM: the first one unwinds the command so that it clears up, a second one ends the process at once.

Invariant: handlers are restored when the command has ended. A signal that the caller had ignored stays ignored (a shell does
that for jobs in the background, `nohup` for everything).
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from gitkb.cli import terminal

_Handler = Callable[[int, FrameType | None], Any] | int | None


class Terminated(BaseException):
    """SIGTERM arrived; no `Exception`, so that nothing on the way takes it for a failed document."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Within it SIGINT raises `KeyboardInterrupt` and SIGTERM `Terminated`, both in the main thread and once only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[signal.Signals, _Handler] = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, _stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def resumable() -> Iterator[None]:
    """Around a command that writes: when it is stopped, says what is kept and how to go on."""
    try:
        yield
    except (KeyboardInterrupt, Terminated):
        terminal.say("Stopped. What was committed is kept and nothing is half done; the same command goes on from there.")
        raise


def _stop(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise Terminated
