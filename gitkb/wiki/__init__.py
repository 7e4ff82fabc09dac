"""Records to pages, and whether a tree of pages is whole: pure functions.

No files, no repository, no SQLite: they ask a `Corpus` and a `Tree`. Start with `projection.py`.
"""
