"""A file's bytes to Markdown: identify the format, read it, finish the draft.

No compiler, no repository, no network. Start with `converter.py`; the list of formats is in `formats.py`, and each reader has a
module below.
"""
