"""How an answer is shown while it comes: its words on stdout, what is looked at on stderr.

Invariant: stdout holds the answer and nothing else; whatever a model says cannot steer the terminal.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from gitkb.answer.values import AnswerListener
from gitkb.cli import terminal
from gitkb.cli.spending import spending

if TYPE_CHECKING:
    from gitkb.answer.values import Answer


class Showing(AnswerListener):
    """Prints the answer as it comes (`quiet`: not at all), and with `steps` what a model looks at; `said` is what came so far."""

    def __init__(self, *, quiet: bool = False, steps: bool = False) -> None:
        self.quiet, self.steps = quiet, steps
        self.ends_line = True
        self.said = ""

    def text(self, piece: str) -> None:
        self.said += piece
        if piece and not self.quiet:
            sys.stdout.write(terminal.printable(piece, lines=True))
            sys.stdout.flush()
            self.ends_line = piece.endswith("\n")

    def step(self, what: str) -> None:
        if self.steps:
            self.finish()
            terminal.say(f"  {what}")

    def finish(self) -> None:
        """Ends the last line where the answer did not."""
        if not self.ends_line:
            sys.stdout.write("\n")
            sys.stdout.flush()
            self.ends_line = True


def remarks(answer: Answer) -> list[str]:
    """What a person should know of an answer besides its words."""
    found = []
    if answer.removed:
        count = terminal.counted(len(answer.removed), "link")
        found.append(f"Left out {count} of the model to what is not there, or was not read.")
    if answer.model and answer.text and not answer.citations:
        found.append("The answer names no place in the knowledge base: check it before you rely on it.")
    if answer.cut:
        found.append("The answer was cut off at the limit of tokens; llm.max_output_tokens sets it, see: gitkb config")
    return found


def as_json(answer: Answer) -> dict[str, object]:
    """The answer for programs."""
    usage = spending(answer.usage)
    return {
        "question": answer.question,
        "answer": answer.text,
        "model": answer.model or None,
        "commit": answer.commit,
        "citations": [asdict(citation) for citation in answer.citations],
        "removed": list(answer.removed),
        "cut": answer.cut,
        "usage": {name: usage[name] for name in ("calls", "tokens_in", "tokens_out")},
    }
