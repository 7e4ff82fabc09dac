"""Takes one document from its bytes to its files: a worker process converts and digests it, a model answers in between.

Invariant: what a document contains is read in workers only; what a model says reaches them as data. Every answer is kept
before it is used, so a document that is given again asks nothing twice.
"""

from collections.abc import Callable, Iterator, Sequence
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
            if prepared.private and self.careful and not agreed:
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
