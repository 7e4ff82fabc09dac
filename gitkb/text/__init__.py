"""Pure functions on text. No module here reads or writes files, knows a repository or reaches the network.

Start with `markdown/` for pages, `names/` for what things are called, `language/` for words and sentences.
"""
