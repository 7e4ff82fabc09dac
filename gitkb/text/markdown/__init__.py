"""Markdown as text: front matter, blocks and their merge, links, passages, prose.

Nothing here knows what a knowledge base is. Start with `links.py` and `block_merge.py`.
"""
