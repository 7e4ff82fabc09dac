"""What an ingest does to a knowledge base, for the person who approves it.

Nothing here writes. Start with `revisions.py`, then `compare.py`; `as_text.py` and `as_markdown.py` render.
"""
