"""Reads PDF documents: lines with their place, layout, headings, Markdown.

Only this package imports the PDF libraries. Start with `reader.py`.
"""
