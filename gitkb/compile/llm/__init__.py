"""The compiler that asks a model: digests of documents, overviews of pages, names that mean the same; pure functions."""

from gitkb.compile.llm.compiler import compiler_of, digest
from gitkb.compile.llm.settings import ModelSettings

__all__ = ["ModelSettings", "compiler_of", "digest"]
