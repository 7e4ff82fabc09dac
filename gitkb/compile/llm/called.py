"""How digests and records name the compiler that asks a model. Quick to load, so that whoever compares names may."""

from gitkb.compile import LLM_COMPILER
from gitkb.compile.llm.replied import plain_words


def compiler_of(model: str) -> str:
    """How digests name this compiler: with the model in one clean line."""
    return f"{LLM_COMPILER} {plain_words(model, 200) or 'unnamed model'}"
