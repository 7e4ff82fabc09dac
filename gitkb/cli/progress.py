"""The progress display of a run: prepared, committed, failed, rate and time left, then pages in the index; on a terminal only.

Invariant: while it is shown, every line for the person goes through `Display.say`, which prints above it; it leaves nothing
behind when it ends. rich is imported when a terminal is there, never otherwise.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from gitkb.cli import terminal

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from gitkb.model.listener import Batching, Indexing, Progress, Talking


_FEW_PAGES = 300
"""So many pages are in the index before a person could read that they are put there."""
_SETTLED = 1.0
_MINUTES = 120


class Display(Struct, frozen=True):
    """Where lines and counts of a run go, and how a person is asked meanwhile."""

    say: Callable[[str], None]
    advance: Callable[[Progress], None] | None = None
    tell: Callable[[Talking], None] | None = None
    index: Callable[[Indexing], None] | None = None
    wait: Callable[[Batching], None] | None = None
    agreed: Callable[[str], bool] = terminal.agreed


@contextmanager
def display(quiet: bool = False) -> Iterator[Display]:
    """A display for one run: a live one where stderr is a terminal, plain lines otherwise or when `quiet`."""
    if quiet or not sys.stderr.isatty():
        yield Display(terminal.say)
        return
    bar = _bar()
    with bar:
        task = bar.add_task("", total=None, visible=False, doing="preparing", counts="", pace="", talk="")
        yield Display(_say_above(bar), _advance(bar, task), _tell(bar, task), _index(bar, task), _wait(bar, task), _ask(bar))


def _bar() -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    fields = ("  {task.fields[doing]}", "{task.fields[counts]}", "  {task.fields[pace]}{task.fields[talk]}")
    doing, counts, pace = map(TextColumn, fields)
    columns = (doing, BarColumn(), counts, pace)
    return Bar(*columns, console=Console(stderr=True), transient=True)


def _say_above(bar: Bar) -> Callable[[str], None]:
    def say(line: str) -> None:
        bar.console.print(terminal.printable(line), markup=False, highlight=False, emoji=False, soft_wrap=True)

    return say


def _ask(bar: Bar) -> Callable[[str], bool]:
    """Asks in place of the display, which comes back when there is an answer."""

    def ask(question: str) -> bool:
        bar.stop()
        try:
            return terminal.agreed(question)
        finally:
            bar.start()

    return ask


def _tell(bar: Bar, task: TaskID) -> Callable[[Talking], None]:
    def tell(event: Talking) -> None:
        bar.update(task, talk=talk(event))

    return tell


def talk(event: Talking) -> str:
    """`   4 questions, 2,310 tokens, 38.2/s`: what models say now; empty where none is asked."""
    if not event.asked:
        return ""
    questions = terminal.counted(event.asked, "question")
    return f"   {questions}, {event.tokens:,} tokens, {event.rate:.1f}/s"


def _wait(bar: Bar, task: TaskID) -> Callable[[Batching], None]:
    def wait(event: Batching) -> None:
        bar.update(task, talk=held(event), visible=bool(event.batches) or bar.tasks[0].total is not None)

    return wait


def held(event: Batching) -> str:
    """`   1 batch: 310 of 2,400 questions answered`: what waits at the server; empty where nothing does."""
    if not event.batches:
        return ""
    batches = terminal.counted(event.batches, "batch", "batches")
    return f"   {batches}: {event.answered:,} of {terminal.counted(event.questions, 'question')} answered"


def _advance(bar: Bar, task: TaskID) -> Callable[[Progress], None]:
    def advance(event: Progress) -> None:
        elapsed = next(each.elapsed for each in bar.tasks if each.id == task) or 0.0
        bar.update(
            task,
            total=event.total,
            completed=event.prepared,
            counts=f"{event.prepared}/{event.total}   committed {event.committed}   failed {event.failed}",
            pace=pace(event, elapsed),
            visible=event.total > 0,
        )

    return advance


def _index(bar: Bar, task: TaskID) -> Callable[[Indexing], None]:
    def index(event: Indexing) -> None:
        bar.update(
            task,
            total=event.pages,
            completed=event.done,
            visible=event.pages > _FEW_PAGES,
            doing="indexing",
            counts=f"{event.done}/{event.pages} pages",
            pace="",
            talk="",
        )

    return index


def pace(event: Progress, elapsed: float) -> str:
    """`9.4/s   about 1 min left`, over the whole run so far; empty while a second has told too little."""
    if elapsed < _SETTLED or not event.prepared:
        return ""
    rate = event.prepared / elapsed
    left = (event.total - event.prepared) / rate
    about = f"{left:.0f} s" if left < _MINUTES else f"{left / 60:.0f} min"
    return f"{rate:.1f}/s   about {about} left"
