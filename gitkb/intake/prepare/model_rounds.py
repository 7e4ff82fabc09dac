"""Takes one document from its bytes to its files: a worker process converts and digests it, a model answers in between.

Invariant: what a document contains is read in workers only; what a model says reaches them as data. Every answer is kept
before it is used, so a document that is given again asks nothing twice.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from gitkb.errors import BudgetSpent, ConversionError, ModelFailure, NotAsked, TooLong
from gitkb.intake.prepare.document import Job, Prepared
from gitkb.intake.prepare.pool import Pool
from gitkb.llm.requests import Reply, Request, usage_of

MAX_ROUNDS = 40
NOT_SENT = "It is not sent to a model elsewhere unless you say so: --yes, or llm.private: send."
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
                return replace(prepared, usage=usage_of(replies), notes=notes)
            if prepared.private and self.careful and not agreed and not self.client.knows(prepared.requests):
                self.pool.drop(job)
                return Prepared(job.document, error=f"it looks like {prepared.private}. {NOT_SENT}", private=prepared.private)
            try:
                answers = self.client.ask(prepared.requests)
            except BudgetSpent as error:
                self.pool.drop(job)
                why = f"{error.message} {error.hint}"
                return Prepared(job.document, error=TOO_FEW_TOKENS, usage=usage_of(replies), unaffordable=why)
            except TooLong as error:
                shorter = _shorter(job, error, max(request.size for request in prepared.requests))
                if shorter is None:
                    self.pool.drop(job)
                    return Prepared(job.document, error=error.message, hint=error.hint, usage=usage_of(replies))
                job = shorter
                continue
            except ModelFailure as error:
                self.pool.drop(job)
                asks = isinstance(error, NotAsked)
                return Prepared(job.document, error=error.message, hint=error.hint, usage=usage_of(replies), asks=asks)
            replies += answers
            known = {request.key: reply.text for request, reply in zip(prepared.requests, answers, strict=True)}
            job = replace(job, replies={**job.replies, **known})
        return Prepared(job.document, error="its parts asked the model for ever more.", hint="Please report it.")
