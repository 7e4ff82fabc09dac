"""What is on disk below `.gitkb/`, one codec a file, and the settings.

Codecs check what they read, because a clone may be hostile; they know neither git nor pages. Start with `records.py`; the
numbers of the formats are in `versions.py`.
"""
