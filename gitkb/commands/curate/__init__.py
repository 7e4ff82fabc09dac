"""What people decide about documents and pages: remove, undo, approve, same, apart.

Start with the module named after the command.
"""
