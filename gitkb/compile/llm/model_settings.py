"""The settings on which a model's replies depend, and how much text fits into one question.

Invariant: plain data that travels to worker processes; no endpoint and no key.
"""

from msgspec import Struct
from msgspec.structs import replace

from gitkb.compile.llm.parts import estimate_tokens
from gitkb.formats.glossary import Term

OUTPUT_TOKENS, CONTEXT_TOKENS = 4_096, 32_768
"""Assumed if the settings say 0."""
_SPARE = 0.9


class ModelSettings(Struct, frozen=True):
    """What a digest depends on besides the text: `model` as the server calls it, `language` (ISO 639-1, "" for the document's
    own), the `entity_types` to look for, `instructions` for the model, the `glossary` of the knowledge base, the model that
    describes `pictures` ("": none does); `context_tokens` and `max_output_tokens` are the limits of a question with its reply,
    and of the reply alone (0: the usual ones)."""

    model: str
    language: str
    entity_types: tuple[str, ...]
    instructions: str
    context_tokens: int
    max_output_tokens: int
    glossary: tuple[Term, ...] = ()
    pictures: str = ""

    def within(self, limit: int) -> "ModelSettings":
        """The settings for a model that takes in no more than so many tokens, 0 for any number; a third of them is for its
        reply."""
        if limit <= 0 or limit >= (self.context_tokens or CONTEXT_TOKENS):
            return self
        return replace(self, context_tokens=limit, max_output_tokens=min(self.output_tokens, limit // 3))

    @property
    def output_tokens(self) -> int:
        """How many tokens a reply may have."""
        return self.max_output_tokens if self.max_output_tokens > 0 else OUTPUT_TOKENS

    def room(self, *fixed: str) -> int:
        """How many tokens of a document fit beside the fixed texts of a question and its reply."""
        context = self.context_tokens if self.context_tokens > 0 else CONTEXT_TOKENS
        return int((context - self.output_tokens - sum(map(estimate_tokens, fixed))) * _SPARE)
