"""The compiler that asks a model: digests of documents, overviews of pages, names that mean the same; pure functions.

`compiler.digest` is for worker processes, which read documents; it takes long to load, so nothing is imported here.
"""
