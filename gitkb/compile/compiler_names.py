"""The compilers' names and the versions of their rules, as digests, records and pages say them."""

COMPILER = "gitkb-extractive/4"
"""The extractive compiler and the version of its rules, as digests and pages name it."""

LLM_COMPILER = "gitkb-llm/2"
"""The compiler that asks a model, and the version of its prompts and rules; digests name the model after it."""
