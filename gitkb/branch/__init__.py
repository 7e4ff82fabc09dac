"""What every command that writes needs of a branch: its tip, its documents, renames, migration, commit messages.

Nothing here converts or projects. Start with `tips.py`.
"""
