"""Reads web pages, from files and fetched: the main content, cleaned, as Markdown.

Other readers may hand HTML to `markdown.py`. Start with `reader.py`.
"""
