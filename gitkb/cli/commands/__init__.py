"""The commands of the command line, grouped as people use them.

A command reads options, calls one method of the library, and tells the result. Start with `inspect.py`, the simplest.
"""
