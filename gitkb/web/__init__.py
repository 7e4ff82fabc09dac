"""The web interface: pages on which people read, compare, decide and write, and the same pages as static files.

It asks the library alone; nothing here knows git or what a record is. Everything works without JavaScript. What documents say is
sanitised before it is shown, and nothing is loaded from elsewhere. Start with `routes.py`; `rendering.py` makes HTML of a page,
`guard.py` decides who may ask for what.
"""
