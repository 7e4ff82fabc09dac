"""Takes one document from its bytes to its files: a worker process converts and digests it, a model answers in between.

Invariant: what a document contains is read in workers only; what a model says reaches them as data. Every answer is kept
before it is used, so a document that is given again asks nothing twice.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from gitkb.errors import BudgetSpent, ConversionError, GitkbError, ModelFailure, NoReply, NotAsked, PicturesUnsupported, TooLong
from gitkb.intake.prepare.document import Job, Prepared
from gitkb.intake.prepare.pool import Pool
from gitkb.llm.requests import Reply, Request, usage_of

MAX_ROUNDS = 40
NOT_SENT = "It is not sent to a model elsewhere unless you say so: --yes, or llm.private: send."
CUT = "only a part of the model's answer can be used, asked twice: {}. Rules fill what it lacks."
TOO_FEW_TOKENS = "what is left of --max-tokens does not suffice for it."


class Asked(Protocol):
    """Anything that answers requests: a model's client, or the cache of its replies alone."""

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        """The replies in order; `ModelFailure` or `BudgetSpent` where one is not to be had."""

    def knows(self, requests: Sequence[Request]) -> bool:
        """Whether all of them are answered already."""


class Rounds(Protocol):
    """Anything that gets many questions answered before they are asked one by one: batches at a server."""

    def known(self, requests: Sequence[Request]) -> dict[str, str] | None:
        """The replies by the keys of their requests, where all are known."""

    def round(self, questions: Iterable[Request]) -> bool:
        """Gets answers; False where there was none to wait for."""


_LEAST_CONTEXT = 1_500
_LETTERS_A_TOKEN = 3


def _shorter(job: Job, error: TooLong, letters: int) -> Job | None:
    """The job with its text in smaller parts, after a question of so many characters was too long for the model; None where it
    cannot be smaller."""
    before = job.context or letters // _LETTERS_A_TOKEN * 2
    context = min(error.limit or before, before) if not job.context else before // 2
    context = context if context < before else before // 2
    return replace(job, context=context) if context >= _LEAST_CONTEXT else None


def _answers(client: Asked, requests: Sequence[Request]) -> tuple[dict[str, Reply], dict[str, str]]:
    """The replies by the keys of their requests; and why pictures have none, of which a document can do without. Errors as of
    `Asked.ask`."""
    refused: dict[str, str] = {}
    while True:
        left = [request for request in requests if request.key not in refused]
        try:
            replies = client.ask(left)
            return {request.key: reply for request, reply in zip(left, replies, strict=True)}, refused
        except (NoReply, NotAsked):
            raise
        except ModelFailure as error:
            if not any(request.key == error.key and request.picture_tokens for request in left):
                raise
            refused[error.key] = error.message


def _otherwise(job: Job, error: GitkbError, requests: Sequence[Request]) -> Job | None:
    """The job as it may still be done after an error; None where it cannot."""
    if isinstance(error, PicturesUnsupported):
        return replace(job, blind=True)
    return _shorter(job, error, max(request.size for request in requests)) if isinstance(error, TooLong) else None


def _failed(job: Job, error: GitkbError, replies: Sequence[Reply]) -> Prepared:
    """What becomes of a document after an error."""
    usage = usage_of(replies)
    if isinstance(error, BudgetSpent):
        return Prepared(job.document, error=TOO_FEW_TOKENS, usage=usage, unaffordable=f"{error.message} {error.hint}")
    asks = isinstance(error, NotAsked)
    return Prepared(job.document, error=error.message, hint=error.hint, usage=usage, asks=asks)


Fetch = Callable[[Job], Job]
"""Brings the original of a job to where a worker can read it; raises `ConversionError` where it cannot."""


Illustrate = Callable[[Job, Sequence[str]], tuple[Job, tuple[str, ...]]]
"""Makes of a page's job one that has the pictures at these addresses, and says what of them is missing."""


class ModelRounds(Struct, frozen=True):
    """Prepares documents in rounds of worker and model.

    `client` asks the model, None for a compiler that asks nothing; `ahead` is how many documents may wait for it at once.
    `fetch` brings originals that are not files yet, `illustrate` the pictures that a page shows. `careful`: documents that are
    likely private are not sent; the result says of which kind they are.
    """

    pool: Pool
    client: Asked | None = None
    ahead: int = 0
    fetch: Fetch | None = None
    illustrate: Illustrate | None = None
    careful: bool = False

    def prepare(self, jobs: Sequence[Job]) -> Iterator[Prepared]:
        """The result of every job, in order, as they become ready."""
        return self.pool.prepare(jobs, self.run, self.pool.jobs + self.ahead)

    def answer_ahead(self, jobs: Sequence[Job], rounds: Rounds) -> None:
        """Has the questions about all documents answered, in as many rounds as the longest of them needs. Documents that are
        likely private are left out, and so is what fails: they are for `run`."""
        left = list(jobs)
        for _ in range(MAX_ROUNDS):
            asking: list[Job] = []
            if not rounds.round(self._questions(left, rounds, asking)):
                return
            left = asking

    def _questions(self, jobs: Sequence[Job], rounds: Rounds, asking: list[Job]) -> Iterator[Request]:
        """The open questions about the documents; `asking` gets the jobs that have some."""
        for job, prepared in zip(jobs, self.pool.prepare(jobs, partial(self._opened, rounds=rounds)), strict=True):
            if prepared.requests:
                asking.append(job)
                yield from prepared.requests

    def _opened(self, job: Job, rounds: Rounds) -> Prepared:
        """A document with its open questions, as far as known replies lead; its files are not kept."""
        first = job
        try:
            job = self.fetch(job) if self.fetch else job
            for _ in range(MAX_ROUNDS):
                prepared = self.pool.run(job)
                if prepared.pictures and self.illustrate is not None:
                    job, _notes = self.illustrate(job, prepared.pictures)
                    continue
                known = rounds.known(prepared.requests) if prepared.requests else None
                if known is None:
                    break
                job = replace(job, replies={**job.replies, **known})
            self.pool.drop(job)
            return Prepared(first.document, requests=() if prepared.private and self.careful else prepared.requests)
        except ConversionError:
            return Prepared(first.document)

    def run(self, job: Job, *, agreed: bool = False) -> Prepared:
        """Prepares one document. If the model fails for it, the document fails; if the model cannot be used at all, the error is
        raised. `agreed`: it may be sent, whatever it looks like."""
        replies: list[Reply] = []
        try:
            job = self.fetch(job) if self.fetch else job
        except ConversionError as error:
            return Prepared(job.document, error=error.message, hint=error.hint)
        notes: tuple[str, ...] = ()
        for _ in range(MAX_ROUNDS):
            prepared = self.pool.run(job)
            if prepared.pictures and self.illustrate is not None:
                job, notes = self.illustrate(job, prepared.pictures)
                continue
            if not prepared.requests or self.client is None:
                return replace(prepared, usage=usage_of(replies), notes=(*notes, *prepared.notes))
            if self._keeps_back(prepared, agreed=agreed):
                self.pool.drop(job)
                return Prepared(job.document, error=f"it looks like {prepared.private}. {NOT_SENT}", private=prepared.private)
            try:
                answers, refused = _answers(self.client, prepared.requests)
            except (PicturesUnsupported, BudgetSpent, ModelFailure) as error:
                other = _otherwise(job, error, prepared.requests)
                if other is None:
                    self.pool.drop(job)
                    return _failed(job, error, replies)
                job = other
                continue
            replies += answers.values()
            notes = (*notes, *(CUT.format(reply.cut) for reply in answers.values() if reply.cut))
            known = {key: reply.text for key, reply in answers.items()} | dict.fromkeys(refused, "")
            notes = (*notes, *(f"a picture is not described: {reason}" for reason in refused.values()))
            job = replace(job, replies={**job.replies, **known})
        return Prepared(job.document, error="its parts asked the model for ever more.", hint="Please report it.")

    def _keeps_back(self, prepared: Prepared, *, agreed: bool) -> bool:
        """Whether a document that is likely private would be sent, and nobody agreed."""
        sends = self.client is not None and not self.client.knows(prepared.requests)
        return bool(prepared.private) and self.careful and not agreed and sends
