"""The derived SQLite file: look-ups for the projection, and full-text search.

It may be deleted at any time without changing a result, and no other package opens it. Start with `catalog.py`.
"""
