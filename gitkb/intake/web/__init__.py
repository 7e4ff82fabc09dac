"""The web part of an `add`: fetching pages and pictures from public addresses.

Only `http_wire.py` opens connections. Start with `session.py`.
"""
