"""From a file or an address to one document's files in the scratch folder.

Nothing here commits. Start with `scan.py`, then `prepare/document.py`.
"""
