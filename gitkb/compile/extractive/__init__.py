"""The compiler that needs no model: a document's own sentences, ranked and named by rules.

Everything here is deterministic. Start with `compiler.py`.
"""
