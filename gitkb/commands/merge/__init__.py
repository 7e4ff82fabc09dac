"""Unites two histories: documents, decisions, pages.

Start with `merge.py`; the rules are in `three_way.py`.
"""
