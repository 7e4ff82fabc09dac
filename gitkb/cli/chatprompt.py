"""Where the lines of a conversation come from: a prompt with history and completion on a terminal, a pipe otherwise.

Invariant: prompt_toolkit is loaded for a terminal only. Ctrl-C empties the line, Ctrl-D ends the conversation. The history is the
user's alone and stays in `.git/gitkb`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gitkb.cli import terminal

if TYPE_CHECKING:
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document
    from prompt_toolkit.history import History

MOST_COMPLETIONS = 200


def is_terminal() -> bool:
    """Whether a person sits there."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def lines(history: Path, commands: Sequence[str], names: Callable[[], Sequence[str]]) -> Iterator[str]:
    """The lines that are typed or come through a pipe, stripped, without empty ones, until the end."""
    found = _typed(history, commands, names) if is_terminal() else _piped()
    yield from (line for each in found if (line := each.strip()))


def _piped() -> Iterator[str]:
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "replace")


def _typed(history: Path, commands: Sequence[str], names: Callable[[], Sequence[str]]) -> Iterator[str]:
    from prompt_toolkit import PromptSession

    session: PromptSession[str] = PromptSession(
        history=_history(history), completer=_completer(commands, names), complete_while_typing=False, complete_in_thread=True
    )
    while True:
        try:
            yield session.prompt("> ")
        except KeyboardInterrupt:
            continue
        except EOFError:
            return


def _history(file: Path) -> History:
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    try:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), 0o600))
    except OSError as error:
        terminal.say(f"What you type is not remembered: {file}: {error.strerror}.")
        return InMemoryHistory()
    return FileHistory(file)


def _completer(commands: Sequence[str], names: Callable[[], Sequence[str]]) -> Completer:
    """Completes commands, files after /add, and elsewhere the names of documents and pages."""
    from prompt_toolkit.completion import Completer, Completion, PathCompleter
    from prompt_toolkit.document import Document

    files, known = PathCompleter(expanduser=True), _Names(names)

    class Completing(Completer):
        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
            text = document.text_before_cursor
            word = text.rpartition(" ")[2]
            if text.startswith("/") and " " not in text:
                yield from (Completion(name, -len(text)) for name in commands if name.startswith(text))
            elif text.startswith("/add "):
                yield from files.get_completions(Document(word, len(word)), complete_event)
            elif word:
                yield from (Completion(name, -len(word)) for name in known.like(word))

    return Completing()


class _Names:
    """The names, asked for when the first one is completed."""

    def __init__(self, ask: Callable[[], Sequence[str]]) -> None:
        self._ask = ask
        self._known: Sequence[str] | None = None

    def like(self, word: str) -> Iterator[str]:
        if self._known is None:
            self._known = self._ask()
        wanted = word.casefold()
        found = sorted(
            (name for name in self._known if wanted in name.casefold()), key=lambda name: not name.casefold().startswith(wanted)
        )
        yield from found[:MOST_COMPLETIONS]
