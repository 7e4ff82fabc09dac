"""Plain frozen data that crosses layers: documents, options of commands, their results, and the listener who hears of the work.

Nothing here reads files, prints, or knows git. Start with `documents.py`.
"""
