"""One run, one group of commits, one swap of the branch, and recovery from runs that died.

Start with `run.py`, then `publish.py`.
"""
