"""Commands that look: list, show, status, log, blame, and the check of a change.

They take no lock and see one commit. Start with `listing.py`.
"""
