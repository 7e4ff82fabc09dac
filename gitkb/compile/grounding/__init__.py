"""Whether a passage bears out what a model claims of it.

Rules only; no model is asked. Start with `supports.py`.
"""
