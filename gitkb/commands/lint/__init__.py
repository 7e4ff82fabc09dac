"""What could be better: one module a check, and the fixes that are safe.

A check only reports; `fix.py` alone changes. Start with `lint_run.py`; the codes are in `gitkb/model/findings.py`.
"""
