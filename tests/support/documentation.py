"""What tests of the README and the guide share: the pages, the commands that stand in them, and a place where these run.

A fenced block after the line `<!-- session -->` is a session: its commands run, one page's in order, and print what stands there.
Commit ids, dates, seconds and what `...` leaves out may differ. All other commands are held against the program's own parser.
"""

import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer
import typer.main

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "gitkb" / "guide"
SAMPLES = ROOT / "tests" / "data" / "documents"
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted(GUIDE.glob("*.md")))
}
PERSON = {
    "GIT_AUTHOR_NAME": "Ada Tester",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada Tester",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}
_BLOCK = re.compile(r"(?:^<!-- (?P<marker>[a-z ]+) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_VARIES = (
    (re.compile(r"\b[0-9a-f]{7,40}\b"), "ID"),  # one in a thousand has no digit
    (re.compile(r"\b20\d\d-\d\d-\d\d(T[0-9:]+Z)?"), "DATE"),
    (re.compile(r"\b\d+\.\d s\b"), "SECONDS"),
    (re.compile(r'("score"): [0-9.]+'), r"\1: SCORE"),
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: the marker in the comment before it, its language and its text."""

    marker: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """A command of a session and what is said to be printed."""

    command: str
    output: str


def blocks(text: str) -> list[Block]:
    return [Block(found["marker"] or "", found["language"], found["text"]) for found in _BLOCK.finditer(text)]


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return _BLOCK.sub("", text)


def block(text: str, marker: str) -> str:
    """The text of the one block with this marker."""
    (found,) = (each.text for each in blocks(text) if each.marker == marker)
    return found


def steps(text: str) -> list[Step]:
    """The commands of all sessions of a page, in order."""
    found = "".join(each.text for each in blocks(text) if each.marker == "session")
    return [Step(*part.partition("\n")[::2]) for part in re.split(r"^\$ ", found, flags=re.MULTILINE)[1:]]


def command_lines(text: str) -> Iterator[str]:
    """Every line of the page's blocks that is typed into a shell."""
    for each in blocks(text):
        if each.language == "sh":
            yield from (line for line in each.text.replace("\\\n", " ").splitlines() if line.strip())
        elif each.language == "console":
            yield from (line.removeprefix("$ ") for line in each.text.splitlines() if line.startswith("$ "))


def calls(line: str) -> Iterator[list[str]]:
    """The arguments of each call of gitkb in a line of a shell."""
    words = shlex.shlex(line, posix=True, punctuation_chars="&|;<>")
    words.whitespace_split, words.commenters = True, "#"
    command: list[str] = []
    for word in [*words, ";"]:
        if set(word) <= set("&|;<>"):
            if command and Path(command[0]).name == "gitkb":
                yield command[1:]
            command = []
        else:
            command.append(word)


def parser() -> Any:
    """The program's parser, with commands that do nothing."""
    from gitkb.cli.app import application

    group = typer.main.get_command(application)
    for option in group.params:
        option.callback = None
    for command in leaves(group).values():
        command.callback = lambda **_: None
    return group


def leaves(group: Any, prefix: str = "") -> dict[str, Any]:
    """Every command that people call, by its whole name: `hooks install`."""
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        if not command.hidden:
            found |= leaves(command, f"{prefix}{name} ") if hasattr(command, "commands") else {f"{prefix}{name}": command}
    return found


def options(command: Any) -> set[str]:
    """The options of a command as they are typed, long and short."""
    return {"-h", "--help"} | {name for each in command.params for name in each.opts if name.startswith("-")}


def varying(text: str) -> str:
    """The text with what differs from run to run made equal."""
    for pattern, word in _VARIES:
        text = pattern.sub(word, text)
    return text.strip()


def matches(output: str, said: str) -> bool:
    """Whether a command printed what the page says; a line `...` stands for any lines."""
    parts = re.split(r"^\.\.\.$", varying(said), flags=re.MULTILINE)
    return re.fullmatch(".*".join(re.escape(part) for part in parts), varying(output), re.DOTALL) is not None


@dataclass
class Shell:
    """Runs command lines as a person types them, in one folder after another; gitkb's own run in this process."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, line: str) -> str:
        """What the line printed, results and messages in the order in which they came."""
        words = shlex.split(line)
        if words[0] == "cd":
            self.folder /= words[1]
            return ""
        if words[0] != "gitkb":
            command = ["bash", "-euc", line]
            done = subprocess.run(
                command,
                cwd=self.folder,
                env={**os.environ, **self.environment},
                check=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
            )
            return done.stdout
        from gitkb.__main__ import run

        before = dict(os.environ)
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n", write_through=True)
        os.environ.update(self.environment)
        try:
            with chdir(self.folder), redirect_stdout(out), redirect_stderr(out):
                code = run(words[1:])
        finally:
            os.environ.clear()
            os.environ.update(before)
        text = out.buffer.getvalue().decode("utf-8")  # type: ignore[attr-defined]
        assert code in (0, 4), f"{line}\n{text}"
        return text


def python(code: str, folder: Path) -> str:
    """What a program of the guide prints."""
    environment = os.environ | PERSON | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout
