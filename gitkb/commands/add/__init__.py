"""add, watch and recompile: documents become commits.

Conversion happens in `gitkb.intake`. Start with `add_run.py`, then `commit_loop.py`.
"""
