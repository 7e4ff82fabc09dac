"""Texts in light markup other than Markdown, and LaTeX.

Each reader turns lines into blocks and the marks within them into Markdown; `inline.py` is what they share. Nothing that a text
names is read: an include is named where it stands. Why not libraries: those on offer are under the GPL, want another language
installed, or were last changed years ago.
"""
