"""The compilers' names and the versions of their rules, as digests, records and pages say them."""

COMPILER = "gitkb-extractive/6"
"""The extractive compiler and the version of its rules, as digests and pages name it."""

LLM_COMPILER = "gitkb-llm/4"
"""The compiler that asks a model, and the version of its prompts and rules; digests name the model after it."""


PICTURES = "gitkb-pictures/1"
"""Who describes pictures: the version of the prompts and of what is sent; a fingerprint of the settings names the model after
it."""


def asked_a_model(compiler: str) -> bool:
    """Whether a digest's compiler ("gitkb-llm/2 gpt-4.1") is the one that asks a model, in whatever version."""
    return compiler.startswith("gitkb-llm/")
