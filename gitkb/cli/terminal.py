"""How words reach the terminal: `tell` for results on stdout, `say` and `complain` for messages on stderr.

Invariant: text that came out of a document, a file name or a repository cannot steer the terminal. Every line goes
through `printable`, which spells out control characters, escape sequences and marks that turn the writing direction.
"""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from io import TextIOWrapper

_STEERING = (
    [chr(n) for n in (*range(0x20), *range(0x7F, 0xA0))]
    + ["\u061c", "\u200e", "\u200f", "\u2028", "\u2029", "\ufeff"]
    + [chr(n) for n in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]
)
_SPELLED = {ord(c): c.encode("unicode_escape").decode("ascii") for c in _STEERING}
_SPELLED_LINES = {point: text for point, text in _SPELLED.items() if point not in (0x09, 0x0A)}


def printable(text: str, *, lines: bool = False) -> str:
    """The text with everything that steers a terminal spelled out as `\\x1b` and the like; `lines` keeps tabs and line ends."""
    cleaned = text.translate(_SPELLED_LINES if lines else _SPELLED)
    return cleaned.encode("utf-8", "backslashreplace").decode("utf-8")


def tell(line: str) -> None:
    """One line of a result on stdout."""
    sys.stdout.write(f"{printable(line)}\n")


def tell_text(text: str) -> None:
    """A text of several lines on stdout: as it is where a program reads it, made harmless on a terminal."""
    shown = printable(text, lines=True) if sys.stdout.isatty() else text
    sys.stdout.write(shown if shown.endswith("\n") else f"{shown}\n")


def tell_json(value: object, *, indent: int | None = None) -> None:
    """One JSON value on stdout, complete at once: a reader that follows the output sees whole lines."""
    import json

    ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    sys.stdout.write(f"{json.dumps(value, ensure_ascii=ascii_only, indent=indent)}\n")
    sys.stdout.flush()


def say(line: str) -> None:
    """One message for the person, on stderr. Where it cannot be written (a terminal that was closed, a full disk) the command
    goes on: what it does matters more than who watches."""
    with suppress(OSError):
        sys.stderr.write(f"{printable(line)}\n")
        sys.stderr.flush()


def say_aside(line: str) -> None:
    """A message that hardly matters, on stderr: dim on a terminal that can show that."""
    plain = not sys.stderr.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    if plain:
        say(line)
        return
    with suppress(OSError):
        sys.stderr.write(f"\x1b[2m{printable(line)}\x1b[22m\n")
        sys.stderr.flush()


def complain(message: str, hint: str = "") -> None:
    """An error and what to do next, on stderr, a line each; a parser's message over several lines becomes one."""
    say(f"error: {' '.join(line.strip() for line in message.splitlines())}")
    if hint:
        say(f"hint:  {hint}")


def agreed(question: str, *, default: bool = False) -> bool:
    """Asks on stderr and reads one line of stdin; an empty one is the default, anything else but yes is no. Nothing of it reaches
    stdout."""
    sys.stderr.write(f"{printable(question)} {'[Y/n]' if default else '[y/N]'} ")
    sys.stderr.flush()
    line = sys.stdin.readline().strip().lower()
    return line in ("y", "yes") or (default and not line)


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 document`, `1,204 documents`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(counts: Mapping[str, int]) -> str:
    """`21 new, 3 changed`: what is not zero, in the mapping's order; empty where all are."""
    return ", ".join(f"{number:,} {word}" for word, number in counts.items() if number)


def short(commit: str) -> str:
    """A commit's id as people read it."""
    return commit[:7]


def open_closed_streams() -> None:
    """Gives a program that was started without stdin, stdout or stderr (`<&-`) the empty device in their place, as git does: else
    the next file that it opens would be taken for one of them."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is not None:
            continue
        found = os.open(os.devnull, os.O_RDWR)
        try:
            os.fstat(number)
        except OSError:
            os.dup2(found, number)
        setattr(sys, name, open(found, mode, encoding="utf-8"))  # noqa: SIM115


def never_fail_on_encoding() -> None:
    """A name that the terminal's encoding lacks is spelled out; it must not end a run half-way."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
