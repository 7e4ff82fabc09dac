"""Estimates the calls and tokens that an `add` would need from a model, without asking it.

Invariant: documents are converted (and the conversions kept), nothing is committed and no server is contacted. Replies that are
in the cache cost nothing and are counted apart. Requests for pages cannot be counted before the documents are in.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from gitkb.errors import ConversionError
from gitkb.intake.prepare.document import Job, Prepared
from gitkb.intake.prepare.model_rounds import MAX_ROUNDS, Fetch
from gitkb.intake.prepare.pool import Pool
from gitkb.llm.budget import estimated_tokens
from gitkb.llm.requests import Replies, Request
from gitkb.model.usage import Estimate

REPLY_SHARE = 0.25
"""Of the tokens of a part of a document, how many its digest has; a rough experience, bounded by the request's limit."""

DESCRIPTION_TOKENS = 150
"""Of the description of a picture, roughly."""


def estimate(pool: Pool, jobs: Sequence[Job], replies: Replies, fetch: Fetch | None = None) -> Estimate:
    """The sum over all jobs; they run in parallel like those of an `add`. `fetch` brings originals that are no files."""
    total = Estimate()

    def fetched(job: Job) -> Prepared:
        try:
            return pool.run(fetch(job) if fetch else job)
        except ConversionError as error:
            return Prepared(job.document, error=error.message, hint=error.hint)

    first = pool.prepare(jobs, fetched)
    for job, prepared in zip(jobs, first, strict=True):
        total += _of_document(pool, job, prepared, replies)
    return total


def _of_document(pool: Pool, job: Job, prepared: Prepared, replies: Replies) -> Estimate:
    """Goes on with known replies as far as they lead. A document with pictures that are still to be described is also counted as
    if it had none: what they show lengthens its text by little."""
    known = 0
    for _ in range(MAX_ROUNDS):
        if prepared.error:
            return Estimate(failed=1)
        answers = {request.key: reply.text for request in prepared.requests if (reply := replies.get(request)) is not None}
        known += len(answers)
        missing = [request for request in prepared.requests if request.key not in answers]
        if missing and missing[0].picture_tokens:
            rest = _of_document(pool, blind := replace(job, blind=True), pool.run(blind), replies)
            return _of_pictures(missing, prepared.more, known) + (Estimate(documents=1) if rest.failed else rest)
        if missing or not prepared.requests:
            return _sum(prepared.requests, missing, known)
        job = replace(job, replies={**job.replies, **answers})
        prepared = pool.run(job)
    return Estimate(documents=1, known=known)


def _of_pictures(missing: Sequence[Request], more: int, known: int) -> Estimate:
    """The questions about pictures; so many `more` will be like these."""
    each = len(missing) + more
    tokens = sum(estimated_tokens(request) - request.max_tokens for request in missing) * each // len(missing)
    return Estimate(calls=each, known=known, tokens_in=tokens, tokens_out=DESCRIPTION_TOKENS * each)


def _sum(requests: Sequence[Request], missing: Sequence[Request], known: int) -> Estimate:
    tokens = [estimated_tokens(request) - request.max_tokens for request in missing]
    replied = [min(request.max_tokens, int(REPLY_SHARE * count)) for request, count in zip(missing, tokens, strict=True)]
    # Of a document in several parts the digests are read together once more.
    united = 1 if len(requests) > 1 else 0
    return Estimate(
        documents=1,
        calls=len(missing) + united,
        known=known,
        tokens_in=sum(tokens) + united * sum(replied),
        tokens_out=sum(replied) + united * min(sum(replied), requests[0].max_tokens if requests else 0),
    )
