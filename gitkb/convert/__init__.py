"""Converts the bytes of a file to Markdown: the format is recognised, a reader makes a draft, the draft is finished.

No compiler, no repository, no network. Start with `converter.py`; the list of formats is in `formats.py`, and each reader has a
module below.
"""
