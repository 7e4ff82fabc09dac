"""Decides whether a passage supports what a model claims of it.

Rules only; no model is asked. Start with `supports.py`.
"""
