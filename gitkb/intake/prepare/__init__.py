"""Worker processes: one document's bytes to its files, sandboxed, cached, in parallel.

Workers never touch the repository. Start with `pool.py`; what one worker does is in `document.py`.
"""
