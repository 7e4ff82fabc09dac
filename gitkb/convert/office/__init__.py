"""Reads Office documents: Word, PowerPoint, Excel of both kinds.

Archives are opened through `gitkb.convert.archive` only. Start with the module named after the ending.
"""
