"""What a question is asked with and what an answer is, as plain data; and who hears it while it comes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gitkb.commands.answer.citations import Citation
from gitkb.model.results import Usage

if TYPE_CHECKING:
    from gitkb.llm.client import Client


@dataclass(frozen=True, slots=True)
class AnswerModel:
    """The model that answers: the client of its server, its name there, and how many tokens a prompt and an answer may have."""

    client: "Client"
    name: str
    context_tokens: int
    max_output_tokens: int


@dataclass(frozen=True, slots=True)
class Said:
    """An earlier question of a conversation and its answer."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of a question at a commit: Markdown with links as seen from wiki/.

    `model` is who wrote it, "" where the text is passages that search found; `removed` are the targets of links that were taken
    out because they do not exist, `cut` says that the model was stopped before its end.
    """

    question: str
    text: str
    commit: str
    model: str = ""
    citations: tuple[Citation, ...] = ()
    removed: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved answer: the page's path in the repository, the branch and its tip; `new` is False where it stood there already."""

    path: str
    branch: str
    commit: str
    new: bool


class AnswerListener:
    """Hears an answer come; every method may be overridden. Called in the caller's thread."""

    def text(self, piece: str) -> None:
        """Some more of the answer: cleaned, so that it can be shown as it is."""

    def step(self, what: str) -> None:
        """What is looked at now ("search  write-ahead log")."""


History = Sequence[Said]
