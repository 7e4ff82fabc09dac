"""The numbers of the on-disk formats: what each step from one to the next changes, and how an older file is read.

Invariant: every older format is read, step by step, as if it had been written today; a newer one is never guessed at, but an
error that names its number. The number of a knowledge base is that of its settings. A record, decision, overview or approval
carries the number of the step that last changed files of its kind, so a step that leaves a kind alone rewrites none of them.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from gitkb import __version__
from gitkb.errors import FormatError, NewerFormat

UPGRADE = "Upgrade gitkb (pip install --upgrade gitkb): a newer one wrote this."
_FORMAT_LINE = re.compile(r"^format:[ \t]*(?P<number>[0-9]+)", re.MULTILINE)
_MAX_SHOWN = 60


class Kind(StrEnum):
    """The kinds of JSON files that carry a format number."""

    RECORD = "record"
    DECISION = "decision"
    OVERVIEW = "overview"
    APPROVAL = "approval"
    SOURCE = "source"


class Step(Struct, frozen=True):
    """What leads to the format `number` from the one before: `what` says it in words, `files` what becomes of the data of each
    kind of file that changes, `settings` what becomes of the text of the settings (their number aside)."""

    number: int
    what: str
    files: Mapping[Kind, Callable[[dict[str, Any]], dict[str, Any]]] = field(default_factory=dict)
    settings: Callable[[str], str] | None = None


class Formats(Struct, frozen=True):
    """The formats that are read: 1, and one more for each step, in order."""

    steps: tuple[Step, ...] = ()

    @property
    def newest(self) -> int:
        """The number of the format that is written."""
        return 1 + len(self.steps)

    def number(self, kind: Kind) -> int:
        """The number that files of this kind carry."""
        return max((step.number for step in self.steps if kind in step.files), default=1)

    def since(self, number: int) -> tuple[Step, ...]:
        """The steps that lead on from a format."""
        return tuple(step for step in self.steps if step.number > number)

    def upgraded(self, kind: Kind, data: Any) -> dict[str, Any]:
        """A file's data as this version writes it. `NewerFormat` where it has a newer number, `FormatError` for none at all."""
        if not isinstance(data, dict):
            raise FormatError("an object is expected")
        number = _number(data.get("format"), self.number(kind))
        for step in self.since(number):
            data = step.files[kind](dict(data)) if kind in step.files else data
        return {**data, "format": self.number(kind)}

    def refuse_settings(self, number: object, where: str) -> int:
        """The number that settings say, or the error that names it: `NewerFormat`, `FormatError` where it is none."""
        try:
            return _number(1 if number is None else number, self.newest)
        except NewerFormat as error:
            raise NewerFormat(f"{where} says format {shown(number)}; {_reads(self.newest)}", error.hint) from None
        except FormatError:
            text = f"{where} says format {shown(number)}, which is no number of a format; {_reads(self.newest)}"
            raise FormatError(text, "Correct the file, or take it from git.") from None

    def settings(self, text: str, number: int) -> str:
        """The text of settings of the format `number` as this version reads them, their number aside."""
        for step in self.since(number):
            text = step.settings(text) if step.settings is not None else text
        return text

    def numbered(self, text: str) -> str:
        """The text of settings with the newest number; what else a person wrote stays as it is."""
        line = f"format: {self.newest}"
        return _FORMAT_LINE.sub(line, text, count=1) if _FORMAT_LINE.search(text) else f"{line}\n{text}"

    @contextmanager
    def naming(self, path: str, noun: str, hint: str) -> Iterator[None]:
        """Turns whatever is wrong with a file's data into a `FormatError` that names the file."""
        try:
            yield
        except NewerFormat as error:
            raise NewerFormat(f"{path} has a newer format: {error.message}", error.hint) from error
        except (FormatError, ValueError, RecursionError, LookupError, TypeError) as error:
            reason = error.message if isinstance(error, FormatError) else str(error) or type(error).__name__
            raise FormatError(f"{path} is not a valid {noun}: {reason}", hint) from error


def _number(number: object, newest: int) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise FormatError(f"it has format {shown(number)}; {_reads(newest)}")
    if number > newest:
        raise NewerFormat(f"it has format {number}; {_reads(newest)}", UPGRADE)
    return number


def _reads(newest: int) -> str:
    known = "format 1" if newest == 1 else f"formats 1 to {newest}"
    return f"this gitkb ({__version__}) reads {known}."


def made_by_newer(made: str, known: str) -> bool:
    """Whether a converter or compiler ("markdown/2", "gitkb-llm/1 gpt-4.1") is a newer version of the one known here, so that
    what it made must not be made again by this one."""
    (name, _, version), (own, _, known_version) = (text.partition(" ")[0].partition("/") for text in (made, known))
    return name == own and version.isdecimal() and known_version.isdecimal() and int(version) > int(known_version)


def shown(value: object) -> str:
    """A value that somebody else wrote, as it fits into a message."""
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


def canonical(data: Mapping[str, Any]) -> bytes:
    """Data as every JSON file of a knowledge base is written: sorted keys, one indented line a field."""
    return (json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


FORMATS = Formats((Step(2, "people's approvals of pages, and a note of which projection made the pages"),))
"""The formats of this version. Format 1 knew no approvals (it called them broken) and no number of the projection."""
