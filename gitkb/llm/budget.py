"""The tokens that a run may spend, and what it has spent.

Invariant: what was spent and what the requests under way may still cost (their estimates) never exceed the limit together. A
request that would exceed it waits while others are under way, whose true cost may leave room; when none is, it is not sent.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from gitkb.errors import BudgetSpent
from gitkb.llm.requests import Request
from gitkb.model.usage import Usage

_BYTES_PER_TOKEN = 3


def estimated_tokens(request: Request) -> int:
    """The most tokens that a request is expected to cost, in and out; deliberately high."""
    text = tokens_in_text(request.schema, *(message.text for message in request.messages))
    return text + request.picture_tokens + request.max_tokens


def tokens_in_text(*texts: str) -> int:
    """The tokens of some texts, from their bytes: about 4 for an English token, 3 for a Chinese or Japanese character."""
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) // _BYTES_PER_TOKEN + 1


class Budget:
    """Counts for many threads; `limit` 0 is no limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._reserved = 0
        self._spent = Usage()
        self._tokens = 0
        self._changed = threading.Condition()

    @property
    def spent(self) -> Usage:
        """What was asked so far, with the tokens that the server counted."""
        with self._changed:
            return self._spent

    def has_room(self, tokens: int) -> bool:
        """Whether so many tokens may still be spent."""
        with self._changed:
            return self._fits(tokens)

    def count(self, usage: Usage, tokens: int = 0) -> None:
        """Adds what was asked, and the tokens that it cost, counted or estimated."""
        with self._changed:
            self._spent += usage
            self._tokens += tokens
            self._changed.notify_all()

    @contextmanager
    def reserved(self, tokens: int) -> Iterator[None]:
        """Holds the estimate of one request while it is under way; `BudgetSpent` where there is no room for it."""
        with self._changed:
            self._changed.wait_for(lambda: self._fits(tokens) or not self._reserved)
            if not self._fits(tokens):
                raise BudgetSpent(*self._refusal(tokens))
            self._reserved += tokens
        try:
            yield
        finally:
            with self._changed:
                self._reserved -= tokens
                self._changed.notify_all()

    def _fits(self, tokens: int) -> bool:
        return not self._limit or self._tokens + self._reserved + tokens <= self._limit

    def _refusal(self, tokens: int) -> tuple[str, str]:
        return (
            f"The next request may cost {tokens:,} tokens; {self._tokens:,} of {self._limit:,} are spent.",
            "Run it again to go on, with a larger --max-tokens where that was too small; what was answered is not asked again.",
        )
