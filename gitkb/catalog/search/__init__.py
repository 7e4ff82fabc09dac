"""Full-text search: the index of passages, queries, ranking, snippets.

Start with `search.py`.
"""
