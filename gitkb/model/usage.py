"""What a model was asked, or would be, and what is kept of its replies: numbers of calls, tokens and entries."""

from msgspec import Struct, field


class Usage(Struct, frozen=True):
    """What a model was asked: `calls` made now, replies taken from the cache, tokens of the calls made now; of `uncounted` calls
    the server did not say how many tokens they took. `batch_in` and `batch_out` are those tokens that went through batches."""

    calls: int = 0
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    uncounted: int = 0
    batch_in: int = 0
    batch_out: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.calls + other.calls,
            self.cached + other.cached,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.uncounted + other.uncounted,
            self.batch_in + other.batch_in,
            self.batch_out + other.batch_out,
        )

    def since(self, before: "Usage") -> "Usage":
        """What was asked after `before`."""
        return Usage(
            self.calls - before.calls,
            self.cached - before.cached,
            self.tokens_in - before.tokens_in,
            self.tokens_out - before.tokens_out,
            self.uncounted - before.uncounted,
            self.batch_in - before.batch_in,
            self.batch_out - before.batch_out,
        )


class KeptReplies(Struct, frozen=True):
    """The replies of models that are kept here: how many, their bytes, and what they cost once."""

    entries: int = 0
    bytes: int = 0
    cost: Usage = field(default_factory=Usage)


class WaitingBatch(Struct, frozen=True):
    """Questions that a server answers some time: the batch's `id` there ("" where its begin was cut off), how many, and since
    when (ISO 8601)."""

    id: str
    model: str
    questions: int
    since: str


class Pruned(Struct, frozen=True):
    """How many entries of the caches are gone."""

    replies: int
    conversions: int


class Estimate(Struct, frozen=True):
    """`documents` would be read, `failed` could not be converted; `calls` to make with about so many tokens, `known` replies
    are in the cache."""

    documents: int = 0
    failed: int = 0
    calls: int = 0
    known: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def __add__(self, other: "Estimate") -> "Estimate":
        return Estimate(
            self.documents + other.documents,
            self.failed + other.failed,
            self.calls + other.calls,
            self.known + other.known,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
        )
