"""Compilers: a `Digest` of one converted document, from rules or from a model.

A compiler knows no other document and no state of the knowledge base. Start with `extractive/compiler.py` or `llm/compiler.py`.
"""
