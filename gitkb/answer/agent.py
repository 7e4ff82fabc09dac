"""Lets a model answer: it reads with tools for some rounds, then writes; its words are cleaned and passed on as they come.

Invariant: rounds, calls of a round and what is read are bounded. Words that only introduce tool calls are no part of the answer.
No lock is held. A server that cannot call tools gets one request with the passages that search found.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gitkb.answer.citations import Citations
from gitkb.answer.cleaning import Cleaner
from gitkb.answer.prompt import CHARACTERS_PER_TOKEN, asking, earlier, instructions
from gitkb.answer.tools import SPENT, TOOLS, Reader
from gitkb.answer.values import AnswerListener, AnswerModel, Said
from gitkb.compile.client.conversation import Turn
from gitkb.errors import ModelFailure, ToolsUnsupported

MAX_ROUNDS = 16
MAX_CALLS = 8
MOST_READ = 240_000
_READING_SHARE = 0.5
_INTRODUCTION = 240
"""Characters of a turn that are held back while it may still turn out to be no more than "Let me look that up."."""


def readable(context_tokens: int) -> int:
    """How many characters one answer may read from the knowledge base."""
    return min(MOST_READ, int(context_tokens * CHARACTERS_PER_TOKEN * _READING_SHARE))


@dataclass
class Speech:
    """Passes a model's words on, cleaned; `text` is all of them."""

    cleaner: Cleaner
    listener: AnswerListener
    text: str = ""
    _held: str = ""
    _open: bool = False

    def hear(self, piece: str) -> None:
        """More of a turn."""
        self._held += piece
        if self._open or len(self._held) > _INTRODUCTION or "\n\n" in self._held.strip():
            self._open = True
            self._release()

    def end(self, *, calls: bool) -> None:
        """The end of a turn: a short one that ends in calls was no answer."""
        if calls and not self._open:
            self._held = ""
        elif calls:
            self._held += "\n\n"
        self._release()
        self._open = False

    def close(self) -> None:
        """The end of the answer."""
        self._say(self.cleaner.close().rstrip())

    def _release(self) -> None:
        held, self._held = self._held, ""
        self._say(self.cleaner.feed(held))

    def _say(self, shown: str) -> None:
        shown = shown if self.text else shown.lstrip("\n")
        if shown:
            self.text += shown
            self.listener.text(shown)


@dataclass
class Agent:
    """One question to a model; `own` are the knowledge base's instructions, `passages` what search found for the question."""

    model: AnswerModel
    reader: Reader
    citations: Citations
    listener: AnswerListener
    own: str
    passages: str
    speech: Speech = field(init=False)

    def __post_init__(self) -> None:
        self.speech = Speech(Cleaner(self.citations), self.listener)

    def __call__(self, question: str, history: Sequence[Said]) -> bool:
        """Answers into `speech`; True where the model was stopped before its end. `ModelFailure` where it wrote nothing."""
        said = earlier(history, self.model.context_tokens * CHARACTERS_PER_TOKEN)
        self.citations.read("\n".join([question, *(turn.text for turn in said)]))
        try:
            cut = self._with_tools([instructions(self.own, tools=True), *said, asking(question, self.passages)])
        except ToolsUnsupported:
            self.listener.step(f"{self.model.name} cannot call tools; it answers from the passages that search found.")
            cut = self._turn([instructions(self.own, tools=False), *said, asking(question, self.passages)], tools=False).cut
        self.speech.close()
        if not self.speech.text.strip():
            reason = "before it had anything to say" if cut else f"after it had looked {self.reader.calls} times"
            raise ModelFailure(
                f"{self.model.name} ended {reason} without an answer.", "Ask again, or in other words; --no-model shows passages."
            )
        return cut

    def _with_tools(self, turns: list[Turn]) -> bool:
        for _ in range(MAX_ROUNDS):
            turn = self._turn(turns, tools=True)
            if not turn.calls:
                return turn.cut
            turns.append(turn)
            for number, call in enumerate(turn.calls):
                turns.append(Turn("tool", self.reader.answer(call) if number < MAX_CALLS else SPENT, call_id=call.id))
        self.reader.left = 0
        return self._turn([*turns, Turn("user", SPENT)], tools=True).cut

    def _turn(self, turns: Sequence[Turn], *, tools: bool) -> Turn:
        model = self.model
        turn = model.client.converse(model.name, turns, TOOLS if tools else (), self.speech.hear, model.max_output_tokens)
        self.speech.end(calls=bool(turn.calls))
        return turn
