"""Commands that look: list, show, status, log, blame, settings, and the check.

They take no lock and see one commit. Start with `listing.py`.
"""
