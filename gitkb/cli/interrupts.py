"""Ctrl-C, SIGTERM and a lost terminal: the first unwinds the command so that it clears up, a second ends the process at once.

Invariant: handlers are restored when the command has ended. A signal that the caller had ignored stays ignored (a shell does
that for jobs in the background, `nohup` for everything).
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from gitkb.cli import terminal
from gitkb.errors import STOP_SIGNALS

_Handler = Callable[[int, FrameType | None], Any] | int | None


class Terminated(BaseException):
    """SIGTERM or SIGHUP (`number`) arrived; no `Exception`, so that nothing on the way takes it for a failed document."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def hung_up(self) -> bool:
        """Whether the terminal is gone, and with it whoever could read a word."""
        return self.number != signal.SIGTERM


@contextmanager
def stoppable() -> Iterator[None]:
    """Within it SIGINT raises `KeyboardInterrupt`, SIGTERM and SIGHUP `Terminated`, all in the main thread and once only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[signal.Signals, _Handler] = {}
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, _stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def interruptible() -> Iterator[None]:
    """Within it every Ctrl-C raises `KeyboardInterrupt`, however many come: around what a person stops and then goes on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def resumable() -> Iterator[None]:
    """Around a command that writes: when it is stopped, says what is kept and how to go on."""
    try:
        yield
    except (KeyboardInterrupt, Terminated):
        with suppress(OSError):
            # A terminal that hung up takes no words.
            terminal.say("Stopped. What was committed is kept and nothing is half done; the same command goes on from there.")
        raise


def _stop(number: int, frame: FrameType | None) -> None:
    for each in STOP_SIGNALS:
        # Whichever comes second ends the process; what the caller had ignored stays ignored.
        if signal.getsignal(each) is _stop:
            signal.signal(each, signal.SIG_DFL)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise Terminated(number)
