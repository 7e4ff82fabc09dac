"""What an answer is, a conversation of answers, and who hears an answer while it comes: plain data."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.model.usage import Usage

_OPENING = 80


class Citation(Struct, frozen=True, omit_defaults=True):
    """A link of an answer that exists: `path` below wiki/ with its `anchor`, the page's `title`, the words of the link (`place`),
    and the document it belongs to, "" for pages of no one document. `kb` is its knowledge base where several were asked."""

    title: str
    path: str
    anchor: str
    document: str
    place: str
    kb: str = ""


class Asked(Struct, frozen=True):
    """One of several knowledge bases that were asked, and the commit that was read."""

    kb: str
    commit: str


class Said(Struct, frozen=True):
    """An earlier question of a conversation and its answer."""

    question: str
    answer: str


class Quoted(Struct, frozen=True):
    """A sentence of an answer with the words that bear it out, and the place where they stand: a link as seen from wiki/."""

    sentence: str
    words: str
    place: str


class Answer(Struct, frozen=True):
    """What is known of a question at a commit: Markdown with links as seen from wiki/. Where several knowledge bases were asked
    they are in `kbs`, `commit` is "", and links begin with the name of their knowledge base.

    `model` is who wrote it, "" where the text is passages that search found; `removed` are the targets of links that were taken
    out because they do not exist, `cut` says that the model was stopped before its end, and `cut_by` why: "length" for the limit
    of its tokens, else the server's word. `unsupported` are the sentences that the places which they cite do not bear out,
    `quotes` the words that bear out the others.
    """

    question: str
    text: str
    commit: str
    model: str = ""
    citations: tuple[Citation, ...] = ()
    removed: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    cut: bool = False
    cut_by: str = ""
    unsupported: tuple[str, ...] = ()
    quotes: tuple[Quoted, ...] = ()
    kbs: tuple[Asked, ...] = ()


class Saved(Struct, frozen=True):
    """A saved answer: the page's path in the repository, the branch and its tip; `new` is False where it stood there already."""

    path: str
    branch: str
    commit: str
    new: bool


class ChatTurn(Struct, frozen=True):
    """One question and its answer at a commit; `model` is "" for passages, `stopped` says that a person stopped it. `time` is ISO
    8601."""

    question: str
    answer: str
    model: str
    commit: str
    time: str
    stopped: bool = False


class Chat(Struct, frozen=True):
    """A conversation; without turns it has no file."""

    id: str
    turns: tuple[ChatTurn, ...] = ()

    def after(self, answer: Answer, *, stopped: bool = False) -> Chat:
        """The conversation with one more turn."""
        turn = ChatTurn(
            answer.question,
            answer.text,
            answer.model,
            answer.commit,
            datetime.now(UTC).isoformat(timespec="seconds"),
            stopped or answer.cut,
        )
        return replace(self, turns=(*self.turns, turn))

    @property
    def opening(self) -> str:
        """The first question on one line, shortened to 80 characters."""
        question = " ".join(self.turns[0].question.split()) if self.turns else ""
        return question if len(question) <= _OPENING else f"{question[: _OPENING - 3]}..."

    @property
    def last(self) -> Answer | None:
        """The last answer that came to its end."""
        ended = [turn for turn in self.turns if not turn.stopped]
        return Answer(ended[-1].question, ended[-1].answer, ended[-1].commit, ended[-1].model) if ended else None

    @property
    def said(self) -> tuple[Said, ...]:
        """What a model is told of it."""
        return tuple(Said(turn.question, turn.answer) for turn in self.turns)


class AnswerListener:
    """Hears an answer come; every method may be overridden. Called in the caller's thread."""

    def text(self, piece: str) -> None:
        """Some more of the answer: cleaned, so that it can be shown as it is."""

    def forget(self) -> None:
        """All text so far was no answer, but what the model thought; the answer begins now."""

    def step(self, what: str) -> None:
        """What is looked at now ("search  write-ahead log")."""
