"""Reads formats that are text inside: Markdown, plain text, reStructuredText, tables, notebooks, EPUB books.

Start with the module named after the format.
"""
